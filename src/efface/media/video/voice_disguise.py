"""Change voices so that people who know them do not recognise them.

Two changes, drawn at random for each stream of each file, and stored nowhere: the pitch moves by
some semitones (two taps of a delay line, cross-faded), and the resonances of the throat move (the
angles of the poles of a linear prediction are raised to a power: McAdams 1984, and baseline B2 of
the VoicePrivacy challenges). It is a disguise for ears. Published attacks undo methods of this kind
with machines; only silence protects.
"""

from __future__ import annotations

import random
from secrets import SystemRandom

import numpy as np
from numpy.typing import NDArray

from efface.media.video.sound_samples import Heard
from efface.sound_change import Samples

RATE = 16_000
"""Hz. A disguised voice holds nothing above 8 kHz: that part says much about who speaks, and little
about what."""

FRAME = 320
"""Samples for one linear prediction, 20 ms; each overlaps the next by half."""

ORDER = 20

SEMITONES = (2.5, 4.5)
EXPONENTS = (0.85, 0.92)
"""Ranges that are drawn from; of the exponents also the inverse. They move a resonance at 500 Hz by
a quarter to a half. Below them friends still know a voice, beyond them words get lost."""

DELAY = 480
"""Longest delay of a tap in samples, 30 ms. On average the voice comes half of that late, which is
less than a frame of picture."""

RINGING = 4096
"""Samples after which no resonance sounds any longer: no pole is above LARGEST_POLE."""

LARGEST_POLE = 0.98

QUIET = 1e-5
"""RMS below which a frame is left as it is."""


class Disguise:
    """Disguises one stream. Samples go in and come out in order; some come out later."""

    def __init__(self, channels: int, draw: random.Random | None = None) -> None:
        draw = draw or SystemRandom()
        semitones = draw.uniform(*SEMITONES) * draw.choice((-1, 1))
        self._speed = 2 ** (semitones / 12)
        exponent = draw.uniform(*EXPONENTS)
        self._exponent = exponent if draw.random() < 0.5 else 1 / exponent
        self._history = np.zeros((channels, DELAY + 2), np.float32)
        self._buffer = np.zeros((channels, FRAME // 2), np.float32)
        self._tail = np.zeros((channels, FRAME // 2), np.float32)
        self._skipped = FRAME // 2
        self._taken = 0
        self._next: int | None = None
        self._end = 0

    def push(self, samples: Samples, first: int) -> Heard | None:
        """Take the next samples, and return those that are ready. `first` is the number of the
        first sample."""
        if self._next is None:
            self._next = self._end = first
        self._end += samples.shape[1]
        return self._ready(self._shifted(samples))

    def rest(self) -> Heard | None:
        """Return what is still inside."""
        if self._next is None:
            return None
        left = self._end - self._next
        made = self._ready(np.zeros((len(self._buffer), 2 * FRAME), np.float32))
        return None if made is None else Heard(0, made.first, made.samples[:, :left])

    def _shifted(self, samples: Samples) -> Samples:
        """Return the samples at another pitch."""
        known = np.concatenate([self._history, samples], axis=1)
        count = samples.shape[1]
        at = np.arange(self._taken, self._taken + count)
        phase = (at * (1 - self._speed) / DELAY) % 1.0
        made = np.zeros(samples.shape)
        for tap in (phase, (phase + 0.5) % 1.0):
            place = np.arange(count) + self._history.shape[1] - 1 - tap * DELAY
            low = np.floor(place).astype(int)
            share = place - low
            made += (known[:, low] * (1 - share) + known[:, low + 1] * share) * np.sin(
                np.pi * tap
            ) ** 2
        self._history = known[:, -self._history.shape[1] :]
        self._taken += count
        return made.astype(np.float32)

    def _ready(self, samples: Samples) -> Heard | None:
        self._buffer = np.concatenate([self._buffer, samples], axis=1)
        hop, parts = FRAME // 2, []
        while self._buffer.shape[1] >= FRAME:
            frame = self._buffer[:, :FRAME] * _WINDOW
            made = np.stack([_moved(channel, self._exponent) for channel in frame]).astype(
                np.float32
            )
            parts.append(self._tail + made[:, :hop])
            self._tail = made[:, hop:]
            self._buffer = self._buffer[:, hop:]
        if not parts or self._next is None:
            return None
        done = np.concatenate(parts, axis=1).astype(np.float32).clip(-1, 1)
        skip = min(self._skipped, done.shape[1])
        self._skipped -= skip
        first, self._next = self._next, self._next + done.shape[1] - skip
        return Heard(0, first, done[:, skip:])


_WINDOW = np.hanning(FRAME + 1)[:-1].astype(np.float32)

_TOEPLITZ = np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))
"""(ORDER, ORDER): how many samples apart."""


def _moved(frame: NDArray[np.float32], exponent: float) -> NDArray[np.float64]:
    """Return the frame with its resonances moved, as loud as before."""
    loud = float(np.sqrt(np.mean(frame.astype(np.float64) ** 2)))
    if loud < QUIET:
        return frame.astype(np.float64)
    exact = frame.astype(np.float64)
    whole = np.correlate(exact, exact, "full")[FRAME - 1 : FRAME + ORDER]
    whole[0] *= 1 + 1e-6
    try:
        poly = np.concatenate([[1.0], -np.linalg.solve(whole[_TOEPLITZ], whole[1:])])
        residual = np.convolve(exact, poly)[:FRAME]
        made = _through_poles(residual, _warped(poly, exponent))
    except (np.linalg.LinAlgError, ValueError):
        return np.zeros(FRAME)
    level = float(np.sqrt(np.mean(made**2)))
    if not np.isfinite(level) or level < QUIET:
        return np.zeros(FRAME)  # nothing rather than the real voice
    return np.asarray(made * (loud / level), np.float64)


def _through_poles(residual: NDArray[np.float64], poly: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the signal from which the filter `poly` would make the residual."""
    spectrum = np.fft.rfft(residual, RINGING) / np.fft.rfft(poly, RINGING)
    return np.fft.irfft(spectrum, RINGING)[:FRAME]


def _warped(poly: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    poles = np.roots(poly)
    size, angle = np.minimum(np.abs(poles), LARGEST_POLE), np.angle(poles)
    # Both ends of the band stay where they are, or resonances would gather at its upper end.
    moved = np.sign(angle) * np.pi * (np.abs(angle) / np.pi) ** exponent
    angle = np.where(np.abs(poles.imag) > 1e-9, moved, angle)
    return np.asarray(np.poly(size * np.exp(1j * angle)).real, np.float64)
