"""Velocity, approach, and their fading."""

from __future__ import annotations

import numpy as np
import pytest

from efface.detections import KINDS
from efface.track.motion import (
    FACE_MOTION,
    MOTIONS,
    PLATE_MOTION,
    Course,
    course,
    moved,
    travelled,
    velocities,
)


def moving(*x, size=10):
    return np.array([(v, 0, v + size, size) for v in x], np.float32)


def velocity(seconds, xyxy):
    return course(seconds, xyxy, FACE_MOTION).velocity


def test_one_sighting_has_no_velocity():
    assert velocity(np.array([1.0]), moving(5)).tolist() == [0, 0]


def test_constant_motion():
    t = np.arange(5) / 25
    assert velocity(t, moving(*(100 * t))) == pytest.approx([100, 0], abs=0.01)


def test_only_the_last_moments_count():
    t = np.arange(50) / 25
    x = np.where(t < 1.5, 0, (t - 1.5) * 80)
    assert velocity(t, moving(*x))[0] == pytest.approx(80, rel=0.01)


def test_a_box_that_grows_does_not_move():
    boxes = np.array([(50 - s, 50 - s, 50 + s, 50 + s) for s in (10, 12, 14)], np.float32)
    assert velocity(np.arange(3) / 25, boxes) == pytest.approx([0, 0], abs=1e-4)


def test_travel_starts_at_full_speed_and_ends():
    assert travelled(0, FACE_MOTION) == 0
    assert travelled(0.001, FACE_MOTION) == pytest.approx(0.001, rel=0.01)
    assert travelled(100, FACE_MOTION) == pytest.approx(FACE_MOTION.fade_s)
    assert (np.diff(travelled(np.linspace(0, 3, 50), FACE_MOTION)) > 0).all()


def approaching(t, passes_at=2.0, x=400.0):
    """A plate that comes evenly nearer and passes at that time: every length in the picture goes as
    1 / distance."""
    scale = 1 / (passes_at - t)
    centre = np.stack([x * scale, 100 * scale], axis=1)
    half = np.stack([30 * scale, 7 * scale], axis=1)
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


def test_a_face_keeps_its_size_and_a_plate_comes_nearer():
    t = np.arange(10) / 25
    boxes = approaching(t)
    assert course(t, boxes, FACE_MOTION).approach == 0
    found = course(t, boxes, PLATE_MOTION)
    assert found.approach == pytest.approx(1 / (2 - t[-1]), rel=0.1)
    assert found.velocity[0] == pytest.approx(400 / (2 - t[-1]) ** 2, rel=0.1)


def test_two_noisy_sightings_say_little_of_an_approach():
    boxes = np.float32([[0, 0, 100, 20], [0, 0, 106, 21]])
    assert abs(course(np.array([0, 0.04]), boxes, PLATE_MOTION).approach) < 0.25


def test_growth_among_sizes_that_scatter_is_believed_less():
    t = np.arange(10) / 25
    smooth = approaching(t)
    centre, half = (smooth[:, :2] + smooth[:, 2:]) / 2, (smooth[:, 2:] - smooth[:, :2]) / 2
    half *= np.exp(0.2 * np.float32([1, -1, -1, 1, 1, 1, 1, -1, -1, 1]))[
        :, None
    ]  # even in time: it adds no growth
    scattered = np.concatenate([centre - half, centre + half], axis=1)
    steady, shaky = (course(t, boxes, PLATE_MOTION).approach for boxes in (smooth, scattered))
    assert 0 < shaky < 0.7 * steady


def test_what_comes_nearer_grows_and_moves_faster_and_before_it_moves_it_is_where_it_was():
    nearing, still = Course(np.array([100.0, 0.0]), 1.0), Course(np.array([100.0, 0.0]))
    box = np.float32([[0, 0, 40, 10]])
    for c in (nearing, still):
        assert moved(box, c, np.zeros(1), PLATE_MOTION).tolist() == box.tolist()
    far, near = (moved(box, c, np.array([0.5]), PLATE_MOTION)[0] for c in (still, nearing))
    assert near[0] + near[2] > far[0] + far[2]
    assert near[2] - near[0] > far[2] - far[0] == pytest.approx(40)


def test_an_approach_is_bounded_and_what_goes_away_is_covered_at_its_size():
    boxes = np.float32([[0, 0, 400, 80], [0, 0, 40, 8], [0, 0, 4, 1]])
    receding = course(np.arange(3) / 10, boxes, PLATE_MOTION)
    assert -1.5 <= receding.approach < -1
    assert receding.never_receding().approach == 0
    rushing = course(np.arange(3) / 10, boxes[::-1], PLATE_MOTION)
    longest = moved(np.float32([[0, 0, 40, 10]]), rushing, np.array([1e9]), PLATE_MOTION)[0]
    assert 80 < longest[2] - longest[0] < 101


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_every_kind_has_its_motion(kind):
    assert MOTIONS[kind].fade_s > 0


def test_velocities_of_several_are_those_of_each_alone():
    random = np.random.default_rng(3)
    seconds = np.sort(random.uniform(0, 0.25, (7, 9)), axis=1)
    corner = random.uniform(0, 500, (7, 9, 2)).astype(np.float32)
    boxes = np.concatenate([corner, corner + 20], axis=2)
    together = velocities(seconds, boxes, FACE_MOTION)
    alone = [velocity(s, b) for s, b in zip(seconds, boxes, strict=True)]
    assert together.tolist() == np.array(alone).tolist()
