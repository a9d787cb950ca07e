"""Peaks of a film's sound, for drawing its waveform.

A peak tells how loud a moment is, and nothing of what is heard in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from efface.media.interfaces import SourceInfo
from efface.media.video.sound_samples import Heard
from efface.media.video.sound_source import FilmSound, heard

RATE = 8000
"""Hz. Enough to see where somebody speaks."""

STEP = RATE // 100
"""Samples of a peak: 10 ms."""

MOST_PEAKS = 1 << 20
"""Peaks of a film, three hours of the shortest. In longer films each one stands for more time."""

BLOCK = 10 * RATE
"""Samples that are looked at together."""

MOST_AT_ONCE = 8000
"""Peaks in one answer."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """Peaks of one stream, a byte each: 255 times the square root of the largest amplitude.

    first  number of the first one, counted from the first frame. Others may tell of the same
           moment: the largest one counts.
    """

    first: int
    values: bytes


def step_for(duration_s: float) -> int:
    """Return how many samples a peak stands for in a film of that length."""
    return STEP * max(1, ceil(duration_s * RATE / STEP / MOST_PEAKS))


def sound_peaks(info: SourceInfo, shift_s: Fraction, step: int) -> Iterator[Peaks]:
    """Yield the peaks of all sound streams.

    shift_s  time of the first frame.
    step     samples at RATE of a peak.

    Raises what opening the film raises, and DamagedSource.
    """
    waiting: dict[int, list[Heard]] = {}
    for part in heard(FilmSound(info), shift_s, RATE, "stereo"):
        parts = waiting.setdefault(part.stream, [])
        parts.append(part)
        if part.first + part.samples.shape[1] - parts[0].first >= BLOCK:
            yield from _peaks(parts, step)
            parts.clear()
    for parts in waiting.values():
        if parts:
            yield from _peaks(parts, step)


def _peaks(parts: list[Heard], step: int) -> Iterator[Peaks]:
    """Yield the peaks of parts that follow each other."""
    before = parts[0].first % step
    loud = np.concatenate([np.abs(p.samples).max(axis=0) for p in parts])
    loud = np.pad(loud, (before, -(before + len(loud)) % step))
    values = np.ceil(255 * np.sqrt(loud.reshape(-1, step).max(axis=1))).astype(np.uint8)
    for at in range(0, len(values), MOST_AT_ONCE):
        yield Peaks(parts[0].first // step + at, values[at : at + MOST_AT_ONCE].tobytes())


def merged_peaks(peaks: Iterator[Peaks], count: int) -> NDArray[np.uint8]:
    """Return the (count,) peaks of all streams together."""
    found = np.zeros(count, np.uint8)
    for one in peaks:
        values = np.frombuffer(one.values, np.uint8)[: max(0, count - one.first)]
        part = found[one.first : one.first + len(values)]
        np.maximum(part, values, out=part)
    return found
