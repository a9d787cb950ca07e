"""Fill holes with colours that spread inwards from their rim.

The rim is averaged into a grid of cells, coarse if the hole is large. A pyramid (push-pull) then
fills the grid's unknown cells: each level is the mean of the known cells in the level below, and on
the way back unknown cells take the smooth enlargement of the level above. In a large hole, cells
that stand out from the rim around them count less: a red line that ends at the rim must not flood
the hole. A mean never reads a sample of weight 0, so erased samples cannot leak in.

Coordinates here are *base* samples: those of the coarsest plane. A base sample is known if no luma
pixel in it is erased. Then all its planes are known, so a colour always combines luma and chroma of
one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.frames import Picture
from efface.geometry import Box
from efface.painting.masks import Erased, Shift, bands, subsampled
from efface.regions import Region

Cells = NDArray[np.float32]
"""(rows, columns, colour planes) float32, in sample values."""

Plane = NDArray[Any]

SPAN = 96
"""Maximum number of cells along the longest side of a hole. A finer rim makes no visible
difference."""

LIMIT = 1 << 20
"""Maximum number of cells of one grid. Many small holes in a row make a large one."""

RIM_CELLS = 4
"""Cells of known picture taken on each side of a hole."""

SMOOTHING_ROUNDS = 1
"""Smoothing rounds on each level of the pyramid. Without one, coarse cells show as blotches; a
second is not visible, but costs 0.5 ms for ten faces."""

TOP_CELLS = 8
"""Maximum number of cells along the longer side of the pyramid's top level. It starts from one
colour and takes as many smoothing rounds."""

KNOWN_GAIN = np.float32(4)
"""Factor by which a cell's known share is raised: with 4, a quarter makes it fully known. Rims
reach further in."""

LARGE_CELLS = 48
"""A hole with at least this many cells along its longest side gets a robust rim. Smaller ones
cannot be flooded."""

RIM_PARTS = 3
"""A cell is compared with the part of the rim within the longest side divided by this."""

OUTLIER_DEVIATIONS = 1.5
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
    """

    cells: Cells
    origin: tuple[int, int]
    cell: int
    base: Shift

    def at(self, box: Box, shift: Shift, channels: Sequence[int]) -> Cells:
        """Return colours of some planes for a box in samples of a plane with that subsampling; one
        value per sample.

        The box must lie inside the cells, as every box of the fill's windows does.
        """
        zoom = [self.cell << (b - s) for b, s in zip(self.base, shift, strict=True)]
        low, high = [], []
        for axis, count in ((0, self.cells.shape[1]), (1, self.cells.shape[0])):
            # One more cell on each side, since enlarging reads neighbours.
            low.append(max(box[axis] // zoom[axis] - self.origin[axis] - 1, 0))
            high.append(min(-(-box[axis + 2] // zoom[axis]) - self.origin[axis] + 1, count))
        patch = _enlarged(
            self.cells[low[1] : high[1], low[0] : high[0], channels], zoom[0], zoom[1]
        )
        left, top = (box[axis] - (self.origin[axis] + low[axis]) * zoom[axis] for axis in (0, 1))
        return patch[top : top + box[3] - box[1], left : left + box[2] - box[0]]

    def colours(self, points_xy: NDArray[np.float64], radius: float) -> Cells:
        """Return the (..., planes) mean colour around points.

        Points and radius are in luma pixels.
        """
        reach = int(radius / self.pitch.max())
        at = np.floor(points_xy / self.pitch).astype(np.intp) - self.origin
        column, row = (np.clip(at[..., i], 0, self.cells.shape[1 - i] - 1) for i in (0, 1))
        left, top = max(column.min() - reach, 0), max(row.min() - reach, 0)
        near = self.cells[top : row.max() + reach + 1, left : column.max() + reach + 1]
        size = (2 * reach + 1,) * 2
        soft = _with_channels(cv2.blur(near, size, borderType=cv2.BORDER_REPLICATE))
        return np.asarray(soft[row - top, column - left], np.float32)

    @property
    def pitch(self) -> NDArray[np.int64]:
        """(2,) luma pixels along the width and height of a cell."""
        return np.array([self.cell << self.base[0], self.cell << self.base[1]])


def filled(picture: Picture, erased: Erased, windows: Sequence[Box], base: Shift) -> Fill:
    """Make the fill around windows (in luma pixels) of the erased area. Reads only samples outside
    the mask.

    If no sample is known, not even in the rim, every cell gets the layout's neutral colour.
    """
    holes = [subsampled(window, base) for window in windows]
    cell = _cell_size(holes)
    x1, y1, x2, y2 = _hull(holes)
    height, width = (
        -(-size >> s) for size, s in zip(picture.size_wh[::-1], base[::-1], strict=True)
    )
    left, top = max(x1 // cell - RIM_CELLS, 0), max(y1 // cell - RIM_CELLS, 0)
    right, bottom = (
        min(-(-x2 // cell) + RIM_CELLS, -(-width // cell)),
        min(-(-y2 // cell) + RIM_CELLS, -(-height // cell)),
    )
    colour, weight = _gathered(picture, erased, (left, top, right, bottom), cell, base)
    if weight.any():
        part = max(max(hole[2] - hole[0], hole[3] - hole[1]) for hole in holes) // cell
        cells = _spread(
            *(
                _robust(colour, weight, part // RIM_PARTS)
                if part >= LARGE_CELLS
                else (colour, weight)
            )
        )
    else:
        cells = np.broadcast_to(
            np.array(picture.layout.neutral[: colour.shape[2]], np.float32), colour.shape
        ).copy()
    return Fill(cells, (left, top), cell, base)


def _hull(boxes: Sequence[Box]) -> Box:
    x1, y1, x2, y2 = zip(*boxes, strict=True)
    return min(x1), min(y1), max(x2), max(y2)


def _cell_size(holes: Sequence[Box]) -> int:
    """Return the smallest power of two at which the largest hole has at most SPAN cells, and all
    together LIMIT."""
    x1, y1, x2, y2 = _hull(holes)
    longest = max(max(hole[2] - hole[0], hole[3] - hole[1]) for hole in holes)
    cell = 1
    while longest > SPAN * cell or (x2 - x1) * (y2 - y1) > LIMIT * cell * cell:
        cell *= 2
    return cell


def _gathered(
    picture: Picture, erased: Erased, cells: Box, cell: int, base: Shift
) -> tuple[Cells, Cells]:
    """Return for each cell the sum of its known samples and their share (the same in every
    channel), both per sample of the cell."""
    left, top, right, bottom = cells
    planes = picture.planes[: len(picture.planes) - picture.layout.has_alpha]
    colour = np.zeros((*_halvable(bottom - top, right - left), len(planes)), np.float32)
    weight = np.zeros_like(colour)
    for x1, y1, x2, y2 in bands(
        (left * cell, top * cell, right * cell, bottom * cell), multiple=cell
    ):
        known = _known(picture, erased, (x1, y1, x2, y2), base)
        rows, columns = slice(y1 // cell - top, y2 // cell - top), slice(right - left)
        weight[rows, columns] = _reduced(known, cell, cell)[..., None]
        for i, plane in enumerate(planes):
            seen = _at_base(plane, picture.layout.shifts[i], (x1, y1, x2, y2), base)
            colour[rows, columns, i] = _reduced(seen * known, cell, cell)
    return colour, weight


def _robust(colour: Cells, weight: Cells, part: int) -> tuple[Cells, Cells]:
    """Reduce sums and shares alike if a cell differs from the known cells within `part` cells
    (Cauchy weights)."""
    known = weight[..., :1]
    there = _mean(known, part) + LEAST_WEIGHT
    away = np.abs(colour - weight * (_mean(colour, part) / there)).sum(axis=-1, keepdims=True)
    usual = _mean(away, part) / there
    trust = usual**2 / (
        usual**2
        + (away / (np.maximum(known, LEAST_WEIGHT) * np.float32(OUTLIER_DEVIATIONS))) ** 2
        + LEAST_WEIGHT
    )
    trust = np.where(usual > 0, trust, 1).astype(np.float32)
    return colour * trust, weight * trust


def _mean(cells: Cells, part: int) -> Cells:
    return _with_channels(cv2.blur(cells, (part, part), borderType=cv2.BORDER_CONSTANT))


def _halvable(rows: int, columns: int) -> tuple[int, int]:
    """Return the next larger size that can be halved, both sides alike, until neither is above
    TOP_CELLS."""
    multiple = 1
    while max(rows, columns) > TOP_CELLS * multiple:
        multiple *= 2
    return -(-rows // multiple) * multiple, -(-columns // multiple) * multiple


def _known(picture: Picture, erased: Erased, box: Box, base: Shift) -> NDArray[np.float32]:
    """Return 1 for readable base samples, 0 for those erased, transparent or beyond the picture."""
    x1, y1, x2, y2 = box
    known = np.zeros((y2 - y1, x2 - x1), np.float32)
    inside = ~erased.at(box, base)
    if picture.layout.has_alpha:
        # The colour of a transparent sample must not be used: it was not visible, and the fill is
        # opaque.
        opacity = _at_base(picture.planes[-1], picture.layout.shifts[-1], box, base)
        inside &= opacity[: inside.shape[0], : inside.shape[1]] > 0
    known[: inside.shape[0], : inside.shape[1]] = inside
    return known


def _at_base(plane: Plane, shift: Shift, box: Box, base: Shift) -> NDArray[np.float32]:
    """Return the plane within a box of base samples. Beyond the picture its last row or column is
    repeated."""
    (x1, y1, x2, y2), (dx, dy) = box, (base[0] - shift[0], base[1] - shift[1])
    part = plane[y1 << dy : y2 << dy, x1 << dx : x2 << dx].astype(np.float32)
    below, beside = ((y2 - y1) << dy) - part.shape[0], ((x2 - x1) << dx) - part.shape[1]
    if below or beside:
        part = np.pad(part, ((0, below), (0, beside)), mode="edge")
    return _reduced(part, 1 << dx, 1 << dy)


def _reduced(values: NDArray[np.float32], by_x: int, by_y: int) -> NDArray[np.float32]:
    """Return the means of blocks of by_y rows and by_x columns, which divide the array."""
    if by_x == by_y == 1:
        return values
    size_wh = values.shape[1] // by_x, values.shape[0] // by_y
    return np.asarray(
        cv2.resize(values, size_wh, interpolation=cv2.INTER_AREA), np.float32
    ).reshape(size_wh[::-1] + values.shape[2:])


def _spread(colour: Cells, weight: Cells) -> Cells:
    """Return every cell's colour, from sums and weights of the known ones. At least one weight must
    be positive."""
    rows, columns = colour.shape[:2]
    if max(rows, columns) <= TOP_CELLS:
        start = np.broadcast_to(colour.sum((0, 1)) / weight.sum((0, 1)), colour.shape)
        rounds = TOP_CELLS
    else:
        above, known = _reduced(colour, 2, 2), _reduced(weight, 2, 2)
        sure = np.minimum(known * KNOWN_GAIN, 1)
        start = _enlarged(_spread(above * (sure / np.maximum(known, LEAST_WEIGHT)), sure), 2, 2)
        rounds = SMOOTHING_ROUNDS
    unknown = 1 - weight
    cells: Cells = colour + unknown * start
    for _ in range(rounds):
        cells = _with_channels(cv2.blur(cells, (3, 3), borderType=cv2.BORDER_REPLICATE))
        cells *= unknown
        cells += colour
    return cells


def _enlarged(cells: Cells, by_x: int, by_y: int) -> Cells:
    """Enlarge each side by a power of two. Repeated doubling is a quadratic spline: smooth, without
    overshoot."""
    while by_x > 1 or by_y > 1:
        step_x, step_y = min(by_x, 2), min(by_y, 2)
        size_wh = cells.shape[1] * step_x, cells.shape[0] * step_y
        cells = _with_channels(
            cv2.resize(cells, size_wh, interpolation=cv2.INTER_LINEAR), cells.shape[2]
        )
        by_x, by_y = by_x // step_x, by_y // step_y
    return cells


def _with_channels(array: NDArray[Any], channels: int = 1) -> Cells:
    """Restore the last axis, which OpenCV drops from arrays with one channel."""
    return np.asarray(array if array.ndim == 3 else array[..., None], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """A mosaic on one region: a colour for each tile, counted from the box's corner.

    table   (TABLE_TILES, TABLE_TILES, planes) float32, repeated in both directions.
    corner  (x, y) of tile 0, in luma pixels.
    side    of a tile, in luma pixels.
    base    tiles begin and end at base samples, so that luma and chroma agree.
    """

    table: Cells
    corner: tuple[int, int]
    side: float
    base: Shift

    def at(self, box: Box, shift: Shift, channels: Sequence[int]) -> Cells:
        """Return colours of some planes, for a box in samples of a plane with that subsampling."""
        column, row = (
            self._tiles(np.arange(box[axis], box[axis + 2]), axis, shift) for axis in (0, 1)
        )
        return self.table[..., channels][row[:, None], column[None, :]]

    def _tiles(self, samples: NDArray[np.int64], axis: int, shift: Shift) -> NDArray[np.int64]:
        middle = ((samples >> (self.base[axis] - shift[axis])) + 0.5) * (1 << self.base[axis])
        return np.asarray(
            np.floor((middle - self.corner[axis]) / self.side) % TABLE_TILES, np.int64
        )


def tiled(fill: Fill, region: Region, seed: int) -> Tiles:
    """Make the tiles of one region. The place from which a tile takes its colour depends only on
    seed, track and tile."""
    x1, y1, x2, y2 = region.box
    side = max(min(x2 - x1, y2 - y1) / TILES_PER_SIDE, SMALLEST_TILE)
    random = np.random.default_rng([seed, region.track % (1 << 64)])
    # Tiles right of and below the box repeat the last ones; those left of and above it wrap around
    # to negative numbers.
    places = (np.arange(TABLE_TILES) + TABLE_TILES // 4) % TABLE_TILES - TABLE_TILES // 4 + 0.5
    own = np.stack(np.meshgrid(x1 + places * side, y1 + places * side), axis=-1)
    away = random.uniform(-REACH_SHARE, REACH_SHARE, (TABLE_TILES, TABLE_TILES, 2)) * (
        x2 - x1,
        y2 - y1,
    )
    inside = np.clip(own + away, (x1 - side, y1 - side), (x2 + side, y2 + side))
    return Tiles(fill.colours(inside, side / 2), (x1, y1), side, fill.base)
