"""Check sound that was changed: silent spans hold nothing, and the rest is the source's, in step.

The target is decoded as a player would. A window of 10 ms in a silent span may hold nothing above
SILENT. Near the ends of a span a codec puts noise of its own, so there a window also passes if it
is not loud and does not resemble the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import zip_longest
from math import log10

import numpy as np
from numpy.typing import NDArray

from efface.findings import Check, Finding, Outcome
from efface.media.decoder.source_opening import sound_of
from efface.media.interfaces import SourceInfo
from efface.media.video.sound_source import heard
from efface.sound_change import Samples, SoundChange
from efface.timing import timecode

NAME = "sound"

RATE = 48_000
WINDOW = RATE // 100

SILENT = 1e-3
"""RMS of what counts as silent: 60 dB below full scale."""

EDGE_WINDOWS = 12
"""Windows from the end of a silent span in which a codec's own noise is expected. AAC spreads it
over up to 2048 samples; Opus rings for 0.1 s at 54 dB below full scale."""

LOUD_AT_EDGE = 0.02
"""RMS that such noise stays below: 34 dB below full scale."""

RESEMBLES = 0.5
"""Correlation with the source from which such noise is the source's sound. Chosen, not
measured."""

SAME = 0.7
"""Correlation in a second of kept sound below which it is not the source's, or not in step."""

OWN_VOICE = 0.8
"""Correlation in a second of disguised sound above which nothing was disguised."""

MOST = 20
"""Maximum number of findings."""


@dataclass(slots=True)
class _Measured:
    """What was measured in all streams."""

    is_compared: bool
    windows: int = 0
    loudest: float = 0.0
    likeness: list[float] = field(default_factory=list)
    open_windows: list[tuple[int, int]] = field(default_factory=list)
    other_seconds: list[tuple[int, int]] = field(default_factory=list)

    def facts(self) -> dict[str, str | int | float]:
        said: dict[str, str | int | float] = {"silent, s": round(self.windows * WINDOW / RATE, 2)}
        if self.windows:
            said["loudest there, dB"] = round(20 * log10(max(self.loudest, 1e-6)), 1)
        if self.likeness:
            said |= {
                "seconds compared": len(self.likeness),
                "likeness, lowest": round(min(self.likeness), 3),
            }
        return said


def check_sound(
    target: SourceInfo, source: SourceInfo | None, shift_s: Fraction, change: SoundChange
) -> Check:
    """Check the sound of a target that was made with that change.

    shift_s  time in the source of what is 0 in the target.
    """
    found = _Measured(source is not None)
    for stream in range(target.audio):
        old: Iterator[Samples] = iter(())
        if source is not None and stream < source.audio:
            old = _seconds(source, shift_s, stream)
        for number, (new, before) in enumerate(
            zip_longest(_seconds(target, Fraction(0), stream), old)
        ):
            _compare(found, stream, number, new, before, change)
    return _result(found, change)


def _result(found: _Measured, change: SoundChange) -> Check:
    leaks = tuple(_leaks(found.open_windows))[:MOST]
    what = "is that of the source" if change.is_disguised else "is not that of the source"
    others = tuple(
        Finding(NAME, f"sound at {timecode(second)} {what}", time_s=float(second))
        for _, second in found.other_seconds[:MOST]
    )
    if leaks or (others and change.is_disguised):
        return Check(NAME, Outcome.NOT_CLEAN, (*leaks, *others), found.facts())
    if others:
        return Check(NAME, Outcome.REVIEW, others, found.facts())
    if not found.is_compared:
        why = "there is no source to compare it with"
        return Check(NAME, Outcome.SKIPPED, facts=found.facts(), why=why)
    return Check(NAME, Outcome.CLEAN, facts=found.facts())


def _leaks(windows: list[tuple[int, int]]) -> Iterator[Finding]:
    """Yield one finding for each run of windows of a stream."""
    start = None
    for i, (stream, window) in enumerate(windows):
        start = window if start is None else start
        if i + 1 == len(windows) or windows[i + 1] != (stream, window + 1):
            first, last = start * WINDOW / RATE, (window + 1) * WINDOW / RATE
            said = f"sound is heard from {timecode(first)} to {timecode(last)}"
            yield Finding(NAME, f"{said}, where there should be none", time_s=first)
            start = None


def _compare(
    found: _Measured,
    stream: int,
    number: int,
    new: Samples | None,
    old: Samples | None,
    change: SoundChange,
) -> None:
    """Compare a second."""
    known = old if found.is_compared else new  # codecs fill their last frame
    count = 0 if known is None else known.shape[1] // WINDOW
    new, old, first = _filled(new), None if old is None else _filled(old), number * RATE
    around = change.gain(first - EDGE_WINDOWS * WINDOW, RATE + 2 * EDGE_WINDOWS * WINDOW, RATE)
    gain = np.ones(RATE + 2 * EDGE_WINDOWS * WINDOW) if around is None else around
    most = gain.reshape(-1, WINDOW).max(axis=1)
    inner = slice(EDGE_WINDOWS, -EDGE_WINDOWS)
    is_silent = most[inner] == 0
    wide = np.lib.stride_tricks.sliding_window_view(most, 2 * EDGE_WINDOWS + 1).max(axis=1)
    loud = _rms(_windows(new))
    like = np.zeros(len(loud)) if old is None else _likeness(_windows(new), _windows(old))
    is_noise = (wide > 0) & (loud <= LOUD_AT_EDGE) & (like <= RESEMBLES)
    is_open = is_silent & (loud > SILENT) & ~is_noise
    found.windows += int(is_silent[:count].sum())
    found.loudest = max(found.loudest, float(loud[is_silent & (wide == 0)].max(initial=0.0)))
    found.open_windows += [
        (stream, number * (RATE // WINDOW) + int(w)) for w in np.flatnonzero(is_open)
    ]
    if old is not None:
        _compare_kept(found, stream, number, new, old, gain[inner.start * WINDOW :][:RATE], change)


def _compare_kept(
    found: _Measured,
    stream: int,
    number: int,
    new: Samples,
    old: Samples,
    gain: NDArray[np.floating],
    change: SoundChange,
) -> None:
    kept = gain == 1
    if kept.sum() < RATE // 10 or float(_rms(old[None, :, kept])[0]) <= SILENT:
        return
    like = float(_likeness(new[None, :, kept], old[None, :, kept])[0])
    found.likeness.append(like)
    if (like > OWN_VOICE) if change.is_disguised else (like < SAME):
        found.other_seconds.append((stream, number))


def _filled(samples: Samples | None) -> Samples:
    """Return a whole second; what is not there is silent."""
    samples = np.zeros((2, 0), np.float32) if samples is None else samples
    return np.pad(samples, ((0, 0), (0, RATE - samples.shape[1])))


def _windows(samples: Samples) -> NDArray[np.float32]:
    """Return (windows, channels, WINDOW)."""
    return samples.reshape(samples.shape[0], -1, WINDOW).swapaxes(0, 1)


def _rms(parts: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (n,) the RMS of each part of the louder channel."""
    return np.asarray(np.sqrt((parts.astype(np.float64) ** 2).mean(axis=2)).max(axis=1))


def _likeness(new: NDArray[np.float32], old: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (n,) the normalised correlation of each part."""
    a, b = (p.astype(np.float64).reshape(len(p), -1) for p in (new, old))
    size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.asarray((a * b).sum(axis=1) / np.maximum(size, 1e-12))


def _seconds(info: SourceInfo, shift_s: Fraction, stream: int) -> Iterator[Samples]:
    """Yield the n-th sound stream, a second at a time, with silence where the stream has no sound.
    The last part may be shorter."""
    waiting = np.zeros((2, 0), np.float32)
    given = 0
    for part in heard(sound_of(info), shift_s, RATE, "stereo", stream):
        before = part.first - given - waiting.shape[1]
        gap = np.zeros((2, max(0, before)), np.float32)
        waiting = np.concatenate([waiting, gap, part.samples], axis=1)
        while waiting.shape[1] >= RATE:
            yield waiting[:, :RATE]
            waiting, given = waiting[:, RATE:], given + RATE
    if waiting.shape[1]:
        yield waiting
