"""Tiles leave no pixel out, and an object on a seam is whole in one of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from efface.detect.tiling import (
    NETWORK_OVERLAP,
    NETWORK_PIXELS,
    OVERLAP,
    STRIDE,
    TILE,
    UPSCALE_UP_TO,
    are_cut,
    levels,
    network_tiles,
    padded,
    tiles,
)

LENGTH = st.integers(1, 13_000)


def covering(found, width, height, shared):
    """Return the columns and the rows of tiles, which cover the picture and share that much."""
    columns = sorted({(x1, x2) for x1, _, x2, _ in found})
    rows = sorted({(y1, y2) for _, y1, _, y2 in found})
    assert len(found) == len(columns) * len(rows)
    for pieces, length in ((columns, width), (rows, height)):
        assert pieces[0][0] == 0
        assert pieces[-1][1] == length
        assert all(after[0] <= before[1] - shared for before, after in pairwise(pieces))
    return columns, rows


@given(LENGTH, LENGTH)
@example(TILE, TILE + 1)
@example(2 * TILE - OVERLAP, 2 * TILE - OVERLAP + 1)
def test_tiles_cover_the_picture_and_overlap(width, height):
    found = list(tiles((width, height)))
    for pieces in covering(found, width, height, OVERLAP):
        assert all(0 < stop - start <= TILE for start, stop in pieces)


@given(LENGTH, st.integers(0, 12_999), st.integers(1, OVERLAP))
def test_an_object_as_long_as_the_overlap_is_whole_in_one_tile(length, at, size):
    start = min(at, length - 1)
    stop = min(start + size, length)
    assert any(x1 <= start and stop <= x2 for x1, _, x2, _ in tiles((length, 1)))


@given(LENGTH, LENGTH)
@example(960, 540)
@example(1, 13_000)
@example(724, 724)
def test_tiles_of_the_shared_network_are_small_and_cover_the_picture(width, height):
    found = network_tiles((width, height))
    for pieces in covering(found, width, height, NETWORK_OVERLAP):
        assert len({stop - start for start, stop in pieces}) == 1
    (x1, y1, x2, y2) = found[0]
    assert padded(x2 - x1) * padded(y2 - y1) <= NETWORK_PIXELS


def test_a_picture_that_is_small_enough_is_one_tile_and_a_large_one_pays_little_for_seams():
    assert network_tiles((960, 540)) == [(0, 0, 960, 540)]
    columns = [(x, 0, x + 704, 1080) for x in (0, 608, 1216)]
    assert network_tiles((1920, 1080)) == columns
    for width, height in ((1280, 720), (1920, 1080), (3840, 2160), (12_000, 9_000)):
        pixels = sum((x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in network_tiles((width, height)))
        assert pixels < 1.4 * width * height


@given(st.integers(0, 2559), st.integers(0, 1439), st.integers(1, 300), st.integers(1, 300))
def test_what_a_seam_cuts_off_is_left_to_the_tile_that_shows_more(x, y, width, height):
    every = network_tiles((2560, 1440))
    box = np.float32([x, y, min(x + width, 2560), min(y + height, 1440)])
    stays = []
    for tile in every:
        seen = np.concatenate([np.maximum(box[:2], tile[:2]), np.minimum(box[2:], tile[2:])])
        if (seen[2:] > seen[:2]).all() and not are_cut(seen[None], tile, every, only_if_shown=True)[
            0
        ]:
            stays.append(seen)
    assert stays
    # All of it is still covered by what stays.
    covered = np.zeros((1440, 2560), bool)
    for x1, y1, x2, y2 in np.array(stays, np.int64):
        covered[y1:y2, x1:x2] = True
    x1, y1, x2, y2 = box.astype(np.int64)
    assert covered[y1:y2, x1:x2].all()


@pytest.mark.parametrize("only_if_shown", [False, True])
def test_at_the_edge_of_the_picture_nothing_is_cut_off(only_if_shown):
    every = network_tiles((2560, 1440))
    corner = np.float32([[0, 0, 30, 30]])
    opposite = np.float32([[2530, 1410, 2560, 1440]])
    whole = (0, 0, 640, 360)
    for xyxy, tile, tiles_ in (
        (corner, every[0], every),
        (opposite, every[-1], every),
        (np.float32([whole]), whole, [whole]),
        (corner, every[0], []),
    ):
        assert not are_cut(xyxy, tile, tiles_, only_if_shown=only_if_shown).any()


def test_a_box_across_the_seam_is_cut_whether_or_not_a_neighbour_shows_all_of_it():
    every = network_tiles((2560, 1440))
    x2, y2 = every[0][2:]
    xyxy = np.float32(
        [
            [x2 - 40, 50, x2, 90],  # in both tiles
            [x2 - 300, 50, x2, 350],  # larger than what tiles share
            [50, y2 - 300, 350, y2 + 3],  # the network may say more than it saw
            [x2 - 60, 50, x2 - 20, 90],
        ]
    )
    cut = are_cut(xyxy, every[0], every, only_if_shown=False)
    assert cut.tolist() == [True, True, True, False]
    assert are_cut(xyxy, every[0], every, only_if_shown=True).tolist() == [True, *[False] * 3]


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
