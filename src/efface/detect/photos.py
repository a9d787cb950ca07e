"""What the boxes of one photo say about each other: a large one around a face, a plate on a person.

In a video, tracks tell such things from real ones by time. A photo has only this.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from efface.detections import FACE, PLATE, Detections
from efface.geometry import Boxes, area, overlap

GOOD = 0.6
"""Score of a face from which there is no doubt of it. A weaker box around it, of ..."""

INSIDE, TIMES = 0.8, 2.0
"""... so many times its area, with this share of it inside, shows the same face once more."""

PERSON = 0.5
"""Score of a face from which a person is below it."""

BODY_BESIDE, BODY_ABOVE, BODY_BELOW = 0.9, 0.2, 3.5
"""Where that person's chest is: so far from the middle of the face to each side, from so far above the face to so far below it,
in heights of the face. Lettering on shirts, badges and masks is a third of what is wrongly taken for a plate."""

NARROW = 1.2
"""Widths, in heights of that face, below which nothing on a chest is a plate: half a metre, or a third in America, is wider. Of
101 plates on pictures of streets none was lost by this."""

CLEAR_PLATE = 0.64
"""Score from which a plate counts wherever it is: a rider's, say, or one that somebody holds up."""


def sifted(seen: Detections) -> Detections:
    """What is seen in a photo, without what its other boxes explain."""
    return _without_plates_on_people(_without_nests(seen))


def _without_nests(seen: Detections) -> Detections:
    """Drops faces in doubt that contain a much smaller face without doubt."""
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
