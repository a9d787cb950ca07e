"""Boxes grow where the detector was unsure: a low score says as much about the box's edges as about
the face.

On labelled pictures, faces with a score of 0.8 and more reach beyond their box by at most 0.1 of
its side (19 of 20), and those below 0.4 by 0.4. Such faces are half hidden, blurred, or so small
that a cell of the network's map is a quarter of them.

So the margin is made for faces that are seen badly. A face that a film shows large and clearly, in
one frame after the other, needs less of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from efface.detections import FACE
from efface.geometry import grown
from efface.tracks import Reason, Track


@dataclass(frozen=True, slots=True)
class ScoreMargin:
    """How boxes grow with doubt.

    most      share of the box's width and height that is added on every side when the score is
              `doubtful` or less.
    doubtful  score up to which growth is whole.
    certain   score from which boxes do not grow.
    least_px  height of the lowest box that grows: lower boxes show little, and many of them are
              false alarms.
    """

    most: float
    doubtful: float
    certain: float
    least_px: float = 0.0


ON_PHOTOS = {FACE: ScoreMargin(most=0.36, doubtful=0.25, certain=0.8, least_px=14)}
"""Rules by kind for photos, where no neighbouring frame shows where an object ends.

Kinds not listed do not grow.
"""


SPARED = 0.4
"""Share of the margin that a large, clearly seen face does without.

This leaves 0.15 of 0.25, which other tools add.
"""

CLEAR_SCORES, LARGE_PX = (0.65, 0.8), (24.0, 64.0)
"""Scores and heights: from the first value a face does without some of the margin, from the second
without all of SPARED."""

CLEAR_S, AWAY_S = 0.2, 0.24
"""The best score within CLEAR_S counts, so that boxes do not pulse.

AWAY_S after a sighting a face has its whole margin.
"""


def share(score: NDArray[np.float32], rule: ScoreMargin) -> NDArray[np.float32]:
    """Return (n,) share of its sides that a box of each score (n,) gains on every side, whatever
    its height."""
    doubt = 1 - np.clip((score - rule.doubtful) / (rule.certain - rule.doubtful), 0, 1)
    return np.asarray(rule.most * doubt, np.float32)


def growth(track: Track, rule: ScoreMargin) -> NDArray[np.float32]:
    """Return (n,) share of its sides that each box of the track gains on every side."""
    grows = track.xyxy[:, 3] - track.xyxy[:, 1] >= rule.least_px
    return np.asarray(share(track.score, rule) * grows, np.float32)


def widened(track: Track, rule: ScoreMargin) -> Track:
    """Return the track with larger boxes where the detector was unsure."""
    return replace(track, xyxy=grown(track.xyxy, growth(track, rule)))


def in_films(
    track: Track, seconds: NDArray[np.float64], margin: float
) -> float | NDArray[np.float32]:
    """Return what to add to the margin of each box of a film's track, (n,) or 0.

    It is never positive. See `spared`.
    """
    return -np.float32(margin) * spared(track, seconds) if track.kind == FACE else 0.0


def spared(track: Track, seconds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return (n,) share of the margin, from 0 to SPARED, that each box of a film's track does
    without.

    seconds  of every frame.
    """
    t, seen = seconds[track.frame], track.reason == Reason.SEEN
    seen_t, score = t[seen], track.score[seen]
    if not len(seen_t):
        return np.zeros(len(track), np.float32)
    first, stop = (
        np.searchsorted(seen_t, t - CLEAR_S),
        np.searchsorted(seen_t, t + CLEAR_S, side="right"),
    )
    best = np.array([score[a:b].max(initial=0.0) for a, b in zip(first, stop, strict=True)])
    after = np.clip(np.searchsorted(seen_t, t), 0, len(seen_t) - 1)
    away = np.minimum(np.abs(seen_t[after] - t), np.abs(t - seen_t[np.maximum(after - 1, 0)]))
    height = np.log(np.maximum(track.xyxy[:, 3] - track.xyxy[:, 1], 1.0))
    known = (
        _ramp(best, *CLEAR_SCORES)
        * _ramp(height, *np.log(LARGE_PX))
        * (1 - _ramp(away, 0.0, AWAY_S))
    )
    return np.asarray(SPARED * known, np.float32)


def _ramp(value: NDArray[np.floating], low: float, high: float) -> NDArray[np.float64]:
    """Return 0 up to `low`, 1 from `high` on, and a line between them."""
    return np.asarray(np.clip((value - low) / (high - low), 0, 1), np.float64)
