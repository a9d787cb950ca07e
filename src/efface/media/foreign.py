"""exiftool and ffprobe, where they are installed: other people's eyes on a file.

Neither is needed. Both are given the file by its absolute path, so that no name can pass for an option, with a time limit and a bound on
what they may answer; exiftool without the user's configuration, which is a program, and ffprobe with nothing but the file to open.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TIME_LIMIT_S = 60.0
LARGEST_ANSWER = 16 << 20
"""Bytes. A long drive of a dashcam gives some megabytes of places."""

DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,ogg,mxf,ivf,nut,dv"


class NoAnswer(Exception):
    """The program is there and gave no answer. Callers say so; it is never taken for "nothing there"."""


def where(program: str) -> str | None:
    """Path of the program, None where it is not installed."""
    return shutil.which(program)


def exiftool(path: Path) -> dict[str, Any] | None:
    """Every tag with its group, "GPS:GPSLatitude"; None where exiftool is not installed. Raises NoAnswer."""
    program = where("exiftool")
    if program is None:
        return None
    how = ["-config", "", "-j", "-G1", "-a", "-ee", "-q", "-q", "-struct", "-api", "largefilesupport=1", "-c", "%.6f"]
    answer = _answer([program, *how, os.path.abspath(path)])
    found = _parsed(answer)
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        raise NoAnswer("it told of no file")
    return found[0]


def ffprobe(path: Path) -> dict[str, Any] | None:
    """Format, streams and chapters; None where ffprobe is not installed. Raises NoAnswer."""
    program = where("ffprobe")
    if program is None:
        return None
    how = ["-v", "quiet", "-of", "json", "-show_format", "-show_streams", "-show_chapters", "-protocol_whitelist", "file"]
    answer = _answer([program, *how, "-format_whitelist", DEMUXERS, "-i", "file:" + os.path.abspath(path)])
    found = _parsed(answer)
    if not isinstance(found, dict) or not found.get("streams"):
        raise NoAnswer("it found no stream")
    return found


def version_of(program: str) -> str:
    """What the program calls itself; empty where it does not say."""
    flag = {"exiftool": "-ver", "ffprobe": "-version"}[program]
    try:
        words = _answer([where(program) or program, flag], 10.0).decode("utf-8", "replace").split()
    except NoAnswer:
        return ""
    return (words[2] if len(words) > 2 and words[1] == "version" else words[0])[:40] if words else ""


def _parsed(answer: bytes) -> object:
    try:
        return json.loads(answer.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as e:
        raise NoAnswer("its answer makes no sense") from e


def _answer(command: Sequence[str], limit_s: float = TIME_LIMIT_S) -> bytes:
    """Standard output of the command, which is stopped when it takes too long or says too much. Raises NoAnswer."""
    late = threading.Event()
    env = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    try:
        running = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
        )  # fmt: skip
    except OSError as e:
        raise NoAnswer("it cannot be started") from e

    def stop() -> None:
        late.set()
        running.kill()

    timer = threading.Timer(limit_s, stop)
    timer.start()
    try:
        assert running.stdout is not None
        said = running.stdout.read(LARGEST_ANSWER + 1)
    finally:
        running.kill()  # it has said all that it had to say, or too much, or somebody interrupts
        timer.cancel()
        timer.join()
        running.communicate()
    if late.is_set():
        raise NoAnswer(f"it took longer than {limit_s:g} s")
    if len(said) > LARGEST_ANSWER:
        raise NoAnswer("it had too much to say")
    return said
