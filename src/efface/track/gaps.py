"""What is covered between two sightings, before the first and after the last.

A detector misses single frames, and it sees a face or a plate late. Where the object's pixels could
be followed (`track.pixel_trails`), the box moves with them. Otherwise the box goes straight from
one sighting to the next, and at both ends it continues the last motion. Where nothing was seen, the
box grows with the time since the last sighting, because its exact place is unknown. Nothing is
covered beyond the shot.

The box of a single frame is noisy: it jumps by some pixels, and sometimes misses an ear. So the
boxes of neighbouring frames are covered in each frame, too. This envelope contains every sighting
and never shrinks suddenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from efface.geometry import Boxes, Size, area, grown, hulls
from efface.options import TrackOptions
from efface.timing import Timeline
from efface.track.camera_motion import Views
from efface.track.motion import MOTIONS, Course, Motion, course, moved
from efface.track.pixel_trails import PixelTrail
from efface.track.score_margin import share
from efface.track.steady import CERTAIN, rule, steadied, usual_sized
from efface.tracks import Reason, Track

ENVELOPE_S = 0.045
"""Boxes this long before and after count for a frame's box: one frame at 25 or 30 a second. On two
labelled clips this closed the one leak that a noisy box had left, for 24 % more area where the
camera shook and 4 % where it stood still."""

UNSEEN_GROWTH = 0.12
"""Share of its sides that a box gains on each side as soon as nothing is seen: the object may move
at once."""

MOST_AREA = 2.25
"""Maximum area of a box where nothing was seen, as a multiple of the larger of the sightings around
it."""

MOST_NEARER = 2.0
"""Maximum length of each side of a plate's box before the first and after the last sighting, as a
multiple of the side in the sightings, besides the growth with time. A plate grows as it comes
nearer."""

MOST_APART = 6.0
"""Maximum area of a box around two places, one a guess after a trail was lost, as a multiple of the
sightings around it."""


HELD_AFTER = 3
"""Number of sightings within LATELY_S that show that something was there."""

LATELY_S = 0.5

PRESENT_TRUST, PLACE_TRUST = 0.3, 0.5
"""Trust (`follow.Place`) from which a patch is still there, and trust from which only its place is
covered."""

SEEN_OFTEN = 12
"""Number of sightings from which an object seen weakly, such as a face in the dark, is followed as
far as one seen well."""

AGREEING_IOU = 0.5
"""IoU from which two boxes, followed to a frame from the two sides of a gap, are both right."""

TRAIL_GROWTH_PER_S, MOST_TRAIL_GROWTH = 0.35, 0.35
"""Share of its sides that a box gains on each side for each second for which it was followed, and
the maximum."""

FROM_RIM = 0.5
"""Share of the object's longer side.

An object seen nearer to the picture's rim than this may have left the picture.
"""


class Shots:
    """The shots of a video, by their first and last frames."""

    def __init__(self, cuts: list[int], frame_count: int) -> None:
        self._starts = np.array([0, *cuts], np.int64)
        self._stops = np.array([*cuts, frame_count], np.int64)

    def around(self, frame: int) -> tuple[int, int]:
        """Return the shot around a frame as a half-open range of frame numbers."""
        i = int(np.searchsorted(self._starts, frame, side="right")) - 1
        return int(self._starts[i]), int(self._stops[i])


def fill_track(
    track: Track,
    timeline: Timeline,
    shots: Shots,
    options: TrackOptions,
    views: Views | None = None,
    sizes: tuple[Size, ...] = (),
    trails: Sequence[PixelTrail] = (),
) -> Track:
    """Return the track with every frame from lead-in to lead-out.

    Each box contains what was seen in its frame, see `steady` for the exception.

    views  where the camera looked; None when it stood still.
    sizes  size of every frame, or the one size of all; without it nothing is held.
    trails of this track's pixels, where nothing was seen.
    """
    views = views or Views.fixed(len(timeline))
    seconds = timeline.seconds
    motion = MOTIONS[track.kind]
    if motion.keeps_size:  # a line through its neighbours would lag behind an approaching plate
        track = usual_sized(track, seconds, motion.most_unusual)
        track = steadied(track, seconds, views, motion.unsure)
    shot = shots.around(int(track.frame[0]))
    frame = _covered_frames(track, seconds, shot, options, sizes, trails)
    t = seconds[frame]
    seen_t = seconds[track.frame]
    xyxy = _along(frame, track, seconds, views)
    distance_s = np.abs(t[:, None] - _nearest(t, seen_t)).min(axis=1)
    xyxy = grown(
        xyxy,
        np.minimum(UNSEEN_GROWTH + motion.growth_per_s * distance_s, motion.most_growth),
        evenly=motion.is_flat,
    )
    xyxy = _followed(frame, _bounded(frame, xyxy, track, views), track, trails, seconds, views)
    is_extended = (frame < track.frame[0]) | (frame > track.frame[-1])
    reason = np.where(is_extended, Reason.EXTENDED, Reason.BRIDGED).astype(np.uint8)
    score = np.zeros(len(frame), np.float32)
    at = np.searchsorted(frame, track.frame)
    xyxy[at], reason[at], score[at] = track.xyxy, Reason.SEEN, track.score
    boxes = _enveloped(t, frame, xyxy, views)
    return replace(track, frame=frame, xyxy=boxes, reason=reason, score=score, closer=None)


def _covered_frames(
    track: Track,
    seconds: NDArray[np.float64],
    shot: tuple[int, int],
    options: TrackOptions,
    sizes: tuple[Size, ...],
    trails: Sequence[PixelTrail],
) -> NDArray[np.int32]:
    """Return (n,) the frames from lead-in to lead-out, in the shot, and those that trails reach."""
    start, stop = shot
    first, last = int(track.frame[0]), int(track.frame[-1])
    # The frame that is on the screen at that time. At a low frame rate, it appeared well before.
    lead_in_s = max(options.lead_in_s, options.hold_s * _was_there(track, seconds, sizes, at=0))
    lead_out_s = max(options.lead_out_s, options.hold_s * _was_there(track, seconds, sizes, at=-1))
    begin = max(start, int(np.searchsorted(seconds, seconds[first] - lead_in_s, side="right")) - 1)
    end = min(stop, int(np.searchsorted(seconds, seconds[last] + lead_out_s, side="right")))
    reached = [
        f
        for trail in trails
        if _is_followed(track)
        for f in _beyond(trail, first, last, seconds, options.hold_s)
    ]
    begin = max(start, min([begin, *reached]))
    end = min(stop, max([end, *(f + 1 for f in reached)]))
    return np.arange(begin, end, dtype=np.int32)


def _was_there(
    track: Track, seconds: NDArray[np.float64], sizes: tuple[Size, ...], at: int
) -> bool:
    """Return whether its last (-1) or first (0) sighting was clear and in mid-picture.

    People do not vanish there.
    """
    if not sizes:
        return False
    t = seconds[track.frame]
    late = np.abs(t - t[at]) <= LATELY_S
    if late.sum() < HELD_AFTER or track.score[late].mean() < MOTIONS[track.kind].held_from:
        return False
    x1, y1, x2, y2 = track.xyxy[at]
    width, height = sizes[track.frame[at]] if len(sizes) > 1 else sizes[0]
    return bool(min(x1, y1, width - x2, height - y2) > FROM_RIM * max(x2 - x1, y2 - y1))


def _along(
    frame: NDArray[np.int32], track: Track, seconds: NDArray[np.float64], views: Views
) -> Boxes:
    """Return (len(frame), 4) boxes, as the camera looks in each frame.

    Between sightings they go from one to the next; outside, the motion fades.
    """
    motion, seen_t = MOTIONS[track.kind], seconds[track.frame]
    first, last = track.frame[0], track.frame[-1]
    between = _between(frame, track, seconds, views, motion)
    boxes = np.where(
        (frame < first)[:, None],
        track.xyxy[0],
        np.where((frame > last)[:, None], track.xyxy[-1], between),
    )
    t = seconds[frame]
    before, after = np.maximum(seen_t[0] - t, 0), np.maximum(t - seen_t[-1], 0)
    backwards = _trusted(
        course(-seen_t[::-1], _seen_from(first, track, views)[::-1], motion), track
    )
    forwards = _trusted(course(seen_t, _seen_from(last, track, views), motion), track)

    def beyond(backwards: Course, forwards: Course) -> Boxes:
        gone = moved(moved(boxes, backwards, before, motion), forwards, after, motion)
        return views.seen_from(gone, np.clip(frame, first, last), frame)

    is_between = ((frame >= first) & (frame <= last))[:, None]
    as_measured = np.where(is_between, between, beyond(backwards, forwards))
    if motion.keeps_size:
        return as_measured
    # An object that seems to recede is also covered at full size: the receding may be noise.
    return hulls(
        as_measured,
        np.where(
            is_between, between, beyond(backwards.never_receding(), forwards.never_receding())
        ),
    )


def _trusted(course: Course, track: Track) -> Course:
    """Return the course, without approach if the track was never surely seen.

    The size of such a track is noise, and its box could grow to fill the picture.
    """
    return course if track.score.max() >= CERTAIN else replace(course, approach=0.0)


def _seen_from(at: int, track: Track, views: Views) -> Boxes:
    """Return the sightings as the camera of one frame sees those places."""
    return views.seen_from(track.xyxy, track.frame, np.full(len(track), at))


def _between(
    frame: NDArray[np.int32],
    track: Track,
    seconds: NDArray[np.float64],
    views: Views,
    motion: Motion,
) -> Boxes:
    """Return (len(frame), 4) boxes on the way from the sighting before each frame to the one after
    it."""
    right = np.clip(np.searchsorted(track.frame, frame), 0, len(track) - 1)
    left = np.where(track.frame[right] <= frame, right, np.maximum(right - 1, 0))
    a, b = (views.seen_from(track.xyxy[i], track.frame[i], frame) for i in (left, right))
    start, stop = seconds[track.frame[left]], seconds[track.frame[right]]
    share = np.clip((seconds[frame] - start) / np.maximum(stop - start, 1e-9), 0, 1)[:, None]
    evenly = (a + share * (b - a)).astype(np.float32)
    return evenly if motion.keeps_size else hulls(evenly, _in_perspective(share, a, b))


def _in_perspective(share: NDArray[np.float64], a: Boxes, b: Boxes) -> Boxes:
    """Return (n, 4) boxes on the way from a to b after a share (n, 1) of the time, for evenly
    moving objects (`track.motion`).

    One over the size changes evenly, and the place of each side follows the size.
    """
    size_a, size_b = (
        np.maximum(np.sqrt(area(x).astype(np.float64)), 1e-6)[:, None] for x in (a, b)
    )
    far = share * size_a / ((1 - share) * size_b + share * size_a)
    return (a + far * (b - a)).astype(np.float32)


def _nearest(t: NDArray[np.float64], seen_t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (len(t), 2) times of the sightings at or before, and at or after, each of the times
    t."""
    right = np.clip(np.searchsorted(seen_t, t), 0, len(seen_t) - 1)
    return np.stack([seen_t[np.maximum(right - 1, 0)], seen_t[right]], axis=1)


def _is_followed(track: Track) -> bool:
    """Return whether to follow the track for longer than it is covered anyway.

    False alarms would be followed as well.
    """
    motion = MOTIONS[track.kind]
    often = motion.weak_counts and len(track) >= SEEN_OFTEN
    return bool(often or track.score.mean() >= motion.followed_from)


def _beyond(
    trail: PixelTrail, first: int, last: int, seconds: NDArray[np.float64], most_s: float
) -> list[int]:
    """Return the frames, up to most_s before the first or after the last sighting, in which the
    patch surely was."""
    if trail.start != (last if trail.is_forwards else first):
        return []
    near = np.abs(seconds[trail.frame] - seconds[trail.start]) <= most_s
    return [int(f) for f in trail.frame[near & (trail.trust >= PRESENT_TRUST)]]


def _followed(
    frame: NDArray[np.int32],
    guess: Boxes,
    track: Track,
    trails: Sequence[PixelTrail],
    seconds: NDArray[np.float64],
    views: Views,
) -> Boxes:
    """Return (len(frame), 4) boxes: the guess (n, 4), corrected where trails give a place.

    Where a patch was followed from both sides of a gap to the same place, it was there. Beyond the
    sightings, the patch counts as being where its trail is while it still looks as it did, or is
    there and far from the guess. Otherwise both the trail's place and the guess are covered.
    """
    forwards, backwards = (
        _laid([t for t in trails if t.is_forwards == way], frame, track, seconds, views)
        for way in (True, False)
    )
    between = (frame > track.frame[0]) & (frame < track.frame[-1])
    boxes = guess
    most = MOST_APART * _sides_around(frame, track, views).prod(axis=1)
    for way, trust in (forwards, backwards):
        both = hulls(boxes, way)
        is_present, is_near = trust >= PRESENT_TRUST, area(both) <= most
        # A lost trail gives no useful place.
        joins = (trust >= 0) & (is_near | (is_present & between))
        replaces = ~between & ((trust >= PLACE_TRUST) | (is_present & ~is_near))
        boxes = np.where(joins[:, None], both, boxes)
        boxes = np.where(replaces[:, None], way, boxes)
    (a, trust_a), (b, trust_b) = forwards, backwards
    agree = (
        between
        & (np.minimum(trust_a, trust_b) >= PRESENT_TRUST)
        & (_iou_by_row(a, b) >= AGREEING_IOU)
    )
    return np.where(agree[:, None], hulls(a, b), boxes).astype(np.float32)


def _laid(
    trails: Sequence[PixelTrail],
    frame: NDArray[np.int32],
    track: Track,
    seconds: NDArray[np.float64],
    views: Views,
) -> tuple[Boxes, NDArray[np.float32]]:
    """Return boxes (n, 4) and trust (n,) of trails in one direction; trust is -1 where no trail
    gives a place.

    A trail beyond all sightings stays at its last place, and the box continues to grow.
    """
    boxes, trust = np.zeros((len(frame), 4), np.float32), np.full(len(frame), -1, np.float32)
    motion = MOTIONS[track.kind]
    for trail in trails:
        found = np.flatnonzero(trail.trust > 0)
        inside = slice(
            0, int(found[-1]) + 1 if len(found) else 0
        )  # the guesses at the end of a trail are wide and useless
        numbers, places, trusts = trail.frame[inside], trail.xyxy[inside], trail.trust[inside]
        is_asked = (numbers >= frame[0]) & (numbers <= frame[-1])
        numbers, places, trusts = numbers[is_asked], places[is_asked], trusts[is_asked]
        if not len(numbers):
            continue
        rest = _rest(frame, int(numbers[-1]), trail, track)
        stays = views.seen_from(
            np.repeat(places[-1:], len(rest), axis=0), np.full(len(rest), numbers[-1]), rest
        )
        there = np.concatenate([numbers, rest])
        elapsed_s = np.abs(seconds[there] - seconds[trail.start])
        unsure = share(
            track.score[np.searchsorted(track.frame, [trail.start])], rule(motion.unsure)
        )
        growth = (
            np.minimum(UNSEEN_GROWTH + TRAIL_GROWTH_PER_S * elapsed_s, MOST_TRAIL_GROWTH) + unsure
        )
        ways = grown(np.concatenate([places, stays]), growth, evenly=motion.is_flat)
        boxes[there - frame[0]] = _bounded(there, ways, track, views)
        trust[there - frame[0]] = np.concatenate([trusts, np.zeros(len(rest), np.float32)])
    return boxes, trust


def _rest(
    frame: NDArray[np.int32], known: int, trail: PixelTrail, track: Track
) -> NDArray[np.int32]:
    """Return the frames after the last place of a trail, if the trail goes beyond all sightings."""
    if trail.is_forwards and trail.start == track.frame[-1]:
        return frame[frame > known]
    return (
        frame[frame < known]
        if not trail.is_forwards and trail.start == track.frame[0]
        else frame[:0]
    )


def _iou_by_row(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    shared = np.maximum(sides, 0).prod(axis=1)
    return np.asarray(shared / np.maximum(area(a) + area(b) - shared, 1e-6), np.float32)


def _bounded(frame: NDArray[np.int32], xyxy: Boxes, track: Track, views: Views) -> Boxes:
    """Return the boxes (n, 4), limited to what MOST_AREA allows beside the track's sightings.

    Their centres stay.
    """
    sides = _sides_around(frame, track, views)
    if MOTIONS[track.kind].is_flat:
        is_between = ((frame >= track.frame[0]) & (frame <= track.frame[-1]))[
            :, None
        ]  # both ends are known
        nearer = MOST_NEARER * sides + MOTIONS[track.kind].most_growth * sides.max(
            axis=1, keepdims=True
        )
        most = np.where(is_between, np.inf, nearer)
    else:
        most = sides * MOST_AREA**0.5
    middle, half = (xyxy[:, :2] + xyxy[:, 2:]) / 2, np.minimum(xyxy[:, 2:] - xyxy[:, :2], most) / 2
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


def _sides_around(frame: NDArray[np.int32], track: Track, views: Views) -> Boxes:
    """Return (len(frame), 2) the larger sides of the sightings before and after each frame, as they
    would look in it."""
    after = np.clip(np.searchsorted(track.frame, frame), 0, len(track) - 1)
    there = [
        views.seen_from(track.xyxy[i], track.frame[i], frame)
        for i in (np.maximum(after - 1, 0), after)
    ]
    return np.asarray(np.maximum(*(b[:, 2:] - b[:, :2] for b in there)), np.float32)


def _enveloped(
    t: NDArray[np.float64], frame: NDArray[np.int32], xyxy: Boxes, views: Views
) -> Boxes:
    """Return for each box the hull of it and the boxes within ENVELOPE_S of it.

    An object that the camera follows stays in its place on the screen, and others stay in their
    place in the world. Of the two places of a neighbouring box the one counts that adds less.
    """
    hull = xyxy.copy()
    for step in range(1, len(t)):
        is_near = t[step:] - t[:-step] <= ENVELOPE_S
        if not is_near.any():
            break
        early, late = xyxy[:-step], xyxy[step:]
        for to, own, other, of, at in (
            (hull[step:], late, early, frame[:-step], frame[step:]),
            (hull[:-step], early, late, frame[step:], frame[:-step]),
        ):
            on_screen, in_world = hulls(own, other), hulls(own, views.seen_from(other, of, at))
            is_less = area(on_screen) < area(in_world)
            both = hulls(to, np.where(is_less[:, None], on_screen, in_world))
            to[is_near] = both[is_near]
    return hull
