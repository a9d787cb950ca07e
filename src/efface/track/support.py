"""How long an object is covered without being seen: sightings earn the time.

Each sighting gives support to its own frame; a higher score gives more. Support fades with the time
to other frames, and adds up over the sightings of a track. A frame is covered while it has enough
support. So a face that was clearly seen for a second stays covered when it turns away. A face that
was seen weakly once is covered where it was seen, and hardly longer. Support fades more slowly
where the object's pixels could be followed, and for an object that was once clearly seen.

A real object scores well in some frame; the larger it is, the better. A track that never scores
well gives no support, and the review tells a person about it (`planning.doubt_rules`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from efface.detections import CODE, DRAWN, FACE, PERSON, PLATE, TEXT
from efface.options import TrackOptions
from efface.track.camera_motion import Views
from efface.track.gaps import PRESENT_TRUST
from efface.track.pixel_trails import PixelTrail
from efface.tracks import Reason, Track

POWER, MOST = 2, 60.0
"""Support of a sighting is (its score / the score from which one counts by itself) to this power.
All support together is at most MOST, so an object that was seen for an hour is not covered for
another minute."""

FADE, FADE_FOLLOWED = 0.35, 1.1
"""Time in which support falls to 1/e, as shares of the requested lead-in or lead-out: where only
the elapsed time is known, and where the object was seen or its pixels could be followed."""

HALF_SURE, LEAST_TRUST, MOST_TRUST = 2.0, 0.5, 2.0
"""Support lasts longer by this factor: (the best score nearby / (HALF_SURE * the score that counts
by itself)) squared, where the ratio lies between these limits."""

NEARBY_S = 2.0
"""Sightings within this time show whether an object was ever seen well, and how long it was in
sight."""


KNOWN_AFTER, LEAST_LEAD = 12, 0.25
"""Number of sightings within NEARBY_S of the first, or of the last, from which support fades as
slowly as that before, or after. With fewer it fades faster, in proportion, and at most four times
as fast. Two to four chance sightings of a sleeve or a knee would else be followed for half a
second."""


@dataclass(frozen=True, slots=True)
class Refuting:
    """When closer looks show that a box holds no such object.

    below    the geometric mean of their scores, over REFUTED_WITHIN_S around a sighting.
    sure     score from which no closer look is needed, see `detect.detector.Confirm`.
    least_px height from which a box can be refuted.
    """

    below: float
    sure: float
    least_px: float


REFUTING = {
    FACE: Refuting(0.03, 0.65, 28.0),
    PLATE: Refuting(0.2, 0.75, 8.0),
    TEXT: Refuting(0.0, 0.0, 0.0),
    CODE: Refuting(0.0, 0.0, 0.0),
    PERSON: Refuting(0.0, 0.0, 0.0),
}
"""A doubtful face rarely scores nothing in one look: one in a hundred, on clips made of labelled
pictures. A lower box covers little, and a closer look shows it hardly better. The limit for plates
is a chance: of 252 labelled plates 2 stay below, and of the false ones in pictures of people four
in five do. Text, codes and persons get no closer look."""

REFUTED_WITHIN_S = 2.0
"""Closer looks within this time of a sighting are taken together."""

LEAST_LOOK = 0.02
"""A closer look that shows nothing counts as this score. The look may have been blurred, and one
look must not set the mean to 0."""

DENSE, DENSE_WITHIN_S = 0.4, 1.0
"""A face that is seen in this share of the frames around a sighting counts, even if it is seen
weakly. Half hidden by hair or a hat, it never scores more."""

FLASH_S = 0.13
"""A cover that lasts no longer than this, three frames at 25 a second, looks like a fault of the
picture."""

FLASH_SCORE, FLASH_GROWTH = 1.2, 2
"""With a score of this many times what counts by itself, such an object is covered this many frames
longer at both ends. Otherwise it is not covered at all."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The score that an object must reach in its best frame, over the score from which a sighting
    counts by itself.

    height  (n,) pixels, increasing; between them the logarithm of the height counts.
    brief   (n,) the bar for an object that was in sight for BRIEF_S or less, or moved.
    long    (n,) the bar for an object that stood still and was in sight for LONG_S or more.
    """

    height: tuple[float, ...]
    brief: tuple[float, ...]
    long: tuple[float, ...]


BRIEF_S, LONG_S = 0.5, 1.5

STANDS = 1.0
"""Distance in longer sides by which the middle of a still object may move: boxes and the camera's
motion are noisy."""

_FACE_SHARES = (1.0, 1.1, 1.4, 2.4)
BARS = {
    FACE: Bar((36, 56, 88, 140), _FACE_SHARES, _FACE_SHARES),
    PLATE: Bar((16, 32), (1.24, 1.47), (1.24, 2.06)),
    TEXT: Bar((16, 32), (1.0, 1.0), (1.0, 1.0)),
    CODE: Bar((16, 32), (1.0, 1.0), (1.0, 1.0)),
    PERSON: Bar((16, 32), (1.0, 1.0), (1.0, 1.0)),
}
"""In clips made of labelled pictures, 19 of 20 faces of 64 to 100 pixels passed .51 in some frame,
and all of 150 and more passed .67; of the false alarms 9 in 10 stayed below .40. Plates of long
tracks pass .77 in 3 of 4 cases, and false alarms stay below .62 in 19 of 20."""

CERTAIN_SCORE = 0.75
"""Score from which any object passes. The shares above are made for `normal` sensitivity. With
`low`, 2.06 times what counts is more than any network can give, and every plate that stands still
would stay visible."""


def supported(
    full: Track,
    seen: Track,
    seconds: NDArray[np.float64],
    options: TrackOptions,
    sure: float,
    views: Views,
    trails: Sequence[PixelTrail] = (),
) -> Track | None:
    """Return the frames of a filled track that its sightings support; None when no frame is
    supported.

    full     see `gaps.fill_track`.
    seen     the track of sightings that it was made of: boxes as the detector drew them.
    seconds  time of every frame.
    sure     score from which a sighting counts by itself.
    views    where the camera looked in each frame.
    trails   of this track's pixels.
    """
    if full.kind == DRAWN:
        return full
    t, seen_t = seconds[full.frame], seconds[seen.frame]
    rule, told = REFUTING[full.kind], _told_by_closer_looks(seen, seen_t)
    score = np.where(_are_refuted(seen, told, rule), 0, seen.score)
    best = _best_nearby(seen_t, score)
    given = np.minimum((score / sure) ** POWER, MOST) * _passes(
        seen, seconds, best / sure, CERTAIN_SCORE / sure, stands=_stands(seen, views)
    )
    weight, fade = np.zeros(len(full)), np.full(len(full), FADE)
    at = np.searchsorted(full.frame, seen.frame)
    weight[at], fade[at] = given, FADE_FOLLOWED
    for trail in trails:
        fade[np.isin(full.frame, trail.frame[trail.trust >= PRESENT_TRUST])] = FADE_FOLLOWED
    fade_s = (
        fade * _lead_s(full, seen, seen_t, options) * _trust(t, seen_t, best / (HALF_SURE * sure))
    )
    flash = int(FLASH_S / _frame_s(seconds))
    scores = full.score.copy()
    scores[at] = score
    is_covered = _without_flashes(
        _support(t, weight, fade_s) >= 1 - 1e-6, scores, FLASH_SCORE * sure, flash
    )
    if not is_covered.any():
        return None
    return _part(full, is_covered)


def unsupported(
    full: Track, kept: Track | None, seconds: NDArray[np.float64], options: TrackOptions
) -> Track | None:  # fmt: skip
    """Return the sightings that are not covered, with the lead before and after them; None where
    every sighting is covered.

    full  see `gaps.fill_track`.
    kept  its covered frames, see `supported`.
    """
    bare = np.ones(len(full), np.bool_) if kept is None else ~np.isin(full.frame, kept.frame)
    is_left = np.zeros(len(full), np.bool_)
    for rows in _runs(full.frame, bare):
        if len(seen := rows[full.reason[rows] == Reason.SEEN]):
            t, (first_s, last_s) = seconds[full.frame[rows]], seconds[full.frame[seen[[0, -1]]]]
            is_left[rows] = (t >= first_s - options.lead_in_s) & (t <= last_s + options.lead_out_s)
    return _part(full, is_left) if is_left.any() else None


def _runs(frame: NDArray[np.int32], which: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Return the rows of each run of neighbouring frames among the selected ones."""
    rows = np.flatnonzero(which)
    return np.split(rows, np.flatnonzero(np.diff(frame[rows]) != 1) + 1) if len(rows) else []


def _part(track: Track, which: NDArray[np.bool_]) -> Track:
    return replace(
        track,
        frame=track.frame[which],
        xyxy=track.xyxy[which],
        reason=track.reason[which],
        score=track.score[which],
    )


def _are_refuted(seen: Track, told: NDArray[np.float64], rule: Refuting) -> NDArray[np.bool_]:
    """Return (n,) whether closer looks at a sighting, in its frame and the moments around it,
    showed next to nothing.

    A sighting without its own closer look is refuted with its neighbours, unless it was sure or
    small.

    told  see `_told_by_closer_looks`.
    """
    height = seen.xyxy[:, 3] - seen.xyxy[:, 1]
    is_open_to_doubt = (seen.score < rule.sure) & (height >= rule.least_px)
    return np.asarray((told < rule.below) & is_open_to_doubt, np.bool_)  # NaN is not less


def _told_by_closer_looks(seen: Track, seen_t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n,) the geometric mean of the closer looks within REFUTED_WITHIN_S of each sighting;
    NaN where there were none."""
    if seen.closer is None:
        return np.full(len(seen), np.nan)
    looked = np.isfinite(seen.closer)
    total = np.concatenate(
        [[0], np.cumsum(np.where(looked, np.log(np.maximum(seen.closer, 0) + LEAST_LOOK), 0))]
    )
    number = np.concatenate([[0], np.cumsum(looked)])
    first, stop = _around(seen_t, REFUTED_WITHIN_S)
    count = number[stop] - number[first]
    mean = np.exp((total[stop] - total[first]) / np.maximum(count, 1)) - LEAST_LOOK
    return np.where(count > 0, mean, np.nan)


def _best_nearby(seen_t: NDArray[np.float64], score: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (n,) best score within NEARBY_S of each sighting."""
    first, stop = _around(seen_t, NEARBY_S)
    return np.array([score[a:b].max() for a, b in zip(first, stop, strict=True)], np.float64)


def _around(
    seen_t: NDArray[np.float64], within_s: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.searchsorted(seen_t, seen_t - within_s), np.searchsorted(
        seen_t, seen_t + within_s, side="right"
    )


def _stands(seen: Track, views: Views) -> bool:
    """Return whether it stands still in the world, as signs do."""
    there = views.seen_from(seen.xyxy, seen.frame, np.full(len(seen), seen.frame[0])).astype(
        np.float64
    )
    middle, side = (there[:, :2] + there[:, 2:]) / 2, (there[:, 2:] - there[:, :2]).max(axis=1)
    return bool((np.ptp(middle, axis=0) <= STANDS * np.median(side)).all())


def _passes(
    seen: Track,
    seconds: NDArray[np.float64],
    best: NDArray[np.float64],
    certain: float,
    *,
    stands: bool,
) -> NDArray[np.bool_]:
    """Return (n,) whether an object was seen well enough for its size, or often.

    best     (n,) best score nearby over the score that counts by itself.
    certain  score that always passes, over the same score.
    stands   it stands still in the world.
    """
    seen_t = seconds[seen.frame]
    frame_s = _frame_s(seconds)
    first, stop = _around(seen_t, NEARBY_S)
    height = np.log2(np.maximum(seen.xyxy[:, 3] - seen.xyxy[:, 1], 1))
    bar = BARS[seen.kind]
    brief, long = (
        np.interp(height, np.log2(bar.height), shares) for shares in (bar.brief, bar.long)
    )
    is_long = stands * np.clip(((stop - first) * frame_s - BRIEF_S) / (LONG_S - BRIEF_S), 0, 1)
    passes = best >= np.minimum(brief + (long - brief) * is_long, certain) - 1e-6
    if seen.kind == FACE:
        first, stop = _around(seen_t, DENSE_WITHIN_S)
        passes |= (stop - first) * frame_s >= DENSE * 2 * DENSE_WITHIN_S
    return np.asarray(passes, np.bool_)


def _frame_s(seconds: NDArray[np.float64]) -> float:
    """Return the usual duration of a frame."""
    return max(float(np.median(np.diff(seconds))), 1e-3) if len(seconds) > 1 else BRIEF_S


def _lead_s(
    full: Track, seen: Track, seen_t: NDArray[np.float64], options: TrackOptions
) -> NDArray[np.float64]:
    """Return (n,) the lead-in before the first sighting, the lead-out after the last, and the
    longer of both between them."""
    first, stop = _around(seen_t, NEARBY_S)
    known = np.clip((stop - first) / KNOWN_AFTER, LEAST_LEAD, 1)
    lead_s = np.full(len(full), max(options.lead_in_s, options.lead_out_s), np.float64)
    lead_s[full.frame < seen.frame[0]] = options.lead_in_s * known[0]
    lead_s[full.frame > seen.frame[-1]] = options.lead_out_s * known[-1]
    return np.asarray(np.maximum(lead_s, 1e-6))


def _trust(
    t: NDArray[np.float64], seen_t: NDArray[np.float64], best: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (len(t),) how much longer support lasts, by the better of the sightings before and
    after each of the times t."""
    after = np.clip(np.searchsorted(seen_t, t), 0, len(seen_t) - 1)
    return (
        np.clip(np.maximum(best[after], best[np.maximum(after - 1, 0)]), LEAST_TRUST, MOST_TRUST)
        ** 2
    )


def _support(
    t: NDArray[np.float64], weight: NDArray[np.float64], fade_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (n,) support of each frame, from the sightings before and after it.

    weight  (n,) support from each frame's own sighting; 0 where nothing was seen.
    fade_s  (n,) time in which support falls to 1/e as it passes each frame.
    """
    return (
        _one_way(t, weight, fade_s) + _one_way(-t[::-1], weight[::-1], fade_s[::-1])[::-1] - weight
    )


def _one_way(
    t: NDArray[np.float64], weight: NDArray[np.float64], fade_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    left = np.exp(-np.diff(t, prepend=t[0]) / fade_s)
    carried, sums = 0.0, []
    for share, given in zip(left.tolist(), weight.tolist(), strict=True):
        carried = min(carried * share + given, MOST)
        sums.append(carried)
    return np.array(sums)


def _without_flashes(
    is_covered: NDArray[np.bool_], score: NDArray[np.float32], least: float, flash: int
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which frames are covered when no patch may appear and vanish within `flash` frames."""
    steady = is_covered.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_covered, [False]]).astype(np.int8)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start > flash:
            continue
        if score[start:stop].max() >= least:
            steady[max(0, start - FLASH_GROWTH) : stop + FLASH_GROWTH] = True
        elif stop - start < len(is_covered):
            steady[start:stop] = False
    return steady
