"""What the threads of one camera's pipeline share: orders, counters, clock, queue of frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from efface.live.address import Address
from efface.live.frame_queue import FrameQueue
from efface.live.left_visible_counter import COUNTED, LeftVisible
from efface.live.mjpeg import MjpegPreview
from efface.live.outputs import Output
from efface.options import Options

WAIT_S = 0.2


@dataclass(frozen=True, slots=True)
class Wanted:
    """One camera: its source and its targets."""

    name: str
    source: Address
    targets: tuple[Address, ...]
    options: Options


@dataclass(slots=True)
class Facts:
    """Counters and state of one pipeline.

    They hold numbers, and nothing that shows where anything was.
    """

    state: str = "starting"
    frames_in: int = 0
    frames_out: int = 0
    frames_passed: int = 0
    frames_missed: int = 0
    frames_refused: int = 0
    looks: int = 0
    looks_closer: int = 0
    detections: int = 0
    regions: int = 0
    connections: int = 0
    losses: int = 0
    left_faces: int = 0
    left_plates: int = 0
    left_texts: int = 0
    left_codes: int = 0
    left_persons: int = 0
    left_sightings: int = 0
    left_s: float = 0.0
    placeholder_s: float = 0.0
    delay_s: float = 0.0
    late_s: float = 0.0
    every: int = 1
    detail: str = ""
    walls: str = ""
    held: int = 0
    waiting: int = 0
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)


class PipelineState:
    """What the threads of one camera's pipeline share."""

    def __init__(self, wanted: Wanted, say: Callable[[str], None]) -> None:
        self.wanted, self.say, self.options = wanted, say, wanted.options
        self.facts = Facts()
        self.visible = LeftVisible()
        self.stop = threading.Event()
        self.beats = dict.fromkeys(("reader", "looker", "follower", "writer"), time.monotonic())
        self.frame_queue = FrameQueue(self.options.live.delay_s)
        self.error: BaseException | None = None
        self._begun = time.monotonic()

    def now(self) -> float:
        """Return the seconds since the pipeline began. This is the clock of the output."""
        return time.monotonic() - self._begun

    def collected(self, targets: list[Output | MjpegPreview]) -> None:
        """Update the facts that change over time without an event."""
        frame_queue, facts = self.frame_queue, self.facts
        for name in COUNTED:
            setattr(facts, name, getattr(self.visible, name))
        facts.held, facts.waiting, facts.every, facts.frames_refused = (
            len(frame_queue),
            frame_queue.waiting,
            frame_queue.every,
            frame_queue.refused,
        )
        facts.targets = {
            str(t.address): {
                "up": t.counts.is_up,
                "sent": t.counts.sent,
                "dropped": t.counts.dropped,
                "failures": t.counts.failures,
                "queued": len(t),
            }
            for t in targets
        }
