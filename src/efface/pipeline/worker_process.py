"""A separate process that works for this one: how it starts, how it ends, why it ended, and whether
it is started again.

The workers of a folder, the cameras and the review page start their processes here. The cluster
starts none, and shares the deadlines and the count of attempts.

Processes are spawned and not forked, as the threads of the runtime and of FFmpeg do not survive a
fork. They take orders over a pipe and answer over it (see `worker_messages`). A process that loses
its parent ends by itself.
"""

from __future__ import annotations

import atexit
import gc
import math
import multiprocessing
import os
import pickle
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from efface.errors import WorkerDied
from efface.free_memory import use_few_heaps
from efface.media.decoder.server_process import IS_OFFERED, server
from efface.processors import use_one_thread_for_products

TELL_EVERY_S = 0.1
"""Minimum interval between two progress events."""

END_S = 10.0
"""Time that a stopped worker has to remove its draft.

After that it is killed, as it may hang in native code.
"""

ORPHANED_S = 5.0
"""The same if the parent is gone."""

FIRST_CRASH_CODE = 0xC0000000
"""From here on exit codes of Windows name a crash."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the moment that many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left_s(self) -> float:
        """Return the seconds until then; 0 afterwards."""
        return max(0.0, self.at - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Return whether the moment has passed."""
        return time.monotonic() >= self.at


@dataclass(slots=True)
class Restarts:
    """Decides whether something that failed is tried again, and after which pause.

    most                            failures that are followed by another attempt.
    within_s                        only failures of this last time count.
    first_pause_s, longest_pause_s  the pause doubles with each failure.
    """

    most: int
    within_s: float = math.inf
    first_pause_s: float = 0.0
    longest_pause_s: float = math.inf
    _failures: deque[float] = field(default_factory=deque)
    _in_a_row: int = 0

    def count_failure(self) -> bool:
        """Count a failure. Return whether another attempt may follow."""
        now = time.monotonic()
        self._failures.append(now)
        self._in_a_row += 1
        while self._failures[0] < now - self.within_s:
            self._failures.popleft()
        return len(self._failures) <= self.most

    def count_success(self) -> None:
        """Begin again with the shortest pause. The failures still count."""
        self._in_a_row = 0

    @property
    def pause_s(self) -> float:
        """Return how long to wait before the next attempt."""
        if self._in_a_row <= 1:
            return self.first_pause_s
        doubled = self.first_pause_s * 2.0 ** min(self._in_a_row - 1, 64)
        return min(doubled, self.longest_pause_s)


@dataclass(frozen=True, slots=True, eq=False)
class WorkerProcess:
    """A process that was started, and this process's end of the pipe to it."""

    process: SpawnProcess
    pipe: Connection

    @property
    def is_alive(self) -> bool:
        """Return whether the process runs."""
        return self.process.is_alive()

    def ask_to_end(self) -> None:
        """Ask the process to remove or finish what it has begun, and to end."""
        with suppress(OSError, ValueError, AttributeError):
            self.process.terminate()

    def send(self, order: object) -> None:
        """Send an order. A process that is gone is noticed where its answer is read."""
        with suppress(OSError):
            self.pipe.send(order)

    def end(self, deadline: Deadline) -> int | None:
        """Wait for the end until the deadline, and kill the process after it. Return its exit
        code."""
        self.process.join(deadline.left_s)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return self.process.exitcode


def start_process(
    target: Callable[..., object],
    *arguments: object,
    name: str,
    is_daemon: bool = True,
    decodes: bool = False,
) -> WorkerProcess:
    """Start a process that calls target with one end of a pipe and the arguments.

    is_daemon  end it when this process ends. Otherwise it may finish its work.
    decodes    it will decode files: what decoders need loads while it loads itself.

    Raises WorkerDied.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    if decodes:
        target, arguments = _with_decoders, (pickle.dumps((target, arguments)),)
    process = context.Process(target=target, args=(theirs, *arguments), name=name, daemon=is_daemon)
    try:
        # otherwise it would be started inside the block, and unblock the signals
        if hasattr(signal, "pthread_sigmask"):  # Windows has neither of them
            resource_tracker.ensure_running()
        with deaf():
            process.start()
    except OSError as e:
        ours.close()
        raise WorkerDied("", f"the system starts no further process ({e.strerror})") from e
    finally:
        theirs.close()
    return WorkerProcess(process, ours)


def _with_decoders(pipe: Connection, packed: bytes) -> None:
    """Start to load what decoders need, and only then what the target needs."""
    use_few_heaps()
    use_one_thread_for_products()
    atexit.register(gc.freeze)  # as in `__main__`
    if IS_OFFERED:
        server.prepare()
    target, arguments = pickle.loads(packed)
    target(pipe, *arguments)


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
    if code is not None and code == -getattr(signal, "SIGKILL", 0):
        return "the system killed it (SIGKILL), most likely for want of memory", again
    hint = (
        "The file may be damaged, or made to do that: leave it out, or convert it with "
        "another program first."
    )
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"it crashed ({signal.Signals(-code).name})" + _memory_limit(), hint
    if code is not None and code >= FIRST_CRASH_CODE:
        return f"it crashed (0x{code:08X})", hint
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
