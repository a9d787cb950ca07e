"""Orders to a detector: which part of a frame to examine, at which sizes, and how thoroughly.

A `Frame` is what was decoded. A `Look` is what a caller wants to know of it. The two are separate,
so that a mirror image, an enlargement or a window of a frame is asked for and never faked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.frames import Frame
from efface.geometry import Box, Boxes, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How to examine a frame. By default: all sizes, as one of many frames of a film.

    detail       largest share of its size at which it is examined: 1 for all sizes, 0.5 from half
                 of it down.
    coarsest     smallest share: with `detail`, one size alone can be asked for.
    without      shares in between that are left out, as other frames are examined at these.
    is_thorough  no neighbouring frame shows the same objects (photos, pages): also examine it
                 doubled and mirrored, and examine doubtful objects again.
    is_mirrored  examine the mirror image. Boxes are still those of the frame.
    turn         number of the frame in its film, as `schedule.film_look` counts, by which doubtful
                 objects get a closer look in some frames, each time in another view (`Confirm`);
                 None: no closer look.
    scale        examine the frame as if it were this many times as wide and as high.
    window       examine only this part of the frame, at its own size. Its pixels count as square.
    around       boxes of the frame: examine only what is around them, at all sizes; None: all.
    """

    detail: float = 1.0
    coarsest: float = 0.0
    without: tuple[float, ...] = ()
    is_thorough: bool = False
    is_mirrored: bool = False
    turn: int | None = None
    scale: float = 1.0
    window: Box | None = None
    around: tuple[tuple[float, ...], ...] | None = None

    def __post_init__(self) -> None:
        # A NaN fails every comparison, and the frame would be examined at its smallest size only.
        if not (self.detail > 0 and self.coarsest >= 0 and 0 < self.scale < float("inf")):
            raise ValueError(f"no size is left to examine in {self}")
        if self.window is not None and self.scale != 1.0:
            raise ValueError("a window is examined at its own size")


THOROUGH = Look(is_thorough=True)
"""For photos and pages."""


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """The part of a frame that a look covers, at the size that counts as full.

    size_wh  its size.
    aspect   width of its pixels over their height.
    rgb      rgb(size_wh) gives (h, w, 3) uint8 RGB, resized to that size.
    corner   (4,) its upper left corner in the frame, twice.
    step     (4,) pixels of the frame for one of its pixels, twice.
    """

    size_wh: Size
    aspect: float
    rgb: Callable[[Size], NDArray[np.uint8]]
    corner: Boxes
    step: Boxes

    @classmethod
    def of(cls, frame: Frame, look: Look) -> Self:
        """Return what the look covers of the frame."""
        if look.window is not None:
            return cls._window(frame, look.window)
        width, height = frame.size_wh
        size_wh = (max(1, round(width * look.scale)), max(1, round(height * look.scale)))
        step: Boxes = np.tile(
            np.array(frame.size_wh, np.float32) / np.array(size_wh, np.float32), 2
        )
        # A photo is examined for longer, and may be large.
        rgb = frame.look if look.is_thorough else _each_once(frame.look)
        return cls(size_wh, frame.aspect, rgb, np.zeros(4, np.float32), step)

    @classmethod
    def _window(cls, frame: Frame, window: Box) -> Self:
        x1, y1, x2, y2 = window
        own_wh = (x2 - x1, y2 - y1)

        def rgb(size_wh: Size) -> NDArray[np.uint8]:
            part = np.ascontiguousarray(frame.look(frame.size_wh)[y1:y2, x1:x2])
            if size_wh == own_wh:
                return part
            return np.asarray(cv2.resize(part, size_wh, interpolation=cv2.INTER_AREA), np.uint8)

        corner: Boxes = np.array([x1, y1, x1, y1], np.float32)
        step: Boxes = np.ones(4, np.float32)
        return cls(own_wh, 1.0, rgb, corner, step)

    def in_frame(self, xyxy: Boxes) -> Boxes:
        """Return boxes (n, 4) of the area in pixels of the frame."""
        return (xyxy * self.step + self.corner).astype(np.float32)

    def of_frame(self, xyxy: Boxes) -> Boxes:
        """Return boxes (n, 4) of the frame in pixels of the area."""
        return ((xyxy - self.corner) / self.step).astype(np.float32)


def _each_once(rgb: Callable[[Size], NDArray[np.uint8]]) -> Callable[[Size], NDArray[np.uint8]]:
    """Return a function that gives the same, and keeps what it made: levels and closer looks read
    the same sizes.

    What is exactly half of a kept size is made from that, in a tenth of the time that the whole
    frame would take.
    """
    kept: dict[Size, NDArray[np.uint8]] = {}

    def of_size(wanted: Size) -> NDArray[np.uint8]:
        if wanted not in kept:
            double = kept.get((2 * wanted[0], 2 * wanted[1]))
            if double is None:
                kept[wanted] = rgb(wanted)
            else:
                kept[wanted] = np.asarray(cv2.resize(double, wanted, interpolation=cv2.INTER_AREA))
        return kept[wanted]

    return of_size
