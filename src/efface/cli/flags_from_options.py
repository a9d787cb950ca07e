"""Makes the flags of the commands from `efface.options`, where each option is defined once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from efface.errors import UsageError
from efface.option_fields import Setting
from efface.options import Options, settings

F = TypeVar("F", bound=Callable[..., Any])

FINDS = ("detect", "track", "cover", "risk", "read")
RENDERS = ("paint", "read", "write", "verify")
"""Branches of options for finding, and for rendering."""


def options_of(*branches: str, without: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Decorate a command with the flags of these branches, in their order, except those in
    `without`."""

    def decorate(command: F) -> F:
        wanted = [
            s
            for b in dict.fromkeys(branches)
            for s in settings()
            if s.branch == b and s.flag not in without
        ]
        for setting in reversed(wanted):
            command = _flag(setting)(command)
        return command

    return decorate


def option_of(flag: str) -> Callable[[F], F]:
    """Decorate a command with one flag."""
    return _flag(next(s for s in settings() if s.flag == flag))


def _flag(setting: Setting) -> Callable[[F], F]:
    parameter = f"{setting.branch}__{setting.name}"
    if setting.type is bool:
        return click.option(
            setting.flag,
            parameter,
            is_flag=True,
            default=setting.default,
            show_default="off",
            help=setting.help,
        )
    kind = _type_of(setting)
    unit = f"  [unit: {setting.unit}]" if setting.unit else ""
    items = (
        f"  [one or more of: {', '.join(setting.items)}; separated by commas]"
        if setting.items
        else ""
    )
    return click.option(
        setting.flag,
        parameter,
        type=kind,
        default=setting.default,
        show_default=setting.default is not None,
        help=setting.help + items + unit,
    )


def _type_of(setting: Setting) -> Any:
    if setting.choices:
        return click.Choice(setting.choices)
    if setting.name == "colour":
        return _Colour()
    return _Share() if setting.type is float and setting.unit != "s" else setting.type


class _Share(click.types.FloatParamType):
    """A number, or a percentage of the same: 40% is 0.4."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, str) and value.rstrip().endswith("%"):
            return float(super().convert(value.rstrip()[:-1], param, ctx)) / 100  # type: ignore[arg-type]
        return float(super().convert(value, param, ctx))


NAMED_COLOURS = {
    "black": "#000000",
    "silver": "#c0c0c0",
    "gray": "#808080",
    "grey": "#808080",
    "white": "#ffffff",
    "maroon": "#800000",
    "red": "#ff0000",
    "purple": "#800080",
    "fuchsia": "#ff00ff",
    "green": "#008000",
    "lime": "#00ff00",
    "olive": "#808000",
    "yellow": "#ffff00",
    "navy": "#000080",
    "blue": "#0000ff",
    "teal": "#008080",
    "aqua": "#00ffff",
    "orange": "#ffa500",
}
"""The basic colours of CSS (CSS Color Module Level 4, section 6.1, and `grey`)."""


class _Colour(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases only
    """A colour as #rrggbb, #rgb, or by its name in CSS; becomes #rrggbb."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip().lower()
        if re.fullmatch("#[0-9a-f]{3}", text):
            text = "#" + "".join(2 * digit for digit in text[1:])
        return NAMED_COLOURS.get(text, text)  # the options say what is wrong


def options_from(values: dict[str, Any]) -> Options:
    """Build the options from the flags, which are removed from `values`.

    Raises click.UsageError.
    """
    named = {key: values.pop(key) for key in list(values) if "__" in key}
    try:
        return Options.from_values(
            {(b, n): v for key, v in named.items() for b, n in [key.split("__")]}
        )
    except UsageError as e:
        raise click.UsageError(str(e)) from e
