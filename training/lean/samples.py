"""Endless training samples: crops as the pruned network sees them, and what the whole networks make
of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from training.faces.crops import clean
from training.faces.pictures import Faces
from training.faces.spoil import hidden, spoiled

BATCH = 8

ALIKE, SPOILED_FOR_BOTH = 0.5, 0.25
"""Shares of crops that both networks see as they are, and spoiled. In the rest the pruned network
sees a spoiled crop, and shall say what the whole one says of the clean crop."""

HIDDEN = 0.4
"""Share of faces in these of which something is hidden."""

MOST_BLUR, LEAST_LIGHT = 2.0, 8.0
"""A crop blurred over more pixels, or darker, is shown to both: nobody could see the clean one in
it."""

Sample = tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]
"""(batch, 3, h, w) uint8 in RGB; (batch,) 1 where both networks saw the same, else 0; what the
whole one made of it."""


@dataclass(frozen=True, slots=True)
class Teacher:
    """The whole network as ONNX. `names` are tensors that it gives."""

    model: bytes
    names: tuple[str, ...]


class Samples(IterableDataset):  # type: ignore[type-arg]
    """Gives one Sample after the other."""

    def __init__(self, pictures: Sequence[Faces], teacher: Teacher, seed: int) -> None:
        self.pictures, self.teacher, self.seed = list(pictures), teacher, seed

    def __iter__(self) -> Iterator[Sample]:
        import onnxruntime as ort

        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        cv2.setNumThreads(1)
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = 1
        settings.log_severity_level = 3
        teacher = ort.InferenceSession(
            self.teacher.model, settings, providers=["CPUExecutionProvider"]
        )
        while True:
            clean_crops, seen, alike = zip(
                *(pair(rng, self.pictures) for _ in range(BATCH)), strict=True
            )
            told = teacher.run(list(self.teacher.names), {"input.1": stacked(clean_crops)})
            yield (
                torch.from_numpy(stacked(seen).astype(np.uint8)),
                torch.tensor(alike, dtype=torch.float32),
                [torch.from_numpy(t) for t in told],
            )


def pair(
    rng: np.random.Generator, pictures: list[Faces]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], bool]:
    """A crop as the whole network sees it, as the pruned one sees it, and whether they are the
    same."""
    crop = clean(rng, pictures)
    rgb, draw = np.ascontiguousarray(crop.rgb), rng.random()
    if draw < ALIKE:
        return rgb, rgb, True
    if draw < ALIKE + SPOILED_FOR_BOTH:
        both, _ = spoiled(rng, rgb)
        return both, both, True
    worse = rgb.copy()
    for box in crop.xyxy:
        if rng.random() < HIDDEN:
            hidden(rng, worse, box)
    worse, blur = spoiled(rng, worse)
    if blur > MOST_BLUR or worse.mean() < LEAST_LIGHT:
        return worse, worse, True
    return rgb, worse, False


def stacked(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Return crops (h, w, 3) as a network takes them, (n, 3, h, w)."""
    return np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2), np.float32)
