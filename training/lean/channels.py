"""Which channels of a linear layer stay, and with which weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RIDGE = 1e-6
"""Keeps least squares solvable where two channels are alike."""


def fewer(own: Array, joint: Array, count: int) -> tuple[NDArray[np.intp], Array]:
    """Return the `count` channels that stay, and their weights (count + 1, o), the last row the
    bias.

    own    (c + 1, c + 1), second moments of channels and a constant 1.
    joint  (c + 1, o), of these with the outputs that the weights shall give.
    """
    channels = len(own) - 1
    own = own + RIDGE * np.trace(own) / len(own) * np.eye(len(own))
    inverse, weights = np.linalg.inv(own), np.linalg.solve(own, joint)
    is_there = np.ones(channels, bool)
    for _ in range(channels - count):
        # What the squared error grows by when this one goes and all others are set anew.
        cost = (weights[:channels] ** 2).sum(axis=1) / np.maximum(
            np.diag(inverse)[:channels], 1e-30
        )
        cost[~is_there] = np.inf
        i = int(np.argmin(cost))
        weights -= np.outer(inverse[:, i] / inverse[i, i], weights[i])
        inverse -= np.outer(inverse[:, i], inverse[i]) / inverse[i, i]
        weights[i], inverse[i], inverse[:, i], inverse[i, i] = 0, 0, 0, 1e30
        is_there[i] = False
    stay = np.flatnonzero(is_there)
    rows = np.append(stay, channels)
    return stay, np.linalg.solve(own[np.ix_(rows, rows)], joint[rows])
