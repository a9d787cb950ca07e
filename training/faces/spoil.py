"""Spoils a crop in the ways in which real pictures are bad: what hides a face, light, blur, noise,
compression.

The labels of the clean picture stay true; a face of which hardly anything is left becomes one of
which nothing is learned.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

HIDDEN = 0.3
"""Share of faces of which something is hidden."""

LARGEST_BLUR = 0.22
"""Blur, as a share of a face's height, above which nobody could say that it is one."""

SMALLEST = 8.0
"""Height in pixels from which a face is learned."""

Rng = np.random.Generator


def hidden(rng: Rng, rgb: NDArray[np.uint8], box: NDArray[np.float32]) -> None:
    """Hides a part of one face, in place: its lower or upper part, the eyes, a side, or a patch in
    its middle."""
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    kind = rng.integers(5)
    if kind == 0:  # a mask
        top = y1 + height * rng.uniform(0.45, 0.62)
        ridge, chin = [(x1 + x2) / 2, top - height * 0.08], width * 0.12
        part = np.array([[x1, top], ridge, [x2, top], [x2 - chin, y2], [x1 + chin, y2]])
    elif kind == 1:  # a hat, a helmet, a hood
        low = y1 + height * rng.uniform(0.2, 0.38)
        part = np.array(
            [
                [x1 - width * 0.15, low],
                [x1, y1 - height * 0.4],
                [x2, y1 - height * 0.4],
                [x2 + width * 0.15, low],
            ]
        )
    elif kind == 2:  # sunglasses, a bar
        top, low = y1 + height * rng.uniform(0.2, 0.32), y1 + height * rng.uniform(0.42, 0.55)
        part = np.array([[x1, top], [x2, top], [x2, low], [x1, low]])
    elif kind == 3:  # what stands before one side
        at, lean = x1 + width * rng.uniform(0.1, 0.45), width * rng.normal(0, 0.12)
        left, high = x1 - width * 0.2, y1 - height * 0.2
        part = np.array([[left, high], [at + lean, high], [at, y2], [left, y2]])
        if rng.random() < 0.5:
            part[:, 0] = x1 + x2 - part[:, 0]
    else:  # a hand, a microphone
        angles = np.linspace(0, 2 * np.pi, 14)[:-1]
        reach = np.array([width, height]) * rng.uniform(0.16, 0.3, 2)
        at = np.array([x1, y1]) + np.array([width, height]) * rng.uniform(0.2, 0.9, 2)
        part = at + np.stack([np.cos(angles), np.sin(angles)], 1) * reach * rng.uniform(
            0.8, 1.2, (13, 1)
        )
    mask = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(part).astype(np.int32)], 255)
    rgb[mask > 0] = _covering(rng, rgb)[mask > 0]


def _covering(rng: Rng, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Another part of the same picture, or a colour with folds."""
    if rng.random() < 0.4:
        return np.roll(rgb, tuple(int(v) for v in rng.integers(30, rgb.shape[0] - 30, 2)), (0, 1))
    colour = rng.integers(0, 256, 3) if rng.random() < 0.5 else np.full(3, rng.integers(0, 256))
    coarse = rng.normal(0, 14, (9, 9)).astype(np.float32)
    folds = cv2.resize(coarse, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(colour + folds[..., None], 0, 255).astype(np.uint8)


def spoiled(rng: Rng, rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """The crop in other light, blurred, noisy, compressed; and how far it was blurred, in
    pixels."""
    image, blur = rgb.astype(np.float32), 0.0
    if rng.random() < 0.12:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    elif rng.random() < 0.4:
        image = image * rng.uniform(0.8, 1.2, 3).astype(np.float32)
    image = 255 * np.clip(image / 255, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.25)))
    image = (image - 128) * np.float32(rng.uniform(0.55, 1.3)) + np.float32(128 + rng.normal(0, 15))
    image = _lit(rng, image)
    if rng.random() < 0.35:
        image, blur = _blurred(rng, image)
    if rng.random() < 0.25:
        image, lost = _coarse(rng, image)
        blur = max(blur, lost)
    out = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 85))]
        out = np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", out, quality)[1], cv2.IMREAD_COLOR), np.uint8
        )
    return out, blur


def _lit(rng: Rng, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Night, fog, glare, a face against the light; and the noise of a sensor, which is stronger in
    the dark."""
    size, noise = image.shape[0], rng.uniform(0, 7)
    if rng.random() < 0.18:
        image = np.clip(image, 0, 255) * np.float32(rng.uniform(0.1, 0.5))
        noise = rng.uniform(2, 12)
    elif rng.random() < 0.06:
        share = np.float32(rng.uniform(0.2, 0.65))
        image = image * (1 - share) + np.float32(rng.uniform(150, 235)) * share
    if rng.random() < 0.08:
        y, x = np.mgrid[:size, :size].astype(np.float32)
        at, radius = rng.uniform(0, size, 2), np.float32(rng.uniform(0.06, 0.5) * size)
        glow = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * radius**2))
        image = image + np.float32(rng.uniform(60, 190)) * glow[..., None]
    if rng.random() < 0.5:
        image = image + rng.standard_normal(image.shape, np.float32) * np.float32(noise)
    return np.asarray(image, np.float32)


def _blurred(rng: Rng, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    if rng.random() < 0.5:
        sigma = float(np.exp(rng.uniform(np.log(0.5), np.log(5))))
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32), sigma
    length = int(np.exp(rng.uniform(np.log(3), np.log(22))))
    kernel, angle = np.zeros((length, length), np.float32), rng.uniform(0, np.pi)
    middle, reach = np.full(2, length / 2), np.array([np.cos(angle), np.sin(angle)]) * length / 2
    cv2.line(kernel, *(tuple(int(v) for v in middle + sign * reach) for sign in (-1, 1)), 1.0, 1)
    return np.asarray(
        cv2.filter2D(image, -1, kernel / max(float(kernel.sum()), 1.0)), np.float32
    ), length / 3.5


def _coarse(rng: Rng, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """As from a small picture that was enlarged."""
    times, size = rng.uniform(1.3, 3.5), image.shape[0]
    small = cv2.resize(image, None, fx=1 / times, fy=1 / times, interpolation=cv2.INTER_AREA)
    way = cv2.INTER_LINEAR if rng.random() < 0.6 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(small, (size, size), interpolation=way), np.float32), times / 2.5
