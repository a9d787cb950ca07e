"""A closer look at doubtful objects of a photo: each is cut out and examined again at a size that
suits the network.

Levels differ by a factor of two. A face that lies between two levels, or is too small for the
largest one, is seen badly on all of them. A piece of the picture with that face in its middle costs
a hundredth of a level. It shows whether there is a face, and where it ends.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Closer, Found
from efface.geometry import Boxes, iou, nms, pixel_window

FindInPiece = Callable[[NDArray[np.uint8]], Found]
"""Returns boxes and scores in one piece of a picture, in its pixels."""

AGREE, TELLS = 0.5, 0.3
"""IoU and score from which a piece also shows where the object ends."""


def looked_closer(
    found: Found, rgb: NDArray[np.uint8], find: FindInPiece, rule: Closer, counts_from: float
) -> Found:
    """Return the same objects. A closer look gives the doubtful ones a new score and box.

    found        boxes in pixels of the picture, and scores.
    rgb          (h, w, 3) the picture.
    counts_from  score from which an object counts.
    """
    xyxy, score = found[0].copy(), found[1].copy()
    for i in _in_doubt(score, rule, counts_from):
        pieces = [_seen_again(xyxy[i], rgb, find, rule, is_mirrored=m) for m in (False, True)]
        scores = [s for _, s in pieces]
        # An object that did not count must show in both pieces. One that did is dropped only if
        # hardly anything shows.
        seen, gain = (
            (np.mean(scores), rule.keeps) if score[i] >= counts_from else (min(scores), rule.lifts)
        )
        xyxy[i] = _fitted(xyxy[i], pieces)
        # The face may be certain while its edges are not, and a box grows by its score.
        score[i] = min(rule.sure, gain * (float(score[i]) + float(seen)) / 2)
    return xyxy, score


def _in_doubt(score: NDArray[np.float32], rule: Closer, counts_from: float) -> NDArray[np.intp]:
    """Return rows below `sure`, the `most` nearest to the score from which objects count.

    Others keep their score.
    """
    doubtful = np.flatnonzero(score < rule.sure)
    return doubtful[np.argsort(np.abs(score[doubtful] - counts_from), kind="stable")[: rule.most]]


def _seen_again(
    box: NDArray[np.float32],
    rgb: NDArray[np.uint8],
    find: FindInPiece,
    rule: Closer,
    *,
    is_mirrored: bool,
) -> tuple[NDArray[np.float32], float]:
    """Return the best box and score that a piece shows there, in pixels of the picture; the box and
    0 if it shows nothing."""
    piece, corner, shrink = _piece(box, rgb, rule)
    if not piece.size:
        return box, 0.0
    xyxy, score = find(np.ascontiguousarray(piece[:, ::-1]) if is_mirrored else piece)
    if is_mirrored:
        width = piece.shape[1]
        xyxy = np.stack([width - xyxy[:, 2], xyxy[:, 1], width - xyxy[:, 0], xyxy[:, 3]], axis=1)
    xyxy = (xyxy * np.tile(shrink, 2) + np.tile(corner, 2)).astype(np.float32)
    is_there = np.flatnonzero(iou(box[None], xyxy)[0] >= rule.same)
    if not len(is_there):
        return box, 0.0
    best = is_there[np.argmax(score[is_there])]
    return xyxy[best], float(score[best])


def _piece(
    box: NDArray[np.float32], rgb: NDArray[np.uint8], rule: Closer
) -> tuple[NDArray[np.uint8], Boxes, Boxes]:
    """Return the resized piece around a box.

    Also return its upper left corner in the picture, and how many pixels of the picture one of its
    pixels spans.
    """
    middle, longer = (box[:2] + box[2:]) / 2, max(float((box[2:] - box[:2]).max()), 1.0)
    reach = longer * rule.context / 2
    rows, columns = pixel_window(
        [*(middle - reach), *(middle + reach)], (rgb.shape[1], rgb.shape[0])
    )
    part = rgb[rows, columns]
    height, width = part.shape[:2]
    times = rule.side / longer
    size_wh = max(1, round(width * times)), max(1, round(height * times))
    if part.size:
        part = np.asarray(
            cv2.resize(
                part, size_wh, interpolation=cv2.INTER_AREA if times < 1 else cv2.INTER_LINEAR
            ),
            np.uint8,
        )
    shrink = np.array([width / size_wh[0], height / size_wh[1]], np.float32)
    return part, np.array([columns.start, rows.start], np.float32), shrink


def _fitted(
    box: NDArray[np.float32], pieces: list[tuple[NDArray[np.float32], float]]
) -> NDArray[np.float32]:
    """Return the box half way to those of the pieces that agree with it."""
    told = [(b, s) for b, s in pieces if s >= TELLS and iou(box[None], b[None])[0, 0] >= AGREE]
    if not told:
        return box
    weights = np.array([s for _, s in told], np.float32)
    return np.asarray(
        (box + np.average([b for b, _ in told], axis=0, weights=weights)) / 2, np.float32
    )


def best_of(found: Found, same: float) -> Found:
    """Return the boxes of one piece, with one box for each object."""
    keep = nms(*found, same)
    return found[0][keep], found[1][keep]
