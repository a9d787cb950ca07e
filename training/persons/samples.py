"""Crops of the training pictures, as features of the shared network and as maps of targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info

from efface.geometry import Boxes
from training import augment, targets
from training.persons.labels import HEAD, KINDS, PERSON, VEHICLE, Known
from training.pictures import Labelled
from training.trunk import Trunk

SIDE, BATCH = 288, 14
LONGEST = 1280

WEIGHTS = {
    "edenhead": 0.30, "elaoi": 0.25, "hardhat": 0.15, "darun": 0.13, "baby": 0.06,
    "greymask": 0.05, "riders": 0.04, "platsid": 0.04, "plates-train-openimages": 0.12,
    "plates-train-dashcam": 0.05, "plates-train-web": 0.03,
}  # fmt: skip
"""How often a crop comes from each set."""

STRETCHED = ("baby", "hardhat", "greymask")
"""Sets whose pictures somebody stretched to squares: undone by chance."""

SIZES = {HEAD: (7.0, 150.0), PERSON: (20.0, 420.0), VEHICLE: (30.0, 420.0)}
"""Heights in the crop of the object in its middle; log-uniform."""

SMALLEST = {HEAD: 5.0, PERSON: 12.0, VEHICLE: 12.0}
"""Heights in the crop below which nothing is learned."""

LEAST_VISIBLE, GONE = 0.3, 0.02
"""Shares of a box inside the crop: below the first nothing is learned, below the second it is not
there."""

Maps = tuple[NDArray[np.float32], ...]


class Samples(IterableDataset):  # type: ignore[type-arg]
    """Endless batches: features of the shared network, and for each of KINDS its maps."""

    def __init__(self, pictures: list[Known], model: bytes, seed: int) -> None:
        self._pictures, self._model, self._seed = pictures, model, seed

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        rng = np.random.default_rng([self._seed, worker.id if worker else 0])
        cv2.setNumThreads(1)
        trunk = Trunk(self._model, 1)
        sets: dict[str, list[Known]] = {}
        for picture in self._pictures:
            sets.setdefault(picture.source, []).append(picture)
        names = [n for n in WEIGHTS if n in sets]
        shares = np.array([WEIGHTS[n] for n in names])
        while True:
            made = []
            for _ in range(BATCH):
                of = sets[names[rng.choice(len(names), p=shares / shares.sum())]]
                made.append(sample(rng, of[rng.integers(len(of))]))
            features = trunk.features(np.stack([rgb for rgb, _ in made]))
            maps = [[np.stack(m) for m in zip(*(w[k] for _, w in made), strict=True)]
                    for k in KINDS]  # fmt: skip
            yield [torch.from_numpy(f) for f in features], maps


def sample(rng: Generator, picture: Known) -> tuple[NDArray[np.uint8], list[Maps]]:
    """One crop (SIDE, SIDE, 3), and for each of KINDS heat, sides, weight and care."""
    bgr = cv2.imread(str(picture.path))
    scale = min(1.0, LONGEST / max(bgr.shape[:2]))
    if scale < 1:
        bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rgb = np.ascontiguousarray(bgr[..., ::-1])
    boxes, unknown = (
        [b * np.float32(scale) for b in of] for of in (picture.boxes, picture.unknown)
    )
    matrix = _placed(rng, rgb, boxes)
    if picture.source in STRETCHED:
        wider, middle = float(np.exp(rng.uniform(-0.35, 0.25))), SIDE / 2
        matrix = np.array([[wider, 0, middle - wider * middle], [0, 1, 0], [0, 0, 1]]) @ matrix
    beside = tuple(int(v) for v in rng.integers(0, 200, 3))
    nothing = Labelled(rgb, np.empty((0, 4), np.float32), np.empty(0, np.bool_))
    shown = augment.photographed(rng, augment.warped(nothing, matrix, SIDE, beside).rgb)
    return shown, [_maps(boxes[k], unknown[k], matrix, SMALLEST[k]) for k in KINDS]


def _placed(rng: Generator, rgb: NDArray[np.uint8], boxes: list[Boxes]) -> NDArray[np.float64]:
    """Return (3, 3) from the picture to the crop, most often with an object in its middle."""
    height, width = rgb.shape[:2]
    at = np.array([rng.uniform(0, width), rng.uniform(0, height)])
    scale = float(np.exp(rng.uniform(np.log(0.4), np.log(1.6))))
    which = rng.random()
    if len(boxes[HEAD]) and which < 0.55:
        kind = HEAD
    elif len(boxes[VEHICLE]) and rng.random() < 0.3:
        kind = VEHICLE
    else:
        kind = PERSON
    if len(boxes[kind]) and which < 0.9:
        box = boxes[kind][rng.integers(len(boxes[kind]))]
        at = (box[:2] + box[2:]) / 2
        scale = float(np.exp(rng.uniform(*np.log(SIZES[kind])))) / max(float(box[3] - box[1]), 1)
    scale = float(np.clip(scale, 0.6 * SIDE / max(height, width), 2.2))
    return augment.crop_matrix(rng, at, scale, SIDE, (width, height))


def _maps(boxes: Boxes, unknown: Boxes, matrix: NDArray[np.float64], smallest: float) -> Maps:
    """Return the maps of one kind. An object inside of a region without loss is learned all the
    same."""
    every = np.concatenate([boxes, unknown]).astype(np.float32)
    hulls = augment.turned_hulls(every, matrix)
    inside = np.clip(hulls, 0, SIDE)
    share = augment.areas(inside) / np.maximum(augment.areas(hulls), 1e-6)
    is_faint = (share < LEAST_VISIBLE) | (inside[:, 3] - inside[:, 1] < smallest)
    ignored = np.repeat([False, True], [len(boxes), len(unknown)]) | is_faint
    there = share > GONE
    empty = np.empty((SIDE, SIDE, 3), np.uint8)
    heat, sides, weight, care = targets.maps(
        Labelled(empty, inside[there].astype(np.float32), ignored[there])
    )
    return heat, sides, weight, np.maximum(care, (weight > 0).astype(np.float32))
