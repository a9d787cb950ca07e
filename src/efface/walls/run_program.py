"""Run a program of somebody else behind walls: it reads one file, and has no network.

It raises the walls around itself, and becomes the program. So it starts with as little as it can.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/nix/store", "/gnu/store",
    "/snap", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/proc/cpuinfo",
    "/proc/meminfo", "/sys/devices/system/cpu",
)  # fmt: skip
"""Where programs and their libraries are. No files of users are here."""

KEPT = ("PATH", "LD_LIBRARY_PATH", "PERL5LIB", "LANG")
"""Variables of the environment that a program gets."""

START = (
    "import json, sys; sys.path.append(sys.argv[1]); "
    "from efface.walls.run_program import main; main(*json.loads(sys.argv[2]))"
)


def walled_command(command: Sequence[str], source: str | None, memory: int) -> list[str]:
    """Return the command that runs another one behind walls.

    source  the file that it may read.
    memory  bytes of address space that it may take.
    """
    about = json.dumps([list(command), source, memory])
    package = str(Path(__file__).parents[2])
    return [sys.executable, "-I", "-S", "-c", START, package, about]


def main(command: list[str], source: str | None, memory: int) -> None:
    """Raise the walls, and become the program."""
    from efface.walls import raising, seccomp

    raising.limit(memory, 0)
    readable = [source] if source is not None else []
    raising.raise_walls(readable, seccomp.for_program, [*SYSTEM, *_homes(command[0])])
    environment = {n: os.environ[n] for n in KEPT if n in os.environ}
    os.execve(command[0], command, environment | {"LC_ALL": "C.UTF-8", "TZ": "UTC"})


def _homes(program: str) -> list[str]:
    """Return the folders from which a program was installed, without those that hold the home
    folder of the user."""
    home = os.path.realpath(os.path.expanduser("~"))
    folders = {Path(p).parent.parent for p in (program, os.path.realpath(program))}
    found = [str(folder) for folder in folders if not Path(home).is_relative_to(folder)]
    return [*found, os.path.realpath(program)]
