"""One object over time, inside one shot.

A track links boxes in neighbouring frames by position and motion, and ends there: it says nothing
about who is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Reason(IntEnum):
    """Why a frame is covered."""

    SEEN = 0
    """The detector saw it."""
    BRIDGED = 1
    """Between two sightings."""
    EXTENDED = 2
    """Before the first or after the last sighting."""
    DRAWN = 3
    """A person asked for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The boxes of one object. Row i of every array is the same moment.

    id      unique in its plan, from 1.
    kind    index into detections.KINDS.
    frame   (n,) int32, frame numbers, strictly increasing.
    xyxy    (n, 4) float32, pixels of the upright frame.
    reason  (n,) uint8, Reason.
    score   (n,) float32, 0 to 1; 0 where the object was not seen.
    keep    a person asked for this object to stay visible.
    closer  (n,) float32 as in `Detections`, of a track of sightings; None in plans.
    """

    id: int
    kind: int
    frame: NDArray[np.int32]
    xyxy: NDArray[np.float32]
    reason: NDArray[np.uint8]
    score: NDArray[np.float32]
    keep: bool = False
    closer: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        n = len(self.frame)
        if self.closer is not None and self.closer.shape != (n,):
            raise ValueError(f"a closer look belongs to a moment; got {self.closer.shape} for {n}")
        shapes = (self.frame.shape, self.xyxy.shape, self.reason.shape, self.score.shape)
        if n == 0 or shapes != ((n,), (n, 4), (n,), (n,)):
            raise ValueError(
                f"a track has n > 0 moments, as (n,), (n, 4), (n,) and (n,); got {shapes}"
            )
        if (self.frame[1:] <= self.frame[:-1]).any() or self.frame[
            0
        ] < 0:  # a difference may overflow
            raise ValueError("a track's frame numbers start at 0 or later and increase strictly")
        if not np.isfinite(self.xyxy).all():
            raise ValueError("a box that is not finite covers nothing")

    def __len__(self) -> int:
        return len(self.frame)
