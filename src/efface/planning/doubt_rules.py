"""Residual risk: find the moments at which something may still be visible, and rank them for
checking.

A plan shows what it covers, and gives hints of what it does not: a track that stops in mid-picture,
a box that was carried far without a sighting. Each such moment is a `Doubt`. Pixels are not
examined: this module does not know whether a face was sharp or dark.

`doubt_risk` weighs causes, `doubt_moment` holds what moments are made of, the modules `doubts_*`
find the moments of a track, and `doubt_merging` shortens the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from efface.detections import DRAWN
from efface.geometry import Box, Boxes, Size, area, grown, overlap
from efface.planning.chances import chance
from efface.planning.doubt import (
    CAMERA,
    COVERS,
    LEFT,
    SHORT,
    TEXT,
    WEAK,
    WHOLE,
    Doubt,
    riskiest_first,
)
from efface.planning.doubt_merging import merged_and_limited
from efface.planning.doubt_moment import (
    BRIEF_S,
    CLEAR_SCORE_MARGIN,
    HUNDREDTH,
    LATELY_S,
    MOST_STEPS,
    ONE_MOMENT_S,
    OPEN_SHARE,
    STRONG_SCORE_MARGIN,
    TIGHT,
    Film,
    Moment,
    SeenFrom,
    is_near,
    moment_around,
)
from efface.planning.doubt_risk import (
    LEAST_RISK,
    NAMED_RISK,
    WEIGHTS,
    clipped,
    combined,
    size_share,
)
from efface.planning.doubts_at_track_ends import track_end
from efface.planning.doubts_in_gaps import gap_moments, weak_moments
from efface.planning.doubts_of_lost_objects import lost_moments
from efface.planning.left_visible import stretches
from efface.planning.photo_risk import chance_on_photo
from efface.planning.plan import Plan
from efface.planning.revise import part_of
from efface.tracks import Reason, Track

MUCH_SHARE = 0.1
"""Share of the picture from which a box covers much, if no sighting is sure ..."""

LONG_MUCH_S = 1.0
"""... for this long."""

UNKNOWN_S = (0.2, 1.5)
"""Durations of unknown camera motion between which CAMERA grows."""


def _on_the_screen(
    xyxy: NDArray[np.floating], frame: NDArray[np.integer], at: NDArray[np.integer]
) -> Boxes:
    return xyxy.astype(np.float32)


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
    film = Film(
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
    return riskiest_first(
        [*merged_and_limited(riskiest_first(found), film, bound), *_written_in(film, text)]
    )


def _left_visible(left: Sequence[Track], film: Film, sure: Mapping[int, float]) -> Iterator[Doubt]:
    """Yield a moment for each stretch in which something is left visible, unless another track
    covers it."""
    known = {t.id: t for t in left}
    for stretch in stretches(film.plan) if left else ():
        track = known[stretch.track]
        if film.plan.medium == "photo":
            doubt = _left_on_a_page(track, film)
        else:
            within = part_of(track, (track.frame >= stretch.first) & (track.frame <= stretch.last))
            doubt = _left_open(within, film, sure.get(track.kind, 0.0))
        if doubt:
            yield doubt


def _left_on_a_page(track: Track, film: Film) -> Doubt | None:
    page, box = int(track.frame[0]), track.xyxy[[0]]
    causes = {LEFT: chance_on_photo(track, film.plan.options)}
    return _doubt(track, Moment(page, page, _a_little_larger(box), box, causes), 1.0, film)


def _left_open(track: Track, film: Film, sure: float) -> Doubt | None:
    """Return the doubt about something seen too weakly to be covered, around its best sighting."""
    best = int(track.score.argmax())
    near = np.flatnonzero(
        np.abs(film.seconds[track.frame] - film.seconds[track.frame[best]]) <= LATELY_S
    )
    seen = track.xyxy[[best]]
    long_s = len(near) * film.frame_s
    strength = clipped(long_s / BRIEF_S) * clipped(
        float(track.score[best]) / (sure + STRONG_SCORE_MARGIN)
    )
    first, last = (int(track.frame[i]) for i in (near[0], near[-1]))
    return _doubt(
        track,
        Moment(first, last, _a_little_larger(seen), seen, {LEFT: strength}),
        1.0,
        film,
    )


def _a_little_larger(boxes: Boxes) -> Boxes:
    return grown(boxes, (TIGHT**0.5 - 1) / 2)


def _doubt(track: Track, moment: Moment, tallness: float, film: Film) -> Doubt | None:
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


def _moments(track: Track, film: Film, sure: float, tallness: float) -> Iterator[Moment]:
    seen = np.flatnonzero(track.reason == Reason.SEEN)
    if film.plan.medium == "photo":  # pages are independent
        yield _on_a_page(track, seen, film, sure, tallness)
        return
    middle = _sightings(track, seen, film, sure)
    ends = [track_end(track, seen, film, sure, way) for way in (-1, 1)]
    if SHORT in middle.causes:  # one moment instead of three at one time
        yield _gravest([middle, *ends])
    else:
        yield from (middle, *ends)
    yield from gap_moments(track, seen, film, sure)
    yield from weak_moments(track, seen, film, sure)
    yield from _large_ones(track, film, sure)
    yield from lost_moments(track, seen, film, sure, tallness)


def _on_a_page(
    track: Track, seen: NDArray[np.intp], film: Film, sure: float, tallness: float
) -> Moment:
    """Judge a sighting on a photo: how likely it is wrong, and how much it covers then."""
    best = int(seen[track.score[seen].argmax()])
    score, height = float(track.score[best]), float(track.xyxy[best, 3] - track.xyxy[best, 1])
    right = chance(track.kind, score, height / tallness, film.plan.options)
    weak = 1 - (clipped((score - sure) / CLEAR_SCORE_MARGIN) if right is None else right)
    much = weak * clipped(float(_shares(track, film)[best]) / MUCH_SHARE)
    causes = {WEAK: weak} | ({COVERS: much} if WEIGHTS[COVERS] * much >= NAMED_RISK else {})
    return moment_around(track, best, slice(best, best + 1), track.xyxy[[best]], causes)


def _sightings(track: Track, seen: NDArray[np.intp], film: Film, sure: float) -> Moment:
    """Judge the track as a whole: whether it was ever seen well, and for how long."""
    score = track.score[seen]
    causes = {WEAK: 1 - clipped((float(score.max()) - sure) / CLEAR_SCORE_MARGIN)}
    best = seen[score.argmax()]
    start, stop = film.shot(int(track.frame[seen[0]]))
    enough_s = min(
        BRIEF_S, (stop - start) * film.frame_s
    )  # in a short shot nothing is seen for long
    short = 1 - clipped(len(seen) * film.frame_s / enough_s) if enough_s else 0.0
    causes |= {SHORT: short} if short else {}
    return moment_around(
        track, int(best), slice(int(seen[0]), int(seen[-1]) + 1), track.xyxy[[best]], causes
    )


def _large_ones(track: Track, film: Film, sure: float) -> Iterator[Moment]:
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
    strength = clipped(float(share[rows].mean()) / MUCH_SHARE) * clipped(long_s / LONG_MUCH_S)
    if WEIGHTS[COVERS] * strength >= NAMED_RISK:
        yield moment_around(track, row, rows, track.xyxy[[row]], {COVERS: strength})


def _shares(track: Track, film: Film) -> NDArray[np.float64]:
    """Return (n,) the share of the picture that each box covers."""
    sizes = np.array(film.plan.sizes, np.float64).prod(axis=1)
    return np.asarray(area(track.xyxy) / (sizes[track.frame] if len(sizes) > 1 else sizes))


def _unknown_motion(film: Film, unknown: Sequence[int]) -> list[Doubt]:
    """Return stretches of unknown camera motion in which something was covered without a
    sighting."""
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
        strength = clipped((len(part) * film.frame_s - low) / (high - low))
        risk, first = round(combined({CAMERA: strength}), 2), int(part[0])
        if risk >= LEAST_RISK:
            found.append(
                Doubt(
                    WHOLE, first, int(part[-1]), (0, 0, *film.plan.size_at(first)), (CAMERA,), risk
                )
            )
    return found


def _written_in(film: Film, text: Sequence[Box]) -> list[Doubt]:
    """Return one doubt for all text that is not erased in every frame. The text is there
    throughout, so one frame shows all of it."""
    frames = np.unique(np.linspace(0, len(film.seconds) - 1, MOST_STEPS).astype(int))
    still = [
        box
        for box in text
        if any(
            _open_share(box, [r.box for r in film.plan.regions(int(f))]) > OPEN_SHARE
            for f in frames
        )
    ]
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


def _gravest(moments: list[Moment]) -> Moment:
    """Return the riskiest of them, with the causes of all, and the frames of those at the same
    place."""
    causes: dict[str, float] = {}
    for m in moments:
        causes |= {c: max(strength, causes.get(c, 0.0)) for c, strength in m.causes.items()}
    gravest = max(moments, key=lambda m: combined(m.causes))
    near = [m for m in moments if is_near(m.box, gravest.box)[0]]
    first, last = min(m.first for m in near), max(m.last for m in near)
    return replace(
        gravest,
        first=first,
        last=last,
        causes=causes,
        seen=np.concatenate([m.seen for m in moments]),
    )
