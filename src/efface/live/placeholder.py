"""The curtain: what is shown while nobody can vouch for the picture. It is made from no pixel of any frame.

Soft bars in two colours and a clock in UTC, drawn with seven segments a digit, which need no font.
The clock runs, so that a viewer sees that the connection stands and the camera does not.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from efface.frames import Layout, Picture
from efface.geometry import Size

LAYOUT = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)), full_range=False)
"""What every picture that leaves is made of."""

DARK, LIGHT, INK = (48, 118, 138), (62, 122, 134), 200
"""Y, Cb, Cr of the bars, and Y of the clock."""

BARS = 8

SEGMENTS = {
    "0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd", "6": "afgedc", "7": "abc", "8": "abcdefg",
    "9": "abcdfg", "-": "g", " ": "",
}  # fmt: skip
"""a on top, then clockwise to f, and g in the middle."""


def placeholder(size_wh: Size, at: float) -> Picture:
    """The curtain with the clock at that time, in seconds since 1970."""
    width, height = size_wh
    y = np.full((height, width), DARK[0], np.uint8)
    cb, cr = (np.full((-(-height // 2), -(-width // 2)), v, np.uint8) for v in DARK[1:])
    for bar in range(0, BARS, 2):
        rows = slice(height * bar // BARS, height * (bar + 1) // BARS)
        y[rows] = LIGHT[0]
        half = slice(rows.start // 2, rows.stop // 2)
        cb[half], cr[half] = LIGHT[1], LIGHT[2]
    _write(y, time.strftime("%H:%M:%S", time.gmtime(at)))
    return Picture((y, cb, cr), LAYOUT)


def _write(y: NDArray[np.uint8], text: str) -> None:
    """The text in the middle, as large as it fits."""
    height, width = y.shape
    tall = max(7, min(height // 5, width // (len(text) + 1)))
    wide, line = tall // 2, max(1, tall // 10)
    left, top = (width - len(text) * (wide + 3 * line)) // 2, (height - tall) // 2
    for character in text:
        if character == ":":
            for row in (top + tall // 3, top + 2 * tall // 3):
                y[row : row + line, max(left + wide // 2, 0) : left + wide // 2 + line] = INK
        for segment in SEGMENTS.get(character, ""):
            rows, columns = _segment(segment, wide, tall, line)
            y[top + rows.start : top + rows.stop, max(left, 0) + columns.start : max(left, 0) + columns.stop] = INK
        left += wide + 3 * line


def _segment(name: str, wide: int, tall: int, line: int) -> tuple[slice, slice]:
    middle = (tall - line) // 2
    across, upper, lower = slice(0, wide), slice(0, middle + line), slice(middle, tall)
    west, east = slice(0, line), slice(wide - line, wide)
    return {
        "a": (slice(0, line), across), "b": (upper, east), "c": (lower, east), "d": (slice(tall - line, tall), across),
        "e": (lower, west), "f": (upper, west), "g": (slice(middle, middle + line), across),
    }[name]  # fmt: skip
