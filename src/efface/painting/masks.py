"""Turn shapes into masks of the samples to erase, on luma and on subsampled planes.

Every shape contains the whole box of its region, so the choice of shape affects appearance, never
cover. A chroma sample belongs to the mask if any luma pixel that it colours does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt

import numpy as np
from numpy.typing import NDArray

from efface.geometry import Box, Size
from efface.regions import Region

Shift = tuple[int, int]
"""How many times a plane's width and height are halved."""

Mask = NDArray[np.bool_]
"""(h, w) bool, True = erase."""

CORNER_SHARE = 0.2
"""Corner radius of a rounded box, as a share of its box's shorter side."""

BAND = 1 << 20
"""Samples processed at once.

It bounds the memory for an erased area, however large the picture is.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Erased:
    """The area erased in a frame.

    mask     (h, w) bool at luma resolution, all regions united.
    windows  for each region the box, in luma pixels, around its mask; clipped to the picture.
    """

    mask: Mask
    windows: tuple[Box, ...]

    def at(self, box: Box, shift: Shift) -> Mask:
        """Return the mask of a plane with that subsampling, within `box`, given in the plane's own
        samples."""
        (x1, y1, x2, y2), (sx, sy) = box, shift
        fine = self.mask[y1 << sy : y2 << sy, x1 << sx : x2 << sx]
        if (sx, sy) == (0, 0):
            return fine
        # Slices end early in the last block of an odd picture, so each phase is joined at its own
        # size.
        coarse = np.zeros((-(-fine.shape[0] >> sy), -(-fine.shape[1] >> sx)), np.bool_)
        for row in range(1 << sy):
            for column in range(1 << sx):
                phase = fine[row :: 1 << sy, column :: 1 << sx]
                coarse[: phase.shape[0], : phase.shape[1]] |= phase
        return coarse


def erased(regions: Sequence[Region], shape: str, size_wh: Size) -> Erased:
    """Return the united masks of all regions. Raises ValueError for a box that is empty or reaches
    out of the picture."""
    width, height = size_wh
    # The system allocates no memory for pages of this array that no mask touches.
    mask = np.zeros((height, width), np.bool_)
    windows = []
    for region in regions:
        _require_inside(region.box, size_wh)
        top, start, stop = _outline(region.box, shape, size_wh)
        window = (int(start.min()), top, int(stop.max()), top + len(start))
        for x1, y1, x2, y2 in bands(window):
            columns = np.arange(x1, x2)
            rows = slice(y1 - top, y2 - top)
            mask[y1:y2, x1:x2] |= (columns >= start[rows, None]) & (columns < stop[rows, None])
        windows.append(window)
    return Erased(mask, tuple(windows))


def _require_inside(box: Box, size_wh: Size) -> None:
    x1, y1, x2, y2 = box
    if not (0 <= x1 < x2 <= size_wh[0] and 0 <= y1 < y2 <= size_wh[1]):
        raise ValueError(
            f"the box {box} is not inside a picture of {size_wh[0]}x{size_wh[1]}, so what "
            "it means is unknown"
        )


def bands(box: Box, multiple: int = 1) -> Iterator[Box]:
    """Yield the box in slices of whole rows, each of about BAND samples, starting at multiples of
    rows from the first."""
    x1, y1, x2, y2 = box
    rows = max(BAND // (max(x2 - x1, 1) * multiple), 1) * multiple
    for top in range(y1, y2, rows):
        yield x1, top, x2, min(top + rows, y2)


def subsampled(box: Box, shift: Shift) -> Box:
    """Return the box of samples, on a plane of that subsampling, that covers a box of luma
    pixels."""
    (x1, y1, x2, y2), (sx, sy) = box, shift
    return x1 >> sx, y1 >> sy, -(-x2 >> sx), -(-y2 >> sy)


def _outline(
    box: Box, shape: str, size_wh: Size
) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """Return the first row of the shape, then for each row the columns where it starts and stops;
    clipped to the picture."""
    x1, y1, x2, y2 = box
    growth = _growth(box, shape)
    top, bottom = max(floor(y1 - growth[1]), 0), min(ceil(y2 + growth[1]), size_wh[1])
    inset = _inset(box, shape, np.arange(top, bottom, dtype=np.float64) + 0.5)
    start = np.ceil(x1 - growth[0] + inset - 0.5).astype(np.int64)
    stop = np.floor(x2 + growth[0] - inset - 0.5).astype(np.int64) + 1
    # The shapes contain their box by geometry; this keeps rounding from breaking that.
    inside = slice(y1 - top, y2 - top)
    np.minimum(start[inside], x1, out=start[inside])
    np.maximum(stop[inside], x2, out=stop[inside])
    return top, np.clip(start, 0, size_wh[0]), np.clip(stop, 0, size_wh[0])


def _growth(box: Box, shape: str) -> tuple[float, float]:
    """Return how far the shape extends beyond its box, in x and in y, to contain the box's
    corners."""
    width, height = box[2] - box[0], box[3] - box[1]
    if shape == "rounded":
        # A corner of the box lies on the arc: (radius - growth) * sqrt(2) == radius.
        growth = CORNER_SHARE * min(width, height) * (1 - sqrt(0.5))
        return growth, growth
    if shape == "ellipse":
        return width * (sqrt(2) - 1) / 2, height * (sqrt(2) - 1) / 2
    if shape == "box":
        return 0.0, 0.0
    raise ValueError(f"unknown shape {shape!r}")


def _inset(box: Box, shape: str, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much narrower than its widest the shape is on each side, at these heights."""
    x1, y1, x2, y2 = box
    (grow_x, grow_y), middle = _growth(box, shape), (y1 + y2) / 2
    if shape == "box":
        return np.zeros_like(rows)
    if shape == "ellipse":
        semi_x, semi_y = (x2 - x1) / 2 + grow_x, (y2 - y1) / 2 + grow_y
        return np.asarray(
            semi_x * (1 - np.sqrt(np.maximum(1 - ((rows - middle) / semi_y) ** 2, 0)))
        )
    radius = CORNER_SHARE * min(x2 - x1, y2 - y1)
    into_corner = np.maximum(np.abs(rows - middle) - ((y2 - y1) / 2 + grow_y - radius), 0)
    return np.asarray(radius - np.sqrt(np.maximum(radius**2 - into_corner**2, 0)))
