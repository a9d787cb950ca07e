"""Fill holes with colours that spread inwards from their rim.

The rim is averaged into a coarse grid of cells. A pyramid then spreads it: each level is the mean
of the level below, and on the way back every level adds what is known there to a share of the
smooth enlargement of the level above. So the nearest known cells count most, and far ones fill the
middle. In a large hole, cells that stand out from the rim around them count less: a red line that
ends at the rim must not flood the hole. Erased samples have the weight 0 and cannot leak in.

Only the grid is computed in floating point. The last enlargement to a finer plane and the write are
done in the plane's own samples.

Coordinates here are *base* samples: those of the coarsest plane. A base sample is known if no luma
pixel in it is erased. Then all its planes are known, so a colour always combines luma and chroma of
one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.frames import Picture
from efface.geometry import Box
from efface.painting.masks import Erased, Shift, bands, subsampled
from efface.regions import Region

Cells = NDArray[np.float32]
"""(colour planes, rows, columns) float32, in sample values."""

Sums = NDArray[np.float32]
"""(rows, columns, colour planes + 1) float32: sums of the known samples of a cell, and last their
share."""

Plane = NDArray[Any]

SPAN = 48
"""Maximum number of cells along the longest side of a hole. With 32 the rim shows more; with 96
colours flicker more from frame to frame, and painting costs more."""

LIMIT = 1 << 20
"""Maximum number of cells of one grid. Many small holes in a row make a large one."""

RIM_CELLS = 4
"""Cells of known picture taken on each side of a hole."""

LEVELS = 4
"""Levels of the pyramid above the cells. The grid begins and ends at multiples of the largest cell,
counted from the picture's corner, so the fill does not tremble when a hole moves."""

FAR_SHARE = 0.5
"""Share with which a level counts beside the one below: about the third power of the distance.
With more, colours differ at the rim; with less, the fill consists of patches."""

KNOWN_GAIN = np.float32(4)
"""Factor by which a cell's known share is raised: with 4, a quarter makes it fully known. Rims
reach further in."""

SMOOTHING_ROUNDS = 2
"""Smoothing rounds after the spreading. They join the fill to its rim."""

LARGE_SAMPLES = 48
"""A hole with at least this many base samples along its longest side gets a robust rim. Smaller
ones cannot be flooded."""

RIM_PARTS = 3
"""A cell is compared with the part of the rim within the longest side divided by this."""

OUTLIER_DEVIATIONS = 1.25
"""Multiple of the usual distance from the mean of its part of the rim at which a cell counts half.
"""

LEAST_WEIGHT = np.float32(1e-12)
"""Keeps division by a share of zero finite."""

TILES_PER_SIDE = 8
"""Number of tiles along the shorter side of a box."""

SMALLEST_TILE = 4.0
"""Luma pixels. Smaller tiles look like noise, and are expensive to encode."""

TABLE_TILES = 32
"""Number of tiles in each direction after which the random choices repeat."""

REACH_SHARE = 0.6
"""Maximum distance, in widths and heights of the box, between a tile and the place whose colour it
takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Fill:
    """Colours for an area of the picture, made from the picture around its holes.

    cells   every cell has a colour, known or spread from the known ones.
    origin  (x, y) of the first cell, in cells counted from the picture's corner.
    cell    base samples along the side of a cell, a power of two.
    base    subsampling of the base samples.
    dtype   of the picture's samples.
    """

    cells: Cells
    origin: tuple[int, int]
    cell: int
    base: Shift
    dtype: np.dtype[Any]

    def at(self, box: Box, shift: Shift, plane: int) -> Plane:
        """Return one plane's samples for a box in samples of a plane with that subsampling.

        The box must lie inside the cells, as every box of the fill's windows does.
        """
        finer = self.base[0] - shift[0], self.base[1] - shift[1]
        x1, y1, x2, y2 = subsampled(box, finer)
        cell, (left, top) = self.cell, self.origin
        # One more cell on each side, since enlarging reads neighbours.
        column, row = max(x1 // cell - left - 1, 0), max(y1 // cell - top - 1, 0)
        near = self.cells[plane, row : -(-y2 // cell) - top + 1, column : -(-x2 // cell) - left + 1]
        soft = (_enlarged(near, cell, cell) + np.float32(0.5)).astype(self.dtype)
        patch = _enlarged(soft, 1 << finer[0], 1 << finer[1])
        left = box[0] - ((left + column) * cell << finer[0])
        top = box[1] - ((top + row) * cell << finer[1])
        return patch[top : top + box[3] - box[1], left : left + box[2] - box[0]]

    def colours(
        self, x: NDArray[np.float64], y: NDArray[np.float64], radius: float
    ) -> NDArray[np.float32]:
        """Return (colour planes, ...) the mean colours around points.

        Points and radius are in luma pixels.
        """
        wide, high = self.cell << self.base[0], self.cell << self.base[1]
        _, rows, columns = self.cells.shape
        # Truncation is enough, as the box and so the points are right of and below the first cell.
        column = np.clip((x / wide).astype(np.intp) - self.origin[0], 0, columns - 1)
        row = np.clip((y / high).astype(np.intp) - self.origin[1], 0, rows - 1)
        reach = int(radius / max(wide, high))
        left, top = max(column.min() - reach, 0), max(row.min() - reach, 0)
        near = self.cells[:, top : row.max() + reach + 1, left : column.max() + reach + 1]
        size, place = (2 * reach + 1,) * 2, (row - top) * near.shape[2] + (column - left)
        soft = (cv2.blur(p, size, borderType=cv2.BORDER_REPLICATE) if reach else p for p in near)
        return np.stack([plane.take(place) for plane in soft])


def filled(picture: Picture, erased: Erased, windows: Sequence[Box], base: Shift) -> Fill:
    """Make the fill around windows (in luma pixels) of the erased area. Reads only samples outside
    the mask.

    If no sample is known, not even in the rim, every cell gets the layout's neutral colour.
    """
    holes = [subsampled(window, base) for window in windows]
    cell = _cell_size(holes)
    x1, y1, x2, y2 = hull_of(holes)
    height, width = (
        -(-size >> s) for size, s in zip(picture.size_wh[::-1], base[::-1], strict=True)
    )
    seen = (
        max(x1 // cell - RIM_CELLS, 0),
        max(y1 // cell - RIM_CELLS, 0),
        min(-(-x2 // cell) + RIM_CELLS, -(-width // cell)),
        min(-(-y2 // cell) + RIM_CELLS, -(-height // cell)),
    )
    left, top = seen[0] >> LEVELS << LEVELS, seen[1] >> LEVELS << LEVELS
    known = _gathered(picture, erased, seen, cell, base, (left, top))
    if known[..., -1].any():
        longest = max(max(hole[2] - hole[0], hole[3] - hole[1]) for hole in holes)
        if longest >= LARGE_SAMPLES:
            _distrust(known, longest // cell // RIM_PARTS)
        cells = _coloured(known, _spread(known, LEVELS))
    else:
        neutral = np.array(picture.layout.neutral[: known.shape[2] - 1], np.float32)
        cells = np.ones((len(neutral), *known.shape[:2]), np.float32) * neutral[:, None, None]
    return Fill(cells, (left, top), cell, base, picture.planes[0].dtype)


def hull_of(boxes: Sequence[Box]) -> Box:
    x1, y1, x2, y2 = zip(*boxes, strict=True)
    return min(x1), min(y1), max(x2), max(y2)


def _cell_size(holes: Sequence[Box]) -> int:
    """Return the smallest power of two at which the largest hole has at most SPAN cells, and all
    together LIMIT."""
    x1, y1, x2, y2 = hull_of(holes)
    longest = max(max(hole[2] - hole[0], hole[3] - hole[1]) for hole in holes)
    cell = 1
    while longest > SPAN * cell or (x2 - x1) * (y2 - y1) > LIMIT * cell * cell:
        cell *= 2
    return cell


def _gathered(
    picture: Picture, erased: Erased, seen: Box, cell: int, base: Shift, origin: tuple[int, int]
) -> Sums:
    """Return for each cell the sums of its known samples, plane by plane, and last their share,
    all of them per sample of the cell.

    seen    cells to read; those left of and above it, up to `origin`, stay unknown, as do those
            that complete the largest cells of the pyramid.
    """
    left, top, right, bottom = seen
    planes = picture.planes[: len(picture.planes) - picture.layout.has_alpha]
    rows, columns = (
        -(-(stop - start) >> LEVELS) << LEVELS
        for start, stop in ((origin[1], bottom), (origin[0], right))
    )
    known = np.zeros((rows, columns, len(planes) + 1), np.float32)
    part = known[top - origin[1] : bottom - origin[1], left - origin[0] : right - origin[0]]
    for box in bands((left * cell, top * cell, right * cell, bottom * cell), multiple=cell):
        free = _known(picture, erased, box, base)
        samples = [
            _at_base(plane, shift, box, base)
            for plane, shift in zip(planes, picture.layout.shifts, strict=False)
        ]
        together = cv2.merge([*samples, free.astype(samples[0].dtype)])
        part[box[1] // cell - top : box[3] // cell - top] = _reduced(
            cv2.copyTo(together, free).astype(np.float32), cell, cell
        )
    return known


def _distrust(known: Sums, part: int) -> None:
    """Reduce sums and share alike if a cell differs from the known cells within `part` cells
    (Cauchy weights)."""
    weight = np.ascontiguousarray(known[..., -1])
    usual = _mean(known, part)
    there = usual[..., -1] + LEAST_WEIGHT
    away = np.zeros_like(weight)
    for i in range(known.shape[2] - 1):
        away += np.abs(known[..., i] - weight * (usual[..., i] / there))
    typical = (_mean(away, part) / there) ** 2
    away /= np.maximum(weight, LEAST_WEIGHT) * np.float32(OUTLIER_DEVIATIONS)
    trust = typical / (typical + away * away + LEAST_WEIGHT)
    trust[typical == 0] = 1
    known *= trust[..., None]


def _mean(cells: NDArray[np.float32], part: int) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(cells, (part, part), borderType=cv2.BORDER_CONSTANT), np.float32)


def _known(picture: Picture, erased: Erased, box: Box, base: Shift) -> NDArray[np.uint8]:
    """Return 1 for readable base samples, 0 for those erased, transparent or beyond the picture."""
    inside = np.logical_not(erased.at(box, base))
    if picture.layout.has_alpha:
        # The colour of a transparent sample must not be used: it was not visible, and the fill is
        # opaque.
        opacity = _at_base(picture.planes[-1], picture.layout.shifts[-1], box, base)
        inside &= opacity[: inside.shape[0], : inside.shape[1]] > 0
    below, beside = box[3] - box[1] - inside.shape[0], box[2] - box[0] - inside.shape[1]
    if below or beside:
        inside = np.pad(inside, ((0, below), (0, beside)))
    return inside.view(np.uint8)


def _at_base(plane: Plane, shift: Shift, box: Box, base: Shift) -> Plane:
    """Return the plane within a box of base samples. Beyond the picture its last row or column is
    repeated."""
    (x1, y1, x2, y2), (dx, dy) = box, (base[0] - shift[0], base[1] - shift[1])
    part = plane[y1 << dy : y2 << dy, x1 << dx : x2 << dx]
    below, beside = ((y2 - y1) << dy) - part.shape[0], ((x2 - x1) << dx) - part.shape[1]
    if below or beside:
        part = np.pad(part, ((0, below), (0, beside)), mode="edge")
    return _reduced(part, 1 << dx, 1 << dy)


def _reduced(values: Plane, by_x: int, by_y: int) -> Plane:
    """Return the means of blocks of by_y rows and by_x columns, which divide the array."""
    if by_x == by_y == 1:
        return values
    size_wh = values.shape[1] // by_x, values.shape[0] // by_y
    return _with_channels(cv2.resize(values, size_wh, interpolation=cv2.INTER_AREA), values)


def _spread(known: Sums, levels: int) -> Sums:
    """Return sums and shares from near and far, positive in every cell. At least one share must be
    positive."""
    if not levels:
        return np.asarray(known + known.mean((0, 1)) * np.float32(FAR_SHARE), np.float32)
    above = _enlarged(_spread(_reduced(known, 2, 2), levels - 1), 2, 2)
    return np.asarray(cv2.addWeighted(known, 1, above, FAR_SHARE, 0), np.float32)


def _coloured(known: Sums, spread: Sums) -> Cells:
    """Return every cell's colour: its own as far as it is known, and for the rest the one that was
    spread to it."""
    share = np.ascontiguousarray(known[..., -1])
    own_share = np.minimum(share * KNOWN_GAIN, 1)
    gain, rest = own_share / np.maximum(share, LEAST_WEIGHT), 1 - own_share
    per_share = rest / spread[..., -1]
    cells = np.empty((known.shape[2] - 1, *share.shape), np.float32)
    for i, colour in enumerate(cells):
        own = known[..., i] * gain
        np.multiply(spread[..., i], per_share, out=colour)
        colour += own
        for _ in range(SMOOTHING_ROUNDS):
            cv2.blur(colour, (3, 3), dst=colour, borderType=cv2.BORDER_REPLICATE)
            colour *= rest
            colour += own
    return cells


def _enlarged(samples: Plane, by_x: int, by_y: int) -> Plane:
    """Enlarge each side by a power of two. Repeated doubling is a quadratic spline: smooth, without
    overshoot."""
    while by_x > 1 or by_y > 1:
        step_x, step_y = min(by_x, 2), min(by_y, 2)
        size_wh = samples.shape[1] * step_x, samples.shape[0] * step_y
        samples = _with_channels(
            cv2.resize(samples, size_wh, interpolation=cv2.INTER_LINEAR), samples
        )
        by_x, by_y = by_x // step_x, by_y // step_y
    return samples


def _with_channels(array: NDArray[Any], like: NDArray[Any]) -> NDArray[Any]:
    """Restore the last axis, which OpenCV drops from arrays with one channel."""
    return array if array.ndim == like.ndim else array[..., None]


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """A mosaic on one region: a colour for each tile, counted from the box's corner.

    table   (planes, TABLE_TILES, TABLE_TILES) float32, repeated in both directions.
    corner  (x, y) of tile 0, in luma pixels.
    side    of a tile, in luma pixels.
    base    tiles begin and end at base samples, so that luma and chroma agree.
    dtype   of the picture's samples.
    """

    table: Cells
    corner: tuple[int, int]
    side: float
    base: Shift
    dtype: np.dtype[Any]

    def at(self, box: Box, shift: Shift, plane: int) -> Plane:
        """Return one plane's samples for a box in samples of a plane with that subsampling."""
        column, row = (
            self._tiles(np.arange(box[axis], box[axis + 2]), axis, shift) for axis in (0, 1)
        )
        samples = (self.table[plane] + np.float32(0.5)).astype(self.dtype)
        return np.asarray(samples.take(column, axis=1).take(row, axis=0))

    def _tiles(self, samples: NDArray[np.int64], axis: int, shift: Shift) -> NDArray[np.int64]:
        middle = ((samples >> (self.base[axis] - shift[axis])) + 0.5) * (1 << self.base[axis])
        return np.asarray(
            np.floor((middle - self.corner[axis]) / self.side) % TABLE_TILES, np.int64
        )


def tiled(fill: Fill, region: Region, seed: int) -> Tiles:
    """Make the tiles of one region. The place from which a tile takes its colour depends only on
    seed, track and tile."""
    x1, y1, x2, y2 = region.box
    width, height = x2 - x1, y2 - y1
    side = max(min(width, height) / TILES_PER_SIDE, SMALLEST_TILE)
    away_x, away_y = _away(seed, region.track)
    x = np.clip(away_x * width + _PLACES * side, -side, width + side) + x1
    y = np.clip(away_y * height + _PLACES[:, None] * side, -side, height + side) + y1
    return Tiles(fill.colours(x, y, side / 2), (x1, y1), side, fill.base, fill.dtype)


_PLACES = (np.arange(TABLE_TILES) + TABLE_TILES // 4) % TABLE_TILES - TABLE_TILES // 4 + 0.5
"""Where tiles stand, in tiles. Those right of and below the box repeat the last ones; those left of
and above it wrap around to negative numbers."""


@lru_cache(maxsize=128)
def _away(seed: int, track: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (TABLE_TILES, TABLE_TILES) how far from each tile it takes its colour, in widths and
    in heights of the box."""
    random = np.random.default_rng([seed, track % (1 << 64)])
    away = random.uniform(-REACH_SHARE, REACH_SHARE, (TABLE_TILES, TABLE_TILES, 2))
    return away[..., 0].copy(), away[..., 1].copy()
