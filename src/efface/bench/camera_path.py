"""A camera that moves over a still picture: which part of it each frame shows, and where its boxes
are then.

A frame shows the picture moved, turned about the frame's centre and enlarged: an affine map, known
exactly at every instant. Faces are round rather than square, so a labelled box stands for the
ellipse in it. An affine map takes ellipses to ellipses, and the smallest box around the new one is
the new label. A turn by 0 or 90 degrees keeps the old box itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import Size

Rgb = NDArray[np.uint8]
"""(h, w, 3)."""

Matrix = NDArray[np.float64]
"""(2, 3) affine map from picture to frame coordinates. Both have their origin at the corner of
pixel 0."""

BLUR_STEP_PX = 1.0
"""The exposure adds up the picture each time it has moved by about this much. Finer steps look the
same."""

MOST_STEPS = 40

RINGS, SPOKES = 12, 48
"""Points of an ellipse whose visibility is tested: on this many rings, and on each ring."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Where the camera looks. Row i of every array is frame i, in the middle of its exposure.

    centre   (n, 2) float64, pixels of the picture: the point in the middle of the frame.
    scale    (n,) pixels of the frame for one of the picture.
    angle    (n,) radians, by which the picture is turned, clockwise on the screen.
    shutter  (n,) share of a frame's time in which light is gathered, 0 to 1; anything that moves
             meanwhile is smeared.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    angle: NDArray[np.float64]
    shutter: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.scale)

    def matrix(self, at: float, size_wh: Size) -> Matrix:
        """Return the map at an instant, in frames: 2.5 is half-way between frames 2 and 3."""
        frames = np.arange(len(self))
        x, y, scale, angle = (
            np.interp(at, frames, v) for v in (*self.centre.T, self.scale, self.angle)
        )
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shift = np.array(size_wh) / 2 - turn @ (x, y)
        return np.column_stack([turn, shift])


def still_path(
    frames: int, centre_xy: tuple[float, float], scale: float, shutter: float = 0.4
) -> Path:
    """Make the path of a camera that does not move."""
    ones = np.ones(frames)
    return Path(
        np.tile(np.array(centre_xy, np.float64), (frames, 1)),
        scale * ones,
        0 * ones,
        shutter * ones,
    )


def exposed(
    picture: Rgb, path: Path, frame: int, size_wh: Size, beyond: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Return (h, w, 3) float32, 0 to 255: the light that the camera gathers in that frame, smeared
    by its own movement.

    beyond  colour outside the picture.
    """
    times = _instants(path, frame, size_wh)
    total = np.zeros((size_wh[1], size_wh[0], 3), np.float32)
    for at in times:
        # OpenCV counts from the middle of a pixel, and the maps here from its corner.
        matrix = path.matrix(at, size_wh)
        matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
        cv2.accumulate(
            cv2.warpAffine(picture, matrix, size_wh, flags=cv2.INTER_LINEAR, borderValue=beyond),
            total,
        )
    return np.asarray(total / len(times), np.float32)


def _instants(path: Path, frame: int, size_wh: Size) -> NDArray[np.float64]:
    """Return the times at which the exposure samples the picture, evenly spaced around the frame's
    own time."""
    half = path.shutter[frame] / 2
    corners = np.array(
        [(0, 0, 1), (size_wh[0], 0, 1), (0, size_wh[1], 1), (*size_wh, 1)], np.float64
    )
    # Where the corners of the frame go while the shutter is open.
    back = cv2.invertAffineTransform(path.matrix(frame, size_wh))
    there = np.column_stack([corners @ back.T, np.ones(4)])
    first, last = (there @ path.matrix(frame + d, size_wh).T for d in (-half, half))
    steps = min(MOST_STEPS, 1 + int(np.linalg.norm(last - first, axis=1).max() / BLUR_STEP_PX))
    return np.asarray(frame + half * (np.arange(steps) * 2 + 1 - steps) / steps, np.float64)


def reduced(picture: Rgb, path: Path) -> tuple[Rgb, Path]:
    """Shrink the picture, and adapt the path, until the largest scale is a plain enlargement. This
    avoids aliasing."""
    share = float(path.scale.max())
    if share >= 1:
        return picture, path
    height, width = picture.shape[:2]
    size = (max(1, round(width * share)), max(1, round(height * share)))
    smaller = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    # Width and height are rounded separately; the mean of both is off by less than a tenth of a
    # pixel.
    ratio = np.array(size) / (width, height)
    return smaller, replace(path, centre=path.centre * ratio, scale=path.scale / ratio.mean())


def extent(box_xyxy: NDArray[np.floating], matrix: Matrix) -> NDArray[np.float64]:
    """Return (4,) the smallest upright box around the ellipse of that box, in the frame."""
    centre, half = (box_xyxy[:2] + box_xyxy[2:]) / 2, (box_xyxy[2:] - box_xyxy[:2]) / 2
    middle = matrix[:, :2] @ centre + matrix[:, 2]
    reach = np.sqrt(((matrix[:, :2] * half) ** 2).sum(axis=1))
    return np.concatenate([middle - reach, middle + reach])


@dataclass(frozen=True, slots=True, eq=False)
class VisiblePart:
    """The visible part of one object in one frame.

    xyxy    (4,) float64, the smallest box around the visible part: inside the frame, and not behind
            anything.
    share   of the object that is visible, 0 to 1.
    height  of the whole object in pixels of the frame, visible or not.
    """

    xyxy: NDArray[np.float64]
    share: float
    height: float


def visible_part(
    box_xyxy: NDArray[np.floating], matrix: Matrix, size_wh: Size, hidden: NDArray[np.bool_] | None
) -> VisiblePart | None:
    """Return the visible part of the object in that box of the picture; None if it is invisible.

    hidden  (h, w) where something else is in front; None if nothing is.
    """
    whole = extent(box_xyxy, matrix)
    points = _points(box_xyxy) @ matrix[:, :2].T + matrix[:, 2]
    seen = np.asarray(((points >= 0) & (points < size_wh)).all(axis=1))
    if hidden is not None:
        x, y = points[seen].astype(np.intp).T
        seen[seen] = ~hidden[y, x]
    if not seen.any():
        return None
    height = float(whole[3] - whole[1])
    if seen.all():
        return VisiblePart(np.clip(whole, 0, (*size_wh, *size_wh)), 1.0, height)
    # The points represent the area around them, so the box extends half a step farther, but never
    # beyond the frame or object.
    step = (whole[2:] - whole[:2]) / (4 * RINGS)
    low, high = points[seen].min(axis=0) - step, points[seen].max(axis=0) + step
    low, high = (
        np.maximum(low, np.maximum(whole[:2], 0)),
        np.minimum(high, np.minimum(whole[2:], size_wh)),
    )
    return VisiblePart(np.concatenate([low, high]), float(seen.mean()), height)


def _points(box_xyxy: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (RINGS * SPOKES, 2) points of the box's ellipse, each for the same area."""
    radius = np.sqrt((np.arange(RINGS) + 0.5) / RINGS)
    angle = np.arange(SPOKES) * (2 * np.pi / SPOKES)
    unit = np.stack(
        [np.outer(radius, np.cos(angle)).ravel(), np.outer(radius, np.sin(angle)).ravel()], axis=1
    )
    centre, half = (box_xyxy[:2] + box_xyxy[2:]) / 2, (box_xyxy[2:] - box_xyxy[:2]) / 2
    return np.asarray(centre + unit * half, np.float64)
