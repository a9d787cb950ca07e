"""Boxes to maps: what the network should have said for a crop.

heat    1 at the cell of a plate's centre, falling off as an ellipse with the plate's shape (as in
        CenterNet, Zhou et
        al. 2019, arXiv 1904.07850, with one spread for each axis: plates are wide).
sides   distances from a cell's centre to the four sides of its plate, as in FCOS (Tian et al. 2019,
        arXiv 1904.01355).
weight  how much a cell counts for the sides: 0 outside of plates.
care    0 where nothing is to be learned about heat.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.pictures import Labelled

STEP = 4
"""Pixels of the crop for one cell."""

SPREAD = 0.22
"""Standard deviation of the ellipse, as a share of the plate's width and height ..."""

LEAST_SPREAD = 0.75
"""... but at least so many cells."""

NEAR = 0.35
"""Heat from which a cell learns the sides, too."""


def maps(crop: Labelled) -> tuple[NDArray[np.float32], ...]:
    """(heat (1, n, n), sides (4, n, n), weight (1, n, n), care (1, n, n)), float32, n = size /
    STEP."""
    n = crop.rgb.shape[0] // STEP
    heat, weight, care = (
        np.zeros((n, n), np.float32),
        np.zeros((n, n), np.float32),
        np.ones((n, n), np.float32),
    )
    sides = np.zeros((4, n, n), np.float32)
    centre = (np.arange(n, dtype=np.float32) + 0.5) * STEP
    for x1, y1, x2, y2 in crop.xyxy[crop.ignore]:
        care[_cells(y1, y2, n), _cells(x1, x2, n)] = 0
    plates = crop.xyxy[~crop.ignore]
    for x1, y1, x2, y2 in plates[
        np.argsort(-np.prod(plates[:, 2:] - plates[:, :2], axis=1))
    ]:  # small ones stay on top
        bump = np.outer(_bell(centre, y1, y2), _bell(centre, x1, x2))
        row, column = min(int((y1 + y2) / 2 / STEP), n - 1), min(int((x1 + x2) / 2 / STEP), n - 1)
        bump[row, column] = 1
        wins = (bump >= NEAR) & (bump >= weight)
        found = np.stack(
            np.broadcast_arrays(
                centre - x1, (centre - y1)[:, None], x2 - centre, (y2 - centre)[:, None]
            )
        )
        sides[:, wins], weight[wins] = found[:, wins], bump[wins]
        heat = np.maximum(heat, bump)
        care[row, column] = 1
    return heat[None], sides, weight[None], care[None]


def _cells(low: float, high: float, n: int) -> slice:
    return slice(max(int(low // STEP), 0), min(int(-(-high // STEP)), n))


def _bell(centre: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    spread = max(SPREAD * (high - low), LEAST_SPREAD * STEP)
    return np.exp(-((centre - (low + high) / 2) ** 2) / (2 * spread**2)).astype(np.float32)
