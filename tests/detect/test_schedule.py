"""Every frame is looked at; what is left out of one is looked at in a frame soon after, both as it
is and in a mirror."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.detect.schedule import PACES, SMALL, detail_of

SIDE = st.integers(1, 8000)


@given(st.integers(0, 10_000), SIDE, SIDE)
def test_all_means_all(index, width, height):
    assert detail_of(index, (width, height), "all") == 1


@given(st.integers(0, 10_000), SIDE, SIDE, st.sampled_from(sorted(PACES)))
def test_small_sizes_are_looked_at_in_every_frame(index, width, height, pace):
    detail = detail_of(index, (width, height), pace)
    assert detail <= 1
    assert detail == 1 or detail * max(width, height) > SMALL / 2
    assert detail == 1 or max(width, height) > SMALL


@pytest.mark.parametrize(
    ("pace", "size_wh", "want"),
    [
        ("paced", (640, 360), (1, 0.5, 0.5, 1)),
        ("paced", (1080, 1920), (1, 0.5, 0.5, 1)),
        ("paced", (480, 270), (1, 1, 1, 1)),
        ("sparse", (1920, 1080), (1, 0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.25, 0.25, 1)),
        ("sparse", (640, 360), (1, *[0.5] * 8, 1)),
    ],
)
def test_paces(pace, size_wh, want):
    assert tuple(detail_of(i, size_wh, pace) for i in range(len(want))) == want


@pytest.mark.parametrize("pace", sorted(PACES))
@pytest.mark.parametrize("size_wh", [(640, 360), (1280, 720), (3840, 2160)])
def test_each_size_is_seen_as_it_is_and_in_a_mirror_in_turn(pace, size_wh):
    whole = [i for i in range(40) if detail_of(i, size_wh, pace) == 1]
    assert [i % 2 for i in whole[:4]] == [0, 1, 0, 1]
