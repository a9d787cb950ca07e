"""Tiles leave no pixel out, and an object on a seam is whole in one of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from efface.detect.tiling import OVERLAP, STRIDE, TILE, UPSCALE_UP_TO, levels, padded, tiles

LENGTH = st.integers(1, 13_000)


@given(LENGTH, LENGTH)
@example(TILE, TILE + 1)
@example(2 * TILE - OVERLAP, 2 * TILE - OVERLAP + 1)
def test_tiles_cover_the_picture_and_overlap(width, height):
    found = list(tiles((width, height)))
    columns = sorted({(x1, x2) for x1, _, x2, _ in found})
    rows = sorted({(y1, y2) for _, y1, _, y2 in found})
    assert len(found) == len(columns) * len(rows)
    for pieces, length in ((columns, width), (rows, height)):
        assert pieces[0][0] == 0
        assert pieces[-1][1] == length
        assert all(0 < stop - start <= TILE for start, stop in pieces)
        assert all(after[0] <= before[1] - OVERLAP for before, after in pairwise(pieces))


@given(LENGTH, st.integers(0, 12_999), st.integers(1, OVERLAP))
def test_an_object_as_long_as_the_overlap_is_whole_in_one_tile(length, at, size):
    start = min(at, length - 1)
    stop = min(start + size, length)
    assert any(x1 <= start and stop <= x2 for x1, _, x2, _ in tiles((length, 1)))


@given(LENGTH, LENGTH, st.booleans())
def test_levels_go_from_large_to_small_and_hold_the_picture_itself(width, height, thorough):
    found = levels((width, height), is_thorough=thorough, smallest=400)
    sizes = [level.size_wh for level in found if not level.is_mirrored]
    assert (width, height) in sizes
    assert all(a[0] >= b[0] and a[1] >= b[1] for a, b in pairwise(sizes))
    assert all(min(size) >= 1 for size in sizes)
    assert max(sizes[-1]) < 2 * 400 + 1 or sizes[-1] == (width, height)
    assert (sizes[0] == (2 * width, 2 * height)) == (thorough and width * height <= UPSCALE_UP_TO)


@pytest.mark.parametrize(
    ("length", "multiple"), [(1, STRIDE), (STRIDE, STRIDE), (STRIDE + 1, 2 * STRIDE)]
)
def test_padding(length, multiple):
    assert padded(length) == multiple
    assert np.all(TILE % STRIDE == 0)


def test_levels_have_square_pixels():
    alone = levels((1280, 720), is_thorough=False, smallest=200, detail=0.5, coarsest=0.5)
    assert [level.size_wh for level in alone] == [(640, 360)]
    assert [
        level.size_wh for level in levels((300, 200), is_thorough=False, smallest=200, coarsest=2.0)
    ] == [(300, 200)]
    assert levels((720, 576), is_thorough=False, smallest=400, aspect=16 / 11)[0].size_wh == (
        1047,
        576,
    )
    assert levels((400, 100), is_thorough=False, smallest=400, aspect=0.5)[0].size_wh == (400, 200)
    assert levels((100, 100), is_thorough=False, smallest=400, aspect=1e9)[0].size_wh == (400, 100)


def test_a_thorough_look_also_looks_into_a_mirror_at_the_pictures_own_size_and_at_half_of_it():
    found = levels((1600, 900), is_thorough=True, smallest=400)
    assert [level.size_wh for level in found if level.is_mirrored] == [(1600, 900), (800, 450)]
    assert not any(
        level.is_mirrored for level in levels((1600, 900), is_thorough=False, smallest=400)
    )
    assert not any(
        level.is_mirrored for level in levels((3000, 2000), is_thorough=True, smallest=400)
    )
