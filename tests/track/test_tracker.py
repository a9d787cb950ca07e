"""Tracks: every sure sighting is in one of them, and none crosses a cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.detections import FACE, PLATE, Detections
from efface.options import TrackOptions
from efface.track.camera_motion import STILL, Step
from efface.track.tracker import LEAST_OFTEN, PART_WITHIN_S, Tracker
from efface.tracks import Reason

SURE = 0.25
BOTH = {FACE: SURE, PLATE: SURE}
FPS = 25


def seen(*rows):
    """Detections from (x, y, side, score) or (x, y, side, score, kind)."""
    xyxy = np.array([(x, y, x + s, y + s) for x, y, s, *_ in rows], np.float32).reshape(-1, 4)
    return Detections(
        xyxy,
        np.array([r[3] for r in rows], np.float32),
        np.array([r[4] if len(r) > 4 else FACE for r in rows], np.uint8),
    )


def tracked(frames, cuts=(), options=None, seconds=None, sure=None, views=None, drops_parts=False):
    """Tracks of a video, in which frames[i] is what was detected."""
    tracker = Tracker(options or TrackOptions(), sure or BOTH, drops_parts=drops_parts)
    found = []
    for i, detections in enumerate(frames):
        found += tracker.update(
            i,
            seconds[i] if seconds else i / FPS,
            detections,
            is_cut=i in cuts,
            view=views[i] if views else STILL,
        )
    return sorted([*found, *tracker.flush()], key=lambda t: t.id)


ROW = st.tuples(
    st.integers(0, 200),
    st.integers(0, 200),
    st.integers(1, 60),
    st.integers(1, 100).map(lambda n: n / 100),
    st.integers(0, 1),
)
VIDEO = st.lists(st.lists(ROW, max_size=4).map(lambda rows: seen(*rows)), max_size=12)


def moments(tracks):
    return sorted(
        (int(f), *map(float, b), float(s))
        for t in tracks
        for f, b, s in zip(t.frame, t.xyxy, t.score, strict=True)
    )


@settings(deadline=None)
@given(VIDEO, st.sets(st.integers(1, 11)))
def test_every_sure_sighting_is_in_exactly_one_track(video, cuts):
    tracks = tracked(video, cuts)
    want = sorted(
        (i, *map(float, d.xyxy[row]), float(d.score[row]))
        for i, d in enumerate(video)
        for row in range(len(d))
        if d.score[row] >= SURE
    )
    got = moments(tracks)
    assert [m for m in got if m[-1] >= np.float32(SURE)] == want
    weak = [
        (i, *map(float, d.xyxy[r]), float(d.score[r]))
        for i, d in enumerate(video)
        for r in range(len(d))
    ]
    assert all(got.count(m) <= weak.count(m) for m in got)
    assert len({t.id for t in tracks}) == len(tracks)


@settings(deadline=None)
@given(VIDEO, st.sets(st.integers(1, 11)))
def test_no_track_crosses_a_cut_or_mixes_kinds(video, cuts):
    for track in tracked(video, cuts):
        assert not any(track.frame[0] < cut <= track.frame[-1] for cut in cuts)
        assert (track.reason == Reason.SEEN).all()
        for frame, box in zip(track.frame, track.xyxy, strict=True):
            rows = (video[frame].xyxy == box).all(1)
            assert track.kind in video[frame].kind[rows]


@settings(deadline=None)
@given(VIDEO)
def test_a_track_of_a_few_frames_has_a_sure_sighting(video):
    """Only what is suspected often is one without."""
    assert all(t.score.max() >= np.float32(SURE) or len(t) >= LEAST_OFTEN for t in tracked(video))


@pytest.mark.parametrize("speed", [0, 3, -7])
def test_an_object_that_blinks_is_one_track(speed):
    blinks = {3, 4, 5, 11, 17, 18}
    video = [seen() if i in blinks else seen((300 + speed * i, 100, 40, 0.9)) for i in range(30)]
    (track,) = tracked(video)
    assert track.frame.tolist() == [i for i in range(30) if i not in blinks]


def test_a_gap_longer_than_the_bridge_ends_a_track_and_one_as_long_does_not():
    options = TrackOptions(bridge_s=1.0)
    video = [seen((100, 100, 40, 0.9)) if i in (0, 1, 26, 53) else seen() for i in range(60)]
    assert [t.frame.tolist() for t in tracked(video, options=options)] == [[0, 1, 26], [53]]


def test_time_counts_and_not_frames():
    video = [seen((100, 100, 40, 0.9))] * 3
    assert len(tracked(video, options=TrackOptions(bridge_s=1.0), seconds=[0, 0.9, 2.5])) == 2


@pytest.mark.parametrize("leap_s", [1e16, 1e17, 4e18])
def test_times_that_leap_beyond_all_measure_end_a_track_and_break_nothing(leap_s):
    tracks = tracked([seen((10, 10, 40, 0.9))] * 4, seconds=[0.0, 0.04, leap_s, leap_s])
    assert [t.frame.tolist() for t in tracks] == [[0, 1], [2, 3]]


def test_weak_sightings_continue_a_track_and_a_few_begin_none():
    video = [
        seen((100, 100, 40, 0.9)),
        seen((101, 100, 40, 0.1), (300, 300, 40, 0.2)),
        seen((102, 100, 40, 0.1)),
    ]
    (track,) = tracked(video)
    assert track.score.tolist() == pytest.approx([0.9, 0.1, 0.1])
    assert tracked([seen((100, 100, 40, 0.2))] * 5) == []


def suspected(frames, score=0.2, kind=FACE, step=2):
    """Something that is seen weakly in those frames of 25, and walks."""
    return [
        seen((100 + step * i, 100, 40, score, kind)) if i in frames else seen() for i in range(25)
    ]


def test_what_is_seen_weakly_again_and_again_in_one_place_is_a_track():
    (track,) = tracked(suspected(range(0, 25, 2)))
    assert track.frame.tolist() == list(range(0, 25, 2))


@pytest.mark.parametrize(
    "video",
    [
        suspected(range(0, 25, 4)),
        suspected(range(25), score=0.15),
        suspected(range(25), kind=PLATE),
        suspected([*range(6), *range(19, 25)]),
        suspected(range(25), step=70),
    ],
    ids=["seldom", "too weakly", "as a plate", "with a long break", "here and there"],
)
def test_what_is_seen_weakly_and_otherwise_is_no_track(video):
    assert tracked(video) == []


def test_how_often_is_a_share_of_the_frames_at_any_frame_rate():
    """At 60 a second that makes 24 frames of the last second."""
    often, seldom = (
        [seen((100, 100, 40, 0.2)) if i % n == 0 else seen() for i in range(120)] for n in (2, 3)
    )
    assert len(tracked(often, seconds=[i / 60 for i in range(120)])) == 1
    assert tracked(seldom, seconds=[i / 60 for i in range(120)]) == []


def test_what_is_surely_seen_at_last_includes_its_weak_sightings_before():
    video = [seen((100, 100, 40, 0.15))] * 4 + [seen((101, 100, 40, 0.9))]
    (track,) = tracked(video)
    assert track.frame.tolist() == list(range(5))
    (track,) = tracked([seen((100, 100, 40, 0.15))] * 4 + [seen((300, 100, 40, 0.9))])
    assert track.frame.tolist() == [4]


def test_without_bridges_a_suspicion_ends_with_the_first_frame_in_which_it_is_not_seen():
    assert tracked(suspected(range(0, 25, 2)), options=TrackOptions(bridge_s=0)) == []


def test_what_is_only_suspected_is_not_followed():
    tracker = Tracker(TrackOptions(), BOTH)
    list(tracker.update(0, 0.0, seen((100, 100, 40, 0.2), (300, 100, 40, 0.9))))
    assert [s.xyxy[0] for s in tracker.seen_in(0)] == [300]
    list(tracker.update(1, 0.04, seen()))
    assert list(tracker.seen_in(1)) == []


def test_a_weak_sighting_elsewhere_does_not_lead_a_track_away():
    (track,) = tracked(
        [seen((100, 100, 40, 0.9)), seen((135, 135, 40, 0.1)), seen((100, 100, 40, 0.9))]
    )
    assert track.frame.tolist() == [0, 2]


@pytest.mark.parametrize(("gap", "score", "last"), [(9, 0.2, 19), (12, 0.2, 9), (12, 0.3, 22)])
def test_after_four_tenths_of_a_second_only_a_sure_sighting_continues_a_face(gap, score, last):
    face, weak = [seen((100, 100, 40, 0.9))] * 10, [seen((100, 100, 40, score))]
    (track,) = tracked([*face, *[seen()] * gap, *weak])
    assert track.frame[-1] == last


def test_two_objects_that_cross_stay_covered_throughout():
    video = [seen((100 + 10 * i, 100, 40, 0.9), (500 - 10 * i, 104, 40, 0.8)) for i in range(40)]
    tracks = tracked(video)
    assert sum(len(t) for t in tracks) == 80
    assert all({t.frame[0], t.frame[-1]} <= set(range(40)) for t in tracks)


def test_kinds_do_not_continue_each_other():
    tracks = tracked([seen((100, 100, 40, 0.9, FACE)), seen((100, 100, 40, 0.9, PLATE))])
    assert [t.kind for t in tracks] == [FACE, PLATE]


def test_the_tail_leaves_through_flush():
    tracker = Tracker(TrackOptions(), BOTH)
    assert list(tracker.update(0, 0.0, seen((1, 1, 9, 0.9)))) == []
    assert len(list(tracker.flush())) == 1
    assert list(tracker.flush()) == []


def test_each_kind_has_its_own_threshold():
    video = [seen((100, 100, 40, 0.3, FACE), (300, 100, 40, 0.3, PLATE))] * 3
    (face,) = tracked(video, sure={FACE: 0.25, PLATE: 0.35})
    assert face.kind == FACE
    (plate,) = tracked(video, sure={FACE: 0.35, PLATE: 0.25})
    assert plate.kind == PLATE


def plates(*boxes, score=0.9):
    n = len(boxes)
    return Detections(
        np.float32(boxes).reshape(-1, 4), np.full(n, score, np.float32), np.full(n, PLATE, np.uint8)
    )


def test_a_plate_that_crosses_the_picture_fast_is_one_track():
    video = [plates((40 * i, 300 + 9 * i, 40 * i + 60, 314 + 9 * i)) for i in range(20)]
    assert len(tracked(video)) == 1
    assert len(tracked([d if i % 4 < 2 else seen() for i, d in enumerate(video)])) == 1


def test_a_plate_that_comes_nearer_is_found_again_after_a_gap(nearing):
    video = [
        seen() if 20 <= i < 35 else plates(box)
        for i, box in enumerate(nearing(np.arange(50) / FPS))
    ]
    (track,) = tracked(video)
    assert track.frame.tolist() == [*range(20), *range(35, 50)]


def test_a_plate_that_was_known_for_some_time_does_not_take_another_vehicles():
    """One stands; beside it a second one comes into sight while the first is hidden."""
    first, second = (100, 100, 180, 118), (210, 100, 290, 118)
    one, other = tracked([plates(first) if i < 10 else plates(second) for i in range(20)])
    assert one.frame.tolist() == list(range(10))
    assert other.frame.tolist() == list(range(10, 20))


def test_a_plate_is_found_again_after_a_long_gap_only_by_a_strong_sighting():
    """What is weak and was not expected for long is anything."""
    box = (100, 100, 160, 116)
    known, unseen = [plates(box)] * 6, [seen()] * 25
    (one,) = tracked([*known, *unseen, plates(box, score=0.9)])
    assert one.frame[-1] == 31
    (one,) = tracked([*known, *unseen, plates(box, score=0.2)])
    assert one.frame[-1] == 5
    (one,) = tracked([*known, *unseen[:10], plates(box, score=0.2)])
    assert one.frame[-1] == 16


def test_a_larger_thing_below_a_plate_is_another_one_and_leads_no_track_across_the_picture():
    """As seen in a real clip: the next sighting of the same score lay a plate's height lower, twice
    as large."""
    sign, other = (682, 93, 730, 146), (683, 133, 790, 191)
    tracks = tracked(
        [*[plates(sign)] * 12, plates(other), *[seen()] * 30, plates((591, 488, 770, 560))]
    )
    assert [len(t) for t in tracks] == [12, 1, 1]


def test_a_hand_held_camera_breaks_no_track():
    """Two faces that stand side by side, and a camera that jumps by their distance."""
    jumps = [0, 0, 60, 60, 0, 60, 0, 0, 60]
    video = [seen((100 + j, 100, 40, 0.9), (160 + j, 100, 40, 0.9)) for j in jumps]
    tracks = tracked(video, views=[Step(1 + 0j, complex(j)) for j in jumps])
    assert [np.ptp(t.xyxy[:, 0] - np.array(jumps)) for t in tracks] == [0, 0]


def test_a_stream_without_end_can_be_asked_meanwhile_and_forgotten():
    tracker = Tracker(TrackOptions(), BOTH)
    for i in range(50):
        assert not list(
            tracker.update(
                i,
                i / FPS,
                seen((100 + i, 100, 40, 0.5 + i / 200), (10, 10, 5, SURE / 2)) if i else seen(),
            )
        )
    (before,) = tracker.going_on()
    assert before.frame.tolist() == list(range(1, 50))
    tracker.forget(40)
    (after,) = tracker.going_on()
    assert after.frame.tolist() == list(range(40, 50))
    assert moments([after]) == moments([before])[-10:]
    (sighting,) = tracker.seen_in(49)
    assert sighting.score == pytest.approx(float(after.score.mean()))
    tracker.forget(1000)
    (last,) = tracker.going_on()
    assert last.frame.tolist() == [49]


def test_a_track_knows_what_closer_looks_at_its_sightings_said():
    tracker = Tracker(TrackOptions(), BOTH)
    told = [0.1, np.nan, 0.3]
    for i, closer in enumerate(told):
        face = Detections(
            np.float32([[100, 100, 140, 140]]),
            np.float32([0.6]),
            np.zeros(1, np.uint8),
            np.array([closer], np.float32),
        )
        assert not list(tracker.update(i, i / 25, face))
    (track,) = tracker.flush()
    assert track.closer == pytest.approx(told, nan_ok=True)


class TestParts:
    """A weak box at the place of a face that was just seen clearly, and is not seen now."""

    CLEAR = ((100, 100, 40, 0.9),)
    COLLAR = (90, 110, 70, 0.55)

    def found(self, *later, drops_parts=True):
        return tracked(
            [seen(*self.CLEAR)] * 5 + [seen(*rows) for rows in later], drops_parts=drops_parts
        )

    def test_it_is_part_of_that_face(self):
        (face,) = self.found([self.COLLAR], self.CLEAR)
        assert face.frame.tolist() == [0, 1, 2, 3, 4, 6]

    def test_with_high_sensitivity_it_counts(self):
        assert len(self.found([self.COLLAR], drops_parts=False)) == 2

    def test_it_counts_when_the_face_has_not_been_seen_for_a_while(self):
        late = math.ceil(PART_WITHIN_S * FPS) + 1
        assert len(self.found(*[[]] * late, [self.COLLAR])) == 2

    def test_it_counts_when_it_is_about_as_sure(self):
        assert len(self.found([(*self.COLLAR[:3], 0.8)])) == 2

    def test_it_counts_when_it_is_mostly_beside_that_face(self):
        assert len(self.found([(130, 110, 70, 0.55)])) == 2

    def test_where_the_face_is_seen_in_this_frame_the_detector_has_decided(self):
        assert len(self.found([*self.CLEAR, self.COLLAR])) == 2

    def test_a_plate_has_no_parts(self):
        clear, part = (*self.CLEAR[0], PLATE), (110, 110, 15, 0.55, PLATE)
        assert len(tracked([seen(clear)] * 5 + [seen(part)], drops_parts=True)) == 2

    def test_a_face_that_was_never_clear_has_none(self):
        faint = (*self.CLEAR[0][:3], 0.45)
        worse = (*self.COLLAR[:3], 0.2)
        frames = [seen(faint)] * 5 + [seen(worse)]
        assert len(tracked(frames, sure={FACE: 0.1}, drops_parts=True)) == 2
