"""`efface review`: opens a page on this machine, on which a person checks what will be erased."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import click

from efface.cli.commands import Command
from efface.cli.flags_from_options import (
    FINDS,
    RENDERS,
    options_from,
    options_of,
    preset_options,
)
from efface.cli.parameters import A_PATH
from efface.cli.signing_option import prepare_signing
from efface.errors import ExtraMissing, UsageError


@click.command(
    cls=Command,
    examples=(("review protest.mp4", "look, correct, and write the copy, in the browser"),),
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", type=A_PATH)
@click.option(
    "-o",
    "--output",
    type=A_PATH,
    help="Target file; for a folder or several sources, target folder.",
)
@click.option(
    "--no-browser",
    is_flag=True,
    show_default="off",
    help="Only print the address of the page, and do not open it.",
)
@click.option(
    "--reasons",
    type=A_PATH,
    help="Text file with one reason a line, from which the page offers one for each track: under "
    "which exemption it is erased. Plan and report hold it.",
)
@preset_options
@options_of(*FINDS, *RENDERS, without=("--discard-edits",))
def review(
    sources: tuple[Path, ...],
    output: Path | None,
    no_browser: bool,
    reasons: Path | None,
    **values: Any,
) -> None:
    """Check and correct what will be erased, in a browser on this machine, and render.

    efface first looks at files that have no plan. Every change is written to the plan at once; to
    continue later, run the same command again. The printed address opens the page once, in one
    browser. The command ends when the last tab is closed, or with Ctrl-C.
    """
    options = options_from(values)
    if any(importlib.util.find_spec(name) is None for name in ("starlette", "uvicorn")):
        raise ExtraMissing("review")
    prepare_signing(options)
    from efface.files import require_source, writing
    from efface.pipeline.naming import collisions, jobs_for
    from efface.planning.exemptions import load_reasons
    from efface.review.serve import review as serve

    offered = load_reasons(reasons) if reasons is not None else ()
    for source in sources:
        if not source.is_dir():
            require_source(source)
    jobs = jobs_for(sources, output)
    if not jobs:
        raise UsageError("No photo or video was found, so there is nothing to review.")
    for error in collisions(jobs).values():
        raise error
    if output is not None and [j.target for j in jobs] != [output]:
        for job in jobs:
            with writing(job.target):
                job.target.parent.mkdir(parents=True, exist_ok=True)
    serve(jobs, options, browser=not no_browser, say=click.echo, reasons=offered)
