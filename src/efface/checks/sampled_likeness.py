"""PSNR and SSIM of a target from the samples that were kept of the source's frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from efface.checks.frame_samples import (
    BLOCK_PX,
    FrameSamples,
    block_step,
    blocks_of,
    colour_shifts,
    grid_start,
    grid_step,
    on_grid,
    ssim_plane,
)
from efface.checks.likeness import around, block_indices, decibels
from efface.frames import Picture
from efface.geometry import Size
from efface.regions import Region


def sampled_psnr(kept: FrameSamples, target: Picture, regions: Sequence[Region]) -> float | None:
    """Return the PSNR in dB over the visible samples of the grids; None if none is visible."""
    target = _cropped(target, kept.size_wh)
    hidden, step = around(kept.size_wh, regions), grid_step(kept.size_wh)
    error, count = 0.0, 0
    planes = zip(kept.grid, target.planes, colour_shifts(kept.layout), strict=False)
    for ours, plane, (sx, sy) in planes:
        theirs, first = on_grid(plane, kept.size_wh), grid_start(plane.shape, step)
        places = [
            (first + step * np.arange(n)) << s for n, s in zip(ours.shape, (sy, sx), strict=True)
        ]
        shown = _shown(places[0], places[1], 1 << sy, 1 << sx, hidden)
        off = (ours.astype(np.int64) - theirs)[shown]
        error += float(np.vdot(off, off))
        count += off.size
    return decibels(error, count, kept.layout.peak)


def sampled_ssim(kept: FrameSamples, target: Picture, regions: Sequence[Region]) -> float | None:
    """Return the mean SSIM of the kept blocks that are wholly visible; None if there are none."""
    target = _cropped(target, kept.size_wh)
    theirs = blocks_of(target)
    if kept.blocks is None or theirs is None:
        return None
    index = block_indices(kept.blocks, theirs, kept.layout.peak)
    sx, sy = kept.layout.shifts[ssim_plane(target)]
    step = block_step(kept.size_wh) * BLOCK_PX
    places = [(step * np.arange(n)) << s for n, s in zip(index.shape, (sy, sx), strict=True)]
    hidden = around(kept.size_wh, regions)
    shown = _shown(places[0], places[1], BLOCK_PX << sy, BLOCK_PX << sx, hidden)
    return float(index[shown].mean(dtype=np.float64)) if shown.any() else None


def _cropped(target: Picture, size_wh: Size) -> Picture:
    """Return the target without the row or column that a codec may have added."""
    if target.size_wh == size_wh:
        return target
    width, height = size_wh
    planes = tuple(
        plane[: -(-height >> sy), : -(-width >> sx)]
        for plane, (sx, sy) in zip(target.planes, target.layout.shifts, strict=True)
    )
    return Picture(planes, target.layout)


def _shown(
    tops: NDArray[np.int64],
    lefts: NDArray[np.int64],
    height: int,
    width: int,
    hidden: Sequence[tuple[slice, slice]],
) -> NDArray[np.bool_]:
    """Return (len(tops), len(lefts)) which pieces of that height and width are outside of all
    hidden windows."""
    shown = np.ones((len(tops), len(lefts)), np.bool_)
    if not hidden:
        return shown
    down = np.searchsorted(tops, [(r.start - height + 1, r.stop) for r, _ in hidden])
    across = np.searchsorted(lefts, [(c.start - width + 1, c.stop) for _, c in hidden])
    for (first, last), (left, right) in zip(down.tolist(), across.tolist(), strict=True):
        shown[first:last, left:right] = False
    return shown
