"""One source: find, render, verify and redact, as plain functions on a session of detectors."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from efface.containers.admission import AdmittedSource, unchanged
from efface.detect.detector import Detector
from efface.errors import BadBoxes, BadPlan, TargetExists
from efface.events import Listener
from efface.files import require_possible_folder, require_target, sha256_of
from efface.findings import Verification
from efface.media.interfaces import Source
from efface.options import PAINTED, Options
from efface.pipeline import checking
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.jpeg_blocks import on_blocks
from efface.pipeline.naming import Job
from efface.pipeline.rendering import Rendered, act, require_same_source
from efface.pipeline.resume import (
    earlier,
    existing_plan,
    held,
    in_use,
    is_current,
    owns,
    read_plan,
    require_no_edits,
)
from efface.pipeline.signing import require_signable
from efface.pipeline.sources import kept_open, opened, require_suitable
from efface.pipeline.storage import noted, recorded, state_of
from efface.planning import sidecar
from efface.planning.given_boxes import GivenBoxes
from efface.planning.plan import Plan
from efface.private_folders import sweep_at_times
from efface.staged_files import staged, staged_pair


def look(
    source: Source, sha256: str, detectors: Sequence[Detector], options: Options, listener: Listener
) -> Plan:
    """Return the plan for a source, see `pipeline.analysis.look`.

    It is imported on use: a process that only leads workers does not need the tracker.
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


def find(session: DetectorSession, source: AdmittedSource, listener: Listener) -> Plan:
    """Return the plan for one source. Raises InputError, PartMissing."""
    if (known := session.known_plan(source)) is not None:
        return known
    source.require_readable()
    options = session.options
    with unchanged(source), opened(source, options.read) as media:
        session.wait_for_room(media.info)
        if media.info.medium == "photo":
            with session.for_photos() as detector:
                plan = look(media, source.sha256(), (detector,), options, listener)
            return on_blocks(plan, media.info, options)
        with session.for_films() as detectors:
            return look(media, source.sha256(), detectors, options, listener)


def given(
    session: DetectorSession, source: AdmittedSource, boxes: GivenBoxes, listener: Listener
) -> Plan:
    """Return the plan that erases what another program's file names. Raises InputError."""
    from efface.pipeline.analysis import given as planned

    source.require_readable()
    options = session.options
    with unchanged(source), opened(source, options.read) as media:
        session.wait_for_room(media.info)
        try:
            plan = planned(media, source.sha256(), boxes, options, listener)
            return on_blocks(plan, media.info, options)
        except ValueError as e:
            raise BadBoxes(boxes.path, str(e)) from e


def render(
    session: DetectorSession, source: AdmittedSource, plan: Plan, target: Path, listener: Listener
) -> Rendered:
    """Write one target from a plan. Raises InputError, OutputError, VerificationFailed."""
    write = session.options.write
    _require_writable(session, source, target)
    with staged(target, overwrite=write.overwrite) as draft:
        return _rendered(session, source, plan, target, draft, listener)


def require_renderable(
    session: DetectorSession, source: AdmittedSource, plan: Plan, target: Path
) -> None:
    """Raise what `render` raises before it decodes anything."""
    _require_writable(session, source, target)
    require_same_source(source, plan)
    require_suitable(source, target, session.options.read, session.options.write)


def _require_writable(session: DetectorSession, source: AdmittedSource, target: Path) -> None:
    write = session.options.write
    source.require_readable()
    require_target(target, (source.path,), overwrite=write.overwrite)
    if not write.discard_edits:
        require_no_edits(target)
    require_signable(source, target, session.options.sign)


def _rendered(
    session: DetectorSession,
    source: AdmittedSource,
    plan: Plan,
    target: Path,
    draft: Path,
    listener: Listener,
    *,
    is_fresh: bool = False,
) -> Rendered:
    options = session.options
    with (
        unchanged(source),
        opened(source, options.read) as media,
        session.for_checks(keeps=plan.medium != "video") as opening,
    ):
        return act(
            media, source, plan, target, draft, options, opening, listener,
            is_fresh=is_fresh,
        )  # fmt: skip


def verify(
    session: DetectorSession,
    target: Path,
    plan: Plan | Path | None,
    source: Path | None,
    listener: Listener,
) -> Verification:
    """Check a target, and return the result. Raises InputError, PartMissing."""
    with session.for_checks(keeps=True) as opening:
        return checking.verify(target, plan, source, session.options, opening, listener)


def redact(
    session: DetectorSession,
    job: Job,
    listener: Listener,
    planned: Callable[[Plan], None] = lambda plan: None,
    *,
    resumes: bool = False,
    keeps: bool = False,
    only_reviewed: bool = False,
) -> Redacted:
    """Write plan and target for one source; they appear together.

    planned  is called with the plan before the target is made: reports need the plan even if
             the target fails.
    resumes  keep the results of an earlier run where nothing has changed, and replace them
             where something has.
    keeps    only keep them where nothing has changed. Where something has, they are in the way.
    only_reviewed  follow a plan that a person changed, and refuse to look at the source.

    A plan that a person changed is followed, and never replaced by another without
    `discard_edits`. Raises InputError, OutputError, VerificationFailed, PartMissing.
    """
    job, known = _with_plan_in_use(job)
    with held(known):
        if (resumes or keeps) and not session.options.write.overwrite:
            sweep_at_times(job.target.parent)
        ways = resumes, keeps, only_reviewed
        persons, before, is_done = _decided(session, job, known, *ways)
        if before is not None and is_done:
            planned(before)
            return _done_before(job, before)
        with kept_open(job.admit()):
            return _redacted(session, job, persons, before if resumes else None, listener, planned)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a command would do with a source.

    action    "look": examine it; "follow": render a plan as it is; "keep": nothing, as an earlier
              run did it.
    follows   the plan that would be followed, or None.
    writes    the files that would be written.
    replaces  those of them that exist already.
    """

    action: str
    follows: Path | None
    writes: tuple[Path, ...]
    replaces: tuple[Path, ...]


def foresee(
    session: DetectorSession,
    job: Job,
    *,
    resumes: bool = False,
    keeps: bool = False,
    only_reviewed: bool = False,
    makes_folders: bool = False,
) -> Foreseen:
    """Return what `redact` would do, and write nothing. Raises what it raises before it looks.

    makes_folders  the folder of the target would be made.
    """
    job, known = _with_plan_in_use(job)
    with held(known):
        ways = resumes, keeps, only_reviewed
        persons, before, is_done = _decided(session, job, known, *ways)
    if is_done:
        return foreseen("keep", None)
    replaces, replaces_plan = _replaced(job, session.options, persons, before if resumes else None)
    if makes_folders and not job.target.parent.is_dir():
        require_possible_folder(job.target)
        source = job.admit()
        require_suitable(source, job.target, session.options.read, session.options.write)
    else:
        _require_free(job, session.options, replaces=replaces, replaces_plan=replaces_plan)
    follows = known if persons is not None else None
    return foreseen("follow" if follows else "look", follows, job.target, job.plan_path)


def foreseen(action: str, follows: Path | None, *writes: Path) -> Foreseen:
    """Return it with the files that exist already."""
    return Foreseen(action, follows, writes, tuple(p for p in writes if os.path.lexists(p)))


def _with_plan_in_use(job: Job) -> tuple[Job, Path]:
    """Return the job with its source admitted and its plan under the name that it has, and the
    path of the plan in use."""
    job = replace(job, known=job.admit())
    known = in_use(job)
    if known.parent == job.plan_path.parent:  # a plan in another folder is only read
        job = replace(job, plan_path=known)  # it keeps its name
    return job, known


def _decided(
    session: DetectorSession,
    job: Job,
    known: Path,
    resumes: bool,
    keeps: bool,
    only_reviewed: bool,
) -> tuple[Plan | None, Plan | None, bool]:
    """Return the plan that a person changed, that of an earlier run, and whether the latter is
    finished work."""
    write = session.options.write
    existing = read_plan(known) if write.discard_edits else existing_plan(known, job.admit())
    is_persons = existing is not None and existing.edits and not write.discard_edits
    persons = existing if is_persons else None
    if only_reviewed and persons is None:
        raise BadPlan(known, "no person changed it")
    is_asked = (resumes or keeps) and not write.overwrite
    existing = existing if known == job.plan_path else read_plan(job.plan_path)
    before = _before(job, persons, existing) if is_asked else None
    is_done = before is not None and _is_done(session, job, before, only_reviewed)
    return persons, before, is_done


def _is_done(session: DetectorSession, job: Job, before: Plan, only_reviewed: bool) -> bool:
    if session.options.write.discard_edits and before.edits:
        return False
    if only_reviewed:  # how the source was examined does not matter any more
        return is_current(before, job, session.options, lambda: before.detectors, PAINTED)
    return is_current(before, job, session.options, lambda: session.infos(before.medium))


def _redacted(
    session: DetectorSession,
    job: Job,
    persons: Plan | None,
    before: Plan | None,
    listener: Listener,
    planned: Callable[[Plan], None],
) -> Redacted:
    """Make plan and target. persons: the plan that a person changed; before: that of an earlier
    run."""
    options = session.options
    replaces, replaces_plan = _replaced(job, options, persons, before)
    is_searched = persons is None and session.searches
    with session.opening_ahead(job.admit()) if is_searched else nullcontext():
        _require_free(job, options, replaces=replaces, replaces_plan=replaces_plan)
        known = state_of(job)
        plan = persons or find(session, job.admit(), listener)
    sidecar.require_readable(plan, job.plan_path)
    planned(plan)
    with staged_pair(job.target, job.plan_path, overwrite=replaces_plan) as (draft, plan_draft):
        rendered = _rendered(
            session, job.admit(), plan, job.target, draft, listener, is_fresh=persons is None
        )
        plan = noted(plan, rendered, options)
        sidecar.save(plan, plan_draft)
        plan_sha256 = sha256_of(plan_draft)
        _require_unchanged(job, options, known, replaces_plan=replaces_plan)
    return Redacted(
        job.source, plan, job.plan_path, rendered, plan_sha256, was_reviewed=persons is not None
    )


def _replaced(
    job: Job, options: Options, persons: Plan | None, before: Plan | None
) -> tuple[bool, bool]:
    """Return whether a target, and a plan, that exist already may be replaced."""
    replaces = options.write.overwrite or before is not None
    is_persons = options.write.discard_edits or persons is not None
    return replaces, replaces or (is_persons and sidecar.holds_edits(job.plan_path))


def _require_free(job: Job, options: Options, *, replaces: bool, replaces_plan: bool) -> None:
    """Raise OutputError before any work if target or plan cannot be written."""
    require_target(job.target, (job.source,), overwrite=replaces)
    if not options.write.discard_edits:
        require_no_edits(job.target)
    _require_plan_name(job, replaces=replaces_plan)
    require_signable(job.admit(), job.target, options.sign)
    require_suitable(job.admit(), job.target, options.read, options.write)


def _require_unchanged(
    job: Job, options: Options, known: tuple[str, str], *, replaces_plan: bool
) -> None:
    """Raise OutputError if target or plan were changed during the work."""
    write = options.write
    if replaces_plan and not write.overwrite and state_of(job) != known:
        raise TargetExists(job.target, "it, or its plan, was changed meanwhile")
    if write.overwrite and not write.discard_edits and state_of(job)[1] != known[1]:
        require_no_edits(job.plan_path)


def _before(job: Job, persons: Plan | None, existing: Plan | None) -> Plan | None:
    """Return the plan from which an earlier run, or a review, made the target.

    existing  the plan that lies where the job's plan would.
    """
    if persons is not None:
        return persons if owns(persons, job) else None
    return earlier(job, existing)


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


def _done_before(job: Job, plan: Plan) -> Redacted:
    """Return what is known of a target that an earlier run made."""
    done = sha256_of(job.plan_path)
    return Redacted(
        job.source,
        plan,
        job.plan_path,
        recorded(plan, job.target),
        done,
        was_done=True,
        was_reviewed=bool(plan.edits),
    )
