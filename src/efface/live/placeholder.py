"""The placeholder: the picture shown while efface cannot vouch for the camera's picture.

It uses no pixel of any frame.

It shows soft bars in two colours and a clock in UTC.
The running clock tells viewers that the connection works and the camera does not.
"""

from __future__ import annotations

import time

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.frames import Layout, Picture
from efface.geometry import Size

LAYOUT = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)), full_range=False)
"""Pixel layout of every picture that leaves."""

DARK, LIGHT, INK = (48, 118, 138), (62, 122, 134), 200
"""Y, Cb, Cr of the two kinds of bars, and Y of the clock."""

BARS = 8

FONT = cv2.FONT_HERSHEY_SIMPLEX
"""A font that comes with OpenCV: no system font is needed."""


def placeholder(size_wh: Size, at: float) -> Picture:
    """Return the placeholder with the clock at that time, in seconds since 1970."""
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
    """Write the text in the middle, as large as it fits."""
    height, width = y.shape
    tall = max(7, min(height // 5, width // (len(text) + 1)))
    line = max(1, tall // 10)
    scale = cv2.getFontScaleFromHeight(FONT, tall, line)
    (wide, high), _ = cv2.getTextSize(text, FONT, scale, line)
    cv2.putText(y, text, ((width - wide) // 2, (height + high) // 2), FONT, scale, INK, line)
