"""The command line as a stranger meets it: small sources with a real face, and two ways to run
efface.

`efface` runs it inside the test, with all that it writes to the file descriptors; `program` runs it
as a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from efface.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples"
SOURCE_CODE = Path(__file__).parents[2] / "src"

CLIP_FRAMES = 12
FAST = ("--preset", "ultrafast")


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def efface(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """efface("redact", path) runs the command in this process, and the work too."""
    monkeypatch.setattr("efface.cli.engines.APART", False)

    def run(*arguments: object) -> Result:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Result(ended.value.code, out, err)

    return run


def command_line(*arguments: object) -> list[str]:
    """The words that start efface as a process."""
    return [sys.executable, "-m", "efface", *(str(a) for a in arguments)]


def surroundings(package: Path = SOURCE_CODE, **more: str) -> dict[str, str]:
    """Environment variables for that process; `package` is the folder that holds the package."""
    return os.environ | {"PYTHONPATH": str(package)} | more


@pytest.fixture
def program(tmp_path: Path) -> Run:
    """program("redact", path) runs the command as a process; `before` are words in front of it."""

    def run(
        *arguments: object,
        package: Path = SOURCE_CODE,
        before: Sequence[str] = (),
        env: dict[str, str] | None = None,
        **how: Any,
    ) -> Result:
        done = subprocess.run(
            [*before, *command_line(*arguments)],
            capture_output=True,
            env=surroundings(package, **(env or {})),
            cwd=how.pop("cwd", tmp_path),
            timeout=120,
            **how,
        )
        return Result(
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
        )

    return run


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources drawn once: face.jpg, face.png, clip.mp4, plain.png (nobody in it).

    Tests take copies.
    """
    folder = tmp_path_factory.mktemp("kept")
    portrait = (
        Image.open(EXAMPLES / "astronaut.jpg")
        .convert("RGB")
        .crop((100, 0, 356, 256))
        .resize((128, 128))
    )
    portrait.save(folder / "face.jpg", quality=90)
    portrait.save(folder / "face.png")
    Image.fromarray(np.asarray(portrait)[:, ::-1]).save(folder / "other.jpg", quality=90)
    y, x = np.mgrid[0:40, 0:48]
    Image.fromarray(np.stack([x * 2, y * 2, x + y], axis=-1).astype(np.uint8)).save(
        folder / "plain.png"
    )
    frames = b"".join(pan(portrait, i).tobytes() for i in range(CLIP_FRAMES))
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "128x96", "-r", "25", "-i", "-"]
    ffmpeg(
        *raw,
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-g",
        4,
        "-bf",
        0,
        folder / "clip.mp4",
        stdin=frames,
    )
    return folder


def pan(portrait: Image.Image, index: int) -> NDArray[np.uint8]:
    """(96, 128, 3): the portrait, a little higher in each frame."""
    return np.asarray(portrait.crop((0, 2 * index, 128, 96 + 2 * index)))


def ffmpeg(*arguments: object, stdin: bytes | None = None) -> None:
    """Runs the ffmpeg of the system."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *map(str, arguments)],
        input=stdin,
        check=True,
        capture_output=True,
    )


def taken(kept: Path, folder: Path, *names: str) -> list[Path]:
    """Copies of kept sources in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copy(kept / Path(n).name, folder / n)) for n in names]


def names_in(folder: Path) -> list[str]:
    """Every file below a folder, private ones too, relative to it."""
    return sorted(
        str(p.relative_to(folder))
        for p in folder.rglob("*")
        if not p.is_dir() or p.name.startswith(".")
    )


def state(path: Path) -> tuple[str, int]:
    """What must not change about a source: content and time of change."""
    return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns


def plan_of(path: Path) -> dict[str, Any]:
    """A plan as its JSON says it."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def rgb_frames(path: Path) -> list[NDArray[np.uint8]]:
    """The frames of a video as the ffmpeg of the system decodes them."""
    size = (
        subprocess.run(
            [
                "ffprobe",
                "-v",
                "error",
                "-select_streams",
                "v:0",
                "-show_entries",
                "stream=width,height",
                "-of",
                "csv=p=0",
                path,
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        .stdout.strip()
        .split(",")
    )
    width, height = (int(n) for n in size[:2])
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        path,
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-fps_mode",
        "passthrough",
        "-",
    ]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return list(np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3))


@pytest.fixture(scope="session")
def kit() -> Any:
    """The functions of this file, for tests that cannot import it."""
    return sys.modules[__name__]


@pytest.fixture(scope="module")
def long_clip(kept, kit, tmp_path_factory):
    """A clip whose work takes a second or more."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    kit.ffmpeg(
        "-stream_loop",
        5,
        "-i",
        kept / "clip.mp4",
        "-vf",
        "scale=320:240",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        path,
    )
    return path
