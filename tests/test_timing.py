"""Time is whole numbers with a fraction."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.timing import Timeline, timecode


def line(*pts, base=Fraction(1, 1000)):
    return Timeline(np.array(pts, np.int64), base)


def test_seconds_count_from_the_first_frame():
    assert line(500, 540, 640).seconds.tolist() == pytest.approx([0, 0.04, 0.14])
    assert line().seconds.tolist() == []
    assert len(line(1, 2, 3)) == 3


def test_a_leap_beyond_the_integers_is_a_long_time_and_no_negative_one():
    timeline = Timeline(np.array([-(2**62), 2**62, 2**63 - 1], np.int64), Fraction(1, 1000))
    assert timeline.seconds.tolist() == pytest.approx(
        [0.0, 2.0**63 / 1000, (2.0**63 + 2.0**62) / 1000]
    )


@pytest.mark.parametrize("pts", [(0, 0), (5, 4), (1, 2, 2, 3), (2**63 - 1, -(2**63))])
def test_pts_that_do_not_increase_are_refused(pts):
    with pytest.raises(ValueError, match="increasing"):
        line(*pts)


@pytest.mark.parametrize("base", [Fraction(0), Fraction(-1, 25)])
def test_a_time_base_is_positive(base):
    with pytest.raises(ValueError, match="positive"):
        line(0, 1, base=base)


def test_two_dimensions_are_refused():
    with pytest.raises(ValueError, match="one row"):
        Timeline(np.zeros((2, 2), np.int64), Fraction(1))


def test_equality_is_of_values():
    assert line(0, 40) == line(0, 40)
    assert line(0, 40) != line(0, 41)
    assert line(0, 40) != line(0, 40, base=Fraction(1, 999))
    assert line(0) != "0"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00:00.000"),
        (59.9996, "0:01:00.000"),
        (3661.5, "1:01:01.500"),
        (-0.25, "-0:00:00.250"),
        (-0.0001, "0:00:00.000"),
    ],
)
def test_timecodes(seconds, text):
    assert timecode(seconds) == text


@given(st.integers(0, 10**9))
def test_a_timecode_can_be_read_back(ms):
    hours, minutes, seconds = timecode(ms / 1000).split(":")
    assert (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000) == ms
    assert int(minutes) < 60
    assert float(seconds) < 60
