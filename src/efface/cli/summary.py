"""What is said at the end, in plain sentences. Counts only: no names of people, no places, no pixels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from efface.detections import FACE, FINDABLE, KINDS
from efface.errors import EXIT_LOOK, EXIT_OK, printable
from efface.findings import Finding, Outcome, Verification
from efface.geometry import Box, Size
from efface.pipeline.act import Rendered
from efface.pipeline.jobs import Redacted
from efface.planning.doubt import BEGAN, CUT, ENDED, FAR, SHORT, WEAK, Doubt
from efface.planning.plan import Plan
from efface.timing import timecode

MOST_LISTED = 5
LISTED = 0.5
"""Share of the bound from which a moment is listed: one that is far below it is not worth the reader's time."""

CAUSES = {
    BEGAN: "covering starts in mid-picture",
    ENDED: "covering stops in mid-picture",
    FAR: "carried far without a sighting",
    WEAK: "hardly seen",
    SHORT: "seen briefly",
    CUT: "beside a shot change",
}


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


def redacted(result: Redacted, bound: float) -> str:
    """The lines for one target and its plan. `bound` is that of the risk."""
    lines = [rendered(result.rendered, result.plan), f"  Plan: {printable(result.plan_path)}"]
    return "\n".join([*lines, *doubtful(result.plan, bound), *seen_again(result.rendered.verification, result.plan)])


def code_of(verification: Verification) -> int:
    """The exit code for what was checked on a target that has its name."""
    is_doubtful = verification.has_looked and verification.outcome is Outcome.REVIEW
    return EXIT_LOOK if is_doubtful else EXIT_OK


def seen_again(verification: Verification, plan: Plan) -> list[str]:
    """Lines on what the checks of the target left to a person; none when there is nothing."""
    left = [f for c in verification.checks if c.outcome is Outcome.REVIEW for f in c.findings]
    if not left:
        return []
    listed = sorted(left, key=lambda f: -(f.score or 1.0))[:MOST_LISTED]
    more = f", {MOST_LISTED} of {len(left)}" if len(left) > MOST_LISTED else ""
    lines = [f"  The checks leave these for you to look at{more}:"]
    return [*lines, *(f"    {_left(f, plan)}" for f in listed)]


def _left(f: Finding, plan: Plan) -> str:
    score = f"{f.score:.2f}  " if f.score is not None else ""
    where = f", {_place(f.box, plan.size_at(0))}" if f.box is not None else ""
    return f"{score}{f.message}{where}"


def code(plan: Plan, bound: float) -> int:
    """The exit code for what was done by the plan."""
    return EXIT_LOOK if plan.risk > bound else EXIT_OK


def doubtful(plan: Plan, bound: float) -> list[str]:
    """Lines on the riskiest moments; none when nothing is worth a look."""
    listed = [d for d in plan.doubts if d.risk > bound * LISTED][:MOST_LISTED]
    if not listed:
        return []
    lines = ["  Moments to look at, riskiest first:", *(f"    {_moment(d, plan)}" for d in listed)]
    if above := sum(d.risk > bound for d in plan.doubts):
        moments = f"{above} moment{'s are' if above > 1 else ' is'}"
        lines.append(
            f"  {moments} above the bound of {bound:g}: watch before you publish. Where something shows, --sensitivity high"
        )
        lines.append("  and longer --track-lead-in and --track-lead-out cover more.")
    return lines


def _moment(doubt: Doubt, plan: Plan) -> str:
    kind = next(KINDS[t.kind] for t in plan.tracks if t.id == doubt.track)
    where = _place(doubt.box, plan.size_at(doubt.first))
    return f"{doubt.risk:.2f}  {_when(doubt, plan)}{kind}, {where}: {', '.join(CAUSES[c] for c in doubt.causes)}"


def _when(doubt: Doubt, plan: Plan) -> str:
    if plan.medium == "photo":
        return f"page {doubt.first + 1}  " if len(plan.timeline) > 1 else ""
    first, last = (timecode(float(plan.timeline.seconds[i])) for i in (doubt.first, doubt.last))
    return f"{first} to {last}  "


def _place(box: Box, size_wh: Size) -> str:
    """In which ninth of the picture the middle of the box lies."""
    x, y = ((box[i] + box[i + 2]) * 3 // (2 * size_wh[i]) for i in (0, 1))
    across, down = ("left", "middle", "right")[x], ("top", "middle", "bottom")[y]
    return across if across == down else " ".join(w for w in (down, across) if w != "middle")


def rendered(r: Rendered, plan: Plan) -> str:
    """The lines for one target."""
    lines = [f"{printable(r.target)}: {found(plan)}, {_areas(r.regions)} erased; {_checked(r)}."]
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


def _checked(r: Rendered) -> str:
    return "checked" if r.verification.has_looked else "NOT CHECKED, as --verify off asked for"


def _areas(n: int) -> str:
    return f"{n} area{'s' * (n != 1)}"


def _streams(n: int) -> str:
    return f"{n} stream{'s' * (n != 1)}"


def planned(source: str, plan: Plan, path: Path | None, bound: float) -> str:
    """The lines for one plan. `bound` is that of the risk."""
    where = f" Plan: {printable(path)}" if path else ""
    return "\n".join([f"{printable(source)}: {found(plan)}.{where}", *doubtful(plan, bound)])
