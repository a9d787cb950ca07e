"""How the camera moved: the motion of the whole picture from frame to frame.

A hand-held camera moves everything in the picture at once. Tracking therefore predicts an object's
place in the scene, as the camera sees it now. That is a better guess than its last place on the
screen. The motion of a frame is a similarity, x' = c x + d with complex numbers: c holds zoom and
roll, d holds pan and shake. It is estimated as in video stabilisers. Corners are followed
(pyramidal Lucas and Kanade 1981). A corner is kept when following it back leads to where it came
from. The largest group of corners that agree gives the motion (RANSAC).

A camera that films a walking person keeps that person in the middle, and the background runs past.
Then fewer corners lie on the background than on the things in front of it. So each part of the
picture contributes the same number of corners. Groups are compared by the share of the picture that
they fill, and by whether they continue the camera's previous motion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import Boxes, Size

CORNERS, IN_A_PART = 600, 8
"""Maximum number of corners to detect, and the number of them to follow in each part of the
picture."""

PARTS: Size = (8, 5)
"""Parts of the picture, across and down."""

LEAST_CORNERS = 12
"""Minimum number of corners behind a motion. With fewer, the motion counts as unknown."""

GROUPS = 3
"""Number of motions to compare in one step: the background, and what moves in front of it."""

FIRM = 0.4
"""Share of the picture that a group must fill before its motion counts as that of the camera."""

LEAST_AGREE = 0.15
"""The same share for a group that continues the camera's previous motion."""

AS_BEFORE = 0.15
"""Bonus for a group that continues the previous motion, as a share of the picture, when groups are
compared."""

STEADY = 0.35, 0.01
"""A step continues the last one when they differ by at most this share of the last step, plus this
share of the picture's longer side. Both are compared at the middle and at the corners of the
picture."""

THERE_AND_BACK = 0.7
"""Maximum error of following a corner there and back, in pixels of the small picture."""

AGREE = 1.0
"""Maximum distance of a corner from the common motion, in pixels of the small picture."""

MOST_ZOOM = 0.2
"""Maximum zoom in one step, as a logarithm. A camera does not zoom faster."""

MOST_MISSED = 5
"""After this many frames that cannot be compared, the camera starts again, as if it had stood
still."""

FARTHEST_ZOOM = 20.0
"""Logarithm of the total zoom since the first frame.

Beyond it the numbers get coarse, and zoom is no longer counted.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """The motion from one frame to the next: x' = turn * x + shift, in pixels of the upright frame,
    x + iy.

    A view is also a Step: the step from the first frame.
    """

    turn: complex = 1 + 0j
    shift: complex = 0j


STILL = Step()


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Where the camera looked in each frame, relative to the first: a point at x there is at turn *
    x + shift.

    turn, shift  (n,) complex128; |turn| is the zoom, its angle the roll.
    """

    turn: NDArray[np.complex128]
    shift: NDArray[np.complex128]

    @classmethod
    def fixed(cls, count: int) -> Views:
        """Return the views of a camera that stands still."""
        return cls(np.ones(count, np.complex128), np.zeros(count, np.complex128))

    @classmethod
    def of(cls, views: Sequence[Step | None]) -> Views:
        """Build from the view of every frame.

        Where a view is None, interpolate evenly between the views before and after.
        """
        known = np.flatnonzero([v is not None for v in views])
        if not len(known):
            return cls.fixed(len(views))
        turn = np.array([v.turn for v in views if v is not None], np.complex128)
        shift = np.array([v.shift for v in views if v is not None], np.complex128)
        frame = np.arange(len(views))
        return cls(np.interp(frame, known, turn), np.interp(frame, known, shift))

    def seen_from(
        self, xyxy: NDArray[np.floating], frame: NDArray[np.integer], at: NDArray[np.integer]
    ) -> Boxes:
        """Return boxes (n, 4) of the frames `frame` (n,) as the camera sees these places in the
        frames `at` (n,); upright."""
        turn = self.turn[at] / self.turn[frame]
        shift = self.shift[at] - turn * self.shift[frame]
        return turned(xyxy, turn, shift)


def after(view: Step, step: Step) -> Step:
    """Return the view one step later."""
    turn = step.turn * view.turn
    if abs(np.log(abs(turn))) > FARTHEST_ZOOM:
        step = Step(step.turn / abs(step.turn), step.shift)
        turn = step.turn * view.turn
    return Step(turn, step.turn * view.shift + step.shift)


def turned(
    xyxy: NDArray[np.floating], turn: NDArray[np.complex128], shift: NDArray[np.complex128]
) -> Boxes:
    """Return boxes (n, 4) under x' = turn * x + shift.

    Their centres move and their sides grow, but they do not roll.
    """
    boxes = xyxy.astype(np.float64)
    centre = (boxes[:, 0] + boxes[:, 2]) / 2 + 1j * (boxes[:, 1] + boxes[:, 3]) / 2
    centre = turn * centre + shift
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * np.abs(turn)[:, None]
    middle = np.stack([centre.real, centre.imag], axis=1)
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


class Camera:
    """Takes small copies of the frames in order, and returns the view of each.

    A frame that cannot be compared, for example one blurred by a jerk, has no view. The next frame
    is then compared with the last frame that has a view.

    held  the last known view.
    """

    def __init__(self) -> None:
        self.held = STILL
        self._known: NDArray[np.uint8] | None = None
        self._last: Step | None = None
        self._missed = 0

    def view(self, grey: NDArray[np.uint8], size_wh: Size) -> Step | None:
        """Return where the camera looks in this frame, relative to the first; None when it cannot
        be determined.

        grey     (h, w) uint8, a small copy of the frame; width and height may shrink by different
                 factors.
        size_wh  size of the frame itself.
        """
        step = self._step(grey, size_wh)
        self._missed = 0 if step else self._missed + 1
        if not step and self._known is not None and self._missed <= MOST_MISSED:
            return None
        self._known, self._last, self._missed = grey, step, 0
        self.held = after(self.held, step or STILL)
        return self.held

    def _step(self, grey: NDArray[np.uint8], size_wh: Size) -> Step | None:
        """Return the step from the last known frame to this one; None when it cannot be
        determined."""
        if self._known is None or self._known.shape != grey.shape:
            return None
        a, b = _followed(self._known, grey)
        factor = np.array(size_wh) / (grey.shape[1], grey.shape[0])
        groups = list(_groups(a * factor, b * factor, AGREE * float(factor.max())))
        filled = _filled(_part(a, grey.shape), [rows for _, rows in groups])
        steady = [self._is_steady(step, size_wh) for step, _ in groups]
        worth = [
            (share + AS_BEFORE * goes_on, i)
            for i, (share, goes_on) in enumerate(zip(filled, steady, strict=True))
            if share >= (LEAST_AGREE if goes_on else FIRM)
        ]
        return groups[max(worth)[1]][0] if worth else None

    def _is_steady(self, step: Step, size_wh: Size) -> bool:
        """Return whether the step continues the one before it."""
        if self._last is None:
            return False
        width, height = size_wh
        spots = np.array([0, width, 1j * height, width + 1j * height, (width + 1j * height) / 2])
        now, before = (s.turn * spots + s.shift - spots for s in (step, self._last))
        share, least = STEADY
        return bool((np.abs(now - before) <= share * np.abs(before) + least * max(size_wh)).all())


def _step(matrix: NDArray[np.float64]) -> Step | None:
    turn = complex(matrix[0, 0], matrix[1, 0])
    shift = complex(matrix[0, 2], matrix[1, 2])
    zoom = np.log(abs(turn)) if turn else np.inf
    if not np.isfinite([turn, shift]).all() or abs(zoom) > MOST_ZOOM:
        return None
    return Step(turn, shift)


def _groups(
    a: NDArray[np.float64], b: NDArray[np.float64], tolerance: float
) -> Iterator[tuple[Step, NDArray[np.intp]]]:  # fmt: skip
    """Yield motions of corners a (n, 2) to b, largest group first, each with the rows that agree
    with it."""
    left = np.arange(len(a))
    for _ in range(GROUPS):
        if len(left) < LEAST_CORNERS:
            return
        matrix, agree = cv2.estimateAffinePartial2D(
            a[left], b[left], method=cv2.RANSAC, ransacReprojThreshold=tolerance
        )
        agrees = agree[:, 0].astype(bool) if matrix is not None else np.zeros(len(left), bool)
        if agrees.sum() < LEAST_CORNERS:
            return
        if step := _step(np.asarray(matrix, np.float64)):
            yield step, left[agrees]
        left = left[~agrees]


def _part(corners: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return (n,) number of the part of the picture in which each corner (n, 2) lies."""
    across, down = (
        np.minimum(corners[:, i] * PARTS[i] / shape[1 - i], PARTS[i] - 1).astype(np.intp)
        for i in (0, 1)
    )
    return np.asarray(down * PARTS[0] + across, np.intp)


def _filled(parts: NDArray[np.intp], groups: Sequence[NDArray[np.intp]]) -> list[float]:
    """Return the share of the picture that each group fills: its share of the corners of a part,
    averaged over the parts.

    Parts without corners do not count.
    """
    every = np.bincount(parts, minlength=PARTS[0] * PARTS[1])
    return [
        float(
            (np.bincount(parts[g], minlength=len(every)) / np.maximum(every, 1))[every > 0].mean()
        )
        for g in groups
    ]


def _corners(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (n, 2) the best corners of each part of the picture."""
    found = cv2.goodFeaturesToTrack(picture, CORNERS, 0.005, 5)
    if found is None:
        return np.empty((0, 2), np.float32)
    corners = found[:, 0]  # best first
    parts = _part(corners, picture.shape)
    order = np.argsort(parts, kind="stable")
    _, first, count = np.unique(parts[order], return_index=True, return_counts=True)
    rank = np.arange(len(order)) - np.repeat(first, count)
    return np.asarray(corners[np.sort(order[rank < IN_A_PART])], np.float32)


def _followed(
    before: NDArray[np.uint8], now: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return corners (n, 2) of the first picture, and where they are in the second."""
    corners = _corners(before)[:, None]
    if not len(corners):
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    guess = np.zeros_like(corners)  # OpenCV uses only its memory
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before, now, corners, guess, winSize=(15, 15), maxLevel=3
    )
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(
        now, before, there, guess.copy(), winSize=(15, 15), maxLevel=3
    )
    missed = np.linalg.norm((back - corners)[:, 0], axis=1)
    is_good = (found[:, 0] == 1) & (found_back[:, 0] == 1) & (missed < THERE_AND_BACK)
    return corners[is_good, 0], there[is_good, 0]
