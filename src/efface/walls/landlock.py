"""Landlock: the kernel lets this process open the named files and folders, and nothing else.

It needs no rights and no package. It holds for this process and for all that it starts, for ever.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterable, Sequence

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""Numbers of the three system calls, the same on every architecture."""

_GET_VERSION = 1
_PATH_BENEATH, _PORT = 1, 2

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Number of rights over files that each version knows: all of them are handled."""
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | 1 << 15
"""Rights that a file can have. The others are of folders."""

_TCP, _CONNECT = 0b11, 0b10
"""Bind and connect."""
_WITH_PORTS = 4
"""The version that knows ports."""
_DEVICE = READ_FILE | WRITE_FILE | 1 << 15
"""What a camera at this machine needs: it is controlled by `ioctl`, a right from version 5."""
_SCOPES = 0b11
"""Abstract Unix sockets and signals, from version 6: only among processes behind these walls."""


class _Rules(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _At(ctypes.Structure):
    _fields_ = (("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64))


def version() -> int:
    """Return the version of Landlock that the kernel offers, 0 where it offers none."""
    if not sys.platform.startswith("linux"):
        return 0
    found = _call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_GET_VERSION))
    return max(0, found)


def limits_ports() -> bool:
    """Return whether the kernel can limit the ports to which a process connects by TCP."""
    return version() >= _WITH_PORTS


def restrict(
    readable: Iterable[str | int],
    executable: Iterable[str] = (),
    devices: Iterable[str] = (),
    ports: Iterable[int] = (),
) -> int:
    """Forbid this process to open anything but these, to write to anything else, and to connect by
    TCP to other ports, if `limits_ports`. Return the version.

    readable    files and folders by path, or by open descriptor; they may be read.
    executable  files and folders that may be read and run.
    devices     devices that may be used.
    ports       TCP ports to which it may connect, wherever they are.

    `no_new_privs` must be set before. Raises OSError if the kernel refuses.
    """
    known = version()
    if not known:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    rules = _ruleset(known)
    try:
        for what in readable:
            _allow(rules, what, READ_FILE | READ_DIR)
        for path in executable:
            _allow(rules, path, READ_FILE | READ_DIR | EXECUTE)
        for path in devices:
            _allow(rules, path, _DEVICE & (1 << _BITS.get(known, max(_BITS.values()))) - 1)
        for port in ports if known >= _WITH_PORTS else ():
            _add(rules, _PORT, _At(_CONNECT, port))
        _checked(_call(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0)))
    finally:
        os.close(rules)
    return known


def _ruleset(known: int) -> int:
    """Return a descriptor of new rules that forbid all that this version can forbid."""
    files = (1 << _BITS.get(known, max(_BITS.values()))) - 1
    rules = _Rules(files, _TCP if known >= _WITH_PORTS else 0, _SCOPES if known >= 6 else 0)
    size = 8 if known < _WITH_PORTS else 16 if known < 6 else 24
    return _checked(_call(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0)))


def _allow(rules: int, what: str | int, rights: int) -> None:
    """Add one rule. A path that does not exist needs none."""
    try:
        handle = what if isinstance(what, int) else os.open(what, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        is_folder = os.stat(handle).st_mode & 0o170000 == 0o040000
        _add(rules, _PATH_BENEATH, _Beneath(rights if is_folder else rights & _OF_FILES, handle))
    finally:
        if handle is not what:
            os.close(handle)


def _add(rules: int, kind: int, rule: _Beneath | _At) -> None:
    given = ctypes.c_int(rules), ctypes.c_int(kind), ctypes.byref(rule), ctypes.c_uint32(0)
    _checked(_call(_ADD, *given))


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _call(number: int, *arguments: object) -> int:
    system: Sequence[object] = (ctypes.c_long(number), *arguments)
    return int(ctypes.CDLL(None, use_errno=True).syscall(*system))
