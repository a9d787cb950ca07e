"""Decide what to cover when a frame leaves, from the tracks known at that moment, open tracks
included.

Offline, `pipeline.analysis` sees a whole video before it covers the first frame. Here efface fills
tracks again and again, for some frames at a time, with what it has seen up to now. If a face is
first seen while a frame waits, the lead-in covers the face in that frame, as far back as the delay
reaches. A lost track may be found again. Offline the gap would be bridged; here the future is
unknown. So efface covers a lost track where it was going, for as long as the track is open.

Memory is bounded: efface forgets what is too old to matter.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from efface.detections import Detections
from efface.geometry import Box, Size, area, overlap
from efface.live.left_visible_counter import LeftVisible
from efface.options import CoverOptions, TrackOptions
from efface.planning.build import covering
from efface.regions import Region
from efface.timing import Timeline
from efface.track.camera_motion import STILL, Camera, Step, Views
from efface.track.follow import Grey, in_grey
from efface.track.gaps import LATELY_S, Shots, fill_track
from efface.track.pixel_trails import PixelTrail, PixelTrails
from efface.track.score_margin import in_films
from efface.track.shots import ShotChanges, thumbnail
from efface.track.support import supported
from efface.track.tracker import Tracker
from efface.tracks import Reason, Track

BLOCK = 0.25
"""Share of the delay for which regions are made in one go.

They know that much less of the future, and cost a fraction.
"""

CAMERA_EVERY = 2
"""Frames per measurement of the camera's motion, which counts as even in between.

In a stream every millisecond matters.
"""

Rgb = NDArray[np.uint8]
"""Shape (h, w, 3)."""

BASE = Fraction(1, 90_000)
HIDDEN = 0.9
"""A region hides a sighting if it covers at least this share of it."""

CONFIRMED = 3
"""From this many sightings on, a lost track is covered while it may be found again.

Most false alarms occur only once.
"""


@dataclass(slots=True, eq=False)
class _Row:
    """A frame that was examined.

    is_judged  the tracker has seen it; until then only its own detections are known.
    """

    index: int
    second: float
    seen: Detections
    view: Step | None
    grey: Grey
    is_cut: bool = False
    is_judged: bool = False


@dataclass(slots=True, eq=False)
class _Known:
    """Rows as the arrays that `fill_track` expects. `first` is the index of row 0."""

    first: int
    pts: NDArray[np.int64]
    views: list[Step | None]
    cuts: list[int] = field(default_factory=list)


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
        self._kept_s = max(track.hold_s, track.lead_out_s, track.bridge_s) + 2 * LATELY_S
        self._lock = threading.Lock()
        self._rows: deque[_Row] = deque()
        self._changes: ShotChanges[_Row] = ShotChanges()
        self._camera, self._tracker, self._trails = Camera(), Tracker(track, sure), PixelTrails()
        self._over: deque[Track] = deque()
        self._held = STILL
        self._next = 0
        self._left = 0.0
        self._ready: dict[int, list[Region]] = {}
        self._shown: dict[int, list[tuple[int, int]]] = {}
        self._shown_at: dict[int, float] = {}
        self._done: dict[int, Track | None] = {}

    def looked(self, second: float, small: Rgb, grey: Grey, seen: Detections) -> int:
        """Take the next frame that was examined. Returns the number by which `regions` knows it.

        second  increases from call to call.
        small   (h, w, 3) uint8 RGB, the frame scaled down, see `track.camera_motion`.
        grey    see `track.follow.small_wh`.
        """
        view = (
            self._camera.view(in_grey(small), self._size_wh)
            if self._next % CAMERA_EVERY == 0
            else None
        )
        row = _Row(self._next, second, seen, view, grey)
        self._next += 1
        thumb = thumbnail(small)
        with self._lock:
            self._rows.append(row)
            for judged, is_cut in self._changes.update(row, thumb):
                self._track(judged, is_cut)
        return row.index

    def _track(self, row: _Row, is_cut: bool) -> None:
        self._held = row.view or self._held
        over = self._tracker.update(row.index, row.second, row.seen, is_cut=is_cut, view=self._held)
        self._over.extend(over)
        seen = self._tracker.seen_in(row.index)
        self._trails.update(row.index, row.second, row.grey, self._size_wh, seen, is_cut=is_cut)
        row.is_cut, row.is_judged = is_cut, True
        row.grey = row.grey[:0, :0]  # the trails hold it now
        if row.index % 25 == 0:
            self._forget()

    def _forget(self) -> None:
        """Forget what is so old that no frame still to leave depends on it."""
        oldest = self._left - self._kept_s
        while self._rows and self._rows[0].second < oldest and self._rows[0].is_judged:
            self._rows.popleft()
        first = self._rows[0].index if self._rows else self._next
        self._over = deque(t for t in self._over if int(t.frame[-1]) >= first)
        self._tracker.forget(first)
        alive, over = {t.id for t in self._tracker.going_on()}, {t.id for t in self._over}
        self._trails.forget(first, alive | over)
        self._done = {i: covered for i, covered in self._done.items() if i in over}
        self._shown_at = {i: at for i, at in self._shown_at.items() if i in alive | over}

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
            return self._ready.pop(index)

    def left(self, second: float) -> None:
        """Record that frames up to that time have left without `regions`."""
        with self._lock:
            self._left = max(self._left, second)

    def _block(self, index: int, second: float) -> dict[int, list[Region]]:
        wanted = [
            r
            for r in self._rows
            if r.index == index or (r.index > index and r.second < second + self._block_s)
        ]
        regions: dict[int, list[Region]] = {r.index: [] for r in wanted}
        judged = [r.index for r in wanted if r.is_judged]
        self._shown = {}
        if judged:
            covered = list(self._covered_tracks(judged[0]))
            for number, box, track in self._boxes(covered, judged[0], judged[-1]):
                regions[number].append(Region(box, track))
            self._shown = _shown(covered, {i: regions[i] for i in judged})
        for row in wanted:
            if (
                not row.is_judged
            ):  # the decision on cuts comes too late for this frame: a low rate, or a short delay
                regions[row.index] = self._own(row) + self._as_before(row, regions)
        return {i: r for i, r in regions.items() if i == index or i in judged}

    def _covered_tracks(self, first: int) -> Iterator[tuple[Track, Track | None]]:
        """Yield each track of sightings, and what is erased of it from that frame on."""
        known = self._known()
        for track, is_open in self._tracks():
            yield (
                track,
                self._covered(track, first, known)
                if is_open
                else self._covered_when_over(track, first, known),
            )

    def _boxes(
        self, tracks: Iterable[tuple[Track, Track | None]], first: int, last: int
    ) -> Iterator[tuple[int, Box, int]]:  # fmt: skip
        """Yield frame number, box and track of everything that is erased in these frames."""
        for track, covered in tracks:
            if covered is not None:
                inside = (covered.frame >= first) & (covered.frame <= last)
                for number, box in zip(
                    covered.frame[inside].tolist(),
                    covered.xyxy[inside].astype(int).tolist(),
                    strict=True,
                ):
                    yield number, (box[0], box[1], box[2], box[3]), track.id

    def _tracks(self) -> Iterator[tuple[Track, bool]]:
        yield from ((t, False) for t in self._over)
        yield from ((t, True) for t in self._tracker.going_on())

    def _known(self) -> _Known:
        judged = [r for r in self._rows if r.is_judged]
        first = judged[0].index if judged else 0
        pts = np.array([round(r.second / float(BASE)) for r in judged], np.int64)
        return _Known(
            first,
            pts,
            [r.view for r in judged],
            [r.index for r in judged if r.is_cut and r.index > first],
        )

    def _covered_when_over(self, track: Track, first: int, known: _Known) -> Track | None:
        """Do the same for an ended track.

        Work it out again only while its lead-out may still gain frames.
        """
        if track.id in self._done:
            return self._done[track.id]
        covered = self._covered(track, first, known, is_open=False)
        is_final = covered is None or int(covered.frame[-1]) < known.first + len(known.pts) - 1
        if is_final and not self._trails.follows(track.id):
            self._done[track.id] = covered
        return covered

    def _covered(
        self, track: Track, first: int, known: _Known, *, is_open: bool = True
    ) -> Track | None:
        """Return the track in all frames from `first` on; None if it ended before, or lies outside
        the picture."""
        last_seen = int(track.frame[-1])
        if last_seen < known.first:
            return None
        # Rows far before the frame say nothing about it. Fewer rows to fill cost less.
        anchor = min(first, last_seen)
        back = int(
            np.searchsorted(
                known.pts, known.pts[anchor - known.first] - round(2 * LATELY_S / float(BASE))
            )
        )
        start = known.first + back
        options = self._options
        if is_open and len(track) >= CONFIRMED:
            options = replace(options, lead_out_s=max(options.lead_out_s, options.bridge_s))
        part = _since(track, start)
        timeline = Timeline(known.pts[back:], BASE)
        shots = Shots([c - start for c in known.cuts if c > start], len(timeline))
        views = Views.of(known.views[back:])
        trails = [
            t for trail in self._trails.of.get(track.id, ()) if (t := _trail_since(trail, start))
        ]
        full = fill_track(part, timeline, shots, options, views, (self._size_wh,), trails)
        kept = supported(
            full, part, timeline.seconds, options, self._sure[track.kind], views, trails
        )
        if kept is None:
            return None
        growth = in_films(kept, timeline.seconds, self._cover.margin)
        covered = covering(kept, (self._size_wh,), self._cover, growth)
        return None if covered is None else replace(covered, frame=covered.frame + start)

    def _own(self, row: _Row) -> list[Region]:
        """Return regions for the frame's own detections."""
        seen, regions = row.seen, []
        for i in np.flatnonzero(seen.are_sure(self._sure)):
            reason = np.array([Reason.SEEN], np.uint8)
            track = Track(
                1, int(seen.kind[i]), np.zeros(1, np.int32), seen.xyxy[[i]], reason, seen.score[[i]]
            )
            if covered := covering(track, (self._size_wh,), self._cover):
                x1, y1, x2, y2 = covered.xyxy[0].astype(int).tolist()
                regions.append(Region((x1, y1, x2, y2)))
        return regions

    def _as_before(self, row: _Row, regions: Mapping[int, list[Region]]) -> list[Region]:
        """Return what was erased last: until the tracker has judged this frame, assume that nothing
        has moved."""
        before = max((i for i in regions if i < row.index), default=None)
        if before is not None:
            return regions[before]
        judged = [r.index for r in self._rows if r.is_judged]
        if not judged:
            return []
        boxes = self._boxes(self._covered_tracks(judged[-1]), judged[-1], judged[-1])
        return [Region(box, track) for _, box, track in boxes]


def _shown(
    tracks: Iterable[tuple[Track, Track | None]], regions: Mapping[int, list[Region]]
) -> dict[int, list[tuple[int, int]]]:  # fmt: skip
    """Return for each of these frames the tracks, with their kinds, that were sighted there and
    that no region hides."""
    shown: dict[int, list[tuple[int, int]]] = {}
    for track, covered in tracks:
        is_left = (
            np.ones(len(track), np.bool_)
            if covered is None
            else ~np.isin(track.frame, covered.frame)
        )
        for row in np.flatnonzero(is_left & np.isin(track.frame, list(regions))):
            frame, box = int(track.frame[row]), track.xyxy[[row]]
            erased = np.array([r.box for r in regions[frame]], np.float32).reshape(-1, 4)
            if not (overlap(box, erased) >= HIDDEN * area(box)).any():
                shown.setdefault(frame, []).append((track.id, track.kind))
    return shown


def _since(track: Track, start: int) -> Track:
    """Return the track from that frame on. That frame becomes frame 0."""
    rows = track.frame >= start
    return replace(
        track,
        frame=track.frame[rows] - np.int32(start),
        xyxy=track.xyxy[rows],
        reason=track.reason[rows],
        score=track.score[rows],
        closer=None if track.closer is None else track.closer[rows],
    )


def _trail_since(trail: PixelTrail, start: int) -> PixelTrail | None:
    """Return the trail from that frame on; None if nothing is left."""
    rows = trail.frame >= start
    if trail.start < start or not rows.any():
        return None
    return PixelTrail(
        trail.start - start,
        trail.frame[rows] - np.int32(start),
        trail.xyxy[rows],
        trail.trust[rows],
    )
