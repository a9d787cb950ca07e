"""Boxes grow where the detector was not sure: a low score says as much about the box's edges as about the face.

On labelled pictures, faces of score 0.8 and more reach beyond their box by 0.1 of its side at most (19 of 20), and those
below 0.4 by 0.4: half hidden, blurred, or so small that a cell of the network's map is a quarter of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from efface.detections import FACE
from efface.geometry import grown
from efface.tracks import Track


@dataclass(frozen=True, slots=True)
class Unsure:
    """How boxes grow with doubt.

    most      share of the box's width and height that is added on every side when the score is `doubtful` or less.
    doubtful  score at which growth is whole, and
    certain   score from which there is none.
    least_px  height of the lowest box that grows: of lower ones there is little to see, and many are nothing.
    """

    most: float
    doubtful: float
    certain: float
    least_px: float = 0.0


ON_PHOTOS = {FACE: Unsure(most=0.23, doubtful=0.25, certain=0.8, least_px=14)}
"""Where no neighbouring frame tells where an object ends, by kind; what is not named does not grow."""


def widened(track: Track, rule: Unsure) -> Track:
    """The track with larger boxes where the detector was not sure."""
    doubt = 1 - np.clip((track.score - rule.doubtful) / (rule.certain - rule.doubtful), 0, 1)
    grows = track.xyxy[:, 3] - track.xyxy[:, 1] >= rule.least_px
    return replace(track, xyxy=grown(track.xyxy, rule.most * doubt * grows))
