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

from efface.geometry import Boxes, Size, area, grown, hulls
from efface.options import TrackOptions
from efface.timing import Timeline
from efface.track.camera import Views
from efface.track.motion import MOTIONS, Course, Motion, course, moved
from efface.tracks import Reason, Track

ENVELOPE_S = 0.045
"""Boxes this long before and after count for a frame's box: one frame at 25 or 30 a second. On two labelled clips it closed
the one leak that a noisy box had left, for 24 % more area where the camera shook and 4 % where it was still."""


DOUBTFUL, CERTAIN = 0.25, 0.6
"""Scores up to which a box is as little known as can be, and from which it is known exactly."""


HELD_AFTER = 3
"""So many sightings within LATELY_S say that something was there."""

LATELY_S = 0.5

FROM_RIM = 0.5
"""Share of its longer side: what was seen nearer to the rim of the picture than this may have left it."""


class Shots:
    """First and last frame of the shot around a frame."""

    def __init__(self, cuts: list[int], frame_count: int) -> None:
        self._starts = np.array([0, *cuts], np.int64)
        self._stops = np.array([*cuts, frame_count], np.int64)

    def around(self, frame: int) -> tuple[int, int]:
        """Half-open range of frame numbers."""
        i = int(np.searchsorted(self._starts, frame, side="right")) - 1
        return int(self._starts[i]), int(self._stops[i])


def filled(
    track: Track,
    timeline: Timeline,
    shots: Shots,
    options: TrackOptions,
    views: Views | None = None,
    sizes: tuple[Size, ...] = (),
) -> Track:
    """The track with every frame from lead-in to lead-out. Each box contains what was seen in its frame.

    views  where the camera looked; None when it stood still.
    sizes  of every frame, or the one size of all; without it nothing is held.
    """
    views = views or Views.fixed(len(timeline))
    track = _unsure(track)
    seconds = timeline.seconds
    start, stop = shots.around(int(track.frame[0]))
    first, last = int(track.frame[0]), int(track.frame[-1])
    # The frame on the screen at that time: with few frames a second, it was shown well before.
    lead_in_s = max(options.lead_in_s, options.hold_s * _was_there(track, seconds, sizes, at=0))
    lead_out_s = max(options.lead_out_s, options.hold_s * _was_there(track, seconds, sizes, at=-1))
    begin = max(start, int(np.searchsorted(seconds, seconds[first] - lead_in_s, side="right")) - 1)
    end = min(stop, int(np.searchsorted(seconds, seconds[last] + lead_out_s, side="right")))
    frame = np.arange(begin, end, dtype=np.int32)
    t = seconds[frame]
    seen_t = seconds[track.frame]
    motion = MOTIONS[track.kind]
    xyxy = _along(frame, track, seconds, views)
    distance_s = np.abs(t[:, None] - _nearest(t, seen_t)).min(axis=1)
    xyxy = grown(xyxy, np.minimum(motion.growth_per_s * distance_s, motion.most_growth), evenly=motion.is_flat)
    reason = np.where((frame < first) | (frame > last), Reason.EXTENDED, Reason.BRIDGED).astype(np.uint8)
    score = np.zeros(len(frame), np.float32)
    at = np.searchsorted(frame, track.frame)
    xyxy[at], reason[at], score[at] = track.xyxy, Reason.SEEN, track.score
    return replace(track, frame=frame, xyxy=_enveloped(t, frame, xyxy, views), reason=reason, score=score)


def _was_there(track: Track, seconds: NDArray[np.float64], sizes: tuple[Size, ...], at: int) -> bool:
    """Whether it was clearly seen at its last sighting (-1), or first (0), in mid-picture. A person does not vanish there."""
    if not sizes:
        return False
    t = seconds[track.frame]
    late = np.abs(t - t[at]) <= LATELY_S
    if late.sum() < HELD_AFTER or track.score[late].mean() < MOTIONS[track.kind].held_from:
        return False
    x1, y1, x2, y2 = track.xyxy[at]
    width, height = sizes[track.frame[at]] if len(sizes) > 1 else sizes[0]
    return bool(min(x1, y1, width - x2, height - y2) > FROM_RIM * max(x2 - x1, y2 - y1))


def _unsure(track: Track) -> Track:
    """The track with larger boxes where the detector was not sure.

    On clips made of labelled pictures a ninth of the leaks of clear faces was left, for a sixth more area.
    """
    doubt = 1 - np.clip((track.score - DOUBTFUL) / (CERTAIN - DOUBTFUL), 0, 1)
    return replace(track, xyxy=grown(track.xyxy, MOTIONS[track.kind].unsure * doubt))


def _along(frame: NDArray[np.int32], track: Track, seconds: NDArray[np.float64], views: Views) -> Boxes:
    """(len(frame), 4) boxes: between sightings from one to the other, with fading motion outside, as the camera looks."""
    motion, seen_t = MOTIONS[track.kind], seconds[track.frame]
    first, last = track.frame[0], track.frame[-1]
    between = _between(frame, track, seconds, views, motion)
    boxes = np.where((frame < first)[:, None], track.xyxy[0], np.where((frame > last)[:, None], track.xyxy[-1], between))
    t = seconds[frame]
    before, after = np.maximum(seen_t[0] - t, 0), np.maximum(t - seen_t[-1], 0)
    backwards = _trusted(course(-seen_t[::-1], _seen_from(first, track, views)[::-1], motion), track)
    forwards = _trusted(course(seen_t, _seen_from(last, track, views), motion), track)

    def beyond(backwards: Course, forwards: Course) -> Boxes:
        gone = moved(moved(boxes, backwards, before, motion), forwards, after, motion)
        return views.seen_from(gone, np.clip(frame, first, last), frame)

    is_between = ((frame >= first) & (frame <= last))[:, None]
    as_measured = np.where(is_between, between, beyond(backwards, forwards))
    if motion.keeps_size:
        return as_measured
    # What seems to go away is covered at full size too: it may have been noise.
    return hulls(as_measured, np.where(is_between, between, beyond(backwards.never_receding(), forwards.never_receding())))


def _trusted(course: Course, track: Track) -> Course:
    """The course; but what was never surely seen comes no nearer: its size is noise, and may fill the picture."""
    return course if track.score.max() >= CERTAIN else replace(course, approach=0.0)


def _seen_from(at: int, track: Track, views: Views) -> Boxes:
    """The sightings as the camera of one frame sees those places."""
    return views.seen_from(track.xyxy, track.frame, np.full(len(track), at))


def _between(frame: NDArray[np.int32], track: Track, seconds: NDArray[np.float64], views: Views, motion: Motion) -> Boxes:
    """(len(frame), 4) boxes on the way from the sighting before each frame to the one after it."""
    right = np.clip(np.searchsorted(track.frame, frame), 0, len(track) - 1)
    left = np.where(track.frame[right] <= frame, right, np.maximum(right - 1, 0))
    a, b = (views.seen_from(track.xyxy[i], track.frame[i], frame) for i in (left, right))
    start, stop = seconds[track.frame[left]], seconds[track.frame[right]]
    share = np.clip((seconds[frame] - start) / np.maximum(stop - start, 1e-9), 0, 1)[:, None]
    evenly = (a + share * (b - a)).astype(np.float32)
    return evenly if motion.keeps_size else hulls(evenly, _in_perspective(share, a, b))


def _in_perspective(share: NDArray[np.float64], a: Boxes, b: Boxes) -> Boxes:
    """(n, 4) boxes from a to b of something that crosses space evenly (see `track.motion`), after a share (n, 1) of the time.

    One over the size changes evenly, and the place of each side goes along with the size.
    """
    size_a, size_b = (np.maximum(np.sqrt(area(x).astype(np.float64)), 1e-6)[:, None] for x in (a, b))
    far = share * size_a / ((1 - share) * size_b + share * size_a)
    return (a + far * (b - a)).astype(np.float32)


def _nearest(t: NDArray[np.float64], seen_t: NDArray[np.float64]) -> NDArray[np.float64]:
    """(len(t), 2) times of the sightings at or before, and at or after, each of the times t."""
    right = np.clip(np.searchsorted(seen_t, t), 0, len(seen_t) - 1)
    return np.stack([seen_t[np.maximum(right - 1, 0)], seen_t[right]], axis=1)


def _enveloped(t: NDArray[np.float64], frame: NDArray[np.int32], xyxy: Boxes, views: Views) -> Boxes:
    """Each box, and those within ENVELOPE_S of it, in one hull."""
    hull = xyxy.copy()
    for step in range(1, len(t)):
        is_near = t[step:] - t[:-step] <= ENVELOPE_S
        if not is_near.any():
            break
        earlier, later = (
            views.seen_from(xyxy[:-step], frame[:-step], frame[step:]),
            views.seen_from(xyxy[step:], frame[step:], frame[:-step]),
        )
        for a, b in ((hull[step:], earlier), (hull[:-step], later)):
            a[is_near] = hulls(a[is_near], b[is_near])
    return hull
