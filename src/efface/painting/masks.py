"""Turn shapes into masks of the samples to erase, on luma and on subsampled planes.

Every shape contains the whole box of its region, so the choice of shape affects appearance, never
cover. A chroma sample belongs to the mask if any luma pixel that it colours does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import floor, sqrt

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


KEPT_PIXELS = 1 << 16
"""Maximum size of a box whose corner's mask is kept. Sizes return from frame to frame."""

BLOCK = 8
"""Masks are stored in whole blocks of this many pixels a side, so that they divide evenly on every
plane."""


@dataclass(frozen=True, slots=True, eq=False)
class Erased:
    """The area erased in a frame.

    blocks   (h, w) bool at luma resolution, all regions united; sides rounded up to BLOCK.
    size_wh  of the picture.
    windows  for each region the box, in luma pixels, around its mask; clipped to the picture.
    """

    blocks: Mask
    size_wh: Size
    windows: tuple[Box, ...]
    _coarse: dict[Shift, Mask] = field(default_factory=dict)

    @property
    def mask(self) -> Mask:
        """(h, w) bool at luma resolution."""
        return self.blocks[: self.size_wh[1], : self.size_wh[0]]

    def at(self, box: Box, shift: Shift) -> Mask:
        """Return the mask of a plane with that subsampling, within `box`, given in the plane's own
        samples."""
        x1, y1, x2, y2 = box
        if shift not in self._coarse:
            self._coarse[shift] = self._joined(shift) if any(shift) else self.mask
        return self._coarse[shift][y1:y2, x1:x2]

    def _joined(self, shift: Shift) -> Mask:
        """Return the whole mask of a plane with that subsampling."""
        sx, sy = shift
        width, height = self.size_wh
        coarse = np.zeros((-(-height >> sy), -(-width >> sx)), np.bool_)
        for window in self.windows:
            x1, y1, x2, y2 = subsampled(window, shift)
            rows = self.blocks[y1 << sy : y2 << sy, x1 << sx : x2 << sx]
            joined = rows[:: 1 << sy]
            for phase in range(1, 1 << sy):
                joined = joined | rows[phase :: 1 << sy]
            # A block's row read as one number is 0 where nothing in it is erased.
            np.not_equal(joined.view(f"u{1 << sx}"), 0, out=coarse[y1:y2, x1:x2])
        return coarse


def erased(regions: Sequence[Region], shape: str, size_wh: Size) -> Erased:
    """Return the united masks of all regions. Raises ValueError for a box that is empty or reaches
    out of the picture."""
    width, height = size_wh
    # The system allocates no memory for pages of this array that no mask touches.
    mask = np.zeros((-(-height // BLOCK) * BLOCK, -(-width // BLOCK) * BLOCK), np.bool_)
    windows = []
    for region in regions:
        _require_inside(region.box, size_wh)
        x1, y1, x2, y2 = region.box
        left, top, stamp = _stamp(x2 - x1, y2 - y1, shape)
        window = max(x1 - left, 0), max(y1 - top, 0), min(x2 + left, width), min(y2 + top, height)
        part = mask[window[1] : window[3], window[0] : window[2]]
        x, y = window[0] - x1 + left, window[1] - y1 + top
        part |= stamp[y : y + part.shape[0], x : x + part.shape[1]]
        windows.append(window)
    return Erased(mask, size_wh, tuple(windows))


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


def _stamp(width: int, height: int, shape: str) -> tuple[int, int, Mask]:
    """Return how many columns and rows the shape reaches beyond a box of that size on each side,
    and its mask."""
    side = min(width, height)
    # The corners of a rounded box depend on its shorter side only.
    of = {"rounded": (side, side), "box": (1, 1)}.get(shape, (width, height))
    corner = (_kept_corner if of[0] * of[1] <= KEPT_PIXELS else _corner)(*of, shape)
    rows, columns = corner.shape
    left, top = columns - (of[0] + 1) // 2, rows - (of[1] + 1) // 2
    mask = np.ones((height + 2 * top, width + 2 * left), np.bool_)
    mask[:rows, :columns] = corner
    mask[:rows, -columns:] = corner[:, ::-1]
    mask[-rows:] = mask[rows - 1 :: -1]
    return left, top, mask


def _corner(width: int, height: int, shape: str) -> Mask:
    """Return the upper left quarter of the shape around a box of that size."""
    box = 0, 0, width, height
    growth = _growth(box, shape)
    top = floor(-growth[1])
    inset = _inset(box, shape, np.arange(top, (height + 1) // 2, dtype=np.float64) + 0.5)
    start = np.ceil(inset - growth[0] - 0.5).astype(np.int64)
    # The shapes contain their box by geometry; this keeps rounding from breaking that.
    np.minimum(start[-top:], 0, out=start[-top:])
    return np.asarray(np.arange(start.min(), (width + 1) // 2) >= start[:, None])


_kept_corner = lru_cache(maxsize=512)(_corner)


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
