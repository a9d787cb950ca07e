"""Endless training samples: crops of labelled pictures, synthetic plates and look-alikes among
them, as features and maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from training import targets
from training.augment import crop, photographed
from training.pictures import Labelled
from training.trunk import Trunk

SIZE = 416
"""Side of a crop in pixels."""

PASTED, ALIKE, REPLACED, PLAIN = 0.4, 0.4, 0.35, 0.06
"""Shares: crops that get synthetic plates anywhere, look-alikes, real plates that are replaced,
crops without a photo."""


DARK = 40
"""A plate takes on the light of where it is put.

Where the picture is darker than this it would be a label on nothing.
"""

MOST_ON_VEHICLE = 45
"""Pixels of height up to which a drawn plate gets a vehicle around it."""


class Samples(IterableDataset):
    """Gives ([stride-4 map, stride-8 map], maps of `targets`), batch by batch.

    Each worker draws its own.

    pictures  real ones, with labels.
    bank      folder of synthetic plates (see training.synthetic), or None.
    """

    def __init__(
        self, pictures: list[Labelled], model: bytes, bank: Path | None, batch: int, seed: int
    ) -> None:
        self.pictures, self.model, self.bank_folder, self.batch, self.seed = (
            pictures,
            model,
            bank,
            batch,
            seed,
        )

    def __iter__(self) -> Iterator[tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        cv2.setNumThreads(1)
        trunk = Trunk(self.model, 1)
        bank = _bank(self.bank_folder)
        while True:
            crops = [sample(rng, self.pictures, bank) for _ in range(self.batch)]
            wanted = [targets.maps(c) for c in crops]
            features = trunk.features(np.stack([c.rgb for c in crops]))
            yield features, [np.stack(part) for part in zip(*wanted, strict=True)]


def _bank(folder: Path | None):  # type: ignore[no-untyped-def]  # Bank is imported where there is one
    if folder is None:
        return None
    from training.synthetic.bank import Bank

    return Bank(folder)


def sample(rng: np.random.Generator, pictures: list[Labelled], bank) -> Labelled:  # type: ignore[no-untyped-def]
    """One crop, ready to be looked at."""
    is_plain = bank is not None and rng.random() < PLAIN
    made = _plain(rng) if is_plain else crop(rng, _chosen(rng, pictures), SIZE)
    if bank is not None:
        made = _with_synthetic(rng, made, bank)
    return replace(made, rgb=photographed(rng, made.rgb))


def _chosen(rng: np.random.Generator, pictures: list[Labelled]) -> Labelled:
    """A picture; where it shows no plate, another one is drawn in half of the cases."""
    picture = pictures[rng.integers(len(pictures))]
    if picture.ignore.all() and rng.random() < 0.5:
        return pictures[rng.integers(len(pictures))]
    return picture


def _plain(rng: np.random.Generator) -> Labelled:
    """A background of soft colours."""
    few = rng.integers(
        0, 256, (int(rng.integers(2, 12)), int(rng.integers(2, 12)), 3), dtype=np.uint8
    )
    rgb = cv2.resize(
        few,
        (SIZE, SIZE),
        interpolation=cv2.INTER_CUBIC if rng.random() < 0.7 else cv2.INTER_NEAREST,
    )
    return Labelled(rgb, np.empty((0, 4), np.float32), np.empty(0, bool))


def _with_synthetic(rng: np.random.Generator, made: Labelled, bank) -> Labelled:  # type: ignore[no-untyped-def]
    from training.synthetic.paste import paste
    from training.synthetic.vehicles import vehicle_back

    rgb, boxes, ignore = np.ascontiguousarray(made.rgb), list(made.xyxy), list(made.ignore)
    if rng.random() < ALIKE:
        for _ in range(rng.integers(1, 4)):
            height = float(np.exp(rng.uniform(np.log(10), np.log(120))))
            at = _free_place(rng, boxes, height)
            if at is not None:
                rgb, _ = paste(rng, rgb, bank.random_lookalike(rng), height, at)
    for i, box in enumerate(made.xyxy):
        if not made.ignore[i] and rng.random() < REPLACED and box[3] - box[1] > 9:
            wide = (box[2] - box[0]) / (box[3] - box[1])
            patch = bank.random_plate(rng, bool(wide < 2.2))
            rgb, new = paste(
                rng,
                rgb,
                patch,
                float(box[3] - box[1]) * rng.uniform(0.95, 1.2),
                tuple((box[:2] + box[2:]) / 2),
            )
            if new is not None:
                boxes[i] = np.concatenate(
                    [np.minimum(box[:2], new[:2]), np.maximum(box[2:], new[2:])]
                )
    if rng.random() < PASTED:
        for _ in range(rng.integers(1, 3)):
            height = float(np.exp(rng.uniform(np.log(8), np.log(130))))
            at = _free_place(rng, boxes, 2 * height)
            if at is None or rgb[int(at[1]), int(at[0])].max() < DARK:
                continue
            patch, box = bank.random_plate(rng), None
            if (
                height < MOST_ON_VEHICLE and not boxes
            ):  # a vehicle is much larger than its plate, and would hide others
                patch, box = vehicle_back(rng, patch)
            rgb, new = paste(rng, rgb, patch, height, at, box)
            if new is not None:
                boxes.append(new)
                ignore.append(False)
    return Labelled(rgb, np.array(boxes, np.float32).reshape(-1, 4), np.array(ignore, bool))


def _free_place(
    rng: np.random.Generator, boxes: list[NDArray[np.float32]], height: float
) -> tuple[float, float] | None:
    """A centre at which a patch of that height, four times as wide, covers no plate; None when ten
    tries found none."""
    for _ in range(10):
        x, y = rng.uniform(0, SIZE, 2)
        if all(
            abs(x - (b[0] + b[2]) / 2) > (b[2] - b[0]) / 2 + 2 * height
            or abs(y - (b[1] + b[3]) / 2) > (b[3] - b[1]) / 2 + height
            for b in boxes
        ):
            return float(x), float(y)
    return None
