"""Fills: they carry on the rim, they do not overshoot, and how they are cut into pieces does not
show."""

from __future__ import annotations

import numpy as np
import pytest

from efface.frames import Layout, Picture
from efface.painting.fills import LIMIT, SPAN, filled, tiled
from efface.painting.masks import erased
from efface.regions import Region

YUV420 = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)))
RGB = Layout("rgb", 8, ((0, 0),) * 3)


def around(picture, *boxes, base=(0, 0), shape="rounded"):
    area = erased([Region(box) for box in boxes], shape, picture.size_wh)
    return filled(picture, area, area.windows, base)


def shown(fill, box, shift, planes):
    """(h, w, planes) what the fill shows in the box."""
    return np.stack([fill.at(box, shift, i) for i in planes], axis=-1).astype(float)


def ramp(width, height):
    """Red grows to the right, green downwards, blue stays."""
    y, x = np.mgrid[:height, :width]
    return Picture(
        tuple(np.asarray(p, np.uint8) for p in (x * 255 // width, y * 255 // height, x * 0 + 77)),
        RGB,
    )


@pytest.mark.parametrize("size", [40, 200, 800])
def test_a_ramp_goes_on_through_the_hole(size):
    picture = ramp(size, size)
    box = (size // 4, size // 4, size * 3 // 4, size * 3 // 4)
    fill = shown(around(picture, box), box, (0, 0), [0, 1, 2])
    for i in range(3):
        source = picture.planes[i][box[1] : box[3], box[0] : box[2]]
        assert np.abs(fill[..., i] - source).max() < 30
    assert np.abs(np.diff(fill[..., 0], axis=1)).max() < 1500 / size, "there is a step in the fill"


def test_the_fill_meets_its_rim():
    picture = ramp(120, 120)
    hole = around(picture, (40, 40, 80, 80), shape="box")
    fill = shown(hole, (39, 40, 81, 80), (0, 0), [0])[..., 0]
    assert np.abs(fill[:, 0] - picture.planes[0][40:80, 39]).max() <= 1
    assert np.abs(fill[:, 1] - fill[:, 0]).max() < 12


def test_values_stay_between_those_of_the_rim(noise):
    picture = noise(RGB, (100, 90))
    for plane in picture.planes:
        np.clip(plane, 60, 180, out=plane)
    fill = shown(around(picture, (30, 0, 100, 60)), (30, 0, 100, 60), (0, 0), [0, 1, 2])
    assert fill.min() >= 59.99
    assert fill.max() <= 180.01


@pytest.mark.parametrize("shift", [(0, 0), (1, 1)])
def test_a_piece_of_the_fill_is_the_same_piece_of_the_whole(noise, shift):
    fill = around(noise(YUV420, (901, 703)), (100, 90, 700, 600), base=(1, 1))
    assert fill.cell > 2
    whole = shown(fill, (60, 60, 300, 290), shift, [0, 1])
    for x1, y1, x2, y2 in ((60, 60, 61, 61), (97, 103, 240, 211), (299, 60, 300, 290)):
        assert np.array_equal(
            shown(fill, (x1, y1, x2, y2), shift, [0, 1]),
            whole[y1 - 60 : y2 - 60, x1 - 60 : x2 - 60],
        )


def test_bands_do_not_show(noise, monkeypatch):
    picture = noise(YUV420, (501, 403))
    whole = around(picture, (50, 50, 450, 380), base=(1, 1))
    monkeypatch.setattr("efface.painting.masks.BAND", 600)
    assert np.array_equal(around(picture, (50, 50, 450, 380), base=(1, 1)).cells, whole.cells)


def test_grids_stay_small(noise):
    picture = noise(Layout("gray"), (4000, 3000))
    large = around(picture, (10, 10, 3990, 2990))
    assert max(large.cells.shape) <= 2 * SPAN
    row = around(picture, *[(x, 1000 + x // 5, x + 30, 1030 + x // 5) for x in range(0, 3900, 20)])
    assert row.cells.size <= 2 * LIMIT


def test_where_nothing_is_known_stands_neutral_grey(noise):
    fill = around(noise(YUV420, (17, 9)), (0, 0, 17, 9), base=(1, 1))
    assert (fill.at((0, 0, 17, 9), (0, 0), 0) == 128).all()


def test_hidden_colours_of_transparent_pixels_are_not_shown(noise):
    picture = noise(Layout("rgb", 8, ((0, 0),) * 4, has_alpha=True), (60, 60))
    for plane, value in zip(picture.planes, (200, 10, 10, 0), strict=True):
        plane[...] = value
    picture.planes[-1][:, 40:] = 255
    for plane in picture.planes[:3]:
        plane[:, 40:] = 90
    fill = shown(around(picture, (20, 20, 41, 40)), (20, 20, 41, 40), (0, 0), [0, 1, 2])
    assert np.abs(fill - 90).max() < 0.01


def test_tiles_move_with_their_box(noise):
    picture = noise(Layout("gray"), (200, 200))
    picture.planes[0][:] = 100
    picture.planes[0][:, 100:] = 200
    tiles = [
        tiled(around(picture, box), Region(box, 4), 0)
        for box in ((60, 60, 140, 140), (63, 58, 143, 138))
    ]
    first, second = (
        shown(tiles[0], (60, 60, 140, 140), (0, 0), [0]),
        shown(tiles[1], (63, 58, 143, 138), (0, 0), [0]),
    )
    assert np.mean(np.abs(first - second)) < 12, "the pattern flickers"
    assert len(np.unique(first)) > 10


def test_tiles_take_their_colour_from_their_own_side():
    picture, box = ramp(400, 400), (200, 240, 280, 320)
    red, green = np.moveaxis(
        shown(tiled(around(picture, box), Region(box), 0), box, (0, 0), [0, 1]), -1, 0
    )
    assert red[:, 40:].mean() - red[:, :40].mean() > 8
    assert green[40:].mean() - green[:40].mean() > 8
    assert abs(red.mean() - picture.planes[0][240:320, 200:280].mean()) < 12


def test_tiles_depend_on_track_and_seed(noise):
    picture, box = noise(RGB, (100, 100)), (20, 20, 80, 80)
    fill = around(picture, box)
    tables = [
        tiled(fill, Region(box, track), seed).table
        for track, seed in ((1, 0), (2, 0), (1, 1), (1, 0), (-5, 0))
    ]
    assert np.array_equal(tables[0], tables[3])
    assert not any(np.array_equal(tables[0], other) for other in (tables[1], tables[2], tables[4]))


def test_luma_and_chroma_of_a_tile_are_of_one_place(noise):
    picture = noise(YUV420, (160, 160))
    left = np.array([40, 90, 200], np.uint8)
    right = np.array([210, 170, 60], np.uint8)
    for plane, a, b in zip(picture.planes, left, right, strict=True):
        plane[...] = a
        plane[:, plane.shape[1] // 2 :] = b
    box = (40, 40, 120, 120)
    table = tiled(around(picture, box, base=(1, 1)), Region(box), 0).table.reshape(3, -1).T
    share = (table - left) / (right.astype(float) - left)
    assert np.abs(share - share[:, :1]).max() < 1e-3


def with_a_line(size, line):
    """Grey, with a red line as wide as a twentieth of the hole, which ends at its rim; and the box
    of the hole."""
    box = (size // 4, size // 4, size * 3 // 4, size * 3 // 4)
    picture = Picture(tuple(np.full((size, size), 120, np.uint8) for _ in range(3)), RGB)
    if line:
        for plane, value in zip(picture.planes, (250, 10, 10), strict=True):
            plane[size * 3 // 4 :, size // 2 : size // 2 + size // 40] = value
    return picture, box


@pytest.mark.parametrize("size", [240, 900])
def test_a_saturated_line_at_the_rim_does_not_flood_a_large_hole(size):
    picture, box = with_a_line(size, True)
    fill = shown(around(picture, box), box, (0, 0), [0, 1, 2])
    coloured = (fill.max(axis=-1) - fill.min(axis=-1)) > 12
    assert coloured.mean() < 0.01


def test_light_and_dark_halves_of_the_rim_both_go_on():
    picture, box = with_a_line(400, False)
    for plane in picture.planes:
        plane[:, 200:] = 30
    fill = shown(around(picture, box), box, (0, 0), [0])[..., 0]
    assert fill[:, :30].mean() > 110
    assert fill[:, -30:].mean() < 40
