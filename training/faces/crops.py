"""From a picture with faces to a training crop: another scale, angle, place and quality each
time."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.faces.pictures import Faces
from training.faces.spoil import HIDDEN, LARGEST_BLUR, SMALLEST, hidden, spoiled

SIZE = 320
"""Side of a crop in pixels."""

HEIGHTS, HEIGHTS_IN_MOSAIC = (9.0, 190.0), (8.0, 70.0)
"""Heights, in pixels, at which faces are shown, log-uniform."""

MOSAIC = 0.3
"""Share of the crops that are made of four smaller ones: pictures of crowds are few."""

AROUND_A_FACE = 0.75
"""Share of the crops that are laid around a face. The others lie anywhere: they show what is not a
face."""

AROUND_ANOTHER, AROUND_ANOTHER_ALONE = 0.4, 0.75
"""Share of the crops that are laid around something that a network took for a face, in pictures
with faces and without."""

MOST_UPSCALE, LEAST_VISIBLE = 2.0, 0.35

AS_IT_IS = 0.35
"""Share of the crops that are not spoiled: what is seen there already shall not be forgotten."""

SURE, LEAST_SURE, SURE_FROM = 0.85, 0.4, 18.0
"""Score that a face shall get, the share of it for the lowest ones, and the height in pixels from
which it is whole."""

LOST = 0.5
"""Share of that score that goes with the largest blur."""


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """(size, size, 3) uint8, and its faces, as in `Faces`."""

    rgb: NDArray[np.uint8]
    xyxy: NDArray[np.float32]
    ignore: NDArray[np.bool_]
    loose: NDArray[np.bool_]
    alike: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A crop, and how it is shown.

    clean   as sharp and as well lit as its picture.
    shown   the same, or spoiled. Its faces are `ignore` where nobody could see them any more.
    chance  (n,) float32: the score that each face shall get at least.
    """

    clean: NDArray[np.uint8]
    shown: Crop
    chance: NDArray[np.float32]


def clean(rng: np.random.Generator, pictures: list[Faces]) -> Crop:
    """One crop, as sharp and as well lit as its pictures."""
    return _mosaic(rng, pictures) if rng.random() < MOSAIC else _one(rng, pictures, SIZE, HEIGHTS)


def sample(rng: np.random.Generator, pictures: list[Faces]) -> Pair:
    """One crop, ready to be looked at."""
    crop = clean(rng, pictures)
    rgb, blur = np.ascontiguousarray(crop.rgb), 0.0
    if rng.random() >= AS_IT_IS:
        rgb = rgb.copy()
        for box in crop.xyxy[~crop.ignore]:
            if rng.random() < HIDDEN:
                hidden(rng, rgb, box)
        rgb, blur = spoiled(rng, rgb)
    height = crop.xyxy[:, 3] - crop.xyxy[:, 1]
    lost = blur / np.maximum(LARGEST_BLUR * height, 1e-6)
    is_lost = (lost > 1) | (height < SMALLEST) | (rgb.mean() < 4)
    chance = SURE * np.clip(height / SURE_FROM, LEAST_SURE, 1) * (1 - LOST * np.minimum(lost, 1))
    shown = Crop(rgb, crop.xyxy, crop.ignore | is_lost, crop.loose, crop.alike)
    return Pair(crop.rgb, shown, chance.astype(np.float32))


def _mosaic(rng: np.random.Generator, pictures: list[Faces]) -> Crop:
    half = SIZE // 2
    parts = [_one(rng, pictures, half, HEIGHTS_IN_MOSAIC) for _ in range(4)]
    rows = [np.concatenate([a.rgb, b.rgb], 1) for a, b in (parts[:2], parts[2:])]
    corners = np.array(
        [[0, 0, 0, 0], [half, 0, half, 0], [0, half, 0, half], [half, half, half, half]], np.float32
    )
    xyxy, alike = (
        np.concatenate([getattr(p, name) + c for p, c in zip(parts, corners, strict=True)])
        for name in ("xyxy", "alike")
    )
    ignore, loose = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("ignore", "loose")
    )
    return Crop(np.concatenate(rows, 0), xyxy, ignore, loose, alike)


def _one(
    rng: np.random.Generator, pictures: list[Faces], size: int, heights: tuple[float, float]
) -> Crop:
    """A crop of one picture at random scale, angle and place."""
    picture = pictures[rng.integers(len(pictures))]
    rgb = picture.rgb()
    height, width = rgb.shape[:2]
    at, scale = (
        np.array([rng.uniform(0, width), rng.uniform(0, height)]),
        float(np.exp(rng.uniform(np.log(0.3), np.log(1.3)))),
    )
    box = _middle(rng, picture)
    if box is not None:
        at, scale = (
            (box[:2] + box[2:]) / 2,
            float(np.exp(rng.uniform(*np.log(heights)))) / max(float(box[3] - box[1]), 1.0),
        )
    scale = float(np.clip(scale, 0.6 * size / max(height, width), MOST_UPSCALE))
    degrees = _degrees(rng)
    matrix = _matrix(rng, at, scale, degrees, size, (width, height))
    beside = tuple(int(v) for v in rng.integers(0, 200, 3))
    if scale < 0.6:  # a warp reads four pixels; shrinking needs them all
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        back = np.diag([width / small.shape[1], height / small.shape[0], 1.0])
        out = cv2.warpAffine(
            small, (matrix @ back)[:2], (size, size), flags=cv2.INTER_LINEAR, borderValue=beside
        )
    else:
        out = cv2.warpAffine(
            rgb, matrix[:2], (size, size), flags=cv2.INTER_LINEAR, borderValue=beside
        )
    return _with_faces(np.asarray(out, np.uint8), picture, matrix, size)


def _middle(rng: np.random.Generator, picture: Faces) -> NDArray[np.float32] | None:
    """The box that a crop is laid around, if any."""
    faces, alike = picture.xyxy[~picture.ignore], picture.alike
    share = AROUND_ANOTHER if len(faces) else AROUND_ANOTHER_ALONE
    if len(alike) and rng.random() < share:
        return np.asarray(alike[rng.integers(len(alike))], np.float32)
    if len(faces) and rng.random() < AROUND_A_FACE:
        return np.asarray(faces[rng.integers(len(faces))], np.float32)
    return None


def _degrees(rng: np.random.Generator) -> float:
    kind = rng.random()
    if kind < 0.7:
        return float(rng.normal(0, 7))
    return float(rng.uniform(-50, 50) if kind < 0.9 else rng.uniform(-180, 180))


def _matrix(
    rng: np.random.Generator,
    at: NDArray[np.float64],
    scale: float,
    degrees: float,
    size: int,
    size_wh: tuple[int, int],
) -> NDArray[np.float64]:
    """(3, 3) from picture to crop; now and then mirrored, and a little wider or narrower: some
    sources were stretched."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    stretch = np.exp(rng.normal(0, 0.1))
    linear = np.array([[c, -s], [s, c]]) @ np.diag(
        [scale * stretch * (-1 if rng.random() < 0.5 else 1), scale / stretch]
    )
    goal = size * rng.uniform(0.02, 0.98, 2)
    middle, room = (
        linear @ (np.array(size_wh) / 2 - at) + goal,
        np.maximum(scale * np.array(size_wh) - size, 0) / 2,
    )
    goal += np.clip(middle, size / 2 - room, size / 2 + room) - middle
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = linear, goal - linear @ at
    return matrix


def _with_faces(
    rgb: NDArray[np.uint8], picture: Faces, matrix: NDArray[np.float64], size: int
) -> Crop:
    """The faces that lie in the crop.

    A turned face ends where the ellipse in its box does, not where the box does.
    """
    inside, share = _moved(picture.xyxy, matrix, size)
    is_there = share > 0.02
    ignore = picture.ignore | (share < LEAST_VISIBLE)
    alike, alike_share = _moved(picture.alike, matrix, size)
    return Crop(
        rgb,
        inside[is_there],
        ignore[is_there],
        picture.loose[is_there],
        alike[alike_share >= LEAST_VISIBLE],
    )


def _moved(
    xyxy: NDArray[np.float32], matrix: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Boxes in the crop, and the share of each that lies in it."""
    middle = (xyxy[:, :2] + xyxy[:, 2:]) / 2 @ matrix[:2, :2].T + matrix[:2, 2]
    half = np.sqrt(
        np.square((xyxy[:, None, 2:] - xyxy[:, None, :2]) / 2 * matrix[None, :2, :2]).sum(axis=2)
    )
    whole = np.concatenate([middle - half, middle + half], 1)
    inside = np.clip(whole, 0, size)
    return inside.astype(np.float32), _area(inside) / np.maximum(_area(whole), 1e-6)


def _area(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
