"""Divide a video into spans: list its frames, choose the cuts, and decode one span exactly as a
reading of the whole would.

Spans are cut by what the packets state, so finding them decodes nothing. Decoding of a span begins
one keyframe early. In open GOPs, frames after a keyframe may name earlier frames without using
them, and strict decoders refuse them if those are missing. Output before the second keyframe is
discarded. The last frames before a span are delivered too. Two decoders that began at different
places have decoded them, and their checksums tell whether decoding there can be trusted.

If anything differs from what the packets stated, the video is `Indivisible`. Then one machine reads
it whole, and that reading reports what is wrong, if anything is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from efface.frames import Frame
from efface.media.video.video_source import VideoSource

OVERLAP = 8
"""Number of frames before a span that are decoded too, and compared with the end of the previous
span."""

MOST_DECODED_PER_FRAME = 4
"""Maximum number of frames decoded again for each frame examined; otherwise a cut does not pay.
Examining a frame takes ten times as long as decoding it."""

BY_ORDER = "its container stores no times of the frames that are shown"


class Indivisible(Exception):
    """The video must be read whole. The argument says why, as a clause."""


@dataclass(frozen=True, slots=True)
class Span:
    """Frames first <= i < stop."""

    first: int
    stop: int

    @property
    def overlap(self) -> range:
        """The frames before the span whose checksums are compared."""
        return range(max(0, self.first - OVERLAP), self.first)


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """A span, and what is needed to read it.

    pts      PTS of the frames of its overlap, and of its own.
    key      PTS of the keyframe at which decoding begins.
    trusted  PTS from which frames are right.
    seeks    positions from which to search for that keyframe, in order: PTS, or None for the start
             of the file.
    """

    span: Span
    pts: tuple[int, ...]
    key: int
    trusted: int
    seeks: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """The frames of a video, as its packets state them.

    pts   (n,) int64, strictly increasing: the PTS of every frame that is shown.
    keys  (k,) int64, increasing: the PTS of every keyframe, even if it is not shown. The first
          precedes all frames.
    """

    pts: NDArray[np.int64]
    keys: NDArray[np.int64]

    def key_before(self, frame: int) -> int:
        """Return the number of the last keyframe at or before that frame."""
        return int(np.searchsorted(self.keys, self.pts[frame], side="right")) - 1

    def again(self, frame: int) -> int:
        """Return how many frames are decoded again if a span starts there."""
        key = max(0, self.key_before(max(0, frame - OVERLAP)) - 1)
        return frame - int(np.searchsorted(self.pts, self.keys[key]))

    def passage(self, span: Span) -> Passage:
        """Return how to read that span."""
        last = self.key_before(span.overlap.start)
        number = max(0, last - 1)
        key, trusted, earlier = (int(self.keys[n]) for n in (number, last, max(0, number - 4)))
        seeks = tuple(dict.fromkeys((key, earlier, None))) if number else (None,)
        return Passage(
            span, tuple(self.pts[span.overlap.start : span.stop].tolist()), key, trusted, seeks
        )


def indexed(source: VideoSource) -> Index:
    """Index a video by its packets.

    Raises Indivisible if they do not state enough, DamagedSource.
    """
    if source.is_by_order:
        raise Indivisible(BY_ORDER)
    if source.is_cut:
        raise Indivisible("it breaks off before its stated end")
    pts: list[int] = []
    keys: list[int] = []
    for mark in source.marks():
        if mark.restarts:
            raise Indivisible("its clock starts anew in the middle")
        if mark.is_corrupt:
            raise Indivisible("a part of it is damaged")
        if mark.pts is None:
            raise Indivisible("some of its frames have no time")
        if not keys and not mark.is_key:
            raise Indivisible("it does not begin with a keyframe")
        if mark.is_key:
            keys.append(mark.pts)
        if mark.shows:
            pts.append(mark.pts)
    times, starts = np.array(sorted(pts), np.int64), np.array(keys, np.int64)
    if not len(times) or times[0] < starts[0]:
        raise Indivisible("frames before its first keyframe are shown")
    if (times[1:] <= times[:-1]).any() or (starts[1:] <= starts[:-1]).any():
        raise Indivisible("two of its frames have one time")
    return Index(times, starts)


def cut(index: Index, length: int) -> list[Span]:
    """Cut the video into spans of about `length` frames.

    They begin at keyframes, if these are frequent enough. Cuts that would decode too much again are
    left out.
    """
    count = len(index.pts)
    keys = set(np.searchsorted(index.pts, index.keys).tolist())
    starts = [0]
    for at in range(1, count):
        here = at - starts[-1]
        is_wanted = here >= length and (at in keys or here >= 2 * length)
        if (
            is_wanted
            and index.again(at) <= MOST_DECODED_PER_FRAME * here
            and count - at >= length // 2
        ):
            starts.append(at)
    return spans_at(index, starts)


def spans_at(index: Index, starts: list[int]) -> list[Span]:
    """Return the spans between these frames; the first is 0."""
    return [Span(a, b) for a, b in zip(starts, [*starts[1:], len(index.pts)], strict=True)]


def frames_of(source: VideoSource, passage: Passage) -> Iterator[Frame]:
    """Yield the frames of the span's overlap and of the span, with numbers and times as in the
    whole.

    Raises Indivisible if the decoder's frames differ from what the packets stated, and what
    `VideoSource.frames` raises.
    """
    first, at = passage.span.overlap.start, 0
    for frame in _frames_before(source, passage):
        if at == 0 and frame.pts < passage.pts[0]:
            continue  # only needed as a reference
        if frame.pts != passage.pts[at] or frame.is_bad:
            raise Indivisible("its frames do not come at the times that are stored")
        yield replace(frame, index=first + at)
        at += 1
        if at == len(passage.pts):
            return
    raise Indivisible("it cannot be decoded from the middle")


def _frames_before(source: VideoSource, passage: Passage) -> Iterator[Frame]:
    """Yield frames from some point before the span. Containers seek differently, so this tries
    several positions."""
    for seek in passage.seeks:
        found = False
        for one in source.frames_from(passage.key, passage.trusted, seek):
            found = True
            yield one
        if found:
            return
