"""Write a person's own presets: add one to the file, replace one, or delete one.

Only the lines of that preset change. Comments and everything else that a person wrote there stay.
What was changed is read again before it replaces the file: if it is not exactly what was asked for,
the file stays as it is.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from efface.errors import BadPresets, UsageError
from efface.files import open_plain, writing
from efface.presets import BUILT_IN, LARGEST, Preset, default_file, preset_values, presets_from
from efface.staged_files import staged

_HEADING = re.compile(r"\s*\[(?!\[).*\]\s*(#.*)?")
"""A line that may begin a table."""


def save_preset(
    name: str, options: Mapping[str, Any], path: Path | None = None, *, overwrite: bool = False
) -> Preset:
    """Add a preset to the file at `path`, by default that of `default_file`, which is made.

    options    values by long option, without the dashes.
    overwrite  replace a preset of that name.

    Raises UsageError, BadPresets and WriteFailed.
    """
    path = path or default_file()
    if any(p.name == name for p in BUILT_IN):
        raise UsageError(f"{name} comes with efface. Choose another name. Nothing was written.")
    values = preset_values(name, options)
    text, own = _read(path)
    is_there = any(p.name == name for p in own)
    if is_there and not overwrite:
        raise UsageError(f"There is a preset {name!r} already. Nothing was written.")
    table = "\n".join([f"[{json.dumps(name, ensure_ascii=False)}]", *_lines(options)]) + "\n"
    kept = _without(text, name) if is_there else text
    made = (kept.rstrip() + "\n\n" if kept.strip() else "") + table
    wanted = Preset(name, "", values)
    _replace(path, made, {p.name: p for p in own if p.name != name} | {name: wanted})
    return wanted


def delete_preset(name: str, path: Path | None = None) -> None:
    """Delete a preset from the file. Raises UsageError, BadPresets and WriteFailed."""
    path = path or default_file()
    text, own = _read(path)
    if not any(p.name == name for p in own):
        raise UsageError(f"There is no preset {name!r} of yours. Nothing was written.")
    _replace(path, _without(text, name), {p.name: p for p in own if p.name != name})


def _read(path: Path) -> tuple[str, tuple[Preset, ...]]:
    """Return the text of the file and its presets; nothing if it is not there yet."""
    try:
        with open_plain(path) as f:
            raw = f.read(LARGEST + 1)
    except FileNotFoundError:
        return "", ()
    except (OSError, ValueError) as e:
        raise BadPresets(path, (getattr(e, "strerror", None) or str(e)).lower()) from e
    return raw.decode(errors="replace"), presets_from(raw, path)


def _lines(options: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in options.items()]


def _without(text: str, name: str) -> str:
    """Return the text without the lines of a preset, from its heading to the next one."""
    kept, is_inside = [], False
    for line in text.splitlines(keepends=True):
        if _HEADING.fullmatch(line.rstrip("\r\n")):
            is_inside = _named(line) == name
        if not is_inside:
            kept.append(line)
    return "".join(kept)


def _named(heading: str) -> str | None:
    try:
        return next(iter(tomllib.loads(heading)), None)
    except tomllib.TOMLDecodeError:
        return None


def _replace(path: Path, text: str, wanted: Mapping[str, Preset]) -> None:
    """Write the file if it holds exactly these presets. A link keeps its place."""
    raw = text.encode()
    try:
        found = {p.name: p for p in presets_from(raw, path)}
    except BadPresets:
        found = {}
    if len(raw) > LARGEST or found != wanted:
        raise BadPresets(
            path, "it is written in a way that efface cannot change safely", "Change it by hand."
        )
    real = Path(os.path.realpath(path))
    with writing(real):
        real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with staged(real, overwrite=True) as draft, writing(real):
        draft.write_bytes(raw)
