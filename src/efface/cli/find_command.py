"""`efface find`: finds faces and plates, and writes only the plan and exports of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from efface.cli.batch import FileOutcome, run_jobs, say_left_out
from efface.cli.commands import Command
from efface.cli.dry_run import foretell
from efface.cli.engines import ADDRESS, ENGINE, engine_for
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
    overwrite: bool, jobs: int | None,
    engine: str, address: str | None, **values: Any,
) -> None:  # fmt: skip
    """Find faces and plates, decide what to erase, and write only the plan.

    Without -o, --coco or --mot it only prints counts. Boxes show what would be erased, margin
    included.
    """
    options = options_from(values)
    from efface.pipeline.jobs import Planning
    from efface.pipeline.naming import plans_for
    from efface.pipeline.remote_address import local_paths
    from efface.pipeline.storage import write_text
    from efface.pipeline.transfer import Transfer
    from efface.planning import export_formats

    say_left_out(sources, output)
    jobs_to_do = plans_for(sources, output, is_folder=names_folder())
    _require_writable(jobs_to_do, output, coco, mot, overwrite=overwrite)
    work = Planning(writes=output is not None, overwrite=overwrite)
    if is_dry_run():
        also = [p for p in (coco, mot) if p]
        sys.exit(foretell(work, jobs_to_do, output, options, writes=work.writes, also=also))
    plans: dict[AnyJob, Plan] = {}

    def describe(job: AnyJob, plan: Plan) -> FileOutcome:
        if (coco and plan.medium != "video") or mot:
            plans[job] = plan
        lacks = coco is not None and plan.medium == "video"
        more = "\n  It is a video, so it is not in the COCO file." if lacks else ""
        return _outcome(job.name, plan, job.plan_path if output else None, options, more)

    task = Transfer(work, resumes=False, overwrite=overwrite)
    open_engine = engine_for(engine, address, len(jobs_to_do), jobs)
    code = run_jobs(
        open_engine, jobs_to_do, task, describe, output, options, writes=output is not None
    )
    everything = local_paths(j.source for j in jobs_to_do)
    plans_in_order = [(job.name, plans[job]) for job in jobs_to_do if job in plans]
    if coco and (plans or code in (EXIT_OK, EXIT_LOOK)):
        _write_coco(coco, everything, plans_in_order, overwrite=overwrite)
    if mot and plans:
        write_text(mot, everything, export_formats.mot(plans_in_order[0][1]), overwrite=overwrite)
    sys.exit(code)


def _outcome(
    name: str, plan: Plan, path: Location | None, options: Options, more: str
) -> FileOutcome:
    """Return what is said of one plan, which lies at `path` if it was written."""
    from efface.cli import summary

    bound = options.risk.bound
    where = {"plan": str(path)} if path else {}
    facts = where | facts_of(plan, bound) if is_json() else {}
    text = summary.planned(name, plan, path, bound) + more
    return FileOutcome(text, summary.code(plan, bound), facts=facts)


def _write_coco(
    path: Path, sources: tuple[Path, ...], plans: Sequence[tuple[str, Plan]], *, overwrite: bool
) -> None:
    from efface.pipeline.storage import write_text
    from efface.planning import export_formats

    photos = [(name, plan) for name, plan in plans if plan.medium != "video"]
    write_text(path, sources, iter([export_formats.coco(photos)]), overwrite=overwrite)


def _require_writable(
    jobs_to_do: Sequence[AnyJob],
    output: Location | None,
    coco: Path | None,
    mot: Path | None,
    *,
    overwrite: bool,
) -> None:
    """Refuse exports that cannot be written. Raises click.UsageError, OutputError."""
    from efface.files import require_target
    from efface.pipeline.remote_address import local_paths

    if mot and len(jobs_to_do) != 1:
        raise click.UsageError("--mot describes one video; name a single file.")
    everything = local_paths(j.source for j in jobs_to_do)
    for export in filter(None, (coco, mot)):
        require_target(export, everything, overwrite=overwrite)
    plans = (j.plan_path for j in jobs_to_do if output and j.plan_path != output)
    _require_apart(local_paths(p for p in (coco, mot, output, *plans) if p))


def _require_apart(outputs: Sequence[Path]) -> None:
    """Refuse two outputs with the same name. Raises click.UsageError."""
    if len({os.path.abspath(p) for p in outputs}) < len(outputs):
        raise click.UsageError(
            "Two of -o, --coco and --mot name the same file. Nothing was written."
        )
