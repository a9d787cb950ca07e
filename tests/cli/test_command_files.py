"""A newcomer who looks for the command `efface X` finds `cli/X_command.py`."""

from __future__ import annotations

from pathlib import Path

import efface.cli
from efface.cli.main import cli

FOLDER = Path(efface.cli.__file__).parent


def test_every_command_has_its_own_file() -> None:
    files = {path.stem.removesuffix("_command") for path in FOLDER.glob("*_command.py")}
    assert files == set(cli.commands)


def test_the_file_of_a_command_defines_it() -> None:
    for name, command in cli.commands.items():
        assert command.callback is not None
        assert command.callback.__module__ == f"efface.cli.{name}_command"
