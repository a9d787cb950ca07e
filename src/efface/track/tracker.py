"""Sightings to tracks, frame by frame.

As in ByteTrack (Zhang et al. 2022, arXiv 2110.06864), strong detections are matched first and begin
tracks. Weak ones continue a track that expects an object there. Faces that are seen only weakly,
but repeatedly in one place, are also tracks. A face that is finally seen surely includes its weak
sightings before (track before detect). Only position and motion decide: a track means "the same
thing, a moment later", and ends with the shot.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from efface.detections import FACE, Detections
from efface.geometry import Boxes, area, overlap
from efface.options import TrackOptions
from efface.track.camera_motion import STILL as FIXED
from efface.track.camera_motion import Step, turned
from efface.track.match import match
from efface.track.motion import (
    FEW_SIGHTINGS,
    MOTIONS,
    STILL,
    Course,
    Motion,
    course,
    moved,
    velocities,
)
from efface.track.pixel_trails import Sighting
from efface.tracks import Reason, Track

LEAST_WEAK = 0.35
"""Minimum buffered IoU of a pair. A weak detection must lie where the track expects it."""

OFTEN, OFTEN_WITHIN_S, LEAST_OFTEN = 0.4, 1.0, 6
"""An object counts if it is seen weakly in this share of the frames of this many seconds, and in at
least this many frames."""

OFTEN_SCORE = 0.64
"""Its mean score must also be at least this share of what is sure. On clips made of labelled
pictures this closes a seventh of the leaks for a twentieth more needless area; with any score it
would be a sixth, for a tenth."""

PART_WITHIN_S, PART_OF, PART_WORSE, PART_SHARED = 0.2, 0.5, 0.2, 0.3
"""A detection shows a part of a tracked object, and not another one, if the track had a score of
PART_OF within this many seconds, the detection's score is lower by PART_WORSE, and so large a share
of the smaller box lies in both. The same within a frame: `detect.faces.DOUBLES`."""

SUSPECTED_S = 0.5
"""Maximum time to wait for the next weak sighting of an object that is only suspected."""


@dataclass(slots=True)
class _Open:
    """A track that may go on. Until it is sure, it is a suspicion and not a track."""

    id: int
    kind: int
    frames: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    boxes: list[NDArray[np.float32]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    closer: list[float] = field(default_factory=list)
    views: list[Step] = field(default_factory=list)
    course: Course = STILL
    is_sure: bool = False
    scored: float = 0.0

    def add(self, frame: int, second: float, seen: Detections, row: int, view: Step) -> None:
        """Add a sighting. The course is not known again before `_set_courses`."""
        score = float(seen.score[row])
        self.frames.append(frame)
        self.seconds.append(second)
        self.boxes.append(seen.xyxy[row])
        self.scores.append(score)
        self.closer.append(math.nan if seen.closer is None else float(seen.closer[row]))
        self.scored += score
        self.views.append(view)

    def forget(self, before: int) -> None:
        """Drop what was seen in frames before that one, except the last sighting."""
        old = min(bisect_left(self.frames, before), len(self.frames) - 1)
        if old:
            for kept in (
                self.frames,
                self.seconds,
                self.boxes,
                self.scores,
                self.closer,
                self.views,
            ):
                del kept[:old]
            self.scored = sum(self.scores)

    def best_since(self, second: float) -> float:
        """Return the best score of the sightings since then, 0 without one."""
        return max(self.scores[bisect_left(self.seconds, second) :], default=0.0)

    def reach(self, second: float) -> float:
        """Return the share by which boxes grow before they are compared with this track's, in steps
        of a tenth."""
        known = self.motion.young_reach if len(self.frames) < FEW_SIGHTINGS else self.motion.reach
        return round(known + self.motion.reach_per_s * (second - self.seconds[-1]), 1)

    @property
    def motion(self) -> Motion:
        return MOTIONS[self.kind]

    def finished(self) -> Track:
        n = len(self.frames)
        return Track(
            self.id,
            self.kind,
            np.array(self.frames, np.int32),
            np.array(self.boxes, np.float32),
            np.full(n, Reason.SEEN, np.uint8),
            np.array(self.scores, np.float32),
            closer=np.array(self.closer, np.float32),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """Tracks of one kind that may go on in a frame. Row i of every array is the same track.

    expected  (n, 4) where they have moved since they were last seen, as the camera sees them now.
    instead   (n, 4) where they were on the screen while their motion is little known; otherwise
              as expected. An object that the camera follows stays in its place on the screen, and
              the background moves.
    reach     (n,) see `_Open.reach`.
    """

    tracks: Sequence[_Open]
    expected: Boxes
    instead: Boxes
    reach: NDArray[np.float32]

    @classmethod
    def of(cls, tracks: Sequence[_Open], second: float, view: Step) -> _Waiting:
        boxes = np.array([t.boxes[-1] for t in tracks], np.float32).reshape(-1, 4)
        expected = boxes
        if len(tracks):
            elapsed_s = np.array([second - t.seconds[-1] for t in tracks])
            gone = moved(boxes, _together(tracks), elapsed_s, tracks[0].motion)
            expected = _seen_from(view, gone, [t.views[-1] for t in tracks])
        is_young = np.array([len(t.frames) < FEW_SIGHTINGS for t in tracks], np.bool_)
        instead = np.where(is_young[:, None], boxes, expected)
        reach = np.array([t.reach(second) for t in tracks], np.float32)
        return cls(tracks, expected, instead, reach)

    def rows(self, which: Sequence[bool]) -> _Waiting:
        """Return only the selected tracks."""
        at = np.flatnonzero(which)
        return _Waiting(
            [self.tracks[i] for i in at.tolist()],
            self.expected[at],
            self.instead[at],
            self.reach[at],
        )


def _together(tracks: Sequence[_Open]) -> Course:
    """Return the courses of tracks as one."""
    approach = np.array([[t.course.approach] for t in tracks], np.float64)
    return Course(np.array([t.course.velocity for t in tracks]), approach)


def _seen_from(view: Step, xyxy: NDArray[np.floating], views: Sequence[Step]) -> Boxes:
    """Return boxes (n, 4), each seen in another view, as they are in this view."""
    turn = view.turn / np.array([v.turn for v in views], np.complex128)
    shift = view.shift - turn * np.array([v.shift for v in views], np.complex128)
    return turned(xyxy, turn, shift)


def _without_parts(seen: Detections, running: _Waiting, frame: int, second: float) -> Detections:
    """Return the detections without those that show a part of what a running track follows.

    Not every frame is examined at every size. The size that shows a whole face may have had its
    turn a moment ago, and now another size shows its chin, or the head with the collar. Where the
    track is seen in this frame, too, the detector has compared both.
    """
    best = np.array([t.best_since(second - PART_WITHIN_S) for t in running.tracks], np.float32)
    is_unseen = np.array([t.frames[-1] != frame for t in running.tracks], np.bool_)
    at = np.flatnonzero(is_unseen & (best >= PART_OF))
    if not len(at) or not len(seen):
        return seen
    expected = running.expected[at]
    smaller = np.minimum(area(seen.xyxy)[:, None], area(expected)[None])
    shared = overlap(seen.xyxy, expected) / np.maximum(smaller, 1e-6)
    is_worse = best[at][None] >= seen.score[:, None] + np.float32(PART_WORSE)
    is_part = (shared >= PART_SHARED) & is_worse
    return seen.rows(np.flatnonzero(~is_part.any(axis=1)))


def _set_courses(tracks: Iterable[_Open], view: Step) -> None:
    """Set the course of tracks that were seen in this view.

    Tracks with equally many recent sightings are worked out together: one at a time takes half of
    the tracker's time.
    """
    alike: dict[tuple[int, int], list[_Open]] = {}
    for t in tracks:
        recent = t.seconds[-t.motion.most_recent :]
        n = len(recent) - bisect_left(recent, recent[-1] - t.motion.memory_s)
        alike.setdefault((t.kind, n), []).append(t)
    for (kind, n), group in alike.items():
        views = [v for t in group for v in t.views[-n:]]
        boxes = _seen_from(view, np.array([b for t in group for b in t.boxes[-n:]]), views)
        seconds = np.array([t.seconds[-n:] for t in group])
        for t, c in zip(
            group, _courses(seconds, boxes.reshape(-1, n, 4), MOTIONS[kind]), strict=True
        ):
            t.course = c


def _courses(
    seconds: NDArray[np.float64], xyxy: NDArray[np.float32], motion: Motion
) -> list[Course]:
    """Return the courses of m objects with n recent sightings each: seconds (m, n), xyxy (m, n,
    4)."""
    if motion.keeps_size and seconds.shape[1] > 1:
        return [Course(v) for v in velocities(seconds, xyxy, motion)]
    return [course(s, x, motion) for s, x in zip(seconds, xyxy, strict=True)]


class Tracker:
    """Takes frames in order and yields tracks of sightings as they end.

    Every strong detection is in exactly one track, unless `drops_parts`: then those of faces are in
    none that show a part of a face whose track runs there.
    """

    def __init__(
        self, options: TrackOptions, sure: Mapping[int, float], *, drops_parts: bool = False
    ) -> None:
        self._patience_s = options.bridge_s
        self._sure, self._drops_parts = sure, drops_parts
        self._open: list[_Open] = []
        self._next_id = 1
        self._view = FIXED
        self._lately: deque[float] = deque()

    def update(
        self,
        frame: int,
        second: float,
        seen: Detections,
        *,
        is_cut: bool = False,
        view: Step = FIXED,
    ) -> Iterator[Track]:
        """Take the next frame, and yield the tracks that ended.

        is_cut  a new shot begins with this frame, so all tracks end before it.
        view    where the camera looks, see `camera_motion.Views`.
        """
        self._view = view
        self._lately.append(second)
        while second - self._lately[0] >= OFTEN_WITHIN_S:
            self._lately.popleft()
        yield from self._end(lambda t: is_cut or second - t.seconds[-1] > self._patience(t))
        for kind in np.unique(seen.kind):
            self._see(frame, second, seen.rows(seen.kind == kind))
        _set_courses((t for t in self._open if t.frames[-1] == frame), view)

    def flush(self) -> Iterator[Track]:
        """Yield the tracks that are still open at the end of the video."""
        yield from self._end(lambda t: True)

    def going_on(self) -> Iterator[Track]:
        """Yield the tracks that may go on, as they are so far, without suspicions."""
        yield from (t.finished() for t in self._open if t.is_sure)

    def forget(self, before: int) -> None:
        """Drop what open tracks saw in frames before that one, except the last sighting: a stream
        is endless, memory is not."""
        for t in self._open:
            t.forget(before)

    def seen_in(self, frame: int) -> Iterator[Sighting]:
        """Yield what open tracks saw in the frame of the last update."""
        for t in self._open:
            if t.frames[-1] == frame and t.is_sure:
                yield Sighting(
                    t.id,
                    t.boxes[-1],
                    t.scored / len(t.frames),
                    len(t.frames),
                    t.frames[-2:][0],
                    t.frames[0],
                    t.boxes[0],
                )

    def _patience(self, track: _Open) -> float:
        return self._patience_s if track.is_sure else min(self._patience_s, SUSPECTED_S)

    def _end(self, is_over: Callable[[_Open], bool]) -> Iterator[Track]:
        over = [t for t in self._open if is_over(t)]
        self._open = [t for t in self._open if not is_over(t)]
        yield from (t.finished() for t in over if t.is_sure)

    def _see(self, frame: int, second: float, seen: Detections) -> None:
        """Match detections of one kind to tracks."""
        strong = seen.are_sure(self._sure)
        kind = int(seen.kind[0])
        motion = MOTIONS[kind]
        waiting = _Waiting.of([t for t in self._open if t.kind == kind], second, self._view)
        known, vague = (
            waiting.rows([t.is_sure == s for t in waiting.tracks]) for s in (True, False)
        )
        running = known
        left, known = self._continue(frame, second, seen.rows(strong), known, motion.least_strong)
        known = known.rows([second - t.seconds[-1] <= motion.weak_within_s for t in known.tracks])
        weak, _ = self._continue(frame, second, seen.rows(~strong), known, LEAST_WEAK)
        if self._drops_parts and kind == FACE:
            left, weak = (_without_parts(d, running, frame, second) for d in (left, weak))
        # A suspicion takes a detection that is left over. Both are one track from the beginning.
        left, vague = self._continue(
            frame, second, left, vague, motion.least_strong, makes_sure=True
        )
        self._begin(frame, second, left, is_sure=True)
        if motion.weak_counts:
            weak, vague = self._continue(frame, second, weak, vague, LEAST_WEAK)
            self._begin(frame, second, weak, is_sure=False)
            self._believe(second, kind)

    def _begin(self, frame: int, second: float, seen: Detections, *, is_sure: bool) -> None:
        for i in range(len(seen)):
            track = _Open(self._next_id, int(seen.kind[i]), is_sure=is_sure)
            track.add(frame, second, seen, i, self._view)
            self._open.append(track)
            self._next_id += 1

    def _believe(self, second: float, kind: int) -> None:
        """Make tracks of objects that were suspected repeatedly: noise does not stay in one
        place."""
        passed_s = self._lately[-1] - self._lately[0]
        if passed_s <= 0:
            return
        least = max(LEAST_OFTEN, round(OFTEN * OFTEN_WITHIN_S * (len(self._lately) - 1) / passed_s))
        for t in self._open:
            if (
                not t.is_sure
                and t.kind == kind
                and t.seconds[-1] == second
                and t.seconds[-least:][0] > second - OFTEN_WITHIN_S
            ):
                scores = t.scores[-least:]
                t.is_sure = (
                    len(scores) == least and sum(scores) >= OFTEN_SCORE * self._sure[kind] * least
                )

    def _continue(
        self,
        frame: int,
        second: float,
        seen: Detections,
        waiting: _Waiting,
        least: float,
        *,
        makes_sure: bool = False,
    ) -> tuple[Detections, _Waiting]:
        """Add detections to the tracks that they continue, all of one kind.

        Return the detections and tracks left unmatched.
        """
        if not len(seen) or not waiting.tracks:
            return seen, waiting
        motion = MOTIONS[int(seen.kind[0])]
        pairs = match(waiting.expected, waiting.reach, seen.xyxy, least, motion, waiting.instead)
        for row, column in pairs:
            waiting.tracks[row].add(frame, second, seen, column, self._view)
            waiting.tracks[row].is_sure |= makes_sure
        is_left = np.ones(len(seen), bool)
        is_left[[c for _, c in pairs]] = False
        taken = {r for r, _ in pairs}
        return seen.rows(is_left), waiting.rows(
            [i not in taken for i in range(len(waiting.tracks))]
        )
