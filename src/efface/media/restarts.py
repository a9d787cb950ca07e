"""Clocks that start anew in the middle of a file, as where recordings were joined.

MPEG-TS and MPEG-PS are made to be joined: players go on at such a place, and so does efface. What comes after it follows the
last frame before it at once. One packet alone with an early time is damage, and stays what it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import av

JOINABLE = frozenset(("mpegts", "mpeg"))
"""FFmpeg's names of containers whose clock may start anew."""

AHEAD = 4
"""Packets that are looked at before one is given: the last ones before a joint are marked as corrupt, as a counter jumps."""


class Restart:
    """Stands in `opaque` of a packet that comes near a joint.

    begins     it is the first after the joint.
    forgiven   the demuxer marks it as corrupt only because the joint follows. The decoder still has its say.
    """

    __slots__ = ("begins", "forgiven")

    def __init__(self, *, begins: bool = False, forgiven: bool = False) -> None:
        self.begins, self.forgiven = begins, forgiven


def in_one_clock(packets: Iterable[av.Packet[Any]], step: int) -> Iterator[av.Packet[Any]]:
    """Packets of one stream, with times that go on where the clock starts anew.

    step  of one frame, in the stream's time base.
    """
    ahead: deque[av.Packet[Any]] = deque()
    clock = _Clock(step)
    for packet in packets:
        ahead.append(packet)
        if len(ahead) > AHEAD:
            yield clock.set(ahead.popleft(), ahead)
    while ahead:
        yield clock.set(ahead.popleft(), ahead)


class _Clock:
    def __init__(self, step: int) -> None:
        self._step, self._shift = step, 0
        self._last: int | None = None  # as stored

    def set(self, packet: av.Packet[Any], following: Iterable[av.Packet[Any]]) -> av.Packet[Any]:
        """The packet, with its time in the one clock. `following` are the next ones, as they are stored."""
        here, following = packet.dts, list(following)
        if here is not None:
            if self._last is not None and here <= self._last - self._step and self._goes_on(here, following):
                self._shift += self._last + self._step - here
                packet.opaque = Restart(begins=True)
            elif packet.is_corrupt and self._is_before_joint(here, following):
                packet.opaque = Restart(forgiven=True)
            self._last = here
            packet.dts = here + self._shift
        if packet.pts is not None:
            packet.pts += self._shift
        return packet

    def _goes_on(self, here: int, following: list[av.Packet[Any]]) -> bool:
        """Whether the packets after this one are as early as it."""
        assert self._last is not None
        times = [p.dts for p in following if p.dts is not None][:2]
        return bool(times) and all(here <= t <= self._last for t in times)

    def _is_before_joint(self, here: int, following: list[av.Packet[Any]]) -> bool:
        times = [here, *(p.dts for p in following if p.dts is not None)]
        return any(b <= a - self._step for a, b in pairwise(times))
