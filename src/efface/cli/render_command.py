"""`efface render`: writes copies with the areas of a plan erased, and never looks anew.

With --plan it obeys that plan for one source. Without, it renders every source whose plan a person
changed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from efface.cli.batch import FileOutcome, run_jobs, say
from efface.cli.commands import Command
from efface.cli.comparison_option import (
    check_comparison,
    comparison_options,
    note_plan,
    write_sheet,
)
from efface.cli.dry_run import foretell
from efface.cli.engines import engine_for
from efface.cli.flags_from_options import RENDERS, options_from, options_of, preset_options
from efface.cli.output_options import COLOR, DRY_RUN, JSON, QUIET, is_dry_run, is_json, is_quiet
from efface.cli.parameters import A_PATH, CONTEXT, JOBS, names_folder, output_option
from efface.cli.run_document import RunDocument
from efface.cli.run_report import REPORT, Record, check_reports
from efface.cli.signing_option import prepare_signing, require_unsigned
from efface.errors import EXIT_OK, EffaceError

if TYPE_CHECKING:
    from efface.options import Options
    from efface.pipeline.naming import AnyJob, Job
    from efface.pipeline.one_source import Redacted
    from efface.pipeline.rendering import Rendered
    from efface.planning.plan import Plan

UNFINISHED = "  The review may be unfinished: nobody accepted the file as a whole in efface review."


@click.command(
    cls=Command,
    context_settings=CONTEXT,
    examples=(
        ("render photos/ -o out/", "every file whose plan was changed in a review"),
        ("render protest.mp4 --plan protest.plan.json", "erase what this plan says"),
    ),
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", type=A_PATH)
@click.option(
    "--plan",
    "plan_path",
    type=A_PATH,
    help="The plan to obey for one SOURCE, made by efface find or redact. Default: for each source "
    "its own plan, if a person changed it.",
)
@output_option("Target file; for a folder or several sources, target folder.")
@JOBS
@REPORT
@comparison_options
@preset_options
@QUIET
@JSON
@COLOR
@DRY_RUN
@options_of(*RENDERS, "report", without=("--discard-edits",))
def render(
    sources: tuple[Path, ...],
    plan_path: Path | None,
    output: Path | None,
    jobs: int | None,
    reports: tuple[Path, ...],
    **values: Any,
) -> None:
    """Write copies with the areas of plans erased. efface does not look for anything itself.

    With --plan, SOURCE is one file. Otherwise efface renders those of the sources whose plans a
    person changed or accepted in a review, and leaves out the others; a folder stands for every
    photo and video below it. The plans are those that efface redact and review would use. If you
    run the same command again, it does only what is missing or has changed.
    """
    options = options_from(values)
    if plan_path is not None:
        require_unsigned(options)
        sys.exit(_obey(sources, plan_path, output, options, reports))
    prepare_signing(options)
    sys.exit(_render_reviewed(sources, output, options, reports, jobs))


def _obey(
    sources: Sequence[Path],
    plan_path: Path,
    output: Path | None,
    options: Options,
    reports: Sequence[Path],
) -> int:
    """Render one source by a plan, and return the exit code."""
    from efface.pipeline.jobs import Rendering
    from efface.pipeline.naming import Job, beside

    if len(sources) != 1:
        raise click.UsageError("--plan is the plan of one file: name a single SOURCE.")
    source = sources[0]
    jobs = [Job(source, source.name, output or beside(source), plan_path)]
    if is_dry_run():
        return foretell(Rendering(), jobs, None, options, reports)
    check_comparison(jobs, options)
    check_reports(reports, jobs, output, overwrite=options.write.overwrite)
    plans: dict[AnyJob, tuple[Plan, str]] = {}

    def planned(job: AnyJob, content: tuple[Plan, str]) -> None:
        plans[job] = content
        record.planned(job, *content)

    def describe(job: AnyJob, done: Rendered) -> FileOutcome:
        plan, sha256 = plans[job]
        if plan.grid != done.grid:  # the options of this run decide, and it costs another price
            plan = replace(plan, grid=done.grid)
            record.planned(job, plan, sha256)
        return _outcome(record, job, done, plan)

    with Record("render", reports, jobs, options, is_quiet=is_quiet() or is_json()) as record:
        code = run_jobs(
            engine_for("local", None, 1, None), jobs, Rendering(), describe, output, options,
            writes=True, note=planned, record=record,
        )  # fmt: skip
    write_sheet(jobs, code, options)
    return code


def _outcome(
    record: Record, job: AnyJob, done: Rendered, plan: Plan, *, was_done: bool = False
) -> FileOutcome:
    from efface.cli import summary

    code = summary.code_of(done.verification)
    note_plan(plan)
    record.rendered(job, done, code)
    facts = summary.facts_of_rendered(job, done, plan, 1.0) if is_json() else {}
    lines = [summary.rendered(done, plan), *summary.seen_again(done.verification, plan)]
    said, left = "" if was_done else "\n".join(lines), summary.left_of(plan)
    return FileOutcome(said, code, was_done, facts=facts, left=left)


def _render_reviewed(
    sources: Sequence[Path],
    output: Path | None,
    options: Options,
    reports: Sequence[Path],
    jobs: int | None,
) -> int:
    """Render the sources whose plans a person changed, and return the exit code."""
    from efface.pipeline.jobs import Redacting
    from efface.pipeline.naming import jobs_for

    work = Redacting(resumes=True, only_reviewed=True)
    known = jobs_for(sources, output, is_folder=names_folder())
    wanted = [job for job in known if _is_reviewed(job)]
    if not wanted:
        return _say_nothing_reviewed(sources)
    _say_unreviewed(len(known) - len(wanted), len(known))
    if is_dry_run():
        return foretell(work, wanted, output, options, reports)
    check_comparison(wanted, options)
    check_reports(reports, wanted, output, overwrite=options.write.overwrite, resumes=True)

    def describe(job: AnyJob, done: Redacted) -> FileOutcome:
        outcome = _outcome(record, job, done.rendered, done.plan, was_done=done.was_done)
        return _with_acceptance(outcome, done.plan)

    with Record(
        "render", reports, wanted, options, resumes=True, is_quiet=is_quiet() or is_json()
    ) as record:
        code = run_jobs(
            engine_for("local", None, len(wanted), jobs), wanted, work, describe, output, options,
            writes=True, note=record.planned, record=record,
        )  # fmt: skip
    write_sheet(wanted, code, options)
    return code


def _with_acceptance(outcome: FileOutcome, plan: Plan) -> FileOutcome:
    """Return the outcome, and whether a person accepted the plan as a whole."""
    is_accepted = plan.revised.approved
    if outcome.facts:
        outcome = outcome._replace(facts={**outcome.facts, "accepted": is_accepted})
    if outcome.text and not is_accepted:
        outcome = outcome._replace(text=f"{outcome.text}\n{UNFINISHED}")
    return outcome


def _is_reviewed(job: Job) -> bool:
    """Return whether a person changed the plan of this source. An error is reported when its turn
    comes."""
    from efface.pipeline.resume import in_use
    from efface.planning import sidecar

    try:
        return sidecar.holds_edits(in_use(job))
    except EffaceError:
        return True


def _say_nothing_reviewed(sources: Sequence[Path]) -> int:
    """Return the exit code. Raises click.UsageError if the user named a single file."""
    if len(sources) == 1 and not sources[0].is_dir():
        raise click.UsageError(
            "No person changed a plan of this file. Name the plan with --plan, or use efface "
            "redact. Nothing was written."
        )
    say("No file there has a plan that a person changed, so nothing was rendered.")
    if is_json():
        click.echo(RunDocument("render", [], is_dry_run=is_dry_run()).text(EXIT_OK))
    return EXIT_OK


def _say_unreviewed(count: int, of: int) -> None:
    if count and not is_quiet():
        click.echo(
            f"Left out: {count} of {of} files, which have no plan that a person changed. efface "
            "redact does those too.",
            err=True,
        )
