"""Matching of detections to tracks, in one frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from efface.geometry import Boxes, area, grown, iou
from efface.track.assignment import best_pairs
from efface.track.motion import Motion


def match(
    expected: Boxes,
    reach: NDArray[np.float32],
    seen: Boxes,
    least: float,
    motion: Motion,
    instead: Boxes | None = None,
) -> list[tuple[int, int]]:
    """Return pairs (row of expected, row of seen) with the largest total overlap.

    expected  (n, 4) where tracks should be.
    reach     (n,) share by which both boxes of a pair grow before they are compared.
    seen      (m, 4) detections.
    least     minimum buffered IoU of a pair.
    motion    how such objects move, and how much their sizes may differ.
    instead   (n, 4) where they may be as well: the larger overlap of both places counts.
    """
    if not len(expected) or not len(seen):
        return []
    places, reaches = expected, reach
    if instead is not None:
        is_other = (instead != expected).any(axis=1)
        places = np.concatenate([expected, instead[is_other]])
        reaches = np.concatenate([reach, reach[is_other]])
    score = buffered_iou(places, seen, reaches, evenly=motion.is_flat)
    if instead is not None:
        score, others = score[: len(expected)], score[len(expected) :]
        score[is_other] = np.maximum(score[is_other], others)
    ratio = area(expected)[:, None] / np.maximum(area(seen)[None, :], 1e-6)
    score[(ratio > motion.max_ratio) | (ratio < 1 / motion.max_ratio)] = 0
    return [(r, c) for r, c in best_pairs(score) if score[r, c] >= least]


def buffered_iou(
    expected: Boxes, seen: Boxes, reach: NDArray[np.float32], *, evenly: bool
) -> NDArray[np.float32]:
    """Return (n, m) IoU after both boxes of a pair grew on every side by the share `reach` (n,) of
    their own size.

    Small and fast objects leave their own box between two frames (Yang et al. 2023, arXiv
    2211.14317).
    """
    scores = np.zeros((len(expected), len(seen)), np.float32)
    for share in np.unique(reach):
        rows = reach == share
        scores[rows] = iou(*(grown(b, float(share), evenly=evenly) for b in (expected[rows], seen)))
    return scores
