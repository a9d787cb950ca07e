"""Where an object will be: constant velocity, forgotten with time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MEMORY_S = 0.3
"""Sightings within this time tell the velocity; older ones tell of another movement."""

FADE_S = 0.4
"""An unseen object moves on for about this long: people stop and turn."""


def velocity(seconds: NDArray[np.float64], xyxy: NDArray[np.float32]) -> NDArray[np.float64]:
    """(4,) pixels per second of the box's sides at the last of these sightings, by least squares over MEMORY_S.

    seconds  (n,) increasing; xyxy (n, 4). The box is taken to keep its size: width and height of single sightings are noisy.
    """
    recent = seconds >= seconds[-1] - MEMORY_S
    t, boxes = seconds[recent], xyxy[recent]
    if len(t) < 2:
        return np.zeros(4)
    centre = (boxes[:, :2] + boxes[:, 2:]).astype(np.float64) / 2
    t = t - t.mean()
    slope = (t[:, None] * (centre - centre.mean(0))).sum(0) / (t**2).sum()
    return np.tile(slope, 2)


def travelled(elapsed_s: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """How long the velocity of the last sighting has acted after that time: less and less, never more than FADE_S in all."""
    return FADE_S * (1 - np.exp(-np.asarray(elapsed_s, np.float64) / FADE_S))
