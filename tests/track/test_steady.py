"""Boxes of one object made steady."""

from __future__ import annotations

import numpy as np

from efface.detections import FACE
from efface.geometry import hulls
from efface.track.camera_motion import Step, Views
from efface.track.steady import MOST_SPREAD, steadied, usual_sized
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


def sides(made):
    return made.xyxy[:, 2] - made.xyxy[:, 0]


def with_a_trunk(score, frame=25):
    """A face that stands still, and is once seen three times as large."""
    boxes, scores = moving(0), np.full(N, 0.9, np.float32)
    boxes[frame], scores[frame] = (60, 50, 180, 200), score
    return track(boxes, scores)


def test_a_weak_sighting_is_not_much_larger_than_those_around_it():
    for frame in (0, 25, N - 1):
        made = usual_sized(with_a_trunk(0.3, frame), SECONDS, 1.3)
        np.testing.assert_allclose(sides(made)[frame], 52, atol=0.5)
        np.testing.assert_allclose(made.xyxy[frame, :2] + made.xyxy[frame, 2:], (240, 250))
        others = np.arange(N) != frame
        np.testing.assert_array_equal(made.xyxy[others], with_a_trunk(0.3, frame).xyxy[others])


def test_a_sure_sighting_and_a_bound_of_infinity_keep_their_size():
    for score, most in ((0.5, 1.3), (0.3, np.inf)):
        assert sides(usual_sized(with_a_trunk(score), SECONDS, most))[25] == 120


def test_few_sightings_and_distant_ones_tell_no_usual_size():
    few = track([(100, 100, 140, 150)] * 2 + [(60, 50, 180, 200)], np.float32([0.9, 0.9, 0.3]))
    assert sides(usual_sized(few, SECONDS, 1.3))[2] == 120
    assert sides(usual_sized(with_a_trunk(0.3), SECONDS * 60, 1.3))[25] == 120


def test_a_face_that_comes_nearer_keeps_its_size():
    size = 40 * 1.03 ** np.arange(N)
    boxes = np.stack([300 - size / 2, 200 - size / 2, 300 + size / 2, 200 + size / 2], axis=1)
    weak = track(boxes, 0.3)
    np.testing.assert_array_equal(
        usual_sized(weak, SECONDS, 1.3).xyxy[: N // 2], weak.xyxy[: N // 2]
    )
