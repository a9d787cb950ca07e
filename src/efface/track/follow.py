"""Following a patch of the picture from frame to frame, forwards or backwards in time, without a
detector.

A detector loses an object that turns away, blurs or is half hidden. Its pixels are still there.
Points inside a box are followed from one picture to the next and back again (pyramidal Lucas and
Kanade 1981). The points that return to where they came from tell how the box moves and grows: their
median counts, as in median flow (Kalal et al. 2010). The pixels in the moved box must then look
like those of the step before (normalised correlation), and somewhat like those of the first
picture.

Everything here works on small grey pictures (see `small_wh`), which cost little memory to keep for
some seconds. It uses only the picture's pixels: it knows nothing about faces, and keeps nothing of
a patch after the call.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import Size

SMALL_WH: Size = (640, 360)
"""Maximum number of pixels of a small picture.

In it a face of 16 pixels still has some points to follow.
"""

GRID = 6
"""Number of points across a box, and down."""

INNER = 0.8
"""Share of the box's sides on which points lie.

The corners of a box around a face show the background.
"""

WINDOW, LEVELS = 11, 3
"""Window of a point in pixels, and number of halvings of the picture.

Three allow about 40 pixels of movement a step.
"""

AROUND = 48
"""Pixels around a box that are searched. More movement in one step is not followed."""

LARGEST = 96
"""Pixels.

A box larger than this is followed in a picture reduced until it fits. This bounds the time.
"""

THERE_AND_BACK = 1.0
"""Maximum error in pixels of following a point there and back, for the point to count."""

LEAST_POINTS = 6
LEAST_SHARE = 0.3
"""Minimum share of the points that must count."""

LEAST_LIKE_BEFORE = 0.6
"""Minimum correlation with the step before.

Below it the patch is not there: something came in front of it.
"""

LEAST_LIKE_FIRST = 0.2
"""Minimum correlation with the first picture. Below it the patch shows something else by now."""

MOST_ZOOM = 0.2
"""Maximum zoom in one step, as a logarithm.

More is not movement: the points stuck to something else.
"""

MOST_MISSED = 5
"""Maximum number of consecutive steps in which the patch may be missing: a jerk blurs some frames.

Then it is gone.
"""

MISSED_GROWTH = 0.15
"""Share of its sides that a box gains on every side for each step in which the patch was not found.
"""

SMALLEST = 5.0
"""Minimum side of a patch, in pixels of the small picture.

A smaller patch has nothing to follow.
"""

LOOK = 16
"""Patches are compared at this many pixels squared."""

Grey = NDArray[np.uint8]
"""(h, w) uint8."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a patch is in one picture.

    xyxy   pixels of the upright frame.
    trust  0 to 1: how much the patch looks like the first picture. 0 where it was not found: then
           the box is a guess around the
           last place, and larger with each such picture.
    """

    xyxy: tuple[float, float, float, float]
    trust: float


def followed(pictures: Iterable[Grey], xyxy: Sequence[float], size_wh: Size) -> Iterator[Place]:
    """Yield where the content of a box goes, in one picture after the other.

    pictures  (h, w) uint8 grey, all of one size, made small (see `small_wh`; sides may shrink by
              different factors). The box
              belongs to the first picture. They are consecutive frames of one shot, in the order in
              which to follow: from later to earlier ones to follow backwards. They may be endless:
              each picture is requested only when it is needed, and only two are kept.
    xyxy      the box on the first of them, pixels of the upright frame; may reach beyond it.
    size_wh   size of the upright frame.

    Yields one place for each picture after the first. It ends with the pictures, or earlier when
    the patch is gone. A patch is gone at a shot change, or when it left the picture, is hidden, or
    changed too much, for more than MOST_MISSED pictures. The last of those places have trust 0:
    they are guesses, and a cautious caller covers them. Shot changes between similar views show
    only in whole pictures (`shots.with_cuts`, `Plan.cuts`): do not give pictures beyond one.

    A box with nothing to follow, because it is all one colour, tiny or outside, yields nothing, or
    places with trust 0.

    A place is a measurement: it drifts by a few hundredths of the box a second. To cover, grow it
    (`geometry.grown`).
    """
    source = iter(pictures)
    first = next(source, None)
    if first is not None:
        yield from places(
            chain((first,), source), np.asarray(xyxy, np.float64), scale(first, size_wh)
        )


def places(
    pictures: Iterable[Grey], xyxy: NDArray[np.floating], exact: NDArray[np.float64]
) -> Iterator[Place]:
    """Yield the same as `followed`; exact, (4,), is the result of `scale`."""
    patch: Patch | None = None
    for i, picture in enumerate(pictures):
        patch = patch.in_next(picture) if patch else Patch.at(picture, xyxy * exact)
        if patch is None:
            return
        if i:
            yield patch.place(exact)


def scale(picture: Grey, size_wh: Size) -> NDArray[np.float64]:
    """Return (4,) factors that turn coordinates of a box on the upright frame into those of the
    picture."""
    return np.tile(np.array(picture.shape[::-1], np.float64) / size_wh, 2)


def small_wh(size_wh: Size) -> Size:
    """Return the size of a frame's small picture: as many pixels as SMALL_WH, in the frame's aspect
    ratio; never larger."""
    factor = min(1.0, math.sqrt(SMALL_WH[0] * SMALL_WH[1] / (size_wh[0] * size_wh[1])))
    return max(1, round(size_wh[0] * factor)), max(1, round(size_wh[1] * factor))


def in_grey(rgb: NDArray[np.uint8]) -> Grey:
    """Convert a picture (h, w, 3) to grey (h, w)."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A patch that is being followed, after some steps.

    Boxes are (4,) float64, pixels of the small picture.

    picture  the last picture in which the patch was found.
    box      its place there.
    look     (LOOK, LOOK) float32, its pixels there; mean 0 and length 1.
    first    (LOOK, LOOK) float32, its pixels in the first picture; mean 0 and length 1.
    trust    see `Place`.
    missed   number of pictures since it was last found.
    """

    picture: Grey
    box: NDArray[np.float64]
    look: NDArray[np.float32]
    first: NDArray[np.float32]
    trust: float = 1.0
    missed: int = 0

    @classmethod
    def at(cls, picture: Grey, box: NDArray[np.float64]) -> Patch | None:
        """Return the patch in a box; None where there is nothing to follow."""
        look = _look(picture, box)
        return None if look is None else cls(picture, box, look, look)

    @property
    def guess(self) -> tuple[float, float, float, float]:
        """Return where the patch is.

        If it was not found, return a larger box around its last place.
        """
        x1, y1, x2, y2 = self.box.tolist()
        pad_x, pad_y = ((side * MISSED_GROWTH) * self.missed for side in (x2 - x1, y2 - y1))
        return x1 - pad_x, y1 - pad_y, x2 + pad_x, y2 + pad_y

    def place(self, exact: NDArray[np.float64]) -> Place:
        """Return its place on the frame itself; exact is the result of `scale`."""
        x1, y1, x2, y2 = self.guess
        by_x, by_y, *_ = exact.tolist()
        return Place((x1 / by_x, y1 / by_y, x2 / by_x, y2 / by_y), self.trust)

    def in_next(self, picture: Grey) -> Patch | None:
        """Return the patch in the next picture; None when it is gone."""
        if picture.shape != self.picture.shape:
            return None
        box = moved_on(self.picture, picture, self.box)
        look = None if box is None else _look(picture, box)
        if box is not None and look is not None:
            trust = float((look * self.first).sum())
            if float((look * self.look).sum()) >= LEAST_LIKE_BEFORE and trust >= LEAST_LIKE_FIRST:
                return Patch(picture, box, look, self.first, min(trust, 1.0))
        if self.missed == MOST_MISSED:
            return None
        return Patch(self.picture, self.box, self.look, self.first, 0.0, self.missed + 1)


def moved_on(before: Grey, now: Grey, box: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return where a box of one picture is in the other, (4,) pixels; None if its points disagree
    or it is outside."""
    if not _is_followable(box, before.shape):
        return None
    rows, columns = _near(box, before.shape)
    corner = np.array((columns.start, rows.start, columns.start, rows.start), np.float64)
    factor = LARGEST / float((box[2:] - box[:2]).max())
    if factor >= 1:
        found = _median_flow(before[rows, columns], now[rows, columns], box - corner)
        return None if found is None else found + corner
    a, b = (_reduced(p[rows, columns], factor) for p in (before, now))
    exact = np.tile(
        np.array(a.shape[::-1]) / (columns.stop - columns.start, rows.stop - rows.start), 2
    )
    found = _median_flow(a, b, (box - corner) * exact)
    return None if found is None else found / exact + corner


# What follows runs for every patch in every frame, on a few numbers each. There plain Python is
# several times as fast as NumPy, whose calls take a microsecond or more.


def _is_followable(box: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """Return whether the box's middle is inside the picture, and its sides are long enough."""
    x1, y1, x2, y2 = box.tolist()
    return (
        math.isfinite(x1 + y1 + x2 + y2)
        and 0 <= (x1 + x2) / 2 < shape[1]
        and 0 <= (y1 + y2) / 2 < shape[0]
        and min(x2 - x1, y2 - y1) >= SMALLEST
    )


def _near(box: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return rows and columns of the picture around a followable box."""
    x1, y1, x2, y2 = box.tolist()
    around = max(AROUND, max(x2 - x1, y2 - y1) / 2)
    rows, columns = (
        slice(max(math.floor(low - around), 0), min(math.ceil(high + around), length))
        for low, high, length in ((y1, y2, shape[0]), (x1, x2, shape[1]))
    )
    return rows, columns


def _reduced(picture: Grey, factor: float) -> Grey:
    return np.asarray(
        cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8
    )


def _median_flow(before: Grey, now: Grey, box: NDArray[np.float64]) -> NDArray[np.float64] | None:
    points = _grid(box, before.shape)
    if len(points) < LEAST_POINTS:
        return None
    there, is_good = _there_and_back(before, now, points)
    if np.count_nonzero(is_good) < max(LEAST_POINTS, LEAST_SHARE * len(points)):
        return None
    a, b = points[is_good].astype(np.float64), there[is_good].astype(np.float64)
    zoom = _zoom(a, b)
    if abs(math.log(zoom)) > MOST_ZOOM:
        return None
    middle = (box[:2] + box[2:]) / 2
    shift = _median(b - (middle + zoom * (a - middle)))
    half = (box[2:] - box[:2]) / 2 * zoom
    return np.concatenate([middle + shift - half, middle + shift + half])


_SHARES = (np.arange(GRID) + 0.5) / GRID * INNER + (1 - INNER) / 2
"""(GRID,) where points lie, as a share of a box's side."""


def _grid(box: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return (n, 2) points inside the box that are also inside the picture."""
    x, y = (box[i] + _SHARES * (box[i + 2] - box[i]) for i in (0, 1))
    x, y = x[(x >= 0) & (x <= shape[1] - 1)], y[(y >= 0) & (y <= shape[0] - 1)]
    points = np.empty((len(y), len(x), 2), np.float32)
    points[..., 0], points[..., 1] = x, y[:, None]
    return points.reshape(-1, 2)


def _there_and_back(
    before: Grey, now: Grey, points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return where points (n, 2) of the first picture are in the second, and whether each point
    counts."""
    guess = np.zeros_like(points)  # OpenCV uses only the guess's memory
    size = (WINDOW, WINDOW)
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before, now, points, guess, winSize=size, maxLevel=LEVELS
    )
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(
        now, before, there, guess.copy(), winSize=size, maxLevel=LEVELS
    )
    missed = _lengths(np.asarray(back - points))
    is_good = (found[:, 0] == 1) & (found_back[:, 0] == 1) & (missed < THERE_AND_BACK)
    return np.asarray(there, np.float32), np.asarray(is_good)


def _zoom(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the median growth of the distances between points.

    Each is compared with two others far from it on the grid.
    """
    n = len(a)
    one = np.arange(2 * n) % n
    other = np.concatenate([np.arange(n) - n // 2, np.arange(n) - n // 3])
    was, is_ = (_lengths(p[one] - p[other]) for p in (a, b))
    far = was > 1
    return max(float(_median(is_[far] / was[far])), 1e-3) if far.any() else 1.0


def _lengths(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return (n,) lengths of vectors (n, 2)."""
    squares = vectors * vectors
    return np.asarray(np.sqrt(squares[:, 0] + squares[:, 1]))


def _median(values: NDArray[np.float64]) -> Any:
    """Return the median of finite values (n, ...), over n > 0."""
    ordered, half = np.sort(values, axis=0), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _look(picture: Grey, box: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """Return (LOOK, LOOK) float32, mean 0 and length 1; None if all is one colour, or the box is
    tiny or outside."""
    if not _is_followable(box, picture.shape):
        return None
    x1, y1, x2, y2 = box.tolist()
    width, height = (
        min(max(round(side), 2), 4 * most)
        for side, most in zip((x2 - x1, y2 - y1), picture.shape[1::-1], strict=True)
    )
    exact = cv2.getRectSubPix(picture, (width, height), ((x1 + x2) / 2 - 0.5, (y1 + y2) / 2 - 0.5))
    small = cv2.resize(exact, (LOOK, LOOK), interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean()
    length = float(np.linalg.norm(small))
    return None if length < LOOK else np.asarray(small / length, np.float32)
