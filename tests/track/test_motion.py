"""Velocity and its fading."""

from __future__ import annotations

import numpy as np
import pytest

from efface.track.motion import FADE_S, travelled, velocity


def moving(*x, size=10):
    return np.array([(v, 0, v + size, size) for v in x], np.float32)


def test_one_sighting_has_no_velocity():
    assert velocity(np.array([1.0]), moving(5)).tolist() == [0, 0, 0, 0]


def test_constant_motion():
    t = np.arange(5) / 25
    assert velocity(t, moving(*(100 * t))) == pytest.approx([100, 0, 100, 0], abs=1e-3)


def test_only_the_last_moments_count():
    t = np.arange(50) / 25
    x = np.where(t < 1.5, 0, (t - 1.5) * 80)
    assert velocity(t, moving(*x))[0] == pytest.approx(80, rel=0.01)


def test_a_box_that_grows_does_not_move():
    boxes = np.array([(50 - s, 50 - s, 50 + s, 50 + s) for s in (10, 12, 14)], np.float32)
    assert velocity(np.arange(3) / 25, boxes) == pytest.approx([0] * 4, abs=1e-4)


def test_travel_starts_at_full_speed_and_ends():
    assert travelled(0) == 0
    assert travelled(0.001) == pytest.approx(0.001, rel=0.01)
    assert travelled(100) == pytest.approx(FADE_S)
    assert (np.diff(travelled(np.linspace(0, 3, 50))) > 0).all()
