"""Decide what to cover when a frame leaves, from the tracks known at that moment, open tracks
included.

Offline, `pipeline.analysis` sees a whole video before it covers the first frame. Here efface fills
tracks again and again, for some frames at a time, with what it has seen up to now
(`pipeline.follower`). If a face is first seen while a frame waits, the lead-in covers the face in
that frame, as far back as the delay reaches.

Memory is bounded: efface forgets what is too old to matter.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

import numpy as np

from efface.detections import Detections
from efface.geometry import Size, area, overlap
from efface.live.left_visible_counter import LeftVisible
from efface.options import CoverOptions, TrackOptions
from efface.pipeline.follower import FORGET_EVERY, Followed, Follower, Moment, of_stream
from efface.pipeline.perceive import SmallPictures
from efface.planning.build import covering
from efface.planning.given_areas import is_inside, zones
from efface.regions import Region
from efface.track.gaps import LATELY_S
from efface.tracks import Reason, Track

BLOCK = 0.25
"""Share of the delay for which regions are made in one go.

They know that much less of the future, and cost a fraction.
"""

BASE = Fraction(1, 90_000)
HIDDEN = 0.9
"""A region hides a sighting if it covers at least this share of it."""


class Lookahead:
    """Takes examined frames of one size, in order, and decides for each what to erase when it
    leaves.

    One thread calls `looked`, another calls `regions`.
    """

    def __init__(
        self,
        size_wh: Size,
        track: TrackOptions,
        cover: CoverOptions,
        sure: Mapping[int, float],
        delay_s: float,
        visible: LeftVisible | None = None,
    ) -> None:
        """visible  counts what leaves without being erased; it continues the counts of an earlier
        lookahead."""
        self._visible = visible or LeftVisible()
        self._block_s = BLOCK * delay_s
        self._size_wh, self._options, self._cover, self._sure = size_wh, track, cover, sure
        self._erased, self._kept = zones(cover, size_wh)
        self._lock = threading.Lock()
        self._follower = Follower(track, cover, sure, BASE, of_stream(track))
        self._left = 0.0
        self._ready: dict[int, list[Region]] = {}
        self._shown: dict[int, list[tuple[int, int]]] = {}
        self._shown_at: dict[int, float] = {}

    def looked(self, second: float, small: SmallPictures, seen: Detections) -> int:
        """Take the next frame that was examined. Returns the number by which `regions` knows it.

        second  increases from call to call.
        """
        pts = round(second / float(BASE))
        moment = self._follower.measured(pts, second, self._size_wh, seen, small)
        with self._lock:
            self._follower.past_s = self._left
            self._follower.take(moment)
            if moment.index % FORGET_EVERY == 0:
                known = self._follower.track_ids()
                self._shown_at = {i: at for i, at in self._shown_at.items() if i in known}
        return moment.index

    def regions(self, index: int, second: float) -> list[Region]:
        """Return what to erase in that frame, which leaves now.

        Call this once for each frame, in order.
        """
        with self._lock:
            frame_s, self._left = second - self._left, second
            if index not in self._ready:
                self._ready = self._block(index, second)
            for track, kind in self._shown.pop(index, ()):
                is_new, before = (
                    track not in self._shown_at,
                    self._shown_at.get(track, float("-inf")),
                )
                since_s = second - before if second - before <= LATELY_S else min(frame_s, LATELY_S)
                self._visible.add(kind, max(0.0, since_s), is_new=is_new)
                self._shown_at[track] = second
            found = self._ready.pop(index)
        return [r for r in found if not any(is_inside(r.box, k) for k in self._kept)] + self._erased

    def left(self, second: float) -> None:
        """Record that frames up to that time have left without `regions`."""
        with self._lock:
            self._left = max(self._left, second)

    def _block(self, index: int, second: float) -> dict[int, list[Region]]:
        wanted = [
            m
            for m in self._follower.moments
            if m.index == index or (m.index > index and m.second < second + self._block_s)
        ]
        regions: dict[int, list[Region]] = {m.index: [] for m in wanted}
        judged = [m.index for m in wanted if m.unjudged is None]
        self._shown = {}
        if judged:
            followed = list(self._follower.followed(judged[0]))
            for number, region in _regions(followed, judged[0], judged[-1]):
                regions[number].append(region)
            self._shown = _shown(followed, {i: regions[i] + self._erased for i in judged})
        for moment in wanted:
            # The decision on cuts comes too late for this frame: a low rate, or a short delay.
            if moment.unjudged is not None:
                own = self._own(moment.unjudged.seen)
                regions[moment.index] = own + self._as_before(moment, regions)
        return {i: r for i, r in regions.items() if i == index or i in judged}

    def _own(self, seen: Detections) -> list[Region]:
        """Return regions for a frame's own detections."""
        regions = []
        for i in np.flatnonzero(seen.are_sure(self._sure)):
            reason = np.array([Reason.SEEN], np.uint8)
            track = Track(
                1, int(seen.kind[i]), np.zeros(1, np.int32), seen.xyxy[[i]], reason, seen.score[[i]]
            )
            if covered := covering(track, (self._size_wh,), self._cover):
                x1, y1, x2, y2 = covered.xyxy[0].astype(int).tolist()
                regions.append(Region((x1, y1, x2, y2)))
        return regions

    def _as_before(self, moment: Moment, regions: Mapping[int, list[Region]]) -> list[Region]:
        """Return what was erased last: until the tracker has judged this frame, assume that nothing
        has moved."""
        before = max((i for i in regions if i < moment.index), default=None)
        if before is not None:
            return regions[before]
        judged = [m.index for m in self._follower.moments if m.unjudged is None]
        if not judged:
            return []
        last = judged[-1]
        return [region for _, region in _regions(self._follower.followed(last), last, last)]


def _regions(followed: Iterable[Followed], first: int, last: int) -> Iterator[tuple[int, Region]]:
    """Yield everything that is erased in these frames, each with its frame."""
    for one in followed:
        if (covered := one.covered) is not None:
            inside = (covered.frame >= first) & (covered.frame <= last)
            boxes = covered.xyxy[inside].astype(int).tolist()
            for number, (x1, y1, x2, y2) in zip(covered.frame[inside].tolist(), boxes, strict=True):
                yield number, Region((x1, y1, x2, y2), one.seen.id)


def _shown(
    followed: Iterable[Followed], regions: Mapping[int, list[Region]]
) -> dict[int, list[tuple[int, int]]]:
    """Return for each of these frames the tracks, with their kinds, that were sighted there and
    that no region hides."""
    shown: dict[int, list[tuple[int, int]]] = {}
    for one in followed:
        track, is_left = one.seen, np.ones(len(one.seen), np.bool_)
        if one.covered is not None:
            is_left = ~np.isin(track.frame, one.covered.frame)
        for row in np.flatnonzero(is_left & np.isin(track.frame, list(regions))):
            frame, box = int(track.frame[row]), track.xyxy[[row]]
            erased = np.array([r.box for r in regions[frame]], np.float32).reshape(-1, 4)
            if not (overlap(box, erased) >= HIDDEN * area(box)).any():
                shown.setdefault(frame, []).append((track.id, track.kind))
    return shown
