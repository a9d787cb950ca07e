"""How much of a leak rate, or of a change of it, is chance.

One face that is missed leaks in all frames of its clip, so boxes are no independent trials, and
clips are. Clips are drawn again from those that were measured, many times (the bootstrap, B. Efron
1979, Annals of Statistics 7:1): the true number lies among the middle nineteen in twenty of what
that gives, as far as the clips stand for others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Counts = Sequence[tuple[int, int]]
"""(leaks, judged boxes) of each video."""

Range = tuple[float, float]

LEAST_VIDEOS, LEAST_OTHER = 5, 3
"""Judged videos, and those of them that leak or have changed. Fewer say nothing about others: where
nothing leaked, drawing again gives nothing, and that would read as certainty."""

TIMES, SEED = 4000, 1

MIDDLE = 2.5, 97.5
"""Percentiles: 19 of 20 lie between them."""


def rate_range(videos: Counts) -> Range | None:
    """Return the range of the leak rate, 0 to 1; None for too few videos, or too few that leak."""
    counts = _drawn(videos)
    return _middle(counts[:, 0] / counts[:, 1]) if len(counts) else None


def change_range(new: Counts, old: Counts) -> Range | None:
    """Return the range of the change of the leak rate between two runs on the same videos, -1 to 1.

    None if the videos are not the same, too few, or too few of them changed.
    """
    if [boxes for _, boxes in new] != [boxes for _, boxes in old]:
        return None
    change = [(now - was, boxes) for (now, boxes), (was, _) in zip(new, old, strict=True)]
    counts = _drawn(change)
    return _middle(counts[:, 0] / counts[:, 1]) if len(counts) else None


def _drawn(videos: Counts) -> NDArray[np.int64]:
    """Return (n, 2) sums over videos drawn anew, those without a judged box left out."""
    judged = np.array([v for v in videos if v[1]], np.int64).reshape(-1, 2)
    if len(judged) < LEAST_VIDEOS or np.count_nonzero(judged[:, 0]) < LEAST_OTHER:
        return np.zeros((0, 2), np.int64)
    rows = np.random.default_rng(SEED).integers(0, len(judged), (TIMES, len(judged)))
    return np.asarray(judged[rows].sum(axis=1), np.int64)


def _middle(values: NDArray[np.float64]) -> Range:
    low, high = np.percentile(values, MIDDLE)
    return round(float(low), 5), round(float(high), 5)
