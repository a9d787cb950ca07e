"""Pictures in poor light: the same scene, with less of what a sensor needs."""

from __future__ import annotations

import numpy as np

from efface.bench.light import back_lit, dark

FACE = np.array([[90, 60, 130, 110]], np.float32)


def grey(value: int = 128) -> np.ndarray:
    return np.full((180, 240, 3), value, np.uint8)


def seeded() -> np.random.Generator:
    return np.random.default_rng(1)


def test_dark_is_three_stops_less_light_and_noisy():
    shown = dark(grey(), FACE, seeded())
    assert abs(shown.mean() - 128 * 0.12 ** (1 / 2.2)) < 2
    assert shown.std() > 3, "noise"
    assert np.array_equal(shown, dark(grey(), FACE, seeded())), "the same every time"


def test_against_the_light_a_face_is_dark_and_the_rest_too_bright():
    shown = back_lit(grey(), FACE, seeded())
    assert shown[85, 110].mean() < 70
    assert shown[5, 235].mean() > 145
    assert back_lit(grey(), np.empty((0, 4), np.float32), seeded()).mean() > 165, "nobody is there"
