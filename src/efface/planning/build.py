"""Tracks to a plan: how much to cover around each object.

Detectors box an object tightly; this module adds the margin that hides hair line, chin and ears too, or, where somebody wants
heads covered, all of the hair and the neck down to its line. A plate at the rim of the picture is covered to the rim: what is
left of it there is hard to detect, and enough to be read in part.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from efface.detections import DRAWN, FACE, PLATE
from efface.geometry import Boxes, Size, grown, hulls, whole_pixels
from efface.options import CoverOptions
from efface.tracks import Reason, Track

NEAR_RIM = 0.02
"""Share of the picture's width or height: a plate that is as near as this to the rim is covered up to it ..."""

NEAR_RIM_OF_BOX = 0.2
"""... as is one within this share of its height, which counts in small pictures."""

HEAD = (0.65, 0.5, 0.65, 0.4)
"""What a head needs beyond the margin of its face on the left, above, on the right and below, as shares of the face's longer
side. Seen on 36 pictures with profiles, bowed, tilted and lying heads; with 0.5 sideways the back of one head showed."""


def covering(track: Track, sizes: tuple[Size, ...], options: CoverOptions) -> Track | None:
    """The track with boxes of what is erased: margin added, rounded outwards, clipped to the frame.

    What a person drew gets no margin.

    sizes  of every frame, or the one size of all.

    Moments wholly outside of the picture are left out; None when nothing is left.
    """
    every = np.array(sizes, np.int32)
    limit = every[track.frame] if len(sizes) > 1 else every
    boxes = grown(track.xyxy, {FACE: options.margin, PLATE: options.plate_margin, DRAWN: 0.0}[track.kind])
    if track.kind == FACE and options.part == "head":
        boxes = _heads(boxes, track.xyxy)
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


def tallness(options: CoverOptions) -> dict[int, float]:
    """Height of what is erased over that of the object, by kind. Faces are taken to be higher than wide."""
    head = HEAD[1] + HEAD[3] if options.part == "head" else 0.0
    return {FACE: 1 + 2 * options.margin + head, PLATE: 1 + 2 * options.plate_margin, DRAWN: 1.0}


def _heads(boxes: Boxes, faces: Boxes) -> Boxes:
    """The boxes, with room for the heads of these faces. HEAD adds to the margin that they have.

    faces  (n, 4) the same faces without margin.
    """
    # The longer side, as the box of a profile is narrow and that of a lying face flat, while the heads are as large as ever.
    longer = (faces[:, 2:] - faces[:, :2]).max(axis=1, keepdims=True)
    left_top, right_bottom = np.array(HEAD[:2], np.float32), np.array(HEAD[2:], np.float32)
    return np.concatenate([boxes[:, :2] - longer * left_top, boxes[:, 2:] + longer * right_bottom], axis=1).astype(np.float32)


def _not_yet_gone(boxes: Boxes, track: Track, limit: NDArray[np.int32]) -> Boxes:
    """The boxes; one that seems to be leaving the picture also covers where the plate was last seen: it may have stopped."""
    seen = np.flatnonzero(track.reason == Reason.SEEN)
    if not len(seen):
        return boxes
    last = seen[np.clip(np.searchsorted(seen, np.arange(len(track))) - 1, 0, len(seen) - 1)]
    is_leaving = ((track.xyxy[:, :2] < 0) | (track.xyxy[:, 2:] > limit)).any(axis=1) & (track.reason == Reason.EXTENDED)
    return np.where(is_leaving[:, None], hulls(boxes, boxes[last]), boxes).astype(np.float32)


def _to_the_rim(boxes: Boxes, tight: Boxes, limit: NDArray[np.int32]) -> Boxes:
    """The boxes, farther out on the sides on which `tight`, the same without margin, comes near the rim of the picture."""
    height = (tight[:, 3:] - tight[:, 1:2]) * NEAR_RIM_OF_BOX
    near = np.maximum(limit * NEAR_RIM, height)
    is_inside = ((tight[:, :2] < limit) & (tight[:, 2:] > 0)).all(axis=1, keepdims=True)
    low = np.where(is_inside & (tight[:, :2] <= near), np.minimum(boxes[:, :2], 0), boxes[:, :2])
    high = np.where(is_inside & (tight[:, 2:] >= limit - near), np.maximum(boxes[:, 2:], limit), boxes[:, 2:])
    return np.concatenate([low, high], axis=1).astype(np.float32)


def numbered(tracks: list[Track]) -> tuple[Track, ...]:
    """The tracks in order of first appearance, with ids 1, 2, 3 ..., so that a plan does not depend on who finished first."""
    ordered = sorted(tracks, key=lambda t: (int(t.frame[0]), float(t.xyxy[0, 0]), float(t.xyxy[0, 1]), t.id))
    return tuple(replace(t, id=i) for i, t in enumerate(ordered, start=1))
