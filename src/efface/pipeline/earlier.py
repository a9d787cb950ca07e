"""What an earlier run left: finished work that need not be done again, and older work of efface's own that may be replaced.

Nothing is believed by its name. A pair of target and plan is efface's own when the plan says by its hash which target was made
by it, and is itself as it was written; whatever else lies there belongs to somebody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from efface.errors import BadPlan, SourceUnreadable, TargetExists
from efface.files import sha256_of
from efface.options import Options
from efface.pipeline.names import Job
from efface.planning import sidecar
from efface.planning.plan import Plan
from efface.version import VERSION

WITHOUT_EFFECT = frozenset((
    ("detect", "timeout_s"), ("risk", "bound"), ("read", "max_pixels"), ("write", "overwrite"), ("report", "told"),
))  # fmt: skip
"""Options that change neither plan nor target, by branch and name."""

LEVELS = ("off", "quick", "full")
"""How a target was checked: a harder check is good for an easier one."""

Infos = Callable[[], tuple[Mapping[str, str], ...]]
"""Name, version, sha256 and runtime of each detector that would look now. Asking may take a second."""


def earlier(job: Job) -> Plan | None:
    """The plan that lies there, when plan and target, if there is one, are efface's own; None where nothing is, or any is not.

    Raises TargetExists where a person changed the plan, and no target was made by it since.
    """
    try:
        plan = sidecar.load(job.plan_path)
    except BadPlan:
        return None
    if plan.made is None:
        return None
    if sidecar.seal(plan) != plan.made.seal:
        raise _changed(job, "somebody changed the plan since its target was made")
    try:
        is_own = not _is_there(job.target) or sha256_of(job.target) == plan.made.target_sha256
    except SourceUnreadable:
        return None
    return plan if is_own else None


def require_replaceable(plan: Plan, job: Job) -> None:
    """Raises TargetExists where a person's changes are in the plan: that is work that only a person may throw away."""
    if plan.edits:
        raise _changed(
            job, "somebody changed the plan, and source, options or efface are others than those of its target, or that is gone"
        )


def _changed(job: Job, why: str) -> TargetExists:
    hint = "efface review goes on from there; --overwrite throws the changes away and starts anew."
    return TargetExists(job.plan_path, why, hint)


def is_current(plan: Plan, job: Job, options: Options, infos: Infos) -> bool:
    """Whether doing the job again would give the same: same source, same options, same efface, same detectors.

    Raises SourceUnreadable, ModelUnusable, DeviceMissing.
    """
    return (
        plan.made is not None
        and plan.made.efface == VERSION
        and _is_there(job.target)
        and _are_same(plan.options, options)
        and plan.source_sha256 == sha256_of(job.source)
        and _identities(plan.detectors) == _identities(infos())
    )


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _are_same(then: Mapping[str, Any], now: Options) -> bool:
    old, new = dict(then), json.loads(json.dumps(asdict(now)))
    try:
        is_checked = LEVELS.index(old["verify"]["level"]) >= LEVELS.index(new["verify"]["level"])
    except (LookupError, TypeError, ValueError):
        return False
    return is_checked and _with_effect(old) == _with_effect(new)


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
