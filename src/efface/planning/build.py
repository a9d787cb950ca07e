"""Tracks to a plan: how much to cover around each object.

Detectors box the face tightly; this module adds the margin that hides hair line, chin and ears too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from efface.geometry import Size, grown, whole_pixels
from efface.options import CoverOptions
from efface.tracks import Track


def covering(track: Track, sizes: tuple[Size, ...], options: CoverOptions) -> Track | None:
    """The track with boxes of what is erased: margin added, rounded outwards, clipped to the frame.

    sizes  of every frame, or the one size of all.

    Moments wholly outside of the picture are left out; None when nothing is left.
    """
    limit = np.array(sizes, np.int32)
    boxes = whole_pixels(grown(track.xyxy, options.margin), limit[track.frame] if len(sizes) > 1 else limit)
    inside = (boxes[:, :2] < boxes[:, 2:]).all(axis=1)
    if not inside.any():
        return None
    return replace(
        track,
        frame=track.frame[inside],
        xyxy=boxes[inside].astype(np.float32),
        reason=track.reason[inside],
        score=np.round(track.score[inside], 2),
    )


def numbered(tracks: list[Track]) -> tuple[Track, ...]:
    """The tracks in order of first appearance, with ids 1, 2, 3 ..., so that a plan does not depend on who finished first."""
    ordered = sorted(tracks, key=lambda t: (int(t.frame[0]), float(t.xyxy[0, 0]), float(t.xyxy[0, 1]), t.id))
    return tuple(replace(t, id=i) for i, t in enumerate(ordered, start=1))
