"""Options on what a command prints: --quiet, --json and --color; and --dry-run, which only prints.

They are kept in the context of the command, so that whatever prints can ask for them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from efface.option_values import colour_of, is_colour

if TYPE_CHECKING:
    from rich.console import Console

F = TypeVar("F", bound=Callable[..., Any])

_QUIET, _NO_PROGRESS, _JSON, _COLOR, _DRY = (
    f"efface.{name}" for name in ("quiet", "no_progress", "json", "color", "dry_run")
)
"""Keys in the context of the command."""


def _kept_as(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        context.meta[key] = value

    return keep


QUIET = click.option(
    "-q", "--quiet", is_flag=True, show_default="off", expose_value=False,
    callback=_kept_as(_QUIET),
    help="Print errors only, and what --json prints. The exit code tells whether a person should "
    "look.",
)  # fmt: skip
"""--quiet of a command that does work and prints a summary."""

NO_PROGRESS = click.option(
    "-q", "--quiet", is_flag=True, show_default="off", expose_value=False,
    callback=_kept_as(_NO_PROGRESS),
    help="Print the result and errors only: no progress.",
)  # fmt: skip
"""--quiet of a command whose result is what it prints."""

SILENT = click.option(
    "-q", "--quiet", is_flag=True, show_default="off", expose_value=False,
    callback=_kept_as(_QUIET), help="Print errors only. The exit code tells the rest.",
)  # fmt: skip
"""--quiet of a command that has no --json."""

JSON = click.option(
    "--json", is_flag=True, show_default="off", expose_value=False, callback=_kept_as(_JSON),
    help="Print the results as one JSON document at the end, in place of the summary.",
)  # fmt: skip
"""--json of a command that goes through many files. See `run_document`."""

DRY_RUN = click.option(
    "--dry-run", is_flag=True, show_default="off", expose_value=False, callback=_kept_as(_DRY),
    is_eager=True,  # before -o, which makes folders
    help="Only print what would be read and written. Write nothing, and look at no picture.",
)  # fmt: skip
"""See `dry_run`."""


class _When(click.Choice):  # type: ignore[type-arg]  # generic in newer releases only
    """When to print in colour. The colour of a fill has an option of nearly the same name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and is_colour(colour_of(value)):
            self.fail("it says when to print in colour. --colour gives that of the fill.", param)
        return super().convert(value, param, ctx)


COLOR = click.option(
    "--color", type=_When(("auto", "always", "never")), default="auto", show_default=True,
    expose_value=False, callback=_kept_as(_COLOR),
    help="Whether to print in colour. auto: on a terminal, unless NO_COLOR is set.",
)  # fmt: skip


def is_quiet() -> bool:
    """Return whether the command was given --quiet."""
    return bool(_kept(_QUIET, False))


def hides_progress() -> bool:
    """Return whether the command was given --quiet in any of its meanings."""
    return is_quiet() or bool(_kept(_NO_PROGRESS, False))


def is_json() -> bool:
    """Return whether the command was given --json, if it goes through many files."""
    return bool(_kept(_JSON, False))


def _kept(key: str, default: Any) -> Any:
    context = click.get_current_context(silent=True)
    return default if context is None else context.meta.get(key, default)


def is_dry_run() -> bool:
    """Return whether the command was given --dry-run."""
    return bool(_kept(_DRY, False))


def console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Return where to print tables and bars, in colour if that is wanted.

    width  columns if the output does not go to a terminal.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # Do not ask rich: many CI services set FORCE_COLOR, and then it takes a pipe for a terminal.
    is_terminal = stream is not None and stream.isatty()
    chosen = _kept(_COLOR, "auto")
    has_colour = chosen == "always" or (
        chosen == "auto" and is_terminal and not os.environ.get("NO_COLOR")
    )
    return Console(
        stderr=stderr,
        width=None if is_terminal else width,
        force_terminal=is_terminal or chosen == "always",
        color_system=("auto" if is_terminal else "standard") if has_colour else None,
        no_color=not has_colour,
    )
