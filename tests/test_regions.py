"""Boxes grow to whole blocks: every box is covered, and its edges are where blocks end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.regions import BlockGrid, Region

sides = st.integers(1, 32)
boxes = st.tuples(*[st.integers(0, 199)] * 2, *[st.integers(1, 60)] * 2)


@given(st.tuples(sides, sides), st.tuples(sides, sides), st.integers(0, 2), boxes)
def test_a_grown_box_covers_its_box_and_ends_where_blocks_end(block, start, reach, box):
    start = tuple(s % b for s, b in zip(start, block, strict=True))
    x, y, width, height = box
    plain = np.array([[x, y, x + width, y + height]], np.int32)
    size = np.array([260, 230])
    (x1, y1, x2, y2) = BlockGrid(block, start, reach).grown(plain, size)[0]  # type: ignore[arg-type]
    inside = np.minimum(plain[0], [*size, *size])
    assert x1 <= inside[0]
    assert y1 <= inside[1]
    assert x2 >= inside[2]
    assert y2 >= inside[3]
    for low, high, side, first, most in zip(
        (x1, y1), (x2, y2), block, start, size.tolist(), strict=True
    ):
        assert low == 0 or (low + reach - first) % side == 0
        assert high == most or (high - reach - first) % side == 0
    again = BlockGrid(block, start, 0).grown(np.array([[x1, y1, x2, y2]], np.int32), size)[0]  # type: ignore[arg-type]
    assert reach or again.tolist() == [x1, y1, x2, y2]


def test_regions_of_a_frame_keep_their_tracks():
    grown = BlockGrid((16, 16)).regions(
        [Region((1, 1, 3, 3), 7), Region((20, 1, 22, 3), 2)], (30, 9)
    )
    assert grown == [Region((0, 0, 16, 9), 7), Region((16, 0, 30, 9), 2)]
    assert BlockGrid((16, 16)).regions([], (30, 9)) == []


@pytest.mark.parametrize("wrong", [((0, 8),), ((8, 8), (8, 0)), ((8, 8), (0, -1)), ((900, 8),)])
def test_what_is_no_grid_is_refused(wrong):
    with pytest.raises(ValueError, match="not a grid"):
        BlockGrid(*wrong)
    with pytest.raises(ValueError, match="not a grid"):
        BlockGrid((8, 8), (0, 0), -1)
