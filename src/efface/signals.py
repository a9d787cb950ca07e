"""End work in order on a signal: what is half-done is removed on the way out."""

from __future__ import annotations

import _thread
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

SOON_S = 0.01
IMPORT_SYSTEM = "<frozen importlib"
"""How the file names of Python's own import system begin."""

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""Signals that end a program: Ctrl-C, a termination request, and a closed terminal."""

INTERRUPTED = "Interrupted. What was finished before is complete; nothing half-done was left."
EXIT_INTERRUPTED = 130

STARTS_PROCESSES = "popen_spawn_posix.py"
"""The file with which Python starts a process and sends it its task."""

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
    last, latest, is_due, is_over = -math.inf, signal.SIGINT, False, False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal last, latest, is_due
        told.set()
        before, last, latest = last, time.monotonic(), signal.Signals(number)
        if not is_due and last - before < patience_s:
            return
        is_due = frame is not None and (_holds_a_lock(frame) or _starts_a_process(frame))
        if not is_due:
            raise KeyboardInterrupt
        soon()

    def lost(what: sys.UnraisableHookArgs) -> None:
        # Python discards what a handler raises while a finaliser or the callback of a weak
        # reference runs.
        nonlocal is_due
        if not issubclass(what.exc_type, KeyboardInterrupt):
            passed_on(what)
            return
        is_due = True
        soon()

    def soon() -> None:
        # Not a threading.Timer: starting one takes locks, and the interrupted code may hold them.
        _thread.start_new_thread(again, ())

    def again() -> None:
        time.sleep(SOON_S)
        with ending:  # after the block, the signal goes to the handler that is set then
            if is_due and not is_over:
                _send(latest)

    main_thread, ending = threading.get_ident(), threading.Lock()

    def _send(number: signal.Signals) -> None:
        if hasattr(
            signal, "pthread_kill"
        ):  # a real signal, which wakes the main thread if it waits for a lock
            signal.pthread_kill(main_thread, number)
        else:
            _thread.interrupt_main(number)

    # A signal that is ignored (nohup, a background job of a script) stays ignored.
    wanted = [n for n in numbers if signal.getsignal(n) not in (signal.SIG_IGN, None)]
    before = {n: signal.signal(n, stop) for n in wanted}
    passed_on, sys.unraisablehook = sys.unraisablehook, lost
    try:
        yield
    finally:
        with ending:
            is_over = True
        for n, handler in before.items():
            signal.signal(n, signal.SIG_IGN if ignored_after else handler)
        sys.unraisablehook = passed_on


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
