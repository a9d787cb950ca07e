"""`efface render`: writes a copy of one source with the areas of a plan erased."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from efface.cli.batch import FileOutcome, run_jobs
from efface.cli.commands import Command
from efface.cli.engines import engine_for
from efface.cli.flags_from_options import RENDERS, options_from, options_of
from efface.cli.parameters import A_PATH, CONTEXT
from efface.cli.run_report import REPORT, Record, check_reports

if TYPE_CHECKING:
    from efface.pipeline.naming import AnyJob
    from efface.pipeline.rendering import Rendered
    from efface.planning.plan import Plan


@click.command(
    cls=Command,
    context_settings=CONTEXT,
    examples=(
        (
            "render protest.mp4 protest.plan.json -o protest.redacted.mp4",
            "erase what the plan says",
        ),
    ),
)
@click.argument("source", type=A_PATH)
@click.option(
    "--plan",
    "plan_path",
    type=A_PATH,
    required=True,
    help="The plan to obey, made by efface find or redact.",
)
@click.option("-o", "--output", type=A_PATH, required=True, help="Target file.")
@REPORT
@options_of(*RENDERS, "report", without=("--discard-edits",))
def render(
    source: Path, plan_path: Path, output: Path, reports: tuple[Path, ...], **values: Any
) -> None:
    """Write a copy of SOURCE with the areas of a plan erased."""
    options = options_from(values)
    from efface.cli import summary
    from efface.pipeline.jobs import Rendering
    from efface.pipeline.naming import Job

    jobs = [Job(source, source.name, output, plan_path)]
    check_reports(reports, jobs, output, overwrite=options.write.overwrite)
    plans: dict[AnyJob, Plan] = {}

    def planned(job: AnyJob, content: tuple[Plan, str]) -> None:
        plans[job], sha256 = content
        record.planned(job, plans[job], sha256)

    def describe(job: AnyJob, done: Rendered) -> FileOutcome:
        code = summary.code_of(done.verification)
        record.rendered(job, done, code)
        plan = plans[job]
        return FileOutcome(
            "\n".join([summary.rendered(done, plan), *summary.seen_again(done.verification, plan)]),
            code,
        )

    open_engine = engine_for("local", None, 1, None)
    with Record("render", reports, jobs, options) as record:
        code = run_jobs(
            open_engine,
            jobs,
            Rendering(),
            describe,
            output,
            options,
            writes=True,
            note=planned,
            record=record,
        )
    sys.exit(code)
