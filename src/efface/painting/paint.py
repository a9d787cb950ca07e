"""Erase regions: blank the samples first, then fill them from what is left.

Everything under the masks is overwritten before any fill is computed, and fills read only the
blanked picture outside the masks. So two sources that differ only under the masks give
byte-identical results.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.frames import Picture
from efface.geometry import Box
from efface.options import PaintOptions
from efface.painting.colours import samples_of
from efface.painting.fills import Fill, Tiles, filled, tiled
from efface.painting.masks import Erased, Shift, bands, erased, subsampled
from efface.regions import Region


def paint(picture: Picture, regions: Sequence[Region], options: PaintOptions) -> None:
    """Overwrite everything inside the regions in place, in every plane; opaque if there is an alpha
    plane.

    Raises ValueError for pictures with a palette and for boxes that are empty or reach out of the
    picture, before any sample has changed.
    """
    _require_samples(picture)
    area = erased(regions, options.shape, picture.size_wh)
    solid = options.style == "solid"
    _punch(
        picture,
        area,
        samples_of(options.colour, picture.layout, picture.size_wh[1])
        if solid
        else picture.layout.neutral,
    )
    if solid:
        return
    base = _base(picture)
    for group in _groups(area.windows, base):
        fill = filled(picture, area, [area.windows[i] for i in group], base)
        for i in group:
            patch = tiled(fill, regions[i], options.seed) if options.style == "tiles" else fill
            _fill(picture, area, area.windows[i], patch)


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


def _punch(picture: Picture, area: Erased, samples: tuple[int, ...]) -> None:
    for shift, channels in _alike(picture.layout.shifts):
        for box in (band for window in area.windows for band in bands(subsampled(window, shift))):
            mask = area.at(box, shift)
            for i in channels:
                plane = picture.planes[i]
                np.copyto(_part(plane, box), plane.dtype.type(samples[i]), where=mask)


def _alike(shifts: Sequence[Shift]) -> list[tuple[Shift, list[int]]]:
    """Return each subsampling once, with the planes that have it: they share their masks."""
    return [
        (shift, [i for i, s in enumerate(shifts) if s == shift]) for shift in dict.fromkeys(shifts)
    ]


def _part(plane: NDArray[Any], box: Box) -> NDArray[Any]:
    x1, y1, x2, y2 = box
    return plane[y1:y2, x1:x2]


def _groups(windows: Sequence[Box], base: Shift) -> Iterator[list[int]]:
    """Yield indices of windows that touch each other, directly or through others. Their holes are
    filled as one, without a seam."""
    if not windows:
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


def _fill(picture: Picture, area: Erased, window: Box, patch: Fill | Tiles) -> None:
    """Write the patch into the masked samples of the window, on every plane but alpha."""
    for shift, channels in _alike(
        picture.layout.shifts[: len(picture.planes) - picture.layout.has_alpha]
    ):
        for box in bands(subsampled(window, shift)):
            mask = area.at(box, shift)
            rounded = patch.at(box, shift, channels) + np.float32(0.5)
            for n, i in enumerate(channels):
                np.copyto(
                    _part(picture.planes[i], box), rounded[..., n], where=mask, casting="unsafe"
                )
