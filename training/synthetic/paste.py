"""Puts a drawn patch into a picture as if it had been there when the picture was taken.

Only a window around the patch is touched, and the patch is reduced before it is warped: both keep a
paste at a few milliseconds, and reducing first keeps fine strokes from breaking up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST_INSIDE = 0.35
"""Share of a plate that must be in the picture for it to count as visible."""
LEAST_PX = 5.0
"""A plate lower than this is a smear nobody could box."""
SPARE_PX = 6
"""Room around the patch for soft edges and shadow."""

Rgb = NDArray[np.uint8]
Box = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pose:
    """How the patch is turned: radians, and the camera's distance in patch widths."""

    yaw: float
    pitch: float
    roll: float
    distance: float


def random_pose(rng: np.random.Generator) -> Pose:
    """Mostly near to frontal, up to 60 degrees of yaw; small roll, sometimes up to 35 degrees."""
    yaw = np.radians(np.clip(rng.normal(0, 24), -60, 60))
    roll = np.radians(
        rng.uniform(-35, 35) if rng.random() < 0.08 else np.clip(rng.normal(0, 5), -15, 15)
    )
    return Pose(
        float(yaw), float(np.radians(rng.normal(0, 10))), float(roll), float(rng.uniform(2.5, 10))
    )


def paste(
    rng: np.random.Generator,
    picture_rgb: Rgb,
    patch_rgba: Rgb,
    height_px: float,
    centre_xy: tuple[float, float],
    plate_box: Sequence[float] | Box | None = None,
) -> tuple[Rgb, Box | None]:
    """Pastes a patch into `picture_rgb`, which is changed in place, and returned with the box of
    what is visible.

    height_px   height of the plate before it is turned: of `plate_box` in the patch, or of the
                whole patch without one.
    centre_xy   where the plate's middle comes to lie, px; may lie outside of the picture.
    plate_box   box_xyxy in the patch, as `vehicle_back` gives it.

    The box is (4,) float32 xyxy, clipped to the picture, or None where too little of the plate is
    inside.
    """
    patch, box = _scaled(patch_rgba, height_px, plate_box)
    matrix = _placed(_homography(patch.shape[1], patch.shape[0], random_pose(rng)), box, centre_xy)
    corners = _warp(matrix, _corners(0, 0, patch.shape[1], patch.shape[0]))
    window = _window(corners, picture_rgb.shape)
    if window is not None:
        _blend(rng, picture_rgb, patch, matrix, window)
    return picture_rgb, _visible(_warp(matrix, _chamfered(*box)), picture_rgb.shape)


def _scaled(
    patch: Rgb, height_px: float, plate_box: Sequence[float] | Box | None
) -> tuple[Rgb, tuple[float, float, float, float]]:
    """The patch at its final size, and the plate's box in it."""
    height, width = patch.shape[:2]
    x1, y1, x2, y2 = (
        (0.0, 0.0, float(width), float(height))
        if plate_box is None
        else (float(v) for v in plate_box)
    )
    scale = height_px / (y2 - y1)
    new_w, new_h = max(round(width * scale), 2), max(round(height * scale), 2)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    kx, ky = new_w / width, new_h / height
    return cv2.resize(patch, (new_w, new_h), interpolation=how), (
        x1 * kx,
        y1 * ky,
        x2 * kx,
        y2 * ky,
    )


def _corners(x1: float, y1: float, x2: float, y2: float) -> NDArray[np.float64]:
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], np.float64)


def _chamfered(x1: float, y1: float, x2: float, y2: float) -> NDArray[np.float64]:
    """The plate's outline with its corners cut off, as plates are rounded: a turned plate's hull is
    otherwise too large."""
    c = 0.03 * min(x2 - x1, y2 - y1)
    xs = [x1 + c, x2 - c, x2, x2, x2 - c, x1 + c, x1, x1]
    ys = [y1, y1, y1 + c, y2 - c, y2, y2, y2 - c, y1 + c]
    return np.column_stack([xs, ys])


def _homography(width: int, height: int, pose: Pose) -> NDArray[np.float64]:
    """Turns a flat patch in space around its middle and looks at it from `pose.distance`."""
    (cy, sy), (cp, sp), (cr, sr) = (
        (np.cos(a), np.sin(a)) for a in (pose.yaw, pose.pitch, pose.roll)
    )
    turn_yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    turn_pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    turn_roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    turned = turn_roll @ turn_pitch @ turn_yaw
    distance = pose.distance * max(width, height)
    # A point (x, y, 0) goes to turned[:, :2] @ (x, y), pushed away by the distance, and is
    # projected.
    projected = np.column_stack([turned[:, 0], turned[:, 1], [0, 0, distance]])
    projected[2] /= distance
    return projected @ np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])


def _warp(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return out[:, :2] / out[:, 2:]


def _placed(
    matrix: NDArray[np.float64],
    box: tuple[float, float, float, float],
    centre_xy: tuple[float, float],
) -> NDArray[np.float64]:
    """Moves the plate's middle to where it is wanted."""
    middle = _warp(matrix, _corners(*box)).mean(0)
    dx, dy = np.asarray(centre_xy) - middle
    return np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1]]) @ matrix


def _window(
    corners: NDArray[np.float64], shape: tuple[int, ...]
) -> tuple[int, int, int, int] | None:
    """Whole-pixel window around the patch, x1 y1 x2 y2, inside of the picture; None where it lies
    outside."""
    x1, y1 = np.maximum(np.floor(corners.min(0)).astype(int) - SPARE_PX, 0).tolist()
    x2, y2 = np.minimum(
        np.ceil(corners.max(0)).astype(int) + SPARE_PX, [shape[1], shape[0]]
    ).tolist()
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def _visible(quad: NDArray[np.float64], shape: tuple[int, ...]) -> Box | None:
    height, width = shape[:2]
    x1, y1 = np.maximum(quad.min(0), 0)
    x2, y2 = np.minimum(quad.max(0), [width, height])
    if x2 <= x1 or y2 - y1 < LEAST_PX:
        return None
    whole = np.prod(quad.max(0) - quad.min(0))
    return (
        np.array([x1, y1, x2, y2], np.float32)
        if (x2 - x1) * (y2 - y1) >= LEAST_INSIDE * whole
        else None
    )


def _blend(
    rng: np.random.Generator,
    picture: Rgb,
    patch: Rgb,
    matrix: NDArray[np.float64],
    window: tuple[int, int, int, int],
) -> None:
    x1, y1, x2, y2 = window
    here = np.array([[1, 0, -x1], [0, 1, -y1], [0, 0, 1]]) @ matrix
    size = (x2 - x1, y2 - y1)
    around = picture[y1:y2, x1:x2]
    rgb = cv2.warpPerspective(
        np.ascontiguousarray(patch[..., :3]),
        here,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    cover = cv2.warpPerspective(
        np.ascontiguousarray(patch[..., 3]), here, size, flags=cv2.INTER_LINEAR
    )
    rgb = _lit(rng, rgb, _surroundings(picture, window))
    rgb, cover = _blurred(rng, rgb, cover, min(patch.shape[:2]))
    rgb = _noisy(rng, rgb, around)
    weight = cover.astype(np.float32) * np.float32(1 / 255)
    if rng.random() < 0.6:
        around[:] = _shadowed(rng, around, weight)
    picture[y1:y2, x1:x2] = cv2.blendLinear(rgb, np.ascontiguousarray(around), weight, 1 - weight)


def _surroundings(picture: Rgb, window: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """A few hundred pixels from around the window, (n, 3) float32."""
    x1, y1, x2, y2 = window
    pad_x, pad_y = (x2 - x1) // 2 + 8, (y2 - y1) // 2 + 8
    part = picture[max(y1 - pad_y, 0) : y2 + pad_y, max(x1 - pad_x, 0) : x2 + pad_x]
    return (
        part[:: max(part.shape[0] // 20, 1), :: max(part.shape[1] // 20, 1)]
        .reshape(-1, 3)
        .astype(np.float32)
    )


def _lit(rng: np.random.Generator, rgb: Rgb, near: NDArray[np.float32]) -> Rgb:
    """Brings the patch to the light of its place: a white plate becomes as bright as the brighter
    things around it."""
    if rng.random() < 0.2:
        gain, lift = np.full(3, rng.uniform(0.5, 1.2)), rng.uniform(-10, 20)
    else:
        bright = float(np.quantile(near.mean(1), 0.85))
        dark = float(np.quantile(near.mean(1), 0.05))
        cast = (near.mean(0) + 20) / (near.mean() + 20)
        white = np.clip(bright * rng.uniform(0.85, 1.45) + 15, 50, 260)
        lift = dark * rng.uniform(0.1, 0.7)
        gain = (white - lift) / 245 * cast ** rng.uniform(0.1, 0.6)
    table = np.clip(np.arange(256)[:, None] * gain + lift, 0, 255).astype(np.uint8)
    return cv2.LUT(rgb, table[None])


def _blurred(rng: np.random.Generator, rgb: Rgb, cover: Rgb, size_px: int) -> tuple[Rgb, Rgb]:
    """Lens and motion, in proportion to the patch: small plates bear less before nothing is left of
    them."""
    sigma = (
        abs(rng.normal(0, 0.6))
        + 0.25
        + (rng.uniform(0.01, 0.05) * size_px if rng.random() < 0.12 else 0)
    )
    rgb, cover = (
        cv2.GaussianBlur(rgb, (0, 0), min(sigma, 6)),
        cv2.GaussianBlur(cover, (0, 0), min(max(sigma, 0.45), 6)),
    )
    if rng.random() < 0.15:
        kernel = _motion(rng, int(np.clip(size_px * rng.uniform(0.05, 0.25), 3, 25)))
        rgb, cover = cv2.filter2D(rgb, -1, kernel), cv2.filter2D(cover, -1, kernel)
    return rgb, cover


def _motion(rng: np.random.Generator, length: int) -> NDArray[np.float32]:
    kernel = np.zeros((length, length), np.float32)
    angle, half = rng.normal(0, 0.4), (length - 1) / 2
    dx, dy = half * np.cos(angle), half * np.sin(angle)
    cv2.line(
        kernel,
        (round(half - dx), round(half - dy)),
        (round(half + dx), round(half + dy)),
        1.0,
        1,
        cv2.LINE_AA,
    )
    return kernel / kernel.sum()


def _noisy(rng: np.random.Generator, rgb: Rgb, around: Rgb) -> Rgb:
    """Adds grain of about the strength that the picture has here."""
    grey = around[::2, ::2, 1].astype(np.int16)
    rough = float(np.median(np.abs(np.diff(grey, axis=1)))) if grey.shape[1] > 1 else 0.0
    sigma = min(rough * 0.7, 8) * rng.uniform(0.3, 1.0) + rng.uniform(0, 1.5)
    # cv2's generator is an order faster than numpy's here; it is seeded from ours, so pastes stay
    # repeatable.
    cv2.setRNGSeed(int(rng.integers(2**31)))
    grain = np.empty(rgb.shape, np.int16)
    cv2.randn(grain, np.zeros(3), np.full(3, sigma))
    return cv2.add(rgb, grain, dtype=cv2.CV_8U)


def _shadowed(rng: np.random.Generator, around: Rgb, weight: NDArray[np.float32]) -> Rgb:
    spread = cv2.GaussianBlur(weight, (0, 0), rng.uniform(1, 2.5))
    spread = np.roll(spread, (int(rng.integers(0, 3)), int(rng.integers(-1, 2))), (0, 1))
    dim = 1 - spread * np.float32(rng.uniform(0.2, 0.65))
    return cv2.blendLinear(
        np.ascontiguousarray(around), np.zeros_like(around), dim, np.zeros_like(dim)
    )
