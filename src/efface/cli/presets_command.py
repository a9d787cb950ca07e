"""`efface presets`: lists the presets, and what each of them sets."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from efface.cli.commands import Command
from efface.cli.parameters import A_PATH, CONTEXT
from efface.errors import BadPresets, printable
from efface.presets import BUILT_IN, Preset, default_file, own_presets

COLUMNS = 90


@click.command(
    cls=Command,
    context_settings=CONTEXT,
    examples=(
        ("presets", "all presets, and what they set"),
        ("redact march.mp4 --use street-video", "start from one of them"),
    ),
)
@click.option("--preset-file", type=A_PATH, help="Read this file in place of your own.")
@click.option(
    "--json", "as_json", is_flag=True, show_default="off", help="Print everything as JSON."
)
def presets(preset_file: Path | None, as_json: bool) -> None:
    """List the presets that --use takes, and what each of them sets.

    Three come with efface. Yours are in a file in TOML, which this command names: a table for each
    preset, with options as on the command line, without the dashes.
    """
    path = preset_file or default_file()
    try:
        own = own_presets(preset_file)
    except BadPresets:
        if not as_json:
            click.echo("\n\n".join(map(_said, BUILT_IN)) + "\n")
        raise
    if as_json:
        click.echo(json.dumps(_data(own, path), indent=1))
        return
    where = "Yours" if own else "Yours would be"
    click.echo("\n\n".join([*map(_said, (*BUILT_IN, *own)), f"{where} in {printable(path)}"]))


def _said(preset: Preset) -> str:
    return "\n".join([printable(preset.name), *_about(preset), *_values(preset)])


def _about(preset: Preset) -> list[str]:
    indent = "  "
    return textwrap.wrap(preset.about, COLUMNS, initial_indent=indent, subsequent_indent=indent)


def _values(preset: Preset) -> Iterator[str]:
    for flag, value in preset.by_flag().items():
        yield f"    {flag} {printable(value)}"


def _data(own: tuple[Preset, ...], path: Path) -> dict[str, object]:
    return {
        "format": "efface-presets",
        "version": 1,
        "file": str(path),
        "presets": [
            {
                "name": p.name,
                "built_in": p in BUILT_IN,
                "about": p.about,
                "options": {f.removeprefix("--"): v for f, v in p.by_flag().items()},
            }
            for p in (*BUILT_IN, *own)
        ],
    }
