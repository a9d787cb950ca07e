"""A separate process that works for this one: how it starts, how it ends, and why it ended.

Processes are spawned and not forked, as the threads of the runtime and of FFmpeg do not survive a
fork. They take orders over a pipe and answer over it (see `messages`). A process that loses its
parent ends by itself.
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
"""Minimum interval between two progress events."""

END_S = 10.0
"""Time that a stopped worker has to remove its draft.

After that it is killed, as it may hang in native code.
"""

ORPHANED_S = 5.0
"""The same if the parent is gone."""


def start_process(
    target: Callable[..., object], *arguments: Any, name: str
) -> tuple[SpawnProcess, Connection]:
    """Start a process that calls target with one end of a pipe and the arguments.

    Returns the process and our end of the pipe. Raises WorkerDied.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments), name=name, daemon=True)
    try:
        # otherwise it would be started inside the block, and unblock the signals
        resource_tracker.ensure_running()
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
    """Block Ctrl-C and the signal of a closed terminal for processes started inside the block.
    These signals go to all processes of a terminal; the parent receives them after the block, and
    decides."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def how_it_ended(code: int | None) -> tuple[str, str]:
    """Return why a process ended, and what to try."""
    again = "Run the same command again, with fewer --jobs where memory is short."
    if code == -signal.SIGKILL:
        return "the system killed it, most likely for want of memory", again
    if code is not None and code < 0:
        with suppress(ValueError):
            hint = (
                "The file may be damaged, or made to do that: leave it out, or convert it with "
                "another program first."
            )
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
    """Wait for the end of the parent, and then end this process. Runs in its own thread."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)  # the draft is removed on the way out
    time.sleep(ORPHANED_S)
    os._exit(1)
