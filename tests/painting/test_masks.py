"""Masks contain their boxes, whatever the shape, and grow outwards on the way to chroma."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.painting.masks import bands, erased, subsampled
from efface.regions import Region

SHAPES = ("rounded", "ellipse", "box")


@st.composite
def placed(draw):
    width, height = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    x1, y1 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return (width, height), (
        x1,
        y1,
        draw(st.integers(x1 + 1, width)),
        draw(st.integers(y1 + 1, height)),
    )


@given(placed(), st.sampled_from(SHAPES))
def test_the_mask_contains_the_box_and_stays_in_its_window(scene, shape):
    size_wh, (x1, y1, x2, y2) = scene
    area = erased([Region((x1, y1, x2, y2))], shape, size_wh)
    assert area.mask[y1:y2, x1:x2].all()
    ((wx1, wy1, wx2, wy2),) = area.windows
    outside = area.mask.copy()
    outside[wy1:wy2, wx1:wx2] = False
    assert not outside.any()
    assert 0 <= wx1 <= x1
    assert x2 <= wx2 <= size_wh[0]
    assert 0 <= wy1 <= y1
    assert y2 <= wy2 <= size_wh[1]


@given(placed(), st.sampled_from(SHAPES), st.sampled_from([(0, 0), (1, 0), (1, 1), (2, 2)]))
def test_a_chroma_sample_is_masked_if_any_of_its_luma_is(scene, shape, shift):
    size_wh, box = scene
    area = erased([Region(box)], shape, size_wh)
    whole = subsampled((0, 0, *size_wh), shift)
    coarse = area.at(whole, shift)
    for y in range(whole[3]):
        for x in range(whole[2]):
            block = area.mask[
                y << shift[1] : (y + 1) << shift[1], x << shift[0] : (x + 1) << shift[0]
            ]
            assert coarse[y, x] == block.any()


def test_shapes_look_like_their_names():
    box, size_wh = (100, 100, 200, 250), (300, 350)
    masks = {shape: erased([Region(box)], shape, size_wh).mask for shape in SHAPES}
    assert masks["box"].sum() == 100 * 150
    # A corner of radius 20, grown by 20 * (1 - sqrt(1/2)) = 5.86 on every side.
    assert masks["rounded"].sum() == pytest.approx(111.7 * 161.7 - (4 - np.pi) * 20**2, rel=0.01)
    assert masks["ellipse"].sum() == pytest.approx(np.pi / 2 * 100 * 150, rel=0.01)
    for mask in masks.values():
        assert np.array_equal(mask[100:250, 100:200], mask[100:250, 100:200][::-1, ::-1])


@pytest.mark.parametrize("shape", SHAPES)
def test_masks_of_large_boxes_are_those_of_small_ones_enlarged(shape):
    # Corners of large boxes are not kept from frame to frame, those of small ones are.
    small = erased([Region((100, 100, 200, 220))], shape, (300, 320)).mask
    large = erased([Region((400, 400, 800, 880))], shape, (1200, 1280)).mask
    assert (large[2::4, 2::4] != small).mean() < 0.01


def test_regions_unite():
    area = erased([Region((2, 2, 6, 6)), Region((4, 4, 9, 9))], "box", (12, 12))
    assert area.mask.sum() == 16 + 25 - 4
    assert area.windows == ((2, 2, 6, 6), (4, 4, 9, 9))


def test_no_regions_no_mask():
    area = erased([], "rounded", (5, 4))
    assert not area.mask.any()
    assert area.windows == ()


@pytest.mark.parametrize(
    "box", [(0, 0, 11, 5), (-1, 0, 5, 5), (3, 3, 3, 6), (5, 2, 4, 6), (20, 20, 30, 30)]
)
def test_a_box_that_makes_no_sense_is_refused(box):
    with pytest.raises(ValueError, match="is not inside a picture of 10x10"):
        erased([Region(box)], "box", (10, 10))


def test_an_unknown_shape_is_refused():
    with pytest.raises(ValueError, match="unknown shape"):
        erased([Region((1, 1, 5, 5))], "star", (10, 10))


@given(
    st.integers(0, 50),
    st.integers(0, 3000),
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.sampled_from([1, 4, 64]),
)
def test_bands_tile_the_box(x, y, width, height, multiple):
    box = (x, y, x + width, y + height)
    found = list(bands(box, multiple))
    assert [b[1] for b in found[1:]] == [b[3] for b in found[:-1]]
    assert (found[0][:2], found[-1][2:]) == (box[:2], box[2:])
    assert all((b[1] - y) % multiple == 0 for b in found)
