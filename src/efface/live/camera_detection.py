"""Examine the frames of a camera: whole ones in one thread, parts of them in another."""

from __future__ import annotations

import queue
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from efface.detect.fail_closed import Guarded
from efface.detections import Detections
from efface.frames import Frame
from efface.geometry import Size
from efface.live.detail_budget import DetailBudget
from efface.live.frame_queue import QueuedFrame
from efface.live.pipeline_state import WAIT_S, PipelineState
from efface.live.slow_looks import SlowLooks
from efface.pipeline.perceive import SmallPictures

LATE_S = 0.1
"""Above this lateness of the output, the encoder needs the processor more than further looks do."""

EXTRA_UP_TO = 0.3
"""Share of the delay. A frame gets no further look if that would make it later than this."""

MOST_SEEN = 8
"""Frames that were examined as a whole and wait for the follower.

Further frames stay on the queue, which drops old ones.
"""


class FrameExaminer:
    """Examine frames on the queue: whole frames in one thread, parts of them in another if there is
    time.

    With one detector the first thread does both, and the other only waits for the end.
    """

    def __init__(
        self,
        pipeline: PipelineState,
        detectors: Sequence[Guarded],
        slow: SlowLooks,
        sure: Mapping[int, float],
    ) -> None:
        """slow  looks for other kinds; sure  scores of all kinds from which a sighting is sure."""
        self._pipeline, self._detector, self._closer = pipeline, detectors[0], detectors[-1]
        self._slow, self._sure = slow, sure
        self._is_alone = len(detectors) == 1
        self._budgets: dict[Size, DetailBudget] = {}
        self._seen: queue.Queue[tuple[QueuedFrame, DetailBudget, Detections] | None] = queue.Queue()

    def work(self) -> None:
        """Examine each frame as a whole."""
        pipeline = self._pipeline
        try:
            while pipeline.error is None:
                pipeline.beats["looker"] = time.monotonic()
                if self._seen.qsize() >= MOST_SEEN:
                    time.sleep(
                        0.01
                        # a sleep, not a wait for the stop: after a stop the follower still has
                        # frames to finish
                    )
                    continue
                held = pipeline.frame_queue.next_to_look(WAIT_S)
                if held is not None:
                    self._look(held)
                elif pipeline.frame_queue.is_closed:
                    return
        finally:
            self._seen.put(None)

    def follow(self) -> None:
        """Examine parts of frames that were examined as a whole, and follow what they show, in
        order."""
        pipeline = self._pipeline
        while pipeline.error is None:
            pipeline.beats["follower"] = time.monotonic()
            with suppress(queue.Empty):
                if (seen := self._seen.get(timeout=WAIT_S)) is None:
                    return
                self._finish(*seen)

    def _look(self, held: QueuedFrame) -> None:
        self._slow.ask(held)
        budget = self._budget_for(held.frame)
        seen = budget.look(held.frame, self._pipeline.frame_queue.every / float(held.form.rate))
        if self._is_alone:
            self._finish(held, budget, seen)
        else:
            self._seen.put((held, budget, seen))

    def _finish(self, held: QueuedFrame, budget: DetailBudget, seen: Detections) -> None:
        pipeline, facts = self._pipeline, self._pipeline.facts
        while self._has_time(held, budget):
            before = budget.extras
            seen = budget.look_closer(held.frame, seen)
            facts.looks_closer += budget.extras - before
            if budget.is_round:
                break
        seen = self._slow.joined(held, seen)
        number = held.window.looked(held.second, SmallPictures.of(held.frame), seen)
        pipeline.frame_queue.looked(held, number)
        facts.looks += 1
        facts.detections += int(seen.are_sure(self._sure).sum())
        facts.late_s = time.monotonic() - held.arrived
        facts.detail = budget.detail

    def _has_time(self, held: QueuedFrame, budget: DetailBudget) -> bool:
        """Return whether nothing else waits for the processor, so that a closer look delays
        nothing."""
        pipeline = self._pipeline
        late_s = time.monotonic() - held.arrived + budget.extra_s
        is_calm = pipeline.frame_queue.overdue_s < LATE_S and pipeline.frame_queue.every == 1
        is_free = pipeline.frame_queue.waiting + self._seen.qsize() == 0
        return is_calm and late_s < EXTRA_UP_TO * pipeline.options.live.delay_s and is_free

    def _budget_for(self, frame: Frame) -> DetailBudget:
        if frame.size_wh not in self._budgets:
            self._budgets.clear()
            self._budgets[frame.size_wh] = budget = DetailBudget(
                self._detector, self._closer, frame.size_wh
            )
            budget.warm(frame)
        return self._budgets[frame.size_wh]
