"""Decode a video to frames: every frame that a player would show, upright, with its exact time, and
no other.

FFmpeg's output is trusted only if nothing contradicts it: each packet that should give a frame is
remembered until it does. A frame reported as corrupt, a decoder error, a packet marked by the
demuxer, and a packet whose frame never comes all count as a bad frame. A bad frame's content is
unknown, and so is that of the following frames up to the next keyframe.

Times are those of the stream. AVI stores only decoding times, so its n-th frame gets the n-th of
them. A time that falls short of advancing by less than one frame becomes the next possible one; one
that runs back further is damage.
"""

from __future__ import annotations

import gc
import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.video.stream import VideoStream
from numpy.typing import NDArray

from efface.errors import (
    DamagedSource,
    UndecodableFrame,
    UnsupportedSource,
)
from efface.frames import Frame, Picture
from efface.geometry import Size
from efface.media.colour import side_data
from efface.media.interfaces import SourceInfo
from efface.media.pixel_formats import Pixels, Spec, black, copied, is_full_range
from efface.media.video.decoder_setup import decoded_frames, may_hold_fields
from efface.media.video.demux import HINT_REMUX, packets_of, require_size
from efface.media.video.frame_starts import FrameStarts, Holds, lacks_rows
from efface.media.video.restarts import Restart
from efface.media.video.video_info import video_of
from efface.options import ReadOptions
from efface.timing import timecode

RESIZED = "the size of its picture changes, and all frames were written in the size of the first"

BREAKS_OFF = "it breaks off within a frame, which was left out with what followed"

ENDLESS_CONTAINERS = frozenset(("mpegts", "mpeg", "flv"))
"""FFmpeg's names of containers that state no end. A recording may be cut anywhere, and then ends
within a frame."""

MPEG_END = b"\0\0\1\xb7"
"""End code that an encoder writes after the last frame. A damaged frame before it is not a
truncated one."""

LONGEST_REORDER_FRAMES = 17
"""One more than the frames that H.264 and HEVC may hold back."""

LEADING_KEPT_PACKETS = 32
"""Packets after which a leading packet is no longer waited for."""

KEYS_PER_COLLECTION = 16
"""Collect garbage after asking this many keyframes for side data: PyAV 18 ties each of them to
itself."""


@dataclass(slots=True, eq=False)
class _Sent:
    """A packet that was sent to the decoder. group: number of the keyframe before it, -1 if
    none."""

    index: int
    time: int | None
    group: int
    is_key: bool = False


@dataclass(slots=True, eq=False)
class _Shown:
    """A frame that is about to be delivered: a decoded one, or None if a packet gave none."""

    time: int | None
    sent: _Sent
    frame: av.VideoFrame | None


LARGEST_PES_PACKET = 1 << 16
"""Bytes of the largest unit of an MPEG-PS."""


class Reading:
    """One pass over the stream: it sends packets, delivers frames, and tracks missing ones."""

    def __init__(
        self,
        info: SourceInfo,
        options: ReadOptions,
        container: InputContainer,
        stream: VideoStream,
        trusted: int | None = None,
        *,
        copies: bool = False,
    ) -> None:
        """trusted: if decoding began in mid-file, the PTS before which frames are left out.

        copies: frames are delivered in memory of their own, so that holding them does not change
        which memory the decoder uses.
        """
        self._info, self._options, self._stream, self._trusted = info, options, stream, trusted
        self._video = video_of(info)
        self._copies = copies
        self._packets = packets_of(
            container, stream, info.path, tolerant=self._video.tolerant, is_cut=self._video.is_cut
        )
        self._starts = frame_starts_of(stream)
        self._has_fields, self._coded_height = may_hold_fields(stream), stream.codec_context.height
        # After a joint, until its first keyframe: such packets refer to frames that were not
        # joined.
        self._is_adrift = False
        self._by_order = self._video.order != "own"
        self._clock: list[int] = []
        self._pending: dict[int, _Sent] = {}
        self._waiting: deque[_Shown] = deque()
        self._sent = _Sent(-1, None, -1)
        self._first_key: int | None = None
        self._bad_from: dict[int, int] = {}
        self._shown_group = -1
        self._last: int | None = None
        self._start: int | None = None
        self._count = self._asked = 0
        self._may_break_off = (
            container.format.name in ENDLESS_CONTAINERS or self._video.is_cut
        ) and not self._video.tolerant
        self._may_be_cut = False  # whether the packet sent last may be cut
        self._unfinished: _Sent | None = (
            None  # the packet sent last, if damaged: an error once another one follows
        )
        self._is_program_stream = container.format.name == "mpeg"
        self._rest_bytes = 0  # what may follow `_unfinished` in the unit in which the file ends
        self._step = max(1, round(1 / (self._video.rate * self._video.time_base)))

    def frames(self) -> Iterator[Frame]:
        yield from self.frames_of(self._packets)

    def frames_of(self, packets: Iterable[av.Packet[Any]]) -> Iterator[Frame]:
        for packet in packets:
            if isinstance(packet.opaque, Restart) and packet.opaque.begins:
                yield from self._drained()
                self._stream.codec_context.flush_buffers()
                self._is_adrift = True
            if packet.is_keyframe and self._is_adrift:
                self._is_adrift = False
                self._lose(list(self._pending.values()))
            if self._is_of_last_unit(packet):
                continue
            self._note(packet)
            if not self._is_adrift:
                yield from self._after(*decoded_frames(self._stream, packet))
        yield from self._drained()
        if self._unfinished is not None and BREAKS_OFF not in self._info.notes:
            self._info.notes.append(BREAKS_OFF)
        if not self._count:
            raise DamagedSource(self._info.path, "no frame of it can be decoded")

    def _drained(self) -> Iterator[Frame]:
        """Yield what the decoder still holds. Packets that are still pending then are lost."""
        while (
            not self._is_adrift
        ):  # the decoder may report an error for one frame and still hold others
            frames, complained = decoded_frames(self._stream, None)
            yield from self._after(frames, complained)
            if not complained:
                break
        if self._unfinished is None:
            self._lose([s for s in self._pending.values() if not self._is_leading(s)])
        self._pending.clear()
        yield from self._released()

    def _is_of_last_unit(self, packet: av.Packet[Any]) -> bool:
        """Return whether an MPEG-PS ends within the unit of this packet. One unit holds several
        small frames, and only the first of them is marked as damaged."""
        self._rest_bytes -= packet.size
        return self._unfinished is not None and self._rest_bytes > 0

    def _note(self, packet: av.Packet[Any]) -> None:
        if self._unfinished is not None:
            raise UndecodableFrame(self._info.path, timecode(self._seconds(self._unfinished.time)))
        self._may_be_cut = self._may_break_off and bytes(packet)[-4:] != MPEG_END
        is_short = self._is_program_stream and packet.is_corrupt  # as only the end of the file is
        self._rest_bytes = LARGEST_PES_PACKET if is_short else 0
        index, group, restart = self._sent.index + 1, self._sent.group, packet.opaque
        holds = self._starts.holds(packet)
        is_doubtful = _is_doubtful(packet, restart) or (
            self._has_fields and lacks_rows(bytes(packet), self._coded_height)
        )
        if holds is Holds.SECOND_FIELD:
            packet.opaque = replace(self._sent)  # PyAV forgets an object that two packets share
            if is_doubtful:
                self._condemn(self._sent)
            return
        is_dts = self._video.order == "dts" or packet.pts is None
        time = packet.dts if is_dts else packet.pts
        if packet.is_keyframe:
            group += 1
            self._first_key = time if group == 0 else self._first_key
            self._bad_from = {g: i for g, i in self._bad_from.items() if g >= group - 2}
        self._sent = _Sent(index, time, group, packet.is_keyframe)
        packet.opaque = self._sent
        if packet.is_discard or holds is Holds.HIDDEN:
            return
        if self._by_order and time is not None:
            heapq.heappush(self._clock, time)
        self._pending[index] = self._sent
        if is_doubtful:
            self._condemn(self._sent)

    def _after(self, frames: list[av.VideoFrame], complained: bool) -> Iterator[Frame]:
        if complained:
            self._blame()
        for frame in frames:
            self._take(frame)
        yield from self._released()

    def _blame(self) -> None:
        """Find the faulty packet: the one just sent, or with threads the oldest that gave no frame
        yet."""
        is_bound_to_fail = self._is_leading(self._sent)  # its reference frames are missing
        is_latest = self._video.tolerant or is_bound_to_fail or self._may_break_off
        suspect = self._sent if is_latest else next(iter(self._pending.values()), self._sent)
        if self._is_leading(suspect):
            self._pending.pop(suspect.index, None)
        else:
            self._condemn(suspect)

    def _is_leading(self, sent: _Sent) -> bool:
        """Return whether the packet is stored or shown before the first keyframe. Its reference
        frames were not read."""
        if self._trusted is not None and sent.time is not None:
            return sent.time < self._trusted
        if sent.group > 0:
            return False
        if sent.group < 0:
            return True
        return (
            not self._by_order
            and sent.time is not None
            and self._first_key is not None
            and sent.time < self._first_key
        )

    def _take(self, frame: av.VideoFrame) -> None:
        sent = frame.opaque if isinstance(frame.opaque, _Sent) else self._sent
        self._pending.pop(sent.index, None)
        if self._trusted is not None and self._is_leading(sent):
            return
        if frame.is_corrupt:
            if self._is_leading(sent):
                return
            self._condemn(sent)
        if self._is_unfinished(sent) or (self._unfinished is not None and self._passed(sent)):
            # the decoder drops another frame as well while it reports an error; later frames are
            # left out too
            return
        if not self._by_order and frame.pts is not None:
            sent.time = frame.pts
        self._lose(self._passed(sent))
        self._forget_leading()
        self._waiting.append(_Shown(sent.time, sent, frame))

    def _passed(self, by: _Sent) -> list[_Sent]:
        """Return the packets whose frame should have come before this one and never will."""
        # If only the order counts, a codec with B-frames may hold a frame back behind this many
        # others.
        depth = LONGEST_REORDER_FRAMES if self._stream.codec_context.reorder_depth else 0
        before = [s for s in self._pending.values() if self._is_before(s, by, depth)]
        return [s for s in before if not self._is_leading(s)]

    def _is_before(self, one: _Sent, other: _Sent, depth: int) -> bool:
        if self._by_order or one.time is None or other.time is None:
            return one.index + depth < other.index
        return one.time < other.time

    def _forget_leading(self) -> None:
        """Drop packets before the first keyframe that never give a frame. A recording cut anywhere
        may begin with many."""
        for sent in [
            s
            for s in self._pending.values()
            if s.index + LEADING_KEPT_PACKETS < self._sent.index and self._is_leading(s)
        ]:
            del self._pending[sent.index]

    def _lose(self, lost: list[_Sent]) -> None:
        for sent in sorted(
            (s for s in lost if not self._is_leading(s)),
            key=lambda s: (s.time is None, s.time or 0, s.index),
        ):
            self._pending.pop(sent.index, None)
            self._condemn(sent)
            if not self._is_unfinished(sent):
                self._waiting.append(_Shown(sent.time, sent, None))

    def _condemn(self, sent: _Sent) -> None:
        """Mark this packet's frame as unknown, and the rest of its GOP, which refers to it."""
        if self._may_be_cut and sent.index == self._sent.index:
            self._unfinished = sent
            return
        if not self._video.tolerant:
            raise UndecodableFrame(self._info.path, timecode(self._seconds(sent.time)))
        self._bad_from[sent.group] = min(sent.index, self._bad_from.get(sent.group, sent.index))

    def _is_unfinished(self, sent: _Sent) -> bool:
        """Return whether the packet is the last one, and damaged. Its frame is left out, since it
        may show anything."""
        return self._unfinished is not None and sent.index == self._unfinished.index

    def _seconds(self, time: int | None) -> float:
        start = self._start if self._start is not None else time
        return float(((time or 0) - (start or 0)) * self._video.time_base)

    def _is_bad(self, shown: _Shown) -> bool:
        sent = shown.sent
        if shown.frame is None or sent.index >= self._bad_from.get(sent.group, sent.index + 1):
            return True
        # A frame that is shown before the keyframe that it follows in the file may also refer to
        # the GOP before.
        return sent.group > self._shown_group and sent.group - 1 in self._bad_from

    def _released(self) -> Iterator[Frame]:
        """Yield the frames whose fate is decided: every packet before them, which they may refer
        to, gave a frame or was given up."""
        while self._waiting and not self._is_open(self._waiting[0].sent):
            yield self._framed(self._waiting.popleft())

    def _is_open(self, sent: _Sent) -> bool:
        if not self._video.tolerant:
            return False
        return any(s.index < sent.index and not self._is_leading(s) for s in self._pending.values())

    def _framed(self, shown: _Shown) -> Frame:
        pts, spec = self._timed(shown), self._video.spec
        self._count += 1
        if shown.sent.is_key:
            self._shown_group = shown.sent.group
        if shown.frame is None or self._is_bad(shown):
            return bad_frame(self._count - 1, pts, spec)
        self._require_same(shown.frame, spec)
        pixels = Pixels(
            copied(shown.frame) if self._copies else shown.frame,
            spec,
            full_range=is_full_range(shown.frame),
        )
        return Frame(
            self._count - 1,
            pts,
            spec.size_wh,
            pixels.look,
            pixels.unpack,
            aspect=float(self._video.aspect),
            stored=pixels,
        )

    def _timed(self, shown: _Shown) -> int:
        time = shown.time
        if self._by_order:
            time = heapq.heappop(self._clock) if self._clock else None
        if time is None:
            time = 0 if self._last is None else self._last + self._step
        if self._last is not None and time <= self._last:
            if self._last - time >= self._step:
                at = timecode(self._seconds(self._last))
                raise DamagedSource(
                    self._info.path, f"its clock runs backwards at {at}", HINT_REMUX
                )
            time = self._last + 1
        self._start = time if self._start is None else self._start
        self._last = time
        return time

    def _require_same(self, frame: av.VideoFrame, spec: Spec) -> None:
        """Accept a frame of another size, which is fitted into that of the first, and note it."""
        require_size((frame.width, frame.height), self._info.path, self._options)
        is_resized = (frame.width, frame.height) != spec.stored_wh
        # Crop and transparency are known for the first size only.
        hides = any(spec.crop) or any(c.is_alpha for c in frame.format.components)
        if (is_resized and hides) or self._is_turned_otherwise(frame, spec):
            at = timecode(self._seconds(self._last))
            raise UnsupportedSource(
                self._info.path, f"the size or orientation of its picture changes at {at}"
            )
        if is_resized and RESIZED not in self._info.notes:
            self._info.notes.append(RESIZED)

    def _is_turned_otherwise(self, frame: av.VideoFrame, spec: Spec) -> bool:
        """Return whether the frame states another orientation.

        One that states none keeps that of the frames before it: a bitstream may state it in
        keyframes only, or once.
        """
        # Compare the angle, not the whole matrix. PyAV 18 ties a frame that was asked for side data
        # to itself, and memory would fill with frames.
        if frame.rotation == spec.angle or not (frame.rotation or frame.key_frame):
            return False
        if frame.rotation:
            return True
        self._asked += 1
        if self._asked % KEYS_PER_COLLECTION == 0:
            gc.collect()
        return bool(side_data(frame, Type.DISPLAYMATRIX))


def frame_starts_of(stream: VideoStream) -> FrameStarts:
    return FrameStarts(stream.codec_context.name, bytes(stream.codec_context.extradata or b""))


def _is_doubtful(packet: av.Packet[Any], restart: object) -> bool:
    """Return whether the packet's content is unknown even before it is decoded."""
    if isinstance(
        restart, Restart
    ):  # frames other than keyframes refer to frames that were not joined
        return (packet.is_corrupt and not restart.forgiven) or (
            restart.begins and not packet.is_keyframe
        )
    return packet.is_corrupt


def bad_frame(index: int, pts: int, spec: Spec) -> Frame:
    def look(size_wh: Size) -> NDArray[np.uint8]:
        return np.zeros((size_wh[1], size_wh[0], 3), np.uint8)

    def unpack() -> Picture:
        return black(spec)

    return Frame(index, pts, spec.size_wh, look, unpack, is_bad=True)
