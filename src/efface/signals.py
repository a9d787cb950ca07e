"""Signals that end work in order: what is half-done is removed on the way out."""

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
"""How the names of the files begin that Python's own import system is written in."""

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Those that end a program: Ctrl-C, a polite kill, and a terminal that is closed."""

INTERRUPTED = "Interrupted. What was finished before is complete; nothing half-done was left."
EXIT_INTERRUPTED = 130

STARTS_PROCESSES = "popen_spawn_posix.py"
"""The file in which Python starts a process, and writes to it what it is to do."""

WAITING = frozenset(("wait", "_wait_for_tstate_lock", "join"))
"""Functions of `threading` in which a thread waits for long."""


@contextmanager
def interruptible(
    numbers: Sequence[int], told: threading.Event, *, patience_s: float = math.inf, ignored_after: bool = False
) -> Iterator[None]:
    """Within, each of those signals sets `told` and raises KeyboardInterrupt in the main thread, but once in `patience_s`.

    People press Ctrl-C twice; the second must not interrupt the removal of a draft. A later one counts again.

    ignored_after  nothing but the exit code is left to do after the block; a signal then must not replace it.
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
        # Python drops what a handler raises while a finaliser or the callback of a weak reference runs.
        nonlocal is_due
        if not issubclass(what.exc_type, KeyboardInterrupt):
            passed_on(what)
            return
        is_due = True
        soon()

    def soon() -> None:
        # Not a threading.Timer: to start one takes locks, and what was interrupted may hold them.
        _thread.start_new_thread(again, ())

    def again() -> None:
        time.sleep(SOON_S)
        with ending:  # after the block the signal would meet whoever hears of it then
            if is_due and not is_over:
                _send(latest)

    main_thread, ending = threading.get_ident(), threading.Lock()

    def _send(number: signal.Signals) -> None:
        if hasattr(signal, "pthread_kill"):  # a real signal, which wakes the main thread where it waits for a lock
            signal.pthread_kill(main_thread, number)
        else:
            _thread.interrupt_main(number)

    # What is ignored (nohup, a background job of a script) stays ignored.
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
    """From now on each of those signals ends the process, with a sentence. For as long as nothing was begun."""

    def leave(number: int, frame: FrameType | None) -> None:
        with suppress(OSError):
            os.write(2, f"efface: {INTERRUPTED}\n".encode())
        os._exit(EXIT_INTERRUPTED)

    for number in numbers:
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            signal.signal(number, leave)


def _holds_a_lock(frame: FrameType) -> bool:
    """Whether an exception here could leave a lock behind, for which another thread then waits for ever.

    In the import system; and in the methods of `threading` that take locks. `Condition.__enter__` is written in Python, and an
    exception between its taking the lock and its return leaves the lock taken: a thread that puts into that queue waits for
    ever, and whoever joins the thread waits along with it.
    """
    code = frame.f_code
    return code.co_filename.startswith(IMPORT_SYSTEM) or (
        code.co_filename == threading.__file__ and code.co_name not in WAITING
    )


def _starts_a_process(frame: FrameType | None) -> bool:
    """Whether an exception here would leave a process that waits in vain for what it is to do, and says so on the terminal."""
    while frame is not None:
        if frame.f_code.co_filename.endswith(STARTS_PROCESSES):
            return True
        frame = frame.f_back
    return False
