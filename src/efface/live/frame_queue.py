"""The queue: frames between coming in and leaving, in order, each with what became of it.

Threads share it. One puts frames on, one or two look at them, one takes them off when their time has come. The queue decides
which frame is looked at next: when looking falls behind, fewer frames are (the others leave nobody's sight, as they never leave
the queue), and when that does not help, none until the newest, and what leaves meanwhile is the curtain.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from efface.frames import Frame
from efface.live.h264_encoder import Form
from efface.live.lookahead import Lookahead

MOST_BYTES = 600_000_000
"""On the queue. Beyond that frames that come in are not taken: they are not looked at, and do not leave."""

SLOWER, SLOWEST, BEHIND = 0.4, 0.6, 0.8
"""Share of the delay by which looking is late: from there on every second frame is looked at, every fourth, only the newest."""

OVERDUE_S = 0.3
"""What should have left so long ago does not leave at all: encoding has fallen behind, and a stream is of now."""

BACK = 0.15
"""Share of the delay below which more frames are looked at again, when it stays so for ..."""

BACK_AFTER_S = 2.0


class State(Enum):
    """What became of a frame."""

    WAITING = "waiting"
    LOOKED = "looked"
    PASSED = "passed"
    """Not looked at, as the rate was lowered. It does not leave."""
    MISSED = "missed"
    """Not looked at, as looking was too far behind. The curtain leaves in its place."""


@dataclass(slots=True, eq=False)
class QueuedFrame:
    """A frame on the queue.

    second   of the clock of what leaves.
    arrived  monotonic time.
    form     what the writer must know of it.
    number   by which the window knows it, once it was looked at.
    is_taken somebody looks at it, or has.
    """

    frame: Frame
    window: Lookahead
    second: float
    arrived: float
    size_bytes: int
    form: Form
    number: int = -1
    state: State = State.WAITING
    is_taken: bool = False


class FrameQueue:
    """See the module.

    every    one in so many frames is looked at.
    overdue_s  by which the last frame left late.
    """

    def __init__(self, delay_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._delay_s, self._clock = delay_s, clock
        self._frames: deque[QueuedFrame] = deque()
        self._changed = threading.Condition()
        self._bytes = 0
        self._turn = 0
        self._calm_since = clock()
        self.is_closed = False
        self.every, self.overdue_s = 1, 0.0
        self.refused = 0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def waiting(self) -> int:
        """Frames that nobody looks at yet."""
        with self._changed:
            return len(self._waiting())

    def _waiting(self) -> list[QueuedFrame]:
        return [f for f in self._frames if f.state is State.WAITING and not f.is_taken]

    def put(self, held: QueuedFrame) -> bool:
        """Puts a frame on. False when the queue is full."""
        with self._changed:
            if self._bytes + held.size_bytes > MOST_BYTES:
                self.refused += 1
                return False
            self._frames.append(held)
            self._bytes += held.size_bytes
            self._changed.notify_all()
            return True

    def next_to_look(self, timeout_s: float) -> QueuedFrame | None:
        """The frame to look at now; None when there is none for so long, or the queue is closed."""
        with self._changed:
            until = self._clock() + timeout_s
            while True:
                if waiting := self._waiting():
                    # By the oldest that is not done with, whoever has it in hand.
                    late_s = self._clock() - next(f.arrived for f in self._frames if f.state is State.WAITING)
                    if late_s > BEHIND * self._delay_s and len(waiting) > 1:
                        for held in waiting[:-1]:
                            held.state = State.MISSED
                        waiting = waiting[-1:]
                    self._pace(late_s + self.overdue_s)
                    for held in waiting:
                        self._turn += 1
                        if self._turn % self.every == 0:
                            held.is_taken = True
                            return held
                        held.state = State.PASSED
                left = until - self._clock()
                if left <= 0 or self.is_closed:
                    return None
                self._changed.wait(left)

    def _pace(self, late_s: float) -> None:
        now = self._clock()
        if late_s > BACK * self._delay_s:
            self._calm_since = now
        wanted = 4 if late_s > SLOWEST * self._delay_s else 2 if late_s > SLOWER * self._delay_s else 1
        if wanted > self.every:
            self.every = wanted
        elif self.every > 1 and now - self._calm_since > BACK_AFTER_S:
            self.every //= 2
            self._calm_since = now

    def looked(self, held: QueuedFrame, number: int) -> None:
        """The window knows the frame by that number now."""
        with self._changed:
            held.number = number
            if held.state is State.WAITING:
                held.state = State.LOOKED

    def next_to_leave(self, timeout_s: float) -> QueuedFrame | None:
        """The frame whose time has come, in order; None when there is none for so long, or the queue is closed and empty.

        What was not looked at by then is missed, whatever a look that is under way will say.
        """
        with self._changed:
            until = self._clock() + timeout_s
            while True:
                due = self._frames[0].arrived + self._delay_s if self._frames else float("inf")
                now = self._clock()
                if self._frames and now >= due:
                    held = self._frames.popleft()
                    self._bytes -= held.size_bytes
                    self.overdue_s = now - due
                    if held.state is State.WAITING:
                        held.state = State.MISSED
                    elif held.state is State.LOOKED and self.overdue_s > OVERDUE_S:
                        held.state = State.PASSED
                    return held
                if now >= until or (self.is_closed and not self._frames):
                    return None
                self._changed.wait(min(until, due) - now)

    def close(self) -> None:
        """Nothing comes any more."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()
