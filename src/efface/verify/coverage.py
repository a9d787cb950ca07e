"""Does anything of the source survive where the plan erases?

The detail of the source is looked for in the target, at three scales, in the whole area and in its quarters. Detail is
what remains when shading and the picture's own blur are taken away: a fill made from the rim carries the rim's colours,
so shading may agree, and in a narrow area much that is soft; detail may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import tanh

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.findings import Check, Finding, Outcome
from efface.frames import Frame, Layout, Picture
from efface.geometry import Box, pixel_window
from efface.planning.plan import Plan
from efface.regions import Region
from efface.verify.pairs import Pair

NAME = "coverage"

CORE = 0.7
"""Share of the box that is compared: its rim may resemble its surroundings, which are still there."""

BLANK = 0.01
"""Standard deviation, as share of the sample range, up to which a picture shows nothing."""

SCALES = (1, 2, 4)
SIGMA = 2.0
LEAST_SIGMA = 0.7
SIDES_PER_SIGMA = 12
"""The blur that is taken away on each scale: this share of the shorter side, between these two numbers of pixels. With a
fixed blur the rims of narrow areas foretold their middle: every tenth smooth fill on soft textures was called untouched."""

SHADING = 2
"""Degree, along each side, of the polynomial that counts as shading."""

TEXTURE = 0.008
"""Standard deviation of detail, as share of the sample range, below which there is nothing to recognise (2 of 255)."""

LEAST_SIDE = 8
"""Pixels on a scale; fewer tell nothing."""

RICH = 0.05
"""Energy of the slopes across the main direction, as share of those along it, from which a quarter tells something."""

ALIKE = 0.5
KEPT = 0.5
"""Correlation of source and target detail, and share of the source's detail found in the target, from which it survives.
Untouched areas give at least 0.55 and 0.52 after JPEG at quality 50, and more in video at CRF 18. Where fills from the rim
reach that correlation (in narrow areas of soft texture), they keep at most 0.44."""

CHANCE = 6.0
"""Standard errors that a correlation must lie above zero: small patches look alike by chance, and there are many of them."""

INDEPENDENT = 4
"""Neighbouring samples of detail are not independent: so many count as one."""


class Coverage:
    """Takes pairs of frames in order, and says where the plan erases and the target shows the source all the same."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.found: list[Finding] = []
        self._areas = self._frames = self._missed = 0

    def compare(self, pair: Pair, pictures: tuple[Picture, Picture] | None) -> None:
        """The next pair, and the samples of both in one layout; None where they cannot be compared."""
        old = pair.old
        if old is None or pictures is None or old.index >= len(self._plan.timeline):
            self._missed += 1
            return
        if self._plan.is_black(old.index):
            self._frames += 1
            if not _is_blank(pictures[1]):
                self._add(pair, "should be black, as the plan says, and is not")
            return
        if regions := self._plan.regions(old.index):
            self._frames += 1
            self._areas += len(regions)
            for box in surviving(*pictures, regions):
                self._add(pair, "still shows what the plan erases", box)

    def _add(self, pair: Pair, what: str, box: Box | None = None) -> None:
        self.found.append(Finding(NAME, f"{pair.name} {what}", pair.number, box, pair.second))

    def check(self, *, is_whole: bool) -> Check:
        """How it ended. is_whole: every frame was compared."""
        facts = {"frames with erased areas": self._frames, "areas compared": self._areas}
        if self.found:
            return Check(NAME, Outcome.NOT_CLEAN, tuple(self.found), facts)
        if self._missed or not is_whole:
            return Check(NAME, Outcome.SKIPPED, facts=facts, why="not every frame could be compared with the source's")
        return Check(NAME, Outcome.CLEAN, facts=facts)


def comparable(old: Frame, new: Frame) -> tuple[Picture, Picture]:
    """The samples of both, in one layout."""
    before, after = old.unpack(), new.unpack()
    if before.layout == after.layout:
        return before, after
    return _as_rgb(old), _as_rgb(new)


def _is_blank(picture: Picture) -> bool:
    return all(float(np.std(plane)) <= BLANK * picture.layout.peak for plane in picture.planes)


def _as_rgb(frame: Frame) -> Picture:
    rgb = frame.look(frame.size_wh)
    planes = tuple(np.ascontiguousarray(rgb[..., i]) for i in range(3))
    return Picture(planes, Layout("rgb", shifts=((0, 0),) * 3))


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
    return any(_is_there(_reduced(source, s), _reduced(target, s)) for s in SCALES)


def _reduced(patch: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    height, width = (n // scale for n in patch.shape)
    if scale == 1 or min(width, height) < 1:
        return patch if scale == 1 else patch[:0]
    return np.asarray(cv2.resize(patch, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _is_there(source: NDArray[np.float32], target: NDArray[np.float32]) -> bool:
    if min(source.shape) < LEAST_SIDE:
        return False
    a, b = _detail(source), _detail(target)
    # What survives in a corner is little of the whole, and much of a quarter.
    return _is_alike(a, b) or any(
        min(p.shape) >= LEAST_SIDE and _is_alike(p, q) and _is_rich(p) for p, q in zip(_quarters(a), _quarters(b), strict=True)
    )


def _quarters(patch: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    height, width = patch.shape[0] // 2, patch.shape[1] // 2
    yield from (patch[y : y + height, x : x + width] for y in (0, height) for x in (0, width))


def _is_alike(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    """Whether the detail a is found in b."""
    own, shared, other = (float(np.vdot(p, q)) for p, q in ((a, a), (a, b), (b, b)))
    least = max(ALIKE, tanh(CHANCE / (a.size / INDEPENDENT - 3) ** 0.5))  # Fisher's z
    return own >= a.size * TEXTURE**2 and shared > KEPT * own and shared > least * (own * other) ** 0.5


def _is_rich(detail: NDArray[np.float32]) -> bool:
    """Whether there is more than one straight edge: that alone agrees with the border of a tile now and then."""
    across, down = np.diff(detail, axis=1)[1:].ravel(), np.diff(detail, axis=0)[:, 1:].ravel()
    weaker, stronger = np.linalg.eigvalsh(np.cov(across, down))
    return bool(weaker > RICH * stronger)


def _detail(patch: NDArray[np.float32]) -> NDArray[np.float32]:
    flat = patch - _shading(patch)
    sigma = min(max(min(patch.shape) / SIDES_PER_SIGMA, LEAST_SIGMA), SIGMA)
    detail = flat - cv2.GaussianBlur(flat, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(detail - detail.mean(), np.float32)


def _shading(patch: NDArray[np.float32]) -> NDArray[np.float32]:
    """The polynomial surface nearest to the patch."""
    down, across = (_polynomials(n) for n in patch.shape)
    return np.asarray(down @ (down.T @ patch @ across) @ across.T, np.float32)


@lru_cache(maxsize=64)
def _polynomials(count: int) -> NDArray[np.float32]:
    """(count, SHADING + 1) float32: orthonormal columns, the polynomials up to that degree at so many places."""
    powers = np.vander(np.linspace(-1, 1, count), SHADING + 1, increasing=True)
    return np.asarray(np.linalg.qr(powers)[0], np.float32)
