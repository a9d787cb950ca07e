"""Boxes of what stands still stand still, too.

A detector draws a face that does not move by some pixels larger, smaller or further left in every
frame, and each frame's box contains what was seen in it (`track.steady`). In a picture that stands
still, such a box trembles, and an encoder has to write its area again for every frame. So boxes
that hardly differ for a while all become the smallest box that contains each of them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from efface.tracks import Track

LEAST_S = 0.5
"""Boxes stand still for at least this long, or each stays as it is: an object that moves slowly
would jump from place to place."""

SLACK, LEAST_SLACK_PX = 0.04, 1.0
"""Distance by which a side of the common box may lie outside of that of any of its boxes: this
share of the common box, and at least so many pixels."""

Sides = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def held_still(track: Track, seconds: NDArray[np.float64]) -> Track:
    """Return the track with one box for each while in which its boxes hardly differ. Each box
    contains the one that it replaces.

    seconds  (frames,) time of every frame of the film.
    """
    boxes: list[Sides] = [tuple(box) for box in track.xyxy.tolist()]
    xyxy, times, frames = track.xyxy.copy(), seconds[track.frame].tolist(), track.frame.tolist()
    row = 0
    while row < len(boxes):
        end, common = _still_until(boxes, frames, row)
        if times[end - 1] - times[row] >= LEAST_S:
            xyxy[row:end] = common
            row = end
        else:
            row += 1
    return replace(track, xyxy=xyxy)


def _still_until(boxes: list[Sides], frames: list[int], row: int) -> tuple[int, Sides]:
    """Return the row after the last one that shares a box with `row`, and that box."""
    left, top, right, bottom = boxes[row]
    innermost = boxes[row]
    end = row + 1
    while end < len(boxes) and frames[end] == frames[end - 1] + 1:
        x1, y1, x2, y2 = boxes[end]
        outer = min(left, x1), min(top, y1), max(right, x2), max(bottom, y2)
        inner = (
            max(innermost[0], x1), max(innermost[1], y1),
            min(innermost[2], x2), min(innermost[3], y2),
        )  # fmt: skip
        wide = max(SLACK * (outer[2] - outer[0]), LEAST_SLACK_PX)
        high = max(SLACK * (outer[3] - outer[1]), LEAST_SLACK_PX)
        if max(inner[0] - outer[0], outer[2] - inner[2]) > wide or (
            max(inner[1] - outer[1], outer[3] - inner[3]) > high
        ):
            break
        (left, top, right, bottom), innermost = outer, inner
        end += 1
    return end, (left, top, right, bottom)
