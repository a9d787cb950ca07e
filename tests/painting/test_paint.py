"""Painting: in place, only where asked, and refused rather than guessed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from efface.frames import Layout, Picture
from efface.options import PaintOptions
from efface.painting.paint import blackout, paint
from efface.regions import Region

YUV420 = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)), full_range=False)
RGB = Layout("rgb", 8, ((0, 0),) * 3)


def copies(picture):
    return [plane.copy() for plane in picture.planes]


@pytest.mark.parametrize("style", ["smooth", "solid", "tiles"])
def test_no_regions_change_nothing(layout, noise, style):
    picture = noise(layout, (33, 21))
    before = copies(picture)
    paint(picture, [], PaintOptions(style=style))
    assert all(map(np.array_equal, before, picture.planes))


@pytest.mark.parametrize("style", ["smooth", "solid", "tiles"])
def test_interleaved_arrays_are_painted_in_place(style, noise):
    whole = np.random.default_rng(0).integers(0, 256, (50, 60, 3)).astype(np.uint8)
    apart = Picture(tuple(whole[..., i].copy() for i in range(3)), RGB)
    before = whole.copy()
    regions = [Region((10, 10, 40, 35), 3)]
    paint(Picture(tuple(whole[..., i] for i in range(3)), RGB), regions, PaintOptions(style=style))
    paint(apart, regions, PaintOptions(style=style))
    assert np.array_equal(whole, np.stack(apart.planes, -1))
    assert (whole[10:35, 10:40] != before[10:35, 10:40]).mean() > 0.9


def test_solid_is_the_colour_asked_for(noise):
    picture = noise(RGB, (40, 30))
    paint(
        picture,
        [Region((5, 5, 20, 20))],
        PaintOptions(style="solid", colour="#1020ff", shape="box"),
    )
    assert [set(p[5:20, 5:20].ravel().tolist()) for p in picture.planes] == [{0x10}, {0x20}, {0xFF}]


def test_alpha_is_opaque_under_the_mask_and_untouched_elsewhere(noise):
    picture = noise(Layout("rgb", 8, ((0, 0),) * 4, has_alpha=True), (40, 30))
    picture.planes[-1][...] = 0
    paint(picture, [Region((5, 6, 20, 25))], PaintOptions(shape="box"))
    assert (picture.planes[-1][6:25, 5:20] == 255).all()
    assert picture.planes[-1].sum() == 255 * 15 * 19


def test_a_region_that_covers_all_becomes_neutral(layout, noise):
    picture = noise(layout, (9, 7))
    paint(picture, [Region((0, 0, 9, 7))], PaintOptions())
    assert [np.unique(p).tolist() for p in picture.planes] == [
        [sample] for sample in layout.neutral
    ]


def test_a_hole_inside_a_larger_one_takes_its_colour_from_outside_both(noise):
    picture = noise(YUV420, (200, 200))
    for plane, value in zip(picture.planes, (90, 110, 140), strict=True):
        plane[...] = value
    paint(picture, [Region((90, 90, 110, 110), 1), Region((20, 20, 180, 180), 2)], PaintOptions())
    assert [np.unique(p).tolist() for p in picture.planes] == [[90], [110], [140]]


def test_neighbouring_holes_never_count_as_rim(noise):
    picture = noise(RGB, (120, 60))
    for plane in picture.planes:
        plane[...] = 50
    for region in ((20, 20, 40, 40), (40, 20, 60, 40), (62, 20, 82, 40)):
        for plane in picture.planes:
            plane[region[1] : region[3], region[0] : region[2]] = 255
    regions = [Region((20, 20, 40, 40)), Region((40, 20, 60, 40)), Region((62, 20, 82, 40))]
    paint(picture, regions, PaintOptions(shape="box"))
    assert all((plane == 50).all() for plane in picture.planes)


def test_a_hole_between_others_that_touch_keeps_its_own_colour():
    picture = Picture((np.full((300, 300), 200, np.uint8),), Layout("gray"))
    picture.planes[0][150:240, 150:240] = 50
    corner = [Region((60, 60, 240, 100)), Region((60, 60, 100, 240))]
    for regions in (
        [*corner, Region((180, 180, 210, 210))],
        [Region((180, 180, 210, 210)), *corner],
    ):
        paint(picture, regions, PaintOptions())
        assert (picture.planes[0][175:215, 175:215] == 50).all()


def test_touching_holes_have_no_seam(noise):
    y, x = np.mgrid[:200, :300]
    picture = Picture((np.asarray(60 + x // 3 + y // 4, np.uint8),), Layout("gray"))
    paint(picture, [Region((60, 60, 140, 140)), Region((130, 70, 220, 150))], PaintOptions())
    steps = np.abs(np.diff(picture.planes[0].astype(int), axis=1))
    assert steps.max() <= 4


def test_a_hole_that_moves_keeps_its_colours():
    rough = np.random.default_rng(1).integers(0, 256, (450, 450)).astype(np.float32)
    soft = cv2.GaussianBlur(rough, (0, 0), 8)
    scene = np.asarray((soft - soft.min()) * 255 / (soft.max() - soft.min()), np.uint8)
    shown = []
    for left in range(150, 162):
        picture = Picture((scene.copy(),), Layout("gray"))
        paint(picture, [Region((left, 150, left + 150, 300))], PaintOptions())
        shown.append(picture.planes[0][150:300, 165:295].astype(int))
    assert np.mean(np.abs(np.diff(shown, axis=0))) < 0.7, "the fill flickers"


@pytest.mark.parametrize("track", [0, 7])
def test_painting_is_repeatable(layout, noise, track):
    results = []
    for _ in range(2):
        picture = noise(layout, (64, 48))
        paint(picture, [Region((5, 5, 50, 40), track)], PaintOptions(style="tiles"))
        results.append(picture)
    assert all(map(np.array_equal, results[0].planes, results[1].planes))


def test_the_number_of_threads_does_not_show(noise):
    before, results = cv2.getNumThreads(), []
    try:
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            picture = noise(YUV420, (1200, 900))
            paint(picture, [Region((100, 100, 1100, 800))], PaintOptions())
            results.append(picture)
    finally:
        cv2.setNumThreads(before)
    assert all(map(np.array_equal, results[0].planes, results[1].planes))


@pytest.mark.parametrize(
    ("layout", "black"),
    [
        (YUV420, (16, 128, 128)),
        (Layout("yuv", 10, ((0, 0),) * 3, full_range=False), (64, 512, 512)),
        (Layout("yuv", 8, ((0, 0),) * 3), (0, 128, 128)),
        (Layout("gray"), (0,)),
        (Layout("rgb", 16, ((0, 0),) * 4, has_alpha=True), (0, 0, 0, 65535)),
        (Layout("cmyk", 8, ((0, 0),) * 4), (0, 0, 0, 255)),
    ],
)
def test_blackout(noise, layout, black):
    picture = noise(layout, (7, 5))
    blackout(picture)
    assert [np.unique(p).tolist() for p in picture.planes] == [[sample] for sample in black]


def test_palettes_are_refused():
    picture = Picture((np.full((4, 4), 3, np.uint8),), Layout("index"))
    for work in (lambda: paint(picture, [], PaintOptions()), lambda: blackout(picture)):
        with pytest.raises(ValueError, match="palette"):
            work()
    assert (picture.planes[0] == 3).all()


def test_a_box_outside_the_picture_changes_nothing_and_is_refused(noise):
    picture = noise(RGB, (20, 20))
    before = copies(picture)
    with pytest.raises(ValueError, match="not inside"):
        paint(picture, [Region((1, 1, 5, 5)), Region((15, 15, 25, 18))], PaintOptions())
    assert all(map(np.array_equal, before, picture.planes))
