"""Copy the requested sound packet by packet from the source, in step with the picture and without
its metadata."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from av.error import FFmpegError

from efface.containers.sound_formats import SOUND_CODECS, advice
from efface.errors import TargetUnsuitable
from efface.media.video.bitstream import clean_sound_header
from efface.media.video.sound_source import SoundSource
from efface.media.video.sound_streams import SoundStream, copied_stream

PRIMING_S = Fraction(1, 2)
"""Keep this much sound before time 0 if the container can mark it as inaudible. Decoders need it to
warm up."""

LATE_S = Fraction(1, 50)
"""A sound packet that is earlier than the previous one by at most this is kept, at the time of the
previous one."""

HINT_MKV = "Choose a target that ends in .mkv, which holds nearly everything."


class Sound:
    """The sound streams of a source that are copied to a target. Memory stays constant: packets are
    read in step with the picture."""

    def __init__(
        self, sound: SoundSource, into: OutputContainer, target: Path, *, keeps_priming: bool
    ) -> None:
        self._into, self._keeps_priming = into, keeps_priming
        self._is_lenient = into.format.name in (
            "matroska",
            "webm",
        )  # two packets may have one time there
        self._known = sound.streams()
        self._streams = [_added(into, stream, target) for stream in self._known]
        self._packets = sound.packets()
        self._next: tuple[int, av.Packet[Any]] | None = None
        self._latest: dict[int, int] = {}

    def mux_until(self, seconds: Fraction | None, shift_s: Fraction) -> None:
        """Copy packets with a decoding time before that time of the target, or all that remain.
        `shift_s` is subtracted from every time."""
        while True:
            if self._next is None:
                self._next = next(self._packets, None)
            if self._next is None:
                return
            number, packet = self._next
            if seconds is not None and _time(packet) - shift_s > seconds:
                return
            self._next = None
            self._mux(number, packet, shift_s)

    def _mux(self, index: int, packet: av.Packet[Any], shift_s: Fraction) -> None:
        base = Fraction(packet.time_base.numerator, packet.time_base.denominator)
        shift = round(shift_s / base)
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
            packet.duration = dts - self._latest.get(index, dts) or self._frame_duration(index)
        self._latest[index] = dts
        packet.pts, packet.dts, packet.stream = max(pts, dts), dts, self._streams[index]
        self._into.mux(packet)

    def _frame_duration(self, index: int) -> int:
        """Return the duration of one frame of the stream's codec, in its time base; 0 if the codec
        does not state it."""
        known = self._known[index]
        samples, rate = known.frame_size, known.rate
        return round(Fraction(samples, rate) / known.time_base) if samples and rate else 0

    def close(self) -> None:
        """Release the source."""
        self._packets.close()  # type: ignore[attr-defined]


def _time(packet: av.Packet[Any]) -> Fraction:
    time = packet.dts if packet.dts is not None else packet.pts
    return Fraction(time or 0) * Fraction(packet.time_base.numerator, packet.time_base.denominator)


def require_holdable(sound: SoundSource, muxer: str, target: Path) -> None:
    """Raises TargetUnsuitable where the container cannot hold a sound stream of the source, and
    what opening that raises."""
    for stream in sound.streams():
        if stream.codec not in SOUND_CODECS[muxer]:
            raise _cannot_hold(target, stream)


def _cannot_hold(target: Path, stream: SoundStream) -> TargetUnsuitable:
    why = f"{target.suffix} cannot hold sound in {stream.codec}"
    return TargetUnsuitable(target, why, advice(stream.codec))


def _added(into: OutputContainer, stream: SoundStream, target: Path) -> av.AudioStream:
    try:
        added = copied_stream(into, stream)
        clean_sound_header(added)
    except (ValueError, FFmpegError, LookupError) as e:
        raise _cannot_hold(target, stream) from e
    return added
