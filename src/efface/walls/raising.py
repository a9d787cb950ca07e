"""Raise all the walls that this system offers around the current process, and tell which stand."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from efface.walls import landlock, seccomp

NO_NEW_RIGHTS, FILES, CALLS = "no new privileges", "Landlock", "seccomp"
WALLS = (NO_NEW_RIGHTS, FILES, CALLS)
"""Names of the walls, in the order in which they are raised."""

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


@dataclass(frozen=True, slots=True)
class Standing:
    """Which walls stand around a process, by name, and which the system refused."""

    standing: tuple[str, ...] = ()
    missing: tuple[str, ...] = WALLS

    @property
    def is_whole(self) -> bool:
        """Return whether every wall stands."""
        return not self.missing

    def __str__(self) -> str:
        lacks = f" (missing: {', '.join(self.missing)})" if self.missing else ""
        return (", ".join(self.standing) or "none") + lacks


NO_WALLS = Standing()


def raise_walls(
    readable: Iterable[str | int],
    calls: Callable[[], list[seccomp.Line]],
    executable: Sequence[str] = (),
    devices: Sequence[str] = (),
    ports: Sequence[int] = (),
) -> Standing:
    """Raise the walls around this process and all that it will start.

    readable, executable, devices, ports  what it may still open, see `landlock.restrict`.
    calls                                 makes the filter of system calls.

    The process must have one thread: threads that run already stay outside.
    """
    if not sys.platform.startswith("linux"):
        return Standing()
    standing: list[str] = []
    raised: tuple[tuple[str, Callable[[], object]], ...] = (
        (NO_NEW_RIGHTS, _forbid_new_privileges),
        (FILES, lambda: landlock.restrict(readable, executable, devices, ports)),
        (CALLS, lambda: seccomp.install(calls())),
    )
    for name, wall in raised:
        with contextlib.suppress(OSError, AttributeError):
            wall()
            standing.append(name)
    return Standing(tuple(standing), tuple(n for n in WALLS if n not in standing))


def cut_off() -> bool:
    """Forbid this process, its threads and all that it will start the network and other processes.
    Return whether the system could."""
    if not sys.platform.startswith("linux"):
        return False
    with contextlib.suppress(OSError, AttributeError):
        _forbid_new_privileges()
        seccomp.install(seccomp.for_worker())
        return True
    return False


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def limit(memory: int, written: int) -> None:
    """Bound the address space and the size of any file that is written, in bytes, and write no core
    dump. Limits that the system set lower stay."""
    import resource

    wanted = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: written,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in wanted.items():
        hard = resource.getrlimit(what)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))


def address_space(process: int | str = "self") -> int:
    """Return the bytes of address space that a process uses now."""
    with open(f"/proc/{process}/statm", encoding="ascii") as f:
        return int(f.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _forbid_new_privileges() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
