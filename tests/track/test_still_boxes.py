"""Boxes that hardly differ for a while become one; no box gives up anything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.track.still_boxes import LEAST_S, LEAST_SLACK_PX, SLACK, held_still
from efface.tracks import Reason, Track

RATE = 25
SECONDS = np.arange(1000) / RATE
STILL_FRAMES = int(LEAST_S * RATE) + 2


def track_of(boxes, frames=None):
    n = len(boxes)
    frame = np.arange(n, dtype=np.int32) if frames is None else np.int32(frames)
    reason, score = np.full(n, Reason.SEEN, np.uint8), np.linspace(0.3, 0.9, n, dtype=np.float32)
    return Track(1, 0, frame, np.float32(boxes), reason, score)


def trembling(count, by=2, seed=0):
    """Boxes of 100x100 whose sides differ by up to so many pixels."""
    random = np.random.default_rng(seed)
    return np.float32([200, 100, 300, 200]) + random.integers(-by, by + 1, (count, 4))


def test_trembling_boxes_become_one_that_contains_each():
    track = track_of(trembling(60))
    held = held_still(track, SECONDS)
    outer = [*track.xyxy[:, :2].min(axis=0), *track.xyxy[:, 2:].max(axis=0)]
    assert (held.xyxy == np.float32(outer)).all()
    for name in ("frame", "reason", "score"):
        assert (getattr(held, name) == getattr(track, name)).all()


def test_an_object_that_moves_keeps_its_boxes():
    moving = trembling(60) + np.arange(60, dtype=np.float32)[:, None] * 3
    assert (held_still(track_of(moving), SECONDS).xyxy == moving).all()


def test_it_stands_still_before_and_after_it_moves():
    there, away = trembling(STILL_FRAMES), trembling(STILL_FRAMES, seed=1) + 150
    between = np.linspace(there[-1], away[0], 12)[1:-1]
    held = held_still(track_of(np.concatenate([there, between, away])), SECONDS).xyxy
    assert len(np.unique(held[:STILL_FRAMES], axis=0)) == 1
    assert len(np.unique(held[-STILL_FRAMES:], axis=0)) == 1
    assert (held[STILL_FRAMES:-STILL_FRAMES] == np.float32(between)).all()


@pytest.mark.parametrize("count", [1, 2, int(LEAST_S * RATE)])
def test_what_is_still_for_a_moment_only_stays_as_it_is(count):
    boxes = trembling(count)
    assert (held_still(track_of(boxes), SECONDS).xyxy == boxes).all()


def test_nothing_is_held_over_frames_that_are_left_out():
    half = int(LEAST_S * RATE)
    frames = [*range(half), *range(half + 1, 2 * half + 1)]
    boxes = trembling(2 * half)
    assert (held_still(track_of(boxes, frames), SECONDS).xyxy == boxes).all()
    held = held_still(track_of(boxes, range(2 * half)), SECONDS).xyxy
    assert len(np.unique(held, axis=0)) == 1


@given(
    st.lists(st.tuples(*[st.integers(-12, 12)] * 4, st.integers(0, 3)), min_size=1, max_size=80),
    st.sampled_from([10, 60, 400]),
)
def test_a_box_contains_the_one_before_and_is_hardly_larger(steps, side):
    """steps: how far each side of a box is from the middle one, and frames since the last one."""
    offsets = np.float32([s[:4] for s in steps])
    boxes = np.float32([500, 500, 500 + side + 24, 500 + side + 24]) + offsets
    frames = np.cumsum([1 + (s[4] == 3) for s in steps]) - 1
    track = track_of(boxes, frames)
    held = held_still(track, SECONDS)
    assert (held.xyxy[:, :2] <= track.xyxy[:, :2]).all()
    assert (held.xyxy[:, 2:] >= track.xyxy[:, 2:]).all()
    sides = held.xyxy[:, 2:] - held.xyxy[:, :2]
    most = np.maximum(SLACK * sides, LEAST_SLACK_PX) + 1e-3
    assert (np.abs(held.xyxy - track.xyxy) <= np.concatenate([most, most], axis=1)).all()
