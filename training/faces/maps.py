"""What the network should say of a crop, cell by cell."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from efface.detect.trunk import STEP
from training.faces.crops import Pair

Array = NDArray[np.float32]

UNKNOWN, NONE, FACE = 0.4, 0.35, 0.3
"""Share of a box's sides, to each side of its middle, in which a place counts as not known, as
none, and as a face."""

LEAST_CELLS = 1.2
"""Cells, to each side of its middle, in which the smallest box counts."""

OVERLAP = 0.7
"""See `radius` (Law and Deng 2018, "CornerNet", arXiv 1808.01244, section 3.2)."""


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """Maps of (rows, columns) cells.

    raised     score that a cell shall have at least.
    is_none    1 where a thing that is no face was taken for one.
    unknown    1 where nobody knows.
    size, middle  (2, rows, columns): what the last layers give, at the middles of faces.
    has_box    1 there.
    """

    raised: Array
    is_none: Array
    unknown: Array
    size: Array
    middle: Array
    has_box: Array


def maps(pair: Pair) -> Maps:
    """Return the maps for one crop."""
    crop, cells = pair.shown, pair.shown.rgb.shape[0] // STEP
    one = np.zeros((6, cells, cells), np.float32)
    made = Maps(one[0], one[1], one[2], np.zeros_like(one[:2]), np.zeros_like(one[:2]), one[3])
    for box in crop.xyxy[crop.ignore]:
        made.unknown[_core(box, UNKNOWN)] = 1
    for box in crop.alike:
        made.is_none[_core(box, NONE)] = 1
    is_face = ~crop.ignore
    rows = zip(crop.xyxy[is_face], crop.loose[is_face], pair.chance[is_face], strict=True)
    for box, is_loose, chance in rows:
        _draw(made, box, float(chance), has_box=not is_loose)
    return made


def _draw(made: Maps, box: Array, chance: float, *, has_box: bool) -> None:
    cells = made.raised.shape[0]
    width, height = (box[2:] - box[:2]) / STEP
    if width <= 0 or height <= 0:
        return
    x, y = (box[:2] + box[2:]) / (2 * STEP)
    column, row = min(int(x), cells - 1), min(int(y), cells - 1)
    core = _core(box, FACE)
    made.is_none[core], made.unknown[core] = 0, 0
    reach = int(radius(math.ceil(height), math.ceil(width)))
    rows = slice(max(0, row - reach), row + reach + 1)
    columns = slice(max(0, column - reach), column + reach + 1)
    there = made.raised[rows, columns]
    down = np.arange(rows.start, rows.start + there.shape[0])[:, None] - row
    right = np.arange(columns.start, columns.start + there.shape[1]) - column
    hill = np.exp(-(right**2 + down**2) / ((2 * reach + 1) / 6) ** 2)
    np.maximum(there, (chance * hill).astype(np.float32), out=there)
    if has_box:
        made.size[:, row, column] = math.log(height), math.log(width)
        made.middle[:, row, column] = y - row, x - column
        made.has_box[row, column] = 1


def _core(box: Array, share: float) -> tuple[slice, slice]:
    corners = box / STEP
    middle = (corners[:2] + corners[2:]) / 2
    half = np.maximum((corners[2:] - corners[:2]) * share, LEAST_CELLS)
    x1, y1 = np.maximum(np.floor(middle - half), 0).astype(int)
    x2, y2 = np.ceil(middle + half).astype(int) + 1
    return slice(y1, max(y2, 0)), slice(x1, max(x2, 0))


def radius(height: float, width: float) -> float:
    """Return how far, in cells, the score of a face reaches.

    2.8 times as far as its box may grow on every side and still have an IoU of OVERLAP with itself:
    CornerNet's program divides by 2 where the solution of its equation has 8 times OVERLAP, and
    CenterFace was trained with it.
    """
    both, area = height + width, height * width
    root = math.sqrt(4 * OVERLAP**2 * both**2 + 16 * OVERLAP * (1 - OVERLAP) * area)
    return (root - 2 * OVERLAP * both) / 2
