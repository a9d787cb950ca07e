"""Does anything of the source survive where the plan erases?

The detail of the source (what remains when the picture's own blur is taken away) is looked for in the target, at three
scales. A fill made from the rim carries the rim's colours, so smooth shading may agree; detail may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import tanh

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.frames import Picture
from efface.geometry import Box, pixel_window
from efface.regions import Region

CORE = 0.7
"""Share of the box that is compared: its rim may resemble its surroundings, which are still there."""

SCALES = (1, 2, 4)
SIGMA = 2.0
"""Pixels, of the blur that is taken away on each scale."""

TEXTURE = 0.008
"""Standard deviation of detail, as share of the sample range, below which there is nothing to recognise (2 of 255)."""

LEAST_SIDE = 6
"""Pixels on a scale; fewer tell nothing."""

ALIKE = 0.6
KEPT = 0.4
"""Correlation of source and target detail, and share of the source's detail found in the target. Untouched video gives
about 0.9 and 0.8 at CRF 18; fills from the rim stay below 0.3 and 0.1."""

CHANCE = 6.0
"""Standard errors that a correlation must lie above zero: small patches look alike by chance, and there are many of them."""

INDEPENDENT = 4
"""Neighbouring samples of detail are not independent: so many count as one."""


def surviving(source: Picture, target: Picture, regions: Sequence[Region]) -> list[Box]:
    """Boxes of the regions in which detail of the source is found in the target.

    The two pictures have the same layout; the target may be larger by a row or column (padding).
    """
    return [r.box for r in regions if any(_survives(s, t) for s, t in _patches(source, target, r.box))]


def _patches(source: Picture, target: Picture, box: Box) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The core of the box in every colour plane of both pictures, 0 to 1."""
    x1, y1, x2, y2 = box
    inset_x, inset_y = (x2 - x1) * (1 - CORE) / 2, (y2 - y1) * (1 - CORE) / 2
    core = (x1 + inset_x, y1 + inset_y, x2 - inset_x, y2 - inset_y)
    colours = len(source.planes) - source.layout.has_alpha
    pairs = []
    for i, (sx, sy) in enumerate(source.layout.shifts[:colours]):
        height, width = source.planes[i].shape
        window = pixel_window(
            (core[0] / (1 << sx), core[1] / (1 << sy), core[2] / (1 << sx), core[3] / (1 << sy)), (width, height)
        )
        pairs.append(tuple(p.planes[i][window].astype(np.float32) / p.layout.peak for p in (source, target)))
    return pairs  # type: ignore[return-value]  # tuple() of a pair is not seen as a pair


def _survives(source: NDArray[np.float32], target: NDArray[np.float32]) -> bool:
    return any(_is_alike(_reduced(source, s), _reduced(target, s)) for s in SCALES)


def _reduced(patch: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    height, width = (n // scale for n in patch.shape)
    if scale == 1 or min(width, height) < 1:
        return patch if scale == 1 else patch[:0]
    return np.asarray(cv2.resize(patch, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _is_alike(source: NDArray[np.float32], target: NDArray[np.float32]) -> bool:
    if min(source.shape) < LEAST_SIDE:
        return False
    a, b = _detail(source), _detail(target)
    own = float((a * a).mean())
    if own < TEXTURE**2:
        return False
    shared, other = float((a * b).mean()), float((b * b).mean())
    return shared > KEPT * own and shared > _least_correlation(a.size) * (own * other) ** 0.5


def _least_correlation(samples: int) -> float:
    """Correlation that is no accident in a patch of so many samples (Fisher's z-transformation)."""
    return max(ALIKE, tanh(CHANCE / max(samples / INDEPENDENT - 3, 1) ** 0.5))


def _detail(patch: NDArray[np.float32]) -> NDArray[np.float32]:
    detail = patch - cv2.GaussianBlur(patch, (0, 0), SIGMA, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(detail - detail.mean(), np.float32)
