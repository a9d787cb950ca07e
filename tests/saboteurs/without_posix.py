"""A plugin for pytest that takes away what Windows lacks, on a system that has it.

It is loaded with -p in a process of its own: see tests/test_without_posix.py. Calls and flags are
gone, folders cannot be opened, a file that this process has open cannot be renamed, replaced or
removed, text is written with the line ends of Windows, and locks are on bytes of open files.
"""

from __future__ import annotations

import builtins
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

GONE = (
    "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "pread", "pwrite", "sched_getaffinity",
    "sched_getparam", "sched_getscheduler", "sched_setaffinity", "sched_setscheduler",
)  # fmt: skip
"""What efface asks for. pytest and the standard library need more of it."""

MODULES_GONE = ("fcntl", "resource")

_locks: dict[tuple[int, int], int] = {}
"""Handles that hold a lock, by inode and byte."""


def _is_open(path: Any, dir_fd: int | None) -> bool:
    """Whether this process has a file open."""
    if dir_fd is not None:
        raise NotImplementedError("dir_fd unavailable on this platform")
    try:
        wanted = os.lstat(path)
    except OSError:
        return False
    for handle in _handles():
        try:
            found = os.fstat(handle)
        except OSError:  # that of the listing itself
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return True
    return False


def _handles() -> list[int]:
    return [int(name) for name in os.listdir("/proc/self/fd")]


def _refusing(real: Callable[..., Any], how_many: int) -> Callable[..., Any]:
    """A call that refuses to touch open files. Its first arguments are paths."""

    def call(*arguments: Any, dir_fd: int | None = None, **more: Any) -> Any:
        for path in arguments[:how_many]:
            if _is_open(path, dir_fd):
                raise PermissionError(13, "it is being used by another process", str(path))
        return real(*arguments, **more)

    return call


def _open_handle(real: Callable[..., int]) -> Callable[..., int]:
    """os.open, which refuses folders and writes them in no other way."""

    def call(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is not None:
            raise NotImplementedError("dir_fd unavailable on this platform")
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags, mode)

    return call


def _link(real: Callable[..., None]) -> Callable[..., None]:
    def call(source: Any, name: Any, **more: Any) -> None:
        if more:
            raise NotImplementedError("follow_symlinks unavailable on this platform")
        real(source, name)

    return call


def _open_file(real: Callable[..., Any]) -> Callable[..., Any]:
    """`open`, which ends lines as Windows does unless it is told."""

    def call(file: Any, mode: str = "r", *arguments: Any, **more: Any) -> Any:
        if set(mode) & set("wax") and "b" not in mode and len(arguments) < 4:
            more["newline"] = more.get("newline") or "\r\n"
        return real(file, mode, *arguments, **more)

    return call


def _locking(handle: int, mode: int, count: int) -> None:
    where = os.fstat(handle).st_ino, os.lseek(handle, 0, os.SEEK_CUR)
    if _locks.get(where, handle) != handle:
        raise PermissionError(13, "it is locked")
    _locks[where] = handle


def _close(real: Callable[[int], None]) -> Callable[[int], None]:
    def call(handle: int) -> None:
        for where in [w for w, holder in _locks.items() if holder == handle]:
            del _locks[where]
        real(handle)

    return call


def _synced(real: Callable[[int], None]) -> Callable[[int], None]:
    import fcntl

    flags, reads_only = fcntl.fcntl, os.O_RDONLY

    def call(handle: int) -> None:
        if flags(handle, fcntl.F_GETFL) & os.O_ACCMODE == reads_only:
            raise OSError(9, "Bad file descriptor")
        real(handle)

    return call


def _take_away() -> None:
    os.fsync = _synced(os.fsync)
    for name in GONE:
        delattr(os, name)
    for name in MODULES_GONE:
        sys.modules[name] = None  # type: ignore[assignment]
    sys.modules["msvcrt"] = SimpleNamespace(locking=_locking, LK_NBLCK=2)  # type: ignore[assignment]
    for name, paths in (("rename", 2), ("replace", 2), ("unlink", 1), ("remove", 1), ("rmdir", 1)):
        setattr(os, name, _refusing(getattr(os, name), paths))
    os.open, os.link, os.close = _open_handle(os.open), _link(os.link), _close(os.close)
    builtins.open = _open_file(builtins.open)
    shutil._use_fd_functions = False  # type: ignore[attr-defined]
    from efface import file_locks, files, private_folders
    from efface.review import document

    for module in (files, file_locks, private_folders, document):
        module.CAN_REPLACE_OPEN_FILES = False  # type: ignore[attr-defined]


def pytest_sessionstart() -> None:
    """Begin once pytest itself is loaded."""
    _take_away()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what tests are about POSIX."""
    for item in items:
        for mark in item.iter_markers("skipif"):
            if "POSIX" in mark.kwargs.get("reason", ""):
                item.add_marker(pytest.mark.skip(reason=mark.kwargs["reason"]))


def pytest_unconfigure() -> None:
    """Tell that it was here."""
    print(f"without POSIX: {Path(__file__).name}")
