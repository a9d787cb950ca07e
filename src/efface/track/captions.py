"""Text that stands still in the picture while the scene moves: a recorder wrote in dates, places,
names or numbers.

The scene moves from frame to frame, and its edges come and go. Text written into the picture keeps
its edges at the same pixels and in the same direction. So this module compares only frames that
differ widely. When both the camera and the scene stand still, it reports nothing. It does not read
text: it names a place, and a person looks at it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import Box, Size
from efface.tracks import Track

CHANGED, CHANGED_SHARE = 16.0, 0.4
"""Grey levels by which this share of the pixels must have changed since the last compared frame."""

EVERY = 4
"""Compare one frame out of this many. The others cost time and show the same."""

FEWEST = 8
"""Minimum number of compared frames before anything is reported."""

EDGE = 22.0
"""Minimum gradient of an edge, in grey levels per pixel."""

LASTING = 0.75
"""Share of the compared frames in which an edge must be present, with the same direction."""

JOIN_WH = (9, 3)
"""Width and height in pixels over which the edges of letters and words are joined."""

HEIGHTS, LEAST_WIDTH, LEAST_ASPECT = (4, 34), 14, 1.8
"""Range of heights in pixels of one or two lines of text, minimum width in pixels, and minimum
ratio of width to height."""

LEAST_FILLED = 0.25
"""Minimum share of a line's area that consists of edges. Frames and bars have fewer edges."""

UPRIGHT = (0.25, 0.97)
"""Range of the share of edges that are closer to vertical than to horizontal. Letters have both."""

MOST = 3
"""Maximum number of places to name, the largest first."""


class Captions:
    """Takes small copies of the frames in order, and finds where text stands still in all of
    them."""

    def __init__(self) -> None:
        self._last: NDArray[np.int16] | None = None
        self._sum: NDArray[np.float32] | None = None
        self._count = self._frames = 0

    def add(self, grey: NDArray[np.uint8]) -> None:
        """Add a frame, (h, w). All frames have one size; a frame of another size starts again."""
        self._frames += 1
        if self._frames % EVERY != 1:
            return
        now = grey.astype(np.int16)
        if self._last is None or self._last.shape != now.shape:
            self._last, self._sum, self._count = None, np.zeros((*grey.shape, 2), np.float32), 0
        elif (np.abs(now - self._last) > CHANGED).mean() < CHANGED_SHARE:
            return
        assert self._sum is not None
        self._last, self._count = now, self._count + 1
        self._sum += _directions(grey)

    def boxes(self, size_wh: Size) -> list[Box]:
        """Return where text stands, in pixels of frames of that size, half-open; empty when too
        little has moved to tell."""
        if self._sum is None or self._count < FEWEST:
            return []
        mean = self._sum / self._count
        lasting = np.linalg.norm(mean, axis=2) >= LASTING
        joined = cv2.morphologyEx(
            lasting.astype(np.uint8), cv2.MORPH_CLOSE, np.ones(JOIN_WH[::-1], np.uint8)
        )
        _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        lines = [s for s in stats[1:] if _is_text(s, lasting, np.abs(mean))]
        lines.sort(key=lambda s: -int(s[cv2.CC_STAT_WIDTH]) * int(s[cv2.CC_STAT_HEIGHT]))
        return [_in_frame(s, lasting.shape, size_wh) for s in lines[:MOST]]


def _directions(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (h, w, 2) unit vectors along the gradient at each pixel; zeros where there is no
    edge."""
    x, y = (cv2.Scharr(grey, cv2.CV_32F, dx, 1 - dx, scale=1 / 32) for dx in (1, 0))
    strength = np.hypot(x, y)
    found = np.stack([x, y], axis=2) / np.maximum(strength, 1e-6)[..., None]
    return np.asarray(np.where((strength >= EDGE)[..., None], found, 0), np.float32)


def _is_text(
    stats: NDArray[np.int32], lasting: NDArray[np.bool_], mean: NDArray[np.float32]
) -> bool:
    x, y, width, height = (int(v) for v in stats[:4])
    if not HEIGHTS[0] <= height <= HEIGHTS[1] or width < max(LEAST_WIDTH, LEAST_ASPECT * height):
        return False
    part = lasting[y : y + height, x : x + width]
    upright = (mean[y : y + height, x : x + width, 0] > mean[y : y + height, x : x + width, 1])[
        part
    ]
    return bool(part.mean() >= LEAST_FILLED and UPRIGHT[0] <= upright.mean() <= UPRIGHT[1])


def _in_frame(stats: NDArray[np.int32], shape: tuple[int, ...], size_wh: Size) -> Box:
    x, y, width, height = (int(v) for v in stats[:4])
    across, down = size_wh[0] / shape[1], size_wh[1] / shape[0]
    return (
        int(x * across),
        int(y * down),
        -int(-(x + width) * across // 1),
        -int(-(y + height) * down // 1),
    )


CAPTION_S = 2.0
STILL_SHARE = 0.25
"""A line that is seen for this long, and whose edges stay within this share of its height, was
written into the picture: hands and vehicles that hold a camera move more."""


def stands_still(track: Track, seconds: NDArray[np.float64]) -> bool:
    """Return whether a track of sightings stands still on the screen, as captions do.

    seconds  time of every frame.
    """
    long_s = float(seconds[track.frame[-1]] - seconds[track.frame[0]])
    height = float(np.median(track.xyxy[:, 3] - track.xyxy[:, 1]))
    middle = (track.xyxy[:, :2] + track.xyxy[:, 2:]) / 2
    away = np.abs(middle - np.median(middle, axis=0))
    return long_s >= CAPTION_S and float(np.quantile(away, 0.9)) <= STILL_SHARE * height
