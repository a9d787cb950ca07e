"""What is covered when a frame leaves, by what is known then; and that memory has an end where the
stream has none."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from efface.detections import FACE, Detections
from efface.live.left_visible_counter import LeftVisible
from efface.live.lookahead import Lookahead
from efface.options import CoverOptions, TrackOptions
from efface.pipeline.perceive import SmallPictures
from efface.planning.build import covering
from efface.timing import Timeline
from efface.track.follow import in_grey
from efface.track.gaps import Shots, fill_track
from efface.track.score_margin import in_films
from efface.track.shots import thumbnail
from efface.track.tracker import Tracker

SIZE = (640, 360)
RATE = 25
SURE = {FACE: 0.25}
SCENE = np.full((216, 384, 3), 100, np.uint8)
GREY = np.full((360, 640), 100, np.uint8)
SMALL = SmallPictures(thumbnail(SCENE), in_grey(SCENE), GREY)


def seen_at(box, score=0.8):
    return Detections(
        np.array([box], np.float32), np.array([score], np.float32), np.array([FACE], np.uint8)
    )


def face(i):
    return 200 + i * 2, 100, 240 + i * 2, 150


class Street:
    """A window to which frames are shown, and which they leave so many frames later."""

    def __init__(self, delay=25, track=None):
        self.window = Lookahead(SIZE, track or TrackOptions(), CoverOptions(), SURE, delay / RATE)
        self.delay, self.numbers, self.regions = delay, [], {}

    def show(self, i, seen):
        self.numbers.append((self.window.looked(i / RATE, SMALL, seen), i / RATE))
        if i >= self.delay:
            number, second = self.numbers[i - self.delay]
            self.regions[i - self.delay] = self.window.regions(number, second)


def covers(regions, box):
    x1, y1, x2, y2 = box
    return any(
        r.box[0] <= x1 and r.box[1] <= y1 and r.box[2] >= x2 and r.box[3] >= y2 for r in regions
    )


def test_a_face_is_covered_before_it_is_first_seen_as_far_as_the_delay_reaches():
    street = Street(delay=25)
    for i in range(100):
        street.show(i, seen_at(face(i)) if i >= 50 else Detections.none())
    assert not street.regions[20]
    first = min(i for i, r in street.regions.items() if r)
    assert (
        50 - 25 <= first <= 50 - 12
    )  # lead-in: half a second at least; in mid-picture more, and never more than the delay
    assert all(covers(street.regions[i], face(i)) for i in range(50, 75))


def test_with_a_short_delay_the_lead_in_is_short():
    street = Street(delay=5)
    for i in range(80):
        street.show(i, seen_at(face(i)) if i >= 50 else Detections.none())
    assert not any(street.regions[i] for i in range(45))
    assert all(covers(street.regions[i], face(i)) for i in range(50, 75))


def test_a_gap_is_covered_though_nobody_knows_yet_that_it_ends():
    street = Street(delay=5)
    for i in range(120):
        street.show(i, Detections.none() if 40 <= i < 85 else seen_at((300, 100, 340, 150)))
    assert all(covers(street.regions[i], (302, 102, 338, 148)) for i in range(5, 115))


def test_what_has_gone_is_not_covered_for_ever():
    street = Street()
    for i in range(300):
        street.show(i, seen_at(face(i)) if i < 50 else Detections.none())
    assert covers(street.regions[49], face(49))
    assert street.regions[60]
    assert not any(street.regions[i] for i in range(50 + 4 * RATE, 270))


def test_every_sighting_that_counts_is_covered_even_without_a_verdict_of_the_tracker():
    street = Street(delay=0)
    for i in range(30):
        street.show(i, seen_at((37 * i % 500, 100, 37 * i % 500 + 40, 150), 0.3))
    assert all(
        covers(street.regions[i], (37 * i % 500, 100, 37 * i % 500 + 40, 150)) for i in range(30)
    )


def test_seen_all_the_time_it_is_covered_as_offline():
    street, tracker = Street(), Tracker(TrackOptions(), SURE)
    noise = np.random.default_rng(1).normal(0, 2, (100, 4))
    boxes = [np.array(face(i)) + noise[i] for i in range(100)]
    for i in range(100):
        street.show(i, seen_at(boxes[i]))
        list(tracker.update(i, i / RATE, seen_at(boxes[i])))
    (track,) = tracker.flush()
    timeline = Timeline(np.arange(100), Fraction(1, RATE))
    full = fill_track(track, timeline, Shots([], 100), TrackOptions(), None, (SIZE,))
    offline = covering(
        full, (SIZE,), CoverOptions(), in_films(full, timeline.seconds, CoverOptions().margin)
    )
    for i in range(10, 70):
        (region,) = street.regions[i]
        assert np.abs(np.array(region.box) - offline.xyxy[list(offline.frame).index(i)]).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["one face that stays", "faces that come and go"])
def test_memory_has_an_end(kind):
    street, sizes = Street(track=TrackOptions(bridge_s=0.4, hold_s=0.4, lead_out_s=0.2)), []
    for i in range(400):
        left = 300 if kind == "one face that stays" else (i // 10 * 97) % 560
        street.show(i, seen_at((left, 100, left + 40, 150)))
        street.regions.clear()
        if i % 50 == 49:
            sizes.append(held_by(street.window))
    early, late = np.max(sizes[2:4], axis=0), np.max(sizes[4:], axis=0)
    assert (late <= early * 1.5 + 5).all(), (early, late)
    assert late[0] < 4 * RATE


def held_by(window):
    """How much of each thing is remembered."""
    follower = window._follower
    trails, open_tracks = follower._trails, follower._tracker._open
    counts = [
        len(follower.moments),
        len(follower._over),
        sum(len(v) for v in trails.of.values()),
        len(trails._begun),
        len(open_tracks),
    ]
    return [*counts, sum(len(t.frames) for t in open_tracks)]


WEAK = (200, 100, 350, 250)
"""So large that a face would score more."""


def counted(show, delay=25, frames=150):
    """What is counted of frames that left, where `show(i)` is seen in frame i."""
    visible = LeftVisible()
    street = Street(delay)
    street.window = Lookahead(SIZE, TrackOptions(), CoverOptions(), SURE, delay / RATE, visible)
    for i in range(frames):
        street.show(i, show(i))
    return visible, street.regions


def test_what_leaves_visible_as_it_was_seen_too_weakly_is_counted():
    visible, regions = counted(lambda i: seen_at(WEAK, 0.3) if 50 <= i < 56 else Detections.none())
    assert not any(regions.values())
    assert (visible.left_faces, visible.left_plates, visible.left_sightings) == (1, 0, 6)
    assert visible.left_s == pytest.approx(6 / RATE)


def test_what_is_erased_is_not_counted_as_visible():
    visible, regions = counted(lambda i: seen_at(face(i)) if i >= 50 else Detections.none())
    assert regions[60]
    assert visible == LeftVisible()


def test_what_another_area_hides_is_not_counted():
    def both(i):
        shown = [((190, 90, 360, 260), 0.9), (WEAK, 0.3)][: 2 if 50 <= i < 56 else 1]
        boxes, scores = (np.array(values, np.float32) for values in zip(*shown, strict=True))
        return Detections(boxes, scores, np.full(len(shown), FACE, np.uint8))

    visible, _ = counted(both)
    assert visible.left_faces == 0


def test_zones_are_always_erased_or_never():
    cover = CoverOptions(erase=("0,0,10%,20",), keep=("150,60,330,200",))
    street = Street()
    visible = LeftVisible()
    street.window = Lookahead(SIZE, TrackOptions(), cover, SURE, 1.0, visible)
    for i in range(100):
        street.show(i, seen_at(face(i)) if i < 60 else seen_at((2, 2, 9, 9), 0.2))
    assert all((0, 0, 64, 20) in [r.box for r in street.regions[i]] for i in range(75))
    assert [len(street.regions[i]) for i in (0, 10)] == [1, 1]  # the face is in the kept zone ...
    assert len(street.regions[45]) == 2  # ... and has left it
    assert visible.left_faces == 0


def test_the_same_track_counts_once_and_two_windows_add_up():
    def twice(i):
        return seen_at(WEAK, 0.3) if i in (*range(50, 56), *range(110, 116)) else Detections.none()

    visible, _ = counted(twice, frames=200)
    assert (visible.left_faces, visible.left_sightings) == (2, 12)
    again = Lookahead(SIZE, TrackOptions(), CoverOptions(), SURE, 1.0, visible)
    assert again is not None
    assert (visible.left_faces, visible.left_sightings) == (2, 12)
