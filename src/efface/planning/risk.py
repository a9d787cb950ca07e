"""Residual risk: the moments at which something may still be visible, and in which order to look at them.

A plan knows what it covers, and it tells something of what it does not: a track that stops in mid-picture, a box that was
carried far without a sighting. Each such moment is a `Doubt`. Its risk is

    size * (1 - product of (1 - WEIGHT * strength) over its causes)

where size and every strength are from 0 to 1. So more of any cause never lowers it. The weights are judgement, and were set by
looking at clips; the number orders moments and is no probability. Pixels are not looked at: whether a face was sharp or dark,
this module does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import log, prod

import numpy as np
from numpy.typing import NDArray

from efface.detections import DRAWN, FACE, PLATE
from efface.geometry import Boxes, area, hull, overlap
from efface.planning.doubt import BEGAN, CUT, ENDED, FAR, SHORT, WEAK, Doubt, riskiest_first
from efface.planning.plan import Plan
from efface.regions import Region
from efface.tracks import Reason, Track

WEIGHTS = {ENDED: 0.9, BEGAN: 0.8, FAR: 0.7, WEAK: 0.2, SHORT: 0.2, CUT: 0.2}
"""Risk of a large object for each cause alone, at its strongest. What stops being covered was probably still there. What is
weak, short or near a cut is covered, after all; it tells that the detector is at its limits there."""

SIZES = {FACE: (12.0, 48.0), PLATE: (6.0, 24.0)}
"""Heights, in pixels, up to which an object is too small to matter, and from which it matters fully."""

LEAST = 0.05
"""Moments of less risk are not written down. They count as 0."""

NAMED = 0.1
"""A cause is named when it alone gives at least this, before size; the strongest one always is."""

CLEAR = 0.2
"""Score above the threshold from which the best sighting of a track leaves no doubt ..."""

STRONG = 0.3
"""... and from which an object that was seen so last was there beyond doubt."""

BRIEF_S = 0.4
"""Seconds in sight, all sightings together, from which a track is not short."""

LATELY_S = 0.5
"""Sightings within this of the last one tell how strong it was, and whether it was moving."""

HELD_S = 3.0
"""An object that has been covered for so long without a sighting is gone."""

CUT_S = 0.5
"""What is seen within this time of a shot change may be in the frames in which one shot dissolves into the other."""

LOOK_ON_S = 1.0
"""Where covering stops or starts, a person should look at so much more."""

RIM = 0.15
"""Share of the box's longer side: nearer to the rim, what moves may be leaving the picture ..."""

MOVING = 0.2
"""... and it moves when it went by this share within LATELY_S."""

LONG_S = 2.0
"""A gap of this length makes half of the strength of FAR; motion by the box's side times the seconds it took makes the rest."""

WEAK_S = (0.5, 2.5)
"""Stretches with weak sightings only, from the first to the second of which WEAK grows."""

HUNDREDTH = 0.005
"""Scores in plans are rounded to hundredths."""


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """Frames, where to look, sightings at its ends, which tell the size, and the strength of each cause."""

    first: int
    last: int
    boxes: Boxes
    seen: Boxes
    causes: Mapping[str, float]


SeenFrom = Callable[[NDArray[np.floating], NDArray[np.integer], NDArray[np.integer]], Boxes]
"""seen_from(xyxy, frame, at): boxes (n, 4) of the frames `frame` (n,), where the camera of the frames `at` (n,) sees them."""


def _on_the_screen(xyxy: NDArray[np.floating], frame: NDArray[np.integer], at: NDArray[np.integer]) -> Boxes:
    return xyxy.astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Film:
    """What moments are judged by. A plan, the time of each of its frames, in seconds, and how the camera moved."""

    plan: Plan
    seconds: NDArray[np.float64]
    frame_s: float
    seen_from: SeenFrom

    def shift(self, a: Boxes, frame: int, b: Boxes, at: int) -> float:
        """How far the box b of frame `at` lies from where a of another frame is in its view. See _shift."""
        return _shift(self.seen_from(a, np.array([frame]), np.array([at])), b)

    def shot(self, frame: int) -> tuple[int, int]:
        """Half-open range of the frames of the shot around a frame."""
        bounds = [0, *self.plan.cuts, len(self.seconds)]
        i = int(np.searchsorted(bounds, frame, side="right")) - 1
        return bounds[i], bounds[i + 1]

    def open_s(self, first: int, last: int) -> float:
        """Seconds from one frame to another, without those in which the picture is black: there nothing can be seen."""
        between = [i for i in self.plan.bad if min(first, last) < i < max(first, last)]
        black_s = sum(float(self.seconds[i + 1] - self.seconds[i]) for i in between)
        return max(0.0, float(abs(self.seconds[last] - self.seconds[first])) - black_s)

    def is_black(self, first: int, last: int) -> bool:
        """Whether all frames between these two are black."""
        return len([i for i in self.plan.bad if first < i < last]) == last - first - 1

    def taken_over(self, seen: Boxes, at: int, outer: Boxes, after: int, track: int) -> float:
        """How much of an object another track takes over, 0 to 1, where its own track covers no more.

        seen   (1, 4) its last sighting, in frame `at`; outer (1, 4) where it was covered last, just before frame `after`.
        """
        there, then = ([r for r in self.plan.regions(f) if r.track != track] for f in (after, at))
        go_on = {r.track for r in there}
        return max(_covered(outer, there), _covered(seen, [r for r in then if r.track in go_on]))


def doubts(
    plan: Plan, sure: Mapping[int, float], tallness: Mapping[int, float], seen_from: SeenFrom = _on_the_screen
) -> tuple[Doubt, ...]:
    """Every doubtful moment of the plan, riskiest first. What a person drew, or keeps visible, leaves no doubt.

    sure       score from which an object of each kind counts by itself.
    tallness   height of what is erased over that of the object, by kind (see `build.tallness`).
    seen_from  how the camera moved; what only it has moved was not carried far.
    """
    seconds = plan.timeline.seconds
    film = _Film(plan, seconds, float(np.median(np.diff(seconds))) if len(seconds) > 1 else 0.0, seen_from)
    found: list[Doubt] = []
    for track in plan.tracks:
        if not track.keep and track.kind != DRAWN and (track.reason == Reason.SEEN).any():
            moments = _moments(track, film, sure.get(track.kind, 0.0))
            found += [d for m in moments if (d := _doubt(track, m, tallness.get(track.kind, 1.0)))]
    return riskiest_first(found)


def combined(causes: Mapping[str, float]) -> float:
    """The risk of a large object, 0 to 1, from the strengths of its causes."""
    return 1 - prod(1 - WEIGHTS[cause] * strength for cause, strength in causes.items())


def size_share(kind: int, height: float) -> float:
    """How much an object of that height in pixels matters, 0 to 1: as much for each doubling, between the SIZES of its kind."""
    low, high = SIZES[kind]
    return _clipped(log(max(height, low) / low) / log(high / low))


def _doubt(track: Track, moment: _Moment, tallness: float) -> Doubt | None:
    height = float((moment.seen[:, 3] - moment.seen[:, 1]).max()) / tallness
    risk = round(combined(moment.causes) * size_share(track.kind, height), 2)
    if risk < LEAST:
        return None
    alone = {c: WEIGHTS[c] * strength for c, strength in moment.causes.items()}
    named = sorted((c for c in alone if alone[c] >= min(NAMED, max(alone.values()))), key=lambda c: -alone[c])
    x1, y1, x2, y2 = (int(v) for v in hull(moment.boxes)[0])
    return Doubt(track.id, moment.first, moment.last, (x1, y1, x2, y2), tuple(named), risk)


def _moments(track: Track, film: _Film, sure: float) -> Iterator[_Moment]:
    seen = np.flatnonzero(track.reason == Reason.SEEN)
    middle = _sightings(track, seen, film, sure)
    if film.plan.medium == "photo":  # pages have nothing before and after them
        yield middle
        return
    ends = [_end(track, seen, film, sure, way) for way in (-1, 1)]
    if SHORT in middle.causes:  # one moment, and not three at one time
        yield _joined([middle, *ends])
    else:
        yield from (middle, *ends)
    yield from _gaps(track, seen, film)
    yield from _weak_stretches(track, seen, film, sure)


def _sightings(track: Track, seen: NDArray[np.intp], film: _Film, sure: float) -> _Moment:
    """The track as a whole: was it ever seen well, and for how long?"""
    score = track.score[seen]
    causes = {WEAK: 1 - _clipped((float(score.max()) - sure) / CLEAR)}
    first, last = int(track.frame[seen[0]]), int(track.frame[seen[-1]])
    if film.plan.medium != "photo":
        start, stop = film.shot(first)
        enough_s = min(BRIEF_S, (stop - start) * film.frame_s)  # in a short shot nothing is seen for long
        short = 1 - _clipped(len(seen) * film.frame_s / enough_s) if enough_s else 0.0
        causes |= {SHORT: short} if short else {}
    best = track.xyxy[seen[[score.argmax()]]]
    return _Moment(first, last, best, best, causes)


def _end(track: Track, seen: NDArray[np.intp], film: _Film, sure: float, way: int) -> _Moment:
    """Where covering stops (way is 1) or, backwards in time, starts (-1)."""
    row, outer = (seen[-1], len(track) - 1) if way > 0 else (seen[0], 0)
    at, edge = int(track.frame[row]), int(track.frame[outer])
    sighting, box = track.xyxy[[row]], track.xyxy[[outer]]
    start, stop = film.shot(edge)
    shot_goes_on = start <= edge + way < stop
    was_there = _strength(track, seen, film, sure, row) * (1 - _leaving(track, seen, film, row, outer))
    if shot_goes_on:
        was_there *= 1 - film.taken_over(sighting, at, box, edge + way, track.id)
    unseen_s = film.open_s(at, edge)
    causes = {FAR: was_there * _far(unseen_s, film.shift(sighting, at, box, edge))}
    beyond = edge
    if shot_goes_on:
        abrupt = was_there * (1 - _clipped(unseen_s / HELD_S))
        causes[ENDED if way > 0 else BEGAN] = abrupt
        beyond = _onwards(film, edge, way) if abrupt >= NAMED else edge
    elif 0 <= edge + way < len(film.seconds):
        causes[CUT] = 1 - _clipped(unseen_s / CUT_S)
    first, last = sorted((at, beyond))
    return _Moment(first, last, box, sighting, causes)


def _strength(track: Track, seen: NDArray[np.intp], film: _Film, sure: float, row: np.intp) -> float:
    """How surely an object was there when it was seen last, 0 to 1."""
    return _clipped((float(track.score[_lately(track, seen, film, row)].mean()) - sure) / STRONG)


def _leaving(track: Track, seen: NDArray[np.intp], film: _Film, row: np.intp, outer: int) -> float:
    """Whether the object left the picture, 0 to 1: it was near the rim, and moving, or too new to tell."""
    box, (width, height) = track.xyxy[outer], film.plan.size_at(int(track.frame[outer]))
    to_rim = float(min(box[0], box[1], width - box[2], height - box[3]))
    near = 1 - _clipped(to_rim / (RIM * float(max(box[2] - box[0], box[3] - box[1]))))
    late = _lately(track, seen, film, row)
    is_new = len(late) * film.frame_s < LATELY_S / 2
    return near if is_new else near * _clipped(_shift(track.xyxy[late[:1]], track.xyxy[late[-1:]]) / MOVING)


def _lately(track: Track, seen: NDArray[np.intp], film: _Film, row: np.intp) -> NDArray[np.intp]:
    seconds = film.seconds[track.frame[seen]]
    rows: NDArray[np.intp] = seen[np.abs(seconds - film.seconds[track.frame[row]]) <= LATELY_S]
    return rows


def _onwards(film: _Film, edge: int, way: int) -> int:
    """The frame LOOK_ON_S after the edge, or before it; in the same shot."""
    start, stop = film.shot(edge)
    frame = int(np.searchsorted(film.seconds, film.seconds[edge] + way * LOOK_ON_S))
    return min(max(frame, start), stop - 1)


def _gaps(track: Track, seen: NDArray[np.intp], film: _Film) -> Iterator[_Moment]:
    """Stretches between two sightings: the box went straight from one to the other, and the object perhaps did not."""
    for a, b in _apart(track, seen):
        if film.is_black(int(track.frame[a]), int(track.frame[b])):
            continue
        gap_s = film.open_s(int(track.frame[a]), int(track.frame[b]))
        far = _far(gap_s, film.shift(track.xyxy[[a]], int(track.frame[a]), track.xyxy[[b]], int(track.frame[b])))
        yield _Moment(int(track.frame[a]) + 1, int(track.frame[b]) - 1, track.xyxy[a : b + 1], track.xyxy[[a, b]], {FAR: far})


def _weak_stretches(track: Track, seen: NDArray[np.intp], film: _Film, sure: float) -> Iterator[_Moment]:
    """Stretches between two sure sightings in which there were weak ones only."""
    low, high = WEAK_S
    for a, b in _apart(track, seen[track.score[seen] >= sure - HUNDREDTH]):
        weak = _clipped((float(film.seconds[track.frame[b]] - film.seconds[track.frame[a]]) - low) / (high - low))
        if weak and (track.reason[a + 1 : b] == Reason.SEEN).any():
            yield _Moment(
                int(track.frame[a]) + 1, int(track.frame[b]) - 1, track.xyxy[a : b + 1], track.xyxy[[a, b]], {WEAK: weak}
            )


def _apart(track: Track, rows: NDArray[np.intp]) -> Iterator[tuple[np.intp, np.intp]]:
    """Neighbours among these rows with frames between them."""
    yield from ((rows[i], rows[i + 1]) for i in np.flatnonzero(np.diff(track.frame[rows]) > 1))


def _covered(box: Boxes, regions: list[Region]) -> float:
    """Share of the box, (1, 4), that one of the regions covers."""
    if not regions:
        return 0.0
    return float((overlap(box, np.array([r.box for r in regions], np.float32)) / area(box)).max())


def _far(unseen_s: float, shift: float) -> float:
    """How far a box was carried, 0 to 1."""
    return 1 - (1 - _clipped(unseen_s / LONG_S) / 2) * (1 - _clipped(shift * unseen_s))


def _shift(a: Boxes, b: Boxes) -> float:
    """How far b lies from a, both (1, 4), as a share of the longer side of the larger of them."""
    apart = (a[0, :2] + a[0, 2:] - b[0, :2] - b[0, 2:]) / 2
    return float(np.hypot(*apart)) / float(max((a[:, 2:] - a[:, :2]).max(), (b[:, 2:] - b[:, :2]).max()))


def _joined(moments: list[_Moment]) -> _Moment:
    causes: dict[str, float] = {}
    for m in moments:
        causes |= {c: max(strength, causes.get(c, 0.0)) for c, strength in m.causes.items()}
    boxes, seen = (np.concatenate(parts) for parts in ([m.boxes for m in moments], [m.seen for m in moments]))
    return _Moment(min(m.first for m in moments), max(m.last for m in moments), boxes, seen, causes)


def _clipped(share: float) -> float:
    return min(max(share, 0.0), 1.0)
