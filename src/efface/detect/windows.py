"""Windows of a level around given boxes: for a second opinion on a few places of a large photo.

Windows are joined where one large window takes fewer pixels than several small ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from efface.geometry import Box, Boxes, Size, overlap

CONTEXT_PX = 48
"""Pixels of the level around the middle of a box, at least: the network needs some of what is
around an object."""

BEYOND_SHARE = 0.5
"""Share of its sides by which a larger box grows on every side."""

MOST_REACH_PX = 320
"""Pixels from the middle of a box to each side, at most. A coarser level shows larger objects
whole."""

GRID_PX = 16
"""Places are rounded to this grid, so that neighbouring places become one."""

GAIN_SHARE = 0.97
"""Windows are split while the parts have less than this share of the pixels. Each part also costs
EDGE_PX pixels of a side: small pictures cost more a pixel."""

EDGE_PX = 16

WHOLE_SHARE = 0.9
"""Share of the level's tiles from which windows save nothing."""


def places(boxes: Boxes, size_wh: Size) -> Boxes:
    """Return (m, 4) what a level has to show around boxes, whole pixels inside the level.

    boxes  (n, 4) in pixels of the level.
    """
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    reach = (boxes[:, 2:] - boxes[:, :2]) * (0.5 + BEYOND_SHARE)
    reach = np.clip(reach, CONTEXT_PX, MOST_REACH_PX)
    low = np.floor((middle - reach) / GRID_PX) * GRID_PX
    high = np.ceil((middle + reach) / GRID_PX) * GRID_PX
    limit = np.array(size_wh, np.float32)
    found = np.concatenate([np.clip(low, 0, limit), np.clip(high, 0, limit)], axis=1)
    found = found[(found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])]
    return np.unique(found, axis=0).astype(np.float32)


def windows(wanted: Boxes, tiles: Sequence[Box]) -> list[Box]:
    """Return windows inside the tiles that show each place, as far as one tile shows it.

    A tile of which windows would not save enough is returned as it is.

    wanted  (n, 4) places, whole pixels.
    tiles   overlapping windows that cover the level.
    """
    homes = _homes(wanted, np.array(tiles, np.float32))
    found: list[Box] = []
    for i, tile in enumerate(tiles):
        low, high = np.array(tile[:2], np.float32), np.array(tile[2:], np.float32)
        inside = np.clip(wanted[homes == i], np.tile(low, 2), np.tile(high, 2))
        parts = _split(inside) if len(inside) else []
        found += [tile] if _cost(parts) > WHOLE_SHARE * _cost([tile]) else parts
    return found


def _homes(wanted: Boxes, tiles: Boxes) -> NDArray[np.intp]:
    """Return (n,) for each place the tile that shows most of it; of several the one in whose middle
    it lies."""
    shown = overlap(wanted, tiles).astype(np.float64)
    between = (wanted[:, None, :2] + wanted[:, None, 2:] - tiles[:, :2] - tiles[:, 2:]) / 2
    away = np.abs(between).max(axis=2) / (1 << 20)  # decides only where as much is shown
    return np.asarray((shown - away).argmax(axis=1))


def _split(wanted: Boxes) -> list[Box]:
    """Return windows for the places, by dividing their hull while that saves enough."""
    low, high = wanted[:, :2].min(axis=0), wanted[:, 2:].max(axis=0)
    halves = [_costs_of_halves(wanted, axis) for axis in (0, 1)]
    order, cost = min(halves, key=lambda half: float(half[1].min(initial=np.inf)))
    if len(cost) and cost.min() < GAIN_SHARE * _pixels(low[None], high[None])[0]:
        at = int(np.argmin(cost)) + 1
        return _split(wanted[order[:at]]) + _split(wanted[order[at:]])
    return [(int(low[0]), int(low[1]), int(high[0]), int(high[1]))]


def _costs_of_halves(wanted: Boxes, axis: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the order of the places along an axis, and the cost of both windows if they are
    divided after each."""
    order = np.argsort(wanted[:, axis] + wanted[:, axis + 2], kind="stable")
    sorted_ = wanted[order]
    first, last = sorted_[:-1], sorted_[::-1][:-1]
    one = _pixels(
        np.minimum.accumulate(first[:, :2], axis=0), np.maximum.accumulate(first[:, 2:], axis=0)
    )
    other = _pixels(
        np.minimum.accumulate(last[:, :2], axis=0), np.maximum.accumulate(last[:, 2:], axis=0)
    )
    return order, one + other[::-1]


def _pixels(low: Boxes, high: Boxes) -> NDArray[np.float32]:
    sides = high - low + EDGE_PX
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def _cost(boxes: Sequence[Box]) -> float:
    return float(sum((x2 - x1 + EDGE_PX) * (y2 - y1 + EDGE_PX) for x1, y1, x2, y2 in boxes))
