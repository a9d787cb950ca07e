"""Many files, one after the other: what is said of each, and the gravest exit code."""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from efface.errors import EXIT_LOOK, EffaceError, worst

if TYPE_CHECKING:
    from efface.cli.reporting import Record
    from efface.events import Event, Listener
    from efface.pipeline.names import Job

TRACEBACK = "EFFACE_TRACEBACK"
"""Environment variable that shows where an unexpected error came from. Off by default: tracebacks quote paths and values."""

asked_to_stop = threading.Event()
"""Somebody asked to stop. The exception that says so can get lost: in a destructor, or in a library that is being loaded."""


def run(
    jobs: Sequence[Job],
    do: Callable[[Job, Listener], tuple[str, int]],
    output: Path | None,
    *,
    writes: bool,
    counts: bool = True,
    record: Record | None = None,
) -> int:
    """Does every job, says of each how it went, and gives the gravest exit code.

    do      gives what to say of a job that was done, and its exit code.
    output  what -o names. Where that is a folder for many targets, it is made; the folder of a single one must be there.
    writes  the targets that the jobs name are written; otherwise they are only names.
    counts  say of several files how many were done.
    record  is told of errors, and of the exit code.
    """
    from rich.console import Console

    from efface.cli.progress import Display
    from efface.pipeline.jobs import each

    makes_folders = output is not None and [job.target for job in jobs] != [output]
    display = Display(Console(stderr=True), len(jobs))
    failed: list[tuple[Job, EffaceError]] = []
    codes: list[int] = []

    def one(job: Job) -> None:
        try:
            with display.file(job.name) as listener:
                said, code = do(job, _heeding(listener))
        except Exception as e:
            if asked_to_stop.is_set():  # native code may make an error of its own out of an interrupt
                raise KeyboardInterrupt from e
            if isinstance(e, EffaceError):
                raise
            raise unexpected(e, job.name) from e  # a fault of efface; the other files need not suffer from it
        codes.append(code)
        if said:
            display.say(said)

    try:
        with display.shown():
            for job, error in each(jobs, one, writes=writes, makes_folders=makes_folders):
                if error is not None:
                    failed.append((job, error))
                    if record is not None:
                        record.failed(job, error)
    finally:  # also when the run ends early
        for _, error in failed:
            click.echo(f"efface: {error}", err=True)
    if len(jobs) != 1 and counts:
        display.say(_tally(len(jobs), len(failed), codes.count(EXIT_LOOK)))
    code = worst([*codes, *(e.exit_code for _, e in failed)])
    if record is not None:
        record.ended(code)
    return code


def _heeding(listener: Listener) -> Listener:
    """The same listener, but it stops the work where an interrupt got lost on its way."""

    def listen(event: Event) -> None:
        if asked_to_stop.is_set():
            raise KeyboardInterrupt
        listener(event)

    return listen


def _tally(jobs: int, failed: int, doubtful: int) -> str:
    if not jobs:
        return "No photo or video was found, so there was nothing to do."
    done = f"{jobs - failed} of {jobs} files done" + (f", {failed} not: see above." if failed else ".")
    return done + (f" {doubtful} of them with moments that a person should look at: see above." if doubtful else "")


def unexpected(error: Exception, name: str = "") -> EffaceError:
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    return EffaceError(
        f"{name}{': ' if name else ''}unexpected error, {type(error).__name__}: {error}. No target was written for the file in "
        f"hand. Please report it; {TRACEBACK}=1 shows where it came from."
    )
