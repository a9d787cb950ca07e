"""The commands."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from efface import __version__
from efface.cli.batch import FileOutcome, asked_to_stop, known, run_with
from efface.cli.bench_command import bench
from efface.cli.engines import ADDRESS, ENGINE, make_engine
from efface.cli.flags import FINDS, RENDERS, option_of, options_from, options_of
from efface.cli.inspect_command import inspect
from efface.cli.live_command import live
from efface.cli.review_command import review
from efface.cli.run_report import Record, reports, require_reports
from efface.cli.verify_command import verify
from efface.errors import EXIT_LOOK, EXIT_OK, EffaceError, Interrupted, UsageError, printable, worst
from efface.signals import SIGNALS, interruptible

if TYPE_CHECKING:
    from efface.pipeline.naming import Job
    from efface.pipeline.rendering import Rendered
    from efface.planning.plan import Plan


class _Place(click.Path):
    """A path, or an address."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        from efface.pipeline.remote import path_of

        try:
            return path_of(os.fsdecode(super().convert(value, parameter, context)))
        except UsageError as e:
            raise click.UsageError(str(e)) from e


A_PATH = click.Path(path_type=Path, readable=False)  # what cannot be read is said file by file, and the others are done
A_TARGET = click.Path(readable=False)
SOURCES = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", type=_Place(readable=False))

JOBS = click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N",
    help="Files to work on at once, each in a process of its own with its share of the cores. Default: as many as cores and "
    "memory allow, where there are several files for each.",
)  # fmt: skip

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}

PATIENCE_S = 3.0
"""A second signal within this time is impatience, not another wish."""


def _target(context: click.Context, parameter: click.Parameter, value: str | None) -> Path | None:
    """What -o names. With a slash at its end that is a folder, which is made; as a path it would lose the slash."""
    if value is None:
        return None
    if value.endswith(("/", os.sep)) and "://" not in value:
        from efface.files import writing

        with writing(Path(value)):
            os.makedirs(value, exist_ok=True)
    place: Path = _Place().convert(value, parameter, context)
    return place


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="efface")
def cli() -> None:
    """Find every human face and licence plate in photos and videos and erase it, so that nothing can bring it back.

    Everything happens on this machine, offline, unless you name an address or a cluster. Sources are only read. A target
    appears whole and checked, or not at all.
    efface can miss a face or a plate: look at the result before you publish it.

    Exit codes: 0 done; 1 unexpected; 2 usage; 3 a source cannot be used; 4 a part of efface is missing;
    5 a target was refused; 6 a draft did not pass its check; 7 done, and a person should look; 130 interrupted.
    """


cli.add_command(bench)
cli.add_command(inspect)
cli.add_command(live)
cli.add_command(review)
cli.add_command(verify)


@cli.command(context_settings=CONTEXT)
@SOURCES
@click.option(
    "-o", "--output", type=A_TARGET, callback=_target, help="Target file; for a folder or several sources, target folder."
)
@JOBS
@ENGINE
@ADDRESS
@reports
@options_of(*FINDS, *RENDERS, "report")
def redact(
    sources: tuple[Path, ...], output: Path | None, jobs: int | None, engine: str, address: str | None,
    reports: tuple[Path, ...], **values: Any,
) -> None:  # fmt: skip
    """Find faces and plates, and write copies without them.

    protest.mp4 becomes protest.redacted.mp4, and protest.redacted.mp4.plan.json beside it says what was erased, and why.
    A folder stands for every photo and video below it; with -o its structure is kept. The same command again does only what is
    missing or has changed: sources, options, or efface itself.
    The riskiest moments are listed; watch them, and all the rest, before you publish.
    """
    options = options_from(values)
    from efface.cli import summary
    from efface.pipeline.jobs import Redacted, Redacting
    from efface.pipeline.naming import is_single, jobs_for
    from efface.pipeline.transfer import Transfer

    jobs_to_do = jobs_for(sources, output)
    resumes = not is_single(sources, output)
    _check_reports(reports, jobs_to_do, output, overwrite=options.write.overwrite, resumes=resumes)
    hire = make_engine(engine, address, len(jobs_to_do), jobs)
    task = Transfer(Redacting(resumes), resumes, options.write.overwrite)

    def tell(job: Job, done: Redacted) -> FileOutcome:
        code = worst([summary.code(done.plan, options.risk.bound), summary.code_of(done.rendered.verification)])
        record.rendered(job, done.rendered, code, done.plan_sha256)
        said = "" if done.was_done and code == EXIT_OK else summary.redacted(done, options.risk.bound)
        return FileOutcome(said, code, done.was_done, None if done.was_done else summary.share_of(done.plan))

    with Record("redact", reports, jobs_to_do, options, resumes=resumes) as record:
        _tell_left_out(sources, output)
        code = run_with(
            hire, jobs_to_do, task, tell, output, options, writes=True, note=record.planned, record=record
        )  # fmt: skip
    sys.exit(code)


@cli.command(context_settings=CONTEXT)
@SOURCES
@click.option(
    "-o", "--output", type=A_TARGET, callback=_target, help="Plan to write; for a folder or several sources, a folder of plans."
)
@click.option("--coco", type=A_PATH, help="Also write COCO detection JSON of all photos.")
@click.option("--mot", type=A_PATH, help="Also write MOTChallenge rows of one video.")
@click.option("--overwrite", is_flag=True, show_default="off", help="Replace plans and exports that exist already.")
@option_of("--discard-edits")
@JOBS
@ENGINE
@ADDRESS
@options_of(*FINDS)
def find(
    sources: tuple[Path, ...], output: Path | None, coco: Path | None, mot: Path | None, overwrite: bool, jobs: int | None,
    engine: str, address: str | None, **values: Any,
) -> None:  # fmt: skip
    """Look for faces and plates, decide what to erase, and write nothing but the plan.

    Without -o, --coco or --mot only counts are printed. Boxes are what would be erased, margin included.
    """
    options = options_from(values)
    from efface.cli import summary
    from efface.files import require_target
    from efface.pipeline.jobs import Planning, write_text
    from efface.pipeline.naming import plans_for
    from efface.pipeline.transfer import Transfer
    from efface.planning import export_formats

    _tell_left_out(sources, output)
    to_look_at = plans_for(sources, output)
    if mot and len(to_look_at) != 1:
        raise click.UsageError("--mot describes one video; name a single file.")
    everything = tuple(j.source for j in to_look_at)
    for export in filter(None, (coco, mot)):
        require_target(export, everything, overwrite=overwrite)
    _require_apart(
        [p for p in (coco, mot, output, *(j.plan_path for j in to_look_at if output and j.plan_path != output)) if p]
    )
    plans: dict[Job, Plan] = {}

    def tell(job: Job, plan: Plan) -> FileOutcome:
        if (coco and plan.medium != "video") or mot:
            plans[job] = plan
        said = summary.planned(job.name, plan, job.plan_path if output else None, options.risk.bound)
        said += "\n  It is a video, so it is not in the COCO file." if coco and plan.medium == "video" else ""
        return FileOutcome(said, summary.code(plan, options.risk.bound))

    task = Transfer(Planning(writes=output is not None, overwrite=overwrite), resumes=False, overwrite=overwrite)
    code = run_with(
        make_engine(engine, address, len(to_look_at), jobs), to_look_at, task, tell, output, options, writes=output is not None
    )
    plans_in_order = [(job.name, plans[job]) for job in to_look_at if job in plans]
    if coco and (plans or code in (EXIT_OK, EXIT_LOOK)):
        photos = [(name, plan) for name, plan in plans_in_order if plan.medium != "video"]
        write_text(coco, everything, iter([export_formats.coco(photos)]), overwrite=overwrite)
    if mot and plans:
        write_text(mot, everything, export_formats.mot(plans_in_order[0][1]), overwrite=overwrite)
    sys.exit(code)


@cli.command(context_settings=CONTEXT)
@click.argument("source", type=A_PATH)
@click.option("--plan", "plan_path", type=A_PATH, required=True, help="The plan to obey, made by efface find or redact.")
@click.option("-o", "--output", type=A_PATH, required=True, help="Target file.")
@reports
@options_of(*RENDERS, "report", without=("--discard-edits",))
def render(source: Path, plan_path: Path, output: Path, reports: tuple[Path, ...], **values: Any) -> None:
    """Write a copy of SOURCE, erased as a plan says."""
    options = options_from(values)
    from efface.cli import summary
    from efface.pipeline.jobs import Rendering
    from efface.pipeline.naming import Job

    jobs = [Job(source, source.name, output, plan_path)]
    _check_reports(reports, jobs, output, overwrite=options.write.overwrite)
    plans: dict[Job, Plan] = {}

    def planned(job: Job, content: tuple[Plan, str]) -> None:
        plans[job], sha256 = content
        record.planned(job, plans[job], sha256)

    def tell(job: Job, done: Rendered) -> FileOutcome:
        code = summary.code_of(done.verification)
        record.rendered(job, done, code)
        plan = plans[job]
        return FileOutcome("\n".join([summary.rendered(done, plan), *summary.seen_again(done.verification, plan)]), code)

    hire = make_engine("local", None, 1, None)
    with Record("render", reports, jobs, options) as record:
        code = run_with(hire, jobs, Rendering(), tell, output, options, writes=True, note=planned, record=record)
    sys.exit(code)


def _check_reports(
    reports: Sequence[Path], jobs: Sequence[Job], output: Path | None, *, overwrite: bool, resumes: bool = False
) -> None:
    """Refuses reports before the work. Raises click.UsageError, OutputError."""
    written = [p for job in jobs for p in (job.target, job.plan_path)]
    makes = output if [job.target for job in jobs] != [output] else None
    sources = [job.source for job in jobs]
    require_reports(reports, written, sources, overwrite=overwrite, makes=makes, resumes=resumes)


def _tell_left_out(sources: Sequence[Path], output: Path | None) -> None:
    from efface.pipeline.naming import left_out

    if results := left_out(sources, output):
        named = ", ".join(printable(r) for r in results[:3]) + (", ..." if len(results) > 3 else "")
        # By a plan beside it, a source that was edited after its plan was made looks like a result, too.
        click.echo(f"Left out as results of an earlier run, by their names or the plans beside them: {named}", err=True)


def _require_apart(outputs: Sequence[Path]) -> None:
    """Raises click.UsageError when one file is to be written twice."""
    if len({os.path.abspath(p) for p in outputs}) < len(outputs):
        raise click.UsageError("Two of -o, --coco and --mot name one file. Nothing was written.")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs a command and ends the process. The only place that turns errors into exit codes."""
    code = _run_command(arguments, ends_process=arguments is None)
    if arguments is None and (code == Interrupted.exit_code or threading.active_count() > 1):
        _leave_at_once(code)
    sys.exit(code)


def _leave_at_once(code: int) -> NoReturn:
    # Python would end with another code where it noticed the interrupt inside of code made by exec, as dataclasses are,
    # and it may crash while it takes itself apart around a detector that hangs in native code.
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):
            stream.flush()
    os._exit(code)


def _run_command(arguments: Sequence[str] | None, *, ends_process: bool) -> int:
    try:
        asked_to_stop.clear()
        # SIGTERM and a closed terminal end the work as Ctrl-C does.
        with interruptible(SIGNALS, asked_to_stop, patience_s=PATIENCE_S, ignored_after=ends_process):
            cli.main(arguments, prog_name="efface", standalone_mode=False)
        code = 0
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else int(bool(e.code))
    except click.ClickException as e:
        e.show()
        code = e.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = _said(Interrupted())
    except Exception as e:
        code = _said(Interrupted() if asked_to_stop.is_set() else known(e))
    return code


def _said(error: EffaceError) -> int:
    click.echo(f"efface: {error}", err=True)
    return error.exit_code
