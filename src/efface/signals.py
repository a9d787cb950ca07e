"""End work in order on a signal: what is half-done is removed on the way out."""

from __future__ import annotations

import _thread
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

SOON_S = 0.01
IMPORT_SYSTEM = "<frozen importlib"
"""How the file names of Python's own import system begin."""

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""Signals that end a program: Ctrl-C, a termination request, and a closed terminal."""

INTERRUPTED = "Interrupted. What was finished before is complete; nothing half-done was left."
EXIT_INTERRUPTED = 130

STARTS_PROCESSES = ("popen_spawn_posix.py", "popen_spawn_win32.py")
"""The files with which Python starts a process and sends it its task."""

WAITING = frozenset(("wait", "_wait_for_tstate_lock", "join"))
"""Functions of `threading` in which a thread waits for a long time."""


@contextmanager
def interruptible(
    numbers: Sequence[int],
    told: threading.Event,
    *,
    patience_s: float = math.inf,
    ignored_after: bool = False,
) -> Iterator[None]:
    """Within the block, let each of those signals set `told` and raise KeyboardInterrupt in the
    main thread, once in `patience_s`.

    People press Ctrl-C twice; the second must not interrupt the removal of a draft. A later one
    counts again.

    ignored_after  after the block only the exit code is left to set; a signal must not replace it
                   then.
    """
    handling = _Handling(told, patience_s)
    # A signal that is ignored (nohup, a background job of a script) stays ignored.
    wanted = [n for n in numbers if signal.getsignal(n) not in (signal.SIG_IGN, None)]
    before = {n: signal.signal(n, handling.stop) for n in wanted}
    handling.passed_on, sys.unraisablehook = sys.unraisablehook, handling.lost
    try:
        yield
    finally:
        handling.end()
        for n, handler in before.items():
            signal.signal(n, signal.SIG_IGN if ignored_after else handler)
        sys.unraisablehook = handling.passed_on


class _Handling:
    """What `interruptible` does with signals inside its block."""

    def __init__(self, told: threading.Event, patience_s: float) -> None:
        self._told, self._patience_s = told, patience_s
        self._last, self._latest = -math.inf, signal.SIGINT
        self._is_due = self._is_over = False
        self._main_thread, self._ending = threading.get_ident(), threading.Lock()
        self.passed_on: Callable[[sys.UnraisableHookArgs], Any] = sys.__unraisablehook__

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        self._told.set()
        before, self._last = self._last, time.monotonic()
        self._latest = signal.Signals(number)
        if not self._is_due and self._last - before < self._patience_s:
            return
        self._is_due = frame is not None and (_holds_a_lock(frame) or _starts_a_process(frame))
        if not self._is_due:
            raise KeyboardInterrupt
        self._soon()

    def lost(self, what: sys.UnraisableHookArgs) -> None:
        """Handle an exception that Python discards, as those of a handler that runs in a finaliser
        or in the callback of a weak reference."""
        if not issubclass(what.exc_type, KeyboardInterrupt):
            self.passed_on(what)
            return
        self._is_due = True
        self._soon()

    def end(self) -> None:
        """Send no signal again: the block is over."""
        with self._ending:
            self._is_over = True

    def _soon(self) -> None:
        # Not a threading.Timer: starting one takes locks, and the interrupted code may hold them.
        _thread.start_new_thread(self._again, ())

    def _again(self) -> None:
        time.sleep(SOON_S)
        with self._ending:  # after the block, the signal goes to the handler that is set then
            if self._is_due and not self._is_over:
                self._send(self._latest)

    def _send(self, number: signal.Signals) -> None:
        # A real signal wakes the main thread if it waits for a lock.
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(self._main_thread, number)
        else:
            _thread.interrupt_main(number)


def leave_at_once_on(numbers: Sequence[int]) -> None:
    """From now on let each of those signals end the process, with a sentence. Use this only before
    any work has begun."""

    def leave(number: int, frame: FrameType | None) -> None:
        with suppress(OSError):
            os.write(2, f"efface: {INTERRUPTED}\n".encode())
        os._exit(EXIT_INTERRUPTED)

    for number in numbers:
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            signal.signal(number, leave)


def _holds_a_lock(frame: FrameType) -> bool:
    """Return whether an exception here could leave a lock held, so that another thread waits for
    ever.

    This holds in the import system, and in the methods of `threading` that take locks.
    `Condition.__enter__` is written in Python, and an exception between its taking the lock and its
    return leaves the lock held. Then a thread that puts into that queue waits for ever, and so does
    any thread that joins it.
    """
    code = frame.f_code
    return code.co_filename.startswith(IMPORT_SYSTEM) or (
        code.co_filename == threading.__file__ and code.co_name not in WAITING
    )


def _starts_a_process(frame: FrameType | None) -> bool:
    """Return whether an exception here would leave a process that waits in vain for its task, and
    prints an error on the terminal."""
    while frame is not None:
        if frame.f_code.co_filename.endswith(STARTS_PROCESSES):
            return True
        frame = frame.f_back
    return False
