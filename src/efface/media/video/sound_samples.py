"""Samples of the sound streams of a film, on one clock.

The clock counts samples from the first frame of the picture. Where times jump, silence is put in or
samples are left out, so sound stays in step with the picture. What cannot be decoded becomes
silence: nobody knows what it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError

from efface.media.video.demux import as_fraction
from efface.sound_change import Samples

STEP_S = Fraction(3, 100)
"""Times of decoded frames may be off by this much before the sound is moved: containers round them,
and a frame of picture lasts longer."""

LONGEST_GAP_S = 3600
"""A jump by more is damage, and the sound goes on where it was."""

SILENCE = np.float32(0)


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Samples of one stream. `first` is the number of the first, counted from the first frame."""

    stream: int
    first: int
    samples: Samples


class Aligned:
    """One stream as samples of a fixed rate and layout, in order, without gaps."""

    def __init__(self, stream: int, rate: int, layout: str, shift_s: Fraction) -> None:
        """shift_s  time of the first frame of the picture."""
        self._stream, self._rate, self._shift_s = stream, rate, shift_s
        self._layout, self._resampler = layout, self._new_resampler(layout)
        self._form: tuple[str, str, int] | None = None
        self._next: int | None = None
        self._has_begun = False

    def take(self, frame: AudioFrame | None) -> Iterator[Heard]:
        """Yield the samples of a decoded frame; None ends the stream."""
        with suppress(FFmpegError):  # a frame that cannot be converted becomes a gap
            for made in self._resampled(frame):
                yield from self._placed(made)

    def _resampled(self, frame: AudioFrame | None) -> Iterator[AudioFrame]:
        if frame is not None:
            form = frame.format.name, frame.layout.name, frame.sample_rate
            if self._form not in (None, form):
                # The stream goes on with other channels or another rate, as broadcasts do.
                yield from self._resampler.resample(None)
                self._resampler = self._new_resampler(self._layout)
            self._form = form
        yield from self._resampler.resample(frame)

    def _new_resampler(self, layout: str) -> AudioResampler:
        return AudioResampler(format="fltp", layout=layout, rate=self._rate)

    def _placed(self, frame: AudioFrame) -> Iterator[Heard]:
        samples = frame.to_ndarray().astype(np.float32, copy=False)
        samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0).clip(-1, 1)
        at = self._place(frame)
        if self._next is None:
            self._next = max(at, 0)
        away = at - self._next
        near, far = STEP_S * self._rate, LONGEST_GAP_S * self._rate
        if self._has_begun and (abs(away) <= near or away > far):
            away = 0
        if away > 0:
            # One zero for all samples: a gap may last an hour.
            yield from self._give(np.broadcast_to(SILENCE, (samples.shape[0], away)))
        yield from self._give(samples[:, max(0, -away) :])

    def _place(self, frame: AudioFrame) -> int:
        if frame.pts is None:
            return self._next or 0
        second = frame.pts * as_fraction(frame.time_base) - self._shift_s
        return round(second * self._rate)

    def _give(self, samples: Samples) -> Iterator[Heard]:
        assert self._next is not None
        if samples.shape[1]:
            self._has_begun = True
            first, self._next = self._next, self._next + samples.shape[1]
            yield Heard(self._stream, first, samples)
