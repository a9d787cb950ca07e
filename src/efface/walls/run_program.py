"""Run a program of somebody else behind walls: it reads one file, and has no network.

It raises the walls around itself, and becomes the program. So it starts with as little as it can.
"""

from __future__ import annotations

import json
import os
import shutil
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
    """Return the folders from which a program and its interpreter were installed, without those
    that hold the home folder of the user."""
    home = Path(os.path.realpath(os.path.expanduser("~")))
    found: list[str] = []
    for path in (program, *_interpreter(program)):
        real = os.path.realpath(path)
        folders = {Path(p).parent.parent for p in (path, real)}
        found += [str(folder) for folder in sorted(folders) if not home.is_relative_to(folder)]
        found.append(real)
    return found


def _interpreter(program: str) -> list[str]:
    """Return the program that a script names in its first line, as a list of none or one."""
    with open(program, "rb") as f:
        first = os.fsdecode(f.readline(256))
    words = first[2:].split() if first.startswith("#!") else []
    if words and os.path.basename(words[0]) == "env":
        words = [w for w in words[1:] if not w.startswith("-")]
        words[:1] = [shutil.which(words[0]) or words[0]] if words else []
    return words[:1]
