"""What a detector saw in one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from efface.kinds import CODE, DRAWN, FACE, FINDABLE, KINDS, PERSON, PLATE, TEXT

__all__ = [
    "CODE",
    "DRAWN",
    "FACE",
    "FINDABLE",
    "KINDS",
    "PERSON",
    "PLATE",
    "TEXT",
    "Detections",
]

FARTHEST = 2.0**24
"""Pixels. Up to here float32 distinguishes neighbouring pixels, and areas do not overflow."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What was seen in one frame. Row i of every array is the same object.

    xyxy   (n, 4) float32, pixels of the upright frame, half-open: x1 <= x < x2. Tight, without
           margin.
    score  (n,) float32, 0 to 1.
    kind   (n,) uint8, index into KINDS.
    closer (n,) float32, 0 to 1: for a face, the score of the same place in a closer look; for a
           plate, the chance that it is on a vehicle (`detect.plate_context`). NaN where nobody
           looked. None: nobody looked at any.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    kind: NDArray[np.uint8]
    closer: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        n = len(self.xyxy)
        if self.closer is not None and self.closer.shape != (n,):
            raise ValueError(f"want a closer look for each of {n} objects, got {self.closer.shape}")
        if (self.xyxy.shape, self.score.shape, self.kind.shape) != ((n, 4), (n,), (n,)):
            raise ValueError(
                f"want (n, 4), (n,) and (n,), got {self.xyxy.shape}, {self.score.shape} "
                f"and {self.kind.shape}"
            )
        if not (np.isfinite(self.xyxy).all() and np.isfinite(self.score).all()):
            raise ValueError(
                "a NaN score fails every threshold, and the face or plate would stay visible"
            )
        if (np.abs(self.xyxy) > FARTHEST).any():
            raise ValueError("a box reaches farther than any picture")
        if (self.xyxy[:, :2] > self.xyxy[:, 2:]).any():
            raise ValueError("a box whose sides are swapped covers nothing")
        if (
            self.closer is not None
            and not ((self.closer >= 0) & (self.closer <= 1) | np.isnan(self.closer)).all()
        ):
            raise ValueError("a closer look has a score from 0 to 1, or NaN where there was none")
        if (self.score < 0).any() or (self.score > 1).any() or (self.kind >= len(KINDS)).any():
            raise ValueError("a score is from 0 to 1, and a kind is an index into KINDS")

    def __len__(self) -> int:
        return len(self.xyxy)

    @classmethod
    def none(cls) -> Self:
        """The frame was examined and nothing was found."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.uint8))

    def are_sure(self, least: Mapping[int, float]) -> NDArray[np.bool_]:
        """Return (n,) which detections count by themselves: those with at least the score that
        `least` names for their kind.

        If `least` does not name a kind, all of that kind count.
        """
        scores = np.array([least.get(kind, 0.0) for kind in range(len(KINDS))], np.float32)
        return np.asarray(self.score >= scores[self.kind], np.bool_)

    def rows(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Detections:
        """Return only the rows that the mask or index selects."""
        closer = None if self.closer is None else self.closer[which]
        return Detections(self.xyxy[which], self.score[which], self.kind[which], closer)

    def closer_looks(self) -> NDArray[np.float32]:
        """Return `closer`, (n,), with NaN for all of them where nobody looked closer."""
        return np.full(len(self), np.nan, np.float32) if self.closer is None else self.closer
