"""Moments between two sightings of a track: the box was carried far, or sightings were weak."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from efface.planning.doubt import (
    FAR,
    WEAK,
)
from efface.planning.doubt_moment import (
    HUNDREDTH,
    STRONG_SCORE_MARGIN,
    Film,
    Moment,
    centre_shifts,
    far_strengths,
    moment_around,
    rows_apart,
    worst_stretches,
)
from efface.planning.doubt_risk import LEAST_RISK, WEIGHTS, clipped
from efface.tracks import Reason, Track

WEAK_S = (0.5, 2.5)
"""Durations of weak sightings between which WEAK grows."""

WEAK_GAP_WEIGHT = 0.3
"""Weight of a gap between two weak sightings compared with one between two strong ones: mostly
there was no object at all."""


def _belief(score: NDArray[np.float32], sure: float) -> NDArray[np.float64]:
    """Return how probably a gap beside a sighting of that score belongs to a real object,
    WEAK_GAP_WEIGHT to 1."""
    return np.asarray(
        WEAK_GAP_WEIGHT
        + (1 - WEAK_GAP_WEIGHT) * np.clip((score - sure) / STRONG_SCORE_MARGIN, 0, 1),
        np.float64,
    )


def gap_moments(track: Track, seen: NDArray[np.intp], film: Film, sure: float) -> Iterator[Moment]:
    """Yield stretches between two sightings: the box went straight from one to the other, the
    object perhaps did not."""
    a, b = rows_apart(track, seen)
    is_open = ~film.are_black(track.frame[a], track.frame[b])
    a, b = a[is_open], b[is_open]
    if not len(a):
        return
    there = film.seen_from(track.xyxy[a], track.frame[a], track.frame[b])
    gap_s = film.open_s(track.frame[a], track.frame[b])
    far = far_strengths(gap_s, centre_shifts(there, track.xyxy[b])) * _belief(
        np.maximum(track.score[a], track.score[b]), sure
    )
    for i in worst_stretches(far, WEIGHTS[FAR] * far >= LEAST_RISK, track, film):
        yield _in_between(track, int(a[i]), int(b[i]), {FAR: float(far[i])})


def weak_moments(track: Track, seen: NDArray[np.intp], film: Film, sure: float) -> Iterator[Moment]:
    """Yield stretches between two sure sightings with only weak ones in between."""
    low, high = WEAK_S
    a, b = rows_apart(track, seen[track.score[seen] >= sure - HUNDREDTH])
    long_s = film.seconds[track.frame[b]] - film.seconds[track.frame[a]]
    for i in worst_stretches(long_s, long_s > low, track, film):
        if (track.reason[a[i] + 1 : b[i]] == Reason.SEEN).any():
            yield _in_between(
                track,
                int(a[i]),
                int(b[i]),
                {WEAK: clipped((float(long_s[i]) - low) / (high - low))},
            )


def _in_between(track: Track, a: int, b: int, causes: Mapping[str, float]) -> Moment:
    """Return a moment about the middle of the rows between two, where least is known."""
    rows = slice(a + 1, b) if b - a > 1 else slice(a, b + 1)  # a track may have holes
    middle = int(np.searchsorted(track.frame, (int(track.frame[a]) + int(track.frame[b])) // 2))
    return moment_around(
        track, min(max(middle, rows.start), rows.stop - 1), rows, track.xyxy[[a, b]], causes
    )
