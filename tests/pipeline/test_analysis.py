"""A source is looked at frame by frame, and what the detector loses is followed by its pixels.

The detector is a stand-in.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np

from efface.detections import FACE, Detections
from efface.events import silent
from efface.frames import Frame, Layout, Picture
from efface.media.interfaces import SourceInfo
from efface.options import Options, TrackOptions
from efface.pipeline.analysis import look, sightings_on_photo
from efface.planning.left_visible import by_kind

SIZE_WH = (640, 360)
FRAMES = 70
LOST = range(12, 50)
RGB = Layout("rgb", 8, ((0, 0),) * 3)


def blobs(width, height, seed):
    rng = np.random.default_rng(seed)
    spots = (
        cv2.resize(rng.random((n, n), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        for n in (4, 9, 30)
    )
    return np.uint8(np.clip(sum(spots) * 80, 0, 255))


BEHIND, THING = blobs(*SIZE_WH, seed=1), blobs(36, 48, seed=2)


def place(i):
    """(4,) where the thing is in frame i: it steps aside and comes back while nobody sees it."""
    aside = round(110 * np.sin(np.pi * np.clip((i - 12) / 38, 0, 1)))
    return np.float32([200 + aside, 150, 236 + aside, 198])


class Film:
    """A source of drawn frames; some can be read by nobody."""

    time_base = Fraction(1, 25)
    info = SourceInfo(Path("film"), "video", "mp4", FRAMES, SIZE_WH)

    def __init__(self, bad=()):
        self.bad = bad

    def frames(self):
        for i in range(FRAMES):
            picture = BEHIND.copy()
            x1, y1, x2, y2 = place(i).astype(int)
            picture[y1:y2, x1:x2] = THING
            rgb = np.repeat(picture[..., None], 3, axis=2) * (i not in self.bad)
            yield Frame(
                index=i,
                pts=i,
                size_wh=SIZE_WH,
                look=lambda wh, rgb=rgb: cv2.resize(rgb, wh, interpolation=cv2.INTER_AREA),
                unpack=lambda rgb=rgb: Picture(
                    tuple(np.ascontiguousarray(rgb[..., c]) for c in range(3)), RGB
                ),
                is_bad=i in self.bad,
            )

    def close(self):
        pass


class Blinking:
    """Sees the thing, but not while it steps aside."""

    infos = ()
    sure = MappingProxyType({FACE: 0.25})

    def detect(self, frame, look):
        if frame.index in LOST:
            return Detections.none()
        return Detections(place(frame.index)[None], np.float32([0.8]), np.uint8([FACE]))


def open_in(options=None, bad=()):
    """Frames, between the first and the last sighting, in which a part of the thing is not
    covered."""
    plan = look(Film(bad), "0" * 64, (Blinking(),), options or Options(), silent)
    return [i for i in range(FRAMES) if not any(contains(r.box, place(i)) for r in plan.regions(i))]


def contains(box, place):
    return (np.array(box[:2]) <= place[:2] + 2).all() and (np.array(box[2:]) >= place[2:] - 2).all()


def test_what_steps_aside_while_nobody_sees_it_is_covered_all_the_time():
    assert open_in() == []


def test_without_its_pixels_it_would_not_be(monkeypatch):
    monkeypatch.setattr("efface.track.pixel_trails.MOST_AT_ONCE", 0)
    monkeypatch.setattr("efface.track.pixel_trails.MOST_SAVED", 0.0)
    assert len(open_in()) > 10


def test_a_frame_that_nobody_could_read_ends_what_is_followed_and_nothing_else():
    """Straight lines still cover some; sightings are covered always."""
    assert not set(open_in(bad=[30])) & (set(range(FRAMES)) - set(LOST))


def test_with_no_help_from_time_nothing_is_followed():
    alone = Options(track=TrackOptions(bridge_s=0, lead_in_s=0, lead_out_s=0, hold_s=0))
    assert open_in(alone) == list(LOST)


class Unsure:
    """Sees the thing in six frames, too weakly for its size."""

    infos = ()
    sure = MappingProxyType({FACE: 0.25})

    def detect(self, frame, look):
        if frame.index not in range(20, 26):
            return Detections.none()
        large = (
            np.float32([200, 100, 350, 250])
            if frame.index < 23
            else np.float32([205, 100, 355, 250])
        )
        return Detections(large[None], np.float32([0.3]), np.uint8([FACE]))


def test_what_passes_no_bar_stays_visible_and_in_the_plan_with_a_moment_that_names_it():
    plan = look(Film(), "0" * 64, (Unsure(),), Options(), silent)
    assert plan.region_count == 0
    (left,) = plan.left
    assert set(range(20, 26)) <= set(left.frame.tolist())
    assert [d.track for d in plan.doubts if "left" in d.causes] == [left.id]
    (kind,) = by_kind(plan)
    assert (kind.kind, kind.tracks, kind.seconds) == ("face", 1, 0.24)


class Photo(Film):
    """A source of two pages."""

    info = SourceInfo(Path("scan"), "photo", "tiff", 2, SIZE_WH)

    def frames(self):
        return islice(super().frames(), 2)


class Weakly:
    """Sees one face surely, and three weakly on the second page: one of them is low."""

    infos = ()
    sure = MappingProxyType({FACE: 0.25})
    boxes = np.float32(
        [[10, 10, 50, 60], [100, 10, 120, 34], [200, 10, 260, 80], [300, 10, 308, 21]]
    )

    def detect(self, frame, look):
        rows = slice(0, 4 if frame.index else 1)
        scores = np.float32([0.8, 0.14, 0.24, 0.24])[rows]
        return Detections(self.boxes[rows], scores, np.full(len(scores), FACE, np.uint8))


def test_a_photo_tells_what_it_leaves_visible_and_the_riskiest_first():
    plan = look(Photo(), "0" * 64, (Weakly(),), Options(), silent)
    assert [t.frame.tolist() for t in plan.tracks] == [[0], [1]]
    assert [(t.id, t.frame.tolist(), round(float(t.score[0]), 2)) for t in plan.left] == [
        (3, [1], 0.24),
        (4, [1], 0.14),
    ]
    first = plan.left[0].xyxy[0]
    assert (first[:2] < Weakly.boxes[2, :2]).all(), "with the margin that would be erased"
    assert (first[2:] > Weakly.boxes[2, 2:]).all()
    assert [d.track for d in plan.doubts if "left" in d.causes][:1] == [3]


def test_what_is_seen_weakly_is_not_among_the_sightings_of_a_preview():
    (page,) = islice(Photo().frames(), 1, 2)
    (seen,) = sightings_on_photo(page, Weakly())
    assert seen.score[0] == np.float32(0.8)
