"""--comparison: a sheet with pictures before and after, for one file, only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from efface.cli.parameters import A_PATH
from efface.errors import EXIT_LOOK, EXIT_OK

if TYPE_CHECKING:
    from efface.options import Options
    from efface.pipeline.naming import AnyJob
    from efface.planning.plan import Plan

F = TypeVar("F", bound=Callable[..., Any])

_PATH, _LEFT, _PLAN = "efface.comparison", "efface.comparison_left", "efface.comparison_plan"
"""Keys in the context of the command."""


def _kept_as(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        context.meta[key] = value

    return keep


def comparison_options(command: F) -> F:
    """Decorate a command with --comparison and --comparison-left."""
    command = click.option(
        "--comparison-left", type=click.Choice(("outlines", "original")), default="outlines",
        show_default=True, expose_value=False, callback=_kept_as(_LEFT),
        help="Left side of --comparison. outlines: the copy, with crosses where something was "
        "erased. original: the source itself, with everything that was erased; such a sheet must "
        "not be published.",
    )(command)  # fmt: skip
    return click.option(
        "--comparison", type=A_PATH, metavar="FILE.png", expose_value=False,
        callback=_kept_as(_PATH),
        help="For one file: also write a sheet with pictures before and after.",
    )(command)  # fmt: skip


def check_comparison(jobs: Sequence[AnyJob], options: Options) -> None:
    """Refuse a sheet that cannot be written, before any work. Raises click.UsageError and
    OutputError."""
    meta = click.get_current_context().meta
    path = meta.get(_PATH)
    if path is None:
        if meta.get(_LEFT) == "original":
            raise click.UsageError("--comparison-left has no effect without --comparison.")
        return
    if len(jobs) != 1 or not isinstance(jobs[0].target, Path):
        raise click.UsageError("--comparison shows one file of this machine: name a single file.")
    if path.suffix.lower() != ".png":
        raise click.UsageError("--comparison writes PNG: give it a name that ends with .png.")
    from efface.files import require_target

    files = (jobs[0].source, jobs[0].target, jobs[0].plan_path)
    for file in files:
        if path.absolute() == Path(str(file)).absolute():
            raise click.UsageError("--comparison needs a name of its own.")
    sources = tuple(f for f in files if isinstance(f, Path))
    require_target(path, sources, overwrite=options.write.overwrite)


def note_plan(plan: Plan) -> None:
    """Remember the plan by which the copy was made."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.meta[_PLAN] = plan


def write_sheet(jobs: Sequence[AnyJob], code: int, options: Options) -> None:
    """Write the sheet if one was asked for and the copy is there. Raises EffaceError."""
    meta = click.get_current_context().meta
    path, plan = meta.get(_PATH), meta.get(_PLAN)
    if path is None or plan is None or code not in (EXIT_OK, EXIT_LOOK):
        return
    from efface.pipeline.comparison import write_comparison
    from efface.pipeline.naming import Job

    (job,) = jobs
    if isinstance(job, Job):
        write_comparison(path, job.source, job.target, plan, meta[_LEFT], options)
