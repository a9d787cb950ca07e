"""Makes the flags of the commands from `efface.options`, where each option is defined once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from efface.errors import EffaceError, UsageError
from efface.option_fields import Setting
from efface.option_values import NAMED_COLOURS, colour_of, is_colour, share_of
from efface.options import Options, settings

if TYPE_CHECKING:
    from efface.presets import Preset

F = TypeVar("F", bound=Callable[..., Any])

FINDS = ("detect", "track", "cover", "risk", "read")
RENDERS = ("paint", "read", "write", "verify", "sign")
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
        multiple=setting.is_repeatable,
        default=setting.default,
        show_default=setting.default is not None and not setting.is_repeatable,
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
            with suppress(ValueError):
                return share_of(value)
        return float(super().convert(value, param, ctx))


class _Colour(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases only
    """A colour as #rrggbb, #rgb, or by its name in CSS; becomes #rrggbb."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        colour = colour_of(str(value))
        if not is_colour(colour):
            self.fail(f"{value!r} is not a colour. Write #rrggbb, or a name such as white.", param)
        return colour

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the names of colours."""
        return [CompletionItem(name) for name in NAMED_COLOURS if name.startswith(incomplete)]


def _preset_names(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the names of presets, a person's own and the built-in ones."""
    from efface.presets import BUILT_IN, own_presets

    own: tuple[Preset, ...] = ()
    with suppress(EffaceError):  # the file of presets is for the command to judge
        own = own_presets()
    return [
        CompletionItem(p.name, help=p.about)
        for p in (*own, *BUILT_IN)
        if p.name.startswith(incomplete)
    ]


_USE, _PRESET_FILE = "efface.use", "efface.preset_file"
"""Keys in the context of the command."""


def _kept_as(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        context.meta[key] = value

    return keep


def preset_options(command: F) -> F:
    """Decorate a command with --use and --preset-file. `options_from` obeys them."""
    command = click.option(
        "--preset-file", type=click.Path(path_type=Path, readable=False),
        expose_value=False, callback=_kept_as(_PRESET_FILE),
        help="File of presets to look in. Default: presets.toml in your configuration folder, "
        "which efface presets names.",
    )(command)  # fmt: skip
    return click.option(
        "--use", metavar="NAME", expose_value=False, callback=_kept_as(_USE),
        shell_complete=_preset_names,
        help="Preset to start from; other options of the command line replace its values. "
        "efface presets lists all.",
    )(command)  # fmt: skip


def preset_in_use() -> Preset | None:
    """Return the preset that the command line names. Raises click.UsageError, BadPresets."""
    meta = click.get_current_context().meta
    name, path = meta.get(_USE), meta.get(_PRESET_FILE)
    if name is None and path is not None:
        raise click.UsageError("--preset-file has no effect without --use NAME.")
    if name is None:
        return None
    from efface.presets import find_preset

    try:
        return find_preset(name, path)
    except UsageError as e:
        raise click.UsageError(str(e)) from e


def _with_preset(named: dict[str, Any]) -> dict[str, Any]:
    """Return the values, and the preset's where the command line gives none. What the command has
    no option for does not concern it."""
    preset = preset_in_use()
    context = click.get_current_context()
    given = {f"{b}__{n}": v for (b, n), v in preset.values.items()} if preset else {}
    return {
        key: given[key]
        if key in given and context.get_parameter_source(key) is ParameterSource.DEFAULT
        else value
        for key, value in named.items()
    }


def options_from(values: dict[str, Any]) -> Options:
    """Build the options from the preset and the flags, which are removed from `values`.

    Raises click.UsageError, BadPresets.
    """
    named = _with_preset({key: values.pop(key) for key in list(values) if "__" in key})
    try:
        return Options.from_values(
            {(b, n): v for key, v in named.items() for b, n in [key.split("__")]}
        )
    except UsageError as e:
        raise click.UsageError(str(e)) from e
