"""Endless training samples: what the early layers make of crops, and what the later ones should
say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

import cv2
import numpy as np
import torch
from torch.utils.data import IterableDataset

from training.faces.crops import sample
from training.faces.later import Early
from training.faces.loss import Wanted
from training.faces.maps import Maps, maps
from training.faces.pictures import Faces
from training.lean.samples import stacked

MOST_OF_FACES, MOST_OF_ALIKE = 4, 3
"""How often a picture with many faces, or many things taken for faces, is shown for one with
none."""

Sample = tuple[list[torch.Tensor], Wanted]
"""The tensors from which later layers go on, and what these should say."""


class Samples(IterableDataset):  # type: ignore[type-arg]
    """Gives one Sample of `batch` crops after the other."""

    def __init__(self, pictures: Sequence[Faces], batch: int, seed: int) -> None:
        self.pictures, self.batch, self.seed = shown_often(pictures), batch, seed

    def __iter__(self) -> Iterator[Sample]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        cv2.setNumThreads(1)
        early = Early()
        while True:
            pairs = [sample(rng, self.pictures) for _ in range(self.batch)]
            shown = early.tensors(stacked([p.shown.rgb for p in pairs]))
            said = early.says(stacked([p.clean for p in pairs]))
            told = [maps(p) for p in pairs]
            every = [np.stack([getattr(m, f.name) for m in told]) for f in fields(Maps)]
            yield (
                [torch.from_numpy(t) for t in shown],
                Wanted(*(torch.from_numpy(t) for t in (*every, *said))),
            )


def shown_often(pictures: Sequence[Faces]) -> list[Faces]:
    """Return the pictures, those that teach more several times."""
    made: list[Faces] = []
    for picture in pictures:
        faces = int((~picture.ignore).sum())
        of_faces = min(MOST_OF_FACES, 2 + faces // 3) if faces else 1
        made += [picture] * (of_faces + min(MOST_OF_ALIKE, len(picture.alike)))
    return made
