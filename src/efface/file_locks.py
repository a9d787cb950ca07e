"""Locks on files, which the system releases when their process ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from efface.errors import WriteFailed
from efface.files import CAN_REPLACE_OPEN_FILES, writing

LOCKED_BYTE = 1 << 30
CLOSED = -1

_locked: dict[str, int] = {}
"""Handles of what `locked` holds, by path."""


def try_lock(handle: int) -> bool:
    """Lock an open file for this process, until it is closed. Returns False if another process has
    it."""
    try:
        import fcntl
    except ImportError:
        return _try_lock_on_windows(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a file for the block, as a review does. Raises WriteFailed if another process has it."""
    with writing(path):
        try:
            handle = os.open(path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
        except PermissionError:  # it is readable, but a review could not open it for writing
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    if not try_lock(handle):
        os.close(handle)
        raise WriteFailed(path, "it is open in a review", "Close that first, or render from there.")
    key = os.path.abspath(path)
    try:
        _locked[key] = handle
        yield
    finally:
        if _locked.pop(key, handle) != CLOSED:
            os.close(handle)


def make_replaceable(path: Path) -> None:
    """Close the handle that `locked` holds of this file, where open files cannot be replaced.

    Call it just before the file is replaced. A review that opens the file in between makes the
    replacement fail.
    """
    if not CAN_REPLACE_OPEN_FILES and (key := os.path.abspath(path)) in _locked:
        os.close(_locked[key])
        _locked[key] = CLOSED


def _try_lock_on_windows(handle: int) -> bool:
    """Lock one byte far beyond the end of the file. On Windows others cannot read locked bytes, so
    no content is locked."""
    import msvcrt

    windows: Any = msvcrt
    before = os.lseek(handle, 0, os.SEEK_CUR)
    try:
        os.lseek(handle, LOCKED_BYTE, os.SEEK_SET)
        windows.locking(handle, windows.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        os.lseek(handle, before, os.SEEK_SET)
    return True
