"""Boxes grow with doubt, smoothly, and only where a rule says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from efface.detections import PLATE
from efface.track.score_margin import ScoreMargin, in_films, widened
from efface.tracks import Reason, Track

RULE = ScoreMargin(most=0.4, doubtful=0.2, certain=0.8, least_px=14)


def track(score, height=20.0):
    return Track(
        1,
        0,
        np.int32([0]),
        np.float32([[0, 0, 10, height]]),
        np.array([Reason.SEEN], np.uint8),
        np.float32([score]),
    )


@pytest.mark.parametrize(
    ("score", "share"), [(0.1, 0.4), (0.2, 0.4), (0.5, 0.2), (0.8, 0.0), (1.0, 0.0)]
)
def test_a_box_grows_by_doubt(score, share):
    assert widened(track(score), RULE).xyxy[0].tolist() == pytest.approx(
        [-10 * share, -20 * share, 10 + 10 * share, 20 + 20 * share], abs=1e-5
    )


def test_low_boxes_stay_as_they_are():
    assert widened(track(0.1, height=13.9), RULE).xyxy[0].tolist() == pytest.approx(
        [0, 0, 10, 13.9]
    )
    assert widened(track(0.1, height=14.0), RULE).xyxy[0, 3] == pytest.approx(14 * 1.4)


def test_nothing_else_of_the_track_changes():
    before = track(0.3)
    after = widened(before, RULE)
    assert (after.id, after.kind, after.frame, after.score, after.reason) == (
        before.id, before.kind, before.frame, before.score, before.reason
    )  # fmt: skip


def film(score, height=100.0, reason=Reason.SEEN):
    n = len(score)
    box = np.float32([[0, 0, 80, height]])
    return Track(
        1,
        0,
        np.arange(n, dtype=np.int32),
        np.repeat(box, n, 0),
        np.full(n, reason, np.uint8),
        np.float32(score),
    )


SECONDS = np.arange(50) / 25


def test_a_large_face_that_is_seen_clearly_needs_less_margin():
    assert in_films(film([0.9] * 10), SECONDS, 0.25) == pytest.approx(np.full(10, -0.1), abs=1e-6)
    assert in_films(film([0.9] * 10), SECONDS, 0.0) == pytest.approx(np.zeros(10))


@pytest.mark.parametrize(
    "seen",
    [film([0.6] * 10), film([0.9] * 10, height=20), film([0.9] * 10, reason=Reason.EXTENDED)],
)
def test_what_is_weak_small_or_not_seen_keeps_its_whole_margin(seen):
    assert np.all(in_films(seen, SECONDS, 0.25) == 0)


def test_a_plate_keeps_its_whole_margin():
    assert in_films(replace(film([0.9] * 10), kind=PLATE), SECONDS, 0.25) == 0


def test_a_face_has_its_whole_margin_soon_after_it_was_last_seen():
    track = film([0.9] * 5 + [0.0] * 10)
    track.reason[5:] = Reason.BRIDGED
    kept = in_films(track, SECONDS, 0.25)
    assert np.all(np.diff(kept[4:]) >= 0)
    assert np.all(kept[11:] == 0)


def test_one_weak_frame_among_clear_ones_does_not_make_the_box_pulse():
    score = [0.9] * 10
    score[5] = 0.3
    assert np.ptp(in_films(film(score), SECONDS, 0.25)) == pytest.approx(0, abs=1e-6)
