"""Where the sound of a film comes from: its streams, its packets, its samples.

`FilmSound` reads the film in this process. `media.decoder.walled_sound` has a decoder read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, cast

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard

from efface.errors import DamagedSource
from efface.media.interfaces import SourceInfo
from efface.media.video.demux import as_fraction, opened_again, shifts_of
from efface.media.video.restarts import Clock, LostStep
from efface.media.video.sound_samples import Aligned, Heard
from efface.media.video.sound_streams import SoundStream, described
from efface.media.video.video_info import video_of

WITHOUT = "Leave out --audio, which drops it."

AT_THE_END = Fraction(2**40)
"""The time of what decoders hold until the end."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form in which the samples of a stream are wanted. Streams are numbered from 0."""

    stream: int
    rate: int
    layout: str


@dataclass(frozen=True, slots=True)
class SoundPart:
    """What is heard in one packet. time: its time in the source."""

    time: Fraction
    stream: int
    heard: tuple[Heard, ...]


class SoundSource(Protocol):
    """The sound of a film. Each call reads the film anew, and numbers its sound streams from 0.

    All raise what opening a film raises; iterators raise DamagedSource, too.
    """

    info: SourceInfo

    def streams(self) -> tuple[SoundStream, ...]:
        """Return what is known of the streams."""

    def packets(self) -> Iterator[tuple[int, av.Packet[Any]]]:
        """Yield the stream of each packet that holds data, and the packet, in the clock of the
        picture."""

    def samples(self, shift_s: Fraction, wanted: Sequence[Wanted]) -> Iterator[SoundPart]:
        """Yield the samples of these streams. shift_s: time of the first frame."""

    def contents(self) -> Iterator[tuple[int, bytes]]:
        """Yield the stream of each packet, and its content without what a container puts around
        it. Ends where the film becomes unreadable."""


class FilmSound:
    """The sound of a film that is read in this process."""

    def __init__(self, info: SourceInfo) -> None:
        self.info = info

    def streams(self) -> tuple[SoundStream, ...]:
        """See `SoundSource.streams`."""
        with self._opened() as container:
            return tuple(described(stream) for stream in container.streams.audio)

    def packets(self) -> Iterator[tuple[int, av.Packet[Any]]]:
        """See `SoundSource.packets`."""
        with self._opened() as container:
            numbers = _numbers(container)
            for packet in _packets(self.info, container):
                yield numbers[packet.stream_index], packet

    def samples(self, shift_s: Fraction, wanted: Sequence[Wanted]) -> Iterator[SoundPart]:
        """See `SoundSource.samples`."""
        aligned = {w.stream: Aligned(w.stream, w.rate, w.layout, shift_s) for w in wanted}
        with self._opened() as container:
            numbers = _numbers(container)
            for packet in _packets(self.info, container):
                number = numbers[packet.stream_index]
                if number in aligned:
                    heard = _heard(aligned[number], _decoded(packet))
                    yield SoundPart(_time(packet), number, heard)
            for number, stream in enumerate(container.streams.audio):
                if number in aligned and stream.codec_context is not None:
                    heard = _heard(aligned[number], _rest(stream))
                    yield SoundPart(AT_THE_END, number, heard)
        for number, one in aligned.items():
            yield SoundPart(AT_THE_END, number, tuple(one.take(None)))

    def contents(self) -> Iterator[tuple[int, bytes]]:
        """See `SoundSource.contents`."""
        with self._opened() as container, suppress(FFmpegError):
            # Damage was accepted when the source was redacted; the target ends there, too.
            numbers = _numbers(container)
            _leave_out_all_but(container, list(numbers))
            for packet in container.demux(container.streams.audio) if numbers else ():
                if packet.size:
                    yield numbers[packet.stream_index], _bare(packet)

    @contextmanager
    def _opened(self) -> Iterator[InputContainer]:
        container = opened_again(self.info)
        try:
            yield container
        finally:
            with suppress(FFmpegError):
                container.close()


def _numbers(container: InputContainer) -> dict[int, int]:
    return {stream.index: number for number, stream in enumerate(container.streams.audio)}


def _leave_out_all_but(container: InputContainer, streams: Sequence[int]) -> None:
    for stream in container.streams:
        if stream.index not in streams:
            stream.discard = Discard.all


def _packets(info: SourceInfo, container: InputContainer) -> Iterator[av.Packet[Any]]:
    """Yield the packets of all sound streams that hold data, in the clock of the picture.

    Raises DamagedSource, and what opening the source raises.
    """
    streams = [s.index for s in container.streams.audio]
    _leave_out_all_but(container, streams)
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


def _heard(aligned: Aligned, frames: list[AudioFrame]) -> tuple[Heard, ...]:
    return tuple(heard for frame in frames for heard in aligned.take(frame))


def _decoded(packet: av.Packet[Any]) -> list[AudioFrame]:
    with suppress(FFmpegError):
        return cast(list[AudioFrame], packet.decode())
    return []


def _rest(stream: av.AudioStream) -> list[AudioFrame]:
    with suppress(FFmpegError):
        return stream.codec_context.decode(None)
    return []


def _time(packet: av.Packet[Any]) -> Fraction:
    time = packet.dts if packet.dts is not None else packet.pts
    return Fraction(time or 0) * as_fraction(packet.time_base)


def _bare(packet: av.Packet[Any]) -> bytes:
    data, context = bytes(packet), packet.stream.codec_context
    is_aac = context is not None and context.name == "aac"
    if is_aac and len(data) > 9 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0:
        # The ADTS header, which MPEG-TS needs and MP4 does not have.
        return data[7 if data[1] & 1 else 9 :]
    return data


def heard(
    sound: SoundSource,
    shift_s: Fraction,
    rate: int,
    layout: str = "mono",
    only: int | None = None,
) -> Iterator[Heard]:
    """Yield the samples of the sound streams of a film, at one rate.

    only  the number of one stream; by default all.

    Raises what opening a film raises, and DamagedSource.
    """
    streams = range(sound.info.audio)
    wanted = [Wanted(n, rate, layout) for n in streams if only in (None, n)]
    for part in sound.samples(shift_s, wanted):
        yield from part.heard
