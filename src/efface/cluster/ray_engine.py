"""Jobs on several machines. Photos go in batches; a video is looked at in spans, by many, and rendered by one.

This machine hands out the work and joins what is seen: things are followed in time here, over the seams, exactly as if one
machine had seen it all. It is the only one that decides. A span or a job whose machine is lost goes to another one; when that
does not help either, the file fails.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, Self

from efface.cluster.calls import WAIT_S, Calls, Lost, Stopped
from efface.cluster.work import SHARED, Answer, Part, SpanStart, Whole, WorkItem, WorkItems, do, look_at, stamp_of, unforeseen
from efface.containers.admission import AdmittedSource, admit, unchanged
from efface.containers.sniff import is_video_name, medium_of
from efface.detect.detector import DetectorInfo
from efface.errors import ClusterUnusable, EffaceError, Unforeseen, WorkerDied, WriteFailed
from efface.events import Event
from efface.files import require_source, scratch, sha256_of
from efface.media.video.decode import VideoSource
from efface.media.video.spans import OVERLAP, Indivisible, Span, cut, indexed
from efface.options import Options
from efface.pipeline.analysis import joined
from efface.pipeline.jobs import FATAL, Redacted, Redacting, prepared
from efface.pipeline.naming import Job, names_of_plans
from efface.pipeline.perceive import Perceived
from efface.pipeline.remote import exists, fetch, is_remote
from efface.pipeline.sources import opened
from efface.pipeline.transfer import Transfer
from efface.pipeline.worker_pool import Message, Task
from efface.planning.plan import Plan

TRIES = 4
"""A span, or a batch, is lost when it was lost so often."""

FRAMES = 64
"""Length of a span, about: some 20 s of work for one processor, and 21 MB of small pictures here."""

BATCH = 8
"""Photos that one worker does with one call."""

AHEAD = 2
"""Spans in flight for each processor of the cluster."""

VIDEOS = 2
"""Videos at once: while one is rendered, the next is looked at."""

VISIBLE_S = 30.0
"""A file that another machine has written may show late in a shared folder."""


@dataclass(frozen=True, slots=True)
class Called:
    """What a crew was called for.

    calls    to the cluster.
    task     what is done with each job.
    options  all of them.
    remark   is told in sentences what a user may want to know.
    frames   about so many to a span.
    """

    calls: Calls
    task: Task
    options: Options
    remark: Callable[[str], None]
    frames: int


class RayEngine:
    """As `pipeline.worker_pool.WorkerPool`: the same task for every job, on the machines of a cluster.

    Arguments are those of Called, and the address of `Calls`. Raises ExtraMissing, ClusterUnusable.
    """

    def __init__(
        self, task: Task, options: Options, address: str | None, remark: Callable[[str], None] = lambda text: None,
        frames: int = FRAMES,
    ) -> None:  # fmt: skip
        self._called = Called(Calls(address), task, options, remark, frames)
        self._said: queue.Queue[Message | None] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._called.calls.close()

    def each(self, jobs: Sequence[Job], *, writes: bool, makes_folders: bool) -> Iterator[Message]:
        """Does every job; gives what is said of them as it comes. Arguments as in `jobs.each`, and so is what is raised."""
        slots = self._called.calls.slots
        if not slots:
            raise ClusterUnusable("none of its machines offers a processor")
        with (
            ThreadPoolExecutor(slots + 1, thread_name_prefix="efface-batch") as batches,
            ThreadPoolExecutor(VIDEOS, thread_name_prefix="efface-video") as videos,
        ):
            try:
                waiting = 0
                for these in self._in_batches(prepared(jobs, writes=writes, makes_folders=makes_folders)):
                    (videos if _is_video(these[0]) else batches).submit(self._work, these)
                    waiting += 1
                while waiting or not self._said.empty():
                    said = self._said.get()
                    if said is None:
                        waiting -= 1
                    elif said.what == "failed" and isinstance(said.content, (*FATAL, ClusterUnusable)):
                        raise said.content
                    else:
                        yield said
            finally:
                self._called.calls.stop()
                for pool in (batches, videos):
                    pool.shutdown(wait=False, cancel_futures=True)

    def _in_batches(self, jobs: Iterator[tuple[Job, EffaceError | None]]) -> Iterator[list[Job]]:
        """Photos by the batch, videos one by one; what cannot be done is said."""
        batch: list[Job] = []
        for job, error in jobs:
            if error is not None:
                for said in (Message(job, "began"), Message(job, "failed", error), Message(job, "ended")):
                    self._said.put(said)
            elif _is_video(job):
                yield [job]
            else:
                batch.append(job)
                if len(batch) == BATCH:
                    yield batch
                    batch = []
        if batch:
            yield batch

    def _work(self, jobs: list[Job]) -> None:
        files = [_File(job, self._said.put) for job in jobs]
        try:
            _Video(self._called, files[0]).do() if _is_video(jobs[0]) else _whole(self._called, files)
        except Stopped:
            pass
        except (EffaceError, Unforeseen) as e:
            for file in files:
                file.fail(e)
        except Exception as e:
            for file in files:
                file.fail(unforeseen(e))
        finally:
            self._said.put(None)


@dataclass(slots=True)
class _File:
    """A job, and what was said of it so far."""

    job: Job
    say: Callable[[Message], None]
    is_begun: bool = False
    is_ended: bool = False

    def begin(self) -> None:
        if not self.is_begun:
            self.is_begun = True
            self.say(Message(self.job, "began"))

    def tell(self, event: Event) -> None:
        self.begin()
        self.say(Message(self.job, "event", event))

    def note(self, content: object) -> None:
        self.say(Message(self.job, "note", content))

    def finish(self, done: object) -> None:
        self._end(Message(self.job, "done", done))

    def fail(self, error: Exception) -> None:
        self._end(Message(self.job, "failed", error))

    def _end(self, said: Message) -> None:
        if not self.is_ended:
            self.begin()
            self.is_ended = True
            self.say(said)
            self.say(Message(self.job, "ended"))


def _is_video(job: Job) -> bool:
    if is_remote(job.source):
        return is_video_name(job.source)
    try:
        return medium_of(job.source) == "video"
    except EffaceError:  # it is said when its turn comes
        return False


def _whole(called: Called, files: Sequence[_File], plan: Plan | None = None, *, asks: bool = False) -> bool:
    """Jobs that are done by one worker each. A machine that is lost has done what it said, and another does the rest.

    Whether it turned out that a plan is wanted first, where a worker was told to ask.
    """
    task, why = called.task, ""
    for _ in range(TRIES):
        left = [f for f in files if not f.is_ended]
        work_items = _work_items(left, plan, asks=asks)
        if not work_items:
            return False
        try:
            for answer in called.calls.answers(do, WorkItems([e for _, e in work_items], task, called.options)):
                if answer.what == "asks":
                    return True
                _hear(work_items[answer.number][0], answer, called)
            if all(f.is_ended for f in files):
                return False
        except Lost as e:
            why = str(e)
        task = _again(called.task)
    for file in files:
        file.fail(WorkerDied(file.job.name, f"{TRIES} machines were lost over it, one after the other ({why})"))
    return False


def _work_items(files: Sequence[_File], plan: Plan | None, *, asks: bool) -> list[tuple[_File, WorkItem]]:
    made = []
    for file in files:
        try:
            if not is_remote(file.job.source):
                require_source(file.job.source)
            made.append((file, WorkItem(_absolute(file.job), stamp_of(file.job.source), plan, asks)))
        except EffaceError as e:
            file.fail(e)
    return made


def _absolute(job: Job) -> Job:
    """Workers start in folders of their own."""
    source, target, plan = (p if is_remote(p) else p.absolute() for p in (job.source, job.target, job.plan_path))
    return Job(source, job.name, target, plan)


def _hear(file: _File, answer: Answer, called: Called) -> None:
    match answer.what:
        case "began":
            file.begin()
        case "event":
            file.tell(answer.content)
        case "note":
            file.note(answer.content)
        case "failed":
            file.fail(answer.content)
        case "done":
            try:
                file.finish(_as_seen_here(answer.content, file.job, called.task))
            except EffaceError as e:
                file.fail(e)


def _as_seen_here(done: object, job: Job, task: Task) -> object:
    """What a worker did, under the names of this machine. Raises WriteFailed where this machine does not see it."""
    if not isinstance(done, Redacted):
        return done
    if not is_remote(job.target):
        _require_visible(job.target, done.rendered.target_sha256)
    rendered = replace(done.rendered, target=job.target)
    # A second try finds what the first has finished.
    was_done = done.was_done and _resumes(task)
    return replace(done, source=job.source, plan_path=job.plan_path, rendered=rendered, was_done=was_done)


def _require_visible(target: Path, sha256: str) -> None:
    until = time.monotonic() + VISIBLE_S
    while not target.is_file() or sha256_of(target) != sha256:
        if time.monotonic() > until:
            raise WriteFailed(target, "a machine of the cluster wrote it where this one does not see it", SHARED)
        time.sleep(WAIT_S)


def _resumes(task: Task) -> bool:
    return _resumes(task.task) if isinstance(task, Transfer) else isinstance(task, Redacting) and task.resumes


def _again(task: Task) -> Task:
    """The task for a second try, which finds what the first has finished."""
    if isinstance(task, Transfer):
        return replace(task, task=_again(task.task), resumes=True)
    return replace(task, resumes=True) if isinstance(task, Redacting) else task


class _Video:
    """A video: perceived in spans by many, rendered by one."""

    def __init__(self, called: Called, file: _File) -> None:
        self._called, self._file, self._job = called, file, file.job

    def do(self) -> None:
        """All of it. Raises EffaceError, Unforeseen, Stopped."""
        self._file.begin()
        if self._may_be_done() and not _whole(self._called, [self._file], asks=True):
            return
        _whole(self._called, [self._file], self._plan())

    def _may_be_done(self) -> bool:
        """Or whether there is a plan, which a person may have changed: whoever does the job decides."""
        if any(not is_remote(path) and os.path.isfile(path) for path in names_of_plans(self._job)):
            return True
        target = self._job.target
        return _resumes(self._called.task) and (exists(target) if is_remote(target) else target.exists())

    def _plan(self) -> Plan | None:
        """None where it is to be looked at whole."""
        try:
            with _here(self._job.source) as here, opened(here, self._called.options.read) as source, unchanged(here):
                assert isinstance(source, VideoSource)
                sha256 = here.sha256()
                spans = self._spans(source)
                if len(spans) < 2:
                    return None
                return self._joined(source, sha256, spans)
        except Indivisible as e:
            self._called.remark(f"{self._job.name}: one machine looks at all of it, as {e}.")
            return None

    def _spans(self, source: VideoSource) -> list[Part]:
        if self._called.options.read.bad_frames == "cover":
            raise Indivisible("what is damaged shows only to who reads from the start (--bad-frames cover)")
        index = indexed(source)
        info, stamp = replace(source.info, path=_absolute(self._job).source), stamp_of(self._job.source)
        spans = cut(index, self._called.frames)
        return [Part(info, stamp, index.passage(span), self._called.options) for span in spans]

    def _joined(self, source: VideoSource, sha256: str, parts: list[Part]) -> Plan:
        sight, count = _Sight(), parts[-1].passage.span.stop
        with _Spans(self._called, self._job.name, parts) as spans:
            seen = _seamless(spans.each(lambda arrived: self._file.tell(Event("look", arrived, count))), sight)
            first = next(seen)  # by now it is known what looks
            return joined(chain([first], seen), source, sha256, sight, self._called.options)


@contextmanager
def _here(source: Path) -> Iterator[AdmittedSource]:
    """The source as a file of this machine."""
    if not is_remote(source):
        yield admit(source)
        return
    with scratch() as folder:
        fetch(source, folder / source.name)
        yield admit(folder / source.name)


@dataclass(slots=True)
class _Sight:
    """What looks, as its machines tell. All must have the same networks; what runs them may differ."""

    infos: tuple[DetectorInfo, ...] = ()
    sure: Mapping[int, float] = field(default_factory=dict)

    def hear(self, told: SpanStart) -> None:
        """Raises ClusterUnusable."""
        if not self.infos:
            self.infos, self.sure = told.infos, told.sure
        if _networks(told.infos) != _networks(self.infos) or told.sure != self.sure:
            raise ClusterUnusable("its machines have different networks", "Install the same efface on all of them.")


def _networks(infos: Sequence[DetectorInfo]) -> list[tuple[str, str, str]]:
    return [(i.name, i.version, i.sha256) for i in infos]


Seen = tuple[SpanStart, list[Perceived]]


class _Spans:
    """The spans of one video, in order, each as soon as it and all before it are there. Some after it are under way."""

    def __init__(self, called: Called, name: str, parts: Sequence[Part]) -> None:
        self._called, self._name = called, name
        self._todo = iter(parts)
        self._ahead = AHEAD * max(1, called.calls.slots)
        self._pool = ThreadPoolExecutor(self._ahead, thread_name_prefix="efface-span")
        self._over = threading.Event()
        self.arrived = 0
        """Frames that are here; more or less, as several threads count."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown(cancel_futures=True)

    def each(self, tell: Callable[[int], None]) -> Iterator[Seen]:
        """Every one. `tell` hears now and then how many frames have arrived. Raises what one of them failed with."""
        waiting: deque[Future[Seen]] = deque()
        while True:
            while len(waiting) < self._ahead and (part := next(self._todo, None)) is not None:
                waiting.append(self._pool.submit(self._seen, part))
            if not waiting:
                return
            while not waiting[0].done():
                wait([waiting[0]], timeout=WAIT_S)
                tell(self.arrived)
            yield waiting.popleft().result()

    def _seen(self, part: Part) -> Seen:
        span, why = part.passage.span, ""
        for _ in range(TRIES):
            try:
                seen = list(self._counted(self._called.calls.answers(look_at, part, self._over)))
                return _require_all(seen, span)
            except Lost as e:
                why = str(e)
        raise WorkerDied(
            self._name, f"{TRIES} machines were lost over frames {span.first + 1} to {span.stop}, one after the other ({why})"
        )

    def _counted(self, messages: Iterator[Any]) -> Iterator[Any]:
        for message in messages:
            self.arrived += isinstance(message, Perceived)
            yield message


def _require_all(seen: list[Any], span: Span) -> Seen:
    """Raises Indivisible, EffaceError, Unforeseen for what a machine said, and Lost where it said too little."""
    for message in seen:
        if isinstance(message, Whole):
            raise Indivisible(message.why)
        if isinstance(message, Exception):
            raise message
    if not seen or [p.index for p in seen[1:]] != list(range(span.first, span.stop)):
        raise Lost("it did not say all")
    return seen[0], seen[1:]


def _seamless(spans: Iterator[Seen], sight: _Sight) -> Iterator[Perceived]:
    """What was perceived of each frame. Raises Indivisible where two machines saw different pictures of the same frames."""
    last: deque[int] = deque(maxlen=OVERLAP)
    for told, seen in spans:
        sight.hear(told)
        if told.overlap != tuple(last)[-len(told.overlap) :] and told.overlap:
            raise Indivisible("decoding from the middle gives other pictures")
        for one in seen:
            last.append(one.checksum)
            yield one
