"""`efface redact`: finds faces and plates, and writes copies without them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from efface.cli.batch import Describe, FileOutcome, run_jobs, say_left_out
from efface.cli.commands import Command
from efface.cli.comparison_option import (
    check_comparison,
    comparison_options,
    note_plan,
    write_sheet,
)
from efface.cli.dry_run import foretell
from efface.cli.engines import ADDRESS, ENGINE, engine_for
from efface.cli.flags_from_options import (
    FINDS,
    RENDERS,
    options_from,
    options_of,
    preset_options,
)
from efface.cli.output_options import COLOR, DRY_RUN, JSON, QUIET, is_dry_run, is_json, is_quiet
from efface.cli.parameters import CONTEXT, JOBS, SOURCES, names_folder, output_option
from efface.cli.run_report import REPORT, Record, check_reports
from efface.cli.signing_option import prepare_signing
from efface.errors import EXIT_OK, printable, worst

if TYPE_CHECKING:
    from efface.options import Options
    from efface.pipeline.naming import AnyJob
    from efface.pipeline.one_source import Redacted
    from efface.pipeline.remote_address import Location

DONE = "made by an earlier run, and nothing has changed since. --overwrite makes it anew."


@click.command(
    cls=Command,
    context_settings=CONTEXT,
    examples=(
        ("redact protest.mp4", "protest.redacted.mp4, and its plan"),
        ("redact photos/ -o out/", "every photo and video of a folder"),
        ("redact talk.mp4 --kinds face --cover head", "no plates; hair and ears too"),
    ),
)
@SOURCES
@output_option("Target file; for a folder or several sources, target folder.")
@JOBS
@ENGINE
@ADDRESS
@REPORT
@comparison_options
@preset_options
@QUIET
@JSON
@COLOR
@DRY_RUN
@options_of(*FINDS, *RENDERS, "report")
def redact(
    sources: tuple[Location, ...],
    output: Location | None,
    jobs: int | None,
    engine: str,
    address: str | None,
    reports: tuple[Path, ...],
    **values: Any,
) -> None:
    """Find faces and plates, and write copies without them.

    protest.mp4 becomes protest.redacted.mp4, and protest.redacted.mp4.plan.json beside it says what
    was erased, and why. A folder stands for every photo and video below it; -o keeps its structure.
    If you run the same command again, it does only what is missing or, in a folder, has changed:
    sources, options, or efface itself. efface lists the riskiest moments; watch them, and all the
    rest, before you publish.
    """
    options = options_from(values)
    from efface.pipeline.jobs import Redacting
    from efface.pipeline.naming import is_single, jobs_for
    from efface.pipeline.transfer import Transfer

    jobs_to_do = jobs_for(sources, output, is_folder=names_folder())
    resumes = not is_single(sources, output, is_folder=names_folder())
    work = Redacting(resumes, keeps=not resumes)
    prepare_signing(options, engine)
    if is_dry_run():
        say_left_out(sources, output)
        sys.exit(foretell(work, jobs_to_do, output, options, reports))
    check_comparison(jobs_to_do, options)
    check_reports(reports, jobs_to_do, output, overwrite=options.write.overwrite, resumes=resumes)
    open_engine = engine_for(engine, address, len(jobs_to_do), jobs)
    task = Transfer(work, resumes, options.write.overwrite)
    with Record(
        "redact", reports, jobs_to_do, options, resumes=resumes, is_quiet=is_quiet() or is_json()
    ) as record:
        say_left_out(sources, output)
        code = run_jobs(
            open_engine, jobs_to_do, task, _description(record, options, is_single=not resumes),
            output, options, writes=True, note=record.planned, record=record,
        )  # fmt: skip
    write_sheet(jobs_to_do, code, options)
    sys.exit(code)


def _description(record: Record, options: Options, *, is_single: bool) -> Describe:
    """Return what turns the result of a job into its words and exit code."""

    def describe(job: AnyJob, done: Redacted) -> FileOutcome:
        from efface.cli import summary

        bound = options.risk.bound
        verified = summary.code_of(done.rendered.verification)
        code = worst([summary.code(done.plan, bound), verified])
        record.rendered(job, done.rendered, code, done.plan_sha256)
        note_plan(done.plan)
        facts = summary.facts_of_redacted(job, done, bound) if is_json() else {}
        left = summary.left_of(done.plan)
        if not done.was_done:
            share = summary.share_of(done.plan)
            return FileOutcome(summary.redacted(job, done, bound), code, False, share, facts, left)
        text = f"{printable(job.target)}: {DONE}" if is_single else ""
        if code != EXIT_OK:
            text = summary.redacted(job, done, bound)
        return FileOutcome(text, code, True, facts=facts, left=left)

    return describe
