"""A moment of a track that may be doubtful, and the film that it is judged by.

A moment is shown by a box that is little larger than the object, for as long as the object is near
it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from efface.geometry import Boxes, area, overlap
from efface.planning.doubt_risk import clipped
from efface.planning.plan import Plan
from efface.regions import Region
from efface.tracks import Track

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

RIM_SHARE = 0.15
"""Share of the box's longer side: nearer to the rim, a moving object may be leaving the picture ...
"""

LONG_S = 2.0
"""A gap of this length makes half of the strength of FAR; motion, in box sides times the seconds it
took, makes the rest."""

HUNDREDTH = 0.005
"""Scores in plans are rounded to hundredths."""

OPEN_SHARE = 0.25
"""Share of the place of an object, without margin, that is not erased, from which it may be visible
there."""

MOST_STEPS = 24
"""Maximum number of frames of a stretch in which that is looked up."""

TIGHT = 1.3
"""Maximum size of the place to look, relative to the object with its margin when it was seen. A
person should not have to search there."""

NEAR_SHARE = 0.5
"""A box lies near the place to look if they share at least this part of the smaller one."""

ONE_MOMENT_S = 0.5
"""Moments at one place are merged if less time lies between them, ..."""

MOST_A_MINUTE = 12
"""Maximum number of moments kept of a minute, or of a page, unless more are above the bound. On a
page as many again may be left visible."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
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


@dataclass(frozen=True, eq=False)
class Film:
    """What moments are judged by: a plan, the time of each of its frames, in seconds, and how the
    camera moved."""

    plan: Plan
    seconds: NDArray[np.float64]
    frame_s: float
    seen_from: SeenFrom

    def shift(self, a: Boxes, frame: int, b: Boxes, at: int) -> float:
        """Return how far the box b of frame `at` lies from where a of another frame is in its view.
        See centre_shift."""
        return centre_shift(self.seen_from(a, np.array([frame]), np.array([at])), b)

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
        return max(
            covered_share(outer, there), covered_share(seen, [r for r in then if r.track in go_on])
        )


def moment_around(
    track: Track, row: int, rows: slice, seen: Boxes, causes: Mapping[str, float]
) -> Moment:
    """Return a moment about one row of a track, and the neighbouring ones of `rows` in which the
    box stays near."""
    box = no_larger(track.xyxy[[row]], float(area(seen).max()))
    near = is_near(track.xyxy[rows], box)
    at = row - (rows.start or 0)
    before, after = np.flatnonzero(~near[:at]), np.flatnonzero(~near[at:])
    first = int(before[-1]) + 1 if len(before) else 0
    last = at + int(after[0]) - 1 if len(after) else len(near) - 1
    frames = track.frame[rows]
    return Moment(int(frames[min(first, at)]), int(frames[max(last, at)]), box, seen, causes)


def no_larger(box: Boxes, size: float) -> Boxes:
    """Shrink the box around its middle if it is more than TIGHT times as large as `size` pixels."""
    shrink = min(1.0, (TIGHT * size / float(area(box)[0])) ** 0.5)
    middle = (box[:, :2] + box[:, 2:]) / 2
    return np.concatenate(
        [middle + (box[:, i : i + 2] - middle) * shrink for i in (0, 2)], axis=1
    ).astype(np.float32)


def is_near(boxes: Boxes, place: Boxes) -> NDArray[np.bool_]:
    """Return (n,) which of the boxes share enough with a place (1, 4)."""
    return np.asarray(
        overlap(boxes, place)[:, 0] >= NEAR_SHARE * np.minimum(area(boxes), area(place))
    )


def presence(track: Track, seen: NDArray[np.intp], film: Film, sure: float, row: np.intp) -> float:
    """Return how surely an object was there when it was seen last, 0 to 1."""
    return clipped(
        (float(track.score[seen_lately(track, seen, film, row)].mean()) - sure)
        / STRONG_SCORE_MARGIN
    )


def seen_lately(track: Track, seen: NDArray[np.intp], film: Film, row: np.intp) -> NDArray[np.intp]:
    seconds = film.seconds[track.frame[seen]]
    rows: NDArray[np.intp] = seen[np.abs(seconds - film.seconds[track.frame[row]]) <= LATELY_S]
    return rows


def worst_stretches(
    by: NDArray[np.float64], which: NDArray[np.bool_], track: Track, film: Film
) -> NDArray[np.intp]:
    """Return (n,) the numbers of those stretches of a track that are examined: as many a minute as
    can be listed at all.

    A track that flickers for an hour has thousands.
    """
    length_s = float(film.seconds[track.frame[-1]] - film.seconds[track.frame[0]])
    rows = np.flatnonzero(which)
    most = MOST_A_MINUTE * ceil(length_s / 60 + 1)
    return np.sort(rows[np.argsort(-by[rows], kind="stable")[:most]])


def rows_apart(track: Track, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (n,) and (n,): neighbours among these rows with frames between them."""
    gaps = np.flatnonzero(np.diff(track.frame[rows]) > 1)
    return rows[gaps], rows[gaps + 1]


def covered_share(box: Boxes, regions: list[Region]) -> float:
    """Return the share of the box, (1, 4), that one of the regions covers."""
    if not regions:
        return 0.0
    return float((overlap(box, np.array([r.box for r in regions], np.float32)) / area(box)).max())


def far_strength(unseen_s: float, shift: float) -> float:
    """Return how far a box was carried, 0 to 1."""
    return float(far_strengths(np.array([unseen_s]), np.array([shift]))[0])


def far_strengths(unseen_s: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(
        1 - (1 - np.clip(unseen_s / LONG_S, 0, 1) / 2) * (1 - np.clip(shift * unseen_s, 0, 1))
    )


def centre_shift(a: Boxes, b: Boxes) -> float:
    """Return how far b lies from a, both (1, 4), as a share of the longer side of the larger
    one."""
    return float(centre_shifts(a, b)[0])


def centre_shifts(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    apart = (a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2
    longer = np.maximum((a[:, 2:] - a[:, :2]).max(axis=1), (b[:, 2:] - b[:, :2]).max(axis=1))
    return np.asarray(np.hypot(apart[:, 0], apart[:, 1]) / longer, np.float64)
