"""From a labelled picture to a training crop: another scale, angle, light, camera and compression
each time."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pictures import Labelled

HEIGHTS = (7.0, 220.0)
"""Plates are shown in crops at these heights, in pixels; log-uniform."""

MOST_UPSCALE = 2.5
"""Beyond that a picture shows only its own blur."""

LEAST_VISIBLE = 0.3
"""Share of a plate inside of the crop from which it counts; below, nothing is learned there."""

CUT = 0.2
"""Share of the crops with the plate on an edge: what leaves the picture is half a plate."""

PADDED, PAD = 0.4, 32
"""Share of the crops that end in black at the right and below, and up to so many pixels: a picture
is filled up to a multiple of the network's stride."""

SMALLEST = 6.0
"""Pixels of height below which a plate cannot be told from a bright spot."""


def crop(rng: np.random.Generator, picture: Labelled, size: int) -> Labelled:
    """A (size, size) crop, at random scale and angle, most often around one of the plates, or of
    what was taken for one."""
    places = np.concatenate([picture.xyxy[~picture.ignore], picture.alike])
    height, width = picture.rgb.shape[:2]
    at = np.array([rng.uniform(0, width), rng.uniform(0, height)])
    scale = float(np.exp(rng.uniform(np.log(0.5), np.log(1.6))))
    if len(places) and rng.random() < 0.85:
        box = places[rng.integers(len(places))]
        at = (box[:2] + box[2:]) / 2
        scale = float(np.exp(rng.uniform(*np.log(HEIGHTS)))) / max(float(box[3] - box[1]), 1.0)
    scale = float(np.clip(scale, 0.75 * size / max(height, width), MOST_UPSCALE))
    matrix = crop_matrix(rng, at, scale, size, (width, height))
    made = warped(picture, matrix, size, tuple(int(v) for v in rng.integers(0, 200, 3)))
    return _padded(made, rng.integers(1, PAD, 2)) if rng.random() < PADDED else made


def crop_matrix(
    rng: np.random.Generator,
    at: NDArray[np.float64],
    scale: float,
    size: int,
    size_wh: tuple[int, int],
) -> NDArray[np.float64]:
    """(3, 3) from picture to crop:

    `at` lands somewhere in the crop, turned a little, sheared, now and then mirrored.
    """
    degrees = rng.normal(0, 4) if rng.random() < 0.8 else rng.uniform(-35, 35)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    stretch = np.exp(rng.normal(0, 0.1))
    linear = np.array([[c, -s], [s, c]]) @ np.array(
        [[1, rng.normal(0, 0.06)], [rng.normal(0, 0.04), 1]]
    )
    linear = linear @ np.diag(
        [scale * stretch * (-1 if rng.random() < 0.4 else 1), scale / stretch]
    )
    goal = size * rng.uniform(0.02, 0.98, 2)
    if rng.random() < CUT:
        goal[rng.integers(2)] = size * (rng.integers(2) + rng.normal(0, 0.03))
    # Where the picture is larger than the crop, no emptiness beside it: its middle stays near
    # enough.
    middle, room = (
        linear @ (np.array(size_wh) / 2 - at) + goal,
        np.maximum(scale * np.array(size_wh) - size, 0) / 2,
    )
    goal += np.clip(middle, size / 2 - room, size / 2 + room) - middle
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = goal - linear @ at
    return matrix


def warped(
    picture: Labelled, matrix: NDArray[np.float64], size: int, beside: tuple[int, ...]
) -> Labelled:
    """The picture under an affine map, with its boxes; `beside` is the colour around it."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    rgb = picture.rgb
    if scale < 0.5:  # a warp reads four pixels; shrinking needs them all
        small = max(2 * scale, 1.0 / min(rgb.shape[:2]))
        rgb = cv2.resize(rgb, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
        matrix = matrix @ np.diag(
            [picture.rgb.shape[1] / rgb.shape[1], picture.rgb.shape[0] / rgb.shape[0], 1]
        )
        boxes = picture.xyxy * np.float32(small)
    else:
        boxes = picture.xyxy
    out = cv2.warpAffine(rgb, matrix[:2], (size, size), flags=cv2.INTER_LINEAR, borderValue=beside)
    hulls = turned_hulls(boxes, matrix)
    inside = np.clip(hulls, 0, size)
    share = areas(inside) / np.maximum(areas(hulls), 1e-6)
    is_there = share > 0.02
    is_faint = (share < LEAST_VISIBLE) | (inside[:, 3] - inside[:, 1] < SMALLEST)
    return Labelled(out, inside[is_there].astype(np.float32), (picture.ignore | is_faint)[is_there])


def _padded(made: Labelled, pad_xy: NDArray[np.int64]) -> Labelled:
    size = made.rgb.shape[0]
    made.rgb[size - pad_xy[1] :] = 0
    made.rgb[:, size - pad_xy[0] :] = 0
    inside = np.minimum(made.xyxy, np.tile(size - pad_xy, 2)).astype(np.float32)
    is_faint = (areas(inside) < LEAST_VISIBLE * areas(made.xyxy)) | (
        inside[:, 3] - inside[:, 1] < SMALLEST
    )
    is_there = areas(inside) > 0
    return Labelled(made.rgb, inside[is_there], (made.ignore | is_faint)[is_there])


def turned_hulls(boxes: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    corners = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    moved = corners @ matrix[:2, :2].T + matrix[:2, 2]
    return np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1)


def areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)


def photographed(rng: np.random.Generator, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same crop in other light, through another lens, and compressed."""
    image = rgb.astype(np.float32)
    if rng.random() < 0.08:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    if rng.random() < 0.5:
        image = image * rng.uniform(0.85, 1.15, 3).astype(np.float32)
    image = 255 * np.clip(image / 255, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.2)))
    image = (image - 128) * np.float32(rng.uniform(0.7, 1.3)) + np.float32(128 + rng.normal(0, 12))
    if rng.random() < 0.1:
        image = image * np.float32(rng.uniform(0.15, 0.5))  # night
    if rng.random() < 0.05:
        image = image + np.float32(rng.uniform(60, 160)) * _glow(rng, image.shape[0])[..., None]
    if rng.random() < 0.25:
        image = _blurred(rng, image)
    if rng.random() < 0.35:
        image = image + rng.standard_normal(image.shape, np.float32) * np.float32(
            rng.uniform(2, 16)
        )
    out = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        out = cv2.imdecode(cv2.imencode(".jpg", out, quality)[1], cv2.IMREAD_COLOR)
    return out


def _glow(rng: np.random.Generator, size: int) -> NDArray[np.float32]:
    y, x = np.mgrid[:size, :size].astype(np.float32)
    at, radius = rng.uniform(0, size, 2), rng.uniform(0.05, 0.4) * size
    return np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / np.float32(2 * radius**2)).astype(
        np.float32
    )


def _blurred(rng: np.random.Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.2)), np.float32)
    length = int(rng.integers(3, 12))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    middle = np.array([length / 2, length / 2])
    cv2.line(kernel, *(tuple(int(v) for v in middle + sign * reach) for sign in (-1, 1)), 1.0, 1)
    return np.asarray(cv2.filter2D(image, -1, kernel / max(float(kernel.sum()), 1.0)), np.float32)
