"""Boxes of one object made steady."""

from __future__ import annotations

import numpy as np

from efface.detections import FACE
from efface.geometry import hulls
from efface.track.camera_motion import Step, Views
from efface.track.steady import MOST_SPREAD, steadied
from efface.tracks import Reason, Track

N = 50
SECONDS = np.arange(N) / 25


def track(boxes, score=0.9):
    n = len(boxes)
    return Track(
        1,
        FACE,
        np.arange(n, dtype=np.int32),
        np.asarray(boxes, np.float32),
        np.full(n, Reason.SEEN, np.uint8),
        np.broadcast_to(np.float32(score), n),
    )


def moving(step=3.0):
    x = 100 + step * np.arange(N)
    return np.stack([x, x * 0 + 100, x + 40, x * 0 + 150], axis=1)


def test_what_moves_evenly_and_was_seen_surely_stays_as_it_was_seen():
    np.testing.assert_allclose(
        steadied(track(moving()), SECONDS, Views.fixed(N), 0.25).xyxy, moving(), atol=2
    )


def test_noise_of_single_sightings_is_taken_away():
    random = np.random.default_rng(1)
    noisy = moving() + random.normal(0, 2, (N, 4))
    made = steadied(track(noisy), SECONDS, Views.fixed(N), 0.25).xyxy
    sides = np.diff(made[:, 2] - made[:, 0])
    assert np.abs(sides).mean() < 0.7 * np.abs(np.diff(noisy[:, 2] - noisy[:, 0])).mean()
    assert (made[:, 0] <= moving()[:, 0] + 1.5).all()


def test_every_box_contains_what_was_seen_in_its_frame():
    random = np.random.default_rng(2)
    noisy = (moving() + random.normal(0, 4, (N, 4))).astype(np.float32)
    made = steadied(track(noisy, 0.4), SECONDS, Views.fixed(N), 0.25).xyxy
    np.testing.assert_array_equal(made, hulls(made, noisy))


def test_a_weak_sighting_between_sure_ones_hardly_grows_and_one_by_itself_does():
    score = np.full(N, 0.9, np.float32)
    score[25] = 0.2
    among = steadied(track(moving(0), score), SECONDS, Views.fixed(N), 0.25).xyxy[25]
    alone = steadied(track(moving(0)[:1], 0.2), SECONDS, Views.fixed(N), 0.25).xyxy[0]
    assert among[2] - among[0] < 42
    np.testing.assert_allclose(alone[2] - alone[0], 60)


def test_what_scatters_grows_but_not_without_end():
    boxes = moving(0)
    boxes[::2, [0, 2]] += 400
    made = steadied(track(boxes), SECONDS, Views.fixed(N), 0.25).xyxy
    assert (made[:, 2] - made[:, 0] > 41).all()
    assert (made[:, 2] - made[:, 0] <= 400 + 40 * (1 + 2 * MOST_SPREAD) + 1).all()


def test_the_cameras_own_motion_is_taken_out():
    """A jerk of the camera in one frame: what stands still in the world is steady in it."""
    boxes = moving(0)
    boxes[25, [0, 2]] += 60
    views = [Step(shift=60 + 0j) if i == 25 else Step() for i in range(N)]
    made = steadied(track(boxes), SECONDS, Views.of(views), 0.25).xyxy
    np.testing.assert_allclose(made, boxes, atol=0.5)
