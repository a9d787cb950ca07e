"""Choose in how much detail to examine a frame, and spread the remaining work over several frames.

One look at a frame of 1280x720 at all sizes takes ten times the interval between two frames on two
cores. So each frame gets one look at the whole picture, at the largest of three sizes for which
there is time. The time that is left goes into further looks at parts of the frame: the half size,
and tiles of the full size, in rotation. What such a part shows becomes a track from then on, and
tracks are covered in the frames between.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Detector
from efface.detections import Detections
from efface.frames import Frame
from efface.geometry import Box, Size, hull, iou, nms

Detail = Literal["quarter", "half", "full"]
Look = Literal["quarter", "half", "full", "half only", "tile"]

SHARES: Mapping[Detail, float] = {"quarter": 0.25, "half": 0.5, "full": 1.0}
"""Scale of each detail, as a share of the frame's size."""

SMALLEST = 320
"""Longer side, in pixels, of the smallest look: there a face that fills a fifth of a frame's height
is 36 pixels high."""

TILE = 384
"""Pixels.

Full-size tiles stay below the size at which heads also search reduced levels; other looks search
those already.
"""

OVERLAP = 48
"""Pixels that tiles share: larger than any object that only the full size shows."""

SAME, AGREE = 0.4, 0.6
"""IoU from which boxes of two looks are one object, and IoU from which their hull is taken, as in
the detector."""

BUSY = 0.75
"""Share of the time between two frames that the look at the whole frame may take."""

MEMORY = 0.2
"""Weight of the newest measurement in the cost of a look."""


def share(size_wh: Size, detail: Detail) -> float:
    """Return the scale at which a whole frame is examined for that detail.

    Small pictures use a larger scale.
    """
    return next(
        (
            s
            for s in sorted(SHARES.values())
            if s >= SHARES[detail] and s * max(size_wh) >= SMALLEST
        ),
        1.0,
    )


def tiles(size_wh: Size) -> list[Box]:
    """Return windows at full size that together cover the whole frame."""
    columns, rows = (_pieces(length) for length in size_wh)
    return [(x1, y1, x2, y2) for y1, y2 in rows for x1, x2 in columns]


def _pieces(length: int) -> list[tuple[int, int]]:
    if length <= TILE:
        return [(0, length)]
    count = -(-(length - OVERLAP) // (TILE - OVERLAP))
    return [
        ((length - TILE) * i // (count - 1), (length - TILE) * i // (count - 1) + TILE)
        for i in range(count)
    ]


class DetailBudget:
    """Examines frames of one size as closely as time allows, and measures how long that takes.

    detector  looks at whole frames; `closer` looks at parts, perhaps in another thread at the same
              time. They may be one.
    extras    looks at parts since the beginning. Divided by the number of parts: how often all
              parts were covered.
    """

    def __init__(self, detector: Detector, closer: Detector, size_wh: Size) -> None:
        self._detector, self._closer, self._size_wh = detector, closer, size_wh
        self._cost: dict[Look, float] = {}
        self._count: dict[Look, int] = dict.fromkeys(get_args(Look), 0)
        self._turn = 0
        self.detail: Detail = "quarter"
        self.extras = 0

    def warm(self, frame: Frame) -> None:
        """Measure each kind of look once. Use only the one detector, as the other may be busy."""
        self._timed("quarter", frame, self._detector)
        self._timed("half", frame, self._detector)
        x1, y1, x2, y2 = tile = tiles(self._size_wh)[0]
        self._timed("tile", frame, self._detector, tile)
        pixels = self._size_wh[0] * self._size_wh[1] / ((x2 - x1) * (y2 - y1))
        self._cost["full"] = self._cost["half"] + self._cost["tile"] * pixels
        self._cost["half only"] = max(0.0, self._cost["half"] - self._cost["quarter"])

    def look(self, frame: Frame, interval_s: float) -> Detections:
        """Return what the whole frame shows, at the largest size for which the interval leaves
        time."""
        for detail in ("full", "half"):
            if self._cost.get(detail, 0.0) <= BUSY * interval_s:
                self.detail = detail
                break
        else:
            self.detail = "quarter"
        return self._timed(self.detail, frame, self._detector)

    def look_closer(self, frame: Frame, seen: Detections) -> Detections:
        """Return those detections joined with what one more part shows.

        The part changes from call to call.
        """
        parts = self._parts()
        if not parts:
            return seen
        name, tile = parts[self._turn % len(parts)]
        self._turn += 1
        self.extras += 1
        return joined(seen, self._timed(name, frame, self._closer, tile))

    @property
    def is_round(self) -> bool:
        """Return whether all parts had equally many turns: the same frame then shows nothing
        new."""
        parts = self._parts()
        return not parts or self._turn % len(parts) == 0

    @property
    def extra_s(self) -> float:
        """Return roughly how long the next part takes, in seconds."""
        parts = self._parts()
        return self._cost.get(parts[self._turn % len(parts)][0], 0.0) if parts else 0.0

    def _parts(self) -> list[tuple[Look, Box | None]]:
        """Return the parts in rotation: the half size before every two tiles."""
        if share(self._size_wh, self.detail) == 1:
            return []
        of_full: list[tuple[Look, Box | None]] = [("tile", tile) for tile in tiles(self._size_wh)]
        if share(self._size_wh, "half") == share(self._size_wh, self.detail):
            return of_full
        return [
            p for i in range(0, len(of_full), 2) for p in (("half only", None), *of_full[i : i + 2])
        ]

    def _timed(
        self, name: Look, frame: Frame, detector: Detector, tile: Box | None = None
    ) -> Detections:
        began = time.perf_counter()
        # Every second look of a kind is mirrored, see the detector.
        numbered = replace(frame, index=self._count[name])
        if name == "tile":
            seen = seen_in(detector, numbered, tile or (0, 0, *self._size_wh))
        else:
            wanted = share(self._size_wh, "half" if name == "half only" else name)
            seen = detector.detect(
                replace(numbered, detail=wanted, coarsest=wanted if name == "half only" else 0.0)
            )
        self._count[name] += 1
        took = time.perf_counter() - began
        known = self._cost.get(name)
        self._cost[name] = took if known is None else known + MEMORY * (took - known)
        if name == "half only":  # what was too slow once may become fast enough
            self._cost["half"] = self._cost.get("quarter", 0.0) + self._cost[name]
        return seen


def seen_in(detector: Detector, frame: Frame, tile: Box) -> Detections:
    """Return what a window of the frame shows at full size, in pixels of the frame."""
    x1, y1, x2, y2 = tile

    def look(size_wh: Size) -> NDArray[np.uint8]:
        if size_wh != (x2 - x1, y2 - y1):
            raise ValueError("tiles are looked at in their own size")
        return np.ascontiguousarray(frame.look(frame.size_wh)[y1:y2, x1:x2])

    seen = detector.detect(replace(frame, size_wh=(x2 - x1, y2 - y1), look=look, aspect=1.0))
    xyxy = (seen.xyxy + np.array([x1, y1, x1, y1], np.float32)).astype(np.float32)
    return replace(seen, xyxy=xyxy)


def joined(a: Detections, b: Detections) -> Detections:
    """Join the detections of two looks at one frame, one box per object: the hull of boxes that
    agree."""
    if not len(b):
        return a
    every = Detections(
        np.concatenate([a.xyxy, b.xyxy]),
        np.concatenate([a.score, b.score]),
        np.concatenate([a.kind, b.kind]),
        np.concatenate([a.closer_looks(), b.closer_looks()]),
    )
    parts = list(_one_each(every))
    xyxy, closer = (
        np.concatenate([p.xyxy for p in parts]),
        np.concatenate([p.closer_looks() for p in parts]),
    )
    return Detections(
        xyxy,
        np.concatenate([p.score for p in parts]),
        np.concatenate([p.kind for p in parts]),
        closer,
    )


def _one_each(seen: Detections) -> Iterator[Detections]:
    for kind in np.unique(seen.kind):
        of_kind = seen.rows(seen.kind == kind)
        best = nms(of_kind.xyxy, of_kind.score, SAME)
        hulls = []
        for i in best:
            agree = iou(of_kind.xyxy[[i]], of_kind.xyxy)[0] >= AGREE
            agree[i] = True
            hulls.append(hull(of_kind.xyxy[agree]))
        yield replace(of_kind.rows(best), xyxy=np.concatenate(hulls))
