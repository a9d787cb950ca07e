"""Classes of click with efface's manners: options in groups, examples, and help for a wrong
name."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from efface.errors import printable

GROUPS = {
    "detect": "Looking",
    "track": "Following through time",
    "cover": "How much to cover",
    "risk": "Residual risk",
    "read": "Sources",
    "paint": "What stands in place",
    "write": "Targets",
    "report": "Reports",
    "verify": "Checking",
    "sign": "Signing",
    "live": "Live streams",
}
"""Headings of the branches of `efface.options`, in the order of the documentation."""

OWN = "Options"
"""Heading of what only one command has."""


class Command(click.Command):
    """A command whose help shows the options in groups, with examples before them.

    examples  (what to type after `efface`, what it does) of each.
    """

    def __init__(self, *a: Any, examples: Sequence[tuple[str, str]] = (), **k: Any) -> None:
        super().__init__(*a, **k)
        self.examples = tuple(examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then each group of options under its heading."""
        if self.examples:
            with formatter.section("Examples"):
                formatter.write_dl([(f"efface {typed}", does) for typed, does in self.examples])
        groups: dict[str, list[tuple[str, str]]] = {OWN: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                groups.setdefault(_heading(parameter), []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def _heading(parameter: click.Parameter) -> str:
    branch, mark, _ = (parameter.name or "").partition("__")
    return GROUPS[branch] if mark else OWN


def has_page() -> bool:
    """Return whether the packages of the page are installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("starlette", "uvicorn"))


def _may_open_page() -> bool:
    """Return whether a person is at a terminal, and the page is installed."""
    return sys.stdin.isatty() and sys.stdout.isatty() and has_page()


class Commands(click.Group):
    """The list of commands. The name of a file in place of a command gets a hint.

    Without any argument on a terminal, the page opens: that is a person who wants to begin.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name the command that opens the page where nothing was typed."""
        return super().parse_args(ctx, args or (["open"] if _may_open_page() else []))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command. Raises click.UsageError."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as e:
            named = os.fsdecode(args[0])
            if not os.path.lexists(named):
                raise
            raise click.UsageError(
                f"{printable(named)} is a file or a folder, and no command. To erase faces and "
                f"plates in it, type: efface redact {printable(named)}",
                ctx,
            ) from e
