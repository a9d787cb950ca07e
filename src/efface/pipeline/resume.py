"""Results of an earlier run: finished work to keep, and older work of efface's own that may be
replaced.

A file's name proves nothing. A pair of target and plan is efface's own if the plan holds the
target's hash, and is itself unchanged since it was written. Any other file there belongs to the
user.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from efface.containers.admission import AdmittedSource
from efface.errors import BadPlan, SourceUnreadable, TargetExists
from efface.file_locks import locked
from efface.files import sha256_of
from efface.options import Options, recorded
from efface.pipeline.naming import Job, names_of_plans
from efface.pipeline.signing import is_signed_as_asked
from efface.planning import sidecar
from efface.planning.plan import Plan
from efface.version import VERSION

WITHOUT_EFFECT = frozenset((
    ("detect", "timeout_s"), ("risk", "bound"), ("read", "max_pixels"),
    ("read", "max_total_pixels"), ("read", "walls"), ("write", "overwrite"),
    ("write", "discard_edits"), ("report", "told"),
))  # fmt: skip
"""Options that change neither plan nor target, by branch and name."""

LEVELS = ("off", "quick", "full")
"""How thoroughly a target was checked: a more thorough check also counts as a less thorough one."""

Infos = Callable[[], tuple[Mapping[str, str], ...]]
"""Returns name, version, sha256 and runtime of each detector that would be used now.

The call may take a second.
"""


def earlier(job: Job, existing: Plan | None) -> Plan | None:
    """Return the existing plan if efface wrote both it and its target (the target may be missing);
    otherwise None."""
    is_own = existing is not None and existing.made is not None and owns(existing, job)
    return existing if is_own else None


def owns(plan: Plan, job: Job) -> bool:
    """Return whether the target was made from that plan, or is missing, so that it may be written
    again."""
    if plan.made is None:
        return not _is_there(job.target)
    try:
        return not _is_there(job.target) or sha256_of(job.target) == plan.made.target_sha256
    except SourceUnreadable:
        return False


def existing_plan(path: Path, source: AdmittedSource) -> Plan | None:
    """Return the plan at the path, or None if no plan is there. A plan that a person changed fits
    the source.

    A person's work is never discarded unless the user asks for it. Raises TargetExists if the plan
    cannot be followed.
    """
    try:
        plan = sidecar.load(path)
    except BadPlan as e:
        if sidecar.holds_edits(path):
            raise TargetExists(
                path, f"a person changed it, and {e.why or 'its last edit is torn off'}", KEPT
            ) from e
        return None
    if plan.edits and plan.source_sha256 != source.sha256():
        raise TargetExists(
            path, "a person changed it, and it was made for another source than this one", KEPT
        )
    if not plan.edits and plan.made is not None and sidecar.seal(plan) != plan.made.seal:
        raise TargetExists(path, "somebody changed the plan since its target was made", KEPT)
    return plan


def require_no_edits(path: Path) -> None:
    """Raise TargetExists if a person changed the plan at this path: only a person may discard that
    work."""
    if sidecar.holds_edits(path):
        raise TargetExists(path, "a person changed this plan", KEPT)


def in_use(job: Job) -> Path:
    """Return the path of the existing plan: other commands and older releases use names that differ
    from the job's.

    A plan that a person changed comes first. Otherwise only efface's own plan counts, from which
    the target was made.
    """
    others = [
        path for path in names_of_plans(job) if path != job.plan_path and os.path.isfile(path)
    ]
    if not others or sidecar.holds_edits(job.plan_path):
        return job.plan_path
    for path in filter(sidecar.holds_edits, others):
        plan = read_plan(path)
        if plan is None or plan.source_sha256 == job.admit().sha256():
            return path
    if not _is_there(job.plan_path) and _is_there(job.target):
        for path in others:
            plan = read_plan(path)
            if plan is not None and plan.made is not None and owns(plan, job):
                return path
    return job.plan_path


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Lock a plan against reviews. Raises WriteFailed if a review has it open."""
    if not os.path.isfile(path):
        yield
        return
    with locked(path):
        yield


def read_plan(path: Path) -> Plan | None:
    """Return the plan at the path, or None if it is missing or cannot be read."""
    try:
        return sidecar.load(path)
    except BadPlan:
        return None


KEPT = (
    "efface redact obeys such a plan where it fits the source, efface render always, and "
    "efface review goes on from there; --discard-edits throws the changes away."
)


def is_current(
    plan: Plan, job: Job, options: Options, infos: Infos, branches: Sequence[str] | None = None
) -> bool:
    """Return whether doing the job again would give the same: same source, options, efface version
    and detectors.

    branches  those of the options that count; by default all.

    Raises SourceUnreadable, ModelUnusable, DeviceMissing, and for a signature ExtraMissing,
    BadCertificate, BadKey.
    """
    return (
        plan.made is not None
        and plan.made.efface == VERSION
        and plan.made.seal == sidecar.seal(plan)
        and _is_there(job.target)
        and is_signed_as_asked(plan, options.sign)
        and _are_same(plan.options, options, branches)
        and plan.source_sha256 == job.admit().sha256()
        and _identities(plan.detectors) == _identities(infos())
    )


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def _are_same(then: Mapping[str, Any], now: Options, branches: Sequence[str] | None) -> bool:
    old, new = dict(then), dict(_recorded(now))
    if branches is not None:
        old, new = ({b: v for b, v in o.items() if b in branches} for o in (old, new))
    try:
        is_checked = LEVELS.index(old["verify"]["level"]) >= LEVELS.index(new["verify"]["level"])
    except (LookupError, TypeError, ValueError):
        return False
    return is_checked and _with_effect(old) == _with_effect(new)


@lru_cache(maxsize=4)
def _recorded(options: Options) -> Mapping[str, Any]:
    """Return the options as a plan holds them. Every file of a folder has the same."""
    found: dict[str, Any] = json.loads(json.dumps(recorded(options)))
    return found


def _with_effect(options: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    return {
        (branch, name): value
        for branch, values in options.items()
        if branch != "verify" and isinstance(values, dict)
        for name, value in values.items()
        if (branch, name) not in WITHOUT_EFFECT
    }


def _identities(detectors: tuple[Mapping[str, str], ...]) -> list[tuple[str | None, ...]]:
    return [tuple(d.get(n) for n in ("name", "version", "sha256")) for d in detectors]
