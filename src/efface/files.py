"""Files: reading plain ones, hashes, and what sources and targets must be."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from efface.errors import SourceUnreadable, TargetExists, TargetIsSource, WriteFailed

CHUNK = 1 << 20

CAN_REPLACE_OPEN_FILES = os.name != "nt"
"""Whether a file that is open can be renamed, replaced and removed. Windows refuses."""


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file for reading. Raises OSError for anything else too: a pipe would block, a
    device may not end.

    The type is checked before opening, as opening some devices moves them, and afterwards, as the
    file may have been replaced.
    """
    _require_plain(os.stat(path), path)
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _require_plain(os.fstat(handle), path)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _require_plain(found: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal. Raises SourceUnreadable."""
    digest = hashlib.sha256()
    try:
        with open_plain(path) as f:
            while chunk := f.read(CHUNK):
                digest.update(chunk)
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e
    return digest.hexdigest()


def reason(error: OSError) -> str:
    """Return the system's description of the error, without number or path."""
    return (error.strerror or type(error).__name__).lower()


def require_source(path: Path) -> None:
    """Raise SourceUnreadable unless this is a plain file that can be opened and has content."""
    try:
        found = path.stat()
        if path.is_dir():
            os.scandir(path).close()  # if the folder cannot be listed, report that instead
            raise SourceUnreadable(
                path, "it is a folder", "Name the files in it, or the folder together with -o."
            )
        if not path.is_file():
            raise SourceUnreadable(path, "it is not a plain file")
        if found.st_size == 0:
            raise SourceUnreadable(path, "it is empty, 0 bytes")
        with open(path, "rb"):
            pass
    except OSError as e:
        dangling = e.errno == errno.ENOENT and path.is_symlink()
        raise SourceUnreadable(path, "the link points to nothing" if dangling else reason(e)) from e
    except ValueError as e:  # a NUL byte in the name
        raise SourceUnreadable(path, str(e)) from e


def require_still_plain(path: Path) -> None:
    """Raise SourceUnreadable if what was admitted as a plain file is no longer one: reading a pipe
    would block."""
    try:
        _require_plain(os.stat(path), path)
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e


def require_target(target: Path, sources: tuple[Path, ...], *, overwrite: bool) -> None:
    """Raise TargetIsSource, TargetExists or WriteFailed before any work is wasted."""
    for source in sources:
        with suppress(OSError):
            if target.exists() and target.samefile(source):
                raise TargetIsSource(target)
    require_replaceable(target)
    if os.path.lexists(target) and not overwrite:
        raise TargetExists(target)
    if not os.path.isdir(target.parent):
        raise WriteFailed(
            target,
            f"the folder {target.parent} does not exist",
            "Make it, or choose another with -o.",
        )


def require_possible_folder(target: Path) -> None:
    """Raise WriteFailed if the missing folder of a target could not be made."""
    for folder in target.absolute().parents:
        if os.path.lexists(folder):
            if not os.path.isdir(folder):
                raise WriteFailed(target, f"{folder} is not a folder", "Choose another with -o.")
            return


def require_replaceable(target: Path) -> None:
    """Raise WriteFailed if the name belongs to something other than a plain file, or a link to one
    or to nothing.

    A folder, a device, a pipe or a socket is never replaced, whatever the options: others use it
    under that name.
    """
    try:
        mode = os.stat(target).st_mode
    except OSError as e:  # nothing, a link to nothing, or a name that is refused when it is used
        if e.errno == errno.ENAMETOOLONG:  # this is known without any work
            raise WriteFailed(target, reason(e)) from e
        return
    except ValueError:
        return
    if stat.S_ISREG(mode):
        return
    what = next(
        (word for is_so, word in _OTHER_KINDS if is_so(mode)), "something that is not a plain file"
    )
    raise WriteFailed(target, f"there is {what} of that name", "Choose another name with -o.")


_OTHER_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn the operating system's refusals inside the block into WriteFailed for this target."""
    try:
        yield
    except OSError as e:
        if e.errno is None:
            raise
        hint = (
            "Free some space and run the same command again."
            if e.errno in (errno.ENOSPC, errno.EDQUOT)
            else ""
        )
        raise WriteFailed(target, reason(e), hint) from e
