"""Find out whether an erased area shows detail of the source.

Detail is searched at three scales, in the whole area and in its quarters. It is what remains after
shading and the picture's own blur are removed. A fill made from the rim carries the rim's colours,
so shading may agree, and in a narrow area many soft structures too; detail may not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from math import tanh

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.checks.patch_shading import reduced, without_shading
from efface.frames import Layout, Picture
from efface.geometry import Box, pixel_window

CORE_SHARE = 0.7
"""Share of the box that is compared. Its rim may resemble its surroundings, which are still
visible."""

SCALES = (1, 2, 4)
SIGMA = 2.0
LEAST_SIGMA = 0.7
SIDES_PER_SIGMA = 12
"""The blur removed on each scale: the shorter side divided by this, between these two numbers of
pixels.

With a fixed blur the rims of narrow areas predicted their middle: every tenth smooth fill on soft
textures was reported as untouched.
"""

TEXTURE = 0.008
"""Standard deviation of detail, as share of the sample range, below which nothing is recognisable
(2 of 255)."""

LEAST_SIDE_PX = 8
"""Minimum pixels on a scale; fewer say nothing."""

RICH_SHARE = 0.05
"""Energy of the slopes across the main direction, as share of those along it, from which a quarter
is informative."""

ALIKE = 0.5
KEPT = 0.5
"""Correlation of source and target detail, and share of the source's detail found in the target,
from which it survives.

Untouched areas give at least 0.55 and 0.52 after JPEG at quality 50, and more in video at CRF 18.
If fills from the rim reach that correlation (in narrow areas of soft texture), they keep at most
0.44.
"""

CHANCE_ERRORS = 6.0
"""Standard errors by which a correlation must exceed zero. Small patches are similar by chance, and
there are many."""

INDEPENDENT_SAMPLES = 4
"""Number of neighbouring samples of detail that count as one independent sample."""

FAINT_DEVIATION = 0.9 * KEPT * TEXTURE
"""Standard deviation of the target's detail below which the source's detail cannot survive in it,
whatever that was.

Shared energy of more than KEPT of the source's takes more than its square in the target (Cauchy and
Schwarz). A tenth less, for rounding. 99 of 100 correct fills stay below, so the source's detail
need not be computed for them.
"""


def shows_detail(source: Picture, target: Picture, box: Box) -> bool:
    x1, y1, x2, y2 = box
    inset_x, inset_y = (x2 - x1) * (1 - CORE_SHARE) / 2, (y2 - y1) * (1 - CORE_SHARE) / 2
    core = (x1 + inset_x, y1 + inset_y, x2 - inset_x, y2 - inset_y)
    for (sx, sy), planes in _alike_in_size(source.layout).items():
        height, width = source.planes[planes[0]].shape
        window = pixel_window(
            (core[0] / (1 << sx), core[1] / (1 << sy), core[2] / (1 << sx), core[3] / (1 << sy)),
            (width, height),
        )
        if _survives(*(partial(_patch, p, planes, window) for p in (source, target))):
            return True
    return False


@lru_cache(maxsize=16)
def _alike_in_size(layout: Layout) -> dict[tuple[int, int], list[int]]:
    """Return the numbers of the colour planes, grouped by their shifts."""
    colours = len(layout.shifts) - layout.has_alpha
    return {
        shift: [i for i in range(colours) if layout.shifts[i] == shift]
        for shift in layout.shifts[:colours]
    }


def _patch(
    picture: Picture, planes: Sequence[int], window: tuple[slice, slice]
) -> NDArray[np.float32]:
    """Return (h, w, n) float32, 0 to 1: that part of those planes."""
    samples = np.stack([picture.planes[i][window] for i in planes], axis=2).astype(np.float32)
    return samples / np.float32(picture.layout.peak)


def _survives(
    source: Callable[[], NDArray[np.float32]], target: Callable[[], NDArray[np.float32]]
) -> bool:
    """Return whether the target holds detail of the source in one of the planes, on one of the
    scales."""
    after = target()
    for scale in SCALES:
        if min(after.shape[:2]) // scale < LEAST_SIDE_PX:
            return False
        there = _detail(reduced(after, scale))
        if not _is_faint(there) and _is_there(_detail(reduced(source(), scale)), there):
            return True
    return False


def _is_faint(detail: NDArray[np.float32]) -> bool:
    """Return whether the detail is too weak for the source's to survive, in every plane and in
    every quarter."""
    height, width = (n // 2 for n in detail.shape[:2])
    if float(np.vdot(detail, detail)) < height * width * FAINT_DEVIATION**2:
        return True
    energy = detail * detail
    quarters = cv2.resize(energy[: 2 * height, : 2 * width], (2, 2), interpolation=cv2.INTER_AREA)
    return max(float(quarters.max()), float(energy.mean(axis=(0, 1)).max())) < FAINT_DEVIATION**2


def _is_there(source: NDArray[np.float32], target: NDArray[np.float32]) -> bool:
    for a, b in zip(_each(source), _each(target), strict=True):
        # What survives in a corner is little of the whole, and much of a quarter.
        if _is_alike(a, b) or any(
            min(p.shape) >= LEAST_SIDE_PX and _is_alike(p, q) and _is_rich(p)
            for p, q in zip(_quarters(a), _quarters(b), strict=True)
        ):
            return True
    return False


def _each(detail: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yield each plane of the detail, centred on zero."""
    for i in range(detail.shape[2]):
        plane = np.ascontiguousarray(detail[..., i])
        yield plane - plane.mean()


def _quarters(patch: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    height, width = patch.shape[0] // 2, patch.shape[1] // 2
    yield from (patch[y : y + height, x : x + width] for y in (0, height) for x in (0, width))


def _is_alike(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    """Return whether the detail a is found in b."""
    own, shared, other = (float(np.vdot(p, q)) for p, q in ((a, a), (a, b), (b, b)))
    least = max(
        ALIKE, tanh(CHANCE_ERRORS / (a.size / INDEPENDENT_SAMPLES - 3) ** 0.5)
    )  # Fisher's z
    return (
        own >= a.size * TEXTURE**2 and shared > KEPT * own and shared > least * (own * other) ** 0.5
    )


def _is_rich(detail: NDArray[np.float32]) -> bool:
    """Return whether there is more than one straight edge. A single edge sometimes agrees with the
    border of a tile."""
    across, down = np.diff(detail, axis=1)[1:].ravel(), np.diff(detail, axis=0)[:, 1:].ravel()
    weaker, stronger = np.linalg.eigvalsh(np.cov(across, down))
    return bool(weaker > RICH_SHARE * stronger)


def _detail(patch: NDArray[np.float32]) -> NDArray[np.float32]:
    flat = without_shading(patch)
    sigma = min(max(min(patch.shape[:2]) / SIDES_PER_SIGMA, LEAST_SIGMA), SIGMA)
    return flat - cv2.GaussianBlur(flat, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE).reshape(
        flat.shape
    )
