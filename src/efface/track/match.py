"""Which detection continues which track, in one frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from efface.geometry import Boxes, area, grown, iou

MAX_RATIO = 2.5
"""Boxes whose areas differ by more are two objects."""


def match(expected: Boxes, reach: NDArray[np.float32], seen: Boxes, least: float) -> list[tuple[int, int]]:
    """Pairs (row of expected, row of seen) with the largest total overlap (Hungarian method).

    expected  (n, 4) where tracks should be.
    reach     (n,) share of its size by which each box, and what is compared with it, grows first: small and
              fast objects leave their own box between two frames (buffered IoU, Yang et al. 2023, arXiv 2211.14317).
    seen      (m, 4) detections.
    least     pairs whose buffered IoU is below this are no pairs.
    """
    if not len(expected) or not len(seen):
        return []
    score = buffered_iou(expected, seen, reach)
    ratio = area(expected)[:, None] / np.maximum(area(seen)[None, :], 1e-6)
    score[(ratio > MAX_RATIO) | (ratio < 1 / MAX_RATIO)] = 0
    rows, columns = linear_sum_assignment(-score)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if score[r, c] >= least]


def buffered_iou(expected: Boxes, seen: Boxes, reach: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, m) IoU after both boxes of a pair grew by the share `reach` of their own size on every side."""
    scores = np.zeros((len(expected), len(seen)), np.float32)
    for share in np.unique(reach):
        rows = reach == share
        scores[rows] = iou(grown(expected[rows], float(share)), grown(seen, float(share)))
    return scores
