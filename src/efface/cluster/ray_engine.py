"""Run jobs on several machines. Photos go in batches; many machines analyse a video in spans (see
`video_spans`), and one renders it.

This machine dispatches the work and joins the detections. It tracks objects across the span
boundaries itself, exactly as if one machine had seen everything. It alone decides. If a machine is
lost, its span or job goes to another one; after some losses (see `calls`), the file fails.
"""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from efface.cluster.ray_calls import WAIT_S, Calls, Lost, Stopped, attempts, lost_for_good
from efface.cluster.video_spans import ClusterRun, plan_in_spans
from efface.cluster.work import (
    SHARED,
    Answer,
    PlanNeeded,
    WorkItem,
    WorkItems,
    do,
    stamp_of,
    unforeseen,
)
from efface.containers.sniff import is_video_name, medium_of
from efface.errors import ClusterUnusable, EffaceError, Unforeseen, WriteFailed
from efface.events import Event
from efface.files import require_source, sha256_of
from efface.options import Options
from efface.pipeline.jobs import FATAL, Redacting, Task, prepared
from efface.pipeline.naming import AnyJob, Job, job_of, names_of_plans
from efface.pipeline.one_source import Redacted
from efface.pipeline.remote import exists
from efface.pipeline.transfer import AnyTask, Transfer
from efface.pipeline.worker_messages import Began, Done, Ended, Failed, Message, Noted, Progress
from efface.pipeline.worker_process import Deadline
from efface.planning.plan import Plan

SPAN_FRAMES = 64
"""Approximate length of a span: about 20 s of work for one processor, and 21 MB of small pictures
here."""

BATCH_PHOTOS = 8
"""Photos that one worker processes with one call."""

VIDEOS_AT_ONCE = 2
"""Videos at once: while one is rendered, the next is analysed."""

VISIBLE_S = 30.0
"""Time within which a file written by another machine must appear in a shared folder."""


class RayEngine:
    """The same task for every job, on the machines of a cluster. Used like
    `pipeline.worker_pool.WorkerPool`.

    Arguments are those of ClusterRun, and the address of `Calls`. Raises ExtraMissing,
    ClusterUnusable.
    """

    def __init__(
        self,
        task: AnyTask,
        options: Options,
        address: str | None,
        remark: Callable[[str], None] = lambda text: None,
        frames: int = SPAN_FRAMES,
    ) -> None:
        self._run = ClusterRun(Calls(address), task, options, remark, frames)
        self._said: queue.Queue[Message | None] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._run.calls.close()

    def each(
        self, jobs: Sequence[AnyJob], *, writes: bool, makes_folders: bool
    ) -> Iterator[Message]:
        """Run every job, and yield its messages as they come. Arguments and errors are those of
        `jobs.each`."""
        slots = self._run.calls.slots
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
                self._run.calls.stop()
                for pool in (batches, videos):
                    pool.shutdown(wait=False, cancel_futures=True)

    def _in_batches(
        self, jobs: Iterator[tuple[AnyJob, EffaceError | None]]
    ) -> Iterator[list[AnyJob]]:
        """Yield photos in batches, videos one by one. Reports jobs that cannot be done."""
        batch: list[AnyJob] = []
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

    def _work(self, jobs: list[AnyJob]) -> None:
        files = [_File(job, self._said.put) for job in jobs]
        try:
            if _is_video(jobs[0]):
                _do_video(self._run, files[0])
            else:
                _whole(self._run, files)
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

    job: AnyJob
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


def _is_video(job: AnyJob) -> bool:
    if not isinstance(job.source, Path):
        return is_video_name(job.source.path)
    try:
        return medium_of(job.source) == "video"
    except EffaceError:  # reported when its turn comes
        return False


def _do_video(run: ClusterRun, file: _File) -> None:
    """Do a video: many machines analyse it in spans, one renders it. Raises EffaceError,
    Unforeseen, Stopped."""
    file.begin()
    if _may_be_done(run, file.job) and not _whole(run, [file], asks=True):
        return
    _whole(run, [file], plan_in_spans(run, file.job, file.tell))


def _may_be_done(run: ClusterRun, job: AnyJob) -> bool:
    """Return whether the target may exist, or a plan that a person may have edited. The worker
    decides."""
    if any(os.path.isfile(path) for path in names_of_plans(job)):
        return True
    target = job.target
    return _resumes(run.task) and (target.exists() if isinstance(target, Path) else exists(target))


def _whole(
    run: ClusterRun, files: Sequence[_File], plan: Plan | None = None, *, asks: bool = False
) -> bool:
    """Run jobs with one worker each. After a loss, another machine does what is not yet reported as
    done.

    Returns whether a plan is needed first, if a worker was told to ask.
    """
    task, why, tries = run.task, "", attempts()
    while True:
        work_items = _work_items([f for f in files if not f.is_ended], plan, asks=asks)
        if not work_items:
            return False
        request = WorkItems([item for _, item in work_items], task, run.options)
        try:
            for answer in run.calls.answers(do, request):
                if isinstance(answer.said, PlanNeeded):
                    return True
                _hear(work_items[answer.number][0], answer, run)
            if all(f.is_ended for f in files):
                return False
        except Lost as e:
            why = str(e)
        if not tries.count_failure():
            break
        task = _again(run.task)
    for file in files:
        file.fail(lost_for_good(file.job.name, "it", why))
    return False


def _work_items(
    files: Sequence[_File], plan: Plan | None, *, asks: bool
) -> list[tuple[_File, WorkItem]]:
    made = []
    for file in files:
        try:
            if isinstance(file.job.source, Path):
                require_source(file.job.source)
            made.append(
                (file, WorkItem(_absolute(file.job), stamp_of(file.job.source), plan, asks))
            )
        except EffaceError as e:
            file.fail(e)
    return made


def _absolute(job: AnyJob) -> AnyJob:
    """Make the job's paths absolute, since workers start in folders of their own."""
    source, target, plan = (
        p.absolute() if isinstance(p, Path) else p for p in (job.source, job.target, job.plan_path)
    )
    return job_of(source, job.name, target, plan)


def _hear(file: _File, answer: Answer, run: ClusterRun) -> None:
    match answer.said:
        case Began():
            file.begin()
        case Progress(event):
            file.tell(event)
        case Noted(content):
            file.note(content)
        case Failed(error):
            file.fail(error)
        case Done(result):
            try:
                file.finish(_as_seen_here(result, file.job, run.task))
            except EffaceError as e:
                file.fail(e)


def _as_seen_here(done: object, job: AnyJob, task: AnyTask) -> object:
    """Return a worker's result under this machine's names. Raises WriteFailed if this machine does
    not see it."""
    if not isinstance(done, Redacted):
        return done
    if isinstance(job.target, Path):
        _require_visible(job.target, done.rendered.target_sha256)
    # A second try finds what the first has finished.
    done = replace(done, was_done=done.was_done and _resumes(task))
    if not isinstance(job, Job):
        return done
    rendered = replace(done.rendered, target=job.target)
    return replace(done, source=job.source, plan_path=job.plan_path, rendered=rendered)


def _require_visible(target: Path, sha256: str) -> None:
    deadline = Deadline.after(VISIBLE_S)
    while not target.is_file() or sha256_of(target) != sha256:
        if deadline.is_over:
            raise WriteFailed(
                target, "a machine of the cluster wrote it where this one does not see it", SHARED
            )
        time.sleep(WAIT_S)


def _resumes(task: AnyTask) -> bool:
    return (
        _resumes(task.task)
        if isinstance(task, Transfer)
        else isinstance(task, Redacting) and task.resumes
    )


def _again(task: AnyTask) -> AnyTask:
    """Return the task for a second try, which finds what the first has finished."""
    if isinstance(task, Transfer):
        return replace(task, task=_local_again(task.task), resumes=True)
    return _local_again(task)


def _local_again(task: Task) -> Task:
    return replace(task, resumes=True) if isinstance(task, Redacting) else task
