"""Workers: processes that do jobs side by side, each job whole, each worker with its own cores and its own warm detector.

Processes, as a crash in native code or the system's want of memory then costs one file; started afresh and not forked, as the
run-time's and FFmpeg's threads do not survive a fork. Workers are told what to do over a pipe, one job at a time, and answer
over it. A worker that dies fails the job in its hands, and another one takes its place. A worker whose pipe or parent is gone
ends by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol, Self

from efface.detect.sessions import cores
from efface.errors import EffaceError, Unforeseen, WorkerDied
from efface.events import Event, Listener
from efface.files import sweep
from efface.media.interfaces import SourceInfo
from efface.options import Options
from efface.pipeline.jobs import FATAL, Workshop, prepared
from efface.pipeline.naming import Job
from efface.signals import interruptible

FILES_EACH = 4
"""Files for which it pays to start another worker: it takes a second or two to start."""

AT_REST_BYTES = 1 << 30
"""Memory of a worker that has done a photo of 12 megapixels, as its networks keep what they needed; after small ones 0.2 GB."""

PHOTO_BYTES, VIDEO_BYTES = 30, 60
"""Memory for each pixel of a photo, and of a frame of video, on top of that."""

ENCODER_BYTES = 200 << 20
"""What a video takes whatever its size."""

USABLE = 0.8
"""Share of the memory that is free at the start which the workers may have together."""

TELL_EVERY_S = 0.1
"""Events of progress are sent home no more often."""

END_S = 10.0
"""A worker that was told to stop has so long to remove its draft; one that hangs in native code is killed then."""

ORPHANED_S = 5.0
"""The same, where the parent is gone."""

Note = Callable[[object], None]


class Task(Protocol):
    """What is done with each job. Must survive pickle. `note` sends home what is known before the end."""

    def __call__(self, workshop: Workshop, job: Job, listener: Listener, note: Note) -> object: ...


@dataclass(frozen=True, slots=True)
class Message:
    """Something about a job.

    what     "began" and "ended" stand around all else; "event" is progress; "note" what the task noted; then comes "done" with
             what the task gave back, or "failed" with an EffaceError or Unforeseen.
    content  the event, note, result or error; None otherwise.
    """

    job: Job
    what: Literal["began", "event", "note", "done", "failed", "ended"]
    content: Any = None


def workers_for(files: int, asked: int | None) -> int:
    """How many workers to start: as many as were asked for, or as suit the machine; never more than there are files."""
    if asked is not None:
        return max(1, min(asked, files))
    if not hasattr(os, "sched_setaffinity"):  # each would start as many threads as there are cores
        return 1
    return max(1, min(cores(), files // FILES_EACH, usable_bytes() // AT_REST_BYTES))


def need_of(info: SourceInfo) -> int:
    """Bytes that the work on a source takes, on top of those of a worker at rest; measured, and rather too many."""
    width, height = info.size_wh
    if info.medium == "video":
        return ENCODER_BYTES + VIDEO_BYTES * width * height
    return PHOTO_BYTES * width * height


def usable_bytes() -> int:
    """Memory that may be used now."""
    return int(USABLE * min(_free_bytes(), _granted_bytes()))


def _free_bytes() -> int:
    with suppress(OSError, ValueError, StopIteration), open("/proc/meminfo", encoding="ascii") as f:
        return 1024 * next(int(line.split()[1]) for line in f if line.startswith("MemAvailable:"))
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return 4 << 30


def _granted_bytes() -> int:
    """What a container grants; without bound where it grants all."""
    with suppress(OSError, ValueError):
        return int(Path("/sys/fs/cgroup/memory.max").read_text())
    return 1 << 60


@dataclass(slots=True, eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    place: int
    is_ready: bool = False
    job: Job | None = None


@dataclass(slots=True)
class _Memory:
    """Who may go on. In the order of asking, so that a large picture is not overtaken for ever; alone anything may."""

    total: int
    held: dict[int, int] = field(default_factory=dict)
    asking: deque[tuple[_Worker, int]] = field(default_factory=deque)

    def granted(self) -> Iterator[_Worker]:
        """Those whose turn it is now."""
        while self.asking:
            worker, need = self.asking[0]
            if self.held and sum(self.held.values()) + need > self.total:
                return
            self.asking.popleft()
            self.held[worker.place] = need
            yield worker

    def forget(self, worker: _Worker) -> None:
        """What it held is free again."""
        self.held.pop(worker.place, None)
        self.asking = deque((w, n) for w, n in self.asking if w is not worker)


class WorkerPool:
    """`count` workers, which are there inside the block. On leaving it they are stopped, whatever they do."""

    def __init__(self, count: int, task: Task, options: Options) -> None:
        self._count, self._task, self._options = count, task, options
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._memory = _Memory(max(0, usable_bytes() - count * AT_REST_BYTES))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            for worker in self._workers:
                if worker.job is not None:
                    worker.process.terminate()
                with suppress(OSError):
                    worker.pipe.send(None)
            until = time.monotonic() + END_S
            for worker in self._workers:
                worker.process.join(max(0.0, until - time.monotonic()))
        finally:
            for worker in self._workers:
                self._bury(worker)

    def each(self, jobs: Sequence[Job], *, writes: bool, makes_folders: bool) -> Iterator[Message]:
        """Does every job; gives what is said of them as it comes. Arguments as in `jobs.each`, and so is what is raised."""
        waiting = prepared(jobs, writes=writes, makes_folders=makes_folders)
        while len(self._workers) < min(self._count, len(jobs)):
            self._workers.append(self._hire(len(self._workers)))
        idle = deque(self._workers)
        while True:
            while idle and (task := next(waiting, None)) is not None:
                job, error = task
                yield Message(job, "began")
                if error is None:
                    self._hand(idle.popleft(), job)
                else:
                    yield from _failed(job, error)
            busy = [w for w in self._workers if w.job is not None]
            if not busy:
                return
            for pipe in wait([w.pipe for w in busy]):
                worker = next(w for w in busy if w.pipe is pipe)
                yield from self._heard(worker)
                if worker.job is None:
                    idle.append(worker if worker in self._workers else self._workers[worker.place])

    def _hand(self, worker: _Worker, job: Job) -> None:
        if worker.is_ready and not worker.process.is_alive():  # it died after its last file; this one shall not pay for it
            self._bury(worker)
            worker = self._workers[worker.place] = self._hire(worker.place)
        worker.job = job
        with suppress(OSError):  # it is gone, which is noticed where its answer is waited for
            worker.pipe.send(job)

    def _heard(self, worker: _Worker) -> Iterator[Message]:
        job = worker.job
        assert job is not None
        try:
            what, content = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._lost(worker, job)
            return
        match what:
            case "ready":
                worker.is_ready = True
            case "need":
                self._memory.asking.append((worker, content))
                self._grant()
            case "done" | "failed":
                if isinstance(content, FATAL):
                    raise content
                self._free(worker)
                yield Message(job, what, content)
                yield Message(job, "ended")
            case _:
                yield Message(job, what, content)

    def _lost(self, worker: _Worker, job: Job) -> Iterator[Message]:
        worker.process.join(END_S)
        error = WorkerDied(job.name, *how_it_ended(worker.process.exitcode))
        self._free(worker)
        self._bury(worker)
        sweep(job.target.parent)  # its draft
        if not worker.is_ready:  # and so would the next one
            raise error
        self._workers[worker.place] = self._hire(worker.place)
        yield from _failed(job, error)

    def _free(self, worker: _Worker) -> None:
        worker.job = None
        self._memory.forget(worker)
        self._grant()

    def _grant(self) -> None:
        for worker in self._memory.granted():
            with suppress(OSError):
                worker.pipe.send("go")

    def _hire(self, place: int) -> _Worker:
        ours, theirs = self._context.Pipe()
        arguments = (theirs, self._task, self._options, _share(place, self._count))
        process = self._context.Process(target=_work, args=arguments, name=f"efface-worker-{place + 1}", daemon=True)
        try:
            resource_tracker.ensure_running()  # else it would be started within, and take the deafness off
            with deaf():
                process.start()
        except OSError as e:
            raise WorkerDied("", f"the system starts no further process ({e.strerror})") from e
        finally:
            theirs.close()
        return _Worker(process, ours, place)

    def _bury(self, worker: _Worker) -> None:
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
            if worker.job is not None:
                sweep(worker.job.target.parent)
        worker.pipe.close()


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


def _failed(job: Job, error: EffaceError) -> Iterator[Message]:
    yield Message(job, "failed", error)
    yield Message(job, "ended")


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


def _share(place: int, count: int) -> list[int]:
    """The cores of that worker: an equal part, or one of them where there are too few."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    ours = sorted(os.sched_getaffinity(0))
    first, last = place * len(ours) // count, (place + 1) * len(ours) // count
    return ours[first:last] or [ours[place % len(ours)]]


# In the worker


class _Home:
    """The way home, from several threads."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._lock, self._last = pipe, threading.Lock(), 0.0

    def say(self, what: str, content: object = None) -> None:
        with self._lock:
            self._pipe.send((what, content))

    def progress(self, event: Event) -> None:
        """Tells of an event, unless one was told a moment ago."""
        if _stopped.is_set():  # the exception got lost on its way, in native code or in a destructor
            raise KeyboardInterrupt
        now = time.monotonic()
        if now - self._last >= TELL_EVERY_S:
            self._last = now
            self.say("event", event)

    def admit(self, info: SourceInfo) -> None:
        """Waits until there is memory for that source."""
        self.say("need", need_of(info))
        if self._pipe.recv() is None:
            raise KeyboardInterrupt

    def next_job(self) -> Job | None:
        job: Job | None = self._pipe.recv()
        return job


_stopped = threading.Event()


def _work(pipe: Connection, task: Task, options: Options, share: list[int]) -> NoReturn:
    """A worker's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where the worker could not be started deaf
    # Whatever ends it, it ends in silence: what went wrong with a file was said, and nobody waits for what comes after.
    with suppress(KeyboardInterrupt), interruptible([signal.SIGTERM], _stopped, ignored_after=True):
        _work_until_told(pipe, task, options, share)
    os._exit(0)  # a detector that hangs would keep it from ending


def _work_until_told(pipe: Connection, task: Task, options: Options, share: list[int]) -> None:
    if share:
        os.sched_setaffinity(0, share)
    threading.Thread(target=end_with_parent, name="efface-watch", daemon=True).start()
    home = _Home(pipe)
    with suppress(KeyboardInterrupt, EOFError, OSError), Workshop(options, home.admit) as workshop:
        home.say("ready")
        while not _stopped.is_set() and (job := home.next_job()) is not None:
            home.say(*_done(task, workshop, job, home))


def _done(task: Task, workshop: Workshop, job: Job, home: _Home) -> tuple[str, object]:
    try:
        return "done", task(workshop, job, home.progress, lambda content: home.say("note", content))
    except EffaceError as e:
        if _stopped.is_set():
            raise KeyboardInterrupt from e
        return "failed", e
    except Exception as e:
        if _stopped.is_set():  # native code may make an error of its own out of an interrupt
            raise KeyboardInterrupt from e
        return "failed", Unforeseen(type(e).__name__, str(e), traceback.format_exc())


def end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)  # the draft is removed on the way out
    time.sleep(ORPHANED_S)
    os._exit(1)
