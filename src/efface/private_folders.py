"""Private folders for drafts, beside their targets.

Each holds a lock. A folder left by `kill -9` is recognised by its released lock and removed by the
next run.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from efface.file_locks import try_lock
from efface.files import CAN_REPLACE_OPEN_FILES, writing

DRAFTS = ".efface-draft-"
"""Prefix of private folders. Sources are never taken from inside one."""

LOCK = "lock"
NEW_LOCK = "new-lock"

UNLOCKED_S = 600
"""A private folder is without a lock for milliseconds. After this long its owner is gone."""

MADE_AGAIN = 10

SWEPT_S = 60.0
"""A folder counts as swept for this long. Listing one of 20,000 files takes as long as redacting a
small photo, so it is not done for each."""

_swept: dict[Path, float] = {}
"""When this process last swept each folder, on the monotonic clock."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Provide a private folder (0700) among the system's temporary files, removed on leaving. Also
    removes those of killed runs."""
    with private_folder(Path(tempfile.gettempdir()) / "scratch") as folder:
        yield folder


def _remove(folder: Path, home: int = -1) -> None:
    try:
        _empty_and_remove(folder, home)
    except BaseException:  # Ctrl-C in the middle of it
        _empty_and_remove(folder, home)
        raise


def _empty_and_remove(folder: Path, home: int = -1) -> None:
    """Empty and remove a private folder, its lock last. If a kill interrupts this, the next run
    recognises the remains and removes them.

    home  a handle of the folder that contains it.
    """
    within = {"dir_fd": home} if home >= 0 else {}
    place = folder.name if within else folder
    if hasattr(os, "O_NOFOLLOW"):  # only where folders can be opened
        with suppress(OSError):
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, **within)
            try:
                for name in os.listdir(handle):
                    if name != LOCK:
                        with suppress(OSError):  # a folder: rmtree removes it
                            os.unlink(name, dir_fd=handle)
            finally:
                os.close(handle)
    shutil.rmtree(place, ignore_errors=True, dir_fd=home if home >= 0 else None)


def _made(folder: Path) -> int:
    """Make the folder, and in it a file that can be locked; return its handle."""
    folder.mkdir(0o700)
    return os.open(folder / NEW_LOCK, os.O_CREAT | os.O_RDWR, 0o600)


def _is_ours(folder: Path, lock: int) -> bool:
    """Lock a folder that was just made, and give its lock the final name. Returns False if another
    run sweeps the folder away, or if locks do not work here."""
    if not try_lock(lock):
        return False
    os.rename(folder / NEW_LOCK, folder / LOCK)
    return True


@contextmanager
def private_folder(beside: Path) -> Iterator[Path]:
    """Provide a locked folder (0700) beside `beside`, removed on leaving. Its name is chosen first,
    as an interrupt may come at once.

    Until it is locked, another run may take it for the remains of a killed one and sweep it away.
    Then it is made again, under another name. It is removed wherever it is then: its parent folder
    may be renamed while efface works.
    """
    made: dict[Path, int] = {}
    home = -1
    try:
        with writing(beside):
            sweep_at_times(beside.parent)
            home = _opened_folder(beside.parent)
            for _ in range(MADE_AGAIN):
                folder = beside.parent / (DRAFTS + secrets.token_hex(8))
                made[folder] = -1
                with suppress(FileNotFoundError):  # another run swept it
                    made[folder] = _made(folder)
                    # Where open files cannot be removed, that it is open keeps the folder ours.
                    if not CAN_REPLACE_OPEN_FILES or _is_ours(folder, made[folder]):
                        break
            # Otherwise locks do not work on this file system: nothing is swept there, and the last
            # folder will do, if there is one.
            if made[folder] < 0:
                raise OSError(errno.ENOENT, "another run sweeps it away each time")
        yield folder
    finally:
        for folder, lock in made.items():
            if not CAN_REPLACE_OPEN_FILES:
                _close(lock)
                lock = -1
            _remove(folder, home)
            _close(lock)
        _close(home)


def _close(handle: int) -> None:
    if handle >= 0:
        os.close(handle)


def _opened_folder(folder: Path) -> int:
    """Return a handle that leads to the folder even if it is renamed; -1 if folders cannot be
    opened."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY) if hasattr(os, "O_DIRECTORY") else -1


def sweep_at_times(folder: Path) -> None:
    """Remove what killed runs left in `folder`, unless that was done within the last minute."""
    now = time.monotonic()
    if now - _swept.get(folder, -SWEPT_S) >= SWEPT_S:
        sweep(folder)
        _swept[folder] = now


def sweep(folder: Path) -> None:
    """Remove private folders in `folder` whose owner is gone."""
    for left in folder.glob(DRAFTS + "*"):
        with suppress(OSError), _claimed(left) as is_abandoned:
            if is_abandoned:
                _empty_and_remove(left)


@contextmanager
def _claimed(left: Path) -> Iterator[bool]:
    """Hold the lock of a private folder for the block, so that no maker locks it meanwhile. Says
    whether its owner is gone."""
    if not CAN_REPLACE_OPEN_FILES:
        yield _claimed_by_removing(left)
        return
    lock = _opened_lock(left)
    try:
        yield _has_no_lock(left) if lock < 0 else try_lock(lock)
    finally:
        _close(lock)


def _opened_lock(left: Path) -> int:
    """Return a handle of the folder's lock, or -1 if it has none."""
    for name in (NEW_LOCK, LOCK):  # in this order: the first is renamed to the second
        with suppress(FileNotFoundError):
            return os.open(left / name, os.O_RDWR)
    return -1


def _claimed_by_removing(left: Path) -> bool:
    """Remove the lock of a private folder: the system refuses while its owner has it open. Returns
    whether the owner is gone. A link to a folder elsewhere has no owner, and is left alone."""
    found = left.lstat()
    links = getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0)
    if not stat.S_ISDIR(found.st_mode) or getattr(found, "st_file_attributes", 0) & links:
        return False
    for name in (NEW_LOCK, LOCK):
        with suppress(FileNotFoundError):
            os.unlink(left / name)
            return True
    return _has_no_lock(left)


def _has_no_lock(left: Path) -> bool:
    """Say whether a folder without a lock is old enough to be removed. It was killed before it had
    one, or in the midst of its removal. An empty one goes at once: a run that has just made it
    makes another."""
    with suppress(OSError):
        os.rmdir(left)
        return False
    return time.time() - left.stat().st_mtime > UNLOCKED_S
