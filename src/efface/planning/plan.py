"""The plan in memory.

Boxes in a plan are the erased areas, margin included, in whole pixels of the upright frame. A plan
identifies its source only by SHA-256: no file name, no date, no place. Its tracks are what was
detected, and its edits what a person changed; `revised`, `regions` and everything erased follow
from both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from efface.detections import KINDS
from efface.geometry import Box, Size
from efface.option_values import TimeSpan
from efface.options import PaintOptions
from efface.planning.doubt import LEFT, WHOLE, Doubt
from efface.planning.edits import read
from efface.planning.muted_spans import muted_spans
from efface.planning.render_record import RenderRecord
from efface.planning.revise import MOST_TRACKS, KeptArea, Revised, part_of, revised
from efface.regions import BlockGrid, Region
from efface.timing import Timeline
from efface.tracks import Track

Medium = Literal["photo", "animation", "video"]


LARGEST_SIDE = 2**30
"""Pixels. Frames are never larger, and their coordinates fit into the integers of the boxes."""


@dataclass(frozen=True, slots=True)
class LeftBeyond:
    """Tracks of one kind that were left visible and for which a plan has no room: their stretches,
    and how long those last."""

    kind: str
    tracks: int
    stretches: int
    seconds: float

    def __post_init__(self) -> None:
        is_sensible = self.kind in KINDS and 0 <= self.tracks <= self.stretches <= MOST_TRACKS
        if not is_sensible or not 0 <= self.seconds < LARGEST_SIDE:
            raise ValueError("what is left visible beyond the list is not sensible")


@dataclass(frozen=True, eq=False)
class Plan:
    """What will be erased from one source.

    source_sha256  of the file, in hexadecimal.
    medium         "photo", "animation" or "video".
    sizes          width and height of every page of a photo; for a video or an animation the one
                   size of all frames.
    timeline       PTS of every frame that was examined; efface refuses to render any other.
    tracks         by id, as detected. Track boxes are whole pixels inside the frame.
    cuts           numbers of the frames with which a new shot begins.
    bad            numbers of the frames that could not be decoded and are blacked out whole.
    detectors      the detectors used: name, version, sha256 and runtime of each.
    options        the requested options, branch by branch, as `dataclasses.asdict(Options)` gives
                   them.
    edits          what a person changed, in order; append-only. See `planning.edits`.
    checksums      of each decoded frame (`Picture.checksum`). The rendered frames must be those
                   that were examined,
                   and damaged files do not always decode alike. Empty if none were taken.
    doubts         moments to check, riskiest first; moments not listed have negligible risk.
    left           tracks that were seen too weakly to be erased and stay visible, with the boxes
                   that would be erased. Their
                   ids are unique. Only a person's edit makes one of them erased.
    left_beyond    how many more of them there are than a plan holds.
    areas          areas that the command keeps visible, with ids of their own. Areas that it
                   erases are tracks.
    made           the target that was made by it, if known.
    grid           blocks of the source to which everything erased is grown; None: it is not grown.
    """

    source_sha256: str
    medium: Medium
    sizes: tuple[Size, ...]
    timeline: Timeline
    tracks: tuple[Track, ...] = ()
    cuts: tuple[int, ...] = ()
    bad: tuple[int, ...] = ()
    detectors: tuple[Mapping[str, str], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    edits: tuple[Mapping[str, Any], ...] = ()
    checksums: tuple[int, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    left: tuple[Track, ...] = ()
    left_beyond: tuple[LeftBeyond, ...] = ()
    areas: tuple[KeptArea, ...] = ()
    made: RenderRecord | None = None
    grid: BlockGrid | None = None

    def __post_init__(self) -> None:
        n = len(self.timeline)
        if len(self.sizes) not in (1, n):
            raise ValueError(f"{len(self.sizes)} sizes for {n} frames")
        if any(not 0 < side <= LARGEST_SIDE for size in self.sizes for side in size):
            raise ValueError(f"sizes are from 1 to {LARGEST_SIDE} pixels")
        if len(self.checksums) not in (0, n):
            raise ValueError(f"{len(self.checksums)} checksums for {n} frames")
        for name, numbers in (("cuts", self.cuts), ("bad", self.bad)):
            if list(numbers) != sorted(set(numbers)) or (
                numbers and not 0 <= numbers[0] <= numbers[-1] < n
            ):
                raise ValueError(f"{name} must be increasing frame numbers below {n}")
        every = (*self.tracks, *self.left)
        ids = [*(t.id for t in every), *(a.id for a in self.areas)]
        if len(set(ids)) != len(ids):
            raise ValueError("two tracks have one id")
        if any(t.keep for t in self.left):
            raise ValueError("a track that was left visible is not one that a person keeps")
        for track in every:
            self._check(track)
        for area in self.areas:
            self._check_area(area)
        known = {WHOLE, *(t.id for t in every)}
        for doubt in self.doubts:
            self._check_doubt(doubt, known)
        if self.edits:
            _ = self._revised  # raises ValueError for edits that cannot be

    def _check(self, track: Track) -> None:
        if not 0 < track.id <= MOST_TRACKS:
            raise ValueError(f"a track has the id {track.id}, and ids are from 1 to {MOST_TRACKS}")
        if track.frame[-1] >= len(self.timeline):
            raise ValueError(f"track {track.id} goes on after the last frame")
        limit = np.array(self.sizes, np.float32)
        limit = limit[track.frame] if len(limit) > 1 else limit
        is_inside = (track.xyxy[:, :2] >= 0).all() and (track.xyxy[:, 2:] <= limit).all()
        is_whole = (track.xyxy == np.round(track.xyxy)).all()
        if not is_inside or not is_whole or not (track.xyxy[:, :2] < track.xyxy[:, 2:]).all():
            raise ValueError(
                f"track {track.id} has a box that is empty, not in whole pixels, or not "
                "inside the frame"
            )

    def _check_area(self, area: KeptArea) -> None:
        x1, y1, x2, y2 = area.box
        if not 0 < area.id <= MOST_TRACKS or not 0 <= area.first <= area.last < len(self.timeline):
            raise ValueError(f"the kept area {area.id} is not in the frames, or has no usable id")
        sizes = self.sizes[area.first : area.last + 1] if len(self.sizes) > 1 else self.sizes
        if not (0 <= x1 < x2 and 0 <= y1 < y2) or any(x2 > w or y2 > h for w, h in sizes):
            raise ValueError(f"the kept area {area.id} is empty, or not inside the frame")

    def _check_doubt(self, doubt: Doubt, ids: set[int]) -> None:
        if doubt.track not in ids:
            raise ValueError(f"a doubt is about track {doubt.track}, which is not there")
        if doubt.last >= len(self.timeline):
            raise ValueError(f"a doubt about track {doubt.track} goes on after the last frame")
        width, height = self.size_at(doubt.first)
        if doubt.box[2] > width or doubt.box[3] > height:
            raise ValueError(
                f"a doubt about track {doubt.track} has a box that is not inside the frame"
            )

    def size_at(self, frame: int) -> Size:
        """Return width and height of that frame."""
        return self.sizes[frame if len(self.sizes) > 1 else 0]

    @property
    def revised(self) -> Revised:
        """Tracks, kept areas and black frames after all edits."""
        return self._revised

    @cached_property
    def _revised(self) -> Revised:
        log, frames = read(self.edits), len(self.timeline)
        return revised(self.tracks, log, self.sizes, frames, self.left, self.areas)

    @cached_property
    def muted(self) -> tuple[TimeSpan, ...]:
        """Spans that a person made silent, in order and apart. No copy has sound in them."""
        return muted_spans(read(self.edits))

    def is_black(self, frame: int) -> bool:
        """Return whether that frame is written black: it could not be decoded, or a person wants it
        so."""
        return frame in self._bad or (
            frame < len(self.timeline) and bool(self._revised.black[frame])
        )

    @cached_property
    def _bad(self) -> frozenset[int]:
        return frozenset(self.bad)

    def regions(self, frame: int) -> list[Region]:
        """Return what is erased in that frame, after all edits; the whole frame if a person wants
        it black."""
        starts, boxes, ids = self._by_frame
        rows = slice(int(starts[frame]), int(starts[frame + 1]))
        return [
            Region((int(x1), int(y1), int(x2), int(y2)), int(i))
            for (x1, y1, x2, y2), i in zip(boxes[rows], ids[rows], strict=True)
        ]

    @property
    def erased(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """`regions` of all frames at once: the row at which each frame starts, then boxes (n, 4)
        and tracks' ids (n,)."""
        return self._by_frame

    @cached_property
    def _by_frame(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """Row numbers where each frame starts, then boxes and track ids of all erased moments,
        frame by frame."""
        now = self._revised
        erased = [(t, self.erased_rows(t)) for t in now.tracks if not t.keep]
        black = np.flatnonzero(now.black).astype(np.int32)
        whole = np.array([(0, 0, *self.size_at(int(i))) for i in black], np.int32).reshape(-1, 4)
        frame = np.concatenate([black, *(t.frame[rows] for t, rows in erased)])
        boxes = np.concatenate([whole, *(t.xyxy[rows].astype(np.int32) for t, rows in erased)])
        ids = np.concatenate(
            [
                np.zeros(len(black), np.int32),
                *(np.full(rows.sum(), t.id, np.int32) for t, rows in erased),
            ]
        )
        order, starts = self._ordered(frame)
        return starts, self._grown(boxes[order], frame[order]), ids[order]

    def _grown(self, boxes: NDArray[np.int32], frame: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the boxes of these frames, grown to whole blocks if the plan has a grid."""
        if self.grid is None:
            return boxes
        sizes = np.array(self.sizes, np.int64)
        return self.grid.grown(boxes, sizes[frame] if len(sizes) > 1 else sizes[0])

    def as_painted(self, options: PaintOptions) -> PaintOptions:
        """Return how its regions are painted: whole blocks are boxes, whatever the shape."""
        return replace(options, shape="box") if self.grid is not None else options

    def _ordered(self, frame: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Return the order of moments by frame, and the row at which each frame then starts."""
        order = np.argsort(frame, kind="stable")
        return order, np.searchsorted(frame[order], np.arange(len(self.timeline) + 1)).astype(
            np.int64
        )

    def known(self, frame: int) -> list[Box]:
        """Return the places in that frame that were decided on: erased, kept, or removed by a
        person.

        Places that efface left visible do not count.
        """
        starts, boxes = self._known
        found = boxes[int(starts[frame]) : int(starts[frame + 1])].tolist()
        areas = [a.box for a in self._revised.areas if a.first <= frame <= a.last]
        whole = [(0, 0, *self.size_at(frame))] if self.is_black(frame) else []
        return [*((int(x1), int(y1), int(x2), int(y2)) for x1, y1, x2, y2 in found), *areas, *whole]

    @cached_property
    def _known(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        tracks = (*self._revised.tracks, *self._revised.deleted)
        order, starts = self._ordered(
            np.concatenate([np.empty(0, np.int32), *(t.frame for t in tracks)])
        )
        boxes = np.concatenate(
            [np.empty((0, 4), np.int32), *(t.xyxy.astype(np.int32) for t in tracks)]
        )
        return starts, boxes[order]

    def erased_rows(self, track: Track) -> NDArray[np.bool_]:
        """Return (n,) which moments of a revised track are erased as boxes: not kept, in no kept
        area, and in no black frame."""
        stays: NDArray[np.bool_] = ~self._revised.black[track.frame] & (not track.keep)
        for area in self._revised.areas:
            stays &= ~area.spares(track)
        return stays

    def settled(self) -> Plan:
        """Return the same as a plan without edits, for counting and listing.

        It has the tracks after all edits, without what kept areas and black frames exclude, and the
        doubts that nobody checked yet. Black frames and kept areas themselves are lost.
        """
        if not self.edits and not self.areas:
            return self
        now = self._revised
        parts = (
            (t, np.ones(len(t), np.bool_) if t.keep else self.erased_rows(t)) for t in now.tracks
        )
        tracks = tuple(part_of(t, rows) for t, rows in parts if rows.any())
        there = {WHOLE, *(t.id for t in (*tracks, *now.left))}
        doubts = (replace(d, track=now.now(d.track)) for d in self.doubts if not self.is_settled(d))
        return replace(
            self,
            tracks=tracks,
            left=now.left,
            doubts=tuple(d for d in doubts if d.track in there),
            edits=(),
            areas=(),
            made=None,
        )

    def is_settled(self, doubt: Doubt) -> bool:
        """Return whether a person checked the doubt, removed its track, or decided about what was
        left visible."""
        now = self._revised
        is_decided = (
            LEFT in doubt.causes
            and doubt.track != WHOLE
            and all(t.id != doubt.track for t in now.left)
        )
        is_gone = any(t.id == now.now(doubt.track) for t in now.deleted)
        return (doubt.track, doubt.first, doubt.last) in now.accepted or is_gone or is_decided

    @property
    def risk(self) -> float:
        """Risk of the riskiest moment, 0 to 1."""
        return max((d.risk for d in self.doubts), default=0.0)

    @property
    def region_count(self) -> int:
        """Number of erased areas in all frames together."""
        return len(self._by_frame[1])
