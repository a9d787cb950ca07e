"""`efface --version`, and with `--verbose` the versions of the libraries and the walls."""

from __future__ import annotations

import click

from efface import __version__

_VERBOSE = "efface.verbose"
"""Key in the context of the command."""


def _keep(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.meta[_VERBOSE] = value


def _tell(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    click.echo(f"efface, version {__version__}")
    if context.meta.get(_VERBOSE):
        from efface.media.decoder.source_opening import standing_walls
        from efface.report.run_facts import software
        from efface.walls.landlock import limits_ports
        from efface.walls.raising import FILES

        for name, version in software().items():
            if name != "efface":
                click.echo(f"{name} {version}")
        walls = standing_walls()
        click.echo(f"walls around decoders: {walls}")
        has_ports = FILES in walls.standing and limits_ports()
        click.echo(f"TCP ports of live streams: {'limited' if has_ports else 'not limited'}")
    context.exit()


VERSION = click.option(
    "-V", "--version", is_flag=True, expose_value=False, callback=_tell,
    help="Show the version and exit.",
)  # fmt: skip
VERBOSE = click.option(
    "--verbose", is_flag=True, expose_value=False, callback=_keep, is_eager=True,
    help="With --version: also show the libraries, and which walls stand around decoders.",
)  # fmt: skip
