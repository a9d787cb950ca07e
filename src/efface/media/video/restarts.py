"""Join clocks that restart in the middle of a file, as where recordings were concatenated.

MPEG-TS and MPEG-PS are made to be joined. Players continue at such a place, and so does efface: the
next frame directly follows the last one before the joint. A single packet with an early time counts
as damage.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import av

JOINABLE = frozenset(("mpegts", "mpeg"))
"""FFmpeg's names of containers whose clock may restart."""

AHEAD_PACKETS = 4
"""Number of packets read ahead. A counter jumps at a joint, so the demuxer marks the last packets
before it as corrupt."""


class Restart:
    """Stored in `opaque` of a packet near a joint.

    begins     it is the first packet after the joint.
    forgiven   the demuxer marks it as corrupt only because the joint follows. The decoder may still
               reject it.
    """

    __slots__ = ("begins", "forgiven")

    def __init__(self, *, begins: bool = False, forgiven: bool = False) -> None:
        self.begins, self.forgiven = begins, forgiven


def in_one_clock(packets: Iterable[av.Packet[Any]], step: int) -> Iterator[av.Packet[Any]]:
    """Yield the packets of one stream with times that continue where the clock restarts.

    step  duration of a frame, in the stream's time base.
    """
    return Clock(step).over(packets)


class Clock:
    """The continuous clock of a stream. shifts: what was added to the times after each joint, in
    the stream's time base."""

    def __init__(self, step: int, known: Iterator[int] | None = None) -> None:
        """known: the shifts of another stream of the file, which this one follows."""
        self._step, self._shift, self._known = step, 0, known
        self._last: int | None = None  # as stored
        self._latest = 0  # latest PTS in the continuous clock
        self._untimed = 0  # packets without a time since then
        self._ahead: deque[av.Packet[Any]] = deque()
        self.shifts: list[int] = []

    def over(self, packets: Iterable[av.Packet[Any]]) -> Iterator[av.Packet[Any]]:
        """Yield all packets in the continuous clock."""
        for packet in packets:
            yield from self.put(packet)
        yield from self.rest()

    def put(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        """Take a packet, and yield the packet that is due. Raises LostStep if `known` has no shift
        left."""
        self._ahead.append(packet)
        if len(self._ahead) > AHEAD_PACKETS:
            yield self._set(self._ahead.popleft())

    def rest(self) -> Iterator[av.Packet[Any]]:
        """Yield the remaining packets at the end."""
        while self._ahead:
            yield self._set(self._ahead.popleft())

    def _set(self, packet: av.Packet[Any]) -> av.Packet[Any]:
        here = packet.dts
        if here is not None:
            if (
                self._last is not None
                and here <= self._last - self._step
                and self._goes_on(here, packet)
            ):
                self._shift = self._next_shift(here, packet)
                self.shifts.append(self._shift)
                packet.opaque = Restart(begins=True)
            elif packet.is_corrupt and self._is_before_joint(here):
                packet.opaque = Restart(forgiven=True)
            self._last, self._untimed = here, 0
            packet.dts = here + self._shift
        else:
            self._untimed += 1
        if packet.pts is not None:
            packet.pts += self._shift
            self._latest = max(self._latest, packet.pts)
        return packet

    def _next_shift(self, here: int, packet: av.Packet[Any]) -> int:
        """Return the shift that lets decoding continue at once and shows no frame before those of
        the previous part."""
        assert self._last is not None
        if self._known is None:
            at_once = self._shift + self._last + self._step * (1 + self._untimed) - here
            first = min((p.pts for p in (packet, *self._ahead) if p.pts is not None), default=None)
            return at_once if first is None else max(at_once, self._latest + self._step - first)
        shift = next(self._known, None)
        if shift is None:
            raise LostStep
        return shift

    def _goes_on(self, here: int, packet: av.Packet[Any]) -> bool:
        """Return whether the packets after this one are as early as it is. If they have no times, a
        keyframe is enough."""
        assert self._last is not None
        times = [p.dts for p in self._ahead if p.dts is not None][:2]
        return (
            all(here <= t <= self._last for t in times)
            if times
            else bool(self._ahead) and packet.is_keyframe
        )

    def _is_before_joint(self, here: int) -> bool:
        times = [here, *(p.dts for p in self._ahead if p.dts is not None)]
        return any(b <= a - self._step for a, b in pairwise(times))


class LostStep(Exception):
    """A stream restarts where the one that it follows does not."""
