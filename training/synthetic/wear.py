"""What happens to a plate after it leaves the works: dirt, scratches, sun, shadow, glare, flash,
and erasure by others.

All functions take and give (h, w, 3) float32, 0 to 255.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.float32]


def worn(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    """A few kinds of wear and light, each by its own lot."""
    for chance, change in (
        (0.3, _faded),
        (0.35, _dirty),
        (0.15, _scratched),
        (0.06, _muddy),
        (0.3, _shaded),
        (0.15, _glare),
        (0.05, _flash),
        (0.05, _blurred),
    ):
        if rng.random() < chance:
            rgb = change(rng, rgb)
    return rgb


def clouds(
    rng: np.random.Generator, size_hw: tuple[int, int], cells: int = 5
) -> NDArray[np.float32]:
    """Smooth random blotches, (h, w) float32, 0 to 1."""
    out = np.zeros(size_hw, np.float32)
    # Two finer layers break the outlines up: a single one looks like camouflage.
    for layer, share in ((1, 0.55), (3, 0.28), (8, 0.17)):
        rows = cells * layer
        coarse = rng.random((rows, max(round(rows * size_hw[1] / size_hw[0]), 2)), np.float32)
        out += share * cv2.resize(coarse, size_hw[::-1], interpolation=cv2.INTER_LINEAR)
    return out


def _faded(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    amount = rng.uniform(0.1, 0.5)
    return rgb * (1 - amount) + amount * rng.uniform(130, 215)


def _dirty(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    earth = np.array([95, 82, 64], np.float32) * rng.uniform(0.5, 1.4)
    veil = clouds(rng, rgb.shape[:2], int(rng.integers(1, 5)))[..., None] ** 1.5 * rng.uniform(
        0.15, 0.75
    )
    return rgb * (1 - veil) + earth * veil


def _scratched(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    height, width = rgb.shape[:2]
    for _ in range(int(rng.integers(1, 8))):
        start = np.array([rng.uniform(0, width), rng.uniform(0, height)])
        end = start + rng.normal(0, height * 0.4, 2)
        shade = float(rng.choice([60.0, 180.0, 225.0]))
        cv2.line(
            rgb,
            start.astype(int).tolist(),
            end.astype(int).tolist(),
            (shade, shade, shade),
            1,
            cv2.LINE_AA,
        )
    return rgb


def _muddy(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    mud = np.array([88, 72, 52], np.float32) * rng.uniform(0.5, 1.3)
    height = rgb.shape[0]
    depth = np.linspace(-0.35, 0.35, height, dtype=np.float32)[:, None] * rng.uniform(0.3, 1.5)
    cover = np.clip(
        (clouds(rng, rgb.shape[:2], 2) + depth - rng.uniform(0.4, 0.65)) * rng.uniform(2.5, 7),
        0,
        0.9,
    )[..., None]
    return rgb * (1 - cover) + mud * cover


def _shaded(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    """The edge of a shadow falls across the plate."""
    height, width = rgb.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.ogrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    side = (x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.35, 0.35)) * rng.uniform(6, 80)
    return (
        rgb
        * (1 - rng.uniform(0.25, 0.65) * np.clip(side + 0.5, 0, 1)).astype(np.float32)[..., None]
    )


def _glare(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    height, width = rgb.shape[:2]
    y, x = np.ogrid[:height, :width]
    cx, cy, spread = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.2, 0.9) * height
    spot = np.exp(-(((x - cx) / (spread * rng.uniform(1, 3))) ** 2 + ((y - cy) / spread) ** 2))
    return rgb + (spot * rng.uniform(50, 150)).astype(np.float32)[..., None]


def _flash(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    """A flash or headlamp in the dark: the reflecting ground burns out and spills over the
    characters."""
    bright = rgb * rng.uniform(1.05, 1.4) + rng.uniform(10, 60)
    glow = cv2.GaussianBlur(bright, (0, 0), rgb.shape[0] * rng.uniform(0.03, 0.1))
    return np.maximum(bright, glow * rng.uniform(0.5, 0.85))


def _blurred(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    """Somebody already blurred or pixelated the plate; it still has to be found."""
    height, width = rgb.shape[:2]
    if rng.random() < 0.6:
        return cv2.GaussianBlur(rgb, (0, 0), height * rng.uniform(0.04, 0.2))
    rows = int(rng.integers(2, 7))
    small = cv2.resize(
        rgb, (max(round(rows * width / height), 2), rows), interpolation=cv2.INTER_AREA
    )
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
