"""seccomp: the kernel refuses this process the system calls that it does not need.

A filter is a small program for the kernel (classic BPF). It holds for this process, for the threads
and the processes that it starts, for ever.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable

from efface.walls.system_calls import (
    ALLOWED,
    AUDIT,
    CHANGES,
    NETWORK,
    NEVER,
    RINGS,
    SECCOMP,
    STREAMS,
    machine,
    number,
    numbers,
)

_MODE_FILTER, _ALL_THREADS, _PR_SET_NAME = 1, 1, 15
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

_LOAD, _AND, _IS, _HAS_BITS, _RETURN = 0x20, 0x54, 0x15, 0x45, 0x06
"""Load a word, keep some of its bits, jump if equal, jump if any bit is set, return."""

_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_X32 = 0x40000000
"""Numbers from here on are a second set of calls on x86-64."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_THREAD = 0x10000
"""CLONE_THREAD: a new thread, and not a new process."""

_STARTS = ("execve", "execveat")
_AMONG_OWN = ("socketpair", "sendto", "sendmsg", "sendmmsg", "recvmmsg")
"""Calls that need a socket which is connected already: nothing here can connect one."""

_INET, _INET6 = 2, 10
_STREAM, _DATAGRAM, _KIND = 1, 2, 0xF
"""Types of sockets, and the bits that tell the type."""
_PROTOCOLS = (0, 6, 17)
"""The usual one, TCP, UDP. Landlock does not see connections of others, such as MPTCP."""
_FAST_OPEN = 0x20000000
_ABOUT_SOCKETS = (0x541B, 0x5421, 0x5451)
"""FIONREAD, FIONBIO, FIOCLEX."""

Line = tuple[int, int, int, int]


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("then", ctypes.c_uint8),
        ("otherwise", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("lines", ctypes.POINTER(_Instruction)))


def for_decoder() -> list[Line]:
    """Return the filter of a process that decodes: only what decoders need is allowed."""
    lines = _start()
    lines += _each(ALLOWED, _ALLOW)
    lines += _only_with("openat", 2, _WRITES, has=False, otherwise=errno.EACCES)
    lines += _only_with("open", 1, _WRITES, has=False, otherwise=errno.EACCES)
    lines += _only_with("clone", 0, _THREAD, has=True, otherwise=errno.EPERM)
    lines += _only_equal("prctl", 0, _PR_SET_NAME)
    lines += _only_equal("prlimit64", 0, 0)
    lines += _only_equal("tgkill", 0, os.getpid())  # what abort() does
    # The C library then takes `clone` and `openat`, whose arguments a filter can see.
    lines += _each(["clone3", "openat2"], _ERRNO | errno.ENOSYS)
    lines += _each(["ioctl"], _ERRNO | errno.ENOTTY)
    lines += _each(NEVER, _KILL)
    return [*lines, (_RETURN, 0, 0, _ERRNO | errno.EPERM)]


def for_stream(*, has_datagrams: bool, is_device: bool) -> list[Line]:
    """Return the filter of a process that reads a stream: what decoders need, and sockets.

    has_datagrams  it may have sockets for UDP; otherwise for TCP alone.
    is_device      it reads a camera at this machine, and has no sockets.
    """
    lines = _start()
    if is_device:  # Landlock knows which device it may open
        lines += _each(["openat", "open", "ioctl"], _ALLOW)
    else:
        lines += _sockets(has_datagrams=has_datagrams)
        # With this flag the call connects, and Landlock does not see it.
        lines += _only_with("sendto", 3, _FAST_OPEN, has=False, otherwise=errno.EPERM)
        lines += _only_with("sendmsg", 2, _FAST_OPEN, has=False, otherwise=errno.EPERM)
        lines += _only_with("sendmmsg", 3, _FAST_OPEN, has=False, otherwise=errno.EPERM)
        lines += _only_among("ioctl", 1, _ABOUT_SOCKETS, errno.ENOTTY)
        lines += _each(STREAMS, _ALLOW)
    return [*lines, *for_decoder()[len(_start()) :]]


def for_program() -> list[Line]:
    """Return the filter of a program that somebody else wrote: all but the network, and what
    reaches into other processes or the system."""
    lines = _start()
    lines += _each(NETWORK, _ERRNO | errno.EACCES)
    lines += _each(RINGS, _ERRNO | errno.ENOSYS)
    lines += _each(CHANGES, _ERRNO | errno.EPERM)
    lines += _each([n for n in NEVER if n not in _STARTS], _ERRNO | errno.EPERM)
    return [*lines, (_RETURN, 0, 0, _ALLOW)]


def for_worker() -> list[Line]:
    """Return the filter of a process of efface that works on files of this machine: all but the
    network, and what reaches into other processes or the system.

    Pairs of sockets connect it with its own processes only.
    """
    lines = _start()
    lines += _each([n for n in NETWORK if n not in _AMONG_OWN], _ERRNO | errno.EACCES)
    lines += _each(RINGS, _ERRNO | errno.ENOSYS)
    lines += _each([n for n in NEVER if n not in _STARTS], _ERRNO | errno.EPERM)
    return [*lines, (_RETURN, 0, 0, _ALLOW)]


def install(lines: list[Line]) -> None:
    """Put this process behind the filter. `no_new_privs` must be set before. Raises OSError."""
    if machine() is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    code = (_Instruction * len(lines))(*(_Instruction(*line) for line in lines))
    program = _Program(len(lines), code)
    library = ctypes.CDLL(None, use_errno=True)
    call = ctypes.c_long(SECCOMP[machine() or "x86_64"])
    # Unlike prctl it reaches threads that run already.
    if library.syscall(call, _MODE_FILTER, _ALL_THREADS, ctypes.byref(program)):
        raise OSError(ctypes.get_errno() or errno.EBUSY, "seccomp")


def _start() -> list[Line]:
    """Refuse calls of other architectures, whose numbers mean something else. Then load the
    number."""
    return [
        (_LOAD, 0, 0, _ARCH),
        (_IS, 1, 0, AUDIT[machine() or "x86_64"]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_HAS_BITS, 0, 1, _X32),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]


def _each(names: Iterable[str], action: int) -> list[Line]:
    lines: list[Line] = []
    for one in numbers(list(names)):
        lines += [(_IS, 0, 1, one), (_RETURN, 0, 0, action)]
    return lines


def _only_with(name: str, argument: int, bits: int, *, has: bool, otherwise: int) -> list[Line]:
    """Allow a call only if one argument has, or has not, one of these bits."""
    action, refusal = (_ALLOW, _ERRNO | otherwise) if has else (_ERRNO | otherwise, _ALLOW)
    test = (_HAS_BITS, 0, 1, bits)
    return _about(name, argument, [test, (_RETURN, 0, 0, action), (_RETURN, 0, 0, refusal)])


def _only_equal(name: str, argument: int, value: int) -> list[Line]:
    """Allow a call only if one argument has this value."""
    test = (_IS, 0, 1, value)
    refusal = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    return _about(name, argument, [test, (_RETURN, 0, 0, _ALLOW), refusal])


def _only_among(name: str, argument: int, values: Iterable[int], otherwise: int) -> list[Line]:
    """Allow a call only if one argument has one of these values."""
    tests: list[Line] = []
    for value in values:
        tests += [(_IS, 0, 1, value), (_RETURN, 0, 0, _ALLOW)]
    return _about(name, argument, [*tests, (_RETURN, 0, 0, _ERRNO | otherwise)])


def _sockets(*, has_datagrams: bool) -> list[Line]:
    """Allow sockets for TCP, and perhaps UDP, over IP. Others reach services of this machine."""
    forbidden = _ERRNO | errno.EAFNOSUPPORT
    family: list[Line] = [(_IS, 2, 0, _INET), (_IS, 1, 0, _INET6), (_RETURN, 0, 0, forbidden)]
    kind: list[Line] = [
        (_LOAD, 0, 0, _ARGUMENTS + 8),
        (_AND, 0, 0, _KIND),
        (_IS, 2, 0, _STREAM),
        (_IS, 1, 0, _DATAGRAM if has_datagrams else _STREAM),
        (_RETURN, 0, 0, forbidden),
    ]
    protocol: list[Line] = [(_LOAD, 0, 0, _ARGUMENTS + 16)]
    for value in _PROTOCOLS:
        protocol += [(_IS, 0, 1, value), (_RETURN, 0, 0, _ALLOW)]
    return _about("socket", 0, [*family, *kind, *protocol, (_RETURN, 0, 0, forbidden)])


def _about(name: str, argument: int, lines: list[Line]) -> list[Line]:
    """Return the lines for one call, which see the lower half of one of its arguments."""
    one = number(name)
    if one is None:
        return []
    body: list[Line] = [(_LOAD, 0, 0, _ARGUMENTS + 8 * argument), *lines]
    return [(_IS, 0, len(body), one), *body]
