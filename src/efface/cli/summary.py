"""Makes the lines that a command prints about each file.

The sentences come from the report: see `efface.report.text`.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from efface.cli.run_document import facts_of
from efface.containers.raw_streams import TIMELESS
from efface.containers.sniff import format_of
from efface.errors import EXIT_LOOK, EXIT_OK, EffaceError, printable
from efface.findings import Outcome, Verification
from efface.pipeline.naming import AnyJob, Job, beside
from efface.pipeline.one_source import Redacted
from efface.pipeline.remote_address import Location
from efface.pipeline.rendering import Rendered
from efface.planning.left_visible import by_kind
from efface.planning.plan import Plan
from efface.report import text, wording
from efface.report.facts import costs_of, found_in, media_of
from efface.report.report_model import Done, Entry
from efface.report.run_facts import verdict_of
from efface.report.wording import CAUSES

__all__ = [
    "CAUSES",
    "code",
    "code_of",
    "doubtful",
    "entry_of",
    "facts_of_redacted",
    "facts_of_rendered",
    "found",
    "left_of",
    "planned",
    "redacted",
    "rendered",
    "seen_again",
]


def entry_of(r: Rendered, plan: Plan, bound: float, number: int = 1) -> Entry:
    """Collect the facts on a target that was written. `bound` is the risk bound."""
    facts = found_in(plan, bound)
    return Entry(
        number,
        verdict_of(facts, r.verification),
        EXIT_OK,
        media=media_of(plan),
        target_sha256=r.target_sha256,
        found=facts,
        done=Done(*r.written),
        verification=r.verification,
    )


def found(plan: Plan) -> str:
    """Say what a plan holds, as one clause."""
    return wording.what_was_found(found_in(plan, 1.0), media_of(plan))


def redacted(job: AnyJob, result: Redacted, bound: float) -> str:
    """Return the lines for one target and its plan. `bound` is the risk bound."""
    entry = entry_of(result.rendered, result.plan, bound)
    remade = (
        None if result.plan.edits else job.source
    )  # efface obeys a plan that a person changed, whatever the options say
    plan_path = result.plan_path if isinstance(job, Job) else job.plan_path
    review = _review_of(job)
    said = [
        *text.lines(entry, job.target, plan_path, remade, review),
        *(constant_rate(job.source, result.plan) if isinstance(job.source, Path) else []),
    ]
    said += [*_reviewed(result), *doubtful(result.plan, bound, review)]
    return "\n".join([*said, *text.seen_again(entry)])


def facts_of_redacted(job: AnyJob, result: Redacted, bound: float) -> dict[str, Any]:
    """Return what --json says of one target and its plan. `bound` is the risk bound."""
    plan_path = result.plan_path if isinstance(job, Job) else job.plan_path
    return {
        **facts_of_rendered(job, result.rendered, result.plan, bound),
        "plan": str(plan_path),
        "follows_a_person": result.was_reviewed,
    }


def facts_of_rendered(job: AnyJob, done: Rendered, plan: Plan, bound: float) -> dict[str, Any]:
    """Return what --json says of one target. `bound` is the risk bound."""
    return {
        "target": str(job.target),
        "target_sha256": done.target_sha256,
        "checks": done.verification.outcome.value,
        **facts_of(plan, bound),
    }


def _review_of(job: AnyJob) -> str:
    """Return the command that opens this plan, with -o if the target does not have its default
    name."""
    target = job.target
    return text.review_of(job.source, None if target == beside(job.source) else target)


def constant_rate(source: Path, plan: Plan) -> list[str]:
    """Return a line on the rate of a film that stores no times; empty for other files."""
    if plan.medium != "video" or len(plan.timeline) < 2:
        return []
    try:
        name = format_of(source)
    except EffaceError:
        return []
    seconds = float(plan.timeline.seconds[-1]) / (len(plan.timeline) - 1)
    return [
        f"  The source stores no times ({name}): its frames are shown at a constant "
        f"{1 / seconds:g} per second."
    ] * (name in TIMELESS and seconds > 0)


def _reviewed(result: Redacted) -> list[str]:
    if not result.was_reviewed or result.was_done:
        return []
    return [
        "  A person changed the plan, so efface obeyed it and did not look again "
        "(--discard-edits looks again)."
    ]


def share_of(plan: Plan) -> float:
    """Return the share of the picture that is erased, on average."""
    return costs_of(plan)[0].mean


def left_of(plan: Plan) -> int:
    """Return the number of possible objects that were seen too weakly to be erased."""
    return sum(k.tracks for k in by_kind(plan))


def rendered(r: Rendered, plan: Plan) -> str:
    """Return the lines for one target."""
    return "\n".join(text.lines(entry_of(r, plan, 1.0), r.target))


def seen_again(verification: Verification, plan: Plan) -> list[str]:
    """Return lines on findings of the checks that a person must judge, if there are any."""
    entry = Entry(
        1, verdict_of(None, verification), EXIT_OK, media=media_of(plan), verification=verification
    )
    return list(text.seen_again(entry))


def code(plan: Plan, bound: float) -> int:
    """Return the exit code of a plan: whether a person should look at its moments."""
    return EXIT_LOOK if plan.risk > bound else EXIT_OK


def code_of(verification: Verification) -> int:
    """Return the exit code of the checks of a published target."""
    is_doubtful = verification.has_looked and verification.outcome is Outcome.REVIEW
    return EXIT_LOOK if is_doubtful else EXIT_OK


def doubtful(plan: Plan, bound: float, review: str = "efface review FILE") -> list[str]:
    """Return lines on the riskiest moments, if there are any.

    `review` is the command that reviews the source.
    """
    return list(text.doubtful(found_in(plan, bound), media_of(plan), review))


def planned(source: str, plan: Plan, path: Location | None, bound: float) -> str:
    """Return the lines for one plan. `bound` is the risk bound."""
    where = f" Plan: {printable(path)}" if path else ""
    facts = found_in(plan, bound)
    review = text.review_of(source)
    cost = text.priced(
        facts, media_of(plan), review, f"efface find {shlex.quote(printable(source))}"
    )
    left = text.left_visible(facts, review)
    return "\n".join(
        [
            f"{printable(source)}: {found(plan)}.{where}",
            *cost,
            *left,
            *doubtful(plan, bound, review),
        ]
    )
