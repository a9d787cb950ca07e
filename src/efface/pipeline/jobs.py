"""One source or many: each is handled separately, so a bad file never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from efface.containers.admission import AdmittedSource, unchanged
from efface.detect.detector import Detector
from efface.detect.registry import for_films, open_detector, open_lanes
from efface.detections import KINDS
from efface.errors import (
    DetectorFailed,
    DeviceMissing,
    EffaceError,
    ModelUnusable,
    SourceUnreadable,
    TargetExists,
)
from efface.events import Listener
from efface.files import require_target, sha256_of, writing
from efface.findings import Verification
from efface.frames import Frame
from efface.media.interfaces import Source, SourceInfo
from efface.options import PAINTED, DetectOptions, Options
from efface.pipeline.checking import verify
from efface.pipeline.naming import Job, collisions
from efface.pipeline.remote import is_remote
from efface.pipeline.rendering import Rendered, act
from efface.pipeline.resume import (
    earlier,
    held,
    in_use,
    is_current,
    owns,
    require_no_edits,
    reviewed,
)
from efface.pipeline.sources import opened, require_suitable
from efface.planning import sidecar
from efface.planning.plan import Plan
from efface.planning.render_record import RenderRecord
from efface.private_folders import sweep_at_times
from efface.staged_files import staged, staged_pair
from efface.version import VERSION

FATAL = (ModelUnusable, DeviceMissing)
"""Errors after which every other file would fail, too."""


def look(
    source: Source, sha256: str, detectors: Sequence[Detector], options: Options, listener: Listener
) -> Plan:
    """Return the plan for a source, see `pipeline.analysis.look`.

    It is imported on use: a process that only leads workers does not need SciPy, which loads
    slowly.
    """
    from efface.pipeline.analysis import look as looked

    return looked(source, sha256, detectors, options, listener)


@dataclass(frozen=True, slots=True)
class Redacted:
    """A source that was redacted.

    plan_sha256  hash of the plan's file.
    was_done     an earlier run did it, and nothing has changed since.
    was_reviewed a person had changed the plan, and efface followed it.
    """

    source: Path
    plan: Plan
    plan_path: Path
    rendered: Rendered
    plan_sha256: str
    was_done: bool = False
    was_reviewed: bool = False


class Workshop:
    """Does single jobs.

    It opens the detector when the first job needs it, and keeps it for the next.

    admit  is called with each source before it is examined, and may wait until there is memory for
           it.
    """

    def __init__(
        self, options: Options, admit: Callable[[SourceInfo], None] = lambda info: None
    ) -> None:
        self.options, self._admit = options, admit
        self._closing = ExitStack()
        self._detector: Detector | None = None
        self._film_infos: tuple[dict[str, str], ...] | None = None
        self._checking = ExitStack()
        self._checker: tuple[DetectOptions, Detector] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close_checker()
        self._closing.close()

    def find(self, source: AdmittedSource, listener: Listener) -> Plan:
        """Return the plan for one source. Raises InputError, PartMissing."""
        source.require_readable()
        with unchanged(source), opened(source, self.options.read) as media:
            self._admit(media.info)
            if media.info.medium == "photo":
                return self._look_at_photo(media, source, listener)
            # after 1080p it keeps 0.4 GB, which the encoder needs; only photos keep their detector
            self._close_detector()
            with open_lanes(self.options.detect) as detectors:
                return look(media, source.sha256(), detectors, self.options, listener)

    def _look_at_photo(self, media: Source, source: AdmittedSource, listener: Listener) -> Plan:
        try:
            return look(media, source.sha256(), (self._open_detector(),), self.options, listener)
        except DetectorFailed:  # it may still hang; the next file gets a new one
            self._close_detector()
            raise

    def render(
        self, source: AdmittedSource, plan: Plan, target: Path, listener: Listener
    ) -> Rendered:
        """Write one target from a plan. Raises InputError, OutputError, VerificationFailed."""
        source.require_readable()
        require_target(target, (source.path,), overwrite=self.options.write.overwrite)
        if not self.options.write.discard_edits:
            require_no_edits(target)
        with staged(target, overwrite=self.options.write.overwrite) as draft:
            return self._rendered(source, plan, target, draft, listener)

    def _rendered(
        self,
        source: AdmittedSource,
        plan: Plan,
        target: Path,
        draft: Path,
        listener: Listener,
        *,
        is_fresh: bool = False,
    ) -> Rendered:
        with unchanged(source), opened(source, self.options.read) as media:
            try:
                return act(
                    media,
                    source,
                    plan,
                    target,
                    draft,
                    self.options,
                    self._open_checker,
                    listener,
                    is_fresh=is_fresh,
                )
            except DetectorFailed:  # as in find
                self._close_checker()
                raise
            finally:
                if plan.medium == "video":
                    self._close_checker()

    def verify(
        self, target: Path, plan: Plan | Path | None, source: Path | None, listener: Listener
    ) -> Verification:
        """Check a target, and return the result. Raises InputError, PartMissing."""
        return verify(target, plan, source, self.options, self._open_checker, listener)

    def redact(
        self,
        job: Job,
        listener: Listener,
        planned: Callable[[Plan], None] = lambda plan: None,
        *,
        resumes: bool = False,
    ) -> Redacted:
        """Write plan and target for one source; they appear together.

        planned  is called with the plan before the target is made: reports need the plan even if
                 the target fails.
        resumes  keep the results of an earlier run where nothing has changed, and replace them
                 where something has.

        A plan that a person changed is followed, and never replaced by another without
        `discard_edits`. Raises InputError, OutputError, VerificationFailed, PartMissing.
        """
        source = job.admit()
        job = replace(job, known=source)
        known = in_use(job)
        if (
            known.parent == job.plan_path.parent
        ):  # it keeps its name; a plan in another folder is only read
            job = replace(job, plan_path=known)
        with held(known):
            persons = None if self.options.write.discard_edits else reviewed(known, source)
            return self._redacted(
                job,
                persons,
                listener,
                planned,
                resumes=resumes and not self.options.write.overwrite,
            )

    def _redacted(
        self,
        job: Job,
        persons: Plan | None,
        listener: Listener,
        planned: Callable[[Plan], None],
        *,
        resumes: bool,
    ) -> Redacted:
        discards = self.options.write.discard_edits
        before = self._earlier(job, persons) if resumes else None
        is_done = before is not None and not (discards and before.edits)
        if (
            before is not None
            and is_done
            and is_current(before, job, self.options, lambda: self._infos(before.medium))
        ):
            planned(before)
            return _done_before(job, before)
        replaces = self.options.write.overwrite or before is not None
        replaces_plan = replaces or (
            (discards or persons is not None) and sidecar.holds_edits(job.plan_path)
        )
        require_target(job.target, (job.source,), overwrite=replaces)
        if not discards:
            require_no_edits(job.target)
        _require_plan_name(job, replaces=replaces_plan)
        require_suitable(job.admit(), job.target, self.options.read, self.options.write)
        known = _state(job)
        plan = persons or self.find(job.admit(), listener)
        sidecar.require_readable(plan, job.plan_path)
        planned(plan)
        with staged_pair(job.target, job.plan_path, overwrite=replaces_plan) as (draft, plan_draft):
            rendered = self._rendered(
                job.admit(), plan, job.target, draft, listener, is_fresh=persons is None
            )
            plan = noted(plan, rendered, self.options)
            sidecar.save(plan, plan_draft)
            plan_sha256 = sha256_of(plan_draft)
            if replaces_plan and not self.options.write.overwrite and _state(job) != known:
                raise TargetExists(job.target, "it, or its plan, was changed meanwhile")
            if self.options.write.overwrite and not discards and _state(job)[1] != known[1]:
                require_no_edits(job.plan_path)
        return Redacted(
            job.source, plan, job.plan_path, rendered, plan_sha256, was_reviewed=persons is not None
        )

    def _earlier(self, job: Job, persons: Plan | None) -> Plan | None:
        """Return the plan from which an earlier run, or a review, made the target."""
        sweep_at_times(job.target.parent)
        if persons is not None:
            return persons if owns(persons, job) else None
        return earlier(job)

    def _infos(self, medium: str) -> tuple[dict[str, str], ...]:
        if medium == "photo":
            return tuple(asdict(info) for info in self._open_detector().infos)
        if self._film_infos is None:
            with open_detector(for_films(self.options.detect)) as detector:
                self._film_infos = tuple(asdict(info) for info in detector.infos)
        return self._film_infos

    def count(self, frame: Frame) -> dict[str, int]:
        """Return how many objects of each requested kind are surely in one picture.

        Raises PartMissing.
        """
        detector = self._open_detector()
        seen = detector.detect(frame)
        kinds = seen.kind[seen.are_sure(detector.sure)]
        return {
            kind: int((kinds == KINDS.index(kind)).sum()) for kind in self.options.detect.wanted
        }

    def _open_detector(self) -> Detector:
        if self._detector is None:
            self._detector = self._closing.enter_context(open_detector(self.options.detect))
        return self._detector

    def _open_checker(self, options: DetectOptions) -> Detector:
        """Open the detector of the second look.

        It is separate from that of the search, and must not share its answers.
        """
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


@dataclass(frozen=True, slots=True)
class Redacting:
    """Runs `Workshop.redact` for each of many jobs, here or in another process, and notes the
    plan."""

    resumes: bool

    def __call__(
        self, workshop: Workshop, job: Job, listener: Listener, note: Callable[[Plan], None]
    ) -> Redacted:
        return workshop.redact(job, listener, note, resumes=self.resumes)


@dataclass(frozen=True, slots=True)
class Rendering:
    """Runs `Workshop.render` with the job's plan, and notes the plan with its checksum."""

    def __call__(
        self, workshop: Workshop, job: Job, listener: Listener, note: Callable[[object], None]
    ) -> Rendered:
        require_target(
            job.target, (job.source, job.plan_path), overwrite=workshop.options.write.overwrite
        )
        plan = sidecar.load(job.plan_path)
        note((plan, sha256_of(job.plan_path)))
        return workshop.render(job.admit(), plan, job.target, listener)


@dataclass(frozen=True, slots=True)
class Verifying:
    """Runs `Workshop.verify` for the job's target. plan, source: as there."""

    plan: Path | None
    source: Path | None

    def __call__(
        self, workshop: Workshop, job: Job, listener: Listener, note: object
    ) -> Verification:
        return workshop.verify(job.target, self.plan, self.source, listener)


@dataclass(frozen=True, slots=True)
class Planning:
    """Runs `Workshop.find` for each of many jobs, and also writes the plan if `writes` is set."""

    writes: bool
    overwrite: bool

    def __call__(self, workshop: Workshop, job: Job, listener: Listener, note: object) -> Plan:
        discards = workshop.options.write.discard_edits
        overwrite = self.overwrite or (discards and sidecar.holds_edits(job.plan_path))
        if self.writes:  # before the work, not only after it
            require_target(job.plan_path, (job.source,), overwrite=overwrite)
            if not discards:
                require_no_edits(job.plan_path)
        plan = workshop.find(job.admit(), listener)
        if self.writes:
            write_plan(plan, job.plan_path, job.source, overwrite=overwrite, discards=discards)
        return plan


def _require_plan_name(job: Job, *, replaces: bool) -> None:
    """Raise TargetExists if a plan already exists; the error says what the user can do with it."""
    try:
        require_target(job.plan_path, (job.source,), overwrite=replaces)
    except TargetExists as e:
        hint = (
            "efface render obeys it, and efface review opens it; --overwrite looks anew and "
            "replaces it."
        )
        raise TargetExists(job.plan_path, hint=hint) from e


def _state(job: Job) -> tuple[str, str]:
    """Return checksums of the files under a job's names; empty where a file is missing or
    unreadable."""
    found = []
    for path in (job.target, job.plan_path):
        try:
            found.append(sha256_of(path))
        except SourceUnreadable:
            found.append("")
    return found[0], found[1]


def noted(plan: Plan, done: Rendered, options: Options) -> Plan:
    """Return the plan with a record of the target made from it, and with the options that were
    used.

    The version stays that of the first record: it tells which version examined the source, and a
    newer one may see more.
    """
    version = plan.made.efface if plan.made is not None else VERSION
    plan = replace(
        plan,
        options={
            **plan.options,
            **{branch: asdict(getattr(options, branch)) for branch in PAINTED},
        },
    )
    audio = done.audio_kept, done.audio_dropped
    return replace(
        plan,
        made=RenderRecord(
            done.target_sha256, version, audio, done.verification, sidecar.seal(plan)
        ),
    )


def _done_before(job: Job, plan: Plan) -> Redacted:
    """Return what is known of a target that an earlier run made."""
    made = plan.made
    assert made is not None
    rendered = Rendered(
        job.target, len(plan.timeline), plan.region_count, len(plan.bad), *made.audio,
        made.verification, plan.source_sha256, made.target_sha256,
    )  # fmt: skip
    done = sha256_of(job.plan_path)
    return Redacted(
        job.source,
        plan,
        job.plan_path,
        rendered,
        done,
        was_done=True,
        was_reviewed=bool(plan.edits),
    )


def each(
    jobs: Sequence[Job], do: Callable[[Job], object], *, writes: bool, makes_folders: bool
) -> Iterator[tuple[Job, EffaceError | None]]:
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
    jobs: Sequence[Job], *, writes: bool, makes_folders: bool
) -> Iterator[tuple[Job, EffaceError | None]]:
    """Yield every job when its turn comes, with the reason if it cannot be done.

    Arguments are those of `each`.
    """
    rivals = collisions(jobs) if writes else {}
    for job in jobs:
        error: EffaceError | None = rivals.get(job.source)
        if makes_folders and error is None and not is_remote(job.target):
            try:
                _make_folder(job)
            except EffaceError as e:
                error = e
        yield job, error


def _make_folder(job: Job) -> None:
    with writing(job.target):
        job.target.parent.mkdir(parents=True, exist_ok=True)


def write_plan(
    plan: Plan, path: Path, source: Path, *, overwrite: bool, discards: bool = False
) -> None:
    """Save a plan under its name, whole or not at all.

    Raises OutputError. `discards` as in `write_text`.
    """
    sidecar.require_readable(plan, path)
    write_text(path, (source,), sidecar.lines(plan), overwrite=overwrite, discards=discards)


def write_text(
    path: Path,
    sources: tuple[Path, ...],
    pieces: Iterator[str],
    *,
    overwrite: bool,
    discards: bool = False,
) -> None:
    """Save text under a name, whole or not at all.

    `discards`: also replace a plan that a person changed.

    Raises OutputError.
    """
    require_target(path, sources, overwrite=overwrite)
    if not discards:
        require_no_edits(path)
    with (
        held(path),
        staged(path, overwrite=overwrite) as draft,
        writing(path),
        open(draft, "w", encoding="utf-8") as f,
    ):
        f.writelines(pieces)
