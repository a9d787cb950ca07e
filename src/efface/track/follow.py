"""Following a patch of the picture from frame to frame, forwards or backwards in time, without any detector.

A detector loses what turns away, blurs or is half hidden; the pixels are still there. From a box on one picture, points
inside it are followed to the next one (Lucas and Kanade 1981, in pyramids) and back again; those that come back to where they
came from say how the box moves and grows: their median, as in median flow (Kalal et al. 2010). What is there then must look
like what was there before (normalised correlation), and somewhat like what was there in the beginning.

Everything here works on small grey pictures (see `small_wh`), which are cheap to keep for some seconds, and on the picture's
raster alone: nothing is known about faces, and nothing of a patch outlives the call.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import Size

SMALL_WH: Size = (640, 360)
"""So many pixels has a small picture at most: in it a face of 16 pixels still has some points to follow."""

GRID = 6
"""Points across a box, and down."""

INNER = 0.8
"""Share of the box's sides on which points lie: corners of a box around a face show what is behind it."""

WINDOW, LEVELS = 11, 3
"""Pixels that belong to a point, and halvings of the picture: with three of them about 40 pixels a step can be followed."""

AROUND = 48
"""Pixels around a box that are looked at for it; more movement in one step is not followed."""

LARGEST = 96
"""Pixels. What is larger than this in a picture is followed in a picture reduced until it no longer is: time stays bounded."""

THERE_AND_BACK = 1.0
"""Pixels by which the way back may miss, for a point to be believed."""

LEAST_POINTS = 6
LEAST_SHARE = 0.3
"""Of the points, that must be believed."""

LEAST_LIKE_BEFORE = 0.6
"""Correlation with the step before, below which the patch is not there: something else came in front of it."""

LEAST_LIKE_FIRST = 0.2
"""Correlation with the first picture, below which it shows something else by now."""

MOST_ZOOM = 0.2
"""In one step, as a logarithm. More is no movement, but points that stuck to something else."""

MOST_MISSED = 5
"""Steps, one after the other, in which the patch may not be found: a jerk blurs some frames. Then it is gone."""

MISSED_GROWTH = 0.15
"""Share of its sides by which a box grows on every side for each step in which the patch was not found."""

SMALLEST = 5.0
"""Pixels of the small picture. A patch with a shorter side has nothing to hold on to."""

LOOK = 16
"""A patch is compared at this many pixels squared."""

Grey = NDArray[np.uint8]
"""(h, w) uint8."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a patch is in one picture.

    xyxy   pixels of the upright frame.
    trust  0 to 1: how much what is there looks like the beginning; 0 where it was not found, and the box is a guess around the
           last place, larger with each such picture.
    """

    xyxy: tuple[float, float, float, float]
    trust: float


def followed(pictures: Iterable[Grey], xyxy: Sequence[float], size_wh: Size) -> Iterator[Place]:
    """Where what is in a box goes, in one picture after the other.

    pictures  (h, w) uint8 grey, all of one size, made small (see `small_wh`; sides may shrink by different factors). The first
              is the one that the box is about. They are consecutive frames of one shot, in the order in which to follow: from
              later to earlier ones to follow backwards. May be endless; a picture is asked for only when it is needed, and
              only two are kept.
    xyxy      the box on the first of them, pixels of the upright frame; may reach beyond it.
    size_wh   of the upright frame.

    Gives a place for each picture after the first, none for the first. It ends with the pictures, or earlier where the patch
    is gone: left the picture, hidden or changed beyond recognition for more than MOST_MISSED pictures (the last of those
    places, with trust 0, are guesses that a cautious caller covers), or with a shot change. Shot changes between views that
    are alike can only be known from whole pictures (`shots.with_cuts`, `Plan.cuts`): do not give pictures beyond one.

    A box that holds nothing to follow, as it is all one colour, tiny or outside, gives nothing at all, or trust 0.

    A place is a measurement: it drifts by a few hundredths of the box a second. To cover, grow it (`geometry.grown`).
    """
    source = iter(pictures)
    first = next(source, None)
    if first is not None:
        yield from places(chain((first,), source), np.asarray(xyxy, np.float64), scale(first, size_wh))


def places(pictures: Iterable[Grey], xyxy: NDArray[np.floating], exact: NDArray[np.float64]) -> Iterator[Place]:
    """As `followed`; exact, (4,), is what `scale` gives."""
    patch: Patch | None = None
    for i, picture in enumerate(pictures):
        patch = patch.in_next(picture) if patch else Patch.at(picture, xyxy * exact)
        if patch is None:
            return
        if i:
            yield patch.place(exact)


def scale(picture: Grey, size_wh: Size) -> NDArray[np.float64]:
    """(4,) by which coordinates of a box on the upright frame become those of the picture."""
    return np.tile(np.array(picture.shape[::-1], np.float64) / size_wh, 2)


def small_wh(size_wh: Size) -> Size:
    """Size of the small picture of a frame: as many pixels as SMALL_WH, as wide for its height as the frame; never larger."""
    factor = min(1.0, math.sqrt(SMALL_WH[0] * SMALL_WH[1] / (size_wh[0] * size_wh[1])))
    return max(1, round(size_wh[0] * factor)), max(1, round(size_wh[1] * factor))


def in_grey(rgb: NDArray[np.uint8]) -> Grey:
    """(h, w) of a picture (h, w, 3)."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """What is followed, after some steps. Boxes are (4,) float64, pixels of the small picture.

    picture  the last one in which it was found.
    box      where.
    look     (LOOK, LOOK) float32, what it looked like there, and ...
    first    ... in the beginning; both with mean 0 and length 1.
    trust    see `Place`.
    missed   pictures since then.
    """

    picture: Grey
    box: NDArray[np.float64]
    look: NDArray[np.float32]
    first: NDArray[np.float32]
    trust: float = 1.0
    missed: int = 0

    @classmethod
    def at(cls, picture: Grey, box: NDArray[np.float64]) -> Patch | None:
        """The patch in a box; None where there is nothing that could be followed."""
        look = _look(picture, box)
        return None if look is None else cls(picture, box, look, look)

    @property
    def guess(self) -> NDArray[np.float64]:
        """Where it is; if it was not found, a larger box around the last place."""
        pad = (self.box[2:] - self.box[:2]) * MISSED_GROWTH * self.missed
        return np.concatenate([self.box[:2] - pad, self.box[2:] + pad])

    def place(self, exact: NDArray[np.float64]) -> Place:
        """The same on the frame itself; exact is what `scale` gives."""
        x1, y1, x2, y2 = (float(v) for v in self.guess / exact)
        return Place((x1, y1, x2, y2), self.trust)

    def in_next(self, picture: Grey) -> Patch | None:
        """The same in the next picture; None when it is gone."""
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
    """Where a box of the one picture is in the other, (4,) pixels; None when its points do not agree, or it is outside."""
    near = _near(box, before.shape)
    if near is None:
        return None
    rows, columns = near
    corner = np.array((columns.start, rows.start, columns.start, rows.start), np.float64)
    factor = min(1.0, LARGEST / float((box[2:] - box[:2]).max()))
    a, b = (_reduced(p[rows, columns], factor) for p in (before, now))
    exact = np.tile(np.array(a.shape[::-1]) / (columns.stop - columns.start, rows.stop - rows.start), 2)
    found = _median_flow(a, b, (box - corner) * exact)
    return None if found is None else found / exact + corner


def _near(box: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Rows and columns of the picture around a box; None when its middle is outside of the picture."""
    height, width = shape[:2]
    sides, middle = box[2:] - box[:2], (box[:2] + box[2:]) / 2
    if not (np.isfinite(box).all() and (middle >= 0).all() and (middle < (width, height)).all()) or sides.min() < SMALLEST:
        return None
    around = np.maximum(AROUND, sides.max() / 2)
    low = np.maximum(np.floor(box[:2] - around), 0).astype(int)
    high = np.minimum(np.ceil(box[2:] + around), (width, height)).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])


def _reduced(picture: Grey, factor: float) -> Grey:
    if factor == 1:
        return np.ascontiguousarray(picture)
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def _median_flow(before: Grey, now: Grey, box: NDArray[np.float64]) -> NDArray[np.float64] | None:
    points = _grid(box, before.shape)
    if len(points) < LEAST_POINTS:
        return None
    there, is_good = _there_and_back(before, now, points)
    if is_good.sum() < max(LEAST_POINTS, LEAST_SHARE * len(points)):
        return None
    a, b = points[is_good].astype(np.float64), there[is_good].astype(np.float64)
    zoom = _zoom(a, b)
    if abs(np.log(zoom)) > MOST_ZOOM:
        return None
    middle = (box[:2] + box[2:]) / 2
    shift = np.median(b - (middle + zoom * (a - middle)), axis=0)
    half = (box[2:] - box[:2]) / 2 * zoom
    return np.concatenate([middle + shift - half, middle + shift + half])


def _grid(box: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """(n, 2) points inside the box that are inside the picture too."""
    share = (np.arange(GRID) + 0.5) / GRID * INNER + (1 - INNER) / 2
    x, y = (box[i] + share * (box[i + 2] - box[i]) for i in (0, 1))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    inside = ((points >= 0) & (points <= np.array(shape[1::-1]) - 1)).all(axis=1)
    return points[inside].astype(np.float32)


def _there_and_back(before: Grey, now: Grey, points: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Where points (n, 2) of the one picture are in the other, and whether each is to be believed."""
    given, guess = points[:, None], np.zeros((len(points), 1, 2), np.float32)  # of the guess only its memory is used
    size = (WINDOW, WINDOW)
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, now, given, guess, winSize=size, maxLevel=LEVELS)
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(now, before, there, guess.copy(), winSize=size, maxLevel=LEVELS)
    missed = np.linalg.norm((back - given)[:, 0], axis=1)
    is_good = (found[:, 0] == 1) & (found_back[:, 0] == 1) & (missed < THERE_AND_BACK)
    return np.asarray(there[:, 0], np.float32), np.asarray(is_good)


def _zoom(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Median by which distances between points grew. Each is compared with two others that are far from it on the grid."""
    apart = (len(a) // 2, len(a) // 3)
    was, is_ = (np.concatenate([np.linalg.norm(p - np.roll(p, k, axis=0), axis=1) for k in apart]) for p in (a, b))
    far = was > 1
    return max(float(np.median(is_[far] / was[far])), 1e-3) if far.any() else 1.0


def _look(picture: Grey, box: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """(LOOK, LOOK) float32 with mean 0 and length 1; None where all is one colour, or the box tiny or outside."""
    if _near(box, picture.shape) is None:
        return None
    width, height = np.minimum(np.maximum(np.round(box[2:] - box[:2]), 2), 4 * np.array(picture.shape[1::-1])).astype(int)
    middle = (box[:2] + box[2:]) / 2 - 0.5
    exact = cv2.getRectSubPix(picture, (int(width), int(height)), (float(middle[0]), float(middle[1])))
    small = cv2.resize(exact, (LOOK, LOOK), interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean()
    length = float(np.linalg.norm(small))
    return None if length < LOOK else np.asarray(small / length, np.float32)
