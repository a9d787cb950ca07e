"""Moments in which nothing is erased where an object should be that was clearly seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from efface.geometry import Boxes, area
from efface.planning.doubt import (
    LOST,
)
from efface.planning.doubt_moment import (
    BRIEF_S,
    CLEAR_SCORE_MARGIN,
    HELD_S,
    HUNDREDTH,
    MOST_STEPS,
    OPEN_SHARE,
    RIM_SHARE,
    Film,
    Moment,
    covered_share,
    is_near,
    no_larger,
    presence,
    rows_apart,
    seen_lately,
    worst_stretches,
)
from efface.planning.doubt_risk import LEAST_RISK, WEIGHTS, clipped
from efface.tracks import Track

LOST_S = 0.15
"""Nothing can be lost between clear sightings that are nearer than this."""

GOES_ON_S = 0.5
"""A lost object is assumed to continue its motion for this long, and then to stand still."""


def lost_moments(
    track: Track, seen: NDArray[np.intp], film: Film, sure: float, tallness: float
) -> Iterator[Moment]:
    """Yield moments in which nothing is erased where an object should be that was clearly seen
    before or after.

    A track that switches to another object leaves its own object uncovered, while all of its boxes
    look right. So the object's place is estimated from clear sightings alone: straight from one to
    the next, and along its motion before the first and after the last.
    """
    clear = seen[track.score[seen] >= sure + CLEAR_SCORE_MARGIN - HUNDREDTH]
    if not len(clear):
        return
    a, b = rows_apart(track, clear)
    long_s = film.seconds[track.frame[b]] - film.seconds[track.frame[a]]
    longest = worst_stretches(long_s, long_s > LOST_S, track, film)
    stretches: list[tuple[int, int | None, int]] = [(int(a[i]), int(b[i]), 1) for i in longest]
    stretches += [(int(clear[0]), None, -1), (int(clear[-1]), None, 1)]
    enough = clipped(len(clear) * film.frame_s / BRIEF_S)
    for row, other, way in stretches:
        strength = enough * presence(track, clear, film, sure, np.intp(row))
        if WEIGHTS[LOST] * strength >= LEAST_RISK:
            frames = _unsure_frames(track, film, row, other, way)
            places = _places(track, clear, film, row, other, frames)
            yield from _open_place(track, film, row, frames, places, strength, tallness)


def _unsure_frames(
    track: Track, film: Film, row: int, other: int | None, way: int
) -> NDArray[np.int64]:
    """Return frames from one clear sighting to the next, or to where the object is gone; at most
    MOST_STEPS of them."""
    at = int(track.frame[row])
    start, stop = film.shot(at)
    if other is not None:
        first, last = at + 1, int(track.frame[other]) - 1
    else:
        held = int(np.searchsorted(film.seconds, film.seconds[at] + way * HELD_S)) - (way > 0)
        # The end of the track is reported separately.
        begin, end = int(track.frame[0]), int(track.frame[-1])
        first, last = (
            (at + 1, min(held, stop - 1, end)) if way > 0 else (max(held, start, begin), at - 1)
        )
    frames = np.arange(first, last + 1)[::way]
    return frames[:: max(1, -(-len(frames) // MOST_STEPS))]


def _places(
    track: Track,
    clear: NDArray[np.intp],
    film: Film,
    row: int,
    other: int | None,
    frames: NDArray[np.int64],
) -> Boxes:
    """Return (n, 4) where the object should be in these frames."""
    n, at = len(frames), int(track.frame[row])
    here = film.seen_from(np.repeat(track.xyxy[[row]], n, axis=0), np.full(n, at), frames)
    if other is not None:
        then = int(track.frame[other])
        there = film.seen_from(np.repeat(track.xyxy[[other]], n, axis=0), np.full(n, then), frames)
        share = ((frames - at) / (then - at))[:, None]
        return np.asarray(here * (1 - share) + there * share, np.float32)
    late = seen_lately(track, clear, film, np.intp(row))
    far = late[np.abs(film.seconds[track.frame[late]] - film.seconds[at]).argmax()]
    before = int(track.frame[far])
    if before == at:
        return here
    was = film.seen_from(track.xyxy[[far]], np.array([before]), np.array([at]))
    speed = (_middles(track.xyxy[[row]]) - _middles(was)) / (
        film.seconds[at] - film.seconds[before]
    )
    gone_s = np.clip(film.seconds[frames] - film.seconds[at], -GOES_ON_S, GOES_ON_S)[:, None]
    return np.asarray(here + np.tile(speed, 2) * gone_s, np.float32)


def _middles(boxes: Boxes) -> NDArray[np.float32]:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, np.float32)


def _open_place(
    track: Track,
    film: Film,
    row: int,
    frames: NDArray[np.int64],
    places: Boxes,
    strength: float,
    tallness: float,
) -> Iterator[Moment]:
    """Yield the moment in which that place is riskiest, if it is ever uncovered."""
    at_s = film.seconds[track.frame[row]]
    bare = _middles(places)
    half = (places[:, 2:] - places[:, :2]) / (2 * tallness)
    bare = np.concatenate([bare - half, bare + half], axis=1)
    risky = np.zeros(len(frames))
    is_open = (_own_share(track, frames, bare) < 1 - OPEN_SHARE) & ~film.black[frames]
    for i, frame in enumerate(frames.tolist()):
        if not is_open[i]:
            continue
        limit = np.array(film.plan.size_at(frame), np.float32)
        inside = np.concatenate([bare[i, :2].clip(0, limit), bare[i, 2:].clip(0, limit)])[None]
        if float(area(inside)[0]) < float(area(bare[[i]])[0]) * (1 - RIM_SHARE):
            break  # it left the picture
        open_ = 1 - covered_share(inside, film.plan.regions(frame))
        risky[i] = (
            open_ * (1 - clipped(abs(float(film.seconds[frame] - at_s)) / HELD_S))
            if open_ >= OPEN_SHARE
            else 0.0
        )
    if not risky.any():
        return
    worst = int(risky.argmax())
    box = no_larger(places[[worst]], float(area(track.xyxy[[row]])[0]))
    near = frames[is_near(places, box) & (risky > 0)]
    yield Moment(
        int(near.min()),
        int(near.max()),
        box,
        track.xyxy[[row]],
        {LOST: clipped(strength * float(risky[worst]))},
    )


def _own_share(track: Track, frames: NDArray[np.int64], places: Boxes) -> NDArray[np.float64]:
    """Return (n,) the share of each place that the track's own box covers in that frame."""
    rows = np.searchsorted(track.frame, frames).clip(0, len(track) - 1)
    own = track.xyxy[rows]
    sides = (np.minimum(own[:, 2:], places[:, 2:]) - np.maximum(own[:, :2], places[:, :2])).clip(0)
    return np.asarray(np.where(track.frame[rows] == frames, sides.prod(axis=1) / area(places), 0.0))
