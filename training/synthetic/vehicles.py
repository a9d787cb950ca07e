"""Crude backs and fronts of vehicles with a plate in its place, so that a detector learns what
stands around plates."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

PLATE_PX = 150
"""Width a plate is reduced to before the vehicle is drawn around it: a car is then some 550 px
wide."""
PAINTS = (
    (240, 240, 240),
    (25, 26, 28),
    (130, 133, 138),
    (190, 194, 198),
    (150, 20, 25),
    (25, 50, 110),
    (60, 75, 60),
    (200, 170, 40),
)

Box = NDArray[np.float32]


def vehicle_back(
    rng: np.random.Generator, plate_rgba: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], Box]:
    """A vehicle's end with the plate on it:

    (h, w, 4) uint8 RGBA, and the plate's box_xyxy (4,) float32 within.
    """
    plate = _reduced(plate_rgba)
    is_square = plate.shape[1] < plate.shape[0] * 1.7
    rgba, centre = _motorcycle(rng, plate) if is_square and rng.random() < 0.6 else _car(rng, plate)
    box = _mount(rng, rgba, plate, centre)
    return rgba, box


def _reduced(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = rgba.shape[:2]
    scale = PLATE_PX / width if width > height * 1.7 else PLATE_PX * 0.55 / width
    return cv2.resize(
        rgba, (round(width * scale), max(round(height * scale), 4)), interpolation=cv2.INTER_AREA
    )


def _mount(
    rng: np.random.Generator,
    rgba: NDArray[np.uint8],
    plate: NDArray[np.uint8],
    centre: tuple[int, int],
) -> Box:
    height, width = plate.shape[:2]
    x, y = centre[0] - width // 2, centre[1] - height // 2
    if rng.random() < 0.7:  # the recess, or the shadow under the plate
        pad = int(rng.integers(2, 10))
        dark = rng.uniform(0.25, 0.8)
        part = rgba[y - pad : y + height + pad, x - pad : x + width + pad, :3]
        part[:] = (part * dark).astype(np.uint8)
    spot = rgba[y : y + height, x : x + width]
    cover = plate[..., 3:].astype(np.uint16)
    spot[..., :3] = (plate[..., :3] * cover + spot[..., :3] * (255 - cover)) // 255
    spot[..., 3] = 255
    return np.array([x, y, x + width, y + height], np.float32)


def _car(
    rng: np.random.Generator, plate: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    width, height = int(PLATE_PX * rng.uniform(3.2, 4.0)), int(PLATE_PX * rng.uniform(2.2, 3.2))
    rgba = np.zeros((height, width, 4), np.uint8)
    paint = np.clip(np.array(PAINTS[int(rng.integers(len(PAINTS)))]) + rng.normal(0, 15, 3), 5, 250)
    _body(rgba, paint, rng)
    is_front = rng.random() < 0.5
    _window(rgba, rng)
    _lights(rgba, rng, is_front)
    bumper = int(height * rng.uniform(0.68, 0.78))
    tone = paint * rng.uniform(0.6, 0.95) if rng.random() < 0.6 else np.full(3, rng.uniform(25, 70))
    cv2.rectangle(
        rgba,
        (int(width * 0.03), bumper),
        (int(width * 0.97), int(height * 0.93)),
        (*tone.tolist(), 255),
        -1,
    )
    cv2.line(
        rgba,
        (int(width * 0.03), bumper),
        (int(width * 0.97), bumper),
        (*(tone * 0.5).tolist(), 255),
        2,
        cv2.LINE_AA,
    )
    if is_front:
        _grille(rgba, rng, bumper)
    low = is_front or rng.random() < 0.5
    y = bumper + int(height * 0.1) if low else int(height * rng.uniform(0.52, 0.6))
    y = min(max(y, plate.shape[0] // 2 + 12), height - plate.shape[0] // 2 - 12)
    return _shaded(rgba, rng), (width // 2 + int(rng.normal(0, width * 0.01)), y)


def _body(rgba: NDArray[np.uint8], paint: NDArray[np.float64], rng: np.random.Generator) -> None:
    height, width = rgba.shape[:2]
    shoulder, roof = rng.uniform(0.3, 0.45) * height, rng.uniform(0.1, 0.2) * width
    outline = np.array(
        [
            [roof, 4],
            [width - roof, 4],
            [width * 0.97, shoulder],
            [width - 3, height * 0.6],
            [width * 0.97, height * 0.94],
            [width * 0.03, height * 0.94],
            [3, height * 0.6],
            [width * 0.03, shoulder],
        ]
    )
    for x in (0.08, 0.78):  # the wheels
        cv2.rectangle(
            rgba,
            (int(width * x), int(height * 0.85)),
            (int(width * (x + 0.14)), height - 3),
            (18, 18, 18, 255),
            -1,
        )
    cv2.fillPoly(rgba, [_rounded(outline)], (*paint.tolist(), 255), cv2.LINE_AA)


def _rounded(corners: NDArray[np.float64]) -> NDArray[np.int32]:
    """Cuts the corners twice (Chaikin's way): car bodies have none."""
    for _ in range(2):
        following = np.roll(corners, -1, 0)
        corners = np.stack(
            [0.8 * corners + 0.2 * following, 0.2 * corners + 0.8 * following], 1
        ).reshape(-1, 2)
    return corners.astype(np.int32)


def _window(rgba: NDArray[np.uint8], rng: np.random.Generator) -> None:
    height, width = rgba.shape[:2]
    corners = np.array([[0.2, 0.06], [0.8, 0.06], [0.88, 0.36], [0.12, 0.36]]) * [width, height]
    glass = rng.uniform(15, 110) + rng.normal(0, 6, 3)
    cv2.fillConvexPoly(rgba, corners.astype(np.int32), (*glass.tolist(), 255), cv2.LINE_AA)
    # The sky in the glass: a slanted, lighter half.
    shift = rng.uniform(0, 0.35)
    sky = np.array(
        [[0.22 + shift, 0.08], [0.45 + shift, 0.08], [0.35 + shift, 0.34], [0.14 + shift, 0.34]]
    ) * [width, height]
    cv2.fillConvexPoly(
        rgba, sky.astype(np.int32), (*(glass + rng.uniform(10, 60)).tolist(), 255), cv2.LINE_AA
    )


def _lights(rgba: NDArray[np.uint8], rng: np.random.Generator, is_front: bool) -> None:
    height, width = rgba.shape[:2]
    colour = rng.uniform(190, 250, 3) if is_front else np.array([rng.uniform(120, 220), 15, 20])
    w, h, y = (
        rng.uniform(0.1, 0.22) * width,
        rng.uniform(0.07, 0.2) * height,
        rng.uniform(0.42, 0.5) * height,
    )
    shape = np.array([[0, 0.2], [0.9, 0], [1, 0.6], [0.3, 1]]) * [w, h]
    for x, mirror in ((width * 0.04, 1), (width * 0.96, -1)):
        cv2.fillConvexPoly(
            rgba,
            (shape * [mirror, 1] + [x, y]).astype(np.int32),
            (*colour.tolist(), 255),
            cv2.LINE_AA,
        )
        cv2.circle(
            rgba,
            (int(x + mirror * w * 0.5), int(y + h * 0.5)),
            int(h * 0.25),
            (*np.minimum(colour * 1.2, 255).tolist(), 255),
            -1,
            cv2.LINE_AA,
        )


def _grille(rgba: NDArray[np.uint8], rng: np.random.Generator, bumper: int) -> None:
    height, width = rgba.shape[:2]
    top, left = int(height * 0.48), int(width * rng.uniform(0.26, 0.34))
    cv2.rectangle(rgba, (left, top), (width - left, bumper - 4), (20, 20, 22, 255), -1)
    bright = rng.uniform(60, 220)
    for y in range(top + 4, bumper - 6, int(rng.integers(6, 14))):
        cv2.line(rgba, (left, y), (width - left, y), (bright, bright, bright, 255), 2, cv2.LINE_AA)


def _motorcycle(
    rng: np.random.Generator, plate: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Tyre, mudguard, lamp above the plate, indicators at the sides."""
    width, height = int(PLATE_PX * rng.uniform(1.3, 1.8)), int(PLATE_PX * rng.uniform(2.2, 2.8))
    rgba = np.zeros((height, width, 4), np.uint8)
    middle, paint = width // 2, PAINTS[int(rng.integers(len(PAINTS)))]
    cv2.ellipse(
        rgba,
        ((middle, height * 0.75), (width * 0.26, height * 0.48), 0),
        (20, 20, 20, 255),
        -1,
        cv2.LINE_AA,
    )
    cv2.ellipse(
        rgba,
        ((middle, height * 0.2), (width * 0.5, height * 0.36), 0),
        (*paint, 255),
        -1,
        cv2.LINE_AA,
    )
    guard = np.array([[0.36, 0.3], [0.64, 0.3], [0.6, 0.75], [0.4, 0.75]]) * [width, height]
    cv2.fillConvexPoly(rgba, guard.astype(np.int32), (32, 32, 34, 255), cv2.LINE_AA)
    cv2.ellipse(
        rgba,
        ((middle, height * 0.29), (width * 0.3, height * 0.1), 0),
        (190, 20, 20, 255),
        -1,
        cv2.LINE_AA,
    )
    for x in (0.12, 0.88):
        cv2.line(
            rgba,
            (middle, int(height * 0.33)),
            (int(width * x), int(height * 0.33)),
            (30, 30, 30, 255),
            5,
            cv2.LINE_AA,
        )
        cv2.circle(
            rgba,
            (int(width * x), int(height * 0.33)),
            int(width * 0.06),
            (240, 130, 20, 255),
            -1,
            cv2.LINE_AA,
        )
    return _shaded(rgba, rng), (middle, int(height * 0.5))


def _shaded(rgba: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light from above: brighter at the top, dark towards the road."""
    height = rgba.shape[0]
    light = np.linspace(rng.uniform(1.0, 1.25), rng.uniform(0.5, 0.85), height, dtype=np.float32)[
        :, None, None
    ]
    rgba[..., :3] = np.clip(rgba[..., :3] * light, 0, 255).astype(np.uint8)
    return rgba
