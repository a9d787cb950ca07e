"""How long a track is covered without being seen, and what is not covered at all."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from efface.detect import faces, plates
from efface.detections import DRAWN, FACE, PLATE
from efface.options import TrackOptions
from efface.timing import Timeline
from efface.track.camera_motion import Views
from efface.track.gaps import Shots, fill_track
from efface.track.pixel_trails import PixelTrail
from efface.track.support import REFUTING, supported, unsupported
from efface.tracks import Reason, Track

FRAMES = 400
SURE = {FACE: 0.25, PLATE: 0.34, DRAWN: 0.0}


def track(frames, score, height=40, kind=FACE):
    n = len(frames)
    boxes = np.tile(np.float32([100, 100, 100 + height, 100 + height]), (n, 1))
    return Track(
        1,
        kind,
        np.array(frames, np.int32),
        boxes,
        np.full(n, Reason.SEEN, np.uint8),
        np.broadcast_to(np.float32(score), n),
    )


def covered(seen, trails=(), fps=25, sure=None, **options):
    """Frame numbers that are covered."""
    timeline = Timeline(np.arange(FRAMES, dtype=np.int64), Fraction(1, fps))
    chosen = TrackOptions(**options)
    full = fill_track(seen, timeline, Shots([], FRAMES), chosen, None, ((640, 360),), trails)
    kept = supported(
        full, seen, timeline.seconds, chosen, sure or SURE[seen.kind], Views.fixed(FRAMES), trails
    )
    return [] if kept is None else kept.frame.tolist()


def beyond(frames, last):
    return sum(f > last for f in frames)


def test_the_better_something_was_seen_the_longer_it_stays_covered():
    after = [beyond(covered(track(range(100, 110), s)), 109) for s in (0.26, 0.4, 0.6, 0.9)]
    assert after == sorted(after)
    assert after[0] <= 6
    assert after[-1] >= 25


def test_the_more_often_something_was_seen_the_longer_it_stays_covered():
    after = [beyond(covered(track(range(100, 100 + n), 0.4)), 99 + n) for n in (3, 10, 30)]
    assert after == sorted(after)
    assert after[0] < after[-1]


def test_a_few_chance_sightings_are_hardly_followed_beyond_themselves():
    def after(count):
        seen, last = track(range(100, 100 + count), 0.4), 99 + count
        frames = np.arange(last + 1, last + 21, dtype=np.int32)
        boxes = np.tile(seen.xyxy[:1], (len(frames), 1))
        followed = PixelTrail(last, frames, boxes, np.full(len(frames), 0.9, np.float32))
        return beyond(covered(seen, (followed,)), last)

    assert after(4) <= 8
    assert after(16) >= 10


def test_few_sightings_late_in_a_long_track_are_few():
    late = covered(track([250, 251], 0.4))[-1]
    assert covered(track([*range(100, 130), 250, 251], 0.4))[-1] == late
    assert covered(track(range(222, 252), 0.4))[-1] > late


def test_a_gap_between_clear_sightings_is_covered_and_one_between_weak_sightings_is_not():
    frames = [*range(100, 120), *range(150, 170)]
    assert covered(track(frames, 0.8))[:70] == list(
        range(covered(track(frames, 0.8))[0], covered(track(frames, 0.8))[0] + 70)
    )
    assert 135 not in covered(track(frames, 0.27))


def test_what_is_followed_by_its_pixels_stays_covered_longer():
    way = PixelTrail(
        109,
        np.arange(110, 180, dtype=np.int32),
        np.tile(np.float32([100, 100, 140, 140]), (70, 1)),
        np.full(70, 0.9, np.float32),
    )
    seen = track(range(100, 110), 0.5)
    assert beyond(covered(seen, [way]), 109) > 1.5 * beyond(covered(seen), 109)


def test_a_longer_lead_out_covers_longer():
    seen = track(range(100, 110), 0.5)
    assert beyond(covered(seen, lead_out_s=2.0), 109) > 2 * beyond(covered(seen), 109)


@pytest.mark.parametrize(("height", "least"), [(30, 0.26), (100, 0.43), (200, 0.61)])
def test_large_faces_have_to_be_seen_better(height, least):
    few = range(100, 108)
    assert covered(track(few, least, height))
    if height > 40:
        assert not covered(track(few, least - 0.06, height))


def test_one_clear_sighting_vouches_for_weak_ones_around_it():
    scores = np.float32([0.2] * 5 + [0.7] + [0.2] * 5)
    assert set(range(100, 111)) <= set(covered(track(range(100, 111), scores, 200)))


def test_a_large_face_that_is_seen_again_and_again_is_believed():
    assert covered(track(range(100, 150), 0.28, 120))


def test_plates_that_stand_still_have_to_be_seen_the_better_the_longer_they_are_in_sight():
    assert covered(track(range(100, 105), 0.55, 40, PLATE))
    assert not covered(track(range(100, 160), 0.55, 40, PLATE))
    assert covered(track(range(100, 160), 0.8, 40, PLATE))


def test_a_plate_that_moves_is_no_sign():
    seen = track(range(100, 160), 0.55, 40, PLATE)
    way = 4 * np.arange(60, dtype=np.float32)[:, None] * np.float32([1, 0, 1, 0])
    assert covered(replace(seen, xyxy=seen.xyxy + way))


@pytest.mark.parametrize(("kind", "sure"), [(FACE, faces.SURE), (PLATE, plates.SURE)])
@pytest.mark.parametrize("sensitivity", ["low", "normal", "high"])
@pytest.mark.parametrize("frames", [range(100, 108), range(100, 180), range(100, 180, 8)])
@pytest.mark.parametrize("height", [30, 200])
def test_what_is_certain_is_covered_at_every_sensitivity(kind, sure, sensitivity, frames, height):
    assert set(frames) <= set(covered(track(frames, 0.85, height, kind), sure=sure[sensitivity]))


def test_no_patch_appears_and_vanishes_within_three_frames():
    assert not covered(track([100], 0.26))
    one = covered(track([100], 0.45))
    assert len(one) > 3
    assert 100 in one


def test_at_two_frames_a_second_one_sighting_is_no_flash():
    assert covered(track([100], 0.26), fps=2) == [100]


def test_what_a_person_drew_is_not_judged():
    seen = replace(track(range(100, 105), 0.0), kind=DRAWN)
    assert len(covered(seen)) >= 5


def left(seen, trails=(), fps=25, **options):
    """What was sighted and is not covered."""
    timeline = Timeline(np.arange(FRAMES, dtype=np.int64), Fraction(1, fps))
    chosen = TrackOptions(**options)
    full = fill_track(seen, timeline, Shots([], FRAMES), chosen, None, ((640, 360),), trails)
    kept = supported(
        full, seen, timeline.seconds, chosen, SURE[seen.kind], Views.fixed(FRAMES), trails
    )
    return unsupported(full, kept, timeline.seconds, chosen)


def test_a_track_that_passes_no_bar_is_left_with_the_lead_around_it():
    rest = left(track(range(100, 104), 0.3, height=150))
    assert covered(track(range(100, 104), 0.3, height=150)) == []
    assert rest.frame.tolist() == list(range(rest.frame[0], rest.frame[-1] + 1))
    assert (rest.frame[0], rest.frame[-1]) == (100 - 12, 103 + 12)
    assert rest.frame[rest.reason == Reason.SEEN].tolist() == [100, 101, 102, 103]


def test_weak_sightings_outside_of_the_support_of_a_covered_track_are_left():
    seen = replace(
        track([*range(100, 120), 180, 182], 0.8), score=np.float32([0.8] * 20 + [0.1, 0.1])
    )
    rest = left(seen)
    assert 100 in covered(seen)
    assert not {180, 182} & set(covered(seen))
    assert rest.frame[rest.reason == Reason.SEEN].tolist() == [180, 182]
    assert not set(rest.frame.tolist()) & set(covered(seen))


@pytest.mark.parametrize("score", [0.1, 0.2, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("height", [30, 100, 200])
def test_every_sighting_is_covered_or_left(score, height):
    seen = track([*range(100, 104), *range(130, 134), 180, 220], score, height)
    rest = left(seen)
    known = set(covered(seen)) | (set() if rest is None else set(rest.frame.tolist()))
    assert set(seen.frame.tolist()) <= known


def test_where_every_sighting_is_covered_nothing_is_left():
    assert left(track(range(100, 140), 0.9)) is None


def looked(frames, score, closer):
    """A track of sightings that were looked at closely."""
    return replace(
        track(frames, score), closer=np.broadcast_to(np.float32(closer), (len(frames),)).copy()
    )


def test_what_closer_looks_refute_is_left():
    frames = range(100, 130)
    assert covered(track(frames, 0.5))
    assert covered(looked(frames, 0.5, 0.0)) == []
    assert covered(looked(frames, 0.5, 0.4)) == covered(track(frames, 0.5))


def test_without_a_closer_look_nothing_is_refuted():
    frames = range(100, 130)
    assert covered(looked(frames, 0.5, np.nan)) == covered(track(frames, 0.5))


def test_one_good_look_among_many_that_show_nothing_is_not_enough_and_a_few_are():
    told = np.zeros(30, np.float32)
    told[15] = 0.5
    assert covered(looked(range(100, 130), 0.5, told)) == []
    told[::3] = 0.5
    assert covered(looked(range(100, 130), 0.5, told)) == covered(track(range(100, 130), 0.5))


def test_what_is_surely_seen_is_not_refuted_by_its_doubtful_moments():
    scores = np.array([0.5] * 10 + [0.9] * 10 + [0.5] * 10, np.float32)
    told = np.where(scores < 0.65, 0.0, np.nan).astype(np.float32)
    kept = covered(replace(looked(range(100, 130), 0.5, told), score=scores))
    assert set(range(108, 122)) <= set(kept)


def test_what_is_refuted_at_another_time_is_not_refuted_now():
    frames = [*range(20, 50), *range(150, 180)]
    told = np.array([0.0] * 30 + [0.4] * 30, np.float32)
    kept = covered(looked(frames, 0.5, told))
    assert kept
    assert min(kept) > 100


def test_only_what_the_detector_looks_closer_at_can_be_refuted():
    for kind, confirm in ((FACE, faces.CONFIRM), (PLATE, plates.CONFIRM)):
        assert (confirm.sure, confirm.least_px) == (REFUTING[kind].sure, REFUTING[kind].least_px)


@pytest.mark.parametrize(
    ("score", "chance", "is_kept"), [(0.6, 0.1, False), (0.6, 0.5, True), (0.8, 0.1, True)]
)
def test_a_plate_on_no_vehicle_is_left_unless_it_is_certain(score, chance, is_kept):
    frames = range(100, 106)
    seen = track(frames, score, 20, PLATE)
    told = replace(seen, closer=np.full(len(frames), chance, np.float32))
    assert covered(seen)
    assert bool(covered(told)) is is_kept
