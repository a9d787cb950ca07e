"""Encode sound anew, after it was changed: spans made silent, voices disguised.

Nothing of the source's sound is copied: samples are changed and encoded, and the encoder
writes no banner. Mono stays mono, everything else becomes stereo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer

from efface.errors import TargetUnsuitable
from efface.media.video.sound_samples import Heard
from efface.media.video.sound_source import SoundPart, SoundSource, Wanted
from efface.media.video.sound_streams import SoundStream
from efface.media.video.voice_disguise import RATE, Disguise
from efface.sound_change import Samples, SoundChange

ENCODERS = {"webm": "libopus", "avi": "pcm_s16le"}
"""Encoders by muxer; AAC elsewhere, which every player knows."""

AAC_RATES = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip

USUAL_RATE = 48_000

BITS_PER_SAMPLE = 3
"""Of each channel. AAC at 48 kHz then has 144 kbit/s a channel, which few ears tell from the
source."""

LOW_RATE, BITS_AT_LOW_RATES = 32_000, 5
"""Below that rate in Hz hardly a sample is inaudible, and an encoder that may not leave any out
needs more bits for each. With 3 bits, noise up to 29 dB below full scale reached into silence."""

OPTIONS = {"aac": {"aac_pns": "0", "aac_is": "0", "aac_tns": "0"}}
"""Noise in place of a waveform could not be compared with the source. Temporal noise shaping puts
bursts as loud as the voice where it fades."""

BLOCK = 4096
"""Samples that an encoder without a frame size gets at once."""

MARK_PRIMING = ("mp4", "mov", "matroska", "webm")
"""Muxers that can mark what decoders need to warm up as inaudible."""

AHEAD_S = Fraction(1, 2)
"""Sound is decoded this far ahead of the picture."""


def sound_encoder(muxer: str) -> str:
    return ENCODERS.get(muxer, "aac")


class EncodedSound:
    """The sound streams of a source, changed and encoded into a target in step with the picture.

    It is used as `sound.Sound` is.
    """

    def __init__(
        self,
        sound: SoundSource,
        into: OutputContainer,
        target: Path,
        change: SoundChange,
    ) -> None:
        self._into, self._keeps_priming = into, into.format.name in MARK_PRIMING
        self._sound = sound
        self._parts: Iterator[SoundPart] | None = None
        self._tracks: list[_Track] = []
        for stream in sound.streams():
            if not stream.rate:
                raise TargetUnsuitable(
                    target, "its sound cannot be decoded", "Leave out --audio, which drops it."
                )
            self._tracks.append(_Track(into, stream, change))
        self._read_to = Fraction(-1)

    def mux_until(self, seconds: Fraction | None, shift_s: Fraction) -> None:
        """Encode sound up to that time of the target, or all that remains. `shift_s` is subtracted
        from every time."""
        if self._parts is None:
            wanted = [Wanted(n, t.rate, t.layout) for n, t in enumerate(self._tracks)]
            self._parts = self._sound.samples(shift_s, wanted)
        while seconds is None or self._read_to - shift_s <= seconds + AHEAD_S:
            part = next(self._parts, None)
            if part is None:
                if seconds is None:
                    self._finish()
                return
            self._read_to = part.time
            self._mux(self._tracks[part.stream].take(part.heard))

    def _finish(self) -> None:
        for track in self._tracks:
            self._mux(track.finish())

    def _mux(self, packets: Iterator[av.Packet[Any]]) -> None:
        for packet in packets:
            if not self._keeps_priming and (packet.pts or 0) < 0:
                continue  # what decoders need to warm up, where the container cannot mark it
            self._into.mux(packet)

    def close(self) -> None:
        """Release the source."""
        if self._parts is not None:
            self._parts.close()  # type: ignore[attr-defined]


class _Track:
    """One stream: from decoded frames to packets."""

    def __init__(self, into: OutputContainer, source: SoundStream, change: SoundChange) -> None:
        codec = sound_encoder(into.format.name)
        self.rate = RATE if change.is_disguised else _rate(codec, source.rate)
        channels = 1 if source.channels == 1 else 2
        self.layout = "mono" if channels == 1 else "stereo"
        self._stream = _added(into, codec, self.rate, self.layout, channels)
        self._change = change
        self._disguise = Disguise(channels) if change.is_disguised else None
        self._waiting: list[Samples] = []
        self._at: int | None = None

    def take(self, parts: Iterable[Heard]) -> Iterator[av.Packet[Any]]:
        """Yield the packets that these samples complete."""
        for heard in parts:
            if self._at is None:
                self._at = heard.first
            for samples in self._changed(heard):
                self._waiting.append(samples)
            yield from self._encoded(is_last=False)

    def _changed(self, heard: Heard) -> Iterator[Samples]:
        silenced = self._change.silenced(heard.samples, heard.first, self.rate)
        if self._disguise is None:
            yield silenced
        else:
            yield from self._silenced_again(self._disguise.push(silenced, heard.first))

    def _silenced_again(self, made: Heard | None) -> Iterator[Samples]:
        """Yield what a disguise gave. It mixes neighbouring samples, so silence is made again."""
        if made is not None:
            yield self._change.silenced(made.samples, made.first, self.rate)

    def finish(self) -> Iterator[av.Packet[Any]]:
        """Yield the last packets."""
        if self._disguise is not None:
            self._waiting += self._silenced_again(self._disguise.rest())
        yield from self._encoded(is_last=True)
        yield from self._stream.encode(None)

    def _encoded(self, *, is_last: bool) -> Iterator[av.Packet[Any]]:
        size = self._stream.codec_context.frame_size or BLOCK
        count = sum(s.shape[1] for s in self._waiting)
        if count < size and not is_last:
            return
        samples = np.concatenate(self._waiting, axis=1) if self._waiting else None
        while samples is not None and samples.shape[1] >= (1 if is_last else size):
            part, samples = samples[:, :size], samples[:, size:]
            yield from self._stream.encode(self._frame(part))
        self._waiting = [] if samples is None or not samples.shape[1] else [samples]

    def _frame(self, samples: Samples) -> AudioFrame:
        assert self._at is not None
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout=self.layout
        )
        frame.sample_rate, frame.pts = self.rate, self._at
        frame.time_base = Fraction(1, self.rate)
        self._at += samples.shape[1]
        return frame


def _rate(codec: str, rate: int) -> int:
    if codec == "libopus" or (codec == "aac" and rate not in AAC_RATES):
        return USUAL_RATE
    return rate


def _added(into: OutputContainer, codec: str, rate: int, layout: str, channels: int) -> AudioStream:
    stream = cast(AudioStream, into.add_stream(codec, rate=rate))
    context = stream.codec_context
    context.layout = layout
    context.time_base = Fraction(1, rate)
    context.flags |= av.codec.context.Flags.bitexact.value
    if codec != "pcm_s16le":
        bits = BITS_AT_LOW_RATES if rate < LOW_RATE else BITS_PER_SAMPLE
        context.bit_rate = min(rate * channels * bits, 510_000)
    context.options = OPTIONS.get(codec, {})
    return stream
