"""Nothing under a mask survives: whatever stood there, the result is the same to the last byte.

The masks are computed here once more, from their definition and sample by sample, so that a mask
that is too small shows.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.frames import Layout, Picture
from efface.options import PaintOptions
from efface.painting.masks import erased
from efface.painting.paint import blackout, paint
from efface.regions import Region

STYLES = ("smooth", "solid", "tiles")
SHAPES = ("rounded", "ellipse", "box")


@st.composite
def scenes(draw, most=48, regions=6):
    """A size, and regions inside it; edges and corners are likely."""
    width, height = draw(st.integers(1, most)), draw(st.integers(1, most))

    def side(size):
        low = draw(st.one_of(st.just(0), st.integers(0, size - 1)))
        return low, draw(st.one_of(st.just(size), st.integers(low + 1, size)))

    found = []
    for _ in range(draw(st.integers(1, regions))):
        (x1, x2), (y1, y2) = side(width), side(height)
        found.append(Region((x1, y1, x2, y2), draw(st.integers(0, 3))))
    return (width, height), found


def masked(mask, shift):
    """The mask of a subsampled plane, one luma pixel after the other."""
    coarse = np.zeros((-(-mask.shape[0] >> shift[1]), -(-mask.shape[1] >> shift[0])), bool)
    for y, x in zip(*np.nonzero(mask), strict=True):
        coarse[y >> shift[1], x >> shift[0]] = True
    return coarse


def boxes_mask(size_wh, regions):
    mask = np.zeros(size_wh[::-1], bool)
    for region in regions:
        x1, y1, x2, y2 = region.box
        mask[y1:y2, x1:x2] = True
    return mask


def copied(picture):
    return Picture(tuple(p.copy() for p in picture.planes), picture.layout)


def with_other_content(picture, masks, seed):
    """The same picture with other samples under the masks: noise, or the extremes, which leak
    furthest."""
    random, other = np.random.default_rng(seed), copied(picture)
    for plane, mask in zip(other.planes, masks, strict=True):
        new = (
            random.integers(0, picture.layout.peak + 1, plane.shape)
            if seed % 3
            else (seed // 3 % 2) * picture.layout.peak
        )
        plane[mask] = np.broadcast_to(new, plane.shape)[mask]
    return other


def same(a, b):
    return all(np.array_equal(p, q) for p, q in zip(a.planes, b.planes, strict=True))


@settings(max_examples=12, deadline=None)
@given(
    scene=scenes(),
    seed=st.integers(0, 99),
    shape=st.sampled_from(SHAPES),
    interleaved=st.booleans(),
)
@pytest.mark.parametrize("style", STYLES)
def test_what_is_under_the_mask_changes_nothing(
    layout, noise, style, scene, seed, shape, interleaved
):
    size_wh, regions = scene
    views = interleaved and not any(map(any, layout.shifts))
    first = noise(layout, size_wh, seed, interleaved=views)
    masks = [masked(erased(regions, shape, size_wh).mask, shift) for shift in layout.shifts]
    second, source = with_other_content(first, masks, seed + 1), copied(first)
    options = PaintOptions(style=style, shape=shape, seed=seed)
    paint(first, regions, options)
    paint(second, regions, options)
    assert same(first, second)
    for before, after, mask in zip(source.planes, first.planes, masks, strict=True):
        assert np.array_equal(before[~mask], after[~mask]), "a sample outside the mask has changed"


@settings(max_examples=8, deadline=None)
@given(
    scene=scenes(),
    seed=st.integers(0, 99),
    shape=st.sampled_from(SHAPES),
    style=st.sampled_from(STYLES),
)
def test_the_whole_box_is_lost_on_every_plane(layout, noise, scene, seed, shape, style):
    # Boxes only, without the module's own masks: what efface calls masked may be more, never less.
    size_wh, regions = scene
    masks = [masked(boxes_mask(size_wh, regions), shift) for shift in layout.shifts]
    first = noise(layout, size_wh, seed)
    second = with_other_content(first, masks, seed + 1)
    for picture in (first, second):
        paint(picture, regions, PaintOptions(style=style, shape=shape))
    assert same(first, second)
    if layout.has_alpha:
        assert (first.planes[-1][masks[-1]] == layout.peak).all()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("model", ["yuv", "rgb"])
def test_five_hundred_boxes(noise, style, model):
    shifts = ((0, 0), (1, 1), (1, 1)) if model == "yuv" else ((0, 0),) * 3
    layout, size_wh, random = Layout(model, 8, shifts), (641, 479), np.random.default_rng(5)
    regions = []
    for track in range(500):
        x, y, w, h = (
            int(random.integers(low, high)) for low, high in ((0, 600), (0, 440), (1, 41), (1, 39))
        )
        regions.append(Region((x, y, x + w, y + h), track))
    regions = regions[:450] + regions[:50]  # some twice
    masks = [masked(erased(regions, "rounded", size_wh).mask, shift) for shift in shifts]
    first = noise(layout, size_wh)
    second = with_other_content(first, masks, 1)
    for picture in (first, second):
        paint(picture, regions, PaintOptions(style=style))
    assert same(first, second)


@pytest.mark.parametrize("style", STYLES)
def test_holes_too_large_for_one_band(noise, style, monkeypatch):
    monkeypatch.setattr("efface.painting.masks.BAND", 1000)
    layout = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)))
    regions = [Region((11, 13, 290, 201)), Region((250, 100, 301, 203), 2)]
    masks = [masked(erased(regions, "rounded", (301, 203)).mask, shift) for shift in layout.shifts]
    first = noise(layout, (301, 203))
    second = with_other_content(first, masks, 1)
    for picture in (first, second):
        paint(picture, regions, PaintOptions(style=style))
    assert same(first, second)


@settings(max_examples=8, deadline=None)
@given(scene=scenes(), seed=st.integers(0, 99))
def test_blackout_leaves_nothing(layout, noise, scene, seed):
    first, second = noise(layout, scene[0], seed), noise(layout, scene[0], seed + 1)
    blackout(first)
    blackout(second)
    assert same(first, second)


def test_the_comparison_notices_a_single_sample(noise):
    layout = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)))
    first = noise(layout, (32, 32))
    second = copied(first)
    second.planes[1][0, 0] ^= 1
    region = [Region((8, 8, 20, 20))]
    for picture in (first, second):
        paint(picture, region, PaintOptions(style="solid"))
    assert not same(first, second)
