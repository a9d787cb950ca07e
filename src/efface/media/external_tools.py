"""Run exiftool and ffprobe, if they are installed, for a second opinion on a file, and a program
that asks a library for one.

Both are optional. Both get the file's absolute path, so no name can pass for an option. Their time,
memory and output are limited. exiftool runs without the user's configuration, which is a program;
ffprobe may open nothing but the file. On Linux both run behind walls: they can read that file and
the system's own, write nothing, and have no network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from efface.walls.run_program import walled_command

TIME_LIMIT_S = 60.0
LARGEST_ANSWER = 16 << 20
"""Bytes. A long dashcam drive gives some megabytes of positions."""

MOST_MEMORY = 1 << 30
"""Bytes. Both need less than 0.2 GB for ordinary files, but a crafted MP4 of 20 kB made exiftool
take 4.6 GB."""

LOOK_EVERY_S = 0.1
"""Interval between two checks of the memory, on systems that cannot enforce a limit."""

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,ogg,mxf,"
    "ivf,nut,dv"
)


class NoAnswer(Exception):
    """The program is installed and gave no answer. Callers report this; it never counts as "nothing
    there"."""


def where(program: str) -> str | None:
    """Return the program's path, or None if it is not installed."""
    return shutil.which(program)


def exiftool(path: Path) -> dict[str, Any] | None:
    """Return every tag with its group, "GPS:GPSLatitude", or None if exiftool is not installed.
    Raises NoAnswer."""
    program = where("exiftool")
    if program is None:
        return None
    how = [
        "-config",
        "",
        "-j",
        "-G1",
        "-a",
        "-ee",
        "-q",
        "-q",
        "-struct",
        "-api",
        "largefilesupport=1",
        "-c",
        "%.6f",
    ]
    answer = _answer([program, *how, os.path.abspath(path)], source=path)
    found = _parsed(answer)
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        raise NoAnswer("it told of no file")
    return found[0]


def ffprobe(path: Path) -> dict[str, Any] | None:
    """Return format, streams and chapters, or None if ffprobe is not installed. Raises NoAnswer."""
    program = where("ffprobe")
    if program is None:
        return None
    how = [
        "-v",
        "quiet",
        "-of",
        "json",
        "-show_format",
        "-show_streams",
        "-show_chapters",
        "-protocol_whitelist",
        "file",
    ]
    answer = _answer(
        [program, *how, "-format_whitelist", DEMUXERS, "-i", "file:" + os.path.abspath(path)],
        source=path,
    )
    found = _parsed(answer)
    if not isinstance(found, dict) or not found.get("streams"):
        raise NoAnswer("it found no stream")
    return found


def python_answer(program: str, source: Path, *arguments: str) -> bytes:
    """Return what a program in Python, given as its text, prints about a file. It runs as the
    others do. Raises NoAnswer."""
    command = [sys.executable, "-I", "-c", program, os.path.abspath(source), *arguments]
    return _answer(command, source=source)


def version_of(program: str) -> str:
    """Return the program's version, or an empty string if it does not state one."""
    flag = {"exiftool": "-ver", "ffprobe": "-version"}[program]
    try:
        words = _answer([where(program) or program, flag], 10.0).decode("utf-8", "replace").split()
    except NoAnswer:
        return ""
    return (
        (words[2] if len(words) > 2 and words[1] == "version" else words[0])[:40] if words else ""
    )


def _parsed(answer: bytes) -> object:
    try:
        return json.loads(answer.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as e:
        raise NoAnswer("its answer makes no sense") from e


def _answer(
    command: Sequence[str], limit_s: float = TIME_LIMIT_S, *, source: Path | None = None
) -> bytes:
    """Return the command's standard output. Stops the command if it exceeds its time or output
    limit. Raises NoAnswer.

    source  the file that it may read.
    """
    stopped: list[str] = []
    env = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    try:
        running = subprocess.Popen(
            _bounded(command, source),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
        )
    except OSError as e:
        raise NoAnswer("it cannot be started") from e
    ended = threading.Event()
    watch = threading.Thread(
        target=_watch, args=(running, limit_s, ended, stopped), name="efface-watch", daemon=True
    )
    watch.start()
    try:
        assert running.stdout is not None
        said = running.stdout.read(LARGEST_ANSWER + 1)
        if len(said) <= LARGEST_ANSWER:
            with suppress(subprocess.TimeoutExpired):
                running.wait(1.0)  # its exit status shows whether the output is complete
        code = running.poll()
    finally:
        running.kill()  # its output is complete or too long, or the user interrupts
        ended.set()
        watch.join()
        running.communicate()
    if stopped:
        raise NoAnswer(stopped[0])
    if len(said) > LARGEST_ANSWER:
        raise NoAnswer("it had too much to say")
    if code and not said:
        raise NoAnswer(f"it failed, perhaps for want of memory: it may take {MOST_MEMORY >> 30} GB")
    return said


def _bounded(command: Sequence[str], source: Path | None) -> list[str]:
    """Add walls and a memory limit to the command, or only the limit if a shell can set it. macOS
    ignores that limit; `_watch` enforces it there."""
    if sys.platform == "linux":
        path = None if source is None else os.path.abspath(source)
        return walled_command(command, path, MOST_MEMORY)
    shell = "/bin/sh"
    if os.name != "posix" or not os.access(shell, os.X_OK):
        return list(command)
    return [shell, "-c", f'ulimit -v {MOST_MEMORY >> 10} 2>/dev/null; exec "$0" "$@"', *command]


def _watch(
    running: subprocess.Popen[bytes], limit_s: float, ended: threading.Event, stopped: list[str]
) -> None:
    """Stop the program if it exceeds its time limit, or its memory limit on systems that do not
    enforce it."""
    until = time.monotonic() + limit_s
    while not ended.wait(LOOK_EVERY_S):
        if time.monotonic() > until:
            stopped.append(f"it took longer than {limit_s:g} s")
        elif sys.platform != "linux" and _memory(running.pid) > MOST_MEMORY:
            stopped.append(f"it took more than {MOST_MEMORY >> 30} GB of memory")
        if stopped:
            running.kill()
            return


def _memory(pid: int) -> int:
    """Return the process's memory in bytes, or 0 if the system does not tell, as on Windows. There
    only its time is limited."""
    program = where("ps")
    if program is None:
        return 0
    said = subprocess.run(
        [program, "-o", "rss=", "-p", str(pid)], capture_output=True, check=False
    ).stdout.strip()
    return int(said) << 10 if said.isdigit() else 0
