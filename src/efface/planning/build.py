"""Turn tracks into a plan: how much to cover around each object.

Detectors box an object tightly. This module adds the margin that also hides hair line, chin and
ears. If the user wants heads covered, the margin covers all of the hair and the neck down to its
line. A plate at the rim of the picture is covered up to the rim: the rest of it is hard to detect
there, but enough to be read in part.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from efface.detections import CODE, DRAWN, FACE, PERSON, PLATE, TEXT
from efface.geometry import Boxes, Size, grown, hulls, whole_pixels
from efface.options import CoverOptions
from efface.tracks import Reason, Track

NEAR_RIM_SHARE = 0.02
"""Share of the picture's width or height: a plate as near as this to the rim is covered up to it
..."""

NEAR_RIM_BOX_SHARE = 0.2
"""... and so is one within this share of its height, which matters in small pictures."""

BESIDE_SHARES = ((0.6, 0.85, 1.05, 1.25), (0.9, 0.45, 0.5, 0.65))
"""What a head needs on the left and on the right of its face, as a share of the face's longer side
(second row), by the face's width over its height (first row; linear interpolation between).

A narrow face is a profile: its head extends behind it, on a side that the box does not show. A face
wider than high lies on its side. Measured on 216 labelled heads (45 pictures of a station) and on
profiles, bowed and lying heads in other pictures. The same share of these heads is covered with .65
+ .25 of the width for all faces, .75 above and .65 below, but on half as much area again ...
"""

ABOVE_SHARES = ((0.75, 0.9), (0.6, 0.85))
"""... above it: a face nearly as wide as high is bowed, and shows much hair ..."""

BELOW_SHARES = ((1.0, 1.25), (0.3, 0.45))
"""... and below it, down to the neck line and not to the chest."""

PERSON_MARGIN = 0.1
"""Margin on every side of a person, as a share of the box's width and height: hands and feet reach
beyond the box in some frames."""

FACE_PROPORTION = 0.8
"""Width of most faces over their height."""


def covering(
    track: Track,
    sizes: tuple[Size, ...],
    options: CoverOptions,
    growth: float | NDArray[np.float32] = 0.0,
) -> Track | None:
    """Return the track with boxes of what is erased: with margin, rounded outwards, clipped to the
    frame.

    Boxes drawn by a person get no margin.

    sizes   of every frame, or the one size of all.
    growth  added to the margin, of all or (n,) of each box: how far the object may reach beyond its
            box.

    Moments wholly outside the picture are left out. Returns None if nothing is left.
    """
    every = np.array(sizes, np.int32)
    limit = every[track.frame] if len(sizes) > 1 else every
    boxes = grown(
        track.xyxy,
        _margin(track.kind, options) + growth,
    )
    if track.kind == FACE and options.part != "face":
        boxes = hulls(boxes, _heads(track.xyxy))
    if track.kind == PLATE:
        boxes = _to_the_rim(_not_yet_gone(boxes, track, limit), track.xyxy, limit)
    erased = whole_pixels(boxes, limit)
    inside = (erased[:, :2] < erased[:, 2:]).all(axis=1)
    if not inside.any():
        return None
    return replace(
        track,
        frame=track.frame[inside],
        xyxy=erased[inside].astype(np.float32),
        reason=track.reason[inside],
        score=np.round(track.score[inside], 2),
    )


def _margin(kind: int, options: CoverOptions) -> float:
    """Return the margin of a kind. Text and codes have that of plates."""
    margins = {FACE: options.margin, DRAWN: 0.0, PERSON: PERSON_MARGIN}
    return margins.get(kind, options.plate_margin)


def tallness(options: CoverOptions) -> dict[int, float]:
    """Return the height of the erased area over that of the object, by kind. Faces are assumed to
    be higher than wide."""
    above = below = options.margin
    if options.part != "face":
        above, below = (
            max(above, float(_at(FACE_PROPORTION, ABOVE_SHARES))),
            max(below, float(_at(FACE_PROPORTION, BELOW_SHARES))),
        )
    return {
        FACE: 1 + above + below,
        PLATE: 1 + 2 * options.plate_margin,
        DRAWN: 1.0,
        TEXT: 1 + 2 * options.plate_margin,
        CODE: 1 + 2 * options.plate_margin,
        PERSON: 1 + 2 * PERSON_MARGIN,
    }


def _heads(faces: Boxes) -> Boxes:
    """Return the boxes of the heads of these faces (n, 4). The faces come without margin, and heads
    get none."""
    sides = np.maximum(faces[:, 2:] - faces[:, :2], 1e-6)
    # Use the longer side: the box of a profile is narrow and that of a lying face flat, while the
    # head has the same size.
    longer, proportion = sides.max(axis=1), sides[:, 0] / sides[:, 1]
    beside, above, below = (
        _at(proportion, rule) * longer for rule in (BESIDE_SHARES, ABOVE_SHARES, BELOW_SHARES)
    )
    return np.asarray(faces + np.stack([-beside, -above, beside, below], axis=1), np.float32)


def _at(
    proportion: float | NDArray[np.float32], rule: tuple[tuple[float, ...], tuple[float, ...]]
) -> NDArray[np.float64]:
    return np.asarray(np.interp(proportion, *rule), np.float64)


def _not_yet_gone(boxes: Boxes, track: Track, limit: NDArray[np.int32]) -> Boxes:
    """Extend a box that seems to leave the picture to where the plate was last seen, since the
    plate may have stopped."""
    seen = np.flatnonzero(track.reason == Reason.SEEN)
    if not len(seen):
        return boxes
    last = seen[np.clip(np.searchsorted(seen, np.arange(len(track))) - 1, 0, len(seen) - 1)]
    is_leaving = ((track.xyxy[:, :2] < 0) | (track.xyxy[:, 2:] > limit)).any(axis=1) & (
        track.reason == Reason.EXTENDED
    )
    return np.where(is_leaving[:, None], hulls(boxes, boxes[last]), boxes).astype(np.float32)


def _to_the_rim(boxes: Boxes, tight: Boxes, limit: NDArray[np.int32]) -> Boxes:
    """Extend the boxes on those sides on which `tight`, the same without margin, comes near the rim
    of the picture."""
    height = (tight[:, 3:] - tight[:, 1:2]) * NEAR_RIM_BOX_SHARE
    near = np.maximum(limit * NEAR_RIM_SHARE, height)
    is_inside = ((tight[:, :2] < limit) & (tight[:, 2:] > 0)).all(axis=1, keepdims=True)
    low = np.where(is_inside & (tight[:, :2] <= near), np.minimum(boxes[:, :2], 0), boxes[:, :2])
    high = np.where(
        is_inside & (tight[:, 2:] >= limit - near), np.maximum(boxes[:, 2:], limit), boxes[:, 2:]
    )
    return np.concatenate([low, high], axis=1).astype(np.float32)


def numbered(tracks: list[Track]) -> tuple[Track, ...]:
    """Sort the tracks by first appearance and number them 1, 2, 3 ..., so that a plan does not
    depend on which finished first."""
    ordered = sorted(
        tracks, key=lambda t: (int(t.frame[0]), float(t.xyxy[0, 0]), float(t.xyxy[0, 1]), t.id)
    )
    return tuple(replace(t, id=i) for i, t in enumerate(ordered, start=1))
