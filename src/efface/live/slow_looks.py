"""Look for kinds whose detectors are too slow for every frame: text and codes.

A frame that is due is examined in a thread of its own, beside the looks at faces and plates. Tracks
carry the results through the frames between. The frames after it are passed on only when the result
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
from efface.detections import Detections
from efface.live.frame_queue import QueuedFrame
from efface.live.lookahead import Lookahead

EVERY_S, LONGEST_S = 0.3, 0.8
"""A kind is looked for again after this long, and after twice as long as the looks take; but after
LONGEST_S in any case."""

BRIDGED_SHARE = 0.8
"""Share of --track-bridge that may pass between two looks: tracks end where it is exceeded."""

LONG_AGO_S = 1e9

IN_WHOLE = Look()


class SlowLooks:
    """The looks of one camera. One thread calls `ask` in the order of frames, another `joined`."""

    def __init__(self, detectors: Mapping[str, Guarded], bridge_s: float) -> None:
        self._detectors, self._most_s = detectors, min(LONGEST_S, BRIDGED_SHARE * bridge_s)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="efface-live-slow")
        self._asked: dict[QueuedFrame, list[Future[Detections]]] = {}
        self._last: dict[str, float] = {}
        self._cost_s = dict.fromkeys(detectors, 0.0)
        self._window: Lookahead | None = None

    @property
    def every_s(self) -> float:
        """Return how long after a look for a kind the next one is due."""
        return min(max(EVERY_S, 2 * sum(self._cost_s.values())), self._most_s)

    def ask(self, held: QueuedFrame) -> None:
        """Begin the looks at that frame that are due."""
        if held.window is not self._window:  # another connection, or another size
            self._window = held.window
            self._last.clear()
        ages = {kind: held.second - self._last.get(kind, -LONG_AGO_S) for kind in self._detectors}
        due = [kind for kind, age in ages.items() if age >= self._most_s]
        if not due:  # one kind at a time, so that a frame does not wait for all of them
            waiting = [kind for kind, age in ages.items() if age >= self.every_s]
            due = [max(waiting, key=ages.__getitem__)] if waiting else []
        for kind in due:
            self._last[kind] = held.second
        if due:
            self._asked[held] = [self._pool.submit(self._look, kind, held) for kind in due]

    def joined(self, held: QueuedFrame, seen: Detections) -> Detections:
        """Return what was seen in a frame, with what the looks at it show. It waits for them.

        Raises what a detector raises.
        """
        for asked in self._asked.pop(held, ()):
            seen = merged(seen, asked.result())
        return seen

    def _look(self, kind: str, held: QueuedFrame) -> Detections:
        began = time.perf_counter()
        seen = self._detectors[kind].detect(held.frame, IN_WHOLE)
        self._cost_s[kind] = time.perf_counter() - began
        return seen

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
