"""Boxes grow where the detector was not sure: a low score says as much about the box's edges as about the face.

On labelled pictures, faces of score 0.8 and more reach beyond their box by 0.1 of its side at most (19 of 20), and those
below 0.4 by 0.4: half hidden, blurred, or so small that a cell of the network's map is a quarter of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

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


ON_PHOTOS = {FACE: Unsure(most=0.36, doubtful=0.25, certain=0.8, least_px=14)}
"""Where no neighbouring frame tells where an object ends, by kind; what is not named does not grow."""


def share(score: NDArray[np.float32], rule: Unsure) -> NDArray[np.float32]:
    """(n,) share of its sides that a box of each of these scores (n,) gains on every side, whatever its height."""
    doubt = 1 - np.clip((score - rule.doubtful) / (rule.certain - rule.doubtful), 0, 1)
    return np.asarray(rule.most * doubt, np.float32)


def growth(track: Track, rule: Unsure) -> NDArray[np.float32]:
    """(n,) share of its sides that each box of the track gains on every side."""
    grows = track.xyxy[:, 3] - track.xyxy[:, 1] >= rule.least_px
    return np.asarray(share(track.score, rule) * grows, np.float32)


def widened(track: Track, rule: Unsure) -> Track:
    """The track with larger boxes where the detector was not sure."""
    return replace(track, xyxy=grown(track.xyxy, growth(track, rule)))
