"""The commands."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from efface import __version__
from efface.cli.flags import FINDS, RENDERS, options_from, options_of
from efface.errors import EffaceError, Interrupted, printable, worst

if TYPE_CHECKING:
    from efface.events import Listener
    from efface.pipeline.names import Job

A_PATH = click.Path(path_type=Path)
SOURCES = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", type=A_PATH)

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}

TRACEBACK = "EFFACE_TRACEBACK"
"""Environment variable that shows where an unexpected error came from. Off by default: tracebacks quote paths and values."""


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="efface")
def cli() -> None:
    """Find every human face in photos and videos and erase it, so that nothing can bring it back.

    Everything happens on this machine, offline. Sources are only read. A target appears whole and checked, or not at all.
    efface can miss a face: look at the result before you publish it.

    Exit codes: 0 done; 1 unexpected; 2 usage; 3 a source cannot be used; 4 a part of efface is missing;
    5 a target was refused; 6 a draft did not pass its check; 7 done, needs review; 130 interrupted.
    """


@cli.command(context_settings=CONTEXT)
@SOURCES
@click.option("-o", "--output", type=A_PATH, help="Target file; for a folder or several sources, target folder.")
@options_of(*FINDS, *RENDERS)
def redact(sources: tuple[Path, ...], output: Path | None, **values: Any) -> None:
    """Find faces and write copies without them.

    protest.mp4 becomes protest.redacted.mp4, and protest.redacted.plan.json beside it says what was erased, and why.
    A folder stands for every photo and video below it; with -o its structure is kept.
    """
    options = options_from(values)
    from efface.cli import summary
    from efface.pipeline.jobs import Workshop
    from efface.pipeline.names import jobs_for

    with Workshop(options) as workshop:
        code = _run(jobs_for(sources, output), lambda job, tell: summary.redacted(workshop.redact(job, tell)), writes=True)
    sys.exit(code)


@cli.command(context_settings=CONTEXT)
@SOURCES
@click.option("-o", "--output", type=A_PATH, help="Plan to write; for a folder or several sources, a folder of plans.")
@click.option("--coco", type=A_PATH, help="Also write COCO detection JSON of all photos.")
@click.option("--mot", type=A_PATH, help="Also write MOTChallenge rows of one video.")
@click.option("--overwrite", is_flag=True, help="Replace plans and exports that exist already.")
@options_of(*FINDS)
def find(
    sources: tuple[Path, ...], output: Path | None, coco: Path | None, mot: Path | None, overwrite: bool, **values: Any
) -> None:
    """Look for faces, decide what to erase, and write nothing but the plan.

    Without -o, --coco or --mot only counts are printed. Boxes are what would be erased, margin included.
    """
    options = options_from(values)
    from efface.cli import summary
    from efface.files import require_target
    from efface.pipeline.jobs import Workshop, write_plan, write_text
    from efface.pipeline.names import plans_for
    from efface.planning import exchange
    from efface.planning.plan import Plan

    jobs = plans_for(sources, output)
    if mot and len(jobs) != 1:
        raise click.UsageError("--mot describes one video; name a single file.")
    for export in filter(None, (coco, mot)):
        require_target(export, tuple(j.source for j in jobs), overwrite=overwrite)
    plans: list[tuple[str, Plan]] = []
    with Workshop(options) as workshop:

        def do(job: Job, tell: Listener) -> str:
            plan = workshop.find(job.source, tell)
            if (coco and plan.medium != "video") or mot:
                plans.append((job.name, plan))
            if output:
                write_plan(plan, job.plan_path, job.source, overwrite=overwrite)
            return summary.planned(job.name, plan, job.plan_path if output else None)

        code = _run(jobs, do, writes=output is not None)
    if coco:
        write_text(coco, jobs[0].source, iter([exchange.coco(plans)]), overwrite=overwrite)
    if mot and plans:
        write_text(mot, jobs[0].source, exchange.mot(plans[0][1]), overwrite=overwrite)
    sys.exit(code)


@cli.command(context_settings=CONTEXT)
@click.argument("source", type=A_PATH)
@click.option("--plan", "plan_path", type=A_PATH, required=True, help="The plan to obey, made by efface find or redact.")
@click.option("-o", "--output", type=A_PATH, required=True, help="Target file.")
@options_of(*RENDERS)
def render(source: Path, plan_path: Path, output: Path, **values: Any) -> None:
    """Write a copy of SOURCE, erased as a plan says."""
    options = options_from(values)
    from efface.cli import summary
    from efface.pipeline.jobs import Workshop
    from efface.pipeline.names import Job
    from efface.planning.sidecar import load

    def do(job: Job, tell: Listener) -> str:
        plan = load(plan_path)
        return summary.rendered(workshop.render(job.source, plan, job.target, tell), plan)

    with Workshop(options) as workshop:
        sys.exit(_run([Job(source, source.name, output, plan_path)], do, writes=False))


def _run(jobs: Sequence[Job], do: Callable[[Job, Listener], str], *, writes: bool) -> int:
    """Does every job, says of each how it went, and gives the gravest exit code."""
    from rich.console import Console

    from efface.cli.progress import Display
    from efface.pipeline.jobs import each

    display = Display(Console(stderr=True), len(jobs))
    failed: list[tuple[Job, EffaceError]] = []

    def one(job: Job) -> None:
        with display.file(job.name) as listener:
            said = do(job, listener)
        display.say(said)

    with display.shown():
        for job, error in each(jobs, one, writes=writes):
            if error is not None:
                failed.append((job, error))
    for _, error in failed:
        click.echo(f"efface: {error}", err=True)
    if len(jobs) != 1:
        click.echo(
            f"{len(jobs) - len(failed)} of {len(jobs)} files done" + (f", {len(failed)} not: see above." if failed else ".")
        )
    return worst(e.exit_code for _, e in failed)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the work as Ctrl-C does: drafts are removed on the way out."""

    def stop(signum: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs a command and ends the process. The only place that turns errors into exit codes."""
    try:
        with _terminable():
            cli.main(arguments, prog_name="efface", standalone_mode=False)
        code = 0
    except click.ClickException as e:
        e.show()
        code = e.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = _said(Interrupted())
    except EffaceError as e:
        code = _said(e)
    except Exception as e:
        code = _unexpected(e)
    sys.exit(code)


def _said(error: EffaceError) -> int:
    click.echo(f"efface: {error}", err=True)
    return error.exit_code


def _unexpected(error: Exception) -> int:
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    click.echo(
        f"efface: unexpected error, {type(error).__name__}: {printable(error)}. No target was written for the file in hand. "
        f"Please report it; {TRACEBACK}=1 shows where it came from.",
        err=True,
    )
    return EffaceError.exit_code
