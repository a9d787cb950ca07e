"""Follow what was seen over time, and decide what to cover: shot changes, the camera's motion,
tracks, pixel trails, gaps, support, and margins.

A film and a stream are followed by the same code. They differ in their horizon. Of a film
everything is known before the first frame is covered (`pipeline.analysis`). Of a stream only what
came up to now, as far as the delay reaches, and the past is forgotten (`live.lookahead`): a lost
track may be found again, and nobody knows yet. So efface covers a lost track where it was going,
for as long as the track is open.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from efface.detections import Detections
from efface.geometry import Size
from efface.options import CoverOptions, TrackOptions
from efface.pipeline.perceive import SmallPictures
from efface.planning.build import covering
from efface.timing import Timeline
from efface.track.camera_motion import STILL, Camera, Step, Views
from efface.track.follow import Grey
from efface.track.gaps import LATELY_S, Shots, fill_track
from efface.track.pixel_trails import PixelTrail, PixelTrails
from efface.track.score_margin import in_films
from efface.track.shots import THUMB_WH, ShotChanges
from efface.track.support import supported, unsupported
from efface.track.tracker import Tracker
from efface.tracks import Track

CONFIRMED = 3
"""From this many sightings on, a lost track of a stream is covered while it may be found again.

Most false alarms occur only once.
"""

FORGET_EVERY = 25
"""Number of frames after which a stream's past is forgotten."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """How much of the past a follower keeps and uses.

    kept_s        how long frames are kept after they have left.
    back_s        how far before a frame its surroundings are filled. Rows far before a frame say
                  nothing about it, and fewer rows cost less.
    camera_every  frames per measurement of the camera's motion, which counts as even in between.
    tells_left    also work out what would cover the sightings that are too weak.
    """

    kept_s: float = float("inf")
    back_s: float = float("inf")
    camera_every: int = 1
    tells_left: bool = True


WHOLE_FILM = Horizon()


def of_stream(options: TrackOptions) -> Horizon:
    """Return the horizon of a stream, in which every millisecond and every frame kept matters."""
    kept_s = max(options.hold_s, options.lead_out_s, options.bridge_s) + 2 * LATELY_S
    return Horizon(kept_s, back_s=2 * LATELY_S, camera_every=2, tells_left=False)


@dataclass(frozen=True, slots=True, eq=False)
class Unjudged:
    """What the tracker needs of a frame. It is dropped when the tracker has seen it.

    grey  see `SmallPictures`; None when the content is unknown.
    """

    seen: Detections
    thumb: NDArray[np.float32]
    grey: Grey | None


@dataclass(slots=True, eq=False)
class Moment:
    """A frame that was examined.

    index     0, 1, 2 ...
    pts       in the follower's time base.
    view      where the camera looked; None when it is unknown, or was not measured.
    unjudged  None when the tracker has seen the frame; until then only the frame's own detections
              are known.
    """

    index: int
    pts: int
    second: float
    size_wh: Size
    view: Step | None
    unjudged: Unjudged | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Consecutive judged moments, as the arrays that filling needs.

    start  index of the first one, which is row 0 of everything else.
    sizes  of every frame, or the one size of all.
    """

    start: int
    timeline: Timeline
    shots: Shots
    views: Views
    sizes: tuple[Size, ...]


@dataclass(slots=True, eq=False)
class _Known:
    """All judged moments, their pts, and the spans made so far, by their start."""

    moments: list[Moment]
    pts: NDArray[np.int64]
    spans: dict[int, Span] = field(default_factory=dict)

    @property
    def first(self) -> int:
        return self.moments[0].index if self.moments else 0

    @property
    def stop(self) -> int:
        return self.first + len(self.moments)

    def around(self, frame: int, back_s: float, base: Fraction) -> Span:
        """Return the span from `back_s` before that frame to the end."""
        start = self.first
        if back_s < float("inf"):
            since = self.pts[frame - self.first] - round(back_s / float(base))
            start += int(np.searchsorted(self.pts, since))
        if start not in self.spans:
            self.spans[start] = self._since(start, base)
        return self.spans[start]

    def _since(self, start: int, base: Fraction) -> Span:
        moments = self.moments[start - self.first :]
        cuts = [m.index - start for m in moments if m.is_cut and m.index > start]
        sizes = [m.size_wh for m in moments]
        return Span(
            start,
            Timeline(self.pts[start - self.first :], base),
            Shots(cuts, len(moments)),
            Views.of([m.view for m in moments]),
            tuple(sizes) if len(set(sizes)) > 1 else tuple(sizes[:1]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """A track, and what is made of it.

    seen     the track of sightings: boxes as the detector drew them.
    covered  what is erased, with margin; None where nothing is.
    left     what would be erased around sightings that were too weak; None if none was too weak, or
             if the horizon does not ask for it.
    """

    seen: Track
    covered: Track | None
    left: Track | None = None


class Follower:
    """Takes examined frames in order.

    moments  the frames so far, without those that were forgotten.
    past_s   frames up to this time have left, and are not asked about again.
    """

    def __init__(
        self,
        track: TrackOptions,
        cover: CoverOptions,
        sure: Mapping[int, float],
        time_base: Fraction,
        horizon: Horizon = WHOLE_FILM,
        *,
        drops_parts: bool = False,
    ) -> None:
        """drops_parts  see `Tracker`."""
        self.moments: deque[Moment] = deque()
        self.past_s = 0.0
        self._options, self._cover, self._sure = track, cover, sure
        self._base, self._horizon = time_base, horizon
        self._changes: ShotChanges[Moment] = ShotChanges()
        self._camera, self._trails = Camera(), PixelTrails()
        self._tracker = Tracker(track, sure, drops_parts=drops_parts)
        self._over: deque[Track] = deque()
        self._done: dict[int, Followed] = {}
        self._held = STILL
        self._thumb = np.zeros((THUMB_WH[1], THUMB_WH[0], 3), np.float32)
        self._next = 0

    def measured(
        self, pts: int, second: float, size_wh: Size, seen: Detections, small: SmallPictures | None
    ) -> Moment:
        """Return the next moment, for `take`, after a look at the camera's motion.

        small  None when the frame's content is unknown. It then counts as unchanged, and does not
               indicate a new shot.
        """
        index, view = self._next, None
        self._next += 1
        if small is not None:
            self._thumb = small.thumb
            if index % self._horizon.camera_every == 0:
                view = self._camera.view(small.view, size_wh)
        grey = small.grey if small is not None else None
        return Moment(index, pts, second, size_wh, view, Unjudged(seen, self._thumb, grey))

    def take(self, moment: Moment) -> None:
        """Follow everything to this moment. It is judged some frames later."""
        assert moment.unjudged is not None
        self.moments.append(moment)
        for judged, is_cut in self._changes.update(moment, moment.unjudged.thumb):
            self._judge(judged, is_cut)

    def flush(self) -> None:
        """End everything: the film has ended."""
        for judged, is_cut in self._changes.flush():
            self._judge(judged, is_cut)
        self._over.extend(self._tracker.flush())
        self._trails.flush()

    def _judge(self, moment: Moment, is_cut: bool) -> None:
        told, moment.unjudged, moment.is_cut = moment.unjudged, None, is_cut
        assert told is not None
        i, second = moment.index, moment.second
        self._held = moment.view or self._held
        over = self._tracker.update(i, second, told.seen, is_cut=is_cut, view=self._held)
        self._over.extend(over)
        seen = self._tracker.seen_in(i)
        self._trails.update(i, second, told.grey, moment.size_wh, seen, is_cut=is_cut)
        if i % FORGET_EVERY == 0 and self._horizon.kept_s < float("inf"):
            self._forget()

    def _forget(self) -> None:
        """Forget what is so old that no frame still to leave depends on it."""
        oldest = self.past_s - self._horizon.kept_s
        while self.moments and self.moments[0].second < oldest and not self.moments[0].unjudged:
            self.moments.popleft()
        first = self.moments[0].index if self.moments else self._next
        self._over = deque(t for t in self._over if int(t.frame[-1]) >= first)
        self._tracker.forget(first)
        self._trails.forget(first, self.track_ids())
        over = {t.id for t in self._over}
        self._done = {i: followed for i, followed in self._done.items() if i in over}

    def track_ids(self) -> set[int]:
        """Return the ids of all tracks that were not forgotten."""
        return {t.id for t in self._tracker.going_on()} | {t.id for t in self._over}

    @property
    def cuts(self) -> list[int]:
        """Return the frames with which new shots begin."""
        return [m.index for m in self.moments if m.is_cut]

    def followed(self, first: int = 0) -> Iterator[Followed]:
        """Yield every track, and what is covered of it from the frame `first` on, by the moments
        that were judged."""
        judged = [m for m in self.moments if m.unjudged is None]
        known = _Known(judged, np.array([m.pts for m in judged], np.int64))
        for track in self._over:
            yield self._when_over(track, first, known)
        for track in self._tracker.going_on():
            options = self._options
            if len(track) >= CONFIRMED:
                lead_out_s = max(options.lead_out_s, options.bridge_s)
                options = replace(options, lead_out_s=lead_out_s)
            yield self._covered(track, first, known, options)

    def _when_over(self, track: Track, first: int, known: _Known) -> Followed:
        """Return what is made of an ended track.

        Work it out again only while its lead-out may still gain frames.
        """
        if track.id in self._done:
            return self._done[track.id]
        followed = self._covered(track, first, known, self._options)
        covered = followed.covered
        is_final = covered is None or int(covered.frame[-1]) < known.stop - 1
        if is_final and not self._trails.follows(track.id):
            self._done[track.id] = followed
        return followed

    def _covered(self, track: Track, first: int, known: _Known, options: TrackOptions) -> Followed:
        last_seen = int(track.frame[-1])
        if last_seen < known.first:
            return Followed(track, None)
        span = known.around(min(first, last_seen), self._horizon.back_s, self._base)
        trails = self._trails.of.get(track.id, ())
        kept, left = self._supported(track, trails, span, options)
        covered, bare = None, None
        if kept is not None:
            growth = in_films(kept, span.timeline.seconds, self._cover.margin)
            covered = _later(covering(kept, span.sizes, self._cover, growth), span.start)
        if left is not None:
            bare = _later(covering(left, span.sizes, self._cover), span.start)
        return Followed(track, covered, bare)

    def _supported(
        self, track: Track, trails: Sequence[PixelTrail], span: Span, options: TrackOptions
    ) -> tuple[Track | None, Track | None]:
        """Return the frames of a track that its sightings support, and those around sightings that
        are too weak if the horizon tells them, both counted in the span."""
        part = _since(track, span.start)
        ways = [way for trail in trails if (way := _trail_since(trail, span.start))]
        seconds, sure = span.timeline.seconds, self._sure[track.kind]
        full = fill_track(part, span.timeline, span.shots, options, span.views, span.sizes, ways)
        kept = supported(full, part, seconds, options, sure, span.views, ways)
        tells_left = self._horizon.tells_left
        return kept, unsupported(full, kept, seconds, options) if tells_left else None


def _later(track: Track | None, start: int) -> Track | None:
    """Return the track of a span in frames of the whole."""
    return None if track is None else replace(track, frame=track.frame + np.int32(start))


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
