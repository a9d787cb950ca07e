"""What is said at the end, in plain sentences. The sentences are those of the report: see `efface.report.text`."""

from __future__ import annotations

import shlex
from pathlib import Path

from efface.containers.raw_streams import TIMELESS
from efface.containers.sniff import format_of
from efface.errors import EXIT_LOOK, EXIT_OK, EffaceError, printable
from efface.findings import Outcome, Verification
from efface.pipeline.jobs import Redacted
from efface.pipeline.naming import beside
from efface.pipeline.rendering import Rendered
from efface.planning.plan import Plan
from efface.report import text, wording
from efface.report.facts import Done, Entry, costs_of, found_in, media_of, verdict_of
from efface.report.wording import CAUSES

__all__ = ["CAUSES", "code", "code_of", "doubtful", "entry_of", "found", "planned", "redacted", "rendered", "seen_again"]


def entry_of(r: Rendered, plan: Plan, bound: float, number: int = 1) -> Entry:
    """The facts on a target that is there. `bound` is that of the risk."""
    facts = found_in(plan, bound)
    return Entry(
        number,
        verdict_of(facts, r.verification),
        EXIT_OK,
        media=media_of(plan),
        target_sha256=r.target_sha256,
        found=facts,
        done=Done(r.frames, r.regions, r.blacked_out, r.audio_kept, r.audio_dropped),
        verification=r.verification,
    )


def found(plan: Plan) -> str:
    """What a plan holds, as one clause."""
    return wording.what_was_found(found_in(plan, 1.0), media_of(plan))


def redacted(result: Redacted, bound: float) -> str:
    """The lines for one target and its plan. `bound` is that of the risk."""
    entry = entry_of(result.rendered, result.plan, bound)
    remade = None if result.plan.edits else result.source  # a plan that a person changed is obeyed, whatever is asked for
    target, review = result.rendered.target, _review_of(result)
    said = [*text.lines(entry, target, result.plan_path, remade, review), *constant_rate(result.source, result.plan)]
    said += [*_reviewed(result), *doubtful(result.plan, bound, review)]
    return "\n".join([*said, *text.seen_again(entry)])


def _review_of(result: Redacted) -> str:
    """The command that opens this plan: with -o where the target has not the name that efface gives by itself."""
    target = result.rendered.target
    return text.review_of(result.source, None if target == beside(result.source) else target)


def constant_rate(source: Path, plan: Plan) -> list[str]:
    """A line on the rate of a film that stores no times; none for other files, and for what is not on this machine."""
    if plan.medium != "video" or len(plan.timeline) < 2:
        return []
    try:
        name = format_of(source)
    except EffaceError:
        return []
    seconds = float(plan.timeline.seconds[-1]) / (len(plan.timeline) - 1)
    return [f"  The source stores no times ({name}): its frames are shown at a constant {1 / seconds:g} per second."] * (
        name in TIMELESS and seconds > 0
    )


def _reviewed(result: Redacted) -> list[str]:
    if not result.was_reviewed or result.was_done:
        return []
    return ["  The plan that a person changed was obeyed, and nothing was looked for again (--discard-edits looks anew)."]


def share_of(plan: Plan) -> float:
    """The share of the picture that is erased, on average."""
    return costs_of(plan)[0].mean


def rendered(r: Rendered, plan: Plan) -> str:
    """The lines for one target."""
    return "\n".join(text.lines(entry_of(r, plan, 1.0), r.target))


def seen_again(verification: Verification, plan: Plan) -> list[str]:
    """Lines on what the checks of the target left to a person; none when there is nothing."""
    entry = Entry(1, verdict_of(None, verification), EXIT_OK, media=media_of(plan), verification=verification)
    return list(text.seen_again(entry))


def code(plan: Plan, bound: float) -> int:
    """The exit code for what was done by the plan."""
    return EXIT_LOOK if plan.risk > bound else EXIT_OK


def code_of(verification: Verification) -> int:
    """The exit code for what was checked on a target that has its name."""
    is_doubtful = verification.has_looked and verification.outcome is Outcome.REVIEW
    return EXIT_LOOK if is_doubtful else EXIT_OK


def doubtful(plan: Plan, bound: float, review: str = "efface review FILE") -> list[str]:
    """Lines on the riskiest moments; none when nothing is worth a look. `review` is the command that reviews the source."""
    return list(text.doubtful(found_in(plan, bound), media_of(plan), review))


def planned(source: str, plan: Plan, path: Path | None, bound: float) -> str:
    """The lines for one plan. `bound` is that of the risk."""
    where = f" Plan: {printable(path)}" if path else ""
    facts = found_in(plan, bound)
    review = text.review_of(source)
    cost = text.priced(facts, media_of(plan), review, f"efface find {shlex.quote(printable(source))}")
    left = text.left_visible(facts, review)
    return "\n".join([f"{printable(source)}: {found(plan)}.{where}", *cost, *left, *doubtful(plan, bound, review)])
