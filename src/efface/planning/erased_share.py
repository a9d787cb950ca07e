"""Measure how much of the picture a plan erases, on average and in the worst frame, for each kind.

Where two areas overlap, the overlap counts once, so box areas are not simply added. Frames with
equally many boxes are processed together, as videos may have a hundred thousand frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from efface.detections import CODE, FACE, KINDS, PERSON, PLATE, TEXT
from efface.planning.plan import Plan
from efface.tracks import Reason

SURE_SCORES = {FACE: 0.5, PLATE: 0.65, TEXT: 0.7, CODE: 0.7, PERSON: 0.5}
"""Score from which a sighting is surely one of its kind. A kind without any such sighting may be a
mistake as a whole: in clips without a plate, signs and shirts reach 0.6, and three in four real
plates exceed 0.77. Boxes of persons were right in 110 of 110 cases from 0.5 on, and a person who is
plainly there often stays below 0.6."""

MUCH_SHARE, MUCH_SHARE_AT_WORST = 0.02, 0.1
"""A kind erases too much if it covers this share of the picture on average, or this share of some
frame."""

BATCH = 1 << 17
"""Numbers in one array when areas are computed, so that they fit into the cache of a core."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the picture is erased, 0 to 1: on average over all frames or pages, and in the
    worst of them, by number."""

    mean: float
    worst: float
    worst_frame: int


@dataclass(frozen=True, slots=True)
class KindPrice:
    """How much one kind erases. An overlap of two kinds counts for both.

    best     score of its best sighting.
    is_sure  some sighting of it is surely one, or a person drew it.
    """

    kind: str
    share: Share
    best: float
    is_sure: bool

    @property
    def is_doubtful(self) -> bool:
        """Whether it erases much, perhaps by mistake."""
        return not self.is_sure and (
            self.share.mean >= MUCH_SHARE or self.share.worst >= MUCH_SHARE_AT_WORST
        )


@dataclass(frozen=True, slots=True)
class Price:
    """How much a plan erases: all together, blacked out frames included, and for each kind."""

    share: Share
    kinds: tuple[KindPrice, ...]


@lru_cache(maxsize=1)
def price(plan: Plan) -> Price:
    """Return the erased share of a plan after all edits. The last result is cached: summary, report
    and page all ask for it."""
    starts, boxes, ids = plan.erased
    size = np.array(plan.sizes, np.float64).prod(axis=1)
    frame = np.repeat(np.arange(len(plan.timeline)), np.diff(starts))
    whole = np.array([*plan.bad], np.int64)
    kind_of = {t.id: t.kind for t in plan.revised.tracks}
    known, back = np.unique(ids, return_inverse=True)
    kind = np.array([kind_of.get(int(i), -1) for i in known], np.int64)[back]
    kinds = [
        _kind(plan, k, _share(frame[kind == k], boxes[kind == k], size, len(plan.timeline)))
        for k in _there(kind)
    ]
    return Price(_share(frame, boxes, size, len(plan.timeline), whole), tuple(kinds))


def _there(kind: NDArray[np.int64]) -> list[int]:
    return [k for k in range(len(KINDS)) if (kind == k).any()]


def _kind(plan: Plan, kind: int, share: Share) -> KindPrice:
    tracks = [t for t in plan.revised.tracks if t.kind == kind and not t.keep]
    best = max(float(t.score.max()) for t in tracks)
    is_drawn = any((t.reason == Reason.DRAWN).any() for t in tracks)
    return KindPrice(
        KINDS[kind], share, round(best, 2), is_drawn or best >= SURE_SCORES[kind] - 1e-6
    )


def _share(
    frame: NDArray[np.int64],
    boxes: NDArray[np.int32],
    size: NDArray[np.float64],
    frames: int,
    whole: NDArray[np.int64] | None = None,
) -> Share:
    """frame  (n,) of each box, in order; size  pixels of every frame, or of all; whole  frames that
    are erased as a whole."""
    if not frames:
        return Share(0.0, 0.0, 0)
    shares = np.minimum(areas(frame, boxes, frames) / size, 1.0)
    if whole is not None:
        shares[whole] = 1.0
    worst = int(shares.argmax())
    return Share(round(float(shares.mean()), 4), round(float(shares[worst]), 4), worst)


def areas(frame: NDArray[np.int64], boxes: NDArray[np.int32], frames: int) -> NDArray[np.float64]:
    """Return (frames,) the pixels that the boxes of each frame cover together.

    frame  (n,) the number of the frame of each box, in order; boxes  (n, 4) whole pixels.
    """
    covered = np.zeros(frames)
    count = np.bincount(frame, minlength=frames)
    starts = np.concatenate([[0], np.cumsum(count)])
    for n in np.unique(count[count > 0]).tolist():
        of_n = np.flatnonzero(count == n)
        for part in _batches(of_n, n):
            rows = starts[part][:, None] + np.arange(n)
            covered[part] = _union(boxes[rows])
    return covered


def _batches(frames: NDArray[np.intp], n: int) -> Iterator[NDArray[np.intp]]:
    step = max(1, BATCH // (2 * n * n))
    yield from (frames[i : i + step] for i in range(0, len(frames), step))


def _union(boxes: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return (f,) the area of the union of each of f sets of n boxes, (f, n, 4).

    The picture is cut into strips at every upper and lower edge. A box spans a strip completely or
    not at all, so what remains is the length of a union of intervals: sorted by their start, each
    adds the part beyond the farthest end so far.
    """
    boxes = np.take_along_axis(boxes, boxes[:, :, :1].argsort(axis=1, kind="stable"), axis=1)
    edges = np.sort(boxes[:, :, 1::2].reshape(len(boxes), -1), axis=1)
    top, height = edges[:, :-1], np.diff(edges, axis=1)
    is_in = (boxes[:, None, :, 1] <= top[:, :, None]) & (boxes[:, None, :, 3] > top[:, :, None])
    end = np.where(is_in, boxes[:, None, :, 2], 0)
    before = np.maximum.accumulate(end, axis=2)
    before = np.concatenate([np.zeros_like(before[:, :, :1]), before[:, :, :-1]], axis=2)
    length = np.maximum(end - np.maximum(boxes[:, None, :, 0], before), 0).sum(axis=2)
    return np.asarray((length.astype(np.int64) * height).sum(axis=1))
