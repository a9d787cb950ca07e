"""Run jobs on several machines. Photos go in batches; many machines analyse a video in spans, and
one renders it.

This machine dispatches the work and joins the detections. It tracks objects across the span
boundaries itself, exactly as if one machine had seen everything. It alone decides. If a machine is
lost, its span or job goes to another one; after TRIES losses, the file fails.
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
from efface.cluster.work import (
    SHARED,
    Answer,
    Part,
    SpanStart,
    Whole,
    WorkItem,
    WorkItems,
    do,
    look_at,
    stamp_of,
    unforeseen,
)
from efface.containers.admission import AdmittedSource, admit, unchanged
from efface.containers.sniff import is_video_name, medium_of
from efface.detect.detector import DetectorInfo
from efface.errors import ClusterUnusable, EffaceError, Unforeseen, WorkerDied, WriteFailed
from efface.events import Event
from efface.files import require_source, sha256_of
from efface.media.video.spans import OVERLAP, Indivisible, Span, cut, indexed
from efface.media.video.video_source import VideoSource
from efface.options import Options
from efface.pipeline.analysis import joined
from efface.pipeline.jobs import FATAL, Redacted, Redacting, prepared
from efface.pipeline.naming import Job, names_of_plans
from efface.pipeline.perceive import Perceived
from efface.pipeline.remote import exists, fetch, is_remote
from efface.pipeline.sources import opened
from efface.pipeline.transfer import Transfer
from efface.pipeline.worker_messages import Began, Done, Ended, Failed, Message, Noted, Progress
from efface.pipeline.worker_pool import Task
from efface.planning.plan import Plan
from efface.private_folders import scratch

TRIES = 4
"""Number of lost attempts after which a span or a batch counts as lost."""

SPAN_FRAMES = 64
"""Approximate length of a span: about 20 s of work for one processor, and 21 MB of small pictures
here."""

BATCH_PHOTOS = 8
"""Photos that one worker processes with one call."""

SPANS_AHEAD = 2
"""Spans in flight for each processor of the cluster."""

VIDEOS_AT_ONCE = 2
"""Videos at once: while one is rendered, the next is analysed."""

VISIBLE_S = 30.0
"""Time within which a file written by another machine must appear in a shared folder."""


@dataclass(frozen=True, slots=True)
class Called:
    """What an engine was called for.

    calls    to the cluster.
    task     what is done with each job.
    options  all of them.
    remark   receives sentences that a user may want to know.
    frames   approximate number of frames in a span.
    """

    calls: Calls
    task: Task
    options: Options
    remark: Callable[[str], None]
    frames: int


class RayEngine:
    """The same task for every job, on the machines of a cluster. Used like
    `pipeline.worker_pool.WorkerPool`.

    Arguments are those of Called, and the address of `Calls`. Raises ExtraMissing, ClusterUnusable.
    """

    def __init__(
        self,
        task: Task,
        options: Options,
        address: str | None,
        remark: Callable[[str], None] = lambda text: None,
        frames: int = SPAN_FRAMES,
    ) -> None:
        self._called = Called(Calls(address), task, options, remark, frames)
        self._said: queue.Queue[Message | None] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._called.calls.close()

    def each(self, jobs: Sequence[Job], *, writes: bool, makes_folders: bool) -> Iterator[Message]:
        """Run every job, and yield its messages as they come. Arguments and errors are those of
        `jobs.each`."""
        slots = self._called.calls.slots
        if not slots:
            raise ClusterUnusable("none of its machines offers a processor")
        with (
            ThreadPoolExecutor(slots + 1, thread_name_prefix="efface-batch") as batches,
            ThreadPoolExecutor(VIDEOS_AT_ONCE, thread_name_prefix="efface-video") as videos,
        ):
            try:
                waiting = 0
                for these in self._in_batches(
                    prepared(jobs, writes=writes, makes_folders=makes_folders)
                ):
                    (videos if _is_video(these[0]) else batches).submit(self._work, these)
                    waiting += 1
                while waiting or not self._said.empty():
                    said = self._said.get()
                    if said is None:
                        waiting -= 1
                    elif isinstance(said.said, Failed) and isinstance(
                        said.said.error, (*FATAL, ClusterUnusable)
                    ):
                        raise said.said.error
                    else:
                        yield said
            finally:
                self._called.calls.stop()
                for pool in (batches, videos):
                    pool.shutdown(wait=False, cancel_futures=True)

    def _in_batches(self, jobs: Iterator[tuple[Job, EffaceError | None]]) -> Iterator[list[Job]]:
        """Yield photos in batches, videos one by one. Reports jobs that cannot be done."""
        batch: list[Job] = []
        for job, error in jobs:
            if error is not None:
                for said in (Began(), Failed(error), Ended()):
                    self._said.put(Message(job, said))
            elif _is_video(job):
                yield [job]
            else:
                batch.append(job)
                if len(batch) == BATCH_PHOTOS:
                    yield batch
                    batch = []
        if batch:
            yield batch

    def _work(self, jobs: list[Job]) -> None:
        files = [_File(job, self._said.put) for job in jobs]
        try:
            _Video(self._called, files[0]).do() if _is_video(jobs[0]) else _whole(
                self._called, files
            )
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
    """A job and its messages so far."""

    job: Job
    say: Callable[[Message], None]
    is_begun: bool = False
    is_ended: bool = False

    def begin(self) -> None:
        if not self.is_begun:
            self.is_begun = True
            self.say(Message(self.job, Began()))

    def tell(self, event: Event) -> None:
        self.begin()
        self.say(Message(self.job, Progress(event)))

    def note(self, content: object) -> None:
        self.say(Message(self.job, Noted(content)))

    def finish(self, done: object) -> None:
        self._end(Done(done))

    def fail(self, error: Exception) -> None:
        self._end(Failed(error))

    def _end(self, said: Done | Failed) -> None:
        if not self.is_ended:
            self.begin()
            self.is_ended = True
            self.say(Message(self.job, said))
            self.say(Message(self.job, Ended()))


def _is_video(job: Job) -> bool:
    if is_remote(job.source):
        return is_video_name(job.source)
    try:
        return medium_of(job.source) == "video"
    except EffaceError:  # reported when its turn comes
        return False


def _whole(
    called: Called, files: Sequence[_File], plan: Plan | None = None, *, asks: bool = False
) -> bool:
    """Run jobs with one worker each. After a loss, another machine does what is not yet reported as
    done.

    Returns whether a plan is needed first, if a worker was told to ask.
    """
    task, why = called.task, ""
    for _ in range(TRIES):
        left = [f for f in files if not f.is_ended]
        work_items = _work_items(left, plan, asks=asks)
        if not work_items:
            return False
        try:
            for answer in called.calls.answers(
                do, WorkItems([e for _, e in work_items], task, called.options)
            ):
                if answer.what == "asks":
                    return True
                _hear(work_items[answer.number][0], answer, called)
            if all(f.is_ended for f in files):
                return False
        except Lost as e:
            why = str(e)
        task = _again(called.task)
    for file in files:
        file.fail(
            WorkerDied(
                file.job.name, f"{TRIES} machines were lost over it, one after the other ({why})"
            )
        )
    return False


def _work_items(
    files: Sequence[_File], plan: Plan | None, *, asks: bool
) -> list[tuple[_File, WorkItem]]:
    made = []
    for file in files:
        try:
            if not is_remote(file.job.source):
                require_source(file.job.source)
            made.append(
                (file, WorkItem(_absolute(file.job), stamp_of(file.job.source), plan, asks))
            )
        except EffaceError as e:
            file.fail(e)
    return made


def _absolute(job: Job) -> Job:
    """Make the job's paths absolute, since workers start in folders of their own."""
    source, target, plan = (
        p if is_remote(p) else p.absolute() for p in (job.source, job.target, job.plan_path)
    )
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
    """Return a worker's result under this machine's names. Raises WriteFailed if this machine does
    not see it."""
    if not isinstance(done, Redacted):
        return done
    if not is_remote(job.target):
        _require_visible(job.target, done.rendered.target_sha256)
    rendered = replace(done.rendered, target=job.target)
    # A second try finds what the first has finished.
    was_done = done.was_done and _resumes(task)
    return replace(
        done, source=job.source, plan_path=job.plan_path, rendered=rendered, was_done=was_done
    )


def _require_visible(target: Path, sha256: str) -> None:
    until = time.monotonic() + VISIBLE_S
    while not target.is_file() or sha256_of(target) != sha256:
        if time.monotonic() > until:
            raise WriteFailed(
                target, "a machine of the cluster wrote it where this one does not see it", SHARED
            )
        time.sleep(WAIT_S)


def _resumes(task: Task) -> bool:
    return (
        _resumes(task.task)
        if isinstance(task, Transfer)
        else isinstance(task, Redacting) and task.resumes
    )


def _again(task: Task) -> Task:
    """Return the task for a second try, which finds what the first has finished."""
    if isinstance(task, Transfer):
        return replace(task, task=_again(task.task), resumes=True)
    return replace(task, resumes=True) if isinstance(task, Redacting) else task


class _Video:
    """A video: many machines detect in spans, one renders it."""

    def __init__(self, called: Called, file: _File) -> None:
        self._called, self._file, self._job = called, file, file.job

    def do(self) -> None:
        """Process the video. Raises EffaceError, Unforeseen, Stopped."""
        self._file.begin()
        if self._may_be_done() and not _whole(self._called, [self._file], asks=True):
            return
        _whole(self._called, [self._file], self._plan())

    def _may_be_done(self) -> bool:
        """Return whether the target may exist, or a plan that a person may have edited. The worker
        decides."""
        if any(not is_remote(path) and os.path.isfile(path) for path in names_of_plans(self._job)):
            return True
        target = self._job.target
        return _resumes(self._called.task) and (
            exists(target) if is_remote(target) else target.exists()
        )

    def _plan(self) -> Plan | None:
        """Make the plan, or return None if one machine must read the whole video."""
        try:
            with (
                _here(self._job.source) as here,
                opened(here, self._called.options.read) as source,
                unchanged(here),
            ):
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
            raise Indivisible(
                "what is damaged shows only to who reads from the start (--bad-frames cover)"
            )
        index = indexed(source)
        info, stamp = (
            replace(source.info, path=_absolute(self._job).source),
            stamp_of(self._job.source),
        )
        spans = cut(index, self._called.frames)
        return [Part(info, stamp, index.passage(span), self._called.options) for span in spans]

    def _joined(self, source: VideoSource, sha256: str, parts: list[Part]) -> Plan:
        sight, count = _Sight(), parts[-1].passage.span.stop
        with _Spans(self._called, self._job.name, parts) as spans:
            seen = _seamless(
                spans.each(lambda arrived: self._file.tell(Event("look", arrived, count))), sight
            )
            first = next(seen)  # by now the detector is known
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
    """The detector as the machines report it. All must have the same networks; what runs them may
    differ."""

    infos: tuple[DetectorInfo, ...] = ()
    sure: Mapping[int, float] = field(default_factory=dict)

    def hear(self, told: SpanStart) -> None:
        """Record what a machine reports. Raises ClusterUnusable."""
        if not self.infos:
            self.infos, self.sure = told.infos, told.sure
        if _networks(told.infos) != _networks(self.infos) or told.sure != self.sure:
            raise ClusterUnusable(
                "its machines have different networks", "Install the same efface on all of them."
            )


def _networks(infos: Sequence[DetectorInfo]) -> list[tuple[str, str, str]]:
    return [(i.name, i.version, i.sha256) for i in infos]


Seen = tuple[SpanStart, list[Perceived]]


class _Spans:
    """The spans of one video, each as soon as it and all before it have arrived. Some later spans
    are in progress."""

    def __init__(self, called: Called, name: str, parts: Sequence[Part]) -> None:
        self._called, self._name = called, name
        self._todo = iter(parts)
        self._ahead = SPANS_AHEAD * max(1, called.calls.slots)
        self._pool = ThreadPoolExecutor(self._ahead, thread_name_prefix="efface-span")
        self._over = threading.Event()
        self.arrived = 0
        """Approximate number of frames that have arrived, as several threads count."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown(cancel_futures=True)

    def each(self, tell: Callable[[int], None]) -> Iterator[Seen]:
        """Yield every span. `tell` is called now and then with the number of arrived frames. Raises
        what a span failed with."""
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
            self._name,
            f"{TRIES} machines were lost over frames {span.first + 1} to {span.stop}, one "
            f"after the other ({why})",
        )

    def _counted(self, messages: Iterator[Any]) -> Iterator[Any]:
        for message in messages:
            self.arrived += isinstance(message, Perceived)
            yield message


def _require_all(seen: list[Any], span: Span) -> Seen:
    """Return the complete span. Raises Indivisible, EffaceError, Unforeseen if a machine reported
    one, and Lost if its answer was incomplete."""
    for message in seen:
        if isinstance(message, Whole):
            raise Indivisible(message.why)
        if isinstance(message, Exception):
            raise message
    if not seen or [p.index for p in seen[1:]] != list(range(span.first, span.stop)):
        raise Lost("it did not say all")
    return seen[0], seen[1:]


def _seamless(spans: Iterator[Seen], sight: _Sight) -> Iterator[Perceived]:
    """Yield what was perceived of each frame. Raises Indivisible if two machines decoded the same
    frames differently."""
    last: deque[int] = deque(maxlen=OVERLAP)
    for told, seen in spans:
        sight.hear(told)
        if told.overlap != tuple(last)[-len(told.overlap) :] and told.overlap:
            raise Indivisible("decoding from the middle gives other pictures")
        for one in seen:
            last.append(one.checksum)
            yield one
