"""What is done to the sound of a film: which spans are silent, and whether voices are disguised.

Nothing about a voice is stored here or anywhere else: how a disguise was drawn is forgotten with
the process that drew it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.option_values import TimeSpan

FADE_S = Fraction(1, 50)
"""Length of a fade, outside of the silent span, so that no edge clicks."""

Samples = NDArray[np.float32]
"""(channels, n), -1 to 1."""


@dataclass(frozen=True, slots=True)
class SoundChange:
    """How a film's sound is changed before it is encoded anew.

    silent       spans without any sound, in order and apart, in seconds from the first frame.
    is_disguised voices are changed.
    """

    silent: tuple[TimeSpan, ...] = ()
    is_disguised: bool = False

    def silenced(self, samples: Samples, first: int, rate: int) -> Samples:
        """Return the samples with the spans silent and a fade before and after each.

        first  number of the first sample, counted from the first frame.
        """
        gain = self.gain(first, samples.shape[1], rate)
        return samples if gain is None else (samples * gain).astype(np.float32)

    def gain(self, first: int, count: int, rate: int) -> NDArray[np.float32] | None:
        """Return the (count,) factor of each sample; None if all are 1."""
        gain, fade = None, round(FADE_S * rate)
        for start, stop in self.sample_ranges(rate):
            if start - fade >= first + count or stop + fade <= first:
                continue
            gain = np.ones(count, np.float32) if gain is None else gain
            at = np.arange(first, first + count)
            away = np.maximum(np.maximum(start - at, at - (stop - 1)), 0) / max(fade, 1)
            gain = np.minimum(gain, np.clip(away, 0, 1).astype(np.float32))
        return gain

    def silent_s(self, end_s: float) -> float:
        """Return how many seconds are silent in a film of that length."""
        ends = ((s.start_s, min(s.end_s, end_s)) for s in self.silent)
        return sum(max(0.0, stop - start) for start, stop in ends)

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data; an end that was not said is null."""
        spans = [[s.start_s, None if math.isinf(s.end_s) else s.end_s] for s in self.silent]
        return {"silent": spans, "disguised": self.is_disguised}

    def sample_ranges(self, rate: int) -> list[tuple[int, int]]:
        """Return first and one after last sample of each silent span, rounded outwards."""
        return [
            (
                math.floor(s.start_s * rate),
                2**62 if math.isinf(s.end_s) else math.ceil(s.end_s * rate),
            )
            for s in self.silent
        ]


def joined_spans(spans: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Return the spans in order, with those that touch joined."""
    found: list[TimeSpan] = []
    for span in sorted(spans, key=lambda s: s.start_s):
        if found and span.start_s <= found[-1].end_s:
            found[-1] = TimeSpan(found[-1].start_s, max(found[-1].end_s, span.end_s))
        else:
            found.append(span)
    return tuple(found)


def change_of(data: Mapping[str, Any]) -> SoundChange:
    """Read it from JSON data. Raises ValueError, KeyError, TypeError for malformed data."""
    spans = [TimeSpan(float(a), math.inf if b is None else float(b)) for a, b in data["silent"]]
    if type(data["disguised"]) is not bool or not all(0 <= s.start_s < s.end_s for s in spans):
        raise ValueError("what was done to the sound of its target is not sensible")
    return SoundChange(joined_spans(spans), data["disguised"])
