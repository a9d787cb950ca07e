"""Small clips of moving discs, drawn once per run: every frame differs from its neighbours, so a
lost or doubled one shows."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.containers.admission import admit
from efface.frames import Picture
from efface.media.still.stills import create_still, open_still
from efface.options import ReadOptions, WriteOptions

FRAMES, WIDTH, HEIGHT = 30, 160, 96


def drawn(index: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """(h, w, 3) RGB: three soft discs on their way across a gradient."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    picture = np.stack([60 + x * 0.5, 90 + y * 0.5, 140 - x * 0.3], axis=-1)
    for n, colour in enumerate([(220, 60, 60), (60, 200, 80), (80, 90, 230)]):
        cx, cy = (20 + 40 * n + index * (3 + n)) % width, height * (n + 1) / 4
        inside = np.clip(1.5 - np.hypot(x - cx, y - cy) / 12, 0, 1)[..., None]
        picture = picture * (1 - inside) + np.array(colour, np.float32) * inside
    return np.asarray(picture.clip(0, 255), np.uint8)


def ffmpeg(*arguments: object, stdin: bytes | None = None) -> None:
    command = ["ffmpeg", "-v", "error", "-y", *(str(a) for a in arguments)]
    subprocess.run(command, input=stdin, check=True, capture_output=True)


Clip = Callable[..., Path]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """clip("a.mp4", "-c:v", "libx264", size=(160, 96), frames=30, rate="25") gives the path of such
    a clip."""
    folder, made = tmp_path_factory.mktemp("clips"), {}

    def make(
        name: str,
        *how: object,
        size: tuple[int, int] = (WIDTH, HEIGHT),
        frames: int = FRAMES,
        rate: str = "25",
    ) -> Path:
        key = (name, how, size, frames, rate)
        if key not in made:
            made[key] = folder / str(len(made)) / name
            made[key].parent.mkdir()
            raw = b"".join(drawn(i, *size).tobytes() for i in range(frames))
            shape = [
                "-f",
                "rawvideo",
                "-pix_fmt",
                "rgb24",
                "-s",
                f"{size[0]}x{size[1]}",
                "-r",
                rate,
                "-i",
                "-",
            ]
            ffmpeg(*shape, *how, made[key], stdin=raw)
        return made[key]

    return make


@pytest.fixture(scope="session")
def paced(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """paced("a.mp4", pts, time_base, turn=(90, False, False)) gives an H.264 clip with these times
    and B-frames, turned."""
    folder = tmp_path_factory.mktemp("paced")

    def make(
        name: str, pts: list[int], time_base: Fraction, turn: tuple[int, bool, bool] | None = None
    ) -> Path:  # fmt: skip
        path = folder / name
        with av.open(
            str(path), "w", container_options={"video_track_timescale": str(time_base.denominator)}
        ) as out:
            stream = out.add_stream("libx264", rate=25, time_base=time_base)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.codec_context.time_base = time_base
            stream.options = {"crf": "12", "bf": "2", "g": "10"}
            if turn:
                stream.set_display_rotation(*turn)
            for i, time in enumerate(pts):
                frame = av.VideoFrame.from_ndarray(drawn(i), "rgb24")
                frame.pts, frame.time_base = time, time_base
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        return path

    return make


@pytest.fixture(scope="session")
def run_ffmpeg() -> Callable[..., None]:
    return ffmpeg


@pytest.fixture(scope="session")
def picture_of() -> Callable[..., NDArray[np.uint8]]:
    """What frame number i of every clip shows, as RGB."""
    return drawn


# Photos


@pytest.fixture
def pages() -> Callable[..., list[tuple[int, Picture]]]:
    """pages(path) reads a photo: PTS and samples of every page."""

    def read(path: Path, options: ReadOptions | None = None) -> list[tuple[int, Picture]]:
        return [
            (f.pts, f.unpack()) for f in open_still(admit(path), options or ReadOptions()).frames()
        ]

    return read


@pytest.fixture
def passed_through(tmp_path: Path) -> Callable[..., Path]:
    """passed_through(path) reads a photo and writes it again, as the pipeline does but with nothing
    erased; gives the copy."""

    def copy(path: Path, options: ReadOptions | None = None, target: Path | None = None) -> Path:
        source, target = (
            open_still(admit(path), options or ReadOptions()),
            target or tmp_path / ("out" + path.suffix),
        )
        sink = create_still(target, source.info, WriteOptions())
        try:
            for frame in source.frames():
                sink.write(frame.unpack(), frame.pts)
            sink.close()
        finally:
            sink.abort()
            source.close()
        return target

    return copy


@pytest.fixture
def scene() -> NDArray[np.uint8]:
    """(53, 78, 3) uint8: smooth colours with a white corner top left and a red one top right."""
    y, x = np.mgrid[0:53, 0:78]
    rgb = np.stack([x * 2 + 30, y * 3 + 20, 200 - x - y // 2], axis=-1).astype(np.uint8)
    rgb[:12, :12] = 255
    rgb[:12, -12:] = (255, 0, 0)
    return rgb
