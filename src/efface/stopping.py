"""Signals that end work in order: what is half-done is removed on the way out."""

from __future__ import annotations

import _thread
import math
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

SOON_S = 0.01
IMPORT_SYSTEM = "<frozen importlib"
"""How the names of the files begin that Python's own import system is written in."""


@contextmanager
def heeding(
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
        # Within the import system it would leave a lock behind, for which another thread then waits for ever.
        is_due = frame is not None and frame.f_code.co_filename.startswith(IMPORT_SYSTEM)
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
        timer = threading.Timer(SOON_S, again)
        timer.daemon = True
        timer.start()

    def again() -> None:
        if is_due and not is_over:
            _thread.interrupt_main(latest)

    # What is ignored (nohup, a background job of a script) stays ignored.
    wanted = [n for n in numbers if signal.getsignal(n) not in (signal.SIG_IGN, None)]
    before = {n: signal.signal(n, stop) for n in wanted}
    passed_on, sys.unraisablehook = sys.unraisablehook, lost
    try:
        yield
    finally:
        is_over = True
        for n, handler in before.items():
            signal.signal(n, signal.SIG_IGN if ignored_after else handler)
        sys.unraisablehook = passed_on
