"""When frames are shown: integer PTS with a Fraction time base; floats appear only when a person
reads the number."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The PTS of every frame of a source, in presentation order.

    pts        (n,) int64, strictly increasing, in units of time_base.
    time_base  seconds per unit, > 0.
    """

    pts: NDArray[np.int64]
    time_base: Fraction

    def __post_init__(self) -> None:
        if self.time_base <= 0:
            raise ValueError(f"a time base is positive, got {self.time_base}")
        if self.pts.ndim != 1 or (self.pts[1:] <= self.pts[:-1]).any():  # a difference may overflow
            raise ValueError("PTS must be one row of strictly increasing integers")

    def __len__(self) -> int:
        return len(self.pts)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Timeline)
            and self.time_base == other.time_base
            and np.array_equal(self.pts, other.pts)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays are mutable

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Return the (n,) time of each frame since the first, in seconds."""
        first = self.pts[0] if len(self.pts) else 0
        # Times in damaged videos jump by more than int64 holds; as unsigned numbers the differences
        # are right.
        return (self.pts - first).view(np.uint64).astype(np.float64) * float(self.time_base)


def timecode(seconds: float) -> str:
    """Format as `h:mm:ss.mmm`, for people."""
    ms = round(abs(seconds) * 1000)
    sign = "-" if seconds < 0 and ms else ""
    return f"{sign}{ms // 3_600_000}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
