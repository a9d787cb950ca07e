"""Does anything of the source survive where the plan erases?

The detail of the source is looked for in the target, at three scales, in the whole area and in its quarters. Detail is
what remains when shading and the picture's own blur are taken away: a fill made from the rim carries the rim's colours,
so shading may agree, and in a narrow area much that is soft; detail may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import tanh
from typing import Any

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


BLURS = (0.0, 0.03, 0.06, 0.1, 0.15)
"""Standard deviations of a blur that is looked for, as shares of the shorter side of the box."""

SMOOTHED = (0.08, 0.15)
"""The same, of a blur over both source and target: it takes the edges of a mosaic's tiles away."""

BLUR_ALIKE = 0.85
SEAMS_ALIKE = 0.93
BLUR_KEPT = (0.5, 2.0)
BLUR_TEXTURE = 0.004
BLUR_SIDE = 16
"""When a box counts as blurred or as a mosaic: correlation with the source, treated in the same way, of what rim and shading do
not explain, alone and where other areas cross it; how much of that is there; its standard deviation, as share of the sample
range; and the shorter side in pixels, from which this is told. On 281 boxes of real photos after JPEG at quality 60: blurs of a
tenth of the side reach 0.92 in 95 of 100, mosaics of six tiles a side and more 0.95. Smooth fills, the nearest to a blur, reach
0.66 and keep 0.44 in 95 of 100. Where areas cross, seams once reached 0.87 in 8,700 areas of a film; the next were at 0.56."""


def surviving(source: Picture, target: Picture, regions: Sequence[Region]) -> list[Box]:
    """Boxes of the regions in which detail of the source is found in the target.

    The two pictures have the same layout; the target may be larger by a row or column (padding).
    """
    found = []
    for i, region in enumerate(regions):
        others = [r.box for j, r in enumerate(regions) if j != i]
        alike = SEAMS_ALIKE if any(_cross(region.box, other) for other in others) else BLUR_ALIKE
        patches = _patches(source, target, region.box)
        if any(_survives(s, t) for s, t in patches) or _is_blurred(source, target, region.box, alike):
            found.append(region.box)
    return found


def _cross(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _is_blurred(source: Picture, target: Picture, box: Box, alike: float) -> bool:
    """Whether the box shows the source, blurred or as a mosaic: beyond what its rim and shading explain."""
    which = 1 if source.layout.model == "rgb" else 0
    height, width = source.planes[which].shape
    rows, columns = pixel_window(box, (width, height))
    sides = rows.stop - rows.start, columns.stop - columns.start
    if min(sides) < BLUR_SIDE:
        return False
    scale = np.float32(1 / source.layout.peak)
    before, after = (p.planes[which][rows, columns].astype(np.float32) * scale for p in (source, target))
    if after.std() < BLUR_TEXTURE:
        return False
    core = tuple(slice(int(n * (1 - CORE) / 2), n - int(n * (1 - CORE) / 2)) for n in sides)
    rim = _from_rim(target.planes[which][:height, :width], rows, columns) * scale
    explained = _explained(rim[core])
    rest = _unexplained(after[core], explained)
    if rest.std() < BLUR_TEXTURE:
        return False
    if any(_is_the_same(_unexplained(_blurred(before, share * min(sides))[core], explained), rest, alike) for share in BLURS):
        return True
    soft = ([_unexplained(_blurred(p, share * min(sides))[core], explained) for p in (before, after)] for share in SMOOTHED)
    return any(b.std() >= BLUR_TEXTURE and _is_the_same(a, b, alike) for a, b in soft)


def _is_the_same(own: NDArray[np.float32], other: NDArray[np.float32], alike: float) -> bool:
    energy, shared = float(own @ own), float(own @ other)
    low, high = BLUR_KEPT
    return low * energy < shared < high * energy and shared > alike * (energy * float(other @ other)) ** 0.5


def _blurred(patch: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return patch if sigma < 0.3 else np.asarray(cv2.GaussianBlur(patch, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def _from_rim(plane: NDArray[Any], rows: slice, columns: slice) -> NDArray[np.float32]:
    """What a fill from the rim would be like: the samples around the window, blended across it (a Coons patch)."""
    height, width = plane.shape
    top, bottom = max(rows.start - 1, 0), min(rows.stop, height - 1)
    left, right = max(columns.start - 1, 0), min(columns.stop, width - 1)
    # At the picture's edge there is no rim, and the one across stands in for it.
    top, bottom = (top if rows.start else bottom), (bottom if rows.stop < height else top)
    left, right = (left if columns.start else right), (right if columns.stop < width else left)
    t, b = (plane[i, columns].astype(np.float32)[None] for i in (top, bottom))
    a, z = (plane[rows, i].astype(np.float32)[:, None] for i in (left, right))
    v = ((np.arange(a.size, dtype=np.float32) + 0.5) / a.size)[:, None]
    u = ((np.arange(t.size, dtype=np.float32) + 0.5) / t.size)[None]
    corners = (t[0, 0] + a[0, 0]) / 2, (t[0, -1] + z[0, 0]) / 2, (b[0, 0] + a[-1, 0]) / 2, (b[0, -1] + z[-1, 0]) / 2
    straight = (1 - v) * ((1 - u) * corners[0] + u * corners[1]) + v * ((1 - u) * corners[2] + u * corners[3])
    return np.asarray((1 - v) * t + v * b + (1 - u) * a + u * z - straight, np.float32)


def _explained(rim: NDArray[np.float32]) -> NDArray[np.float32]:
    """(samples, n) orthonormal columns: what shading and the rim can explain."""
    down, across = (_polynomials(n) for n in rim.shape)
    shading = np.einsum("ia,jb->ijab", down, across).reshape(rim.size, -1)
    rest = rim.ravel() - shading @ (shading.T @ rim.ravel())
    length = float(np.linalg.norm(rest))
    return shading if length < 1e-6 else np.column_stack([shading, rest / length]).astype(np.float32)


def _unexplained(patch: NDArray[np.float32], explained: NDArray[np.float32]) -> NDArray[np.float32]:
    flat = patch.ravel()
    return np.asarray(flat - explained @ (explained.T @ flat), np.float32)


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
