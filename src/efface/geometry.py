"""Boxes, windows and areas: pure functions on numbers, in pixels of the upright frame.

A box is `(x1, y1, x2, y2)`, half-open: it covers x1 <= x < x2. When rounded to whole pixels, boxes
grow outwards, never inwards, so the last row and column of an object stay inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""A box of whole pixels, x1, y1, x2, y2."""

Size = tuple[int, int]
"""Width and height in pixels."""

Boxes = NDArray[np.float32]
"""(n, 4) float32, one box per row."""

MOST_PAIRS = 1 << 16
"""Number of pairs of boxes that are compared in one go."""


def pixel_window(box_xyxy: Sequence[float], size_wh: Size) -> tuple[slice, slice]:
    """Return rows and columns of the smallest whole-pixel window that covers the box, inside a
    picture of that size."""
    (x1, y1, x2, y2), (width, height) = box_xyxy, size_wh
    return _span(y1, y2, height), _span(x1, x2, width)


def _span(low: float, high: float, size: int) -> slice:
    # Both ends are clamped: a negative stop would count from the far edge.
    start, stop = min(max(floor(low), 0), size), max(min(ceil(high), size), 0)
    return slice(start, max(start, stop))


def grown(
    boxes: NDArray[np.floating], share: float | NDArray[np.floating], *, evenly: bool = False
) -> Boxes:
    """Enlarge each box on every side by `share` of its own width and height; if `evenly`, by that
    share of the larger one on all sides.

    share  of all, or (n,) of each.
    """
    pad = _sides(boxes, evenly) * np.reshape(share, (-1, 1)).astype(np.float32)
    return np.concatenate([boxes[:, :2] - pad, boxes[:, 2:] + pad], axis=1).astype(np.float32)


def _sides(boxes: NDArray[np.floating], evenly: bool) -> NDArray[np.floating]:
    sides = boxes[:, 2:] - boxes[:, :2]
    return sides.max(axis=1, keepdims=True) if evenly else sides


def whole_pixels(boxes: Boxes, size_wh: Size | NDArray[np.int32]) -> NDArray[np.int32]:
    """Round boxes outwards and clip them to the picture. A box wholly outside becomes empty (x1 ==
    x2 or y1 == y2).

    size_wh  of the one picture, or (n, 2) with that of each box.
    """
    low = np.floor(boxes[:, :2].astype(np.float64))
    high = np.ceil(boxes[:, 2:].astype(np.float64))
    limit = np.asarray(size_wh, np.float64)
    return np.concatenate([np.clip(low, 0, limit), np.clip(high, 0, limit)], axis=1).astype(
        np.int32
    )


def area(boxes: Boxes) -> NDArray[np.float32]:
    """Return the area of each box; 0 if a side is negative."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def overlap(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Return the (len(a), len(b)) areas shared by each pair."""
    wide, high = (_shared_side(a[:, i::2], b[:, i::2]) for i in (0, 1))
    return np.asarray(wide * high, np.float32)


def _shared_side(a: Boxes, b: Boxes) -> Boxes:
    """Return the (len(a), len(b)) lengths that spans share. Spans are (n, 2) start and end."""
    shared: Boxes = np.minimum(a[:, 1, None], b[:, 1])
    shared -= np.maximum(a[:, 0, None], b[:, 0])
    return np.maximum(shared, 0, out=shared)


def iou(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Return the (len(a), len(b)) intersections over union, 0 to 1."""
    shared = overlap(a, b)
    union = area(a)[:, None] + area(b)
    union -= shared
    shared /= np.maximum(union, np.float32(1e-9))
    return shared


def nms(boxes: Boxes, score: NDArray[np.float32], at_iou: float) -> NDArray[np.intp]:
    """Return the rows that survive non-maximum suppression, best score first."""
    left, keep = np.argsort(-score, kind="stable"), []
    while len(left):
        # Some rows at a time: a square matrix for noise would fill the memory.
        best = left[: max(1, MOST_PAIRS // len(left))]
        same = iou(boxes[best], boxes[left]) >= at_iou
        is_kept = _first_of_each(same[:, : len(best)])
        keep.append(best[is_kept])
        left = left[len(best) :][~same[is_kept, len(best) :].any(axis=0)]
    return np.concatenate(keep) if keep else np.empty(0, np.intp)


def _first_of_each(same: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (n,) which rows are not the same as a row before that stays.

    same  (n, n) whether two rows are the same.
    """
    stays = np.ones(len(same), np.bool_)
    for row in np.flatnonzero(np.triu(same, 1).any(axis=1)):
        if stays[row]:
            stays[row + 1 :] &= ~same[row, row + 1 :]
    return stays


def hull(boxes: Boxes) -> Boxes:
    """Return the (1, 4) smallest box around all of them."""
    return np.concatenate([boxes[:, :2].min(0), boxes[:, 2:].max(0)])[None].astype(np.float32)


def hulls(a: NDArray[np.floating], b: NDArray[np.floating]) -> Boxes:
    """Return the (n, 4) smallest boxes around each box of a and the one of b in the same row."""
    return np.concatenate(
        [np.minimum(a[:, :2], b[:, :2]), np.maximum(a[:, 2:], b[:, 2:])], axis=1
    ).astype(np.float32)
