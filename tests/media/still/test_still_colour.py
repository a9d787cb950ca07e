"""Colours between those of a grid."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from efface.media.still.still_colour import interpolated


@given(st.integers(2, 9), st.integers(0, 10**6))
def test_colours_between_are_those_of_a_library(side, seed):
    rng = np.random.default_rng(seed)
    grid = rng.random((side, side, side, 3), np.float32)
    at = rng.uniform(-1, side, (40, 3)).astype(np.float32)
    at[:3] = (0, 0, 0), (side - 1,) * 3, (0, 1, side - 1)
    wanted = [map_coordinates(grid[..., i], at.T, order=1, mode="nearest") for i in range(3)]
    assert np.allclose(interpolated(grid, at), np.stack(wanted, axis=-1), atol=1e-5)
