"""Planes must be what their layout says."""

from __future__ import annotations

import numpy as np
import pytest

from efface.frames import Layout, Picture, rgb_picture

YUV420 = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)), full_range=False)


def planes(*shapes, kind=np.uint8):
    return tuple(np.zeros(s, kind) for s in shapes)


def test_chroma_of_odd_pictures_has_a_sample_for_the_last_pixel():
    assert Picture(planes((5, 7), (3, 4), (3, 4)), YUV420).size_wh == (7, 5)


@pytest.mark.parametrize(
    "wrong",
    [
        planes((5, 7), (2, 3), (2, 3)),
        planes((5, 7), (3, 4)),
        planes((5, 7), (3, 4), (3, 4), kind=np.uint16),
        planes((5, 7), (5, 7), (5, 7)),
    ],
)
def test_planes_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValueError, match="plane"):
        Picture(wrong, YUV420)


@pytest.mark.parametrize(
    ("layout", "neutral"),
    [
        (Layout("gray", 8), (128,)),
        (Layout("rgb", 16, ((0, 0),) * 4, has_alpha=True), (32768, 32768, 32768, 65535)),
        (Layout("yuv", 10, ((0, 0),) * 3), (512, 512, 512)),
        (Layout("cmyk", 8, ((0, 0),) * 4), (0, 0, 0, 128)),
    ],
)
def test_neutral_is_a_grey_that_hides_what_is_behind(layout, neutral):
    assert layout.neutral == neutral
    assert max(neutral) <= layout.peak


def test_the_planes_of_a_picture_are_its_samples_and_belong_to_the_caller():
    rgb = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    picture = rgb_picture(rgb)
    assert picture.size_wh == (3, 2)
    assert np.array_equal(np.stack(picture.planes, axis=-1), rgb)
    picture.planes[0][:] = 99
    assert rgb[0, 0, 0] == 0
