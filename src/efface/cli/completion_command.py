"""`efface completion`: prints a script with which a shell completes efface's words."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from efface.cli.commands import Command
from efface.cli.parameters import CONTEXT

SHELLS = ("bash", "zsh", "fish")


@click.command(
    cls=Command,
    context_settings=CONTEXT,
    examples=(
        ("completion bash >> ~/.bashrc", "for every new bash"),
        ("completion fish > ~/.config/fish/completions/efface.fish", "for every new fish"),
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script with which your shell completes commands and options of efface.

    Write it to a file that your shell reads at its start.
    """
    kind = get_completion_class(shell)
    assert kind is not None, shell
    root = context.find_root()
    click.echo(kind(root.command, {}, "efface", "_EFFACE_COMPLETE").source())
