"""Presets: sets of options under a name, built in or from a person's file in TOML.

    [our newsroom]                # the name
    sensitivity = "high"          # options, named as on the command line, without the dashes
    margin = "40%"

A preset holds nothing but options of `efface.options`. So it cannot name a file, a folder or an
address, and a preset from another person reads and writes nothing of yours. It cannot replace
targets or discard edits either: that is decided anew for each run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from efface.errors import BadPresets, UsageError
from efface.files import open_plain
from efface.option_fields import Setting
from efface.option_values import colour_of, share_of
from efface.options import Options, settings

LARGEST = 1_000_000
"""Maximum size of the file, in bytes."""

LONGEST_NAME = 60
"""Maximum length of a preset's name, in characters."""

DECIDED_EACH_TIME = (
    "--overwrite",
    "--discard-edits",
    "--erase",
    "--keep",
    "--mute",
    "--c2pa-sign",
    "--c2pa-source-hash",
)
"""Options that may destroy a file or a person's work, that fit one picture only, or that name a
person. A preset would hide them: one from another person could keep a whole picture visible."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A set of options under a name.

    about   when to use it; empty for presets of a file.
    values  values by branch and name, as `Options.from_values` takes them.
    """

    name: str
    about: str
    values: Mapping[tuple[str, str], Any]

    def options(self) -> Options:
        """Return the options that it sets; the others have their defaults."""
        return Options.from_values(self.values)

    def by_flag(self) -> dict[str, Any]:
        """Return the values by their long options, in the order of `efface.options`."""
        return {
            s.flag: self.values[s.branch, s.name]
            for s in settings()
            if (s.branch, s.name) in self.values
        }


def default_file() -> Path:
    """Return the path of a person's own presets, in the configuration folder of the platform."""
    from click import get_app_dir

    return Path(get_app_dir("efface")) / "presets.toml"


def find_preset(name: str, path: Path | None = None) -> Preset:
    """Return the preset of that name: a built-in one, or one of the file at `path`, by default that
    of `default_file`.

    Raises UsageError if no preset has that name, and BadPresets.
    """
    if built_in := next((p for p in BUILT_IN if p.name == name), None):
        return built_in
    own = own_presets(path)
    if found := next((p for p in own if p.name == name), None):
        return found
    names = [p.name for p in (*BUILT_IN, *own)]
    hint = _nearest(name, names) or f"There are: {', '.join(names)}."
    raise UsageError(f"There is no preset {name!r}. {hint} Nothing was written.")


def own_presets(path: Path | None = None) -> tuple[Preset, ...]:
    """Return the presets of a file; by default those of `default_file`, which may be missing.

    Raises BadPresets.
    """
    from_default = path is None
    path = path or default_file()
    try:
        with open_plain(path) as f:  # reading a pipe would block
            raw = f.read(LARGEST + 1)
    except FileNotFoundError as e:
        if from_default:
            return ()
        raise BadPresets(path, "there is no such file") from e
    except (OSError, ValueError) as e:
        raise BadPresets(path, (getattr(e, "strerror", None) or str(e)).lower()) from e
    if len(raw) > LARGEST:
        raise BadPresets(path, "it is too large")
    return presets_from(raw, path)


def presets_from(raw: bytes, path: Path) -> tuple[Preset, ...]:
    """Return the presets in the content of a file. `path` is for messages. Raises BadPresets."""
    try:
        tables = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as e:
        raise BadPresets(path, f"it is not valid TOML: {e}") from e
    return tuple(_preset(path, name, table) for name, table in tables.items())


def _preset(path: Path, name: str, table: object) -> Preset:
    if not isinstance(table, dict):
        raise BadPresets(
            path, f"{name!r} stands outside of a preset", "Write [NAME] on a line before it."
        )
    if not is_usable_name(name):
        raise BadPresets(path, f"{name!r} is not a usable name for a preset")
    if any(p.name == name for p in BUILT_IN):
        raise BadPresets(path, f"{name} is a built-in preset", "Choose another name.")
    try:
        values = preset_values(name, table)
    except UsageError as e:
        why, *hint = e.args
        raise BadPresets(path, f"preset {name}: {why.rstrip('.')}", " ".join(hint)) from e
    return Preset(name, "", values)


def is_usable_name(name: str) -> bool:
    """Return whether a preset may have that name."""
    return 0 < len(name) <= LONGEST_NAME and name.isprintable()


def preset_values(name: str, options: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """Return the values of a preset by branch and name. Raises UsageError.

    options  values by long option, without the dashes.
    """
    if not is_usable_name(name):
        raise UsageError(f"{name!r} is not a usable name for a preset.")
    values = dict(_value(str(key), value) for key, value in options.items())
    Options.from_values(values)
    return values


def _value(key: str, value: object) -> tuple[tuple[str, str], Any]:
    """Return branch, name and value of one line of a preset. Raises UsageError."""
    known = {s.flag.removeprefix("--"): s for s in settings() if s.flag not in DECIDED_EACH_TIME}
    if f"--{key}" in DECIDED_EACH_TIME:
        raise UsageError(f"a preset cannot set {key}; add --{key} to the command where you mean it")
    if key not in known:
        hint = _nearest(key, known) or "A preset holds options only: no paths, no addresses."
        raise UsageError(f"there is no option {key!r} for a preset", hint)
    setting = known[key]
    return (setting.branch, setting.name), _typed(setting, value)


def _typed(setting: Setting, value: object) -> Any:
    """Return the value in the option's type. Raises UsageError."""
    is_share = setting.type is float and setting.unit != "s"
    if is_share and isinstance(value, str):
        try:
            return share_of(value)
        except ValueError as e:
            raise UsageError(f"{setting.flag}: {value!r} is not a number") from e
    if setting.type is float and type(value) is int:
        return float(value)
    if type(value) is not setting.type:
        wants = {str: "text in quotes", int: "a whole number", float: "a number"}
        raise UsageError(f"{setting.flag} must be {wants.get(setting.type, 'true or false')}")
    return colour_of(value) if setting.name == "colour" and isinstance(value, str) else value


def _nearest(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, list(names), n=1)
    return f"Did you mean {near[0]}?" if near else ""


def _built_in(name: str, about: str, **values: object) -> Preset:
    typed = dict(_value(key.replace("_", "-"), value) for key, value in values.items())
    return Preset(name, about, typed)


BUILT_IN = (
    _built_in(
        "readable-photo",
        "A photo whose subject must stay recognisable as a scene: the face alone is covered, in "
        "the colours around it. Every check looks at everything.",
        kinds="face,plate", sensitivity="normal", detail="paced", cover="face", margin=0.25,
        plate_margin=0.2, style="smooth", audio="drop", bad_frames="fail", risk_bound=0.5,
        verify="full",
    ),
    _built_in(
        "street-video",
        "A film with many people and cars: whole heads are covered, and more around plates, and "
        "more moments are listed. A person reviews it before it is published.",
        kinds="face,plate", sensitivity="normal", detail="paced", cover="head", margin=0.25,
        plate_margin=0.3, style="smooth", audio="drop", bad_frames="fail", risk_bound=0.3,
        verify="quick",
    ),
    _built_in(
        "no-review",
        "Nobody will look at the copy before it is published: as much is covered as efface can, "
        "and every check looks at everything. It is slow. It still may miss somebody.",
        kinds="face,plate", sensitivity="high", detail="all", cover="head", margin=0.4,
        plate_margin=0.4, style="solid", audio="drop", bad_frames="fail", risk_bound=0.2,
        verify="full",
    ),
)  # fmt: skip
"""The presets that come with efface. They say all that they stand for, defaults too, so that later
defaults do not change them."""
