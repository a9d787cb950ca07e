"""Make dark and back-lit copies of labelled pictures, to measure who is missed in poor light.

Both work on light as a sensor counts it, which is the sRGB value to the power of 2.2. Noise is that
of a sensor: the variance of shot noise is proportional to the light, and read noise is constant
(EMVA Standard 1288, "Linear signal model").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from efface.bench.camera_path import Rgb
from efface.geometry import Boxes

GAMMA = 2.2

DARK = 0.12
"""Share of its light that reaches a dark picture: three stops less."""

AGAINST, BEHIND = 0.15, 2.0
"""Factors of the light on people and of the light behind them, in a back-lit picture."""

REACH = 2.0
"""A person is darkened within this many longer sides of the labelled face, with a soft edge."""

SHOT, READ = 0.012, 0.006
"""Shot noise as the standard deviation at full light, and read noise, both as shares of it."""

Light = Callable[[Rgb, Boxes, np.random.Generator], Rgb]
"""Gives a copy of a picture in other light. Takes its labelled boxes (n, 4), too."""


def dark(rgb: Rgb, faces: Boxes, random: np.random.Generator) -> Rgb:
    """Return the picture as it looks with DARK of its light, and the noise that comes with it."""
    return _developed(_linear(rgb) * np.float32(DARK), random)


def back_lit(rgb: Rgb, faces: Boxes, random: np.random.Generator) -> Rgb:
    """Return the picture as if the light came from behind the labelled faces: they are dark, and
    what is around them is too bright."""
    y, x = (np.arange(n, dtype=np.float32)[:, None] for n in rgb.shape[:2])
    person = np.zeros(rgb.shape[:2], np.float32)
    for x1, y1, x2, y2 in faces.tolist():
        reach = REACH * max(x2 - x1, y2 - y1, 1.0)
        across = (x.T - (x1 + x2) / 2) / reach
        down = (y - (y1 + y2) / 2) / reach
        np.maximum(person, np.exp(-(across**2) - down**2), out=person)
    factor = np.float32(BEHIND) * np.float32(AGAINST / BEHIND) ** person
    return _developed(_linear(rgb) * factor[..., None], random)


LIGHTS: Mapping[str, Light | None] = {"as-is": None, "dark": dark, "back-lit": back_lit}
"""By the name that a user gives."""


def _linear(rgb: Rgb) -> NDArray[np.float32]:
    return np.asarray((rgb / np.float32(255)) ** np.float32(GAMMA), np.float32)


def _developed(light: NDArray[np.float32], random: np.random.Generator) -> Rgb:
    """Return light of 0 to 1 as an 8-bit picture, after the sensor has added its noise."""
    spread = np.sqrt(np.float32(SHOT**2) * light + np.float32(READ**2))
    noisy = light + spread * random.standard_normal(light.shape, np.float32)
    value = np.round(255 * np.clip(noisy, 0, 1) ** np.float32(1 / GAMMA))
    return np.asarray(value, np.uint8)
