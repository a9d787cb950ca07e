"""Shot changes: where one camera view ends and the next begins.

Nothing is carried across a shot change: a box extended into the next shot covers the wrong place and hides nothing.
A flash is no shot change: the picture before it comes back after it. So the verdict on a frame waits for the next few.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from efface.geometry import Size

T = TypeVar("T")

THUMB_WH: Size = (48, 27)
"""Small enough that motion within a shot moves little, large enough to tell two views apart."""

FLASH = 3
"""Frames that a flash may last."""

JUMP = 16.0
"""Mean difference of two thumbnails, 0 to 255, below which no change of shot is assumed."""

UNUSUAL = 3.0
"""A shot change differs by this many times what the frames before differed by."""

MEMORY = 8
"""Frames that "before" means."""

OTHER_COLOURS = 0.15
"""Share of colours that must differ as well, 0 to 1. A camera that stutters jumps too, but shows the same things: 0.10 where a
phone dropped frames; between unrelated pictures 0.18 and more in 99 of 100 pairs."""

BINS = 6
"""Steps of each colour channel in a histogram."""


def thumbnail(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(27, 48, 3) float32: the frame, small and soft."""
    small = cv2.resize(rgb, THUMB_WH, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (5, 5), 0), np.float32)


class ShotChanges(Generic[T]):
    """Says of each frame whether a new shot begins with it. Verdicts come FLASH frames after the question."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[T, NDArray[np.float32]]] = deque()
        self._before: NDArray[np.float32] | None = None
        self._usual: deque[float] = deque(maxlen=MEMORY)

    def update(self, item: T, thumb: NDArray[np.float32]) -> Iterator[tuple[T, bool]]:
        """Takes the next frame's item, and gives back earlier ones, each with its verdict."""
        self._waiting.append((item, thumb))
        if len(self._waiting) > FLASH:
            yield self._judge()

    def flush(self) -> Iterator[tuple[T, bool]]:
        """The tail of the video."""
        while self._waiting:
            yield self._judge()

    def _judge(self) -> tuple[T, bool]:
        item, thumb = self._waiting.popleft()
        before, self._before = self._before, thumb
        if before is None:
            return item, False
        jump = difference(before, thumb)
        usual = float(np.median(self._usual)) if self._usual else 0.0
        is_jump = jump > max(JUMP, UNUSUAL * usual)
        if is_jump and self._comes_back(before, jump):
            self._before = before  # a flash: what follows is compared with what was before it
            return item, False
        is_cut = is_jump and not self._goes_on(thumb, jump) and colour_difference(before, thumb) > OTHER_COLOURS
        if is_cut:
            self._usual.clear()
        else:
            self._usual.append(jump)
        return item, is_cut

    def _comes_back(self, before: NDArray[np.float32], jump: float) -> bool:
        return any(difference(before, later) < min(JUMP, jump / 2) for _, later in self._waiting)

    def _goes_on(self, thumb: NDArray[np.float32], jump: float) -> bool:
        """Whether the frame before or after moved as much: a fast pan jumps more than once, a cut does not."""
        before = self._usual[-1] if self._usual else 0.0
        after = difference(thumb, self._waiting[0][1]) if self._waiting else 0.0
        return max(before, after) > jump / 2


def difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Mean absolute difference of two thumbnails, 0 to 255."""
    return float(np.abs(a - b).mean())


def colour_difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Share of the colours of one thumbnail that the other does not show, 0 to 1, wherever they are in the picture."""
    return float(np.abs(_colours(a) - _colours(b)).sum()) / 2


def _colours(thumb: NDArray[np.float32]) -> NDArray[np.float64]:
    counts, _ = np.histogramdd(thumb.reshape(-1, 3), bins=BINS, range=[(0, 256)] * 3)
    # Softened, so that a colour on the border of two steps counts for both.
    return np.asarray(gaussian_filter(counts / counts.sum(), 0.7, mode="nearest"))


def with_cuts(items: Iterable[tuple[T, NDArray[np.float32]]]) -> Iterator[tuple[T, bool]]:
    """Each item with the verdict whether a shot begins with it, in order."""
    changes: ShotChanges[T] = ShotChanges()
    for item, thumb in items:
        yield from changes.update(item, thumb)
    yield from changes.flush()
