"""What an attack achieved: how often the nearest candidate is the right one, and how well distances
tell same from other."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

Z = 1.959964
"""Half width of a 95 % interval, in standard deviations."""

PART = 400
"""Candidates that are compared at once; it bounds the memory."""

Distances = NDArray[np.float64]
"""(probes, candidates)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attack on one filter.

    probes      pictures that were attacked.
    candidates  among which each one's right answer is hidden.
    hits        probes whose nearest candidate is the right one; where the right one is among k
                nearest ones, 1/k.
    auc         chance that a right pair is nearer to each other than a wrong one; 0.5 says nothing,
                1 everything.
    alike       the attacker saw the same, to the last bit, for every probe.
    """

    probes: int
    candidates: int
    hits: float
    auc: float
    alike: bool

    @property
    def rank1(self) -> float:
        """Share of hits."""
        return self.hits / self.probes

    @property
    def chance(self) -> float:
        """What guessing achieves."""
        return 1 / self.candidates

    @property
    def interval(self) -> tuple[float, float]:
        """Of `rank1`, 95 %."""
        return wilson(self.hits, self.probes)

    @property
    def auc_interval(self) -> tuple[float, float]:
        """Of `auc`, 95 %."""
        return auc_interval(self.auc, self.probes)

    @property
    def is_chance(self) -> bool:
        """Neither number is better than guessing, as far as so many probes can tell."""
        return self.interval[0] <= self.chance and self.auc_interval[0] <= 0.5


def judged(
    probes: NDArray[np.generic], candidates: NDArray[np.generic], right: NDArray[np.intp]
) -> Outcome:
    """Nearest candidate by Euclidean distance.

    probes      (n, values); candidates (m, values); right[i] is the candidate that probe i shows.
    """
    if not len(probes) or len(candidates) < 2 or len(right) != len(probes):
        raise ValueError(
            f"{len(probes)} probes, {len(right)} right answers and {len(candidates)} "
            "candidates are no task"
        )
    distances = _squared(probes, candidates)
    alike = bool((probes == probes[0]).all())
    return Outcome(
        len(probes), len(candidates), hits(distances, right), auc(distances, right), alike
    )


def _squared(a: NDArray[np.generic], b: NDArray[np.generic]) -> Distances:
    """(len(a), len(b)) squared distances; equal rows get equal distances, to the last bit, so that
    ties are ties."""
    if a.dtype != np.uint8 or b.dtype != np.uint8:
        # Pair by pair, each in the same order: a product of matrices does not promise that.
        return np.asarray(cdist(a, b, "sqeuclidean"))
    # Sums of products of bytes are whole numbers far below 2**53, exact in any order.
    a = a.astype(np.float64)
    parts = []
    for start in range(0, len(b), PART):
        part = b[start : start + PART].astype(np.float64)
        parts.append((a * a).sum(1)[:, None] + (part * part).sum(1)[None] - 2 * (a @ part.T))
    return np.concatenate(parts, axis=1)


def hits(distances: Distances, right: NDArray[np.intp]) -> float:
    """Probes whose nearest candidate is the right one; ties are shared out."""
    nearest = distances == distances.min(axis=1, keepdims=True)
    return float((nearest[np.arange(len(right)), right] / nearest.sum(axis=1)).sum())


def auc(distances: Distances, right: NDArray[np.intp]) -> float:
    """Area under the ROC curve of "same or other?", over all pairs of a probe and a candidate; ties
    count half."""
    same = np.zeros(distances.shape, np.bool_)
    same[np.arange(len(right)), right] = True
    ranks = rankdata(distances)[same.ravel()]
    n, m = len(ranks), distances.size - len(ranks)
    return float(1 - (ranks.sum() - n * (n + 1) / 2) / (n * m))


def wilson(hits: float, n: int) -> tuple[float, float]:
    """95 % interval of a share, by Wilson's score."""
    share, z2 = hits / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def auc_interval(area: float, n: int) -> tuple[float, float]:
    """95 % interval of an area under the curve by Hanley and McNeil.

    Wrong pairs count as many as there are probes, as they are not independent.
    """
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = (area * (1 - area) + (n - 1) * (q1 - area * area + q2 - area * area)) / (n * n)
    half = Z * sqrt(max(variance, 0.0))
    return max(area - half, 0.0), min(area + half, 1.0)
