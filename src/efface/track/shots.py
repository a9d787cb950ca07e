"""Shot changes: where one camera view ends and the next begins.

Nothing is carried across a shot change: a box extended into the next shot covers the wrong place
and hides nothing.

A shot change is a single jump after which the parts of the picture before it are found nowhere near
their old places. Correlation shows this in the dark, in grey and for similar colours, too, and a
change of exposure does not disturb it. A flash is not a shot change: the picture from before the
flash returns. So the verdict on a frame waits for the next few frames.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import Size

T = TypeVar("T")

THUMB_WH: Size = (48, 27)
"""Small enough that motion within a shot moves little, large enough to tell two views apart."""

FLASH = 3
"""Maximum length of a flash, in frames."""

LEAST_JUMP = 1.5
"""Minimum mean difference of two thumbnails, 0 to 255, for a shot change.

Darker pictures show no people.
"""

LEAST_SHARE = 0.25
"""Minimum mean difference, as a share of the thumbnails' contrast.

Between two shots it is 0.37 or more.
"""

UNUSUAL = 2.0
"""A shot change differs by at least this many times the usual difference of the frames before."""

MEMORY = 8
"""Number of frames before that set the usual difference."""

BLOCK_WH: Size = (8, 9)
"""Size of the parts of a thumbnail that are looked for in the other one."""

REACH = 4
"""Pixels of a thumbnail by which a part may move: a twelfth of the picture's width."""

FLAT = 1.0
"""Standard deviation, of 255, below which a part is too flat to find again."""

FEWEST = 5
"""Minimum number of the 18 parts that must not be flat. Fewer do not identify the shot."""

STILL_THERE = 0.7
"""Mean correlation of the parts with the best place nearby from which they show the same things.
Measured with `benchmarks/cuts.py`: two unrelated shots reach 0.60, in dark pictures as in bright
ones; jumps within one take reach 0.4 to 0.8."""

SAME_PLACE = 0.88
"""Correlation of the middle of one thumbnail with any place of the other from which the camera only
moved far."""

JUMP = 16.0
"""Minimum mean difference of a shot change where a picture is too flat to compare parts: a title, a
black-out."""

OTHER_COLOURS = 0.15
"""Minimum share of colours, 0 to 1, that must differ as well in such pictures."""

BINS = 6
"""Number of steps of each colour channel in a histogram."""

SOFT, SOFT_REACH = 0.7, 3
"""Standard deviation of the blur over these steps, and how many steps away it ends."""


def thumbnail(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a small, soft copy of the frame, (27, 48, 3) float32.

    Halving comes first: it takes a tenth of the time of other factors.
    """
    while rgb.shape[0] >= 4 * THUMB_WH[1] and rgb.shape[1] >= 4 * THUMB_WH[0]:
        half_wh = rgb.shape[1] // 2, rgb.shape[0] // 2
        rgb = np.asarray(cv2.resize(rgb, half_wh, interpolation=cv2.INTER_AREA), np.uint8)
    small = cv2.resize(rgb, THUMB_WH, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (5, 5), 0), np.float32)


class ShotChanges(Generic[T]):
    """Decides for each frame whether a new shot begins with it.

    A verdict comes FLASH frames after its frame.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[T, NDArray[np.float32]]] = deque()
        self._before: NDArray[np.float32] | None = None
        self._usual: deque[float] = deque(maxlen=MEMORY)

    def update(self, item: T, thumb: NDArray[np.float32]) -> Iterator[tuple[T, bool]]:
        """Take the next frame's item, and yield earlier items, each with its verdict."""
        self._waiting.append((item, thumb))
        if len(self._waiting) > FLASH:
            yield self._judge()

    def flush(self) -> Iterator[tuple[T, bool]]:
        """Yield the items that are left at the end of the video."""
        while self._waiting:
            yield self._judge()

    def _judge(self) -> tuple[T, bool]:
        item, thumb = self._waiting.popleft()
        before, self._before = self._before, thumb
        if before is None:
            return item, False
        jump = difference(before, thumb)
        usual = float(np.median(self._usual)) if self._usual else 0.0
        is_jump = jump > max(LEAST_JUMP, LEAST_SHARE * contrast(before, thumb), UNUSUAL * usual)
        if not is_jump or is_same_shot(before, thumb):
            self._usual.append(jump)
            return item, False
        if self._comes_back(before, jump):
            self._before = before  # a flash: compare what follows with the picture before the flash
            return item, False
        is_cut = not self._goes_on(thumb, jump)
        if is_cut:
            self._usual.clear()
        else:
            self._usual.append(jump)
        return item, is_cut

    def _comes_back(self, before: NDArray[np.float32], jump: float) -> bool:
        return any(
            difference(before, t) < min(JUMP, jump / 2) or is_same_shot(before, t)
            for _, t in self._waiting
        )

    def _goes_on(self, thumb: NDArray[np.float32], jump: float) -> bool:
        """Return whether the frame before or after moved as much: a fast pan jumps more than once,
        a cut does not."""
        before = self._usual[-1] if self._usual else 0.0
        after = difference(thumb, self._waiting[0][1]) if self._waiting else 0.0
        return max(before, after) > jump / 2


def is_same_shot(before: NDArray[np.float32], thumb: NDArray[np.float32]) -> bool:
    """Return whether both show the same things, even if the light, the camera or the foreground
    changed."""
    found = found_again(before, thumb)
    if len(found) < FEWEST or float(before.std(axis=(0, 1)).max()) < FLAT:
        return (
            difference(before, thumb) <= JUMP or colour_difference(before, thumb) <= OTHER_COLOURS
        )
    return float(np.mean(found)) >= STILL_THERE or moved_far(before, thumb) >= SAME_PLACE


def found_again(before: NDArray[np.float32], thumb: NDArray[np.float32]) -> list[float]:
    """Return, for each part of the thumbnail that is not flat, its correlation with the best place
    nearby in the one before."""
    width, height = BLOCK_WH
    found = []
    for y in range(0, thumb.shape[0], height):
        for x in range(0, thumb.shape[1], width):
            part = thumb[y : y + height, x : x + width]
            if float(part.std(axis=(0, 1)).max()) >= FLAT:
                near = before[
                    max(0, y - REACH) : y + height + REACH, max(0, x - REACH) : x + width + REACH
                ]
                found.append(_best_match(near, part))
    return found


def moved_far(before: NDArray[np.float32], thumb: NDArray[np.float32]) -> float:
    """Return the correlation of the middle of one thumbnail with the best place in the other; the
    better of both directions."""
    rows, columns = (slice(n // 4, n - n // 4) for n in thumb.shape[:2])
    return max(_best_match(before, thumb[rows, columns]), _best_match(thumb, before[rows, columns]))


def _best_match(picture: NDArray[np.float32], part: NDArray[np.float32]) -> float:
    """Return the correlation at the best place.

    OpenCV gives 0 or 1 for flat places, and rounding may give more than 1.
    """
    match = cv2.matchTemplate(picture, np.ascontiguousarray(part), cv2.TM_CCOEFF_NORMED)
    return float(match[match <= 1.001].max(initial=0.0))


def contrast(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the standard deviation of two thumbnails, 0 to 255: the mean of both, over the
    colours."""
    return float(a.std(axis=(0, 1)).mean() + b.std(axis=(0, 1)).mean()) / 2


def difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the mean absolute difference of two thumbnails, 0 to 255."""
    return float(np.abs(a - b).mean())


def colour_difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the share of the colours of one thumbnail that the other does not show, 0 to 1, at any
    place."""
    return float(np.abs(_colours(a) - _colours(b)).sum()) / 2


def _colours(thumb: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (BINS, BINS, BINS): the share of each colour."""
    counts, _ = np.histogramdd(thumb.reshape(-1, 3), bins=BINS, range=[(0, 256)] * 3)
    blur = _blur()
    soft = np.einsum("ai,bj,ck,ijk->abc", blur, blur, blur, counts / counts.sum(), optimize=True)
    return np.asarray(soft, np.float64)


@cache
def _blur() -> NDArray[np.float64]:
    """Return (BINS, BINS): what each step takes from the others, a Gaussian curve. So a colour on
    the border of two steps counts for both. What lies outside belongs to the outermost step."""
    near = np.arange(-SOFT_REACH, SOFT_REACH + 1)
    curve = np.exp(-0.5 * (near / SOFT) ** 2)
    made = np.zeros((BINS, BINS))
    for step in range(BINS):
        np.add.at(made[step], np.clip(step + near, 0, BINS - 1), curve / curve.sum())
    return made


def with_cuts(items: Iterable[tuple[T, NDArray[np.float32]]]) -> Iterator[tuple[T, bool]]:
    """Yield each item with the verdict whether a shot begins with it, in order."""
    changes: ShotChanges[T] = ShotChanges()
    for item, thumb in items:
        yield from changes.update(item, thumb)
    yield from changes.flush()
