"""Many sources: each is handled separately, so a bad file never stops the others.

A task says what is done with each job. It travels to worker processes and to other machines. What
it needs is loaded where it runs: the process that hands it out starts its workers without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from efface.errors import DeviceMissing, EffaceError, ModelUnusable, WallsMissing
from efface.events import Listener
from efface.files import require_possible_folder, require_target, sha256_of, writing
from efface.pipeline.naming import AnyJob, Job, collisions

if TYPE_CHECKING:
    from efface.findings import Verification
    from efface.pipeline.detector_session import DetectorSession
    from efface.pipeline.one_source import Foreseen, Redacted
    from efface.pipeline.rendering import Rendered
    from efface.planning.given_boxes import GivenBoxes
    from efface.planning.plan import Plan

FATAL = (ModelUnusable, DeviceMissing, WallsMissing)
"""Errors after which every other file would fail, too."""

Note = Callable[[object], None]


class Task(Protocol):
    """The work for each job.

    Must survive pickle. `note` sends results to the parent before the end.
    """

    def __call__(
        self, session: DetectorSession, job: Job, listener: Listener, note: Note
    ) -> object: ...


@dataclass(frozen=True, slots=True)
class Redacting:
    """Runs `one_source.redact` for each of many jobs, here or in another process, and notes the
    plan."""

    resumes: bool
    keeps: bool = False
    only_reviewed: bool = False

    def __call__(
        self, session: DetectorSession, job: Job, listener: Listener, note: Callable[[Plan], None]
    ) -> Redacted:
        from efface.pipeline import one_source

        return one_source.redact(
            session, job, listener, note,
            resumes=self.resumes, keeps=self.keeps, only_reviewed=self.only_reviewed,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rendering:
    """Runs `one_source.render` with the job's plan, and notes the plan with its checksum."""

    def __call__(
        self, session: DetectorSession, job: Job, listener: Listener, note: Callable[[object], None]
    ) -> Rendered:
        from efface.pipeline import one_source

        plan = self.admitted(session, job)
        note((plan, sha256_of(job.plan_path)))
        return one_source.render(session, job.admit(), plan, job.target, listener)

    def admitted(self, session: DetectorSession, job: Job) -> Plan:
        """Return the plan. Raises OutputError if the target cannot be written, and BadPlan."""
        from efface.planning import sidecar

        require_target(
            job.target, (job.source, job.plan_path), overwrite=session.options.write.overwrite
        )
        return sidecar.load(job.plan_path)


@dataclass(frozen=True, slots=True)
class Verifying:
    """Runs `one_source.verify` for the job's target. plan, source: as there."""

    plan: Path | None
    source: Path | None

    def __call__(
        self, session: DetectorSession, job: Job, listener: Listener, note: object
    ) -> Verification:
        from efface.pipeline import one_source

        return one_source.verify(session, job.target, self.plan, self.source, listener)


@dataclass(frozen=True, slots=True)
class Planning:
    """Runs `one_source.find` for each of many jobs, and also writes the plan if `writes` is set.

    boxes  of another program: nothing is searched, and they are the plan.
    """

    writes: bool
    overwrite: bool
    boxes: GivenBoxes | None = None

    def __call__(
        self, session: DetectorSession, job: Job, listener: Listener, note: object
    ) -> Plan:
        from efface.pipeline import one_source
        from efface.pipeline.storage import write_plan

        discards = session.options.write.discard_edits
        overwrite = self.replaces(session, job)
        if self.writes:  # before the work, not only after it
            self.require_free(session, job)
        if self.boxes is None:
            plan = one_source.find(session, job.admit(), listener)
        else:
            plan = one_source.given(session, job.admit(), self.boxes, listener)
        if self.writes:
            write_plan(plan, job.plan_path, job.source, overwrite=overwrite, discards=discards)
        return plan

    def replaces(self, session: DetectorSession, job: Job) -> bool:
        """Return whether a plan that exists already is replaced."""
        from efface.planning import sidecar

        discards = session.options.write.discard_edits
        return self.overwrite or (discards and sidecar.holds_edits(job.plan_path))

    def require_free(self, session: DetectorSession, job: Job) -> None:
        """Raise OutputError if the plan cannot be written."""
        from efface.pipeline.resume import require_no_edits

        require_target(job.plan_path, (job.source,), overwrite=self.replaces(session, job))
        if not session.options.write.discard_edits:
            require_no_edits(job.plan_path)


@dataclass(frozen=True, slots=True)
class Foreseeing:
    """Returns what another task would do with each job, and writes nothing.

    makes_folders  as in `each`.
    """

    task: Redacting | Rendering | Planning
    makes_folders: bool

    def __call__(
        self, session: DetectorSession, job: Job, listener: Listener, note: object
    ) -> Foreseen:
        from efface.pipeline import one_source

        match self.task:
            case Redacting(resumes, keeps, only_reviewed):
                return one_source.foresee(
                    session, job, resumes=resumes, keeps=keeps, only_reviewed=only_reviewed,
                    makes_folders=self.makes_folders,
                )  # fmt: skip
            case Rendering():
                return self._render(session, job, self.task)
            case Planning():
                return self._plan(session, job, self.task)

    def _render(self, session: DetectorSession, job: Job, task: Rendering) -> Foreseen:
        from efface.pipeline import one_source

        plan = task.admitted(session, job)
        one_source.require_renderable(session, job.admit(), plan, job.target)
        return one_source.foreseen("follow", job.plan_path, job.target)

    def _plan(self, session: DetectorSession, job: Job, task: Planning) -> Foreseen:
        from efface.pipeline.one_source import foreseen

        job.admit().require_readable()
        if not task.writes:
            return foreseen("look", None)
        if self.makes_folders and not job.plan_path.parent.is_dir():
            require_possible_folder(job.plan_path)
        else:
            task.require_free(session, job)
        return foreseen("look", None, job.plan_path)


def each(
    jobs: Sequence[AnyJob], do: Callable[[AnyJob], object], *, writes: bool, makes_folders: bool
) -> Iterator[tuple[AnyJob, EffaceError | None]]:
    """Do every job, and yield each with its error, or None.

    writes         targets are written, so two jobs must not have the same target.
    makes_folders  create the folders of the targets.

    Without a detector the run ends, as every file would fail.
    """
    for job, error in prepared(jobs, writes=writes, makes_folders=makes_folders):
        try:
            if error is not None:
                raise error
            do(job)
        except FATAL:
            raise
        except EffaceError as e:
            yield job, e
        else:
            yield job, None


def prepared(
    jobs: Sequence[AnyJob], *, writes: bool, makes_folders: bool
) -> Iterator[tuple[AnyJob, EffaceError | None]]:
    """Yield every job when its turn comes, with the reason if it cannot be done.

    Arguments are those of `each`.
    """
    rivals = collisions(jobs) if writes else {}
    for job in jobs:
        error: EffaceError | None = rivals.get(job.source)
        if makes_folders and error is None and isinstance(job.target, Path):
            try:
                _make_folder(job.target)
            except EffaceError as e:
                error = e
        yield job, error


def _make_folder(target: Path) -> None:
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
