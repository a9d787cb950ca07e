"""Face recognition by dlib's network, 128 numbers a face, with its own alignment.

An attacker's tool, for benchmarks only.

pip install dlib-bin face_recognition_models "setuptools<80"
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.attack.faces import FACE
from benchmarks.attack.filters import Rgb


@cache
def _networks() -> tuple[Any, Any, Any]:
    import dlib
    import face_recognition_models as models

    x1, y1, x2, y2 = FACE
    # dlib's own boxes are square, from brows to chin.
    side = y2 - y1
    left, top = (x1 + x2) // 2 - side * 45 // 100, y1 + side * 15 // 100
    rectangle = dlib.rectangle(left, top, left + side * 90 // 100, top + side * 90 // 100)
    points = dlib.shape_predictor(models.pose_predictor_five_point_model_location())
    return (
        points,
        dlib.face_recognition_model_v1(models.face_recognition_model_location()),
        rectangle,
    )


@cache
def _detector() -> Any:
    import dlib

    return dlib.get_frontal_face_detector()


def described(rgb: Rgb) -> NDArray[np.float64]:
    """(128,) what the network says of the face at FACE.

    Where its detector finds none, it is told where to look.
    """
    points, network, rectangle = _networks()
    return np.array(network.compute_face_descriptor(rgb, points(rgb, next(_found(rgb), rectangle))))


def is_known_ground(rgb: Rgb) -> bool:
    """dlib's own detector sees a face at FACE: not in profile, and not behind a mask, so its
    network is good at it."""
    return any(True for _ in _found(rgb))


def _found(rgb: Rgb) -> Iterator[Any]:
    x, y = (FACE[0] + FACE[2]) / 2, (FACE[1] + FACE[3]) / 2
    return (r for r in _detector()(rgb) if r.left() < x < r.right() and r.top() < y < r.bottom())


class Memory:
    """Descriptions of pictures; each different picture is looked at once, and once for all where a
    file keeps them."""

    def __init__(self, kept: Path | None) -> None:
        self.kept = kept
        self.known: dict[str, NDArray[np.float64]] = {}
        if kept and kept.exists():
            with np.load(kept) as stored:
                self.known = dict(zip(stored["key"].tolist(), stored["value"], strict=True))

    def of(self, pictures: Sequence[Rgb]) -> NDArray[np.float64]:
        """(n, 128)."""
        keys = [hashlib.sha256(np.ascontiguousarray(p).data).hexdigest() for p in pictures]
        new = {k: p for k, p in zip(keys, pictures, strict=True) if k not in self.known}
        if new:
            with ProcessPoolExecutor(min(os.cpu_count() or 1, len(new))) as workers:
                self.known |= dict(
                    zip(new, workers.map(described, new.values(), chunksize=8), strict=True)
                )
            if self.kept:
                np.savez(self.kept, key=list(self.known), value=np.stack(list(self.known.values())))
        return np.stack([self.known[k] for k in keys])
