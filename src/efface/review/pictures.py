"""Frames of a source for a browser: as they are, or as they will look, drawn by the real
renderer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from efface.containers.admission import admit
from efface.geometry import Box
from efface.media.interfaces import Source
from efface.media.preview import fitted, jpeg, rgb_of
from efface.media.video.frame_access import FrameAccess
from efface.options import Options
from efface.painting.paint import blackout, paint
from efface.pipeline.jpeg_blocks import on_blocks
from efface.pipeline.sources import opened
from efface.planning.plan import Plan

HELD_BYTES = 48 << 20
"""Maximum bytes of pictures that are kept ready to send."""

NEAR_SIDE = 640
"""Longer side, in pixels, of the picture shown while a person drags along the timeline."""

CROP_SIDE, CROP_ROOM = 240, 1.6
"""Side, in pixels, of the picture of one object, and how much wider than its box it is: without
something around it a person cannot tell a face from a lamp."""

SIDES = (320, 640, 960, 1280, 1920, 2560, 3840)
"""Sizes in which pictures are made.

A browser asks for the next larger one; above the largest it gets the frame itself.
"""


class Pictures:
    """Pictures of one source. Several threads may use them."""

    def __init__(self, source: Path, plan: Plan, options: Options) -> None:
        """Raises InputError."""
        self._options = options
        self._closing = ExitStack()
        self.source: Source = self._closing.enter_context(opened(admit(source), options.read))
        self._exact = FrameAccess(self.source, plan.timeline.pts, plan.checksums)
        self._quick = FrameAccess(self.source, plan.timeline.pts, plan.checksums)
        self._locks = threading.Lock(), threading.Lock(), threading.Lock()
        self._ready: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def close(self) -> None:
        """Release the file."""
        self.forget()
        self._closing.close()

    def forget(self) -> None:
        """Free memory. Frames that are requested later are decoded again."""
        for lock, reach in zip(self._locks, (self._exact, self._quick), strict=False):
            with lock:
                reach.close()
        with self._locks[2]:
            self._ready.clear()

    def frame(self, index: int, side: int, plan: Plan, *, is_final: bool) -> bytes:
        """Return a JPEG of that frame, with no side longer than the next of SIDES.

        Raises InputError, IndexError.

        is_final  draw the frame as it will look by that plan.
        """
        most = next((s for s in SIDES if s >= side), 1 << 30)
        key = (
            index,
            most,
            (len(plan.edits), plan.edits[-1:] and str(plan.edits[-1])) if is_final else None,
        )
        return self._kept(key, lambda: self._made(index, most, plan if is_final else None))

    def near(self, index: int) -> tuple[bytes, int]:
        """Return a small JPEG of a near frame that is available at once, and the number of that
        frame."""
        with self._locks[1]:
            frame = self._quick.near(index)
            return jpeg(frame.look(fitted(frame.size_wh, NEAR_SIDE))), frame.index

    def crop(self, index: int, box: Box) -> bytes:
        """Return a small square JPEG of that box of the original frame, with some room around it
        and an outline: a person deletes what is in it, and not what is beside it.

        Raises InputError, IndexError.
        """
        return self._kept((index, box), lambda: self._cut_out(index, box))

    def _cut_out(self, index: int, box: Box) -> bytes:
        with self._locks[0]:
            frame = self._exact.frame(index)
            rgb = frame.look(frame.size_wh)
        (x1, y1, x2, y2), (width, height) = box, frame.size_wh
        side = max(1, min(round(CROP_ROOM * max(x2 - x1, y2 - y1)), width, height))
        left = min(max((x1 + x2 - side) // 2, 0), width - side)
        top = min(max((y1 + y2 - side) // 2, 0), height - side)
        scaler = cv2.INTER_AREA if side > CROP_SIDE else cv2.INTER_CUBIC
        cut = np.ascontiguousarray(rgb[top : top + side, left : left + side])
        small = np.asarray(cv2.resize(cut, (CROP_SIDE,) * 2, interpolation=scaler), np.uint8)
        scale = CROP_SIDE / side
        _outline(small, *(round(v * scale) for v in (x1 - left, y1 - top, x2 - left, y2 - top)))
        return jpeg(small)

    def _made(self, index: int, most: int, plan: Plan | None) -> bytes:
        with self._locks[0]:
            frame = self._exact.frame(index)
        size_wh = fitted(frame.size_wh, most)
        if plan is None:
            return jpeg(np.ascontiguousarray(frame.look(size_wh)))
        picture = frame.unpack()
        if plan.is_black(index):
            blackout(picture)
        else:
            plan = on_blocks(plan, self.source.info, self._options)
            paint(picture, plan.regions(index), plan.as_painted(self._options.paint))
        return jpeg(np.ascontiguousarray(rgb_of(picture, self.source.info, size_wh)))

    def _kept(self, key: tuple[object, ...], make: Callable[[], bytes]) -> bytes:
        with self._locks[2]:
            if key in self._ready:
                self._ready.move_to_end(key)
                return self._ready[key]
        data = make()
        with self._locks[2]:
            self._ready[key] = data
            while sum(map(len, self._ready.values())) > HELD_BYTES and len(self._ready) > 1:
                self._ready.popitem(last=False)
        return data


def _outline(picture: Any, x1: int, y1: int, x2: int, y2: int) -> None:
    """Draw a white line on a black one around a box. It shows on any ground."""
    for colour, width in (((0, 0, 0), 4), ((255, 255, 255), 2)):
        cv2.rectangle(picture, (x1, y1), (x2 - 1, y2 - 1), colour, width)
