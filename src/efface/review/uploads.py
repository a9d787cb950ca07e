"""Receive dropped files piece by piece into a private folder, so that memory never holds one.

A page announces the name and size of a file first, and then sends its pieces in order. Each bound
is checked before anything is written.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from efface.files import writing
from efface.review.clean_names import cleaned

MOST_OPEN = 16
"""Maximum number of files on their way at once. The page sends one after the other."""

IDLE_S = 30.0
"""After this long without a piece, an unfinished file makes room for another: its tab is gone."""

RESERVED_BYTES = 1 << 30
"""Bytes of the disk that dropped files leave free: results have to fit as well."""


class Refused(ValueError):
    """A dropped file is not taken. The message says why."""


@dataclass(slots=True, eq=False)
class Upload:
    """A file on its way.

    name  the cleaned name, with its folders.
    """

    number: int
    name: PurePosixPath
    path: Path
    size: int
    written: int = 0
    is_closed: bool = False
    touched_s: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_whole(self) -> bool:
        """Return whether every byte is there."""
        return self.written == self.size


class Uploads:
    """The files on their way into `folder`, which is private."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._open = folder, dict[int, Upload]()
        self._lock, self._last = threading.Lock(), 0

    @property
    def count(self) -> int:
        """Return the number of unfinished files."""
        return len(self._open)

    def begin(self, name: str, size: int) -> Upload:
        """Make an empty file for a dropped one. Raises Refused and WriteFailed."""
        if size <= 0:
            raise Refused("it is empty, 0 bytes")
        with self._lock:
            self._make_room(size)
            self._last += 1
            clean = cleaned(name)
            path = self._folder / str(self._last) / clean.name
            with writing(path):
                path.parent.mkdir(mode=0o700)
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            upload = self._open[self._last] = Upload(self._last, clean, path, size)
        return upload

    def _make_room(self, size: int) -> None:
        """Drop what nobody sends any more. Raises Refused if there is no room."""
        now = time.monotonic()
        for old in [u for u in self._open.values() if now - u.touched_s > IDLE_S]:
            self._drop(old)
        if len(self._open) >= MOST_OPEN:
            raise Refused("too many files are on their way; wait until some have arrived")
        coming = sum(u.size - u.written for u in self._open.values())
        if shutil.disk_usage(self._folder).free - coming - size < RESERVED_BYTES:
            raise Refused(
                "there is not enough room on the disk for a copy of it; choose it on this computer "
                "instead, which copies nothing"
            )

    def find(self, number: int) -> Upload:
        """Return an unfinished file. Raises LookupError."""
        with self._lock:
            return self._open[number]

    def append(self, upload: Upload, offset: int, piece: bytes) -> None:
        """Add a piece at the end of the file. Raises Refused and WriteFailed."""
        with upload.lock:
            if upload.is_closed or offset != upload.written:
                raise Refused("the pieces do not follow each other")
            if offset + len(piece) > upload.size:
                raise Refused("it is larger than it was announced")
            with writing(upload.path), open(upload.path, "r+b") as f:
                f.seek(offset)
                f.write(piece)
            upload.written, upload.touched_s = offset + len(piece), time.monotonic()

    def take(self, upload: Upload) -> Path:
        """Take a whole file off the list. It is no longer written to. Raises Refused."""
        with self._lock, upload.lock:
            if upload.is_closed or not upload.is_whole:
                raise Refused("it has not arrived whole")
            upload.is_closed = True
            self._open.pop(upload.number, None)
        return upload.path

    def drop(self, upload: Upload) -> None:
        """Delete a file, finished or not."""
        with self._lock:
            self._drop(upload)

    def _drop(self, upload: Upload) -> None:
        with upload.lock:
            upload.is_closed = True
            self._open.pop(upload.number, None)
            shutil.rmtree(upload.path.parent, ignore_errors=True)
