"""A leak rate of few clips is said with what chance leaves open."""

from __future__ import annotations

import numpy as np
import pytest

from efface.bench.resampled import change_range, rate_range


def videos(seed, count=60, share=0.05):
    """One clip in `1 / share` leaks in all its frames."""
    leaks = np.random.default_rng(seed).random(count) < share
    return [(100 if leaking else 0, 100) for leaking in leaks]


def test_the_true_rate_is_within_in_about_nineteen_of_twenty_runs():
    ranges = [rate_range(videos(seed, share=0.2)) for seed in range(200)]
    held = sum(low <= 0.2 <= high for low, high in ranges)
    assert 180 <= held < 200  # all of them would be ranges that say too little


def test_more_clips_leave_less_to_chance():
    few, many = (np.ptp(rate_range(videos(3, count, 0.2))) for count in (40, 640))
    assert many < few / 2


def test_the_same_clips_tell_a_small_change_from_chance():
    before = videos(1, share=0.3)
    after = [(max(0, leaks - 20), boxes) for leaks, boxes in before]
    low, high = change_range(after, before)
    assert low < high < 0
    alone = rate_range(before), rate_range(after)
    assert alone[0][0] < alone[1][1]  # which each rate by itself would not have told


@pytest.mark.parametrize("leaking", [0, 1, 2])
def test_hardly_any_leak_is_no_certainty(leaking):
    few = [(10, 100)] * leaking + [(0, 100)] * (60 - leaking)
    assert rate_range(few) is None
    assert change_range(few, [(0, 100)] * 60) is None
    assert change_range([(5, 100)] * 60, [(5, 100)] * 60) is None  # the same is not "no difference"


def test_other_clips_are_not_compared():
    assert change_range(videos(1), videos(1)[:-1]) is None
    assert change_range([(0, 100)] * 6, [(0, 100)] * 5 + [(0, 90)]) is None


@pytest.mark.parametrize("few", [[], [(1, 10)], [(1, 10)] * 4, [(0, 0)] * 9])
def test_a_handful_of_clips_says_nothing_about_others(few):
    assert rate_range(few) is None
    assert change_range(few, few) is None
