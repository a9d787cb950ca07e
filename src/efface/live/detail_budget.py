"""Choose in how much detail to examine a frame, and spread the remaining work over several frames.

One look at a frame of 1280x720 at all sizes takes ten times the interval between two frames on two
cores. So each frame gets one look at the whole picture, at the largest of three sizes for which
there is time. The time that is left goes into further looks at parts of the frame: the half size,
and windows of the full size, in rotation. What such a part shows becomes a track from then on, and
tracks are covered in the frames between. `detect.schedule` says what the looks are; this module
measures them.
"""

from __future__ import annotations

import time

from efface.detect.detector import Detector
from efface.detect.joining import merged
from efface.detect.look import Look
from efface.detect.schedule import Detail, Part, further_looks, in_turn, whole_look, windows
from efface.detections import Detections
from efface.frames import Frame
from efface.geometry import Size

BUSY = 0.75
"""Share of the time between two frames that the look at the whole frame may take."""

MEMORY = 0.2
"""Weight of the newest measurement in the cost of a look."""


class DetailBudget:
    """Examines frames of one size as closely as time allows, and measures how long that takes.

    detector  looks at whole frames; `closer` looks at parts, perhaps in another thread at the same
              time. They may be one.
    extras    looks at parts since the beginning. Divided by the number of parts: how often all
              parts were covered.
    """

    def __init__(self, detector: Detector, closer: Detector, size_wh: Size) -> None:
        self._detector, self._closer, self._size_wh = detector, closer, size_wh
        self._cost: dict[Detail | Part, float] = {}
        self._count: dict[Detail | Part, int] = {}
        self._turn = 0
        self.detail: Detail = "quarter"
        self.extras = 0

    def warm(self, frame: Frame) -> None:
        """Measure each kind of look once. Use only the one detector, as the other may be busy."""
        self._look_at_all("quarter", frame)
        self._look_at_all("half", frame)
        x1, y1, x2, y2 = window = windows(self._size_wh)[0]
        self._timed("window", Look(window=window), frame, self._detector)
        pixels = self._size_wh[0] * self._size_wh[1] / ((x2 - x1) * (y2 - y1))
        self._cost["full"] = self._cost["half"] + self._cost["window"] * pixels
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
        return self._look_at_all(self.detail, frame)

    def look_closer(self, frame: Frame, seen: Detections) -> Detections:
        """Return those detections joined with what one more part shows.

        The part changes from call to call.
        """
        parts = self._parts()
        if not parts:
            return seen
        part, look = parts[self._turn % len(parts)]
        self._turn += 1
        self.extras += 1
        return merged(seen, self._timed(part, look, frame, self._closer))

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

    def _parts(self) -> list[tuple[Part, Look]]:
        return further_looks(self._size_wh, self.detail)

    def _look_at_all(self, detail: Detail, frame: Frame) -> Detections:
        return self._timed(detail, whole_look(self._size_wh, detail), frame, self._detector)

    def _timed(
        self, name: Detail | Part, look: Look, frame: Frame, detector: Detector
    ) -> Detections:
        """Return what the look shows, and measure its time. Looks of one kind count as
        neighbours."""
        began = time.perf_counter()
        turn = self._count.get(name, 0)
        seen = detector.detect(frame, in_turn(turn, look))
        self._count[name] = turn + 1
        took = time.perf_counter() - began
        known = self._cost.get(name)
        self._cost[name] = took if known is None else known + MEMORY * (took - known)
        if name == "half only":  # what was too slow once may become fast enough
            self._cost["half"] = self._cost.get("quarter", 0.0) + self._cost[name]
        return seen
