"""Numbered pictures, and programs that end with the test."""

from __future__ import annotations

import subprocess

import pytest

from efface.bench.clips import write_video
from tests.live.peers import SIZE, Programs, numbered


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Five seconds of numbered pictures, with a keyframe each half second."""
    folder = tmp_path_factory.mktemp("clip")
    raw, made = folder / "raw.mp4", folder / "clip.mp4"
    write_video(raw, numbered(), SIZE, crf=12, target=raw)
    subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            raw,
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-crf",
            "12",
            "-g",
            "12",
            "-bf",
            "0",
            made,
        ],
        check=True,
    )
    return made


@pytest.fixture
def programs(tmp_path):
    made = Programs(tmp_path)
    yield made
    for program in reversed(made.running):
        if program.poll() is None:
            program.terminate()
    for program in made.running:
        try:
            program.wait(40)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
