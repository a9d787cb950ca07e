"""Makes the flags of the commands from `efface.options`, where each option is defined once."""

from __future__ import annotations

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
    kind: Any = click.Choice(setting.choices) if setting.choices else setting.type
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
