"""Residual risk: find the moments at which something may still be visible, and rank them for
checking.

A plan shows what it covers, and gives hints of what it does not: a track that stops in mid-picture,
a box that was carried far without a sighting. Each such moment is a `Doubt`. Its risk is

    size * (1 - product of (1 - WEIGHT * strength) over its causes)

where size and every strength are from 0 to 1. So more of any cause never lowers it. The weights are
judgement, set by watching clips. The number ranks moments and is not a probability. Pixels are not
examined: this module does not know whether a face was sharp or dark.

A list that is too long helps nobody. So a moment is shown by a box that is little larger than the
object, for as long as the object is near it. Moments of one time and place are merged. Of the rest
only the riskiest dozen a minute are kept, and all above the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, log, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from efface.detections import DRAWN, FACE, PLATE
from efface.geometry import Box, Boxes, Size, area, grown, overlap
from efface.planning.doubt import (
    BEGAN,
    CAMERA,
    COVERS,
    CUT,
    ENDED,
    FAR,
    LEFT,
    LOST,
    SHORT,
    TEXT,
    WEAK,
    WHOLE,
    Doubt,
    riskiest_first,
)
from efface.planning.left_visible import stretches
from efface.planning.plan import Plan
from efface.planning.revise import part_of
from efface.regions import Region
from efface.tracks import Reason, Track

WEIGHTS = {
    ENDED: 0.9, BEGAN: 0.8, LOST: 0.9, FAR: 0.7, WEAK: 0.2, SHORT: 0.2, CUT: 0.2, COVERS: 0.3, CAMERA: 0.3,
    LEFT: 0.45, TEXT: 0.3,
}  # fmt: skip
"""Risk of a large object for each cause alone, at its strongest. An object that stops being covered
was probably still there. Weak and short sightings, and those near a cut, are covered, but the
detector is at its limits there. A box that covers too much hides the video rather than a face."""

SIZES = {FACE: (12.0, 24.0), PLATE: (6.0, 24.0)}
"""Heights, in pixels, up to which an object is too small to matter, and from which it matters
fully: acquaintances recognise a face of 24 px."""

LEAST_RISK = 0.05
"""Moments of less risk are not recorded. They count as 0."""

NAMED_RISK = 0.1
"""A cause is named if it alone gives at least this, before size; the strongest one always is."""

CLEAR_SCORE_MARGIN = 0.2
"""Score above the threshold from which the best sighting of a track leaves no doubt ..."""

STRONG_SCORE_MARGIN = 0.3
"""... and from which an object was certainly there when it was seen last."""

BRIEF_S = 0.4
"""Seconds in sight, all sightings together, from which a track is not short."""

LATELY_S = 0.5
"""Sightings within this of the last one show how strong it was, and whether it was moving."""

HELD_S = 3.0
"""An object that has been covered for this long without a sighting is gone."""

CUT_S = 0.5
"""Sightings within this time of a shot change may lie in frames in which one shot dissolves into
the other."""

LOOK_ON_S = 1.0
"""Where covering stops or starts, a person should check this much more."""

RIM_SHARE = 0.15
"""Share of the box's longer side: nearer to the rim, a moving object may be leaving the picture ...
"""

MOVING_SHARE = 0.2
"""... and it is moving if it travelled this share within LATELY_S."""

LONG_S = 2.0
"""A gap of this length makes half of the strength of FAR; motion, in box sides times the seconds it
took, makes the rest."""

WEAK_S = (0.5, 2.5)
"""Durations of weak sightings between which WEAK grows."""

HUNDREDTH = 0.005
"""Scores in plans are rounded to hundredths."""

WEAK_GAP_WEIGHT = 0.3
"""Weight of a gap between two weak sightings compared with one between two strong ones: mostly
there was no object at all."""

LOST_S = 0.15
"""Nothing can be lost between clear sightings that are nearer than this."""

GOES_ON_S = 0.5
"""A lost object is assumed to continue its motion for this long, and then to stand still."""

OPEN_SHARE = 0.25
"""Share of the place of an object, without margin, that is not erased, from which it may be visible
there."""

MOST_STEPS = 24
"""Maximum number of frames of a stretch in which that is looked up."""

MUCH_SHARE = 0.1
"""Share of the picture from which a box covers much, if no sighting is sure ..."""

LONG_MUCH_S = 1.0
"""... for this long."""

UNKNOWN_S = (0.2, 1.5)
"""Durations of unknown camera motion between which CAMERA grows."""

TIGHT = 1.3
"""Maximum size of the place to look, relative to the object with its margin when it was seen. A
person should not have to search there."""

NEAR_SHARE = 0.5
"""A box lies near the place to look if they share at least this part of the smaller one."""

ONE_MOMENT_S = 0.5
"""Moments at one place are merged if less time lies between them, ..."""

LONGEST_S = 4.0
"""... and the merged one is at most this long."""

MOST_A_MINUTE = 12
"""Maximum number of moments kept of a minute, or of a page, unless more are above the bound."""


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """Frames, where to look (1, 4), sightings at its ends, which give the size, and the strength of
    each cause."""

    first: int
    last: int
    box: Boxes
    seen: Boxes
    causes: Mapping[str, float]


SeenFrom = Callable[[NDArray[np.floating], NDArray[np.integer], NDArray[np.integer]], Boxes]
"""seen_from(xyxy, frame, at): boxes (n, 4) of the frames `frame` (n,), where the camera of the
frames `at` (n,) sees them."""


def _on_the_screen(
    xyxy: NDArray[np.floating], frame: NDArray[np.integer], at: NDArray[np.integer]
) -> Boxes:
    return xyxy.astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Film:
    """What moments are judged by: a plan, the time of each of its frames, in seconds, and how the
    camera moved."""

    plan: Plan
    seconds: NDArray[np.float64]
    frame_s: float
    seen_from: SeenFrom

    def shift(self, a: Boxes, frame: int, b: Boxes, at: int) -> float:
        """Return how far the box b of frame `at` lies from where a of another frame is in its view.
        See _shift."""
        return _shift(self.seen_from(a, np.array([frame]), np.array([at])), b)

    def shot(self, frame: int) -> tuple[int, int]:
        """Return the half-open range of the frames of the shot around a frame."""
        bounds = [0, *self.plan.cuts, len(self.seconds)]
        i = int(np.searchsorted(bounds, frame, side="right")) - 1
        return bounds[i], bounds[i + 1]

    def open_s(self, first: ArrayLike, last: ArrayLike) -> NDArray[np.float64]:
        """Return the seconds from one frame to another, without those in which the picture is
        black: nothing is visible there."""
        low, high = np.minimum(first, last), np.maximum(first, last)
        black_s = self._black_s[high] - self._black_s[np.minimum(low + 1, high)]
        return np.asarray(np.maximum(0.0, self.seconds[high] - self.seconds[low] - black_s))

    def are_black(self, first: NDArray[np.integer], last: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return whether all frames between each of these and the other are black."""
        return np.asarray(self._blacks[last] - self._blacks[first + 1] == last - first - 1)

    @cached_property
    def _black_s(self) -> NDArray[np.float64]:
        """(n + 1,) seconds of black before each frame."""
        lasts = np.diff(self.seconds, append=self.seconds[-1:])
        return np.concatenate([[0.0], np.cumsum(np.where(self.black, lasts, 0.0))])

    @cached_property
    def _blacks(self) -> NDArray[np.int64]:
        """(n + 1,) number of black frames before each frame."""
        return np.concatenate([[0], np.cumsum(self.black)])

    @cached_property
    def black(self) -> NDArray[np.bool_]:
        """(n,) which frames are black because they could not be decoded."""
        black = np.zeros(len(self.seconds), np.bool_)
        black[list(self.plan.bad)] = True
        return black

    def taken_over(self, seen: Boxes, at: int, outer: Boxes, after: int, track: int) -> float:
        """Return how much of an object another track takes over, 0 to 1, after its own track ends.

        seen   (1, 4) its last sighting, in frame `at`; outer (1, 4) where it was covered last, just
               before frame `after`.
        """
        there, then = ([r for r in self.plan.regions(f) if r.track != track] for f in (after, at))
        go_on = {r.track for r in there}
        return max(_covered(outer, there), _covered(seen, [r for r in then if r.track in go_on]))


def doubts(
    plan: Plan,
    sure: Mapping[int, float],
    tallness: Mapping[int, float],
    seen_from: SeenFrom = _on_the_screen,
    unknown: Sequence[int] = (),
    bound: float = 1.0,
    left: Sequence[Track] = (),
    text: Sequence[Box] = (),
) -> tuple[Doubt, ...]:
    """Return every doubtful moment of the plan, riskiest first. What a person drew, or keeps
    visible, leaves no doubt.

    sure       score from which an object of each kind counts by itself.
    tallness   height of the erased area over that of the object, by kind (see `build.tallness`).
    seen_from  how the camera moved; a box that only the camera moved was not carried far.
    unknown    numbers of the frames for which the camera's motion is unknown.
    bound      moments above this risk are all listed, however many there are.
    left       sightings of what the plan leaves visible, with boxes as the detector drew them.
    text       where text is written into the picture of the whole video.
    """
    seconds = plan.timeline.seconds
    film = _Film(
        plan, seconds, float(np.median(np.diff(seconds))) if len(seconds) > 1 else 0.0, seen_from
    )
    found: list[Doubt] = []
    for track in plan.tracks:
        if not track.keep and track.kind != DRAWN and (track.reason == Reason.SEEN).any():
            high = tallness.get(track.kind, 1.0)
            moments = _moments(track, film, sure.get(track.kind, 0.0), high)
            found += [d for m in moments if (d := _doubt(track, m, high, film))]
    found += _unknown_motion(film, unknown)
    found += _left_visible(left, film, sure)
    # Text is reported once for a whole video, so it takes no place from the moments of a minute.
    return riskiest_first([*_listed(riskiest_first(found), film, bound), *_written_in(film, text)])


def _left_visible(left: Sequence[Track], film: _Film, sure: Mapping[int, float]) -> Iterator[Doubt]:
    """Yield a moment for each stretch in which something is left visible, unless another track
    covers it."""
    known = {t.id: t for t in left}
    for stretch in stretches(film.plan) if left else ():
        track = known[stretch.track]
        within = part_of(track, (track.frame >= stretch.first) & (track.frame <= stretch.last))
        if doubt := _left_open(within, film, sure.get(track.kind, 0.0)):
            yield doubt


def _left_open(track: Track, film: _Film, sure: float) -> Doubt | None:
    """Return the doubt about something seen too weakly to be covered, around its best sighting."""
    best = int(track.score.argmax())
    near = np.flatnonzero(
        np.abs(film.seconds[track.frame] - film.seconds[track.frame[best]]) <= LATELY_S
    )
    seen = track.xyxy[[best]]
    long_s = len(near) * film.frame_s
    strength = _clipped(long_s / BRIEF_S) * _clipped(
        float(track.score[best]) / (sure + STRONG_SCORE_MARGIN)
    )
    first, last = (int(track.frame[i]) for i in (near[0], near[-1]))
    return _doubt(
        track,
        _Moment(first, last, grown(seen, (TIGHT**0.5 - 1) / 2), seen, {LEFT: strength}),
        1.0,
        film,
    )


def combined(causes: Mapping[str, float]) -> float:
    """Return the risk of a large object, 0 to 1, from the strengths of its causes."""
    return 1 - prod(1 - WEIGHTS[cause] * strength for cause, strength in causes.items())


def size_share(kind: int, height: float) -> float:
    """Return how much an object of that height in pixels matters, 0 to 1. Each doubling between the
    SIZES of its kind adds the same."""
    low, high = SIZES[kind]
    return _clipped(log(max(height, low) / low) / log(high / low))


def _doubt(track: Track, moment: _Moment, tallness: float, film: _Film) -> Doubt | None:
    height = float((moment.seen[:, 3] - moment.seen[:, 1]).max()) / tallness
    risk = round(combined(moment.causes) * size_share(track.kind, height), 2)
    if risk < LEAST_RISK:
        return None
    alone = {c: WEIGHTS[c] * strength for c, strength in moment.causes.items()}
    named = sorted(
        (c for c in alone if alone[c] >= min(NAMED_RISK, max(alone.values()))),
        key=lambda c: -alone[c],
    )
    box = _in_the_picture(moment.box, film.plan.size_at(moment.first))
    return Doubt(track.id, moment.first, moment.last, box, tuple(named), risk)


def _in_the_picture(box: Boxes, size_wh: Size) -> Box:
    """Return whole pixels, rounded outwards and clipped to the picture, but at least one pixel."""
    (x1, y1), (x2, y2) = np.floor(box[0, :2]), np.ceil(box[0, 2:])
    left, top = (int(min(max(v, 0), side - 1)) for v, side in zip((x1, y1), size_wh, strict=True))
    right, bottom = (
        int(min(max(v, low + 1), side))
        for v, low, side in zip((x2, y2), (left, top), size_wh, strict=True)
    )
    return left, top, right, bottom


def _moments(track: Track, film: _Film, sure: float, tallness: float) -> Iterator[_Moment]:
    seen = np.flatnonzero(track.reason == Reason.SEEN)
    middle = _sightings(track, seen, film, sure)
    if film.plan.medium == "photo":  # pages are independent
        yield middle
        return
    ends = [_end(track, seen, film, sure, way) for way in (-1, 1)]
    if SHORT in middle.causes:  # one moment instead of three at one time
        yield _gravest([middle, *ends])
    else:
        yield from (middle, *ends)
    yield from _gaps(track, seen, film, sure)
    yield from _weak_stretches(track, seen, film, sure)
    yield from _large_ones(track, film, sure)
    yield from _lost(track, seen, film, sure, tallness)


def _sightings(track: Track, seen: NDArray[np.intp], film: _Film, sure: float) -> _Moment:
    """Judge the track as a whole: whether it was ever seen well, and for how long."""
    score = track.score[seen]
    causes = {WEAK: 1 - _clipped((float(score.max()) - sure) / CLEAR_SCORE_MARGIN)}
    best = seen[score.argmax()]
    if film.plan.medium == "photo":
        much = causes[WEAK] * _clipped(float(_shares(track, film)[best]) / MUCH_SHARE)
        causes |= {COVERS: much} if WEIGHTS[COVERS] * much >= NAMED_RISK else {}
        return _around(
            track, int(best), slice(int(best), int(best) + 1), track.xyxy[[best]], causes
        )
    start, stop = film.shot(int(track.frame[seen[0]]))
    enough_s = min(
        BRIEF_S, (stop - start) * film.frame_s
    )  # in a short shot nothing is seen for long
    short = 1 - _clipped(len(seen) * film.frame_s / enough_s) if enough_s else 0.0
    causes |= {SHORT: short} if short else {}
    return _around(
        track, int(best), slice(int(seen[0]), int(seen[-1]) + 1), track.xyxy[[best]], causes
    )


def _around(
    track: Track, row: int, rows: slice, seen: Boxes, causes: Mapping[str, float]
) -> _Moment:
    """Return a moment about one row of a track, and the neighbouring ones of `rows` in which the
    box stays near."""
    box = _no_larger(track.xyxy[[row]], float(area(seen).max()))
    near = _is_near(track.xyxy[rows], box)
    at = row - (rows.start or 0)
    before, after = np.flatnonzero(~near[:at]), np.flatnonzero(~near[at:])
    first = int(before[-1]) + 1 if len(before) else 0
    last = at + int(after[0]) - 1 if len(after) else len(near) - 1
    frames = track.frame[rows]
    return _Moment(int(frames[min(first, at)]), int(frames[max(last, at)]), box, seen, causes)


def _no_larger(box: Boxes, size: float) -> Boxes:
    """Shrink the box around its middle if it is more than TIGHT times as large as `size` pixels."""
    shrink = min(1.0, (TIGHT * size / float(area(box)[0])) ** 0.5)
    middle = (box[:, :2] + box[:, 2:]) / 2
    return np.concatenate(
        [middle + (box[:, i : i + 2] - middle) * shrink for i in (0, 2)], axis=1
    ).astype(np.float32)


def _is_near(boxes: Boxes, place: Boxes) -> NDArray[np.bool_]:
    """Return (n,) which of the boxes share enough with a place (1, 4)."""
    return np.asarray(
        overlap(boxes, place)[:, 0] >= NEAR_SHARE * np.minimum(area(boxes), area(place))
    )


def _end(track: Track, seen: NDArray[np.intp], film: _Film, sure: float, way: int) -> _Moment:
    """Judge where covering stops (way is 1) or, backwards in time, starts (-1)."""
    row, outer = (seen[-1], len(track) - 1) if way > 0 else (seen[0], 0)
    at, edge = int(track.frame[row]), int(track.frame[outer])
    sighting, box = track.xyxy[[row]], track.xyxy[[outer]]
    start, stop = film.shot(edge)
    shot_goes_on = start <= edge + way < stop
    was_there = _strength(track, seen, film, sure, row) * (
        1 - _leaving(track, seen, film, row, outer)
    )
    if shot_goes_on and was_there:
        was_there *= 1 - film.taken_over(sighting, at, box, edge + way, track.id)
    unseen_s = float(film.open_s(at, edge))
    causes = {FAR: was_there * _far(unseen_s, film.shift(sighting, at, box, edge))}
    beyond = edge
    if shot_goes_on:
        abrupt = was_there * (1 - _clipped(unseen_s / HELD_S))
        causes[ENDED if way > 0 else BEGAN] = abrupt
        beyond = _onwards(film, edge, way) if abrupt >= NAMED_RISK else edge
    elif 0 <= edge + way < len(film.seconds):
        causes[CUT] = 1 - _clipped(unseen_s / CUT_S)
    moment = _around(
        track, outer, slice(min(int(row), outer), max(int(row), outer) + 1), sighting, causes
    )
    return replace(moment, first=min(moment.first, beyond), last=max(moment.last, beyond))


def _strength(
    track: Track, seen: NDArray[np.intp], film: _Film, sure: float, row: np.intp
) -> float:
    """Return how surely an object was there when it was seen last, 0 to 1."""
    return _clipped(
        (float(track.score[_lately(track, seen, film, row)].mean()) - sure) / STRONG_SCORE_MARGIN
    )


def _leaving(track: Track, seen: NDArray[np.intp], film: _Film, row: np.intp, outer: int) -> float:
    """Return whether the object left the picture, 0 to 1: it was near the rim, and moving, or too
    new to tell."""
    box, (width, height) = track.xyxy[outer], film.plan.size_at(int(track.frame[outer]))
    to_rim = float(min(box[0], box[1], width - box[2], height - box[3]))
    near = 1 - _clipped(to_rim / (RIM_SHARE * float(max(box[2] - box[0], box[3] - box[1]))))
    late = _lately(track, seen, film, row)
    is_new = len(late) * film.frame_s < LATELY_S / 2
    return (
        near
        if is_new
        else near * _clipped(_shift(track.xyxy[late[:1]], track.xyxy[late[-1:]]) / MOVING_SHARE)
    )


def _lately(track: Track, seen: NDArray[np.intp], film: _Film, row: np.intp) -> NDArray[np.intp]:
    seconds = film.seconds[track.frame[seen]]
    rows: NDArray[np.intp] = seen[np.abs(seconds - film.seconds[track.frame[row]]) <= LATELY_S]
    return rows


def _onwards(film: _Film, edge: int, way: int) -> int:
    """Return the frame LOOK_ON_S after the edge, or before it; in the same shot."""
    start, stop = film.shot(edge)
    frame = int(np.searchsorted(film.seconds, film.seconds[edge] + way * LOOK_ON_S))
    return min(max(frame, start), stop - 1)


def _worst(
    by: NDArray[np.float64], which: NDArray[np.bool_], track: Track, film: _Film
) -> NDArray[np.intp]:
    """Return (n,) the numbers of those stretches of a track that are examined: as many a minute as
    can be listed at all.

    A track that flickers for an hour has thousands.
    """
    length_s = float(film.seconds[track.frame[-1]] - film.seconds[track.frame[0]])
    rows = np.flatnonzero(which)
    most = MOST_A_MINUTE * ceil(length_s / 60 + 1)
    return np.sort(rows[np.argsort(-by[rows], kind="stable")[:most]])


def _belief(score: NDArray[np.float32], sure: float) -> NDArray[np.float64]:
    """Return how probably a gap beside a sighting of that score belongs to a real object,
    WEAK_GAP_WEIGHT to 1."""
    return np.asarray(
        WEAK_GAP_WEIGHT
        + (1 - WEAK_GAP_WEIGHT) * np.clip((score - sure) / STRONG_SCORE_MARGIN, 0, 1),
        np.float64,
    )


def _gaps(track: Track, seen: NDArray[np.intp], film: _Film, sure: float) -> Iterator[_Moment]:
    """Yield stretches between two sightings: the box went straight from one to the other, the
    object perhaps did not."""
    a, b = _apart(track, seen)
    is_open = ~film.are_black(track.frame[a], track.frame[b])
    a, b = a[is_open], b[is_open]
    if not len(a):
        return
    there = film.seen_from(track.xyxy[a], track.frame[a], track.frame[b])
    gap_s = film.open_s(track.frame[a], track.frame[b])
    far = _fars(gap_s, _shifts(there, track.xyxy[b])) * _belief(
        np.maximum(track.score[a], track.score[b]), sure
    )
    for i in _worst(far, WEIGHTS[FAR] * far >= LEAST_RISK, track, film):
        yield _in_between(track, int(a[i]), int(b[i]), {FAR: float(far[i])})


def _weak_stretches(
    track: Track, seen: NDArray[np.intp], film: _Film, sure: float
) -> Iterator[_Moment]:
    """Yield stretches between two sure sightings with only weak ones in between."""
    low, high = WEAK_S
    a, b = _apart(track, seen[track.score[seen] >= sure - HUNDREDTH])
    long_s = film.seconds[track.frame[b]] - film.seconds[track.frame[a]]
    for i in _worst(long_s, long_s > low, track, film):
        if (track.reason[a[i] + 1 : b[i]] == Reason.SEEN).any():
            yield _in_between(
                track,
                int(a[i]),
                int(b[i]),
                {WEAK: _clipped((float(long_s[i]) - low) / (high - low))},
            )


def _in_between(track: Track, a: int, b: int, causes: Mapping[str, float]) -> _Moment:
    """Return a moment about the middle of the rows between two, where least is known."""
    rows = slice(a + 1, b) if b - a > 1 else slice(a, b + 1)  # a track may have holes
    middle = int(np.searchsorted(track.frame, (int(track.frame[a]) + int(track.frame[b])) // 2))
    return _around(
        track, min(max(middle, rows.start), rows.stop - 1), rows, track.xyxy[[a, b]], causes
    )


def _lost(
    track: Track, seen: NDArray[np.intp], film: _Film, sure: float, tallness: float
) -> Iterator[_Moment]:
    """Yield moments in which nothing is erased where an object should be that was clearly seen
    before or after.

    A track that switches to another object leaves its own object uncovered, while all of its boxes
    look right. So the object's place is estimated from clear sightings alone: straight from one to
    the next, and along its motion before the first and after the last.
    """
    clear = seen[track.score[seen] >= sure + CLEAR_SCORE_MARGIN - HUNDREDTH]
    if not len(clear):
        return
    a, b = _apart(track, clear)
    long_s = film.seconds[track.frame[b]] - film.seconds[track.frame[a]]
    longest = _worst(long_s, long_s > LOST_S, track, film)
    stretches: list[tuple[int, int | None, int]] = [(int(a[i]), int(b[i]), 1) for i in longest]
    stretches += [(int(clear[0]), None, -1), (int(clear[-1]), None, 1)]
    enough = _clipped(len(clear) * film.frame_s / BRIEF_S)
    for row, other, way in stretches:
        strength = enough * _strength(track, clear, film, sure, np.intp(row))
        if WEIGHTS[LOST] * strength >= LEAST_RISK:
            frames = _unsure_frames(track, film, row, other, way)
            places = _places(track, clear, film, row, other, frames)
            yield from _open_place(track, film, row, frames, places, strength, tallness)


def _unsure_frames(
    track: Track, film: _Film, row: int, other: int | None, way: int
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
    track: Track, clear: NDArray[np.intp], film: _Film, row: int, other: int | None, frames: NDArray[np.int64]
) -> Boxes:  # fmt: skip
    """Return (n, 4) where the object should be in these frames."""
    n, at = len(frames), int(track.frame[row])
    here = film.seen_from(np.repeat(track.xyxy[[row]], n, axis=0), np.full(n, at), frames)
    if other is not None:
        then = int(track.frame[other])
        there = film.seen_from(np.repeat(track.xyxy[[other]], n, axis=0), np.full(n, then), frames)
        share = ((frames - at) / (then - at))[:, None]
        return np.asarray(here * (1 - share) + there * share, np.float32)
    late = _lately(track, clear, film, np.intp(row))
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
    film: _Film,
    row: int,
    frames: NDArray[np.int64],
    places: Boxes,
    strength: float,
    tallness: float,
) -> Iterator[_Moment]:
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
        open_ = 1 - _covered(inside, film.plan.regions(frame))
        risky[i] = (
            open_ * (1 - _clipped(abs(float(film.seconds[frame] - at_s)) / HELD_S))
            if open_ >= OPEN_SHARE
            else 0.0
        )
    if not risky.any():
        return
    worst = int(risky.argmax())
    box = _no_larger(places[[worst]], float(area(track.xyxy[[row]])[0]))
    near = frames[_is_near(places, box) & (risky > 0)]
    yield _Moment(
        int(near.min()),
        int(near.max()),
        box,
        track.xyxy[[row]],
        {LOST: _clipped(strength * float(risky[worst]))},
    )


def _own_share(track: Track, frames: NDArray[np.int64], places: Boxes) -> NDArray[np.float64]:
    """Return (n,) the share of each place that the track's own box covers in that frame."""
    rows = np.searchsorted(track.frame, frames).clip(0, len(track) - 1)
    own = track.xyxy[rows]
    sides = (np.minimum(own[:, 2:], places[:, 2:]) - np.maximum(own[:, :2], places[:, :2])).clip(0)
    return np.asarray(np.where(track.frame[rows] == frames, sides.prod(axis=1) / area(places), 0.0))


def _large_ones(track: Track, film: _Film, sure: float) -> Iterator[_Moment]:
    """Yield the stretch of a track without a sure sighting that covers most."""
    is_sure = (track.reason == Reason.SEEN) & (
        track.score >= sure + CLEAR_SCORE_MARGIN - HUNDREDTH
    ) | (track.reason == Reason.DRAWN)
    share = _shares(track, film)
    if is_sure.all() or not (share >= MUCH_SHARE * NAMED_RISK).any():
        return
    edges = np.flatnonzero(np.diff(np.concatenate([[True], is_sure, [True]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    sums = np.concatenate([[0.0], np.cumsum(share)])
    cost = sums[stops] - sums[starts]
    worst = int(cost.argmax())
    rows = slice(int(starts[worst]), int(stops[worst]))
    long_s = (rows.stop - rows.start) * film.frame_s
    row = rows.start + int(share[rows].argmax())
    strength = _clipped(float(share[rows].mean()) / MUCH_SHARE) * _clipped(long_s / LONG_MUCH_S)
    if WEIGHTS[COVERS] * strength >= NAMED_RISK:
        yield _around(track, row, rows, track.xyxy[[row]], {COVERS: strength})


def _shares(track: Track, film: _Film) -> NDArray[np.float64]:
    """Return (n,) the share of the picture that each box covers."""
    sizes = np.array(film.plan.sizes, np.float64).prod(axis=1)
    return np.asarray(area(track.xyxy) / (sizes[track.frame] if len(sizes) > 1 else sizes))


def _unknown_motion(film: _Film, unknown: Sequence[int]) -> list[Doubt]:
    """Return stretches of unknown camera motion in which something was covered without a sighting."""
    if not len(unknown) or film.plan.medium == "photo":
        return []
    carried = np.zeros(len(film.seconds), np.bool_)
    for track in film.plan.tracks:
        carried[track.frame[track.reason != Reason.SEEN]] |= not track.keep
    frames = np.asarray(unknown, np.int64)
    frames = frames[carried[frames]]
    (low, high), found = UNKNOWN_S, []
    for part in (
        np.split(frames, np.flatnonzero(np.diff(film.seconds[frames]) > ONE_MOMENT_S) + 1)
        if len(frames)
        else []
    ):
        strength = _clipped((len(part) * film.frame_s - low) / (high - low))
        risk, first = round(combined({CAMERA: strength}), 2), int(part[0])
        if risk >= LEAST_RISK:
            found.append(
                Doubt(
                    WHOLE, first, int(part[-1]), (0, 0, *film.plan.size_at(first)), (CAMERA,), risk
                )
            )
    return found


def _written_in(film: _Film, text: Sequence[Box]) -> list[Doubt]:
    """Return one doubt for all text that is not erased in every frame. The text is there
    throughout, so one frame shows all of it."""
    frames = np.unique(np.linspace(0, len(film.seconds) - 1, MOST_STEPS).astype(int))
    still = [
        box for box in text if any(_open_share(box, [r.box for r in film.plan.regions(int(f))]) > OPEN_SHARE for f in frames)
    ]  # fmt: skip
    if not still:
        return []
    x1, y1, x2, y2 = (pick(box[i] for box in still) for i, pick in enumerate((min, min, max, max)))
    return [
        Doubt(
            WHOLE,
            0,
            len(film.seconds) - 1,
            (x1, y1, x2, y2),
            (TEXT,),
            round(combined({TEXT: 1.0}), 2),
        )
    ]


def _open_share(box: Box, erased: Sequence[Box]) -> float:
    """Return the share of a box outside all of these."""
    whole = np.array([box], np.float32)
    if not erased:
        return 1.0
    return 1.0 - min(
        1.0, float(overlap(whole, np.array(erased, np.float32)).sum()) / float(area(whole)[0])
    )


def _listed(found: Sequence[Doubt], film: _Film, bound: float) -> tuple[Doubt, ...]:
    """Return the doubts that are kept, riskiest first: one for a moment and place, and no more than
    people will check."""
    length_s = (
        float(film.seconds[-1] - film.seconds[0]) + film.frame_s if len(film.seconds) else 0.0
    )
    pages = len(film.seconds) if film.plan.medium == "photo" else length_s / 60
    most = ceil(MOST_A_MINUTE * pages)
    kept: list[Doubt] = []
    sizes: list[float] = []
    for doubt in found:
        for i, other in enumerate(kept):
            if (one := _one_moment(other, doubt, sizes[i], film)) is not None:
                kept[i] = one
                break
        else:
            if len(kept) < most or doubt.risk > bound:
                kept.append(doubt)
                sizes.append(_size(doubt.box))
    return riskiest_first(kept)


def _one_moment(a: Doubt, b: Doubt, size: float, film: _Film) -> Doubt | None:
    """Merge both, riskier first; None if they differ in time or place, or the merged one would be
    too large.

    size  of the box of a before anything was merged with it.
    """
    s = film.seconds
    if WHOLE in (a.track, b.track) or film.plan.medium == "photo":
        return None
    if LEFT in (*a.causes, *b.causes):  # a person who erases one must know which
        return None
    if max(s[a.first], s[b.first]) - min(s[a.last], s[b.last]) > ONE_MOMENT_S:
        return None
    first, last = min(a.first, b.first), max(a.last, b.last)
    if s[last] - s[first] > max(LONGEST_S, s[a.last] - s[a.first]) or film.shot(first) != film.shot(
        last
    ):
        return None
    box = (
        min(a.box[0], b.box[0]),
        min(a.box[1], b.box[1]),
        max(a.box[2], b.box[2]),
        max(a.box[3], b.box[3]),
    )
    if _size(box) > TIGHT * min(size, _size(b.box)):
        return None
    return replace(
        a,
        first=first,
        last=last,
        box=box,
        causes=tuple(dict.fromkeys([*a.causes, *(b.causes if b.risk >= NAMED_RISK else ())])),
    )


def _size(box: Box) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _apart(track: Track, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (n,) and (n,): neighbours among these rows with frames between them."""
    gaps = np.flatnonzero(np.diff(track.frame[rows]) > 1)
    return rows[gaps], rows[gaps + 1]


def _covered(box: Boxes, regions: list[Region]) -> float:
    """Return the share of the box, (1, 4), that one of the regions covers."""
    if not regions:
        return 0.0
    return float((overlap(box, np.array([r.box for r in regions], np.float32)) / area(box)).max())


def _far(unseen_s: float, shift: float) -> float:
    """Return how far a box was carried, 0 to 1."""
    return float(_fars(np.array([unseen_s]), np.array([shift]))[0])


def _fars(unseen_s: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(
        1 - (1 - np.clip(unseen_s / LONG_S, 0, 1) / 2) * (1 - np.clip(shift * unseen_s, 0, 1))
    )


def _shift(a: Boxes, b: Boxes) -> float:
    """Return how far b lies from a, both (1, 4), as a share of the longer side of the larger one."""
    return float(_shifts(a, b)[0])


def _shifts(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    apart = (a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2
    longer = np.maximum((a[:, 2:] - a[:, :2]).max(axis=1), (b[:, 2:] - b[:, :2]).max(axis=1))
    return np.asarray(np.hypot(apart[:, 0], apart[:, 1]) / longer, np.float64)


def _gravest(moments: list[_Moment]) -> _Moment:
    """Return the riskiest of them, with the causes of all, and the frames of those at the same
    place."""
    causes: dict[str, float] = {}
    for m in moments:
        causes |= {c: max(strength, causes.get(c, 0.0)) for c, strength in m.causes.items()}
    gravest = max(moments, key=lambda m: combined(m.causes))
    near = [m for m in moments if _is_near(m.box, gravest.box)[0]]
    first, last = min(m.first for m in near), max(m.last for m in near)
    return replace(
        gravest,
        first=first,
        last=last,
        causes=causes,
        seen=np.concatenate([m.seen for m in moments]),
    )


def _clipped(share: float) -> float:
    return min(max(share, 0.0), 1.0)
