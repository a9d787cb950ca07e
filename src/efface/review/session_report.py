"""Build the report on what was rendered from the page: the same one that the command line
writes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from efface.errors import EXIT_LOOK, EXIT_OK, printable
from efface.files import sha256_of
from efface.report import facts, report_model, run_facts
from efface.report.page import page
from efface.review.file_registry import Folder
from efface.review.session import ReviewSession

REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""Policy for the report, which contains its style and runs no script."""


def report_of(session: ReviewSession, folder: Folder) -> str | None:
    """Return the report as HTML, or None if nothing was rendered since the review was opened."""
    if folder.done is None or folder.rendered_plan is None:
        return None
    plan, done, bound = folder.rendered_plan, folder.done, session.options.risk.bound
    found = facts.found_in(plan, bound)
    verdict = run_facts.verdict_of(found, done.verification)
    code = EXIT_OK if verdict is report_model.Verdict.CLEAN else EXIT_LOOK
    is_same = folder.document is not None and folder.document.plan is plan
    told = session.options.report.wanted
    name, target = (
        (printable(folder.job.name), printable(folder.job.target.name))
        if "names" in told
        else ("", "")
    )
    entry = report_model.Entry(
        1,
        verdict,
        code,
        name,
        target,
        media=facts.media_of(plan),
        plan_sha256=sha256_of(folder.document.path)
        if is_same and folder.document is not None
        else "",
        target_sha256=done.target_sha256,
        found=found,
        done=report_model.Done(*done.written),
        verification=done.verification,
        chosen=run_facts.chosen("render", asdict(session.options), plan.options),
        networks=run_facts.networks_of(plan),
    )
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ") if "date" in told else ""
    software = run_facts.software()
    return "".join(page(report_model.Report("render", (entry,), code, made, software=software)))
