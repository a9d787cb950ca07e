"""Endless training samples for the small face network."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch.utils.data import IterableDataset

from training.faces.crops import sample
from training.faces.pictures import Faces


class Samples(IterableDataset):
    """Gives (pictures (batch, 3, SIZE, SIZE) uint8 in BGR, one array of faces (n, 6) for each: box,
    ignore, loose)."""

    def __init__(self, pictures: list[Faces], batch: int, seed: int) -> None:
        self.pictures, self.batch, self.seed = pictures, batch, seed

    def __iter__(self) -> Iterator[tuple[torch.Tensor, list[torch.Tensor]]]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        cv2.setNumThreads(1)
        while True:
            crops = [sample(rng, self.pictures) for _ in range(self.batch)]
            bgr = np.stack(
                [np.ascontiguousarray(c.rgb[..., ::-1].transpose(2, 0, 1)) for c in crops]
            )
            rows = [
                np.concatenate([c.xyxy, c.ignore[:, None], c.loose[:, None]], 1).astype(np.float32)
                for c in crops
            ]
            yield torch.from_numpy(bgr), [torch.from_numpy(r) for r in rows]
