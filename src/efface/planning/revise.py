"""Apply a person's edits to the detected tracks, areas and black frames.

If edits conflict, the strongest rule wins:

1. a black frame is black, whatever else is asked for;
2. what a person drew, or marked as an area to erase, is erased: a kept area does not affect it;
3. a kept track is not erased, except for what another track covers there. Keeping never cuts a hole
   into an erased area;
4. inside a kept area, detected boxes are not erased if they lie completely within it. A box that
   extends beyond it is
   erased to its full size;
5. the rest is erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from efface.detections import DRAWN, KINDS
from efface.geometry import Box, Boxes, Size, hulls
from efface.planning.edits import (
    Accept,
    Approve,
    Area,
    Black,
    Cover,
    Delete,
    DeleteTracks,
    Draw,
    Edit,
    Join,
    Keep,
    KeepTracks,
    Log,
    Only,
    Place,
    Split,
    Stretch,
)  # fmt: skip
from efface.tracks import Reason, Track

MOST_TRACKS = 2**31 - 1
"""Largest id that fits into the integers of a plan's regions."""

MOST_BOXES = 20_000_000
"""Maximum number of boxes that edits may make in one plan. Ranges are short to write and long to
expand: a hostile log could fill the memory."""


@dataclass(frozen=True, slots=True)
class KeptArea:
    """An area in which detected objects are not erased, in the frames from first to last."""

    id: int
    first: int
    last: int
    box: Box

    def spares(self, track: Track) -> NDArray[np.bool_]:
        """Return (n,) which moments of a track are not erased because of this area: found, and
        wholly inside."""
        if track.kind == DRAWN:
            return np.zeros(len(track), np.bool_)
        x1, y1, x2, y2 = self.box
        is_inside = (track.xyxy[:, :2] >= (x1, y1)).all(axis=1) & (
            track.xyxy[:, 2:] <= (x2, y2)
        ).all(axis=1)
        is_now = (track.frame >= self.first) & (track.frame <= self.last)
        return np.asarray(is_inside & is_now & (track.reason != Reason.DRAWN))


@dataclass(frozen=True, slots=True, eq=False)
class Revised:
    """A plan after all edits.

    tracks    all existing tracks, erased or kept, by id.
    left      those that were left visible, and about which no person has decided.
    deleted   those that a person removed.
    areas     kept areas.
    black     (n,) bool, whether a person wants that frame black.
    keys      frames in which a person placed the box of a track, by its id.
    accepted  (track, first, last) of the doubts that a person checked.
    merged    ids of tracks that became part of another, with the id of that.
    approved  a person approved the whole plan, and nothing changed since.
    """

    tracks: tuple[Track, ...]
    left: tuple[Track, ...]
    deleted: tuple[Track, ...]
    areas: tuple[KeptArea, ...]
    black: NDArray[np.bool_]
    keys: dict[int, tuple[int, ...]]
    accepted: frozenset[tuple[int, int, int]]
    merged: dict[int, int]
    approved: bool

    def now(self, track: int) -> int:
        """Return the current id of that track."""
        while track in self.merged:
            track = self.merged[track]
        return track


def revised(
    tracks: Sequence[Track],
    log: Log,
    sizes: tuple[Size, ...],
    frames: int,
    left: Sequence[Track] = (),
    areas: Sequence[KeptArea] = (),
) -> Revised:
    """Apply all edits to the tracks. Raises ValueError for an impossible edit: an unknown track, a
    box outside the frame, ...

    left  tracks that were left visible. The first edit of one makes it an ordinary track: it is
          erased, unless it is kept.
    areas  kept areas that the command named.
    """
    every = np.array(sizes, np.int32).reshape(-1, 2)
    edit_state = _EditState(
        {t.id: t for t in tracks},
        every,
        np.zeros(frames, np.bool_),
        {t.id: t for t in left},
        areas={a.id: a for a in areas},
    )
    for edit in log.in_force:
        edit_state.do(edit)
    return edit_state.result()


@dataclass(slots=True, eq=False)
class _EditState:
    """The state to which the edits are applied in turn."""

    tracks: dict[int, Track]
    sizes: NDArray[np.int32]
    black: NDArray[np.bool_]
    left: dict[int, Track]
    deleted: dict[int, Track] = field(default_factory=dict)
    areas: dict[int, KeptArea] = field(default_factory=dict)
    keys: dict[int, set[int]] = field(default_factory=dict)
    accepted: set[tuple[int, int, int]] = field(default_factory=set)
    merged: dict[int, int] = field(default_factory=dict)
    approved: bool = False
    boxes_made: int = 0

    def result(self) -> Revised:
        keys = {i: tuple(sorted(k)) for i, k in self.keys.items()}
        tracks, left, deleted = (
            tuple(d[i] for i in sorted(d)) for d in (self.tracks, self.left, self.deleted)
        )
        areas = tuple(self.areas[i] for i in sorted(self.areas))
        return Revised(
            tracks,
            left,
            deleted,
            areas,
            self.black,
            keys,
            frozenset(self.accepted),
            self.merged,
            self.approved,
        )

    def do(self, edit: Edit) -> None:
        self.approved = isinstance(edit, Approve) and edit.approved
        match edit:
            case Draw(track, kind, first, boxes):
                self._require_new(track)
                frame, xyxy = self._given(first, boxes)
                self.tracks[track] = _drawn(track, KINDS.index(kind), frame, xyxy)
                self.keys[track] = {first}
            case Cover(track, first, boxes):
                frame, xyxy = self._given(first, boxes)
                self.tracks[track] = _over(self._track(track), frame, xyxy)
            case Place():
                self._place(edit)
            case Stretch(track, first, last):
                self._stretch(self._track(track), *self._range(first, last))
            case Join(track, other):
                self._join(self._track(track), self._track(other))
            case Split():
                self._split(edit)
            case Delete(track):
                self._delete((track,))
            case DeleteTracks(tracks):
                self._delete(tracks)
            case Keep(track, keep):
                self.tracks[track] = replace(self._track(track), keep=keep)
            case KeepTracks(tracks, keep):
                self.tracks |= {i: replace(self._track(i), keep=keep) for i in tracks}
            case Only(tracks):
                kept = {self._track(i).id for i in tracks}
                self.tracks = {i: replace(t, keep=i in kept) for i, t in self.tracks.items()}
            case Area():
                self._area(edit)
            case Black(first, last, black):
                first, last = self._range(first, last)
                self.black[first : last + 1] = black
            case Accept(track, first, last, accepted):
                self._range(first, last)
                (self.accepted.add if accepted else self.accepted.discard)((track, first, last))

    def _delete(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if self.areas.pop(number, None) is None:
                self.deleted[number] = self._track(number)
                del self.tracks[number]

    def _track(self, number: int) -> Track:
        if number in self.left:  # a person decides about it
            self.tracks[number] = self.left.pop(number)
        if number not in self.tracks:
            raise ValueError(f"an edit is about track {number}, which is not there")
        return self.tracks[number]

    def _require_new(self, number: int) -> None:
        known = (self.tracks, self.left, self.deleted, self.areas, self.merged)
        if not 0 < number <= MOST_TRACKS or any(number in k for k in known):
            raise ValueError(
                f"an edit makes track {number}, which was there before, or can be none"
            )

    def _range(self, first: int, last: int) -> tuple[int, int]:
        if not 0 <= first <= last < len(self.black):
            raise ValueError(
                f"an edit is about the frames {first} to {last}, and there are {len(self.black)}"
            )
        return first, last

    def _spend(self, boxes: int) -> None:
        self.boxes_made += boxes
        if self.boxes_made > MOST_BOXES:
            raise ValueError(f"edits make more than {MOST_BOXES} boxes")

    def _limits(self, frame: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return (n, 2) width and height of these frames."""
        return (
            self.sizes[frame]
            if len(self.sizes) > 1
            else np.broadcast_to(self.sizes, (len(frame), 2))
        )

    def _require_inside(self, frame: NDArray[np.int32], xyxy: Boxes) -> None:
        low, high = xyxy[:, :2], xyxy[:, 2:]
        if not ((low >= 0) & (low < high) & (high <= self._limits(frame))).all():
            raise ValueError("an edit has a box that is empty, or not inside the frame")

    def _given(self, first: int, boxes: tuple[int, ...]) -> tuple[NDArray[np.int32], Boxes]:
        """Return the frames and boxes that an edit names."""
        count, rest = divmod(len(boxes), 4)
        if rest or not count:
            raise ValueError("an edit has boxes that are not four numbers each")
        self._range(first, first + count - 1)
        self._spend(count)
        frame = np.arange(first, first + count, dtype=np.int32)
        if (
            max(boxes) > 2**24 or min(boxes) < 0
        ):  # beyond that, float32 does not distinguish neighbouring pixels
            raise ValueError("an edit has a box that is empty, or not inside the frame")
        xyxy = np.array(boxes, np.float32).reshape(-1, 4)
        self._require_inside(frame, xyxy)
        return frame, xyxy

    def _place(self, edit: Place) -> None:
        first, last = self._range(edit.first, edit.last)
        if not first <= edit.frame <= last:
            raise ValueError("an edit places a box outside of its range")
        (frame,), (box,) = self._given(edit.frame, edit.box)
        track = self._track(edit.track)
        at = np.flatnonzero(track.frame == frame)
        if not len(at):
            self.tracks[track.id] = _over(track, np.array([frame], np.int32), box[None])
            self.keys.setdefault(track.id, set()).add(edit.frame)
            return
        self._spend(len(track))
        rows = np.flatnonzero((track.frame >= first) & (track.frame <= last))
        weight = _fading(
            track.frame[rows],
            edit.frame,
            _beyond(track, first - 1, -1),
            _beyond(track, last + 1, 1),
        )
        moved = track.xyxy[rows] + weight[:, None] * (box - track.xyxy[at[0]])
        xyxy, reason = track.xyxy.copy(), track.reason.copy()
        xyxy[rows] = self._whole(moved, track.frame[rows])
        reason[at] = Reason.DRAWN
        self.tracks[track.id] = replace(
            track, xyxy=xyxy, reason=reason, score=_seen_only(track.score, reason)
        )
        self.keys.setdefault(track.id, set()).add(edit.frame)

    def _whole(self, xyxy: NDArray[np.floating], frame: NDArray[np.int32]) -> Boxes:
        """Round boxes outwards, and push them back into the frame if they left it or became
        empty."""
        limit = self._limits(frame)
        low = np.clip(np.floor(xyxy[:, :2]), 0, limit - 1)
        high = np.clip(np.ceil(xyxy[:, 2:]), low + 1, limit)
        return np.concatenate([low, high], axis=1).astype(np.float32)

    def _stretch(self, track: Track, first: int, last: int) -> None:
        inside = (track.frame >= first) & (track.frame <= last)
        if not inside.any():
            raise ValueError(f"an edit leaves nothing of track {track.id}")
        before = np.arange(first, track.frame[0], dtype=np.int32)
        after = np.arange(track.frame[-1] + 1, last + 1, dtype=np.int32)
        self._spend(len(before) + len(after))
        parts = [track.xyxy[[0] * len(before)], track.xyxy[[-1] * len(after)]]
        frame, xyxy = np.concatenate([before, after]), np.concatenate(parts)
        self._require_inside(frame, xyxy)
        self.tracks[track.id] = _over(part_of(track, inside), frame, xyxy)

    def _join(self, one: Track, other: Track) -> None:
        if one.id == other.id:
            raise ValueError(f"an edit joins track {one.id} with itself")
        joined = _united(one, other)
        self._spend(len(joined))
        self._require_inside(joined.frame, joined.xyxy)
        self.tracks[one.id] = joined
        del self.tracks[other.id]
        self.merged[other.id] = one.id
        self.keys.setdefault(one.id, set()).update(self.keys.pop(other.id, ()))

    def _split(self, edit: Split) -> None:
        track = self._track(edit.track)
        self._require_new(edit.new)
        later = track.frame >= edit.frame
        if later.all() or not later.any():
            raise ValueError(f"an edit splits track {track.id} where it does not go on")
        self.tracks[track.id] = part_of(track, ~later)
        self.tracks[edit.new] = replace(part_of(track, later), id=edit.new)
        keys = self.keys.pop(track.id, set())
        self.keys[track.id] = {k for k in keys if k < edit.frame}
        self.keys[edit.new] = {k for k in keys if k >= edit.frame}

    def _area(self, edit: Area) -> None:
        self._require_new(edit.track)
        first, last = self._range(edit.first, edit.last)
        count = last - first + 1
        self._spend(count)
        frame = np.arange(first, last + 1, dtype=np.int32)
        if max(edit.box) > 2**24:
            raise ValueError("an edit has a box that is empty, or not inside the frame")
        xyxy = np.broadcast_to(np.array(edit.box, np.float32), (count, 4)).copy()
        self._require_inside(frame, xyxy)
        if edit.keep:
            self.areas[edit.track] = KeptArea(edit.track, first, last, edit.box)
        else:
            self.tracks[edit.track] = _drawn(edit.track, DRAWN, frame, xyxy)
            self.keys[edit.track] = {first}


def _drawn(number: int, kind: int, frame: NDArray[np.int32], xyxy: Boxes) -> Track:
    n = len(frame)
    return Track(
        number, kind, frame, xyxy, np.full(n, Reason.DRAWN, np.uint8), np.zeros(n, np.float32)
    )


def part_of(track: Track, which: NDArray[np.bool_]) -> Track:
    """Return some moments of a track; at least one."""
    return replace(
        track,
        frame=track.frame[which],
        xyxy=track.xyxy[which],
        reason=track.reason[which],
        score=track.score[which],
    )


def _seen_only(score: NDArray[np.float32], reason: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.where(reason == Reason.SEEN, score, 0).astype(np.float32)


def _over(track: Track, frame: NDArray[np.int32], xyxy: Boxes) -> Track:
    """Return the track with these boxes, drawn by a person, added to its own or replacing them."""
    stays = ~np.isin(track.frame, frame)
    n = len(frame)
    whole = [
        np.concatenate([track.frame[stays], frame]),
        np.concatenate([track.xyxy[stays], xyxy]),
        np.concatenate([track.reason[stays], np.full(n, Reason.DRAWN, np.uint8)]),
        np.concatenate([track.score[stays], np.zeros(n, np.float32)]),
    ]
    order = np.argsort(whole[0], kind="stable")
    return replace(
        track,
        frame=whole[0][order],
        xyxy=whole[1][order],
        reason=whole[2][order],
        score=whole[3][order],
    )


def _beyond(track: Track, frame: int, way: int) -> int | None:
    """Return where a change has faded out: the frame just outside its range, or None if the track
    does not continue there."""
    goes_on = track.frame[-1] >= frame if way > 0 else track.frame[0] <= frame
    return frame if goes_on else None


def _fading(
    frame: NDArray[np.int32], at: int, before: int | None, after: int | None
) -> NDArray[np.float64]:
    """Return (n,) weights: 1 at the frame `at`, falling to 0 at `before` and `after`; 1 throughout
    on a side whose end is None."""
    weight = np.ones(len(frame))
    if before is not None:
        weight = np.where(frame < at, (frame - before) / (at - before), weight)
    if after is not None:
        weight = np.where(frame > at, (after - frame) / (after - at), weight)
    return weight


def _united(one: Track, other: Track) -> Track:
    """Merge two tracks. Frames between them are bridged; gaps inside either one stay."""
    frame = np.union1d(one.frame, other.frame).astype(np.int32)
    first, second = (one, other) if one.frame[0] <= other.frame[0] else (other, one)
    start, stop = int(first.frame[-1]), int(second.frame[0])
    if stop - start > 1:
        frame = np.union1d(frame, np.arange(start, stop, dtype=np.int32)).astype(np.int32)
    rows = [(np.searchsorted(t.frame, frame).clip(0, len(t) - 1), t) for t in (one, other)]
    (i, has_one), (j, has_other) = ((r, t.frame[r] == frame) for r, t in rows)
    both, neither = has_one & has_other, ~(has_one | has_other)
    xyxy = np.where(has_one[:, None], one.xyxy[i], other.xyxy[j])
    xyxy[both] = hulls(one.xyxy[i][both], other.xyxy[j][both])
    if neither.any():
        xyxy[neither] = _between(first, second, frame[neither])
    reason = np.where(has_one, one.reason[i], other.reason[j])
    reason = np.where(neither, Reason.BRIDGED, reason).astype(np.uint8)
    score = np.maximum(np.where(has_one, one.score[i], 0), np.where(has_other, other.score[j], 0))
    keep = one.keep and other.keep
    return Track(
        one.id, one.kind, frame, xyxy.astype(np.float32), reason, _seen_only(score, reason), keep
    )


def _between(first: Track, second: Track, frame: NDArray[np.int32]) -> Boxes:
    """Interpolate from the last box of one track to the first of the other, rounded outwards."""
    start, stop = int(first.frame[-1]), int(second.frame[0])
    share = ((frame - start) / (stop - start))[:, None]
    straight = first.xyxy[-1] * (1 - share) + second.xyxy[0] * share
    return np.concatenate([np.floor(straight[:, :2]), np.ceil(straight[:, 2:])], axis=1).astype(
        np.float32
    )
