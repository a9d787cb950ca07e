"""One source or many: each on its own, so that a bad file never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from efface.detect.base import Detector
from efface.detect.registry import open_detector
from efface.errors import DetectorFailed, DeviceMissing, EffaceError, ModelUnusable
from efface.events import Listener
from efface.files import require_source, require_target, sha256_of, staged, writing
from efface.findings import Verification
from efface.options import DetectOptions, Options
from efface.pipeline.act import Rendered, act, unchanged
from efface.pipeline.look import look
from efface.pipeline.names import Job, collisions
from efface.pipeline.proof import verify
from efface.pipeline.sources import opened
from efface.planning import sidecar
from efface.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Redacted:
    """A source that was redacted. `plan_sha256` is that of the plan's file."""

    source: Path
    plan: Plan
    plan_path: Path
    rendered: Rendered
    plan_sha256: str


class Workshop:
    """Does single jobs; opens the detector when the first one needs it, and keeps it for the next."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._closing = ExitStack()
        self._detector: Detector | None = None
        self._checking = ExitStack()
        self._checker: tuple[DetectOptions, Detector] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close_checker()
        self._closing.close()

    def find(self, source: Path, listener: Listener) -> Plan:
        """The plan for one source. Raises InputError, PartMissing."""
        with opened(source, self.options.read) as media, unchanged(source):
            try:
                plan = look(media, sha256_of(source), self._open_detector(), self.options, listener)
            except DetectorFailed:  # it may hang still; the next file gets one that does not
                self._close_detector()
                raise
            if plan.medium == "video":  # it keeps 0.4 GB after 1080p, which the encoder needs; photos keep it
                self._close_detector()
            return plan

    def render(self, source: Path, plan: Plan, target: Path, listener: Listener) -> Rendered:
        """One target by a plan. Raises InputError, OutputError, VerificationFailed."""
        require_source(source)
        require_target(target, (source,), overwrite=self.options.write.overwrite)
        with opened(source, self.options.read) as media:
            try:
                return act(media, plan, target, self.options, self._open_checker, listener)
            except DetectorFailed:  # as in find
                self._close_checker()
                raise
            finally:
                if plan.medium == "video":
                    self._close_checker()

    def verify(self, target: Path, plan: Plan | Path | None, source: Path | None, listener: Listener) -> Verification:
        """What can be said of a target. Raises InputError, PartMissing."""
        return verify(target, plan, source, self.options, self._open_checker, listener)

    def redact(self, job: Job, listener: Listener, planned: Callable[[Plan], None] = lambda plan: None) -> Redacted:
        """Plan and target for one source. The plan appears after the target, so it never stands beside nothing.

        planned  is told the plan before the target is made: whoever reports wants it when that fails, too.
        """
        require_source(job.source)
        for path in (job.target, job.plan_path):
            require_target(path, (job.source,), overwrite=self.options.write.overwrite)
        plan = self.find(job.source, listener)
        planned(plan)
        with staged(job.plan_path, overwrite=self.options.write.overwrite) as draft:
            sidecar.save(plan, draft)
            plan_sha256 = sha256_of(draft)
            rendered = self.render(job.source, plan, job.target, listener)
        return Redacted(job.source, plan, job.plan_path, rendered, plan_sha256)

    def _open_detector(self) -> Detector:
        if self._detector is None:
            self._detector = self._closing.enter_context(open_detector(self.options.detect))
        return self._detector

    def _open_checker(self, options: DetectOptions) -> Detector:
        """The detector of the second look: another than that of the search, whose answers it shall not share."""
        if self._checker is None or self._checker[0] != options:
            self._close_checker()
            self._checker = options, self._checking.enter_context(open_detector(options))
        return self._checker[1]

    def _close_checker(self) -> None:
        self._checker = None
        self._checking.close()

    def _close_detector(self) -> None:
        self._detector = None
        self._closing.close()


def each(
    jobs: Sequence[Job], do: Callable[[Job], object], *, writes: bool, makes_folders: bool
) -> Iterator[tuple[Job, EffaceError | None]]:
    """Does every job, and gives each with its error, or None.

    writes         targets are written, so two jobs may not have the same.
    makes_folders  those in which the targets will stand.

    Without a detector the run ends: no file could succeed.
    """
    rivals = collisions(jobs) if writes else {}
    for job in jobs:
        try:
            if job.source in rivals:
                raise rivals[job.source]
            if makes_folders:
                _make_folder(job)
            do(job)
        except (ModelUnusable, DeviceMissing):
            raise
        except EffaceError as e:
            yield job, e
        else:
            yield job, None


def _make_folder(job: Job) -> None:
    with writing(job.target):
        job.target.parent.mkdir(parents=True, exist_ok=True)


def write_plan(plan: Plan, path: Path, source: Path, *, overwrite: bool) -> None:
    """Saves a plan under its name, whole or not at all. Raises OutputError."""
    write_text(path, (source,), sidecar.lines(plan), overwrite=overwrite)


def write_text(path: Path, sources: tuple[Path, ...], pieces: Iterator[str], *, overwrite: bool) -> None:
    """Saves text under a name, whole or not at all. Raises OutputError."""
    require_target(path, sources, overwrite=overwrite)
    with staged(path, overwrite=overwrite) as draft, writing(path), open(draft, "w", encoding="utf-8") as f:
        f.writelines(pieces)
