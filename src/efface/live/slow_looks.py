"""Look for kinds whose detectors are too slow for every frame: text and codes.

A frame that is due is examined in a thread of its own, beside the looks at faces and plates: as a
whole, text at half the size, or a part of it at its full size, for small text. Tracks carry the
results through the frames between. The frames after it are passed on only when the result
is there: so no frame leaves that was not looked at for these kinds itself or shortly after one that
was. If these looks take too long, frames come too late, and the queue does what it does then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from efface.detect.fail_closed import Guarded
from efface.detect.joining import merged
from efface.detect.look import Look
from efface.detect.schedule import windows
from efface.detections import Detections
from efface.live.frame_queue import QueuedFrame
from efface.live.lookahead import Lookahead

EVERY_S, LONGEST_S = 0.3, 0.8
"""A look of one sort is due again after this long, and after twice as long as all sorts take; but
after LONGEST_S in any case."""

BRIDGED_SHARE = 0.8
"""Share of --track-bridge that may pass between two looks: tracks end where it is exceeded."""

LONG_AGO_S = 1e9

TEXT_IN_PARTS = "text in parts"
HALF = 0.5
"""Detail of looks at text. A whole frame of 1280x720 at full size takes four times as long. Text
enlarges a part to twice its size, so for a part this is the frame's own size."""


class SlowLooks:
    """The looks of one camera. One thread calls `ask` in the order of frames, another `joined`."""

    def __init__(self, detectors: Mapping[str, Guarded], bridge_s: float) -> None:
        self._detectors, self._most_s = detectors, min(LONGEST_S, BRIDGED_SHARE * bridge_s)
        self._sorts = [*detectors, *([TEXT_IN_PARTS] if "text" in detectors else [])]
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="efface-live-slow")
        self._asked: dict[QueuedFrame, list[Future[Detections]]] = {}
        self._last: dict[str, float] = {}
        self._cost_s = dict.fromkeys(self._sorts, 0.0)
        self._window: Lookahead | None = None
        self._turn = 0

    @property
    def every_s(self) -> float:
        """Return how long after a look the next one of its sort is due."""
        return min(max(EVERY_S, 2 * sum(self._cost_s.values())), self._most_s)

    def ask(self, held: QueuedFrame) -> None:
        """Begin the looks at that frame that are due."""
        if held.window is not self._window:  # another connection, or another size
            self._window = held.window
            self._last.clear()
        ages = {sort: held.second - self._last.get(sort, -LONG_AGO_S) for sort in self._sorts}
        due = [sort for sort, age in ages.items() if age >= self._most_s]
        if not due:  # one sort at a time, so that a frame does not wait for all of them
            waiting = [sort for sort, age in ages.items() if age >= self.every_s]
            due = [max(waiting, key=ages.__getitem__)] if waiting else []
        for sort in due:
            self._last[sort] = held.second
        if due:
            self._asked[held] = [self._pool.submit(self._look, sort, held) for sort in due]

    def joined(self, held: QueuedFrame, seen: Detections) -> Detections:
        """Return what was seen in a frame, with what the looks at it show. It waits for them.

        Raises what a detector raises.
        """
        for asked in self._asked.pop(held, ()):
            seen = merged(seen, asked.result())
        return seen

    def _look(self, sort: str, held: QueuedFrame) -> Detections:
        began = time.perf_counter()
        kind = "text" if sort == TEXT_IN_PARTS else sort
        seen = self._detectors[kind].detect(held.frame, self._order(sort, held))
        self._cost_s[sort] = time.perf_counter() - began
        return seen

    def _order(self, sort: str, held: QueuedFrame) -> Look:
        if sort == TEXT_IN_PARTS:
            parts = windows(held.frame.size_wh)
            self._turn += 1
            detail = HALF if len(parts) > 1 else 1.0  # a small frame is enlarged
            return Look(window=parts[self._turn % len(parts)], detail=detail)
        return Look(detail=HALF if sort == "text" else 1.0)

    def close(self) -> None:
        """End the thread. Looks that have not begun are dropped."""
        self._pool.shutdown(cancel_futures=True)


@contextmanager
def slow_looks(detectors: Mapping[str, Guarded], bridge_s: float) -> Iterator[SlowLooks]:
    """Provide the looks, and end their thread."""
    looks = SlowLooks(detectors, bridge_s)
    try:
        yield looks
    finally:
        looks.close()
