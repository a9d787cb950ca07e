"""Arguments and options that several commands share: paths, targets, `--jobs`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from efface.cli.output_options import is_dry_run
from efface.errors import UsageError

if TYPE_CHECKING:
    from efface.pipeline.remote_address import Location

F = TypeVar("F", bound=Callable[..., Any])

_FOLDER = "efface.output_is_folder"
"""Key in the context of the command."""


class _PathOrAddress(click.Path):
    """A path, or an address of another machine."""

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> Any:
        from efface.pipeline.remote_address import location_of

        try:
            return location_of(os.fsdecode(super().convert(value, parameter, context)))
        except UsageError as e:
            raise click.UsageError(str(e)) from e


def _target(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Location | None:
    """Convert what -o names.

    A name that ends in a slash is a folder: make it now, since a Path loses the slash. A dry run
    makes nothing, and remembers that it is a folder.
    """
    if value is None:
        return None
    if value.endswith(("/", os.sep)) and "://" not in value:
        context.meta[_FOLDER] = True
        if not is_dry_run():
            from efface.files import writing

            with writing(Path(value)):
                os.makedirs(value, exist_ok=True)
    target: Location = _PathOrAddress().convert(value, parameter, context)
    return target


def names_folder() -> bool:
    """Return whether the name that -o gives ends in a slash."""
    return bool(click.get_current_context().meta.get(_FOLDER, False))


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
"""Settings of click for the commands."""

A_PATH = click.Path(path_type=Path, readable=False)
"""A path on this machine. click does not check that it is readable: each unreadable file gets its
own error, and the other files are done."""

SOURCES = click.argument(
    "sources", nargs=-1, required=True, metavar="SOURCE...", type=_PathOrAddress(readable=False)
)

JOBS = click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N",
    help="Number of files to work on at once. Each has its own process and its share of the "
    "cores. Default: as many as cores and memory allow, if there are several files for each.",
)  # fmt: skip


def output_option(help: str) -> Callable[[F], F]:
    """Make the option -o of a command that takes many sources."""
    return click.option(
        "-o", "--output", type=click.Path(readable=False), callback=_target, help=help
    )
