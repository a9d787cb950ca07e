"""Steady boxes of one object: the sightings around each sighting correct it.

The box of a single frame is noisy. It jumps by some pixels, and a weak sighting says little about
where the object ends. The camera's motion is known, so neighbouring sightings can be overlaid. The
centre of each box becomes that of a line fitted through them (local linear regression, Cleveland
1979). Its size becomes their mean, and sure sightings weigh more. The box grows by the difference
between the sightings and the fit, and it grows where all of them were unsure. Each box still
contains what was seen in its own frame, unless a weak sighting is much larger than all around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from efface.geometry import Boxes, area, hulls
from efface.track.camera_motion import Views
from efface.track.score_margin import ScoreMargin, share
from efface.tracks import Track

REACH_S = 0.2
"""Sightings this long before and after count for a box; their weight falls with their distance in
time (biweight kernel)."""

POWER = 2
"""The weight of a sighting is its score to this power."""

LEAST_SPREAD = 0.15
"""Share of REACH_S.

Centres from a shorter time say little about a velocity, and count as standing still.
"""

SPREAD, MOST_SPREAD = 0.5, 0.3
"""Share of the spread of the sightings around the fit that is added on every side, and the maximum
added, as a share of the box."""

DOUBTFUL, CERTAIN = 0.25, 0.6
"""Scores up to which a box is entirely uncertain, and from which it is exact."""

WEAK = 0.4
"""Score below which the size of a sighting is doubtful. A face that is seen weakly in one frame as
large as a trunk, and before and after as a head, is a head."""

USUAL_S, LEAST_OTHERS = 1.0, 3
"""The usual size is the median of the other sightings within this time, weighted like the boxes, if
there are at least this many."""


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs of sightings: one that counts for another one.

    row      (n,) the sighting that it counts for.
    centre   (n, 2) of its box, as the camera saw it then, pixels.
    size     (n, 2) logarithm of its width and height.
    weight   (n,)
    after_s  (n,) how much later it is; negative when earlier.
    score    (n,)
    """

    row: NDArray[np.intp]
    centre: NDArray[np.float64]
    size: NDArray[np.float64]
    weight: NDArray[np.float64]
    after_s: NDArray[np.float64]
    score: NDArray[np.float64]


def rule(most: float) -> ScoreMargin:
    """Return how boxes grow with doubt in a film, where low boxes also grow."""
    return ScoreMargin(most=most, doubtful=DOUBTFUL, certain=CERTAIN)


def usual_sized(track: Track, seconds: NDArray[np.float64], most: float) -> Track:
    """Return the track of sightings. Weak ones have at most `most` times their usual size."""
    if np.isinf(most):
        return track
    t = seconds[track.frame]
    sizes = np.sqrt(np.maximum(area(track.xyxy), 1e-6)).astype(np.float64)
    weight = np.maximum(track.score.astype(np.float64), 1e-3) ** POWER
    shrink = np.ones(len(track))
    for row in np.flatnonzero(track.score < WEAK):
        near = slice(*np.searchsorted(t, (t[row] - USUAL_S, t[row] + USUAL_S)))
        other = np.arange(near.start, near.stop) != row
        if other.sum() >= LEAST_OTHERS:
            usual = _median(sizes[near][other], weight[near][other])
            shrink[row] = min(1.0, most * usual / sizes[row])
    return replace(track, xyxy=_shrunk(track.xyxy, shrink))


def _shrunk(xyxy: Boxes, shares: NDArray[np.float64]) -> Boxes:
    """Return boxes (n, 4) with these shares (n,) of their sides, around the same middle."""
    middle = (xyxy[:, :2] + xyxy[:, 2:]) / 2
    half = (xyxy[:, 2:] - xyxy[:, :2]) / 2 * shares[:, None]
    smaller = np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)
    return np.where(shares[:, None] < 1, smaller, xyxy)


def _median(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order[np.searchsorted(total, total[-1] / 2)]])


def steadied(track: Track, seconds: NDArray[np.float64], views: Views, most_unsure: float) -> Track:
    """Return the track of sightings with steady boxes.

    seconds      time of every frame.
    most_unsure  share of its sides that a box gains on every side where no sure sighting is near.
    """
    pairs = list(_pairs(track, seconds, views))
    n = len(track)
    total = _summed(n, [(p.row, p.weight) for p in pairs])
    mean_s = _summed(n, [(p.row, p.weight * p.after_s) for p in pairs]) / total
    centre, size = (
        _summed(n, [(p.row, p.weight[:, None] * getattr(p, name)) for p in pairs]) / total[:, None]
        for name in ("centre", "size")
    )
    apart = _summed(n, [(p.row, p.weight * p.after_s**2) for p in pairs]) / total - mean_s**2
    together = (
        _summed(n, [(p.row, (p.weight * p.after_s)[:, None] * p.centre) for p in pairs])
        / total[:, None]
    )
    velocity = (together - mean_s[:, None] * centre) / (
        np.maximum(apart, 0) + (LEAST_SPREAD * REACH_S) ** 2
    )[:, None]
    centre = centre - velocity * mean_s[:, None]
    misses = [(p.row, p.weight[:, None] * _missed(p, centre, size, velocity) ** 2) for p in pairs]
    spread = np.sqrt(_summed(n, misses) / total[:, None])
    score = _summed(n, [(p.row, p.weight * p.score) for p in pairs]) / total
    growth = (
        np.minimum(SPREAD * spread, MOST_SPREAD)
        + share(score.astype(np.float32), rule(most_unsure))[:, None]
    )
    half = np.exp(size) / 2 * (1 + 2 * growth)
    fitted = np.concatenate([centre - half, centre + half], axis=1)
    return replace(track, xyxy=hulls(fitted, track.xyxy))


def _missed(
    p: _Pairs, centre: NDArray[np.float64], size: NDArray[np.float64], velocity: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (n, 2) how far the sides of these boxes are from the fitted box, as a share of its
    sides."""
    there = centre[p.row] + velocity[p.row] * p.after_s[:, None]
    return (
        np.abs(p.centre - there) / np.exp(size[p.row]) + np.abs(np.expm1(p.size - size[p.row])) / 2
    )


def _pairs(track: Track, seconds: NDArray[np.float64], views: Views) -> Iterator[_Pairs]:
    """Yield each sighting for itself, and for the sightings near it in time."""
    t, score = seconds[track.frame], track.score.astype(np.float64)
    weight = np.maximum(score, 1e-3) ** POWER
    rows = np.arange(len(track))
    yield _Pairs(rows, *_centre_and_size(track.xyxy), weight, np.zeros(len(track)), score)
    for step in range(1, len(track)):
        early = np.flatnonzero(t[step:] - t[:-step] < REACH_S)
        if not len(early):
            return
        late = early + step
        near = (1 - ((t[late] - t[early]) / REACH_S) ** 2) ** 2
        for of, to in ((early, late), (late, early)):
            there = views.seen_from(track.xyxy[of], track.frame[of], track.frame[to])
            yield _Pairs(to, *_centre_and_size(there), weight[of] * near, t[of] - t[to], score[of])


def _centre_and_size(xyxy: Boxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    boxes = xyxy.astype(np.float64)
    return (boxes[:, :2] + boxes[:, 2:]) / 2, np.log(np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-3))


def _summed(
    count: int, parts: list[tuple[NDArray[np.intp], NDArray[np.float64]]]
) -> NDArray[np.float64]:
    """Return (count, ...) sums of values by row. Within one part, each row occurs only once."""
    total = np.zeros((count, *parts[0][1].shape[1:]))
    for rows, values in parts:
        total[rows] += values
    return total
