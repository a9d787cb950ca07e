"""Every frame is looked at; what is left out of one is looked at in a frame soon after, both as it
is and in a mirror."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from efface.detect.schedule import CYCLE, FAST, PACES, SMALL, TURN, film_look, smallest_face
from efface.detect.tiling import SMALLEST_IN_VIDEO, levels

SIDE = st.integers(1, 8000)
PACE = st.sampled_from(sorted(PACES))
RATE = st.floats(1, 240)


def sides(index, size_wh, pace, rate=25.0):
    """Return the longer sides of the levels that a detector examines of the frame."""
    look = film_look(index, size_wh, pace, rate)
    found = levels(
        size_wh,
        is_thorough=False,
        smallest=SMALLEST_IN_VIDEO,
        detail=look.detail,
        without=look.without,
    )
    return [max(level.size_wh) for level in found]


def every_side(size_wh):
    return sides(0, size_wh, "all")


@given(st.integers(0, 10_000), SIDE, SIDE, RATE)
def test_all_means_all(index, width, height, rate):
    look = film_look(index, (width, height), "all", rate)
    assert (look.detail, look.without) == (1, ())


@given(st.integers(0, 10_000), SIDE, SIDE, PACE, RATE)
@example(index=1, width=1, height=3841, pace="paced", rate=25.0)
def test_small_sizes_are_looked_at_in_every_frame(index, width, height, pace, rate):
    # A level's side is rounded: half of 961 is 480, and above SMALL.
    sizes = enumerate(every_side((width, height)))
    small = [side for k, side in sizes if max(width, height) * 0.5**k <= SMALL]
    seen = sides(index, (width, height), pace, rate)
    assert seen
    assert set(small) <= set(seen)


@given(SIDE, SIDE, PACE, RATE)
def test_each_size_is_looked_at_within_a_cycle_as_it_is_and_in_a_mirror(width, height, pace, rate):
    size_wh = (width, height)
    for side in every_side(size_wh):
        seen = [i for i in range(2 * CYCLE) if side in sides(i, size_wh, pace, rate)]
        assert {i % 2 for i in seen} == {0, 1}


@pytest.mark.parametrize(
    ("pace", "size_wh", "rate", "want"),
    [
        ("paced", (640, 360), 25, [[640, 320], [320], [320], [640, 320]]),
        ("paced", (480, 270), 25, [[480, 240]] * 4),
        ("paced", (1280, 720), 30, [[1280, 320], [640, 320], [320], [1280, 320]]),
        ("paced", (1080, 1920), 25, [[1920, 480, 240], [960, 480, 240], [480, 240]]),
        ("paced", (3840, 2160), 25, [[3840, 480, 240], [1920, 480, 240], [960, 480, 240]]),
        ("paced", (1280, 720), 50, [[1280, 320], [640, 320], [320], [320], [320], [1280, 320]]),
        ("sparse", (1280, 720), 25, [[1280, 320], [640, 320], [320], [320], [640, 320], [320]]),
    ],
)
def test_paces(pace, size_wh, rate, want):
    assert [sides(i, size_wh, pace, rate) for i in range(len(want))] == want


@pytest.mark.parametrize("rate", [25, Fraction(30000, 1001), FAST, Fraction(60000, 1001), 240])
@pytest.mark.parametrize("pace", sorted(PACES))
@pytest.mark.parametrize("size_wh", [(640, 360), (1280, 720), (3840, 2160)])
def test_each_size_is_seen_as_it_is_and_in_a_mirror_in_turn(pace, size_wh, rate):
    for side in every_side(size_wh):
        seen = [i for i in range(2 * CYCLE) if side in sides(i, size_wh, pace, rate)]
        assert [i % 2 for i in seen[:4]] in ([0, 1, 0, 1], [1, 0, 1, 0])


@pytest.mark.parametrize(("rate", "period"), [(25, 3), (30, 3), (50, 5), (60, 5)])
def test_closer_looks_are_taken_where_the_whole_frame_is_looked_at(rate, period):
    looks = [film_look(i, (1280, 720), "paced", rate) for i in range(20)]
    closer = [i for i, look in enumerate(looks) if look.turn % TURN == 0]
    assert (
        closer == [i for i, look in enumerate(looks) if look.detail == 1] == [*range(0, 20, period)]
    )
    # One after the other, they see every view that `Confirm` has.
    assert [looks[i].turn // TURN for i in closer] == [*range(len(closer))]


@pytest.mark.parametrize(
    ("size_wh", "rate", "want"),
    [
        ((640, 360), 25, (8, 16)),
        ((1280, 720), 25, (8, 32)),
        ((1920, 1080), 25, (8, 32)),
        ((3840, 2160), 25, (8, 32)),
        ((3840, 2160), 50, (8, 64)),
    ],
)
def test_the_smallest_face_that_is_looked_for_in_every_frame(size_wh, rate, want):
    assert smallest_face(size_wh, "paced", is_photo=False, rate=rate) == want
