"""The sound of a film that is read behind walls. See `media.video.sound_source.SoundSource`.

What the process that reads it says is checked here: what streams there are, the numbers of packets,
and that samples are samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.packet import PacketSideData, packet_sidedata_type_from_literal

from efface.errors import SourceUnreadable
from efface.files import reason
from efface.media.decoder.decoder_checks import (
    MOST_FRAMES,
    distrusting,
    memory_for,
    require,
)
from efface.media.decoder.decoder_client import Decoder
from efface.media.decoder.decoder_messages import Call
from efface.media.decoder.frame_slots import SlotReader
from efface.media.decoder.server_process import NoServer
from efface.media.decoder.sound_messages import (
    ContentsSaid,
    PacketSaid,
    PacketsSaid,
    PartSaid,
    PartsSaid,
    SideSaid,
    SoundStreamsSaid,
)
from efface.media.decoder.walled_film import MEMORY_PER_PIXEL
from efface.media.interfaces import SourceInfo
from efface.media.video.sound_samples import LONGEST_GAP_S, SILENCE, Heard
from efface.media.video.sound_source import SoundPart, Wanted
from efface.media.video.sound_streams import SoundStream
from efface.media.video.video_info import video_of
from efface.options import ReadOptions

USUAL_BYTES, MOST_BYTES = 1 << 20, 1 << 28
"""Bytes of packets or samples that come at once."""

MOST_GROWTH = 64
"""Packets of a film have no more bytes than this many times those of its file: a decoder that goes
on for ever would fill the disk. A container may compress them."""

CHANNELS = {"mono": 1, "stereo": 2}


def open_walled_sound(info: SourceInfo) -> WalledSound:
    """Return the sound of a film, to be read behind walls. Raises NoServer where the system limits
    shared memory."""
    try:
        with closing(SlotReader()) as slots:
            slots.enlarge(USUAL_BYTES)
    except OSError as e:
        raise NoServer(reason(e)) from e
    return WalledSound(info)


class WalledSound:
    """The sound of a film that was opened behind walls."""

    def __init__(self, info: SourceInfo) -> None:
        self.info = info
        self._known: tuple[SoundStream, ...] | None = None

    def streams(self) -> tuple[SoundStream, ...]:
        """See `SoundSource.streams`."""
        if self._known is None:
            with self._decoder() as decoder:
                answers = list(decoder.answers(Call("sound_streams"), SoundStreamsSaid))
                with distrusting(decoder):
                    require(len(answers) == 2 and len(answers[0].streams) == self.info.audio)
                    for stream in answers[0].streams:
                        _check_stream(stream)
            self._known = answers[0].streams
        return self._known

    def packets(self) -> Iterator[tuple[int, av.Packet[Any]]]:
        """See `SoundSource.packets`."""
        bases, left = [stream.time_base for stream in self.streams()], self._most_bytes()
        with self._decoder() as decoder:
            for answer in decoder.answers(Call("sound_packets"), PacketsSaid):
                if isinstance(answer, PacketsSaid):
                    with distrusting(decoder):
                        sizes = [_packet_bytes(p, len(bases)) for p in answer.packets]
                        left -= sum(sizes)
                        require(left >= 0)
                        data, at = _copied(decoder, sum(sizes)), 0
                    for said, size in zip(answer.packets, sizes, strict=True):
                        with distrusting(decoder):
                            packet = _packet(said, data[at : at + size])
                        packet.time_base, at = bases[said.stream], at + size
                        yield said.stream, packet

    def contents(self) -> Iterator[tuple[int, bytes]]:
        """See `SoundSource.contents`."""
        left = self._most_bytes()
        with self._decoder() as decoder:
            for answer in decoder.answers(Call("sound_contents"), ContentsSaid):
                if isinstance(answer, ContentsSaid):
                    with distrusting(decoder):
                        require(all(0 <= c.stream < self.info.audio for c in answer.contents))
                        require(all(0 <= c.bytes <= MOST_BYTES for c in answer.contents))
                        left -= sum(c.bytes for c in answer.contents)
                        require(left >= 0)
                        data, at = _copied(decoder, sum(c.bytes for c in answer.contents)), 0
                    for said in answer.contents:
                        yield said.stream, bytes(data[at : at + said.bytes])
                        at += said.bytes

    def samples(self, shift_s: Fraction, wanted: Sequence[Wanted]) -> Iterator[SoundPart]:
        """See `SoundSource.samples`."""
        tracks = {w.stream: _Track(w) for w in wanted}
        with self._decoder() as decoder:
            call = Call("sound_samples", (shift_s, tuple(wanted)))
            for answer in decoder.answers(call, PartsSaid):
                if isinstance(answer, PartsSaid):
                    with distrusting(decoder):
                        counts = [_samples_in(p, tracks) for p in answer.parts]
                        samples = _copied(decoder, 4 * sum(counts)).view(np.float32)
                        # No comparison with what is not a number holds.
                        require(bool((np.abs(samples) <= 1).all()))
                    at = 0
                    for said, count in zip(answer.parts, counts, strict=True):
                        heard = tracks[said.stream].heard(said, samples[at : at + count])
                        at += count
                        yield SoundPart(said.time, said.stream, heard)

    def _most_bytes(self) -> int:
        try:
            return MOST_GROWTH * self.info.path.stat().st_size + MOST_BYTES
        except OSError as e:
            raise SourceUnreadable(self.info.path, reason(e)) from e

    @contextmanager
    def _decoder(self) -> Iterator[Decoder]:
        """Start a decoder that goes on with this film. Raises WorkerDied, SourceUnreadable,
        NoServer."""
        (width, height), path = video_of(self.info).spec.stored_wh, self.info.path
        with Decoder(path.name, path, memory_for(MEMORY_PER_PIXEL, width * height)) as decoder:
            for _ in decoder.answers(Call("go_on", (self.info, ReadOptions()))):
                pass
            decoder.provide(USUAL_BYTES, MOST_BYTES)
            yield decoder


class _Track:
    """One stream of which samples are wanted. They follow each other without a gap."""

    def __init__(self, wanted: Wanted) -> None:
        self._stream, self.channels = wanted.stream, CHANNELS[wanted.layout]
        self._longest_gap = LONGEST_GAP_S * wanted.rate
        self._next: int | None = None

    def require_next(self, first: int, count: int, *, is_silence: bool) -> None:
        """Raise Untrusted unless these samples can follow."""
        require(0 <= first < MOST_FRAMES and first == (first if self._next is None else self._next))
        require(0 < count <= (self._longest_gap if is_silence else MOST_BYTES))
        self._next = first + count

    def heard(self, said: PartSaid, samples: Any) -> tuple[Heard, ...]:
        """Return samples that were checked."""
        found, at = [], 0
        for one in said.heard:
            shape = self.channels, one.count
            if one.is_silence:
                made: Any = np.broadcast_to(SILENCE, shape)
            else:
                made = samples[at : at + self.channels * one.count].reshape(shape)
                at += self.channels * one.count
            found.append(Heard(self._stream, one.first, made))
        return tuple(found)


def _samples_in(untrusted: PartSaid, tracks: dict[int, _Track]) -> int:
    """Return how many samples of a part are in the slot. Raises Untrusted."""
    require(untrusted.stream in tracks)
    track = tracks[untrusted.stream]
    require(untrusted.channels == track.channels or not untrusted.heard)
    for one in untrusted.heard:
        track.require_next(one.first, one.count, is_silence=one.is_silence)
    return track.channels * sum(h.count for h in untrusted.heard if not h.is_silence)


def _copied(decoder: Decoder, count: int) -> Any:
    """Copy that many bytes from the slot of the last answer. Raises Untrusted, WorkerDied."""
    require(count <= MOST_BYTES)
    data: Any = np.empty(count, np.uint8)
    decoder.copy_picture(memoryview(data))
    return data


def _check_stream(untrusted: SoundStream) -> None:
    """Raise Untrusted for facts that no sound stream has."""
    numbers = (
        untrusted.bit_rate, untrusted.frame_size, untrusted.raw_bits, untrusted.stated_bits,
        untrusted.block, untrusted.delay_ns, untrusted.warm_up_ns,
    )  # fmt: skip
    require(0 <= untrusted.rate < 1 << 24 and 0 <= untrusted.channels < 1 << 10)
    require(all(0 <= n < 1 << 40 for n in numbers) and 0 < untrusted.time_base < 1_000_000)
    texts = (untrusted.codec, untrusted.layout, untrusted.format, untrusted.profile)
    require(all(len(t) < 500 and t.isprintable() and t.isascii() for t in texts))
    require(len(untrusted.setup) <= 256)


def _packet_bytes(untrusted: PacketSaid, streams: int) -> int:
    """Return how many bytes of a packet are in the slot. Raises Untrusted."""
    require(0 <= untrusted.stream < streams and 0 < untrusted.bytes <= MOST_BYTES)
    require(untrusted.pts is not None or untrusted.dts is not None)
    require(0 <= untrusted.duration < MOST_FRAMES and len(untrusted.side) <= 10)
    require(all(0 < s.bytes <= 1 << 20 for s in untrusted.side))
    return untrusted.bytes + sum(s.bytes for s in untrusted.side)


def _packet(checked: PacketSaid, data: Any) -> av.Packet[Any]:
    packet: av.Packet[Any] = av.Packet(data[: checked.bytes].tobytes())
    packet.pts, packet.dts, packet.duration = checked.pts, checked.dts, checked.duration
    packet.is_keyframe, packet.is_corrupt = checked.is_key, checked.is_corrupt
    at = checked.bytes
    for side in checked.side:
        packet.set_sidedata(_beside(side, data[at : at + side.bytes]))
        at += side.bytes
    return packet


def _beside(side: SideSaid, data: Any) -> PacketSideData:
    make: Any = PacketSideData  # its stub lacks the constructor
    made: PacketSideData = make(packet_sidedata_type_from_literal(side.kind), side.bytes)
    memoryview(made)[:] = data.tobytes()
    return made
