"""The queue of frames between arrival and departure, in order, each with its state.

Several threads share it. One puts frames on, one or two examine them, one takes them off when they
are due. The queue decides which frame is examined next. When examining falls behind, the queue
skips frames; a skipped frame never leaves. When that does not help, it skips all but the newest
frame, and the placeholder leaves meanwhile.
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
"""Maximum bytes on the queue.

Beyond that efface refuses new frames: they are not examined and do not leave.
"""

EVERY_SECOND_SHARE, EVERY_FOURTH_SHARE, NEWEST_ONLY_SHARE = 0.4, 0.6, 0.8
"""Lateness as shares of the delay.

From these on efface examines every second frame, every fourth, only the newest.
"""

OVERDUE_S = 0.3
"""A frame that is overdue by more than this does not leave: encoding has fallen behind, and a
stream must stay current."""

RECOVERED_SHARE = 0.15
"""Share of the delay.

When lateness stays below it for RECOVERED_AFTER_S, more frames are examined again.
"""

RECOVERED_AFTER_S = 2.0


class State(Enum):
    """State of a frame."""

    WAITING = "waiting"
    LOOKED = "looked"
    PASSED = "passed"
    """Not examined, because the rate was lowered. The frame does not leave."""
    MISSED = "missed"
    """Not examined, because examining was too far behind. The placeholder leaves instead."""


@dataclass(slots=True, eq=False)
class QueuedFrame:
    """A frame on the queue.

    second    time by the clock of the output.
    arrived   monotonic time of arrival.
    form      what the writer must know about the frame.
    number    number of the frame in its lookahead, once it was examined.
    is_taken  a thread examines it or has examined it.
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
    """The queue, as the module describes.

    every      one in this many frames is examined.
    overdue_s  lateness of the frame that left last, in seconds.
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
        """Return the number of frames that no thread has taken yet."""
        with self._changed:
            return len(self._waiting())

    def _waiting(self) -> list[QueuedFrame]:
        return [f for f in self._frames if f.state is State.WAITING and not f.is_taken]

    def put(self, held: QueuedFrame) -> bool:
        """Add a frame. Returns False if the queue is full."""
        with self._changed:
            if self._bytes + held.size_bytes > MOST_BYTES:
                self.refused += 1
                return False
            self._frames.append(held)
            self._bytes += held.size_bytes
            self._changed.notify_all()
            return True

    def next_to_look(self, timeout_s: float) -> QueuedFrame | None:
        """Return the next frame to examine, or None after timeout_s or if the queue is closed."""
        with self._changed:
            until = self._clock() + timeout_s
            while True:
                if waiting := self._waiting():
                    # Lateness counts from the oldest frame that is not finished, including frames
                    # that a thread has taken.
                    late_s = self._clock() - next(
                        f.arrived for f in self._frames if f.state is State.WAITING
                    )
                    if late_s > NEWEST_ONLY_SHARE * self._delay_s and len(waiting) > 1:
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
        if late_s > RECOVERED_SHARE * self._delay_s:
            self._calm_since = now
        wanted = (
            4
            if late_s > EVERY_FOURTH_SHARE * self._delay_s
            else 2
            if late_s > EVERY_SECOND_SHARE * self._delay_s
            else 1
        )
        if wanted > self.every:
            self.every = wanted
        elif self.every > 1 and now - self._calm_since > RECOVERED_AFTER_S:
            self.every //= 2
            self._calm_since = now

    def looked(self, held: QueuedFrame, number: int) -> None:
        """Record the number by which the lookahead now knows the frame."""
        with self._changed:
            held.number = number
            if held.state is State.WAITING:
                held.state = State.LOOKED

    def next_to_leave(self, timeout_s: float) -> QueuedFrame | None:
        """Return the next frame that is due, in order, or None after timeout_s or if the queue is
        closed and empty.

        A frame that was not examined by then is missed, even if a look at it is under way.
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
        """Close the queue: no more frames come."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()
