"""Find when somebody speaks, with Silero's voice activity detector (MIT).

It locates speech and transcribes nothing: the network gives one number for each 32 ms, how likely
it is that somebody speaks. Doubt counts as speech.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from efface.detect.self_test import require_right
from efface.detect.sessions import open_session
from efface.detect.weights import load_weights
from efface.errors import ModelUnusable
from efface.option_values import TimeSpan
from efface.sound_change import Samples, joined_spans

NAME = "silero-vad"

RATE = 16_000
"""Hz, what the network expects."""

STEP = 512
"""Samples for which it gives a number; it also sees the CONTEXT before them."""

CONTEXT = 64

BATCH = 512
"""Steps in one run: 16 seconds."""

STARTS, GOES_ON = 0.3, 0.15
"""Likelihood from which speech begins, and down to which it goes on. Silero's own values are .5 and
.35; a span too many costs less than a word that is heard."""

AROUND_S = 0.3
"""Added before and after: breath, and consonants that the network does not count."""


class SpeechFinder:
    """Takes the samples of one stream in order, and says when somebody speaks."""

    def __init__(self) -> None:
        model, _ = load_weights(NAME)
        self._session, _ = open_session(NAME, model, "cpu")
        self._waiting = np.zeros(CONTEXT, np.float32)
        self._likely: list[NDArray[np.float32]] = []
        self._first = 0
        self._state = _nothing_heard()
        known = self._run_on(known_sound())
        require_right(NAME, {"likely": known}, "cpu")
        self._state = _nothing_heard()

    def take(self, samples: Samples, first: int) -> None:
        """Take mono samples at RATE. `first` is the number of the first of them."""
        if not self._likely and len(self._waiting) == CONTEXT:
            self._first = first
        self._waiting = np.concatenate([self._waiting, samples.mean(axis=0)])
        while len(self._waiting) >= CONTEXT + BATCH * STEP:
            self._run(BATCH)

    def spans(self) -> tuple[TimeSpan, ...]:
        """Return when somebody speaks, in seconds; the samples end here."""
        self._waiting = np.concatenate([self._waiting, np.zeros(STEP, np.float32)])
        while (steps := (len(self._waiting) - CONTEXT) // STEP) > 0:
            self._run(min(steps, BATCH))
        likely = np.concatenate([np.zeros(0, np.float32), *self._likely])
        return joined_spans(self._widened(*run) for run in _runs(likely))

    def _widened(self, start: int, stop: int) -> TimeSpan:
        first, last = ((self._first + n * STEP) / RATE for n in (start, stop))
        return TimeSpan(max(0.0, first - AROUND_S), last + AROUND_S)

    def _run(self, steps: int) -> None:
        self._likely.append(self._run_on(self._waiting[: CONTEXT + steps * STEP]))
        self._waiting = self._waiting[steps * STEP :]

    def _run_on(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = np.lib.stride_tricks.sliding_window_view(samples, CONTEXT + STEP)[::STEP]
        h, c = self._state
        given = {"input": np.ascontiguousarray(rows), "h": h, "c": c}
        said, *self._state = self._session.run(None, given)
        if said.shape != (len(rows),) or not np.isfinite(said).all():
            raise ModelUnusable(NAME, "it gives no number for a part of the sound")
        return np.asarray(said, np.float32)


def known_sound() -> NDArray[np.float32]:
    """Return a second of sound for the self-test, from whole numbers: a buzz that swells and moves,
    like a voice."""
    at = np.arange(CONTEXT + 31 * STEP, dtype=np.int64)
    pulses = np.where(at % (133 + at // 3000 * 7) < 9, 120, 0)
    echoes = sum(np.roll(pulses, n) * k // 8 for n, k in ((11, 7), (23, -6), (37, 5), (61, -3)))
    swell = 40 + (at // 40) % 200
    return ((pulses + echoes) * swell / np.float32(2**15)).astype(np.float32)


def _nothing_heard() -> list[NDArray[np.float32]]:
    return [np.zeros((1, 1, 128), np.float32) for _ in range(2)]


def _runs(likely: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Yield first step and one after the last of each stretch that reaches STARTS and stays above
    GOES_ON, in both directions of time."""
    above = np.concatenate([[False], likely >= GOES_ON, [False]])
    edges = np.flatnonzero(np.diff(above.astype(np.int8)))
    for start, stop in edges.reshape(-1, 2).tolist():
        if likely[start:stop].max() >= STARTS:
            yield start, stop
