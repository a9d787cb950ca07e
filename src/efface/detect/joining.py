"""One box for each object: how the boxes of several views of one frame are joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Doubles, Found
from efface.detections import Detections
from efface.geometry import MOST_PAIRS, Boxes, area, hull, iou, nms, overlap

SAME, AGREE = 0.4, 0.6
"""IoU from which boxes of two looks at one frame are one object, and IoU from which their hull is
taken."""


def joined(xyxy: Boxes, score: NDArray[np.float32], same: float, agree: float) -> Found:
    """Return one box for each object: the hull of all boxes that agree with the best one."""
    keep = nms(xyxy, score, same)
    return _hulls(xyxy, keep, agree), score[keep]


def without_doubles(found: Found, rule: Doubles) -> Found:
    """Return the objects without boxes that show a part of an object which another box shows
    better."""
    xyxy, score = found
    if not (score >= rule.least).any():
        return found
    stays = np.ones(len(score), np.bool_)
    step = max(1, MOST_PAIRS // len(xyxy))
    sizes = np.maximum(area(xyxy), 1e-6)
    for start in range(0, len(xyxy), step):
        rows = slice(start, start + step)
        is_better = (score >= rule.least) & (score >= score[rows, None] + rule.better_by)
        shared = overlap(xyxy[rows], xyxy) / np.minimum(sizes[rows, None], sizes)
        stays[rows] = ~(is_better & (shared >= rule.shared)).any(axis=1)
    return xyxy[stays], score[stays]


def merged(a: Detections, b: Detections) -> Detections:
    """Return the detections of two looks at one frame, one box for each object."""
    if not len(b):
        return a
    every = _together([a, b])
    return _together(list(_one_each(every)))


def _one_each(seen: Detections) -> Iterator[Detections]:
    for kind in np.unique(seen.kind):
        of_kind = seen.rows(seen.kind == kind)
        best = nms(of_kind.xyxy, of_kind.score, SAME)
        yield replace(of_kind.rows(best), xyxy=_hulls(of_kind.xyxy, best, AGREE))


def _hulls(xyxy: Boxes, keep: NDArray[np.intp], agree: float) -> Boxes:
    """Return for each of the rows `keep` the hull of all boxes that agree with it."""
    if len(keep) == len(xyxy):
        return xyxy[keep]
    hulls = xyxy[keep]
    step = max(1, MOST_PAIRS // len(xyxy))
    for start in range(0, len(keep), step):
        best = keep[start : start + step]
        agrees = iou(xyxy[best], xyxy) >= agree
        agrees[np.arange(len(best)), best] = True  # a box without area overlaps nothing
        for row in np.flatnonzero(agrees.sum(axis=1) > 1):
            hulls[start + row] = hull(xyxy[agrees[row]])[0]
    return hulls


def _together(parts: list[Detections]) -> Detections:
    return Detections(
        np.concatenate([p.xyxy for p in parts]),
        np.concatenate([p.score for p in parts]),
        np.concatenate([p.kind for p in parts]),
        np.concatenate([p.closer_looks() for p in parts]),
    )
