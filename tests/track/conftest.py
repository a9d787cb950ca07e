"""A car that both the tracker and the filling of gaps have to keep up with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture
def nearing() -> Callable[[np.ndarray], np.ndarray]:
    """Its plate at each of the times:

    (n, 4). It comes nearer evenly and passes at 2.6 s; sides go as 1 / distance.
    """

    def plate(seconds: np.ndarray) -> np.ndarray:
        scale = 1 / (2.6 - seconds)
        centre, half = (
            np.stack([640 + 250 * scale, 300 + 150 * scale], 1),
            np.stack([40 * scale, 9 * scale], 1),
        )
        return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)

    return plate
