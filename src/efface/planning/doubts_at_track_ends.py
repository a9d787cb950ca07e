"""Moments at which covering starts or stops in mid-picture, or at a shot change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from efface.planning.doubt import (
    BEGAN,
    CUT,
    ENDED,
    FAR,
)
from efface.planning.doubt_moment import (
    HELD_S,
    LATELY_S,
    RIM_SHARE,
    Film,
    Moment,
    centre_shift,
    far_strength,
    moment_around,
    presence,
    seen_lately,
)
from efface.planning.doubt_risk import NAMED_RISK, clipped
from efface.tracks import Track

CUT_S = 0.5
"""Sightings within this time of a shot change may lie in frames in which one shot dissolves into
the other."""

LOOK_ON_S = 1.0
"""Where covering stops or starts, a person should check this much more."""

MOVING_SHARE = 0.2
"""... and it is moving if it travelled this share within LATELY_S."""


def track_end(track: Track, seen: NDArray[np.intp], film: Film, sure: float, way: int) -> Moment:
    """Judge where covering stops (way is 1) or, backwards in time, starts (-1)."""
    row, outer = (seen[-1], len(track) - 1) if way > 0 else (seen[0], 0)
    at, edge = int(track.frame[row]), int(track.frame[outer])
    sighting, box = track.xyxy[[row]], track.xyxy[[outer]]
    start, stop = film.shot(edge)
    shot_goes_on = start <= edge + way < stop
    was_there = presence(track, seen, film, sure, row) * (
        1 - _leaving(track, seen, film, row, outer)
    )
    if shot_goes_on and was_there:
        was_there *= 1 - film.taken_over(sighting, at, box, edge + way, track.id)
    unseen_s = float(film.open_s(at, edge))
    causes = {FAR: was_there * far_strength(unseen_s, film.shift(sighting, at, box, edge))}
    beyond = edge
    if shot_goes_on:
        abrupt = was_there * (1 - clipped(unseen_s / HELD_S))
        causes[ENDED if way > 0 else BEGAN] = abrupt
        beyond = _onwards(film, edge, way) if abrupt >= NAMED_RISK else edge
    elif 0 <= edge + way < len(film.seconds):
        causes[CUT] = 1 - clipped(unseen_s / CUT_S)
    moment = moment_around(
        track, outer, slice(min(int(row), outer), max(int(row), outer) + 1), sighting, causes
    )
    return replace(moment, first=min(moment.first, beyond), last=max(moment.last, beyond))


def _leaving(track: Track, seen: NDArray[np.intp], film: Film, row: np.intp, outer: int) -> float:
    """Return whether the object left the picture, 0 to 1: it was near the rim, and moving, or too
    new to tell."""
    box, (width, height) = track.xyxy[outer], film.plan.size_at(int(track.frame[outer]))
    to_rim = float(min(box[0], box[1], width - box[2], height - box[3]))
    near = 1 - clipped(to_rim / (RIM_SHARE * float(max(box[2] - box[0], box[3] - box[1]))))
    late = seen_lately(track, seen, film, row)
    is_new = len(late) * film.frame_s < LATELY_S / 2
    return (
        near
        if is_new
        else near
        * clipped(centre_shift(track.xyxy[late[:1]], track.xyxy[late[-1:]]) / MOVING_SHARE)
    )


def _onwards(film: Film, edge: int, way: int) -> int:
    """Return the frame LOOK_ON_S after the edge, or before it; in the same shot."""
    start, stop = film.shot(edge)
    frame = int(np.searchsorted(film.seconds, film.seconds[edge] + way * LOOK_ON_S))
    return min(max(frame, start), stop - 1)
