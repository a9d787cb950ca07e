"""What is covered where nothing was seen: by time, within the shot, and never less than was
seen."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.detections import FACE, PLATE
from efface.geometry import area, grown, overlap
from efface.options import CoverOptions, TrackOptions
from efface.planning.build import covering
from efface.timing import Timeline
from efface.track.camera_motion import STILL, Step, Views, after
from efface.track.gaps import SEEN_OFTEN, Shots, fill_track
from efface.track.pixel_trails import PixelTrail
from efface.tracks import Reason, Track

MS = Fraction(1, 1000)


def steady(frames, fps=25):
    return Timeline(np.arange(frames, dtype=np.int64), Fraction(1, fps))


def track(frame, boxes, kind=FACE):
    n = len(frame)
    boxes = np.array(boxes, np.float32)
    return Track(
        1,
        kind,
        np.array(frame, np.int32),
        boxes,
        np.full(n, Reason.SEEN, np.uint8),
        np.full(n, 0.8, np.float32),
    )


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
    boxes = [
        (x, y, x + 30, y + 40)
        for x, y in draw(st.lists(corner, min_size=len(frame), max_size=len(frame)))
    ]
    times = st.floats(0, 3)
    options = TrackOptions(lead_in_s=draw(times), lead_out_s=draw(times), bridge_s=draw(times))
    kind = draw(st.sampled_from([FACE, PLATE]))
    return track(frame, boxes, kind), timeline, cuts, (start, stop), options


@given(cases())
def test_no_frame_between_first_and_last_is_left_out_and_nothing_leaves_the_shot(case):
    seen, timeline, cuts, (start, stop), options = case
    full = fill_track(seen, timeline, Shots(cuts, len(timeline)), options)
    assert full.frame.tolist() == list(range(full.frame[0], full.frame[-1] + 1))
    assert start <= full.frame[0] <= seen.frame[0]
    assert seen.frame[-1] <= full.frame[-1] < stop


@given(cases())
def test_every_sighting_stays_covered_with_its_score_and_reason(case):
    seen, timeline, cuts, _, options = case
    full = fill_track(seen, timeline, Shots(cuts, len(timeline)), options)
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
    full = fill_track(seen, timeline, Shots(cuts, len(timeline)), options)
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
    full = fill_track(
        still(100), steady(200, fps), Shots([], 200), TrackOptions(lead_in_s=0.5, lead_out_s=0)
    )
    assert 100 - full.frame[0] in (frames, frames + 1)


def test_without_lead_there_is_none():
    full = fill_track(
        still(5, 6), steady(20), Shots([], 20), TrackOptions(lead_in_s=0, lead_out_s=0)
    )
    assert full.frame.tolist() == [5, 6]


def test_a_bridge_goes_straight_and_contains_what_lies_between():
    ends = [(0, 0, 40, 40), (100, 50, 140, 90)]
    full = fill_track(track([0, 10], ends), steady(11), Shots([], 11), TrackOptions())
    share = np.arange(11)[:, None] / 10
    straight = np.float32(ends[0]) * (1 - share) + np.float32(ends[1]) * share
    assert (full.xyxy[:, :2] <= straight[:, :2] + 1e-3).all()
    assert (full.xyxy[:, 2:] >= straight[:, 2:] - 1e-3).all()
    sides = full.xyxy[:, 2:] - full.xyxy[:, :2]
    assert (sides[5] > sides[0]).all()
    assert full.reason.tolist() == [0, *[Reason.BRIDGED] * 9, 0]


def test_an_unseen_box_grows_with_time_and_not_without_end():
    full = fill_track(
        still(500), steady(1001), Shots([], 1001), TrackOptions(lead_in_s=20, lead_out_s=20)
    )
    sides = full.xyxy[:, 2] - full.xyxy[:, 0]
    after = sides[full.frame >= 500]
    assert (np.diff(after) >= -1e-3).all()
    assert after[0] < after[4] < after.max() <= 40 * 1.501
    before = sides[full.frame <= 500][::-1]
    np.testing.assert_allclose(before[: len(after)], after[: len(before)], atol=1e-3)


def test_an_object_that_moves_is_followed_beyond_its_last_sighting():
    seen = track(range(20, 31), [(10 * i, 0, 10 * i + 40, 40) for i in range(20, 31)])
    full = fill_track(seen, steady(60), Shots([], 60), TrackOptions())
    by_frame = dict(zip(full.frame.tolist(), full.xyxy.tolist(), strict=True))
    for i in (17, 18, 19, 31, 32, 33):
        assert by_frame[i][0] <= 10 * i
        assert by_frame[i][2] >= 10 * i + 40


def test_nothing_reaches_over_a_cut():
    full = fill_track(
        still(10, 12), steady(40), Shots([9, 14], 40), TrackOptions(lead_in_s=5, lead_out_s=5)
    )
    assert full.frame.tolist() == list(range(9, 14))


@given(st.sets(st.integers(1, 49)), st.integers(0, 49))
def test_the_shot_around_a_frame(cuts, frame):
    start, stop = Shots(sorted(cuts), 50).around(frame)
    assert start <= frame < stop
    assert not [c for c in cuts if start < c < stop]
    assert start in {0, *cuts}
    assert stop in {50, *cuts}


def covers(full, frame, true, margin=0.0):
    (box,) = grown(full.xyxy[full.frame == frame], margin)
    return (box[:2] <= true[:2] + 0.5).all() and (box[2:] >= true[2:] - 0.5).all()


def test_a_plate_that_comes_nearer_stays_covered_through_a_gap_of_15_frames(nearing):
    every = nearing(np.arange(50) / 25)
    sightings = [*range(20, 30), *range(45, 50)]
    full = fill_track(
        track(sightings, every[sightings], PLATE),
        steady(50),
        Shots([], 50),
        TrackOptions(lead_out_s=0, lead_in_s=0),
    )
    assert all(covers(full, i, every[i]) for i in range(20, 50))


def test_with_its_margin_a_plate_that_comes_nearer_stays_covered_before_and_after_its_sightings(
    nearing,
):
    every = nearing(np.arange(50) / 25)
    full = fill_track(
        track(range(15, 35), every[15:35], PLATE), steady(50), Shots([], 50), TrackOptions()
    )
    assert full.frame.tolist() == list(range(2, 47))
    assert all(covers(full, i, every[i], CoverOptions().plate_margin) for i in range(2, 47))


def test_a_plate_sees_its_true_place_between_two_far_sightings(nearing):
    """Straight in space is not straight in time: halfway through the gap the car is nearer to where
    it was seen first."""
    every = nearing(np.arange(61) / 25)
    full = fill_track(
        track([0, 60], every[[0, 60]], PLATE), steady(61), Shots([], 61), TrackOptions(bridge_s=3)
    )
    assert all(covers(full, i, every[i]) for i in range(61))


def test_an_unseen_plate_gains_as_much_above_as_beside():
    full = fill_track(
        track([0, 10], [(100, 100, 200, 120)] * 2, PLATE), steady(11), Shots([], 11), TrackOptions()
    )
    gained = np.abs(full.xyxy[5] - np.float32([100, 100, 200, 120]))
    assert gained.min() > 5
    assert gained.max() - gained.min() < 0.01


@pytest.mark.parametrize("sideways", [150, 500, 900])
@pytest.mark.parametrize("sightings", [8, 15])
@pytest.mark.parametrize("turn", [1, -1])
def test_cars_that_come_and_go_stay_covered_for_half_a_second_before_and_after(
    sideways, sightings, turn
):
    """9 of 10 parts of the plate in each frame, however far to the side it passes."""
    t = np.arange(60)[::turn] / 25
    scale = 1 / (3.2 - t)
    centre, half = (
        np.stack([900 + sideways * scale, 300 + 150 * scale], 1),
        np.stack([40 * scale, 9 * scale], 1),
    )
    every = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    seen = range(22, 22 + sightings)
    full = fill_track(track(seen, every[seen], PLATE), steady(60), Shots([], 60), TrackOptions())
    for frame, box in zip(full.frame, grown(full.xyxy, CoverOptions().plate_margin), strict=True):
        assert overlap(box[None], every[[frame]]).item() >= 0.9 * area(every[[frame]]).item()


def test_a_plate_that_brakes_at_the_rim_stays_covered():
    """It was leaving when it was last seen, and then stays where it is."""
    frame = np.arange(30)
    left = 560 + 12 * np.minimum(frame, 14)
    every = np.stack([left, 0 * frame + 200, left + 100, 0 * frame + 222], axis=1).astype(
        np.float32
    )
    full = fill_track(
        track(range(15), every[:15], PLATE), steady(30), Shots([], 30), TrackOptions()
    )
    covered = covering(full, ((800, 400),), CoverOptions())
    assert covered.frame[-1] == 26
    assert all(
        covers(covered, i, np.clip(every[i], 0, [800, 400, 800, 400])) for i in range(15, 27)
    )


@pytest.mark.parametrize("kind", [FACE, PLATE])
def test_two_sightings_in_one_instant_throw_nothing_out_of_the_picture(kind):
    pts = np.array([0, 1, *(1 + 3600 * np.arange(1, 12))])
    boxes = np.float32([(100, 100, 160, 114), (101, 101, 161, 115)])
    full = fill_track(
        track([0, 1], boxes, kind), Timeline(pts, Fraction(1, 90000)), Shots([], 13), TrackOptions()
    )
    assert all(covers(full, int(i), boxes[1]) for i in full.frame[1:])


def test_a_plate_that_leaves_the_picture_stays_covered():
    """It is last seen whole, 20 pixels before the rim, and is gone 15 frames later."""
    frame = np.arange(40)
    every = np.stack(
        [500 + 12 * frame, 0 * frame + 200, 600 + 12 * frame, 0 * frame + 222], axis=1
    ).astype(np.float32)
    last = 16
    full = fill_track(
        track(range(last), every[:last], PLATE), steady(40), Shots([], 40), TrackOptions()
    )
    covered = covering(full, ((800, 400),), CoverOptions())
    for i in range(last + 10):
        visible = np.clip(every[i], 0, [800, 400, 800, 400])
        if visible[0] < visible[2]:
            assert covers(covered, i, visible)


def test_a_half_plate_seen_at_the_rim_is_covered_to_the_rim():
    """What the detector boxes gets narrower while the plate leaves, and ends some pixels before the
    rim."""
    frame = np.arange(20)
    left = 700 + 8 * frame
    boxes = np.stack(
        [left, 0 * frame + 200, np.minimum(left + 100, 790), 0 * frame + 222], axis=1
    ).astype(np.float32)
    full = fill_track(
        track(range(10), boxes[:10], PLATE), steady(20), Shots([], 20), TrackOptions()
    )
    covered = covering(full, ((800, 400),), CoverOptions())
    for i in range(12):
        assert covers(covered, i, np.float32([left[i], 200, 800, 222]))


def shaken(frames, seed=1):
    """A hand-held camera: every frame pans by up to 40 pixels and rolls and zooms a little."""
    rng, views = np.random.default_rng(seed), [STILL]
    for _ in range(frames - 1):
        turn = np.exp(rng.normal(0, 0.01) + 1j * rng.normal(0, 0.01))
        views.append(after(views[-1], Step(complex(turn), complex(*rng.uniform(-40, 40, 2)))))
    return Views.of(views)


@pytest.mark.parametrize("kind", [FACE, PLATE])
def test_what_stands_still_before_a_hand_held_camera_stays_covered_before_between_and_after(kind):
    views, frame = shaken(60), np.arange(60)
    there = views.seen_from(np.tile(np.float32([[300, 200, 340, 240]]), (60, 1)), 0 * frame, frame)
    sightings = [20, 21, 22, 23, 24, 38, 39, 40]
    full = fill_track(
        track(sightings, there[sightings], kind), steady(60), Shots([], 60), TrackOptions(), views
    )
    assert full.frame.tolist() == list(range(7, 53))
    assert all(covers(full, i, there[i]) for i in full.frame)
    ignorant = fill_track(
        track(sightings, there[sightings], kind), steady(60), Shots([], 60), TrackOptions()
    )
    assert not all(covers(ignorant, i, there[i]) for i in ignorant.frame)
    assert area(full.xyxy).sum() < area(ignorant.xyxy).sum()


@pytest.mark.parametrize(
    ("kind", "score", "side"),
    [(FACE, 0.9, 40), (FACE, 0.6, 40), (FACE, 0.25, 60), (FACE, 0.1, 60), (PLATE, 0.1, 40)],
)
def test_the_less_sure_a_face_was_the_more_around_it_is_covered(kind, score, side):
    seen = still(5, 6)
    seen = replace(seen, kind=kind, score=np.full(2, score, np.float32))
    full = fill_track(seen, steady(12), Shots([], 12), TrackOptions(lead_in_s=0, lead_out_s=0))
    np.testing.assert_allclose(full.xyxy[:, 2] - full.xyxy[:, 0], side, rtol=1e-5)


def seen_at(x, score=0.8, frames=range(100, 110), kind=FACE):
    seen = track(frames, [(x, 100, x + 40, 150)] * len(frames), kind)
    return replace(seen, score=np.full(len(frames), score, np.float32))


def lasts(seen, **options):
    """First and last frame covered, of 200 at 25 a second."""
    full = fill_track(
        seen, steady(200), Shots([], 200), TrackOptions(**options), None, ((640, 360),)
    )
    return int(full.frame[0]), int(full.frame[-1])


def test_a_face_that_was_clearly_seen_in_mid_picture_is_covered_for_longer_before_and_after():
    assert lasts(seen_at(300)) == (25, 184)
    assert lasts(seen_at(300), hold_s=0) == (87, 121)
    assert lasts(seen_at(300), lead_out_s=3.5) == (25, 196)
    assert lasts(seen_at(300), hold_s=1, lead_in_s=0, lead_out_s=0) == (75, 134)


@pytest.mark.parametrize(
    "seen",
    [
        seen_at(300, score=0.3),
        seen_at(300, frames=(100, 101)),
        seen_at(10),
        seen_at(585),
        seen_at(300, kind=PLATE),
    ],
)
def test_what_was_hardly_seen_or_may_have_left_the_picture_is_not_held(seen):
    first, last = (int(seen.frame[i]) for i in (0, -1))
    assert lasts(seen) == (first - 13, last + 12)


def test_a_face_that_walks_to_the_rim_is_held_where_it_came_from_only():
    frame = range(100, 110)
    seen = track(frame, [(300 + 33 * i, 100, 340 + 33 * i, 150) for i in range(10)])
    assert lasts(seen)[0] == 25
    assert lasts(seen)[1] < 125


def test_what_was_never_surely_seen_as_a_plate_comes_no_nearer(nearing):
    every = nearing(np.arange(50) / 25)
    sure = track(range(15, 35), every[15:35], PLATE)
    unsure = replace(sure, score=np.full(20, 0.45, np.float32))
    last = [
        fill_track(t, steady(50), Shots([], 50), TrackOptions()).xyxy[-1] for t in (sure, unsure)
    ]
    large, small = (b[2] - b[0] for b in last)
    assert large > 1.15 * small
    assert small >= every[34, 2] - every[34, 0]


def trail(start, frames, boxes, trust=0.9):
    frames = np.array(list(frames), np.int32)
    return PixelTrail(start, frames, np.float32(boxes), np.full(len(frames), trust, np.float32))


def aside(i):
    """A box that leaves the straight line between frames 10 and 30."""
    y = 100 + 80 * np.sin(np.pi * (i - 10) / 20)
    return np.float32([100, y, 140, y + 50])


GAP = track(
    [8, 9, 10, 30, 31, 32],
    [aside(i) if 10 <= i <= 30 else (100, 100, 140, 150) for i in (8, 9, 10, 30, 31, 32)],
)


def bridged(*trails, **options):
    full = fill_track(
        GAP, steady(60), Shots([], 60), TrackOptions(hold_s=0, **options), None, (), trails
    )
    return dict(zip(full.frame.tolist(), full.xyxy, strict=True))


def inside(box, other):
    return (box[:2] >= other[:2] - 1e-3).all() and (box[2:] <= other[2:] + 1e-3).all()


def test_where_trails_from_both_sides_agree_the_box_is_there_and_not_on_the_straight_line():
    there = range(11, 30)
    ways = (
        trail(10, there, [aside(i) for i in there]),
        trail(30, there[::-1], [aside(i) for i in there[::-1]]),
    )
    covered, straight = bridged(*ways), bridged()
    assert all(inside(aside(i), covered[i]) for i in range(10, 31))
    assert not inside(aside(20), straight[20])
    assert not inside(np.float32([100, 100, 140, 150]), covered[20])


@pytest.mark.parametrize("trust", [0.1, 0.9])
def test_where_only_one_trail_tells_both_it_and_the_straight_line_are_covered(trust):
    covered = bridged(trail(10, range(11, 30), [aside(i) for i in range(11, 30)], trust))
    assert all(inside(aside(i), covered[i]) for i in range(10, 31))
    assert inside(np.float32([100, 100, 140, 150]), covered[20])


def test_trails_that_do_not_agree_are_both_covered():
    there, elsewhere = [aside(i) for i in range(11, 30)], np.float32([300, 180, 340, 230])
    covered = bridged(
        trail(10, range(11, 30), there), trail(30, range(29, 10, -1), [elsewhere] * 19)
    )
    assert inside(aside(20), covered[20])
    assert inside(elsewhere, covered[20])
    assert inside(np.float32([100, 100, 140, 150]), covered[20])


def test_trails_that_agree_but_are_not_trusted_do_not_replace_the_straight_line():
    there = range(11, 30)
    covered = bridged(
        trail(10, there, [aside(i) for i in there], 0.1),
        trail(30, there[::-1], [aside(i) for i in there[::-1]], 0.1),
    )
    assert inside(aside(20), covered[20])
    assert inside(np.float32([100, 100, 140, 150]), covered[20])


def walking(i):
    return np.float32([300 + 4 * (i - 110), 100, 340 + 4 * (i - 110), 150])


def left_behind(score=0.8, trust=0.9, lasts=50, **options):
    """Frames that are covered where a face walks on that was last seen, standing, in frame 110 of
    300."""
    seen = seen_at(300, score, range(101, 111))
    way = trail(110, range(111, 111 + lasts), [walking(i) for i in range(111, 111 + lasts)], trust)
    full = fill_track(seen, steady(300), Shots([], 300), TrackOptions(**options), None, (), [way])
    return dict(zip(full.frame.tolist(), full.xyxy, strict=True))


def test_what_is_followed_beyond_its_last_sighting_is_covered_there_as_long_as_it_is_alive():
    covered = left_behind()
    assert max(covered) == 160
    assert all(inside(walking(i), covered[i]) for i in range(111, 161))
    assert not inside(np.float32([300, 100, 340, 150]), covered[150])
    assert max(left_behind(lasts=150)) == 185  # three seconds, --track-hold


@pytest.mark.parametrize("how", [{"score": 0.2}, {"trust": 0.2}, {"hold_s": 0.0}], ids=str)
def test_what_is_hardly_known_is_not_followed_for_longer_than_it_is_covered_anyway(how):
    assert max(left_behind(**how)) == 122


def test_what_was_seen_weakly_but_often_is_followed_as_far_as_what_was_seen_well():
    for often, last in ((SEEN_OFTEN - 1, 122), (SEEN_OFTEN, 160)):
        seen = seen_at(300, 0.2, range(111 - often, 111))
        way = trail(110, range(111, 161), [walking(i) for i in range(111, 161)])
        assert (
            fill_track(seen, steady(300), Shots([], 300), TrackOptions(), None, (), [way]).frame[-1]
            == last
        )


def test_a_trail_that_is_doubtful_is_covered_with_the_place_where_it_was_last_seen():
    covered = left_behind(trust=0.4)
    assert inside(walking(120), covered[120])
    assert inside(np.float32([300, 100, 340, 150]), covered[120])


def test_a_doubtful_trail_far_from_there_is_covered_without_all_that_lies_between():
    """The box around both would be as wide as the picture."""
    covered = left_behind(trust=0.4)
    assert inside(walking(150), covered[150])
    assert not inside(np.float32([300, 100, 340, 150]), covered[150])
    sides = [b[2] - b[0] for b in covered.values()]
    assert max(sides) < 6 * 40


def test_where_a_trail_ends_its_last_place_stays_covered():
    covered = left_behind(lasts=5)
    assert all(inside(walking(115), covered[i]) for i in range(115, 122))


def test_a_followed_box_grows_with_time():
    covered = left_behind()
    widths = [covered[i][2] - covered[i][0] for i in range(111, 160)]
    assert (np.diff(widths[1:]) > -1e-3).all()
    assert widths[40] > widths[0] * 1.1


def test_a_trail_into_another_shot_is_not_covered():
    way = trail(109, range(110, 160), [walking(i) for i in range(110, 160)])
    full = fill_track(seen_at(300), steady(300), Shots([130], 300), TrackOptions(), None, (), [way])
    assert full.frame[-1] == 129


def misled(frames, turn=1.0, pan=12.0):
    """What `Camera` tells where a bus fills the picture and passes: a pan that the camera never
    made."""
    views = [STILL]
    for _ in range(frames - 1):
        views.append(after(views[-1], Step(complex(turn), complex(pan))))
    return Views.of(views)


def test_a_motion_that_is_not_the_cameras_leads_no_bridge_astray():
    """An even pan cancels out: the one end comes as much too far as the other."""
    full = fill_track(
        still(*range(10), *range(30, 40)), steady(40), Shots([], 40), TrackOptions(), misled(40)
    )
    assert all(covers(full, i, np.float32([100, 100, 140, 150])) for i in full.frame)


def test_a_motion_that_is_not_the_cameras_leads_nothing_astray_that_can_be_followed():
    seen, box = seen_at(300, frames=range(10)), np.float32([300, 100, 340, 150])
    way = trail(9, range(10, 40), [box] * 30)
    ignorant, knowing = (
        fill_track(seen, steady(60), Shots([], 60), TrackOptions(), misled(60), (), t)
        for t in ((), [way])
    )
    assert not covers(ignorant, int(ignorant.frame[-1]), box)
    assert all(covers(knowing, i, box) for i in range(10, 40))


def test_a_bridge_does_not_grow_beyond_its_bound_and_shrinks_to_what_was_seen():
    full = fill_track(still(0, 100), steady(101), Shots([], 101), TrackOptions(bridge_s=5))
    sides = full.xyxy[:, 2] - full.xyxy[:, 0]
    np.testing.assert_allclose(
        sides[[0, -1]], 51.2, atol=0.5
    )  # the envelope takes in the frame beside it, where nothing is seen
    np.testing.assert_allclose(sides[50], 60, atol=0.5)


def panned(step, n=60):
    """The camera turns by `step` pixels a frame to the right."""
    return Views.of([Step(1 + 0j, complex(-step * i, 0)) for i in range(n)])


def test_an_object_that_the_camera_follows_is_not_smeared_by_the_camera():
    """Its place on the screen is the same, while the background moves by half of its width."""
    seen = still(*range(10, 50))
    fixed, followed = (
        fill_track(seen, steady(60), Shots([], 60), TrackOptions(), views)
        for views in (panned(0), panned(20))
    )
    sides = [f.xyxy[15:45, 2] - f.xyxy[15:45, 0] for f in (fixed, followed)]
    assert sides[0].max() == pytest.approx(40)
    assert sides[1].max() < 48, "20 px on each side is what the camera moves"


def test_an_object_that_stands_in_the_world_is_not_smeared_by_the_camera_either():
    boxes = [(900 - 20 * i, 100, 940 - 20 * i, 150) for i in range(10, 50)]
    full = fill_track(
        track(range(10, 50), boxes), steady(60), Shots([], 60), TrackOptions(), panned(20)
    )
    assert (full.xyxy[15:45, 2] - full.xyxy[15:45, 0]).max() < 48


def test_no_box_of_a_track_jumps_from_one_frame_to_the_next():
    """Where a trail takes over and where it ends, neighbours overlap."""
    for lasts in (5, 20, 50):
        covered = left_behind(lasts=lasts)
        for i in range(102, max(covered)):
            a, b = covered[i], covered[i + 1]
            assert overlap(a[None], b[None]).item() > 0.6 * max(
                area(a[None]).item(), area(b[None]).item()
            )
