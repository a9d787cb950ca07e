"""Sprites that pass in front: drawn shapes with an outline, and their place in each frame.

They only have to hide the face and look real enough to a detector: soft edges, shading, some grain.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from efface.bench.camera_path import Rgb
from efface.geometry import Size

DRAWING_SCALE = 4
"""Shapes are drawn this many times larger, then reduced, which softens their edges."""

HIDING_OPACITY = 0.5
"""Opacity from which a pixel hides what is behind it."""

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """One sprite and its path.

    rgb     (h, w, 3) uint8.
    alpha   (h, w) float32, 0 to 1: opacity.
    corner  (n, 2) float64, x and y of its upper left corner in each frame, pixels; NaN in frames
            without it.
    """

    rgb: Rgb
    alpha: NDArray[np.float32]
    corner: NDArray[np.float64]

    def layer(
        self, frame: int, size_wh: Size
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Return colour (h, w, 3), weighted by opacity, and opacity (h, w) in that frame; None if
        it is absent there."""
        if np.isnan(self.corner[frame]).any():
            return None
        x, y = self.corner[frame]
        matrix = np.array([[1, 0, x], [0, 1, y]])
        weighted = np.dstack([self.rgb * self.alpha[..., None], self.alpha]).astype(np.float32)
        placed = cv2.warpAffine(weighted, matrix, size_wh, flags=cv2.INTER_LINEAR)
        placed = _smeared(np.asarray(placed, np.float32), self._speed(frame))
        return placed[..., :3], placed[..., 3]

    def _speed(self, frame: int) -> NDArray[np.float64]:
        """Return (2,) pixels per frame."""
        near = self.corner[max(0, frame - 1) : frame + 2]
        steps = np.diff(near[~np.isnan(near).any(axis=1)], axis=0)
        return np.abs(steps).max(axis=0) if len(steps) else np.zeros(2)


def _smeared(layer: NDArray[np.float32], speed: NDArray[np.float64]) -> NDArray[np.float32]:
    """Smear the layer as a shutter that is open for two fifths of the time would."""
    width, height = (1 + 2 * int(v * 0.2) for v in speed)
    return np.asarray(
        cv2.blur(layer, (width, height)) if width > 1 or height > 1 else layer, np.float32
    )


def put(
    picture: NDArray[np.float32], sprites: tuple[Sprite, ...], frame: int
) -> NDArray[np.bool_] | None:
    """Draw the sprites into the picture (h, w, 3), in order. Returns (h, w) what they hide, or None
    if none is present."""
    height, width = picture.shape[:2]
    hidden: NDArray[np.bool_] | None = None
    for sprite in sprites:
        if (layer := sprite.layer(frame, (width, height))) is not None:
            colour, alpha = layer
            picture *= 1 - alpha[..., None]
            picture += colour
            hidden = (alpha >= HIDING_OPACITY) | (False if hidden is None else hidden)
    return hidden


def _finished(
    mask: NDArray[np.uint8], colours: NDArray[np.uint8], size_wh: Size, random: Generator
) -> tuple[Rgb, NDArray[np.float32]]:
    """Return colour and opacity of a drawn shape at its own size, with light from one side, folds
    and grain."""
    alpha = np.asarray(
        cv2.resize(mask, size_wh, interpolation=cv2.INTER_AREA), np.float32
    ) / np.float32(255)
    flat = cv2.resize(colours, size_wh, interpolation=cv2.INTER_AREA).astype(np.float32)
    width, height = size_wh
    left, right = random.uniform(0.75, 1.25, 2)
    light = np.linspace(left, right, width)[None, :] * np.ones((height, 1))
    noise = random.standard_normal((height, width)).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), max(1.5, width / 14)), np.float32)
    folds = soft / np.float32(max(float(soft.std()), 1e-6))
    grain = random.standard_normal((height, width)).astype(np.float32) * 3
    shaded = flat * (light + 0.1 * folds)[..., None] + grain[..., None]
    return np.clip(shaded, 0, 255).astype(np.uint8), alpha


def person(size_wh: Size, random: Generator) -> tuple[Rgb, NDArray[np.float32]]:
    """Draw a person from behind: hair, neck, shoulders and a coat, which fill the width and reach
    the lower rim."""
    w, h = (n * DRAWING_SCALE for n in size_wh)
    mask, colours = np.zeros((h, w), np.uint8), np.zeros((h, w, 3), np.uint8)
    hair = random.uniform(15, 80) * np.array([1, 0.85, 0.7])
    coat = random.uniform(25, 170) + random.uniform(-25, 25, 3)
    head = w * 0.27
    shoulders = int(head * 2.7)
    colours[:shoulders], colours[shoulders:] = hair, np.clip(coat, 0, 255)
    _round_rectangle(mask, (int(w * 0.03), shoulders, int(w * 0.97), h * 2), int(head * 1.1))
    neck = (
        (int(w / 2 - head * 0.5), int(head * 1.8)),
        (int(w / 2 + head * 0.5), shoulders + int(head * 0.25)),
    )
    cv2.rectangle(mask, *neck, 255, -1)
    cv2.rectangle(colours, *neck, tuple(hair * 1.6 + 10), -1)
    cv2.ellipse(mask, (w // 2, int(head * 1.3)), (int(head), int(head * 1.28)), 0, 0, 360, 255, -1)
    cv2.ellipse(
        colours,
        (w // 2, int(head * 1.3)),
        (int(head * 1.05), int(head * 1.33)),
        0,
        0,
        360,
        tuple(hair),
        -1,
    )
    return _finished(mask, colours, size_wh, random)


def hand(size_wh: Size, skin: Colour, random: Generator) -> tuple[Rgb, NDArray[np.float32]]:
    """Draw a raised hand, 1.35 times as high as wide, its fingers a little apart; the arm reaches
    the lower rim."""
    w, h = (n * DRAWING_SCALE for n in size_wh)
    high = w * 1.35
    mask, colours = np.zeros((h, w), np.uint8), np.zeros((h, w, 3), np.uint8)
    colours[:] = skin
    fingers = [
        ((0.24 + 0.17 * i, 0.50), (0.17 + 0.205 * i, y))
        for i, y in enumerate((0.14, 0.06, 0.07, 0.17))
    ]
    _round_rectangle(
        mask, (int(w * 0.16), int(high * 0.42), int(w * 0.82), int(high * 0.85)), int(w * 0.2)
    )
    arm = [(0.27, 0.7), (0.71, 0.7), (0.73, 1.0), (0.85, h / high), (0.15, h / high), (0.25, 1.0)]
    cv2.fillPoly(mask, [np.array([(x * w, y * high) for x, y in arm], np.int32)], (255,))
    for (x1, y1), (x2, y2) in (*fingers, ((0.75, 0.68), (0.92, 0.42))):
        cv2.line(
            mask,
            (int(x1 * w), int(y1 * high)),
            (int(x2 * w), int(y2 * high)),
            255,
            int(w * 0.15),
            cv2.LINE_AA,
        )
    for x in (
        0.32,
        0.49,
        0.66,
    ):  # darker between the fingers; otherwise they merge into one surface
        gap = tuple(0.6 * c for c in skin)
        cv2.line(
            colours,
            (int(x * w), int(0.3 * high)),
            (int(x * w), int(0.52 * high)),
            gap,
            max(1, int(w * 0.02)),
            cv2.LINE_AA,
        )
    return _finished(mask, colours, size_wh, random)


def bar(size_wh: Size, random: Generator) -> tuple[Rgb, NDArray[np.float32]]:
    """Draw a post, as a passing camera sees it."""
    w, h = (n * DRAWING_SCALE for n in size_wh)
    colours = np.empty((h, w, 3), np.uint8)
    colours[:] = random.uniform(40, 160, 3)
    return _finished(np.full((h, w), 255, np.uint8), colours, size_wh, random)


def _round_rectangle(mask: NDArray[np.uint8], box: tuple[int, int, int, int], radius: int) -> None:
    x1, y1, x2, y2 = box
    radius = min(radius, (x2 - x1) // 2, (y2 - y1) // 2)
    cv2.rectangle(mask, (x1 + radius, y1), (x2 - radius, y2), 255, -1)
    cv2.rectangle(mask, (x1, y1 + radius), (x2, y2 - radius), 255, -1)
    for x in (x1 + radius, x2 - radius):
        for y in (y1 + radius, y2 - radius):
            cv2.circle(mask, (x, y), radius, 255, -1)
