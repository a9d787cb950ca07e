"""The parts of a picture, spliced from spans of its source into a file for the decoder."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any, cast

MOST_METADATA_BYTES = 16 << 20
"""Bytes. Longer metadata parts are not read. Colour profiles of printers take up to 4 MB."""

PAD = bytes(16)
"""libjpeg reads up to 8 bytes ahead. It asks for more than these 16 only if data are missing."""

Piece = bytes | tuple[int, int]
"""Literal bytes, or a span of the source: start and end."""


class Spliced(io.RawIOBase):
    """A read-only file made of pieces. Pieces that are spans stay on the disk.

    stepped  how many of the last pieces are returned one per read, whatever size the reader asks
             for.
    """

    def __init__(self, handle: IO[bytes], pieces: Sequence[Piece], stepped: int = 0) -> None:
        super().__init__()
        self._whole = len(pieces) - stepped
        self._handle, self._pieces, self._starts, self._at, end = handle, list(pieces), [0], 0, 0
        for piece in self._pieces:
            end += len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
            self._starts.append(end)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._starts[-1]}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read that many bytes; all if negative. Returns fewer at the end of the file and of a
        piece that is returned alone."""
        wanted = self._starts[-1] - self._at if size is None or size < 0 else size
        found = bytearray()
        while len(found) < wanted:
            part = bytearray(min(wanted - len(found), 1 << 20))
            count = self.readinto(part)
            found += part[:count]
            if not count or (size >= 0 and self._at > self._starts[self._whole]):
                break
        return bytes(found)

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the current piece goes."""
        index = bisect_right(self._starts, self._at) - 1
        if index >= len(self._pieces):
            return 0
        piece, skipped = self._pieces[index], self._at - self._starts[index]
        size = min(len(buffer), self._starts[index + 1] - self._at)
        if isinstance(piece, bytes):
            found = piece[skipped : skipped + size]
        else:
            self._handle.seek(piece[0] + skipped)
            found = self._handle.read(size)
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


@dataclass(slots=True)
class Parts:
    """What was found.

    pieces      of the picture.
    ending      the format's end marker in bytes, if the decoder should see it.
    exif, icc   as stored in the file; None if absent or unreadable.
    cicp        of a PNG: primaries, transfer, and whether all values are used (full range).
    light       of a PNG: content of its brightness chunks, by name.
    gamma       of a PNG: its encoding exponent. chroma: its white point and primaries, 8 numbers.
    is_srgb     whether the PNG states sRGB.
    has_broken_animation  whether a PNG has a broken animation, which is left out.
    scans       of a JPEG. stepped: how many pieces of the last scan are returned one at a time.
    is_arithmetic  whether the JPEG uses arithmetic coding.
    others      number of further pictures in a JPEG as large as the first, as of a stereo camera,
                without previews
                and gain maps.
    has_end     whether it has an end marker.
    is_cut      of a JPEG: it has neither an end marker nor all scans.
                of a PNG: the file ends within the data of its picture, or right after them.
    lacks_tables  of a JPEG: a quantization table is missing, without which all is noise.
    has_scan_data  of a JPEG: a scan is more than its header.
    """

    pieces: list[Piece] = field(default_factory=list)
    ending: bytes = b""
    exif: bytes | None = None
    icc: bytes | None = None
    cicp: tuple[int, int, bool] | None = None
    light: dict[bytes, bytes] = field(default_factory=dict)
    gamma: float | None = None
    chroma: tuple[float, ...] | None = None
    is_srgb: bool = False
    scans: int = 0
    stepped: int = 0
    is_arithmetic: bool = False
    has_broken_animation: bool = False
    others: int = 0
    has_end: bool = False
    is_cut: bool = False
    lacks_tables: bool = False
    has_scan_data: bool = False

    @property
    def has_srgb_numbers(self) -> bool:
        """Return whether a PNG's numbers describe sRGB itself, whatever else it states."""
        return self.cicp is not None and self.cicp[:2] == (1, 13)

    def file(self, handle: IO[bytes], *, ending: bytes | None = None) -> IO[bytes]:
        """Return the picture as a file, with `ending` instead of its own if given."""
        pieces = [*self.pieces, self.ending if ending is None else ending]
        return cast(IO[bytes], Spliced(handle, [p for p in pieces if p], self.stepped))

    def unused(self, file: IO[bytes]) -> int:
        """Return how many bytes of a one-scan JPEG its decoder did not ask for. Filler, one byte
        repeated, does not count."""
        at, end = file.tell(), file.seek(0, 2) - len(self.ending)
        file.seek(at)
        left = b"".join(iter(lambda: file.read(STEP_BYTES), b""))[: end - at]
        return end - at if at < end and left.strip(left[:1]) else 0


EOI = b"\xff\xd9"

TAIL_BYTES, STEP_BYTES = 1 << 13, 8
"""The decoder gets the end of compressed data, TAIL_BYTES long, in steps of STEP_BYTES. This shows
how much it left unused."""
