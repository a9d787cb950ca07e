"""Targets as a faulty renderer would leave them: a drawn clip with three textured faces in each
frame, written by hand."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from PIL import Image

from efface.checks.frame_samples import SampleRecorder
from efface.containers.admission import admit
from efface.detect.detector import DetectorInfo
from efface.detect.registry import DETECTORS
from efface.detections import DRAWN, FACE, PLATE, Detections
from efface.errors import VerificationFailed
from efface.events import silent
from efface.files import sha256_of
from efface.findings import Check, Verification
from efface.frames import Picture
from efface.options import Options, PaintOptions, ReadOptions, WriteOptions
from efface.painting.paint import paint
from efface.pipeline.checking import Draft, prove
from efface.pipeline.sources import create, opened
from efface.planning.plan import Plan
from efface.regions import Region
from efface.timing import Timeline
from efface.tracks import Reason, Track

SIZE = WIDTH, HEIGHT = 144, 96
FRAMES = 6
FACES = 3
SIDE = 32
EXAMPLES = Path(__file__).parents[2] / "examples"

Erasing = Callable[[Picture, list[Region], int], None]
"""erase(picture, regions, frame): what a renderer does to a frame."""


@dataclass(frozen=True)
class Clip:
    """A source and the plan for it."""

    path: Path
    plan: Plan


def honest(picture: Picture, regions: list[Region], frame: int) -> None:
    """What efface does."""
    paint(picture, regions, PaintOptions())


def box(face: int, frame: int) -> tuple[int, int, int, int]:
    """Where a face is; each moves in its own way."""
    x, y = 6 + 46 * face + frame, 10 + 14 * face + (frame * (face - 1)) % 9
    return x, y, x + SIDE, y + SIDE


def drawn_plan(
    path: Path, boxes: list[list[tuple[int, int, int, int]]], size: tuple[int, int] = SIZE
) -> Plan:
    """A plan in which a person drew these boxes: one list for each track, one box for each
    frame."""
    with opened(admit(path), ReadOptions()) as source:
        frames = list(source.frames())
        base = Fraction(source.time_base)
    n = len(frames)
    tracks = tuple(
        Track(
            i,
            DRAWN,
            np.arange(n, dtype=np.int32),
            np.array(track, np.float32),
            np.full(n, Reason.DRAWN, np.uint8),
            np.zeros(n, np.float32),
        )
        for i, track in enumerate(boxes, 1)
    )
    timeline = Timeline(np.array([f.pts for f in frames], np.int64), base)
    medium = "video" if path.suffix in (".mkv", ".mp4") else "photo"
    return Plan(sha256_of(path), medium, (size,), timeline, tracks)


def encoded(frames: Iterator[np.ndarray], path: Path, size: tuple[int, int]) -> Path:
    raw = b"".join(np.ascontiguousarray(f).tobytes() for f in frames)
    shape = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        "{}x{}".format(*size),
        "-r",
        "25",
        "-i",
        "-",
    ]
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        *shape,
        "-c:v",
        "ffv1",
        "-pix_fmt",
        "yuv420p",
        str(path),
    ]
    subprocess.run(command, input=raw, check=True, capture_output=True)
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Noise of several scales behind, and three faces of other noise on it."""
    rng = np.random.default_rng(11)

    def texture(height: int, width: int) -> np.ndarray:
        layers = [
            cv2.GaussianBlur(rng.normal(0, 1, (height, width, 3)), (0, 0), s) * s * 40
            for s in (1.0, 2.0, 5.0)
        ]
        return np.clip(128 + sum(layers), 0, 255).astype(np.uint8)

    back, faces = texture(HEIGHT, WIDTH), [texture(SIDE, SIDE) for _ in range(FACES)]

    def frame(i: int) -> np.ndarray:
        picture = back.copy()
        for face, content in enumerate(faces):
            x1, y1, x2, y2 = box(face, i)
            picture[y1:y2, x1:x2] = content
        return picture

    path = encoded(
        (frame(i) for i in range(FRAMES)), tmp_path_factory.mktemp("clip") / "clip.mkv", SIZE
    )
    return Clip(path, drawn_plan(path, [[box(f, i) for i in range(FRAMES)] for f in range(FACES)]))


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """A clip of a real face, which a detector sees, and the box around it."""
    picture = (
        Image.open(EXAMPLES / "astronaut.jpg")
        .convert("RGB")
        .crop((100, 0, 356, 256))
        .resize((128, 128))
    )
    frames = (np.asarray(picture.crop((0, i, 128, 96 + i))) for i in range(FRAMES))
    path = encoded(frames, tmp_path_factory.mktemp("portrait") / "portrait.mkv", (128, 96))
    return Clip(
        path, drawn_plan(path, [[(42, 24 - i, 92, 84 - i) for i in range(FRAMES)]], (128, 96))
    )


def rendered(
    clip: Clip,
    target: Path,
    erase: Erasing = honest,
    pts: Callable[[int, int], int | None] = lambda i, pts: pts,
) -> Path:
    """The clip as a renderer writes it. pts(frame, pts) gives another time for a frame, or None to
    leave it out."""
    with opened(admit(clip.path), ReadOptions()) as source:
        sink = create(target, source.info, WriteOptions(preset="ultrafast"), target)
        for frame in source.frames():
            picture = frame.unpack()
            erase(picture, clip.plan.regions(frame.index), frame.index)
            time = pts(frame.index, frame.pts)
            if time is not None:
                sink.write(picture, time)
        sink.close()
    return target


def proved(clip: Clip, target: Path) -> Verification:
    """What the quick check of a draft finds, with samples that were kept of the source's frames,
    and without decoding the source."""
    recorder = SampleRecorder()
    with opened(admit(clip.path), ReadOptions()) as source:
        for frame in source.frames():
            boxes = [r.box for r in clip.plan.regions(frame.index)]
            recorder.take(frame, frame.unpack(), boxes)
        hashes = clip.plan.source_sha256, sha256_of(target)
        draft = Draft(target, source, clip.plan, *hashes, recorder.frames())
        try:
            return prove(draft, target, Options(), lambda options: Blind(), silent)
        except VerificationFailed as e:
            return cast(Verification, e.verification)


class Blind:
    """A detector that sees nothing."""

    infos = (DetectorInfo("blind", "1", "00", "none"),)
    sure = {FACE: 0.5, PLATE: 0.5}  # noqa: RUF012

    def detect(self, frame, look):
        return Detections.none()


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found by looking again: what is caught then is caught by the other checks."""
    monkeypatch.setitem(DETECTORS, "pyramid", lambda options, **_: Blind())


def check(found: Verification, name: str) -> Check:
    """One of the checks."""
    return next(c for c in found.checks if c.name == name)


@pytest.fixture(scope="session")
def kit():
    """The functions of this file, for tests that cannot import it."""
    import sys

    return sys.modules[__name__]
