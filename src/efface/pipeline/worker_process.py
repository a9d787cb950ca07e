"""A process apart that works for this one: how it starts, how it ends, and why it ended.

Processes are started afresh and not forked, as the threads of the run-time and of FFmpeg do not survive a fork. They take
orders over a pipe and answer over it (see `messages`). A process whose parent is gone ends by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from efface.errors import WorkerDied

TELL_EVERY_S = 0.1
"""Events of progress are sent home no more often."""

END_S = 10.0
"""A worker that was told to stop has so long to remove its draft; one that hangs in native code is killed then."""

ORPHANED_S = 5.0
"""The same, where the parent is gone."""


def start_process(target: Callable[..., object], *arguments: Any, name: str) -> tuple[SpawnProcess, Connection]:
    """Starts a process that calls target with an end of a pipe and the arguments. Returns it and our end. Raises WorkerDied."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments), name=name, daemon=True)
    try:
        resource_tracker.ensure_running()  # else it would be started within, and take the deafness off
        with deaf():
            process.start()
    except OSError as e:
        ours.close()
        raise WorkerDied("", f"the system starts no further process ({e.strerror})") from e
    finally:
        theirs.close()
    return process, ours


@contextmanager
def deaf() -> Iterator[None]:
    """What is started inside the block never hears of Ctrl-C and of a closed terminal, which go to all processes of one: the
    parent hears of them, after the block, and decides."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def how_it_ended(code: int | None) -> tuple[str, str]:
    """Why, and what to try."""
    again = "Run the same command again, with fewer --jobs where memory is short."
    if code == -signal.SIGKILL:
        return "the system killed it, most likely for want of memory", again
    if code is not None and code < 0:
        with suppress(ValueError):
            hint = "The file may be damaged, or made to do that: leave it out, or convert it with another program first."
            return f"it crashed ({signal.Signals(-code).name})" + _memory_limit(), hint
    return f"it ended by itself (exit code {code})" + _memory_limit(), again


def _memory_limit() -> str:
    with suppress(ImportError):
        import resource

        granted = resource.getrlimit(resource.RLIMIT_AS)[0]
        if granted != resource.RLIM_INFINITY:
            return f", and the system grants it only {granted >> 20} MB of memory (ulimit -v)"
    return ""


def end_with_parent() -> None:
    """Waits for the end of the parent, and ends this process then. For a thread of its own."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)  # the draft is removed on the way out
    time.sleep(ORPHANED_S)
    os._exit(1)
