"""Labelled pictures drawn or taken from examples/: no test needs a data set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from efface.bench.truth import StillTruth, load_stills

EXAMPLES = Path(__file__).parents[2] / "examples"

FACE = (182, 70, 268, 172)
"""The face of examples/astronaut.jpg, by eye: hair line to chin, ear to ear."""

CLEAR = {"blur": 0, "occlusion": 0, "pose": 0, "illumination": 0}


def annotated(
    folder: Path, pictures: dict[str, tuple[NDArray[np.uint8], list[dict[str, Any]]]]
) -> Path:
    """A labelled set: file name to picture (h, w, 3) and its boxes."""
    folder.mkdir(parents=True, exist_ok=True)
    images = []
    for name, (pixels, boxes) in pictures.items():
        Image.fromarray(pixels).save(folder / name)
        images.append(
            {"file": name, "width": pixels.shape[1], "height": pixels.shape[0], "boxes": boxes}
        )
    (folder / "annotations.json").write_text(json.dumps({"images": images}))
    return folder


def box(xyxy: Sequence[float], **more: Any) -> dict[str, Any]:
    """One label, as annotations.json says it."""
    x1, y1, x2, y2 = xyxy
    return {"x": x1, "y": y1, "w": x2 - x1, "h": y2 - y1, "label": "face", "ignore": False, **more}


def speckled(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """A picture with some texture, and nobody in it."""
    small = (
        np.random.default_rng(seed)
        .integers(40, 200, (max(1, height // 16), max(1, width // 16), 3))
        .astype(np.uint8)
    )
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """(512, 512, 3) of examples/astronaut.jpg."""
    return np.asarray(Image.open(EXAMPLES / "astronaut.jpg").convert("RGB"))


@pytest.fixture(scope="session")
def portraits(tmp_path_factory: pytest.TempPathFactory, portrait: NDArray[np.uint8]) -> Path:
    """A labelled set: the portrait, and its mirror image."""
    mirrored = (512 - FACE[2], FACE[1], 512 - FACE[0], FACE[3])
    pictures = {
        "a.png": (portrait, [box(FACE, **CLEAR)]),
        "b.png": (portrait[:, ::-1], [box(mirrored, **CLEAR)]),
    }
    return annotated(tmp_path_factory.mktemp("portraits"), pictures)


@pytest.fixture
def crowd(tmp_path: Path) -> list[StillTruth]:
    """Three drawn pictures with boxes of many sizes; nobody is in them."""
    boxes = [
        box((60 + 90 * i, 40 + 50 * i, 60 + 90 * i + w, 40 + 50 * i + h))
        for i, (w, h) in enumerate([(10, 12), (30, 40), (70, 90)])
    ]
    pictures = {
        f"{i}.png": (speckled(640, 480, i), [*boxes, box((500, 30, 540, 80), ignore=True)])
        for i in range(3)
    }
    return load_stills(annotated(tmp_path / "crowd", pictures))


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips of a second, a quarter of the size, which take a tenth of the time."""
    from efface.bench import moving, stress

    monkeypatch.setattr(moving, "SECONDS", 1.0)
    monkeypatch.setattr(moving, "SIZE_WH", (320, 180))
    monkeypatch.setattr(stress, "FRAMES", 16)
    monkeypatch.setattr(stress, "SIZE_WH", (320, 180))


@pytest.fixture(scope="session")
def kit() -> Any:
    """The functions of this file, for tests that cannot import it."""
    import sys

    return sys.modules[__name__]
