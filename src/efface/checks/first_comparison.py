"""Find the erased areas that need a full comparison, from small pictures of them.

All areas of a frame are compared at once, at one size. The questions are those of
`surviving_detail` and `surviving_blur`, with lower thresholds: most correct fills are so smooth
that nothing of any source can survive in them. What comes near is compared again by those, in full
size.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import tanh

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.checks import surviving_blur as blur
from efface.checks import surviving_detail as detail
from efface.checks.frame_samples import (
    FrameSamples,
    Samples,
    colour_shifts,
    side_of,
    small_planes,
    window,
)
from efface.checks.patch_shading import projection
from efface.checks.surviving_detail import CORE_SHARE
from efface.frames import Picture
from efface.geometry import Box, Size

Patches = NDArray[np.float32]
"""(n, side, side), 0 to 1: one plane of each area."""

ROOM = 0.3
"""Share by which every threshold is lowered here.

Of 290 boxes of faces, left open in 14 ways each, and 174 of plates, left open by a quarter, by half
or in their colours alone (JPEG at quality 60), none was missed here that the full comparison found.
With 0.2, two open quarters were. Of 274 correct fills of photos 15 come near, in two films 11 of
4,385.
"""


def near(
    source: FrameSamples,
    target: Picture,
    boxes: Sequence[Box],
    among: Sequence[Box] | None = None,
    again: Picture | None = None,
) -> list[Box]:
    """Return the boxes in which the target comes near to the source, so that a full comparison
    must decide.

    boxes  all areas of the frame, as they were kept of the source.
    among  compare only these of them.
    again  what the target's rims explain: the target with its areas painted once more.
    """
    is_left = np.array([among is None or box in among for box in boxes], np.bool_)
    if not is_left.any():
        return []
    frame = _Frame(list(source.small_areas()), target, boxes, again)
    is_near, sides = np.zeros(len(boxes), np.bool_), source.boxes[:, 2:] - source.boxes[:, :2]
    for i, (sx, sy) in enumerate(colour_shifts(target.layout)):
        # The core grows to whole samples on both sides.
        core = (sides / (1 << sx, 1 << sy)).min(axis=1) * CORE_SHARE + 2
        rows = np.flatnonzero(is_left & ~is_near & (core >= detail.LEAST_SIDE_PX))
        is_near[rows] |= _shows_detail(frame, i, rows)
    rows = np.flatnonzero(is_left & ~is_near & (sides.min(axis=1) >= blur.BLUR_SIDE))
    is_near[rows] |= _shows_blurred(frame, rows, source.size_wh)
    return [box for box, is_it in zip(boxes, is_near, strict=True) if is_it]


class _Frame:
    """The areas of one frame, at the small size."""

    def __init__(
        self,
        source: Sequence[Sequence[Samples]],
        target: Picture,
        boxes: Sequence[Box],
        again: Picture | None,
    ) -> None:
        self._source, self.picture, self.boxes, self._again = source, target, boxes, again
        self._made: dict[tuple[int, int], Sequence[Samples]] = {}

    @property
    def has_rims(self) -> bool:
        """Whether it is known exactly what the rims explain."""
        return self._again is not None

    def source(self, plane: int, rows: NDArray[np.intp]) -> Patches:
        return self._stacked(plane, [self._source[row] for row in rows])

    def target(self, plane: int, rows: NDArray[np.intp]) -> Patches:
        return self._stacked(plane, [self._small(self.picture, 0, row) for row in rows])

    def explained(self, plane: int, rows: NDArray[np.intp]) -> Patches:
        assert self._again is not None
        return self._stacked(plane, [self._small(self._again, 1, row) for row in rows])

    def _small(self, picture: Picture, which: int, row: int) -> Sequence[Samples]:
        if (which, row) not in self._made:
            self._made[which, row] = small_planes(picture, self.boxes[row])
        return self._made[which, row]

    def _stacked(self, plane: int, areas: Sequence[Sequence[Samples]]) -> Patches:
        """Return that plane of those areas, all in one size."""
        side = side_of(self.picture.layout.shifts[plane])
        made = np.empty((len(areas), side, side), np.float32)
        for i, area in enumerate(areas):
            part = area[plane]
            if part.shape != (side, side):
                part = cv2.resize(part, (side, side), interpolation=cv2.INTER_LINEAR)
            made[i] = part
        return made * np.float32(1 / self.picture.layout.peak)


def _inset(side: int) -> int:
    return int(side * (1 - CORE_SHARE) / 2)


def _core(patches: Patches) -> Patches:
    inset = _inset(patches.shape[1])
    return patches[:, inset:-inset, inset:-inset]


def _flat(cores: Patches) -> Patches:
    """Return the patches without shading."""
    shading = projection(cores.shape[1])
    return np.asarray(cores - shading @ cores @ shading)


@lru_cache(maxsize=256)
def _blurring(count: int, sigma: float) -> NDArray[np.float32]:
    """Return the (count, count) matrix that blurs columns of that length."""
    if sigma < 0.3:
        return np.eye(count, dtype=np.float32)
    one = np.eye(count, dtype=np.float32)
    made = cv2.GaussianBlur(one, (1, 0), 1, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(made, np.float32)


# Detail


def _detail(cores: Patches) -> Patches:
    flat, side = _flat(cores), cores.shape[1]
    sigma = min(max(side / detail.SIDES_PER_SIGMA, detail.LEAST_SIGMA), detail.SIGMA)
    soft = _blurring(side, sigma)
    return np.asarray(flat - soft @ flat @ soft.T)


def _shows_detail(frame: _Frame, plane: int, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return (n,) whether those areas may hold the source's detail."""
    found = np.zeros(len(rows), np.bool_)
    after = frame.target(plane, rows)
    if frame.has_rims:
        after -= frame.explained(plane, rows)
    there = _detail(_core(after))
    faint = (detail.FAINT_DEVIATION * (1 - ROOM)) ** 2
    some = np.flatnonzero(_in_quarters(there * there).max(axis=(1, 2)) >= faint * _quarter(there))
    if len(some):
        own = _detail(_core(frame.source(plane, rows[some])))
        found[some] = _is_alike(own, there[some])
    return found


def _quarter(patches: Patches) -> int:
    return int(patches.shape[1] // 2 * (patches.shape[2] // 2))


def _in_quarters(patches: Patches) -> NDArray[np.float32]:
    """Return the (n, 2, 2) sums over the quarters of each patch."""
    n, side, _ = patches.shape
    return np.asarray(patches.reshape(n, 2, side // 2, 2, side // 2).sum(axis=(2, 4)))


def _is_alike(own: Patches, other: Patches) -> NDArray[np.bool_]:
    own = own - own.mean(axis=(1, 2), keepdims=True)
    other = other - other.mean(axis=(1, 2), keepdims=True)
    sums = [_in_quarters(p) for p in (own * own, own * other, other * other)]
    whole = [s.sum(axis=(1, 2)) for s in sums]
    return _is_enough(whole, own[0].size) | _is_enough(sums, _quarter(own)).any(axis=(1, 2))


def _is_enough(sums: Sequence[NDArray[np.float32]], size: int) -> NDArray[np.bool_]:
    """Return whether energy, and energy shared, exceed the thresholds of `surviving_detail`."""
    own, shared, other = sums
    chance = tanh(detail.CHANCE_ERRORS / (size / detail.INDEPENDENT_SAMPLES - 3) ** 0.5)
    least = max(detail.ALIKE, chance) * (1 - ROOM)
    return np.asarray(
        (own >= size * (detail.TEXTURE * (1 - ROOM)) ** 2)
        & (shared > detail.KEPT * (1 - ROOM) * own)
        & (shared > least * np.sqrt(own * other))
    )


# Blur


def _shows_blurred(frame: _Frame, rows: NDArray[np.intp], size_wh: Size) -> NDArray[np.bool_]:
    """Return (n,) whether those areas may show the source blurred, or as a mosaic. size_wh: of the
    source."""
    found = np.zeros(len(rows), np.bool_)
    plane = 1 if frame.picture.layout.model == "rgb" else 0
    after = frame.target(plane, rows)
    rest = _flat(_core(after))
    some = np.flatnonzero(~_is_smooth(rest))
    if not len(some):
        return found
    unit = _unit(_flat(_core(_rims(frame, plane, rows[some], size_wh))))
    is_rough = ~_is_smooth(_without(rest[some], unit))
    some, unit = some[is_rough], unit[is_rough]
    if len(some):
        own = frame.source(plane, rows[some])
        found[some] = _is_blurred(own, after[some], unit, rows[some], frame.boxes)
    return found


def _rims(frame: _Frame, plane: int, rows: NDArray[np.intp], size_wh: Size) -> Patches:
    """Return what the rims explain; if that is not known exactly, an estimate."""
    if frame.has_rims:
        return frame.explained(plane, rows)
    side = side_of(frame.picture.layout.shifts[plane])
    samples = frame.picture.planes[plane][: size_wh[1], : size_wh[0]]
    made = np.empty((len(rows), side, side), np.float32)
    for i, row in enumerate(rows):
        made[i] = blur.from_rim(samples, *window(frame.boxes[row], (0, 0)), (side, side))
    return made * np.float32(1 / frame.picture.layout.peak)


def _is_blurred(
    before: Patches,
    after: Patches,
    unit: Patches,
    rows: NDArray[np.intp],
    every: Sequence[Box],
) -> NDArray[np.bool_]:
    """Return (n,) whether the target's patch is a blurred copy of the source's."""
    boxes = [every[row] for row in rows]
    alike = np.array([blur.least_likeness(box, every) for box in boxes], np.float32)

    def unexplained(patches: Patches, share: float) -> Patches:
        return _without(_flat(_blurred_cores(patches, share, boxes)), unit)

    rest = unexplained(after, 0.0)
    found = np.zeros(len(boxes), np.bool_)
    for share in blur.BLURS:
        found |= _is_the_same(unexplained(before, share), rest, alike)
    for share in blur.SMOOTHED:
        soft = unexplained(after, share)
        found |= ~_is_smooth(soft) & _is_the_same(unexplained(before, share), soft, alike)
    return found


def _blurred_cores(patches: Patches, share: float, boxes: Sequence[Box]) -> Patches:
    """Return the cores of the patches, each blurred by a share of its box's shorter side."""
    if not share:
        return _core(patches)
    count = patches.shape[1]
    across, down = np.empty((2, len(boxes), count - 2 * _inset(count), count), np.float32)
    for i, (x1, y1, x2, y2) in enumerate(boxes):
        sigma = share * count * min(x2 - x1, y2 - y1)
        across[i] = _blurring_core(count, round(sigma / (x2 - x1), 1))
        down[i] = _blurring_core(count, round(sigma / (y2 - y1), 1))
    return np.asarray(down @ patches @ across.transpose(0, 2, 1))


@lru_cache(maxsize=512)
def _blurring_core(count: int, sigma: float) -> NDArray[np.float32]:
    """Return the rows of the blurring matrix that give the core."""
    return _blurring(count, sigma)[_inset(count) : -_inset(count)]


def _is_smooth(rest: Patches) -> NDArray[np.bool_]:
    least = rest.shape[1] ** 2 * (blur.BLUR_TEXTURE * (1 - ROOM)) ** 2
    return np.asarray((rest * rest).sum(axis=(1, 2)) < least)


def _is_the_same(own: Patches, other: Patches, alike: NDArray[np.float32]) -> NDArray[np.bool_]:
    energy, shared, others = (
        (a * b).sum(axis=(1, 2)) for a, b in ((own, own), (own, other), (other, other))
    )
    low, high = blur.BLUR_KEPT
    least = np.maximum(low * energy, alike * np.sqrt(energy * others)) * (1 - ROOM)
    return np.asarray((least < shared) & (shared < high * (1 + ROOM) * energy))


def _unit(patches: Patches) -> Patches:
    length = np.sqrt((patches * patches).sum(axis=(1, 2), keepdims=True))
    return np.asarray(np.where(length >= 1e-6, patches / np.maximum(length, 1e-6), 0))


def _without(patches: Patches, unit: Patches) -> Patches:
    return np.asarray(patches - (patches * unit).sum(axis=(1, 2), keepdims=True) * unit)
