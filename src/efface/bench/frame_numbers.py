"""Numbers drawn into frames: who reads them back knows which frames arrived, whatever came between.

A number stands as a column of black and white blocks down the left and the right edge. Along the
upper edge it would look like a licence plate to the detectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE_WH = (1280, 720)
"""Size of the pictures that are drawn on. Afterwards they may be resized."""

BLOCK_PX, GAP_PX = 24, 4
BITS, CHECK_BITS = 14, 4
TOP_PX, LEFTS_PX = 90, (0, 1248)

NEAR_PX = 4
"""Half the side of the square in the middle of a block that is read."""

UNCLEAR_LEVELS = (75, 165)
"""A block between these levels, 0 to 255, is neither black nor white: something covers it."""

MOST_ROW_DEVIATION = 4.0
"""Levels by which the rows of a placeholder vary, at most. Rows of other pictures vary more."""


def draw_number(rgb: NDArray[np.uint8], number: int) -> None:
    """Draw a number of up to BITS bits, not 0, into a picture of SIZE_WH."""
    step = BLOCK_PX + GAP_PX
    for left in LEFTS_PX:
        ground = slice(TOP_PX, TOP_PX + step * (BITS + CHECK_BITS) + GAP_PX)
        rgb[ground, left : left + BLOCK_PX + 2 * GAP_PX] = 0
        for i, bit in enumerate(_bits(number)):
            y, x = TOP_PX + GAP_PX + i * step, left + GAP_PX
            rgb[y : y + BLOCK_PX, x : x + BLOCK_PX] = 255 * bit


def read_number(picture: NDArray[Any]) -> int | None:
    """Return the number in a picture of any size, grey or RGB; None if no edge shows one."""
    grey = picture if picture.ndim == 2 else picture[..., :3].mean(axis=2)
    for left in LEFTS_PX:
        word = _read_word(grey, left)
        number = word >> CHECK_BITS
        if number and word & (1 << CHECK_BITS) - 1 == _check(number):
            return number
    return None


def is_placeholder(rgb: NDArray[np.uint8]) -> bool:
    """Return whether the picture is efface live's placeholder: bars of one colour across it."""
    rows = rgb[:: max(1, rgb.shape[0] // 60), : rgb.shape[1] // 6].astype(np.float32)
    return float(rows.std(axis=1).mean()) < MOST_ROW_DEVIATION


def _check(number: int) -> int:
    return number * 7 % 15 + 1


def _bits(number: int) -> list[int]:
    word = number << CHECK_BITS | _check(number)
    return [word >> i & 1 for i in reversed(range(BITS + CHECK_BITS))]


def _read_word(grey: NDArray[Any], left: int) -> int:
    """Return the bits of one column, first bit highest; 0 if any block is unclear."""
    share, word = grey.shape[1] / SIZE_WH[0], 0
    columns = _around(left + GAP_PX + BLOCK_PX / 2, share)
    for i in range(BITS + CHECK_BITS):
        rows = _around(TOP_PX + GAP_PX + i * (BLOCK_PX + GAP_PX) + BLOCK_PX / 2, share)
        level = float(grey[rows, columns].mean())
        if UNCLEAR_LEVELS[0] < level < UNCLEAR_LEVELS[1]:
            return 0
        word = word << 1 | (level > 120)
    return word


def _around(middle: float, share: float) -> slice:
    return slice(int((middle - NEAR_PX) * share), int((middle + NEAR_PX) * share) + 1)
