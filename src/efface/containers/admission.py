"""Admit a source once: check that it can be read, what it is, and which bytes it holds.

Everything that works on a source takes an `AdmittedSource` instead of a path, so each of these
facts is found only once. A fact describes the file as it was then. efface keeps each fact with the
file's stamp and finds it again when the stamp has changed: it never takes a file that was swapped
in between for the earlier one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from efface.containers.sniff import PHOTOS, sniffed
from efface.errors import SourceChanged
from efface.files import require_source, sha256_of

T = TypeVar("T")

SETTLED_S = 2.0
"""A hash, or what opening found out, is kept only if the file last changed at least this long
before. Stamps count in steps (FAT: two seconds), so the stamp of a file that changes twice within
one step does not show the second change."""


class Inode(NamedTuple):
    """What shows that a file is a different one, or was written to.

    A program that writes to a file can set its size and its time of change. It cannot set the time
    of the last change to the inode (ctime). That time also shows that the file had another name
    meanwhile.
    """

    device: int
    number: int
    size: int
    mtime_ns: int
    ctime_ns: int


Stamp = tuple[Inode, Inode]
"""Inodes of the file and of the link that leads to it. Without a link both are the same."""


def stamp_of(path: Path) -> Stamp:
    """Return the stamp that identifies a file's state. Raises SourceChanged if the file is gone."""
    try:
        found, link = os.stat(path), os.lstat(path)
    except OSError as e:
        raise SourceChanged(path, "it is gone") from e
    return _inode(found), _inode(link)


def _inode(found: os.stat_result) -> Inode:
    return Inode(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@dataclass(slots=True, eq=False)
class AdmittedSource:
    """A file that can be read, and the known facts about it. `admit` makes it.

    path   the path by which the file is opened and named in messages.
    keeps  what closes the opened file, while somebody keeps it open for several readings.
    """

    path: Path
    keeps: ExitStack | None = None
    _readable: Stamp | None = None
    _format: tuple[Stamp, str] | None = None
    _sha256: tuple[Stamp, str] | None = None
    _opened: tuple[Stamp, object, Any] | None = None

    @property
    def name(self) -> str:
        """Return the name of the file, without its folder."""
        return self.path.name

    def require_readable(self) -> None:
        """Raise SourceUnreadable unless this is a plain file that can be opened and has content."""
        now = self._stamp()
        if now is None or now != self._readable:
            require_source(self.path)
            self._readable = now

    @property
    def format(self) -> str:
        """Return the short name of the format, see `sniff.format_of`.

        Raises SourceUnreadable, NotMedia.
        """
        self.require_readable()
        now = self._stamp()
        if self._format is not None and self._format[0] == now:
            return self._format[1]
        found = sniffed(self.path)
        self._format = (now, found) if now is not None else None
        return found

    @property
    def medium(self) -> Literal["photo", "video"]:
        """Return whether the file opens as a photo or as a video.

        Raises SourceUnreadable, NotMedia.
        """
        return "photo" if self.format in PHOTOS else "video"

    def sha256(self) -> str:
        """Return the SHA-256 of its bytes, in hexadecimal. Raises SourceUnreadable."""
        now = self._settled_stamp()
        if self._sha256 is not None and self._sha256[0] == now:
            return self._sha256[1]
        found = sha256_of(self.path)
        self._sha256 = (now, found) if now is not None else None
        return found

    def opened_once(self, how: object, opens: Callable[[], T]) -> T:
        """Return what `opens` returned when this was called last with an equal `how`; call it if
        the file has changed since, or there was none."""
        now = self._settled_stamp()
        if self._opened is not None and self._opened[:2] == (now, how):
            kept: T = self._opened[2]
            return kept
        found = opens()
        self._opened = (now, how, found) if now is not None else None
        return found

    def forget_opened(self) -> None:
        """Let go of what `opened_once` keeps."""
        self._opened = None

    def _settled_stamp(self) -> Stamp | None:
        """Return the stamp; None if the file has only just changed, or is gone."""
        now = self._stamp()
        is_settled = now is not None and _last_change_ns(now) < time.time_ns() - SETTLED_S * 1e9
        return now if is_settled else None

    def _stamp(self) -> Stamp | None:
        """Return the stamp; None if the file is gone, as nothing is known about it then."""
        try:
            return stamp_of(self.path)
        except (SourceChanged, ValueError):  # the latter for a name with a NUL byte
            return None


def admit(path: Path) -> AdmittedSource:
    """Admit a file as a source.

    Raises SourceUnreadable unless it is a plain file that can be opened and has content.
    """
    source = AdmittedSource(path)
    source.require_readable()
    return source


@contextmanager
def unchanged(source: AdmittedSource) -> Iterator[None]:
    """Raise SourceChanged on leaving the block if the file was written to meanwhile, or was a
    different file for a moment."""
    before = stamp_of(source.path)
    yield
    if stamp_of(source.path) != before:
        raise SourceChanged(source.path, hint="Run it again when nothing else writes to the file.")


def _last_change_ns(stamp: Stamp) -> int:
    return max(max(inode.mtime_ns, inode.ctime_ns) for inode in stamp)
