"""What is covered where nothing was seen: by time, within the shot, and never less than was seen."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.options import TrackOptions
from efface.timing import Timeline
from efface.track.gaps import Shots, filled
from efface.tracks import Reason, Track

MS = Fraction(1, 1000)


def steady(frames, fps=25):
    return Timeline(np.arange(frames, dtype=np.int64), Fraction(1, fps))


def track(frame, boxes):
    n = len(frame)
    boxes = np.array(boxes, np.float32)
    return Track(1, 0, np.array(frame, np.int32), boxes, np.full(n, Reason.SEEN, np.uint8), np.full(n, 0.5, np.float32))


def still(*frame):
    return track(frame, [(100, 100, 140, 150)] * len(frame))


@st.composite
def cases(draw):
    """A timeline of any rhythm, cuts, and a track of sightings between two of them."""
    n = draw(st.integers(1, 60))
    steps = draw(st.lists(st.sampled_from([1, 20, 33, 40, 500, 3000]), min_size=n, max_size=n))
    timeline = Timeline(np.cumsum(steps).astype(np.int64), MS)
    cuts = sorted(draw(st.sets(st.integers(1, n - 1), max_size=3))) if n > 1 else []
    start, stop = draw(st.sampled_from(list(zip([0, *cuts], [*cuts, n], strict=True))))
    frame = sorted(draw(st.sets(st.integers(start, stop - 1), min_size=1, max_size=8)))
    corner = st.tuples(st.floats(0, 500, width=32), st.floats(0, 500, width=32))
    boxes = [(x, y, x + 30, y + 40) for x, y in draw(st.lists(corner, min_size=len(frame), max_size=len(frame)))]
    times = st.floats(0, 3)
    options = TrackOptions(lead_in_s=draw(times), lead_out_s=draw(times), bridge_s=draw(times))
    return track(frame, boxes), timeline, cuts, (start, stop), options


@given(cases())
def test_no_frame_between_first_and_last_is_left_out_and_nothing_leaves_the_shot(case):
    seen, timeline, cuts, (start, stop), options = case
    full = filled(seen, timeline, Shots(cuts, len(timeline)), options)
    assert full.frame.tolist() == list(range(full.frame[0], full.frame[-1] + 1))
    assert start <= full.frame[0] <= seen.frame[0]
    assert seen.frame[-1] <= full.frame[-1] < stop


@given(cases())
def test_every_sighting_stays_covered_with_its_score_and_reason(case):
    seen, timeline, cuts, _, options = case
    full = filled(seen, timeline, Shots(cuts, len(timeline)), options)
    at = np.searchsorted(full.frame, seen.frame)
    assert (full.xyxy[at, :2] <= seen.xyxy[:, :2]).all()
    assert (full.xyxy[at, 2:] >= seen.xyxy[:, 2:]).all()
    assert (full.score[at] == seen.score).all()
    assert np.flatnonzero(full.reason == Reason.SEEN).tolist() == at.tolist()
    outside = (full.frame < seen.frame[0]) | (full.frame > seen.frame[-1])
    assert (full.reason[outside] == Reason.EXTENDED).all()
    assert full.score[full.reason != Reason.SEEN].sum() == 0


@given(cases())
def test_lead_in_and_lead_out_last_as_long_as_asked(case):
    seen, timeline, cuts, (start, stop), options = case
    full = filled(seen, timeline, Shots(cuts, len(timeline)), options)
    t = timeline.seconds
    begin, end = t[seen.frame[0]] - options.lead_in_s, t[seen.frame[-1]] + options.lead_out_s
    first, last = int(full.frame[0]), int(full.frame[-1])
    # The picture on the screen at that moment is covered, unless it belongs to another shot ...
    assert first == start or t[first] <= begin + 1e-9
    assert last == stop - 1 or t[last + 1] > end - 1e-9
    # ... and none before or after it.
    assert first == seen.frame[0] or t[first + 1] > begin - 1e-9
    assert last == seen.frame[-1] or t[last] <= end + 1e-9


@pytest.mark.parametrize(("fps", "frames"), [(25, 13), (30, 15), (60, 30), (1, 1), (2, 1)])
def test_half_a_second_before_the_first_sighting_is_covered_at_any_frame_rate(fps, frames):
    full = filled(still(100), steady(200, fps), Shots([], 200), TrackOptions(lead_in_s=0.5, lead_out_s=0))
    assert 100 - full.frame[0] in (frames, frames + 1)


def test_without_lead_there_is_none():
    full = filled(still(5, 6), steady(20), Shots([], 20), TrackOptions(lead_in_s=0, lead_out_s=0))
    assert full.frame.tolist() == [5, 6]


def test_a_bridge_goes_straight_and_contains_what_lies_between():
    ends = [(0, 0, 40, 40), (100, 50, 140, 90)]
    full = filled(track([0, 10], ends), steady(11), Shots([], 11), TrackOptions())
    share = np.arange(11)[:, None] / 10
    straight = np.float32(ends[0]) * (1 - share) + np.float32(ends[1]) * share
    assert (full.xyxy[:, :2] <= straight[:, :2] + 1e-3).all()
    assert (full.xyxy[:, 2:] >= straight[:, 2:] - 1e-3).all()
    sides = full.xyxy[:, 2:] - full.xyxy[:, :2]
    assert (sides[5] > sides[0]).all()
    assert full.reason.tolist() == [0, *[Reason.BRIDGED] * 9, 0]


def test_an_unseen_box_grows_with_time_and_not_without_end():
    full = filled(still(500), steady(1001), Shots([], 1001), TrackOptions(lead_in_s=20, lead_out_s=20))
    sides = full.xyxy[:, 2] - full.xyxy[:, 0]
    after = sides[full.frame >= 500]
    assert (np.diff(after) >= -1e-3).all()
    assert 40 < after[12] < after.max() <= 40 * 2.001
    before = sides[full.frame <= 500][::-1]
    np.testing.assert_allclose(before[: len(after)], after[: len(before)], atol=1e-3)


def test_an_object_that_moves_is_followed_beyond_its_last_sighting():
    seen = track(range(20, 31), [(10 * i, 0, 10 * i + 40, 40) for i in range(20, 31)])
    full = filled(seen, steady(60), Shots([], 60), TrackOptions())
    by_frame = dict(zip(full.frame.tolist(), full.xyxy.tolist(), strict=True))
    for i in (17, 18, 19, 31, 32, 33):
        assert by_frame[i][0] <= 10 * i
        assert by_frame[i][2] >= 10 * i + 40


def test_nothing_reaches_over_a_cut():
    full = filled(still(10, 12), steady(40), Shots([9, 14], 40), TrackOptions(lead_in_s=5, lead_out_s=5))
    assert full.frame.tolist() == list(range(9, 14))


@given(st.sets(st.integers(1, 49)), st.integers(0, 49))
def test_the_shot_around_a_frame(cuts, frame):
    start, stop = Shots(sorted(cuts), 50).around(frame)
    assert start <= frame < stop
    assert not [c for c in cuts if start < c < stop]
    assert start in {0, *cuts}
    assert stop in {50, *cuts}
