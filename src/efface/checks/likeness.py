"""How much two pictures are alike: PSNR and SSIM outside of the erased areas.

PSNR is measured over all colour planes, SSIM on the first one (on green if the picture is RGB).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log10
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.checks.frame_samples import BLOCK_PX, ssim_plane
from efface.frames import Picture
from efface.geometry import Size, pixel_window
from efface.regions import Region

AROUND_SHARE = 0.25
"""Share of a box's sides, on every side, that is left out as well, since every shape reaches beyond
its box."""

RIM_PX = 16
"""Pixels around that in which the encoder mixes erased and unchanged pixels: one coding block."""

LOSSLESS_DB = 100.0
"""PSNR of identical pictures, in place of infinity."""

STRIP_PIXELS = 1 << 15
"""Pixels for which SSIM is computed at once. It needs about 40 bytes for each: so many stay in the
processor's cache, which takes 17 ms instead of 27 for a 1080p frame."""


def around(size_wh: Size, regions: Sequence[Region]) -> list[tuple[slice, slice]]:
    """Return rows and columns in which something was erased, or nearby."""
    made = []
    for x1, y1, x2, y2 in (r.box for r in regions):
        dx, dy = (x2 - x1) * AROUND_SHARE + RIM_PX, (y2 - y1) * AROUND_SHARE + RIM_PX
        made.append(pixel_window((x1 - dx, y1 - dy, x2 + dx, y2 + dy), size_wh))
    return made


def visible(size_wh: Size, regions: Sequence[Region]) -> NDArray[np.uint8]:
    """Return (h, w) uint8: 1 where nothing was erased there or nearby."""
    mask = np.ones((size_wh[1], size_wh[0]), np.uint8)
    for window in around(size_wh, regions):
        mask[window] = 0
    return mask


def psnr(before: Picture, after: Picture, visible: NDArray[np.uint8]) -> float | None:
    """Return the PSNR in dB over the visible samples of all colour planes; None if nothing is
    visible."""
    error, count = 0.0, 0
    for a, b, mask in _planes(before, after, visible):
        error += cv2.norm(a, b, cv2.NORM_L2SQR, mask)
        count += cv2.countNonZero(mask)
    return decibels(error, count, before.layout.peak)


def decibels(error: float, count: int, peak: int) -> float | None:
    """Return the PSNR of the sum of squared errors of that many samples; None if there are none."""
    if not count:
        return None
    mean = error / count / peak**2
    return min(LOSSLESS_DB, -10 * log10(mean)) if mean else LOSSLESS_DB


def _planes(
    before: Picture, after: Picture, visible: NDArray[np.uint8]
) -> Iterator[tuple[NDArray, NDArray, NDArray]]:  # type: ignore[type-arg]
    """Yield both planes, cut to the size of the first, and a mask of their visible samples."""
    colours, masks = len(before.planes) - before.layout.has_alpha, {visible.shape: visible}
    for a, b in zip(before.planes[:colours], after.planes, strict=False):
        height, width = a.shape
        if a.shape not in masks:
            smaller = cv2.resize(visible, (width, height), interpolation=cv2.INTER_NEAREST)
            masks[a.shape] = np.asarray(smaller, np.uint8)
        yield np.ascontiguousarray(a), np.ascontiguousarray(b[:height, :width]), masks[a.shape]


def ssim(before: Picture, after: Picture, visible: NDArray[np.uint8]) -> float | None:
    """Return the mean SSIM of the wholly visible blocks (Wang et al. 2004, with square windows);
    None if there are none."""
    which = ssim_plane(before)
    height, width = (n // BLOCK_PX * BLOCK_PX for n in before.planes[which].shape)
    if not height or not width:
        return None
    total, count = 0.0, 0
    rows = max(1, STRIP_PIXELS // (BLOCK_PX * width)) * BLOCK_PX
    for top in range(0, height, rows):
        part = slice(top, min(top + rows, height)), slice(0, width)
        shown = _blocks(visible[part].astype(np.float32)) > 0.999
        if shown.any():
            index = block_indices(
                before.planes[which][part], after.planes[which][part], before.layout.peak
            )
            total, count = (
                total + float(index[shown].sum(dtype=np.float64)),
                count + int(shown.sum()),
            )
    return total / count if count else None


def block_indices(before: NDArray[Any], after: NDArray[Any], peak: int) -> NDArray[np.float32]:
    """Return the SSIM of each block."""
    a, b = (p.astype(np.float32) * np.float32(1 / peak) for p in (before, after))
    mean_a, mean_b = _blocks(a), _blocks(b)
    var_a, var_b, both = (
        _blocks(p) - m
        for p, m in ((a * a, mean_a**2), (b * b, mean_b**2), (a * b, mean_a * mean_b))
    )
    index = (
        (2 * mean_a * mean_b + 1e-4)
        * (2 * both + 9e-4)
        / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4))
    )
    return np.asarray(index, np.float32)


def _blocks(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each block."""
    height, width = plane.shape
    return np.asarray(
        cv2.resize(plane, (width // BLOCK_PX, height // BLOCK_PX), interpolation=cv2.INTER_AREA),
        np.float32,
    )
