"""What is said at the end, in plain sentences. Counts only: no names of people, no places, no pixels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from efface.detections import FACE, FINDABLE, KINDS
from efface.errors import printable
from efface.pipeline.act import Rendered
from efface.pipeline.jobs import Redacted
from efface.planning.plan import Plan


def found(plan: Plan) -> str:
    """What a plan holds, as one clause."""
    what = [_counted(sum(t.kind == k for t in plan.tracks), kind, plan) for k, kind in enumerate(KINDS)]
    objects = " and ".join(w for w in what if w) or " and ".join(f"no {kind}" for kind in _asked_for(plan)) + " found"
    frames = len(plan.timeline)
    unit = "page" if plan.medium == "photo" else "frame"
    shots = f", {len(plan.cuts) + 1} shots" if plan.cuts else ""
    return f"{objects} in {frames} {unit}{'s' * (frames != 1)}{shots}"


def _counted(n: int, kind: str, plan: Plan) -> str:
    if not n:
        return ""
    # A person who leaves the picture and comes back is two tracks: efface does not recognise anybody.
    word = kind if plan.medium == "photo" else f"{kind} track"
    return f"{n} {word}{'s' * (n != 1)}"


def _asked_for(plan: Plan) -> list[str]:
    """The kinds that were looked for, as the plan's options say; plans older than the choice know faces only."""
    asked = plan.options.get("detect")
    kinds = str(asked.get("kinds", "")).split(",") if isinstance(asked, Mapping) else []
    return [k for k in FINDABLE if k in kinds] or [KINDS[FACE]]


def redacted(result: Redacted) -> str:
    """The lines for one target and its plan."""
    return f"{rendered(result.rendered, result.plan)}\n  Plan: {printable(result.plan_path)}"


def rendered(r: Rendered, plan: Plan) -> str:
    """The lines for one target."""
    lines = [f"{printable(r.target)}: {found(plan)}, {_areas(r.regions)} erased; checked."]
    if r.audio_dropped:
        lines.append(f"  Sound was dropped ({_streams(r.audio_dropped)}); voices identify people. --audio keep copies it.")
    if r.audio_kept:
        lines.append(f"  Sound was kept ({_streams(r.audio_kept)}); voices identify people.")
    if r.blacked_out:
        lines.append(f"  {r.blacked_out} frames could not be decoded and are black.")
    if not plan.tracks:
        missed = " or ".join(f"a {kind}" for kind in _asked_for(plan))
        lines.append(f"  Look at it before you publish it: efface may have missed {missed}.")
    return "\n".join(lines)


def _areas(n: int) -> str:
    return f"{n} area{'s' * (n != 1)}"


def _streams(n: int) -> str:
    return f"{n} stream{'s' * (n != 1)}"


def planned(source: str, plan: Plan, path: Path | None) -> str:
    """The line for one plan."""
    where = f" Plan: {printable(path)}" if path else ""
    return f"{printable(source)}: {found(plan)}.{where}"
