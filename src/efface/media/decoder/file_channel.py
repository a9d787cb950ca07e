"""Bytes of a file on another machine, for a decoder that has no network.

The decoder asks for a stretch of the file, and the process that uses it sends what is there.
Offsets and counts are checked; the bytes are the file's own.
"""

from __future__ import annotations

import io
import socket
import struct
import threading
from contextlib import suppress
from typing import BinaryIO

from efface.media.decoder.decoder_messages import read_all, write_all

_ASKED, _GIVEN = struct.Struct("<QI"), struct.Struct("<I")
"""Place and count of the bytes that are wanted; count of those that follow."""

MOST_BYTES = 1 << 22
"""Bytes that are sent at once."""


class FileServer:
    """The end that has the file. Its thread answers until the other end closes."""

    def __init__(self, file: BinaryIO, size: int, ours: socket.socket) -> None:
        self.error: Exception | None = None
        """What reading the file failed with."""
        self._file, self._size, self._ours = file, size, ours
        self._thread = threading.Thread(target=self._serve, name="efface-file", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, which may be reading from the other machine."""
        with suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._ours.close()

    def _serve(self) -> None:
        with suppress(EOFError, OSError):
            try:
                self._answer()
            finally:
                self._ours.shutdown(socket.SHUT_RDWR)

    def _answer(self) -> None:
        while True:
            untrusted_at, count = _ASKED.unpack(read_all(self._ours.fileno(), _ASKED.size))
            data = b""
            if untrusted_at < self._size:
                try:
                    self._file.seek(untrusted_at)
                    data = self._file.read(min(count, MOST_BYTES, self._size - untrusted_at))
                except Exception as e:
                    self.error = e
                    return
            write_all(self._ours.fileno(), _GIVEN.pack(len(data)) + data)


class FileChannel(io.RawIOBase):
    """The decoder's end, as a file that can be read and searched."""

    def __init__(self, handle: int, size: int) -> None:
        super().__init__()
        self._handle, self._size, self._at = handle, size, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place, and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return up to that many bytes; none at the end. Raises OSError."""
        left = max(0, self._size - self._at)
        count = min(left if size < 0 else size, left, MOST_BYTES)
        if not count:
            return b""
        try:
            write_all(self._handle, _ASKED.pack(self._at, count))
            (given,) = _GIVEN.unpack(read_all(self._handle, _GIVEN.size))
            data = read_all(self._handle, given)
        except EOFError as e:
            raise OSError("the file on the other machine cannot be read") from e
        self._at += len(data)
        return data
