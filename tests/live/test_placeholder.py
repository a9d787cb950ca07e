"""The placeholder is made of no frame, and its clock runs."""

from __future__ import annotations

import numpy as np
import pytest

from efface.live.placeholder import DARK, INK, LIGHT, placeholder


@pytest.mark.parametrize(
    "size", [(1280, 720), (640, 360), (321, 181), (16, 16), (2, 2), (1, 1), (720, 1280)]
)
def test_it_fits_any_picture(size):
    made = placeholder(size, 0.0)
    assert made.size_wh == size


def test_the_clock_is_seen_and_runs():
    one, other, same = (placeholder((640, 360), t) for t in (0.0, 61.0, 0.9))
    assert (one.planes[0] == INK).sum() > 500
    assert not np.array_equal(one.planes[0], other.planes[0])
    assert np.array_equal(one.planes[0], same.planes[0])


@pytest.mark.parametrize("size", [(1280, 720), (640, 360), (321, 181), (720, 1280)])
def test_the_whole_clock_is_in_the_middle_of_the_picture(size):
    y = placeholder(size, 0.0).planes[0]
    rows, columns = np.nonzero((y != DARK[0]) & (y != LIGHT[0]))
    for places, side in ((rows, size[1]), (columns, size[0])):
        assert side / 20 < places.min() < side / 2 < places.max() < side - side / 20
        assert abs(places.min() + places.max() - side) < side / 10


def test_the_clock_of_each_second_is_another_one():
    seen = {placeholder((320, 180), second).planes[0].tobytes() for second in range(60)}
    assert len(seen) == 60
