"""Trails: what is kept, what is followed, and that both have bounds."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from efface.track import pixel_trails as module
from efface.track.pixel_trails import (
    CONFIRMED,
    MOST_AT_ONCE,
    MOST_KEPT,
    MOST_SAVED,
    PixelTrails,
    Sighting,
)

SIZE_WH = (640, 360)
FPS = 25


def blobs(width, height, seed):
    """(height, width) uint8 with spots of many sizes."""
    rng = np.random.default_rng(seed)
    spots = (
        cv2.resize(rng.random((n, n), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        for n in (4, 9, 30)
    )
    return np.uint8(np.clip(sum(spots) * 80, 0, 255))


BEHIND, THING = blobs(*SIZE_WH, seed=1), blobs(30, 40, seed=2)


def place(i):
    """(4,) where the thing is in frame i; it goes there and back, so that a straight line would
    miss it."""
    y = 100 + round(60 * np.sin(i / 8))
    return np.float32([100 + 3 * i, y, 130 + 3 * i, y + 40])


def picture(i):
    small = BEHIND.copy()
    x1, y1, x2, y2 = place(i).astype(int)
    small[y1:y2, x1:x2] = THING
    return small


def run(sightings, frames=60, cuts=(), bad=()):
    """Trails of one track that was seen in those frames."""
    trails, known = PixelTrails(), []
    for i in range(frames):
        seen = []
        if i in sightings:
            known.append(i)
            seen = [
                Sighting(1, place(i), 0.8, len(known), known[-2:][0], known[0], place(known[0]))
            ]
        trails.update(i, i / FPS, None if i in bad else picture(i), SIZE_WH, seen, is_cut=i in cuts)
    trails.flush()
    return trails.of.get(1, [])


def away(trail):
    """Largest distance of a side from where it is, pixels."""
    return np.abs(trail.xyxy - [place(i) for i in trail.frame]).max()


def test_a_gap_has_a_trail_from_either_side():
    forwards, backwards = (t for t in run([0, 1, 2, 20, *range(21, 60)]))
    assert (forwards.start, forwards.frame.tolist(), forwards.is_forwards) == (
        2,
        list(range(3, 20)),
        True,
    )
    assert (backwards.start, backwards.frame.tolist(), backwards.is_forwards) == (
        20,
        list(range(19, 2, -1)),
        False,
    )
    assert away(forwards) < 2
    assert away(backwards) < 2
    assert min(forwards.trust.min(), backwards.trust.min()) > 0.8


def test_before_the_first_and_after_the_last_sighting_it_goes_on():
    backwards, forwards = run([20, 21, 22])
    assert backwards.frame.tolist() == list(range(19, -1, -1))
    assert forwards.frame.tolist() == list(range(23, 60))
    assert away(backwards) < 2
    assert away(forwards) < 2


def test_what_was_seen_less_often_than_it_takes_is_not_followed():
    assert run(range(20, 20 + CONFIRMED - 1)) == []


def test_nothing_is_followed_across_a_cut():
    (before, *_), after = run([20, 21, 22], cuts=[15, 30]), run([20, 21, 22], cuts=[15, 30])[-1]
    assert before.frame.min() == 15
    assert after.frame.max() == 29


def test_nothing_is_followed_across_a_frame_that_nobody_could_read():
    before, after = run([20, 21, 22], bad=[10, 40])
    assert before.frame.min() == 11
    assert after.frame.max() == 39


def test_it_is_followed_for_so_long_and_no_longer(monkeypatch):
    monkeypatch.setattr(module, "FARTHEST_S", 0.4)
    before, after = run([20, 21, 22])
    assert before.frame.min() == 10
    assert after.frame.max() == 32


def test_pictures_are_kept_for_some_seconds_and_never_more_than_so_many():
    trails = PixelTrails()
    for i in range(2 * MOST_KEPT):
        trails.update(i, i / 1000, BEHIND, SIZE_WH, [])
    assert len(trails._kept) == MOST_KEPT
    for i in range(100):
        trails.update(1000 + i, 100 + i, BEHIND, SIZE_WH, [])
    assert len(trails._kept) <= module.KEPT_S + 1


@pytest.fixture
def crowd():
    """Boxes (60, 4) on something."""
    x, y = np.meshgrid(np.arange(10) * 60 + 10, np.arange(6) * 55 + 10)
    return np.stack([x.ravel(), y.ravel(), x.ravel() + 30, y.ravel() + 40], axis=1).astype(
        np.float32
    )


def test_in_a_crowd_only_so_many_are_followed_at_once(crowd):
    trails = PixelTrails()
    for i in range(20):
        seen = (
            [Sighting(t, box, t / 100, i + 1, max(i - 1, 0), 0, box) for t, box in enumerate(crowd)]
            if i < 5
            else []
        )
        trails.update(i, i / FPS, BEHIND, SIZE_WH, seen)
    trails.flush()
    best_seen = range(len(crowd) - MOST_AT_ONCE, len(crowd))
    assert sorted(trails.of) == list(best_seen)


def test_in_a_crowd_only_so_many_steps_are_gone_back(crowd):
    trails = PixelTrails()
    for i in range(40):
        seen = (
            [
                Sighting(t, box, t / 100, i - 29, max(i - 1, 30), 30, box)
                for t, box in enumerate(crowd)
            ]
            if i >= 30
            else []
        )
        trails.update(i, i / FPS, BEHIND, SIZE_WH, seen)
    back = [len(t.frame) for of in trails.of.values() for t in of]
    assert 200 < sum(back) <= MOST_SAVED
    assert len(back) < len(crowd)


def test_a_track_that_ended_long_ago_is_forgotten():
    trails = PixelTrails()
    for i in range(200):
        seen = [Sighting(1, place(0), 0.8, i + 1, max(i - 1, 0), 0, place(0))] if i < 5 else []
        trails.update(i, i / FPS, BEHIND, SIZE_WH, seen)
    assert trails._last == {}
