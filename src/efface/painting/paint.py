"""Erase regions: blank the samples first, then fill them from what is left.

Everything under the masks is overwritten before any fill is computed, and fills read only the
blanked picture outside the masks. So two sources that differ only under the masks give
byte-identical results.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.frames import Picture
from efface.geometry import Box
from efface.options import PaintOptions
from efface.painting.colours import samples_of
from efface.painting.fills import Fill, Tiles, filled, hull_of, tiled
from efface.painting.masks import Erased, Shift, bands, erased, subsampled
from efface.regions import Region

FREE_FACTOR = 3
"""Windows that touch are written together while the box around them has at most this many times
their samples. A call costs as much as some thousand samples."""


def paint(picture: Picture, regions: Sequence[Region], options: PaintOptions) -> None:
    """Overwrite everything inside the regions in place, in every plane; opaque if there is an alpha
    plane.

    Raises ValueError for pictures with a palette and for boxes that are empty or reach out of the
    picture, before any sample has changed.
    """
    _require_samples(picture)
    area = erased(regions, options.shape, picture.size_wh)
    base = _base(picture)
    groups = list(_groups(area.windows, base))
    _punch(picture, area, groups, options)
    if options.style == "solid":
        return
    for group in groups:
        windows = [area.windows[i] for i in group]
        fill = filled(picture, area, windows, base)
        if options.style == "smooth":
            for part in _joined(windows):
                _fill(picture, area, part, fill)
        else:
            for i in group:
                _fill(picture, area, [area.windows[i]], tiled(fill, regions[i], options.seed))


def blackout(picture: Picture) -> None:
    """Make the whole frame black and opaque. Raises ValueError for pictures with a palette."""
    _require_samples(picture)
    black = samples_of("#000000", picture.layout, picture.size_wh[1])
    for plane, sample in zip(picture.planes, black, strict=True):
        plane[...] = sample


def _require_samples(picture: Picture) -> None:
    if picture.layout.model == "index":
        raise ValueError("a picture with a palette cannot be painted; expand it to rgb first")


def _base(picture: Picture) -> Shift:
    """Return the subsampling of the coarsest plane."""
    x, y = zip(*picture.layout.shifts, strict=True)
    return max(x), max(y)


def _punch(
    picture: Picture, area: Erased, groups: Sequence[Sequence[int]], options: PaintOptions
) -> None:
    """Overwrite every masked sample of every plane with one colour."""
    samples = (
        samples_of(options.colour, picture.layout, picture.size_wh[1])
        if options.style == "solid"
        else picture.layout.neutral
    )
    parts = [part for group in groups for part in _joined([area.windows[i] for i in group])]
    hulls = [hull_of(part) for part in parts]
    for plane, shift, sample in zip(picture.planes, picture.layout.shifts, samples, strict=True):
        for hull in hulls:
            for box in bands(subsampled(hull, shift)):
                mask = area.at(box, shift)
                _overwrite(plane, box, np.full(mask.shape, sample, plane.dtype), mask)


def _overwrite(
    plane: NDArray[Any], box: Box, samples: NDArray[Any], mask: NDArray[np.bool_]
) -> None:
    """Write samples of the plane's own type to the masked places of the box."""
    x1, y1, x2, y2 = box
    part = plane[y1:y2, x1:x2]
    if part.strides[1] == part.itemsize and part.strides[0] > 0:
        # Five times as fast as NumPy. It writes in place, as type and size are those of the part.
        cv2.copyTo(samples, mask.view(np.uint8), part)
    else:
        np.copyto(part, samples, where=mask)


def _groups(windows: Sequence[Box], base: Shift) -> Iterator[list[int]]:
    """Yield indices of windows that touch each other, directly or through others. Their holes are
    filled as one, without a seam."""
    if len(windows) < 2:
        yield from ([i] for i in range(len(windows)))
        return
    # One more base sample on each side: neighbours that share a chroma sample belong together.
    pad = np.array([1 << base[0], 1 << base[1]])
    low, high = np.array(windows)[:, :2] - pad, np.array(windows)[:, 2:] + pad
    touching = ((low[:, None] <= high[None]) & (low[None] <= high[:, None])).all(-1)
    left = np.ones(len(windows), np.bool_)
    for first in range(len(windows)):
        if left[first]:
            group = _reached(touching, first)
            left &= ~group
            yield np.flatnonzero(group).tolist()


def _reached(touching: NDArray[np.bool_], first: int) -> NDArray[np.bool_]:
    """Return everything linked to one row, at any distance."""
    reached: NDArray[np.bool_] = touching[first]
    new = reached
    while new.any():
        wider = reached | touching[new].any(0)
        reached, new = wider, wider & ~reached
    return reached


def _joined(windows: Sequence[Box]) -> Sequence[Sequence[Box]]:
    """Return the windows as one part, or each as its own if together they leave most of the box
    around them free."""
    x1, y1, x2, y2 = hull_of(windows)
    covered = sum((w[2] - w[0]) * (w[3] - w[1]) for w in windows)
    is_dense = (x2 - x1) * (y2 - y1) <= FREE_FACTOR * covered
    return [windows] if is_dense else [[window] for window in windows]


def _fill(picture: Picture, area: Erased, windows: Sequence[Box], patch: Fill | Tiles) -> None:
    """Write the patch into the masked samples of the windows, on every plane but alpha."""
    hull = hull_of(windows)
    shifts = picture.layout.shifts[: len(picture.planes) - picture.layout.has_alpha]
    for shift in dict.fromkeys(shifts):
        for box in bands(subsampled(hull, shift)):
            mask = _mask_of(area, windows, box, shift)
            for i, plane in enumerate(picture.planes[: len(shifts)]):
                if shifts[i] == shift:
                    _overwrite(plane, box, patch.at(box, shift, i), mask)


def _mask_of(area: Erased, windows: Sequence[Box], box: Box, shift: Shift) -> NDArray[np.bool_]:
    """Return the mask of these windows within a box around them. Other holes may lie between
    them."""
    if len(windows) == 1:
        return area.at(box, shift)
    left, top = box[:2]
    mask = np.zeros((box[3] - top, box[2] - left), np.bool_)
    for window in windows:
        x1, y1, x2, y2 = subsampled(window, shift)
        y1, y2 = max(y1, top), min(y2, box[3])
        if y1 < y2:
            mask[y1 - top : y2 - top, x1 - left : x2 - left] = area.at((x1, y1, x2, y2), shift)
    return mask
