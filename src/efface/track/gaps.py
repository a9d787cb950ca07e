"""What is covered between two sightings, before the first and after the last.

A detector blinks, and it sees a face or a plate late. Between two sightings the box goes straight from one to the other;
at both ends it goes on with the last motion. Where nothing was seen the box grows with the time since something was: nobody
knows exactly where it is. Nothing reaches beyond the shot.

The box of a single frame is noisy: it jumps by some pixels, and now and then it misses an ear. So each frame is covered
where its neighbours are, too: an envelope that contains every sighting and never shrinks suddenly.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from efface.geometry import Boxes, area, grown, hulls
from efface.options import TrackOptions
from efface.timing import Timeline
from efface.track.motion import MOTIONS, Motion, course, moved
from efface.tracks import Reason, Track

ENVELOPE_S = 0.045
"""Boxes this long before and after count for a frame's box: one frame at 25 or 30 a second. On two labelled clips it closed
the one leak that a noisy box had left, for 24 % more area where the camera shook and 4 % where it was still."""


class Shots:
    """First and last frame of the shot around a frame."""

    def __init__(self, cuts: list[int], frame_count: int) -> None:
        self._starts = np.array([0, *cuts], np.int64)
        self._stops = np.array([*cuts, frame_count], np.int64)

    def around(self, frame: int) -> tuple[int, int]:
        """Half-open range of frame numbers."""
        i = int(np.searchsorted(self._starts, frame, side="right")) - 1
        return int(self._starts[i]), int(self._stops[i])


def filled(track: Track, timeline: Timeline, shots: Shots, options: TrackOptions) -> Track:
    """The track with every frame from lead-in to lead-out. Each box contains what was seen in its frame."""
    seconds = timeline.seconds
    start, stop = shots.around(int(track.frame[0]))
    first, last = int(track.frame[0]), int(track.frame[-1])
    # The frame on the screen at that time: with few frames a second, it was shown well before.
    begin = max(start, int(np.searchsorted(seconds, seconds[first] - options.lead_in_s, side="right")) - 1)
    end = min(stop, int(np.searchsorted(seconds, seconds[last] + options.lead_out_s, side="right")))
    frame = np.arange(begin, end, dtype=np.int32)
    t = seconds[frame]
    seen_t = seconds[track.frame]
    motion = MOTIONS[track.kind]
    xyxy = _along(t, seen_t, track.xyxy, motion)
    distance_s = np.abs(t[:, None] - _nearest(t, seen_t)).min(axis=1)
    xyxy = grown(xyxy, np.minimum(motion.growth_per_s * distance_s, motion.most_growth), evenly=motion.is_flat)
    reason = np.where((frame < first) | (frame > last), Reason.EXTENDED, Reason.BRIDGED).astype(np.uint8)
    score = np.zeros(len(frame), np.float32)
    at = np.searchsorted(frame, track.frame)
    xyxy[at], reason[at], score[at] = track.xyxy, Reason.SEEN, track.score
    return replace(track, frame=frame, xyxy=_enveloped(t, xyxy), reason=reason, score=score)


def _along(t: NDArray[np.float64], seen_t: NDArray[np.float64], seen: Boxes, motion: Motion) -> Boxes:
    """(len(t), 4) boxes at the times t: straight between sightings, with fading motion outside."""
    boxes = np.stack([np.interp(t, seen_t, seen[:, side]) for side in range(4)], axis=1).astype(np.float32)
    if not motion.keeps_size:
        boxes = hulls(boxes, _in_perspective(t, seen_t, seen))
    before, after = np.maximum(seen_t[0] - t, 0), np.maximum(t - seen_t[-1], 0)
    backwards, forwards = course(-seen_t[::-1], seen[::-1], motion), course(seen_t, seen, motion)
    as_measured = moved(moved(boxes, backwards, before, motion), forwards, after, motion)
    if motion.keeps_size:
        return as_measured.astype(np.float32)
    # What seems to go away is covered at full size too: it may have been noise.
    backwards, forwards = backwards.never_receding(), forwards.never_receding()
    return hulls(as_measured, moved(moved(boxes, backwards, before, motion), forwards, after, motion))


def _in_perspective(t: NDArray[np.float64], seen_t: NDArray[np.float64], seen: Boxes) -> NDArray[np.float64]:
    """(len(t), 4) boxes between sightings of something that crosses space evenly (see `track.motion`).

    One over the size changes evenly, and the place of each side goes along with the size.
    """
    size = np.maximum(np.sqrt(area(seen).astype(np.float64)), 1e-6)
    right = np.clip(np.searchsorted(seen_t, t), 1, max(len(seen_t) - 1, 1))
    a, b = right - 1, np.minimum(right, len(seen_t) - 1)
    share = np.clip((t - seen_t[a]) / np.maximum(seen_t[b] - seen_t[a], 1e-9), 0, 1)
    far = share * size[a] / ((1 - share) * size[b] + share * size[a])
    return np.asarray(seen[a] + far[:, None] * (seen[b] - seen[a]).astype(np.float64))


def _nearest(t: NDArray[np.float64], seen_t: NDArray[np.float64]) -> NDArray[np.float64]:
    """(len(t), 2) times of the sightings at or before, and at or after, each of the times t."""
    right = np.clip(np.searchsorted(seen_t, t), 0, len(seen_t) - 1)
    return np.stack([seen_t[np.maximum(right - 1, 0)], seen_t[right]], axis=1)


def _enveloped(t: NDArray[np.float64], xyxy: Boxes) -> Boxes:
    """Each box, and those within ENVELOPE_S of it, in one hull."""
    hull = xyxy.copy()
    for step in range(1, len(t)):
        is_near = t[step:] - t[:-step] <= ENVELOPE_S
        if not is_near.any():
            break
        for a, b in ((hull[step:], xyxy[:-step]), (hull[:-step], xyxy[step:])):
            a[is_near, :2] = np.minimum(a[is_near, :2], b[is_near, :2])
            a[is_near, 2:] = np.maximum(a[is_near, 2:], b[is_near, 2:])
    return hull
