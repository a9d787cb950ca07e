"""`efface verify`: checks a finished target, and prints how each check ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from efface.cli.batch import run_one
from efface.cli.commands import Command
from efface.cli.flags_from_options import options_from, options_of
from efface.cli.output_options import COLOR, QUIET, console, hides_progress, is_quiet
from efface.cli.parameters import A_PATH
from efface.cli.run_report import REPORT, Record, require_reports
from efface.errors import EXIT_LOOK, EXIT_OK, VerificationFailed, printable
from efface.findings import Check, Finding, Outcome, Verification

if TYPE_CHECKING:
    from efface.options import Options
    from efface.pipeline.jobs import Verifying
    from efface.pipeline.naming import Job

CODES = {
    Outcome.CLEAN: EXIT_OK,
    Outcome.REVIEW: EXIT_LOOK,
    Outcome.NOT_CLEAN: VerificationFailed.exit_code,
    Outcome.SKIPPED: VerificationFailed.exit_code,
}
"""If no check could look, the target is not clean."""

MOST_LISTED = 20
STYLES = {
    Outcome.CLEAN: "green",
    Outcome.REVIEW: "yellow",
    Outcome.NOT_CLEAN: "bold red",
    Outcome.SKIPPED: "dim",
}
WIDTH = 110
"""Columns of the output if it does not go to a terminal."""


@click.command(
    cls=Command,
    examples=(
        ("verify protest.redacted.mp4 --source protest.mp4", "check a copy against its source"),
    ),
)
@click.argument("target", type=A_PATH)
@click.option(
    "--plan",
    type=A_PATH,
    help="The plan that the target was made by. Default: the plan beside the target, if any.",
)
@click.option(
    "--source",
    type=A_PATH,
    help="The source of the target. Without it, no check can tell whether parts of it survive.",
)
@click.option(
    "--quick",
    is_flag=True,
    show_default="off",
    help="Take the second look only at a sample of the frames.",
)
@click.option(
    "--json", "as_json", is_flag=True, show_default="off", help="Print everything as JSON."
)
@click.option(
    "--overwrite",
    "write__overwrite",
    is_flag=True,
    show_default="off",
    help="Replace reports that exist already.",
)
@REPORT
@QUIET
@COLOR
@options_of("detect", "read", "report", without=("--sensitivity",))
def verify(
    target: Path,
    plan: Path | None,
    source: Path | None,
    quick: bool,
    as_json: bool,
    reports: tuple[Path, ...],
    **values: Any,
) -> None:
    """Check a finished target again, from the disk, as a stranger would.

    It checks hashes, coverage (does anything of the source survive where the plan erases?), a
    second look for faces and plates, leftovers in the file, and fidelity (is the rest of the film
    unchanged?). A check that lacks what it needs says that it did not look.

    Exit codes: 0 clean; 6 not clean; 7 something that a person should look at.
    """
    options = options_from(values | {"verify__level": "quick" if quick else "full"})
    from efface.files import sha256_of
    from efface.pipeline.jobs import Verifying
    from efface.pipeline.naming import Job, plan_beside
    from efface.planning.sidecar import load

    beside = plan_beside(target) if plan is None else None
    if beside is not None and not is_quiet():
        click.echo(f"efface: using the plan beside the target: {printable(beside)}", err=True)
    used = plan or beside
    inputs = [p for p in (target, used, source) if p is not None]
    require_reports(reports, [], inputs, overwrite=options.write.overwrite, makes=None)
    job = Job(source or target, (source or target).name, target, used or target)
    with Record("verify", reports, [job], options, is_quiet=as_json or is_quiet()) as record:
        if used is not None and reports:
            record.planned(job, load(used), sha256_of(used))
        found = _with_progress(Verifying(used, source), job, options)
        record.verified(job, found, CODES[_outcome(found)])
    if as_json:
        click.echo(json.dumps(as_data(found), indent=1, allow_nan=False))
    elif not is_quiet():
        _show(target, found, is_quick=quick)
    sys.exit(CODES[_outcome(found)])


def _with_progress(task: Verifying, job: Job, options: Options) -> Verification:
    from efface.cli.progress import Display

    display = Display(console(stderr=True), 1, is_quiet=hides_progress())
    with display.shown(), display.file(job.target.name) as listener:
        found: Verification = run_one(task, job, options, listener)
    return found


def _outcome(found: Verification) -> Outcome:
    return found.outcome if found.has_looked else Outcome.SKIPPED


def as_data(found: Verification) -> dict[str, Any]:
    """Return the verification as plain values.

    Frames count from 0; boxes are x1, y1, x2, y2 in pixels.
    """
    return {
        "format": "efface-verification",
        "version": 1,
        "outcome": _outcome(found).value,
        "checks": [
            {
                "name": c.name,
                "outcome": c.outcome.value,
                "why": c.why,
                "facts": dict(c.facts),
                "findings": [_finding(f) for f in c.findings],
            }
            for c in found.checks
        ],
    }


def _finding(f: Finding) -> dict[str, Any]:
    return {
        "message": f.message,
        "frame": f.frame,
        "time_s": f.time_s,
        "box": f.box,
        "score": f.score,
    }


def _show(target: Path, found: Verification, *, is_quick: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console(width=WIDTH)
    table = Table(
        "check", "outcome", "what it says", title=Text(printable(target.name)), title_justify="left"
    )
    for check in found.checks:
        table.add_row(
            check.name, Text(check.outcome.value, STYLES[check.outcome]), Text(_said(check))
        )
    out.print(table)
    for check in found.checks:
        for f in check.findings[:MOST_LISTED]:
            out.print(Text(f"{check.name}: {located(f)}"))
        if len(check.findings) > MOST_LISTED:
            out.print(
                f"{check.name}: and {len(check.findings) - MOST_LISTED} more; --json lists them all"
            )
    out.print(Text(conclusion(found, is_quick=is_quick), STYLES[_outcome(found)]))


def conclusion(found: Verification, *, is_quick: bool) -> str:
    """Sum up in one or two sentences. Say "clean" only if every check looked at everything."""
    unseen = [c.name for c in found.checks if c.outcome is Outcome.SKIPPED]
    again = next((c.facts for c in found.checks if c.name == "second look" and c.facts), None)
    if is_quick and again is not None:
        left = int(again["frames"]) - int(again["frames looked at"])
        unseen += (
            [f"{left} of {again['frames']} frames in the second look (--quick)"] if left else []
        )
    outcome = _outcome(found)
    if outcome is Outcome.SKIPPED or not unseen:
        return f"Altogether: {outcome.value}."
    said = "nothing found where it looked" if outcome is Outcome.CLEAN else outcome.value
    return f"Altogether: {said}. It did not look at: {', '.join(unseen)}."


def _said(check: Check) -> str:
    if check.why:
        return f"it did not look: {check.why}"
    return "; ".join(f"{name} {_short(value)}" for name, value in check.facts.items())


def _short(value: str | int | float) -> str:
    is_hash = isinstance(value, str) and len(value) == 64 and " " not in value
    return f"{str(value)[:12]}…" if is_hash else str(value)


def located(f: Finding) -> str:
    """Return the finding as one line, with its score and place if it has them."""
    score = f", score {f.score:.2f}" if f.score is not None else ""
    box = "" if f.box is None else " (box {} {} {} {})".format(*f.box)
    return f"{printable(f.message)}{score}{box}"
