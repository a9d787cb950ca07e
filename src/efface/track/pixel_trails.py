"""Trails: where the pixels of an object went in frames in which the detector did not see it.

This module keeps small grey pictures of the last seconds. When a track loses an object, it follows
the object forwards from its last sighting, frame by frame as they come. When the object is seen
again, or for the first time, it follows the object backwards from there through the kept pictures.
`gaps.fill_track` decides which of these places are covered.

Memory and time are bounded for any video: the number of pictures, of patches at once, and of steps
a frame is limited. An object beyond these limits has no trail; the rules for objects that cannot be
followed cover it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from efface.geometry import Boxes, Size
from efface.track.follow import Grey, Patch, Place, places, scale

KEPT_S = 3.5
"""Seconds of pictures to keep."""

MOST_KEPT = 120
"""Maximum number of these pictures: 28 MB at 640x360."""

FARTHEST_S = 3.0
"""Maximum time for which an unseen object is followed."""

CONFIRMED = 3
"""Number of sightings from which a track is followed.

False alarms are many, and mostly come singly.
"""

MOST_AT_ONCE = 6
"""Maximum number of patches followed forwards at the same time; those with the best scores come
first."""

STEPS_A_FRAME = 2.0
"""Steps backwards that each frame pays for."""

MOST_SAVED = 300.0
"""Maximum number of steps that can be saved up, as they are needed in bursts."""


@dataclass(frozen=True, slots=True, eq=False)
class PixelTrail:
    """Where a patch went from a sighting.

    Row i of the arrays is the same moment, in the order of the steps.

    start  frame of the sighting.
    frame  (n,) int32, going up from it, or down.
    xyxy   (n, 4) float32, pixels of the upright frame.
    trust  (n,) float32, see `follow.Place`.
    """

    start: int
    frame: NDArray[np.int32]
    xyxy: Boxes
    trust: NDArray[np.float32]

    @property
    def is_forwards(self) -> bool:
        return bool(self.frame[0] > self.start)

    @classmethod
    def of(cls, start: int, moments: Iterable[tuple[int, Place]]) -> PixelTrail | None:
        """Build a trail from moments; None when there are no moments."""
        known = list(moments)
        if not known:
            return None
        return cls(
            start,
            np.array([f for f, _ in known], np.int32),
            np.array([p.xyxy for _, p in known], np.float32),
            np.array([p.trust for _, p in known], np.float32),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What a track saw in this frame, and before.

    track     its id.
    xyxy      (4,) its box here, pixels of the upright frame.
    score     mean of all its sightings.
    count     number of sightings so far, including this one.
    previous  frame of the sighting before; this frame if it is the first.
    first     frame of the first sighting.
    begun     box of the first sighting.
    """

    track: int
    xyxy: NDArray[np.float32]
    score: float
    count: int
    previous: int
    first: int
    begun: NDArray[np.float32]


@dataclass(slots=True)
class _Last:
    """The last sighting of a track, and where its patch went since."""

    frame: int
    second: float
    xyxy: NDArray[np.float32]
    score: float
    patch: Patch | None = None
    moments: list[tuple[int, Place]] = field(default_factory=list)


class PixelTrails:
    """Takes frames in order, with what tracks saw in them.

    of  the trails of each track so far, by its id.
    """

    def __init__(self) -> None:
        self.of: dict[int, list[PixelTrail]] = {}
        self._kept: deque[tuple[int, float, Grey]] = deque(maxlen=MOST_KEPT)
        self._last: dict[int, _Last] = {}
        self._steps = MOST_SAVED
        self._begun: set[int] = set()

    def update(
        self,
        frame: int,
        second: float,
        picture: Grey | None,
        size_wh: Size,
        seen: Iterable[Sighting],
        *,
        is_cut: bool = False,
    ) -> None:
        """Take the next frame.

        picture  a small copy of the frame; None when its content is unknown. Nothing is followed
                 across such a frame.
        """
        self._steps = min(self._steps + STEPS_A_FRAME, MOST_SAVED)
        if is_cut or picture is None or (self._kept and self._kept[-1][2].shape != picture.shape):
            self.flush()
        if picture is None:
            return
        self._kept.append((frame, second, picture))
        while self._kept[0][1] < second - KEPT_S:
            self._kept.popleft()
        exact = scale(picture, size_wh)
        now = set()
        for sighting in sorted(seen, key=lambda s: -s.score):
            now.add(sighting.track)
            self._note(frame, second, sighting, exact)
        lost = sorted((t for t in self._last if t not in now), key=lambda t: -self._last[t].score)
        self._go_on(frame, second, picture, lost, exact)

    def flush(self) -> None:
        """End all trails: a shot, or the video, has ended."""
        for track in list(self._last):
            self._close(track)
        self._kept.clear()
        self._begun.clear()

    def follows(self, track: int) -> bool:
        """Return whether the track's pixels are still being followed beyond its last sighting."""
        return track in self._last

    def forget(self, before: int, open_tracks: Container[int]) -> None:
        """Drop trails that lie wholly in frames before that one, and state that only finished
        tracks needed."""
        self._begun = {t for t in self._begun if t in open_tracks}
        kept = (
            (track, [t for t in trails if max(t.start, int(t.frame.max())) >= before])
            for track, trails in self.of.items()
        )
        self.of = {track: trails for track, trails in kept if trails}

    def _note(self, frame: int, second: float, seen: Sighting, exact: NDArray[np.float64]) -> None:
        self._close(seen.track)
        if seen.count < CONFIRMED:
            return
        self._last[seen.track] = _Last(frame, second, seen.xyxy, seen.score)
        if seen.previous < frame - 1:
            self._go_back(seen.track, frame, seen.previous, seen.xyxy, exact)
        if seen.track not in self._begun:
            self._begun.add(seen.track)
            self._go_back(seen.track, seen.first, -1, seen.begun, exact)

    def _close(self, track: int) -> None:
        last = self._last.pop(track, None)
        if last:
            self._add(track, PixelTrail.of(last.frame, last.moments))

    def _add(self, track: int, trail: PixelTrail | None) -> None:
        if trail:
            self.of.setdefault(track, []).append(trail)

    def _go_back(
        self,
        track: int,
        start: int,
        stop: int,
        xyxy: NDArray[np.float32],
        exact: NDArray[np.float64],
    ) -> None:
        """Follow backwards from a sighting in frame `start` to the frame after `stop`, while
        pictures and steps last."""
        pictures = [k for k in reversed(self._kept) if stop < k[0] <= start][: int(self._steps) + 1]
        if len(pictures) < 2 or pictures[0][0] != start:
            return
        pictures = [k for k in pictures if k[1] >= pictures[0][1] - FARTHEST_S]
        moments = list(
            zip(
                (f for f, _, _ in pictures[1:]),
                places((p for _, _, p in pictures), xyxy, exact),
                strict=False,
            )
        )
        self._steps -= len(moments)
        self._add(track, PixelTrail.of(start, moments))

    def _go_on(
        self, frame: int, second: float, picture: Grey, lost: list[int], exact: NDArray[np.float64]
    ) -> None:
        """Follow the lost tracks one step forwards."""
        followed = sum(last.patch is not None for last in self._last.values())
        for track in lost:
            last = self._last[track]
            patch = last.patch
            if (
                patch is None
                and last.frame == frame - 1
                and followed < MOST_AT_ONCE
                and len(self._kept) > 1
            ):
                patch = Patch.at(self._kept[-2][2], last.xyxy * exact)
                followed += 1
            if patch is not None and second - last.second <= FARTHEST_S:
                last.patch = patch.in_next(picture)
            else:
                last.patch = None
            if last.patch is None:
                self._close(track)
            else:
                last.moments.append((frame, last.patch.place(exact)))
