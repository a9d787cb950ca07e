"""`efface presets`: lists the presets, saves and deletes a person's own."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from efface.cli.commands import GROUPS, Command
from efface.cli.flags_from_options import options_of
from efface.cli.parameters import A_PATH, CONTEXT
from efface.errors import BadPresets, UsageError, printable
from efface.options import settings
from efface.preset_file import delete_preset, save_preset
from efface.presets import (
    BUILT_IN,
    DECIDED_EACH_TIME,
    Preset,
    default_file,
    find_preset,
    own_presets,
)

COLUMNS = 90


@click.command(
    cls=Command,
    context_settings=CONTEXT,
    examples=(
        ("presets", "all presets, and what they set"),
        ("redact march.mp4 --use street-video", "start from one of them"),
        ("presets --save newsroom --use street-video --margin 40%", "one of your own"),
        ("presets --delete newsroom", "and away with it"),
    ),
)
@click.option("--preset-file", type=A_PATH, help="Use this file in place of your own.")
@click.option(
    "--save", "saved", metavar="NAME",
    help="Save the other options of this command line in your file, as a preset of that name.",
)  # fmt: skip
@click.option("--use", metavar="NAME", help="With --save: preset to start from.")
@click.option("--delete", "deleted", metavar="NAME", help="Delete that preset from your file.")
@click.option(
    "--replace", is_flag=True, show_default="off",
    help="With --save: replace a preset of that name.",
)  # fmt: skip
@click.option(
    "--json", "as_json", is_flag=True, show_default="off", help="Print everything as JSON."
)
@options_of(*GROUPS, without=DECIDED_EACH_TIME)
def presets(
    preset_file: Path | None,
    saved: str | None,
    use: str | None,
    deleted: str | None,
    replace: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """List the presets that --use takes and what each of them sets, or save one of your own.

    Three come with efface. Yours are in a file in TOML, which this command names: a table for each
    preset, with options as on the command line, without the dashes. --save and --delete change only
    the lines of that preset. The page of efface open uses the same file.
    """
    given = _given(values)
    if saved is None and (given or use or replace):
        wrong = next(iter(given), "use" if use else "replace")
        raise click.UsageError(f"--{wrong} has no effect without --save NAME.")
    if saved is not None and deleted is not None:
        raise click.UsageError("Save or delete, one at a time.")
    try:
        if saved is not None:
            base = find_preset(use, preset_file) if use else None
            before = {f.removeprefix("--"): v for f, v in base.by_flag().items()} if base else {}
            save_preset(saved, before | given, preset_file, overwrite=replace)
        if deleted is not None:
            delete_preset(deleted, preset_file)
    except UsageError as e:
        hint = " Add --replace to replace it." if "already" in str(e) else ""
        raise click.UsageError(f"{e}{hint}") from e
    _list(preset_file, as_json=as_json)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Return the options that the command line names, by their long names without the dashes."""
    source = click.get_current_context().get_parameter_source
    return {
        s.flag.removeprefix("--"): values[key]
        for s in settings()
        for key in [f"{s.branch}__{s.name}"]
        if key in values and source(key) not in (None, ParameterSource.DEFAULT)
    }


def _list(preset_file: Path | None, *, as_json: bool) -> None:
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
