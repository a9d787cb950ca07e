"""`efface find`: finds faces and plates, and writes only the plan and exports of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from efface.cli.batch import FileOutcome, run_jobs, say_left_out
from efface.cli.commands import Command
from efface.cli.dry_run import foretell
from efface.cli.engines import ADDRESS, ENGINE, engine_for
from efface.cli.exports import Exports, require_writable, write_exports
from efface.cli.flags_from_options import (
    FINDS,
    option_of,
    options_from,
    options_of,
    preset_options,
)
from efface.cli.output_options import COLOR, DRY_RUN, JSON, QUIET, is_dry_run, is_json
from efface.cli.parameters import A_PATH, CONTEXT, JOBS, SOURCES, names_folder, output_option
from efface.cli.run_document import facts_of
from efface.errors import EXIT_LOOK, EXIT_OK

if TYPE_CHECKING:
    from efface.options import Options
    from efface.pipeline.naming import AnyJob
    from efface.pipeline.remote_address import Location
    from efface.planning.given_boxes import GivenBoxes
    from efface.planning.plan import Plan


@click.command(
    cls=Command,
    context_settings=CONTEXT,
    examples=(
        ("find march.mp4 -o march.plan.json", "write a plan, and erase nothing yet"),
        ("find photos/ --coco found.json", "boxes for other programs"),
    ),
)
@SOURCES
@output_option("Plan to write; for a folder or several sources, a folder of plans.")
@click.option("--coco", type=A_PATH, help="Also write COCO detection JSON of all photos.")
@click.option("--mot", type=A_PATH, help="Also write MOTChallenge rows of one video.")
@click.option("--cvat", type=A_PATH, help="Also write CVAT 1.1 XML of one video, or of all photos.")
@click.option("--label-studio", type=A_PATH, help="Also write Label Studio's JSON of all sources.")
@click.option(
    "--boxes",
    type=A_PATH,
    help="Search nothing: the plan erases what this file of CVAT (1.1 XML) or Label Studio (JSON) "
    "names, and nothing else.",
)
@click.option(
    "--overwrite",
    is_flag=True,
    show_default="off",
    help="Replace plans and exports that exist already.",
)
@option_of("--discard-edits")
@JOBS
@ENGINE
@ADDRESS
@preset_options
@QUIET
@JSON
@COLOR
@DRY_RUN
@options_of(*FINDS)
def find(
    sources: tuple[Location, ...], output: Location | None, coco: Path | None, mot: Path | None,
    cvat: Path | None, label_studio: Path | None, boxes: Path | None,
    overwrite: bool, jobs: int | None,
    engine: str, address: str | None, **values: Any,
) -> None:  # fmt: skip
    """Find faces and plates, decide what to erase, and write only the plan.

    Without -o or an export it only prints counts. Boxes show what would be erased, margin
    included.
    """
    options = options_from(values)
    from efface.pipeline.jobs import Planning
    from efface.pipeline.naming import plans_for
    from efface.pipeline.transfer import Transfer

    say_left_out(sources, output)
    exports = Exports(coco, mot, cvat, label_studio)
    jobs_to_do = plans_for(sources, output, is_folder=names_folder())
    require_writable(jobs_to_do, output, exports, overwrite=overwrite)
    given = _given(boxes, engine)
    work = Planning(writes=output is not None, overwrite=overwrite, boxes=given)
    if is_dry_run():
        also = exports.paths
        sys.exit(foretell(work, jobs_to_do, output, options, writes=work.writes, also=also))
    plans: dict[AnyJob, Plan] = {}

    def describe(job: AnyJob, plan: Plan) -> FileOutcome:
        if exports.needs(plan):
            plans[job] = plan
        more = exports.lacks(plan, is_only=len(jobs_to_do) == 1)
        return _outcome(job.name, plan, job.plan_path if output else None, options, more)

    task = Transfer(work, resumes=False, overwrite=overwrite)
    open_engine = engine_for(engine, address, len(jobs_to_do), jobs)
    code = run_jobs(
        open_engine, jobs_to_do, task, describe, output, options, writes=output is not None
    )
    if plans or code in (EXIT_OK, EXIT_LOOK):
        in_order = [(job.name, plans[job]) for job in jobs_to_do if job in plans]
        write_exports(exports, jobs_to_do, in_order, overwrite=overwrite)
    sys.exit(code)


def _given(boxes: Path | None, engine: str) -> GivenBoxes | None:
    """Return what a file with boxes says. Raises BadBoxes."""
    if boxes is None:
        return None
    if engine != "local":
        raise click.UsageError("--boxes works on this machine only: nothing is searched.")
    from efface.planning.box_file import load_boxes

    return load_boxes(boxes)


def _outcome(
    name: str, plan: Plan, path: Location | None, options: Options, more: str
) -> FileOutcome:
    """Return what is said of one plan, which lies at `path` if it was written."""
    from efface.cli import summary

    bound = options.risk.bound
    where = {"plan": str(path)} if path else {}
    facts = where | facts_of(plan, bound) if is_json() else {}
    text = summary.planned(name, plan, path, bound) + more
    return FileOutcome(text, summary.code(plan, bound), facts=facts, left=summary.left_of(plan))
