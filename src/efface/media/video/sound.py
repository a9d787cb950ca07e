"""Copy the requested sound packet by packet from the source, in step with the picture and without
its metadata."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.stream import Discard

from efface.containers.sound_formats import SOUND_CODECS, advice
from efface.errors import DamagedSource, TargetUnsuitable
from efface.media.interfaces import SourceInfo
from efface.media.video.bitstream import clean_sound_header
from efface.media.video.demux import opened_again, shifts_of
from efface.media.video.restarts import Clock, LostStep
from efface.media.video.video_info import video_of

PRIMING_S = Fraction(1, 2)
"""Keep this much sound before time 0 if the container can mark it as inaudible. Decoders need it to
warm up."""

LATE_S = Fraction(1, 50)
"""A sound packet that is earlier than the previous one by at most this is kept, at the time of the
previous one."""

WITHOUT = "Leave out --audio, which drops it."

HINT_MKV = "Choose a target that ends in .mkv, which holds nearly everything."


class Sound:
    """The sound streams of a source that are copied to a target. Memory stays constant: packets are
    read in step with the picture."""

    def __init__(
        self, info: SourceInfo, into: OutputContainer, target: Path, *, keeps_priming: bool
    ) -> None:
        self._info, self._into, self._keeps_priming = info, into, keeps_priming
        self._is_lenient = into.format.name in (
            "matroska",
            "webm",
        )  # two packets may have one time there
        self._container = opened_again(info)
        self._streams = {s.index: _added(into, s, target) for s in self._container.streams.audio}
        self._packets = sound_packets(info, self._container)
        self._next: av.Packet[Any] | None = None
        self._latest: dict[int, int] = {}

    def mux_until(self, seconds: Fraction | None, shift_s: Fraction) -> None:
        """Copy packets with a decoding time before that time of the target, or all that remain.
        `shift_s` is subtracted from every time."""
        while True:
            if self._next is None:
                self._next = next(self._packets, None)
            packet = self._next
            if packet is None or (seconds is not None and _time(packet) - shift_s > seconds):
                return
            self._next = None
            self._mux(packet, shift_s)

    def _mux(self, packet: av.Packet[Any], shift_s: Fraction) -> None:
        base = Fraction(packet.time_base.numerator, packet.time_base.denominator)
        shift, index = round(shift_s / base), packet.stream_index
        pts = (packet.pts if packet.pts is not None else packet.dts or 0) - shift
        dts = (packet.dts if packet.dts is not None else pts + shift) - shift
        earliest = -PRIMING_S if self._keeps_priming else Fraction(0)
        if pts * base < earliest:
            return  # before the picture begins
        latest = self._latest.get(index, dts - 1)
        if dts <= latest:
            if (latest - dts) * base > LATE_S:
                return  # a clock that runs back, which no container accepts
            # Matroska counts milliseconds, and short packets share one.
            dts = latest if self._is_lenient else latest + 1
        if (
            not packet.duration
        ):  # Matroska may state none; then an edit list of the target ends before the last packet
            packet.duration = dts - self._latest.get(index, dts) or _frame_duration(packet)
        self._latest[index] = dts
        packet.pts, packet.dts, packet.stream = max(pts, dts), dts, self._streams[index]
        self._into.mux(packet)

    def close(self) -> None:
        """Release the source."""
        self._packets.close()  # type: ignore[attr-defined]
        with suppress(FFmpegError):
            self._container.close()


def sound_packets(info: SourceInfo, container: InputContainer) -> Iterator[av.Packet[Any]]:
    """Yield the packets of all sound streams that hold data, in the clock of the picture.

    Raises DamagedSource, and what opening the source raises.
    """
    streams = [s.index for s in container.streams.audio]
    for stream in container.streams:
        if stream.index not in streams:
            stream.discard = Discard.all
    shifts = shifts_of(info)
    clocks = {i: Clock(1, iter(shifts)) for i in streams} if shifts else {}
    try:
        for packet in container.demux(container.streams.audio):
            if packet.size and not (packet.pts is None and packet.dts is None):
                yield from clocks[packet.stream_index].put(packet) if clocks else (packet,)
        for clock in clocks.values():
            yield from clock.rest()
    except LostStep as e:
        why = "its sound starts anew where its picture does not"
        raise DamagedSource(info.path, why, WITHOUT) from e
    except FFmpegError as e:
        if not video_of(info).tolerant:
            raise DamagedSource(info.path, "its sound cannot be read to its end", WITHOUT) from e


def _frame_duration(packet: av.Packet[Any]) -> int:
    """Return the duration of one frame of the packet's codec, in the packet's time base; 0 if the
    codec does not state it."""
    context = packet.stream.codec_context
    samples, rate = (context.frame_size, context.sample_rate) if context else (0, 0)
    base = Fraction(packet.time_base.numerator, packet.time_base.denominator)
    return round(Fraction(samples, rate) / base) if samples and rate else 0


def _time(packet: av.Packet[Any]) -> Fraction:
    time = packet.dts if packet.dts is not None else packet.pts
    return Fraction(time or 0) * Fraction(packet.time_base.numerator, packet.time_base.denominator)


def require_holdable(source: SourceInfo, muxer: str, target: Path) -> None:
    """Raises TargetUnsuitable where the container cannot hold a sound stream of the source, and
    what opening that raises."""
    with closing(opened_again(source)) as container:
        for stream in container.streams.audio:
            codec = codec_of(stream)
            if codec not in SOUND_CODECS[muxer]:
                raise TargetUnsuitable(
                    target, f"{target.suffix} cannot hold sound in {codec}", advice(codec)
                )


def codec_of(stream: av.AudioStream) -> str:
    """Return FFmpeg's name of the codec, not of one of its decoders; "unknown" if FFmpeg has no
    decoder."""
    return stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"


def _added(into: OutputContainer, stream: av.AudioStream, target: Path) -> av.AudioStream:
    try:
        added = into.add_stream_from_template(stream)
        clean_sound_header(added)
    except (ValueError, FFmpegError, IndexError) as e:
        codec = codec_of(stream)
        raise TargetUnsuitable(
            target, f"{target.suffix} cannot hold sound in {codec}", advice(codec)
        ) from e
    return added
