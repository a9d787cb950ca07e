"""`efface inspect`: tells what a file gives away, as a table or as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from efface.cli.batch import FileOutcome, run_jobs
from efface.cli.commands import Command
from efface.cli.engines import engine_for
from efface.cli.flags_from_options import options_from, options_of
from efface.cli.output_options import COLOR, NO_PROGRESS
from efface.cli.parameters import A_PATH, CONTEXT
from efface.errors import EXIT_OK, printable

if TYPE_CHECKING:
    from efface.inspection.items import Inspection
    from efface.pipeline.naming import AnyJob


@click.command(
    cls=Command,
    context_settings=CONTEXT,
    examples=(
        ("inspect photo.jpg", "what the file gives away"),
        ("inspect photos/ --json", "the same for programs"),
    ),
)
@click.argument("sources", nargs=-1, required=True, metavar="FILE...", type=A_PATH)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON instead of tables: a list with an entry for each file.",
)
@click.option(
    "--no-look",
    is_flag=True,
    help="Do not look for faces and plates; only read what is written in the file. Much faster.",
)
@click.option(
    "--no-values",
    is_flag=True,
    help=(
        "Print what each entry is and where it is, but not its value: no places, names or numbers."
    ),
)
@click.option("--own-only", is_flag=True, help="Do not run exiftool, even if it is installed.")
@NO_PROGRESS
@COLOR
@options_of("detect", "track", "read")
def inspect(
    sources: tuple[Path, ...],
    as_json: bool,
    no_look: bool,
    no_values: bool,
    own_only: bool,
    **values: Any,
) -> None:
    """Tell what in a file could identify a person in it, or the person who made it.

    Lists faces and plates, places, devices and their numbers, names, dates, programs, thumbnails
    and whether they show faces, films within photos, sound, data after the end, and everything else
    in the file. Changes and writes nothing. A folder stands for every photo and video below it. The
    output holds secrets, yours and those of others: mind who can see your screen.
    """
    options = options_from(values)
    from efface.pipeline.inspecting import Inspecting
    from efface.pipeline.naming import sources_of

    found: list[dict[str, Any]] = []
    jobs, task = sources_of(sources), Inspecting(look=not no_look, others=not own_only)

    def describe(job: AnyJob, one: Inspection) -> FileOutcome:
        found.append(one.as_json(values=not no_values))
        return FileOutcome("" if as_json else said(job.name, one, values=not no_values), EXIT_OK)

    try:
        open_engine = engine_for("local", None, len(jobs), 1)
        code = run_jobs(
            open_engine, jobs, task, describe, None, options, writes=False, counts=not as_json
        )
    finally:
        if as_json:
            click.echo(json.dumps(found, ensure_ascii=True, indent=1))
    sys.exit(code)


def said(name: str, one: Inspection, *, values: bool = True) -> str:
    """Return the table for one file, and what could not be read."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    heads = ("", "what", "says", "where") if values else ("", "what", "where")
    for head in heads:
        table.add_column(head, overflow="fold")
    before = ""
    for i in one.items:
        where = " ".join(
            w
            for w in (
                i.where,
                f"@{i.at}" if i.at is not None else "",
                f"({i.by})" if i.by != "efface" else "",
            )
            if w
        )
        # Text, not markup: a value in the file may look like rich's markup.
        cells = (
            i.group if i.group != before else "",
            i.name,
            *((i.value,) if values else ()),
            where,
        )
        table.add_row(*(Text(printable(c)) for c in cells))
        before = i.group
    width = max(80, Console().width) if sys.stdout.isatty() else 120
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as captured:
        console.print(table)
    lines = [f"{printable(name)}: {one.format}, {one.size:,} bytes", *_outcome(one)]
    return "\n".join([*lines, captured.get().rstrip()] if one.items else lines)


def _outcome(one: Inspection) -> list[str]:
    lines = []
    if not one.looked:
        lines.append("  Faces and plates: not looked.")
    elif not any(one.of("people")):
        lines.append("  Faces and plates: none found. efface may have missed some.")
    if not one.items:
        lines.append("  efface found nothing that identifies anyone. The picture itself still may.")
    lines += [f"  Could not be read: {printable(t)}." for t in one.troubles[:10]]
    lines += [
        f"  {name}: {printable(how)}."
        for name, how in one.others.items()
        if not how.startswith("looked")
    ]
    return lines
