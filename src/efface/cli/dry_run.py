"""`--dry-run`: print what a command would read and write, and write nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from efface.cli.batch import FileOutcome, run_jobs, say
from efface.cli.engines import engine_for
from efface.errors import EXIT_OK, UsageError, printable

if TYPE_CHECKING:
    from efface.options import Options
    from efface.pipeline.jobs import Planning, Redacting, Rendering
    from efface.pipeline.naming import AnyJob
    from efface.pipeline.one_source import Foreseen
    from efface.pipeline.remote_address import Location


def foretell(
    task: Redacting | Rendering | Planning,
    jobs: Sequence[AnyJob],
    output: Location | None,
    options: Options,
    reports: Sequence[Path] = (),
    *,
    writes: bool = True,
    also: Sequence[Path] = (),
) -> int:
    """Print what the task would do with each job, and return the exit code.

    writes  as in `run_jobs`.
    also    more files that would be written.

    Raises click.UsageError for what a dry run cannot tell, and UsageError.
    """
    from efface.pipeline.jobs import Foreseeing
    from efface.pipeline.naming import Job

    if reports:
        raise click.UsageError("--report is about a run, and --dry-run makes none.")
    if not all(isinstance(job, Job) for job in jobs):
        raise UsageError("--dry-run works only on files of this machine. Nothing was written.")
    code = run_jobs(
        engine_for("local", None, 1, None), jobs, Foreseeing(task, output is not None), _outcome,
        None, options, writes=writes, counts=False,
    )  # fmt: skip
    for path in also:
        say(f"It would also write {printable(path)}.")
    say(f"A dry run over {len(jobs)} {'file' if len(jobs) == 1 else 'files'}: nothing was written.")
    return code


def _outcome(job: AnyJob, done: Foreseen) -> FileOutcome:
    facts = {
        "outcome": f"would {done.action}",
        "follows": str(done.follows) if done.follows else None,
        "writes": [str(p) for p in done.writes],
        "replaces": [str(p) for p in done.replaces],
    }
    return FileOutcome(_said(job, done), EXIT_OK, facts=facts)


def _said(job: AnyJob, done: Foreseen) -> str:
    name = printable(job.name)
    if done.action == "keep":
        return f"{name}: nothing to do; an earlier run made {printable(job.target)}."
    does = "look at it" if done.follows is None else f"follow the plan {printable(done.follows)}"
    writes = " and ".join(map(printable, done.writes)) or "nothing"
    replaces = " and ".join(map(printable, done.replaces))
    return f"{name}: efface would {does}, and write {writes}." + (
        f" It would replace {replaces}." if replaces else ""
    )
