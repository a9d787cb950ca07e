"""What was seen too weakly to be erased and stays visible: how much of it there is, and where.

All of it is reported. The list of moments to check has only the riskiest; here everything counts,
and a plan holds the boxes, so that a person can go through them and have them erased.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from efface.detections import FACE, KINDS, PLATE
from efface.geometry import Boxes, area
from efface.planning.chances import chance
from efface.planning.doubt import LEFT
from efface.planning.plan import LeftBeyond, Plan
from efface.tracks import Reason, Track

MOST_BOXES = 300_000
"""Maximum number of boxes left visible that a plan holds, about 6 MB. Beyond that the tracks with
the best scores are kept, and the rest is counted."""

MIDDLE_SHARE = 0.5
"""Share of the sides of a box, around its middle, in which the object itself lies. Weak boxes grow,
and all have a margin."""

TALLER = {FACE: 2.2, PLATE: 1.4}
"""Height of what would be erased around a weak sighting of a photo over that of the sighting, with
the default margins. With others it is only about right, and the chance is off by 0.05 or so: above
20 pixels it hardly depends on the height."""

HIDDEN_SHARE = 0.9
"""Share of that middle from which another erased area hides the object."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive frames, from the first to the last sighting, in which a track is in view and
    visible.

    seconds    how long it lasts; 0 on a photo.
    best       score of its best sighting.
    is_listed  it is among the moments to check.
    chance     that it is right, 0 to 1, counted in other pictures; None in a film, and where it is
               not known.
    """

    track: int
    kind: int
    first: int
    last: int
    seconds: float
    best: float
    is_listed: bool
    chance: float | None


@dataclass(frozen=True, slots=True)
class KindLeft:
    """Everything of one kind that is left visible.

    listed  of the stretches, those that are among the moments to check.
    beyond  of the tracks, those whose places the plan does not hold.
    likely  how many of the tracks are right, by their chances; None where these are not known.
    """

    kind: str
    tracks: int
    stretches: int
    seconds: float
    listed: int
    beyond: int
    likely: float | None


def by_kind(plan: Plan) -> tuple[KindLeft, ...]:
    """Return how much is left visible after all edits, for each kind that has any."""
    found, beyond = stretches(plan), {b.kind: b for b in plan.left_beyond}
    told = []
    for number, kind in enumerate(KINDS):
        of_kind, more = (
            [s for s in found if s.kind == number],
            beyond.get(kind, LeftBeyond(kind, 0, 0, 0.0)),
        )
        tracks, count = len({s.track for s in of_kind}) + more.tracks, len(of_kind) + more.stretches
        long_s = round(sum(s.seconds for s in of_kind) + more.seconds, 2)
        listed = sum(s.is_listed for s in of_kind)
        if count:
            told.append(
                KindLeft(kind, tracks, count, long_s, listed, more.tracks, _likely(of_kind))
            )
    return tuple(told)


def _likely(found: Sequence[Stretch]) -> float | None:
    chances = [s.chance for s in found if s.chance is not None]
    return round(sum(chances), 2) if found and len(chances) == len(found) else None


@lru_cache(maxsize=1)
def stretches(plan: Plan) -> tuple[Stretch, ...]:
    """Return where something is left visible after all edits: in order of time, or by page and
    there the riskiest first. Leaves out what other areas or black frames hide."""
    tracks, seconds = plan.revised.left, plan.timeline.seconds
    is_film = plan.medium != "photo" and len(seconds) > 1
    frame_s = float(np.median(np.diff(seconds))) if is_film else 0.0
    listed: dict[int, list[tuple[int, int]]] = {}
    for d in plan.doubts:
        if LEFT in d.causes:
            listed.setdefault(d.track, []).append((d.first, d.last))
    found = []
    for track, hidden in zip(tracks, _hidden(plan, tracks), strict=True):
        for rows in _runs(track.frame):
            seen = rows[(track.reason[rows] == Reason.SEEN) & ~hidden[rows]]
            if len(seen):
                first, last = int(track.frame[seen[0]]), int(track.frame[seen[-1]])
                is_listed = any(a <= last and b >= first for a, b in listed.get(track.id, ()))
                long_s = float(seconds[last] - seconds[first]) + frame_s
                best = round(float(track.score[seen].max()), 2)
                likely = _chance(track, plan)
                found.append(
                    Stretch(track.id, track.kind, first, last, long_s, best, is_listed, likely)
                )
    return tuple(sorted(found, key=lambda s: (s.first, s.track)))


def _chance(track: Track, plan: Plan) -> float | None:
    if plan.medium != "photo":
        return None
    height = float(track.xyxy[0, 3] - track.xyxy[0, 1]) / TALLER.get(track.kind, 1.0)
    told = chance(track.kind, float(track.score[0]), height, plan.options)
    return None if told is None else round(told, 2)


def bounded(plan: Plan) -> Plan:
    """Return the plan with at most MOST_BOXES boxes of what is left visible; the rest is
    counted."""
    if sum(len(t) for t in plan.left) <= MOST_BOXES:
        return plan
    kept, room = set(), MOST_BOXES
    for track in sorted(plan.left, key=lambda t: (-float(t.score.max()), t.id)):
        if len(track) > room:
            break
        kept.add(track.id)
        room -= len(track)
    told = [s for s in stretches(plan) if s.track not in kept]
    beyond = [(KINDS[k], [s for s in told if s.kind == k]) for k in range(len(KINDS))]
    return replace(
        plan,
        left=tuple(t for t in plan.left if t.id in kept),
        left_beyond=tuple(
            LeftBeyond(
                kind, len({s.track for s in of}), len(of), round(sum(s.seconds for s in of), 2)
            )
            for kind, of in beyond
            if of
        ),
        doubts=tuple(d for d in plan.doubts if LEFT not in d.causes or d.track in kept),
    )


def _hidden(plan: Plan, tracks: Sequence[Track]) -> Iterator[NDArray[np.bool_]]:
    """Yield for each track which of its sightings are erased anyway."""
    starts, erased, _ = plan.erased
    for track in tracks:
        middles, share = _middles(track.xyxy), np.zeros(len(track), np.float32)
        first, stop = starts[track.frame], starts[track.frame + 1]
        rows = np.flatnonzero((stop > first) & (track.reason == Reason.SEEN))
        at = np.concatenate([np.empty(0, np.int64), *(np.arange(first[i], stop[i]) for i in rows)])
        row = np.repeat(rows, (stop - first)[rows])
        sides = np.minimum(middles[row, 2:], erased[at, 2:]) - np.maximum(
            middles[row, :2], erased[at, :2]
        )
        np.maximum.at(share, row, np.maximum(sides, 0).prod(axis=1).astype(np.float32))
        yield share >= HIDDEN_SHARE * area(middles)


def _middles(boxes: Boxes) -> Boxes:
    middle, half = (
        (boxes[:, :2] + boxes[:, 2:]) / 2,
        (boxes[:, 2:] - boxes[:, :2]) * MIDDLE_SHARE / 2,
    )
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


def _runs(frame: NDArray[np.int32]) -> list[NDArray[np.intp]]:
    """Return the rows of each stretch of consecutive frames."""
    return np.split(np.arange(len(frame)), np.flatnonzero(np.diff(frame) != 1) + 1)
