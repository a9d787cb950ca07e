"""How the boxes of one photo correct each other: a large box around a face, a plate on a person.

In a video, tracks separate such false alarms from real objects by time. In a photo only the other
boxes can.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from efface.detections import FACE, PLATE, Detections
from efface.geometry import Boxes, area, overlap

GOOD = 0.6
"""Score from which a face is certain."""

INSIDE, TIMES = 0.8, 2.0
"""A weaker box around it shows the same face again, if it holds this share of the face and has this
many times its area."""

PERSON = 0.5
"""Score of a face from which a person's body is expected below it."""

BODY_BESIDE, BODY_ABOVE, BODY_BELOW = 0.9, 0.2, 3.5
"""Where that person's chest is, in heights of the face: this far from the middle of the face to
each side, and from this far above the face to this far below it. Lettering on shirts, badges and
masks makes up a third of the false plates."""

NARROW = 1.2
"""Minimum width of a plate on a chest, in heights of that face: real plates are half a metre wide,
or a third in America. Of 101 plates on pictures of streets this lost none."""

CLEAR_PLATE = 0.64
"""Score from which a plate counts anywhere, for example a rider's, or one that a person holds up.
"""


def sifted(seen: Detections) -> Detections:
    """Return the detections of a photo, without those that its other boxes explain."""
    return _without_plates_on_people(_without_nests(seen))


def _without_nests(seen: Detections) -> Detections:
    """Drop doubtful faces that contain a much smaller, certain face."""
    drop = np.zeros(len(seen), bool)
    good = np.flatnonzero((seen.kind == FACE) & (seen.score >= GOOD))
    for i in np.flatnonzero((seen.kind == FACE) & (seen.score < GOOD)):
        drop[i] = _contains(seen.xyxy[[i]], seen.xyxy[good]).any()
    return seen.rows(~drop)


def _contains(large: Boxes, others: Boxes) -> NDArray[np.bool_]:
    sizes = area(others)
    is_inside = overlap(large, others)[0] >= INSIDE * sizes
    return np.asarray(is_inside & (area(large)[0] >= TIMES * sizes), np.bool_)


def _without_plates_on_people(seen: Detections) -> Detections:
    drop = np.zeros(len(seen), bool)
    faces = seen.xyxy[(seen.kind == FACE) & (seen.score >= PERSON)]
    for i in np.flatnonzero((seen.kind == PLATE) & (seen.score < CLEAR_PLATE)):
        drop[i] = _is_on_a_person(seen.xyxy[i], faces)
    return seen.rows(~drop)


def _is_on_a_person(plate: NDArray[np.float32], faces: Boxes) -> bool:
    height = faces[:, 3] - faces[:, 1]
    x, y = (plate[0] + plate[2]) / 2, (plate[1] + plate[3]) / 2
    is_beside = np.abs(x - (faces[:, 0] + faces[:, 2]) / 2) < BODY_BESIDE * height
    is_below = (y > faces[:, 1] - BODY_ABOVE * height) & (y < faces[:, 3] + BODY_BELOW * height)
    return bool((is_beside & is_below & (plate[2] - plate[0] < NARROW * height)).any())
