"""Workers: processes that do jobs side by side.

A worker does whole jobs, with its own cores and its own warm detector.

Workers are processes, so a crash in native code or a lack of memory costs only one file. They are
spawned and not forked, as the threads of the runtime and of FFmpeg do not survive a fork. Workers
receive one job at a time over a pipe, and answer over it. If a worker dies, its job fails, and
another worker replaces it. A worker that loses its pipe or its parent ends by itself.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self

from efface.errors import EffaceError, Unforeseen, WorkerDied
from efface.events import Event
from efface.media.decoder.server_process import server
from efface.options import Options
from efface.pipeline.jobs import FATAL, prepared
from efface.pipeline.naming import AnyJob, Job
from efface.pipeline.transfer import AnyTask, run_task
from efface.pipeline.worker_messages import Began, Done, Ended, Failed, Message, Noted, Progress
from efface.pipeline.worker_process import (
    END_S,
    TELL_EVERY_S,
    Deadline,
    WorkerProcess,
    end_with_parent,
    how_it_ended,
    start_process,
)
from efface.private_folders import sweep
from efface.processors import cores
from efface.signals import interruptible
from efface.walls.raising import cut_off

if TYPE_CHECKING:
    from efface.media.interfaces import SourceInfo
    from efface.pipeline.detector_session import DetectorSession

FILES_EACH = 4
"""Number of files that justify another worker: a worker takes a second or two to start."""

AT_REST_BYTES = 1 << 30
"""Memory of a worker after a photo of 12 megapixels, as its networks keep their buffers; after
small photos 0.2 GB."""

PHOTO_BYTES, VIDEO_BYTES = 30, 60
"""Additional memory for each pixel of a photo, and of a frame of video."""

ENCODER_BYTES = 200 << 20
"""Additional memory that a video of any size takes."""

USABLE = 0.8
"""Share of the memory free at the start that all workers together may use."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """The worker has started, and takes jobs."""


@dataclass(frozen=True, slots=True)
class _Need:
    """The current job waits for this many bytes of memory."""

    size: int


@dataclass(frozen=True, slots=True)
class _Go:
    """The answer to _Need."""


_FromWorker = Progress | Noted | Done | Failed | _Ready | _Need
"""All messages that a worker sends to the parent."""


def workers_for(files: int, asked: int | None) -> int:
    """Return how many workers to start: the requested number, or what suits the machine; never more
    than there are files."""
    if asked is not None:
        return max(1, min(asked, files))
    if not hasattr(
        os, "sched_setaffinity"
    ):  # each worker would start as many threads as there are cores
        return 1
    return max(1, min(cores(), files // FILES_EACH, usable_bytes() // AT_REST_BYTES))


def need_of(info: SourceInfo) -> int:
    """Return the bytes that a source's work takes on top of a worker at rest; measured, with some
    reserve."""
    width, height = info.size_wh
    if info.medium == "video":
        return ENCODER_BYTES + VIDEO_BYTES * width * height
    return PHOTO_BYTES * width * height


def usable_bytes() -> int:
    """Return how much memory may be used now."""
    return int(USABLE * min(_free_bytes(), _granted_bytes()))


def _free_bytes() -> int:
    with suppress(OSError, ValueError, StopIteration), open("/proc/meminfo", encoding="ascii") as f:
        return 1024 * next(int(line.split()[1]) for line in f if line.startswith("MemAvailable:"))
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return 4 << 30


def _granted_bytes() -> int:
    """Return the container's memory limit; a very large number where there is no limit."""
    with suppress(OSError, ValueError):
        return int(Path("/sys/fs/cgroup/memory.max").read_text())
    return 1 << 60


@dataclass(slots=True, eq=False)
class _Worker:
    child: WorkerProcess
    place: int
    is_ready: bool = False
    job: AnyJob | None = None


@dataclass(slots=True)
class _Memory:
    """Decides which workers may continue.

    They get memory in the order of their requests, so that a large picture is not overtaken for
    ever. A worker may always continue while no other one holds memory.
    """

    total: int
    held: dict[int, int] = field(default_factory=dict)
    asking: deque[tuple[_Worker, int]] = field(default_factory=deque)

    def granted(self) -> Iterator[_Worker]:
        """Yield the workers that may continue now."""
        while self.asking:
            worker, need = self.asking[0]
            if self.held and sum(self.held.values()) + need > self.total:
                return
            self.asking.popleft()
            self.held[worker.place] = need
            yield worker

    def forget(self, worker: _Worker) -> None:
        """Free the memory that the worker held."""
        self.held.pop(worker.place, None)
        self.asking = deque((w, n) for w, n in self.asking if w is not worker)


class WorkerPool:
    """A pool of `count` workers, which exist inside the block.

    Leaving the block stops them, even in the middle of a job.
    """

    def __init__(self, count: int, task: AnyTask, options: Options) -> None:
        self._count, self._task, self._options = count, task, options
        self._workers: list[_Worker] = []
        self._is_local = True
        self._memory = _Memory(max(0, usable_bytes() - count * AT_REST_BYTES))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            for worker in self._workers:
                if worker.job is not None:
                    worker.child.ask_to_end()
                worker.child.send(None)
            deadline = Deadline.after(END_S)
            for worker in self._workers:
                worker.child.process.join(deadline.left_s)
        finally:
            for worker in self._workers:
                self._bury(worker)

    def each(
        self, jobs: Sequence[AnyJob], *, writes: bool, makes_folders: bool
    ) -> Iterator[Message]:
        """Do every job, and yield the messages about it as they come.

        Arguments and errors are those of `jobs.each`.
        """
        self._is_local = all(isinstance(job, Job) for job in jobs)
        waiting = prepared(jobs, writes=writes, makes_folders=makes_folders)
        while len(self._workers) < min(self._count, len(jobs)):
            self._workers.append(self._hire(len(self._workers)))
        idle = deque(self._workers)
        while True:
            while idle and (task := next(waiting, None)) is not None:
                job, error = task
                yield Message(job, Began())
                if error is None:
                    self._hand(idle.popleft(), job)
                else:
                    yield from _failed(job, error)
            busy = [w for w in self._workers if w.job is not None]
            if not busy:
                return
            for pipe in wait([w.child.pipe for w in busy]):
                worker = next(w for w in busy if w.child.pipe is pipe)
                yield from self._heard(worker)
                if worker.job is None:
                    idle.append(worker if worker in self._workers else self._workers[worker.place])

    def _hand(self, worker: _Worker, job: AnyJob) -> None:
        if (
            worker.is_ready and not worker.child.is_alive
        ):  # it died after its last file; this file must not fail for that
            self._bury(worker)
            worker = self._workers[worker.place] = self._hire(worker.place)
        worker.job = job
        worker.child.send(job)

    def _heard(self, worker: _Worker) -> Iterator[Message]:
        job = worker.job
        assert job is not None
        try:
            said: _FromWorker = worker.child.pipe.recv()
        except (EOFError, OSError):
            yield from self._lost(worker, job)
            return
        match said:
            case _Ready():
                worker.is_ready = True
            case _Need(size):
                self._memory.asking.append((worker, size))
                self._grant()
            case Done() | Failed():
                if isinstance(said, Failed) and isinstance(said.error, FATAL):
                    raise said.error
                self._free(worker)
                yield Message(job, said)
                yield Message(job, Ended())
            case Progress() | Noted():
                yield Message(job, said)

    def _lost(self, worker: _Worker, job: AnyJob) -> Iterator[Message]:
        worker.child.process.join(END_S)
        error = WorkerDied(job.name, *how_it_ended(worker.child.process.exitcode))
        self._free(worker)
        self._bury(worker)
        _sweep(job)
        if not worker.is_ready:  # it never started, and the next one would not either
            raise error
        self._workers[worker.place] = self._hire(worker.place)
        yield from _failed(job, error)

    def _free(self, worker: _Worker) -> None:
        worker.job = None
        self._memory.forget(worker)
        self._grant()

    def _grant(self) -> None:
        for worker in self._memory.granted():
            worker.child.send(_Go())

    def _hire(self, place: int) -> _Worker:
        is_offline = self._is_local and self._options.detect.is_on_processor
        arguments = (self._task, self._options, _share(place, self._count), is_offline)
        name = f"efface-worker-{place + 1}"
        return _Worker(start_process(_work, *arguments, name=name, decodes=True), place)

    def _bury(self, worker: _Worker) -> None:
        if worker.child.is_alive:
            worker.child.end(Deadline.after(0))
            if worker.job is not None:
                _sweep(worker.job)
        worker.child.pipe.close()


def _sweep(job: AnyJob) -> None:
    """Remove the draft of a worker that is gone."""
    if isinstance(job.target, Path):
        sweep(job.target.parent)


def _failed(job: AnyJob, error: EffaceError) -> Iterator[Message]:
    yield Message(job, Failed(error))
    yield Message(job, Ended())


def _share(place: int, count: int) -> list[int]:
    """Return the cores of that worker: an equal share, or one core if there are too few."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    ours = sorted(os.sched_getaffinity(0))
    first, last = place * len(ours) // count, (place + 1) * len(ours) // count
    return ours[first:last] or [ours[place % len(ours)]]


# In the worker


class _Home:
    """The connection to the parent, used from several threads."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._lock, self._last = pipe, threading.Lock(), 0.0

    def say(self, said: _FromWorker) -> None:
        with self._lock:
            self._pipe.send(said)

    def progress(self, event: Event) -> None:
        """Report an event, unless one was reported a moment ago."""
        if _stopped.is_set():  # the exception was lost in native code or in a destructor
            raise KeyboardInterrupt
        now = time.monotonic()
        if now - self._last >= TELL_EVERY_S:
            self._last = now
            self.say(Progress(event))

    def admit(self, info: SourceInfo) -> None:
        """Wait until there is memory for that source."""
        self.say(_Need(need_of(info)))
        if self._pipe.recv() is None:
            raise KeyboardInterrupt

    def next_job(self) -> AnyJob | None:
        job: AnyJob | None = self._pipe.recv()
        return job


_stopped = threading.Event()


def _work(
    pipe: Connection, task: AnyTask, options: Options, share: list[int], is_offline: bool
) -> NoReturn:
    """Run a worker until it is stopped.

    is_offline  it needs no network: its files are of this machine, and so is its device, the
                processor.
    """
    if is_offline:
        cut_off()
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # for systems where the worker could not be started with signals blocked
    # It always ends silently: errors of files were reported, and the parent does not wait for
    # anything after that.
    with suppress(KeyboardInterrupt), interruptible([signal.SIGTERM], _stopped, ignored_after=True):
        _work_until_told(pipe, task, options, share)
    server.close()  # waited for, so that the system counts the decoders' time as efface's
    os._exit(0)  # a detector that hangs would keep the process from ending


def _work_until_told(pipe: Connection, task: AnyTask, options: Options, share: list[int]) -> None:
    if share and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, share)
    threading.Thread(target=end_with_parent, name="efface-watch", daemon=True).start()
    home = _Home(pipe)
    from efface.pipeline.detector_session import DetectorSession  # the parent does without

    with (
        suppress(KeyboardInterrupt, EOFError, OSError),
        DetectorSession(options, home.admit) as session,
    ):
        home.say(_Ready())
        while not _stopped.is_set() and (job := home.next_job()) is not None:
            home.say(_done(task, session, job, home))


def _done(task: AnyTask, session: DetectorSession, job: AnyJob, home: _Home) -> Done | Failed:
    try:
        return Done(
            run_task(task, session, job, home.progress, lambda content: home.say(Noted(content)))
        )
    except EffaceError as e:
        if _stopped.is_set():
            raise KeyboardInterrupt from e
        return Failed(e)
    except Exception as e:
        if _stopped.is_set():  # native code may turn an interrupt into its own error
            raise KeyboardInterrupt from e
        return Failed(Unforeseen(type(e).__name__, str(e), traceback.format_exc()))
