"""What is kept of a source's frame: small, complete, bounded, and out of a painter's reach."""

from __future__ import annotations

import numpy as np
import pytest

from efface.checks.frame_samples import SIDE, SampleRecorder, samples_of
from efface.frames import Frame, Layout, Picture

YUV420 = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)), False)
BOXES = [(10, 20, 140, 200), (0, 0, 9, 7), (150, 3, 191, 108)]


def picture(layout=YUV420, size=(191, 201)):
    rng = np.random.default_rng(1)
    dtype = np.uint8 if layout.depth <= 8 else np.uint16
    shapes = [(-(-size[1] >> sy), -(-size[0] >> sx)) for sx, sy in layout.shifts]
    return Picture(tuple(rng.integers(0, layout.peak, s).astype(dtype) for s in shapes), layout)


def frame(index=0, shown=None):
    return Frame(index, 40 * index, (191, 201), lambda wh: None, lambda: shown or picture())


@pytest.mark.parametrize(
    "layout",
    [
        YUV420,
        Layout("gray", 10, ((0, 0),), False),
        Layout("yuv", 12, ((0, 0), (1, 0), (1, 0)), False),
        Layout("rgb", 8, ((0, 0),) * 4, has_alpha=True),
    ],
    ids=["420", "gray", "422", "rgba"],
)
def test_every_colour_plane_of_every_area_is_kept_small(layout):
    kept = samples_of(0, 0, picture(layout), BOXES)
    areas = list(kept.small_areas())
    colours = len(layout.shifts) - layout.has_alpha
    assert [len(area) for area in areas] == [colours] * len(BOXES)
    assert areas[0][0].shape == (SIDE, SIDE)
    assert areas[1][0].shape == (7, 9)
    assert areas[2][0].shape == (SIDE, 41)
    assert kept.fits(picture(layout), BOXES)
    assert not kept.fits(picture(layout), BOXES[::-1])
    assert not kept.fits(picture(Layout("rgb", 8, ((0, 0),) * 3)), BOXES)


def test_painting_a_picture_does_not_change_what_was_kept_of_it():
    shown = picture()
    kept, again = samples_of(0, 0, shown, BOXES), samples_of(0, 0, picture(), BOXES)
    for plane in shown.planes:
        plane[...] = 0
    assert (kept.areas == again.areas).all()
    assert all((a == b).all() and a.any() for a, b in zip(kept.grid, again.grid, strict=True))
    assert (kept.blocks == again.blocks).all()


def test_a_recorder_keeps_all_frames_or_none():
    one = samples_of(0, 0, picture(), BOXES).nbytes
    for most, count in ((3 * one, 3), (3 * one - 1, None)):
        recorder = SampleRecorder(most)
        for i in range(3):
            recorder.take(frame(i * 10), picture(), BOXES)
        kept = recorder.frames()
        assert (kept and len(kept)) == count
    assert [(k.index, k.pts) for k in SampleRecorder(0).frames()] == []
