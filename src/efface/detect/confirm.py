"""One more look at each doubtful object in a frame of a film, in a piece of the frame at a size
that suits the network.

The levels of a frame differ by a factor of two, and show an object at whatever size it has there. A
real face scores in a piece, too; a lantern, a knee or a flower pot that resembled a face on one
level hardly ever does. A piece costs a twentieth of a frame. The frames alternate between sizes of
the piece, and between the piece and its mirror image. So neighbouring frames give several views at
the price of one. `track.support` judges these views together; this module changes no score.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Confirm, Found

LookInPiece = Callable[[NDArray[np.uint8], NDArray[np.float32]], float]
"""Returns the score, 0 to 1, of the object with that box, (4,), in one piece of a picture."""


def closer_looks(
    found: Found, rgb: NDArray[np.uint8], look: LookInPiece, rule: Confirm, turn: int
) -> NDArray[np.float32]:
    """Return (n,) float32: the score at each object's place in its own piece; NaN where no look was
    taken.

    found  boxes in pixels of the picture, and scores.
    rgb    (h, w, 3) the picture.
    turn   0, 1, 2 ... number of the frame among those in which this is done; see `Confirm.sides`.
    """
    xyxy, score = found
    side, is_mirrored = rule.sides[turn % len(rule.sides)], bool((turn + 1) // 2 % 2)
    told = np.full(len(xyxy), np.nan, np.float32)
    for i in _doubtful(xyxy, score, rule, max(rgb.shape[:2])):
        piece, box = _piece(rgb, xyxy[i], side, rule.context)
        if is_mirrored:
            width = piece.shape[1]
            piece = np.ascontiguousarray(piece[:, ::-1])
            box = np.array([width - box[2], box[1], width - box[0], box[3]], np.float32)
        told[i] = look(piece, box)
    return told


def _doubtful(
    xyxy: NDArray[np.float32], score: NDArray[np.float32], rule: Confirm, longest: int
) -> NDArray[np.intp]:
    size = xyxy[:, 2:] - xyxy[:, :2]
    fits = (size[:, 1] >= rule.least_px) & (size.max(axis=1) <= rule.most_share * longest)
    rows = np.flatnonzero((score < rule.sure) & fits)
    return rows[np.argsort(-size[rows].prod(axis=1), kind="stable")[: rule.most]]


def _piece(
    rgb: NDArray[np.uint8], box: NDArray[np.float32], side: int, context: float
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return a square around the box, black outside the picture, and the box's place in it.

    All squares have one size.
    """
    length = round(side * context)
    times = side / max(float((box[2:] - box[:2]).max()), 1.0)
    corner = (box[:2] + box[2:]) / 2 - length / times / 2
    matrix = np.array([[times, 0, -corner[0] * times], [0, times, -corner[1] * times]], np.float64)
    source = rgb
    if times < 1:  # a warp reads four pixels; shrinking needs all of them
        low = np.clip(np.floor(corner), 0, [rgb.shape[1] - 1, rgb.shape[0] - 1]).astype(int)
        high = np.ceil(corner + length / times).astype(int)
        part = rgb[low[1] : max(high[1], low[1] + 1), low[0] : max(high[0], low[0] + 1)]
        source, spans = _shrunk(part, times)
        matrix = np.column_stack([np.diag(times * spans), (low - corner) * times])
    piece = cv2.warpAffine(source, matrix, (length, length), flags=cv2.INTER_LINEAR)
    return np.asarray(piece, np.uint8), ((box - np.tile(corner, 2)) * times).astype(np.float32)


def _shrunk(part: NDArray[np.uint8], times: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return a part of a picture at `times` (below 1) its size, and (2,) how many of its pixels one
    of the result spans.

    It is halved first, as often as that goes: halving takes a tenth of the time of other sizes. An
    odd row or column at its end is left out.
    """
    span = 1
    while times * span <= 0.5 and min(part.shape[:2]) > 1:
        height, width = part.shape[0] // 2, part.shape[1] // 2
        even = part[: 2 * height, : 2 * width]
        part = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        span *= 2
    large = np.array(part.shape[1::-1])
    small = np.maximum(1, np.round(large * times * span).astype(int))
    made = cv2.resize(part, small.tolist(), interpolation=cv2.INTER_AREA)
    return np.asarray(made, np.uint8), span * large / small
