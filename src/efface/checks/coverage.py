"""Check that nothing of the source survives where the plan erases.

The check searches the target for the source's detail, at three scales, in the whole area and in its
quarters. Detail is what remains after shading and the picture's own blur are removed. A fill made
from the rim carries the rim's colours, so shading may agree, and in a narrow area many soft
structures too; detail may not.

Among thousands of correct fills one or two resemble what they cover by chance: a bright bulge where
a bright head was. So a suspected area is painted once more, from the target's own rim, which cannot
contain the source. What comes out the same is made of the rim alone; the check then searches only
the difference for the source's detail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import product
from math import sqrt, tanh
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.checks.frame_alignment import Pair
from efface.errors import EffaceError
from efface.findings import Check, Finding, Outcome
from efface.frames import Frame, Layout, Picture
from efface.geometry import Box, pixel_window
from efface.options import PaintOptions
from efface.painting.paint import paint
from efface.planning.plan import Plan
from efface.regions import Region

NAME = "coverage"

CORE_SHARE = 0.7
"""Share of the box that is compared. Its rim may resemble its surroundings, which are still
visible."""

BLANK_DEVIATION = 0.01
"""Standard deviation, as share of the sample range, up to which a picture shows nothing."""

SCALES = (1, 2, 4)
SIGMA = 2.0
LEAST_SIGMA = 0.7
SIDES_PER_SIGMA = 12
"""The blur removed on each scale: the shorter side divided by this, between these two numbers of
pixels.

With a fixed blur the rims of narrow areas predicted their middle: every tenth smooth fill on soft
textures was reported as untouched.
"""

SHADING_DEGREE = 2
"""Degree, along each side, of the polynomial that counts as shading."""

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


class Coverage:
    """Takes pairs of frames in order, and reports where the plan erases but the target still shows
    the source."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._paint = plan, _paint_options(plan)
        self.found: list[Finding] = []
        self.is_as_painted = True
        """Whether every erased area shows what its own rim makes. Only set if `compare` was asked
        to find out."""
        self._areas = self._frames = self._missed = 0

    def compare(
        self, pair: Pair, pictures: tuple[Picture, Picture] | None, *, is_same_file: bool = False
    ) -> None:
        """Compare the next pair. pictures: the samples of both in one layout, or None if they
        cannot be compared.

        is_same_file  source and target are the same bytes: find out whether erasing could have
                      changed anything.
        """
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
            for box in surviving(*pictures, regions, self._paint):
                self._add(pair, "still shows what the plan erases", box)
            if is_same_file and self.is_as_painted:
                self.is_as_painted = _is_as_painted(pictures[1], regions, self._paint)

    def _add(self, pair: Pair, what: str, box: Box | None = None) -> None:
        self.found.append(Finding(NAME, f"{pair.name} {what}", pair.number, box, pair.second))

    @property
    def has_missed(self) -> bool:
        """Whether a frame could not be compared."""
        return self._missed > 0

    def check(self, *, is_whole: bool) -> Check:
        """Return the result. is_whole: every frame was compared."""
        facts = {"frames with erased areas": self._frames, "areas compared": self._areas}
        if self.found:
            return Check(NAME, Outcome.NOT_CLEAN, tuple(self.found), facts)
        if self._missed or not is_whole:
            return Check(
                NAME,
                Outcome.SKIPPED,
                facts=facts,
                why="not every frame could be compared with the source's",
            )
        return Check(NAME, Outcome.CLEAN, facts=facts)


MOST_COLOUR_STEPS = 2
"""Of 255, by which the areas of a single-colour picture may differ from the same areas painted
again."""


def _is_as_painted(target: Picture, regions: Sequence[Region], options: PaintOptions) -> bool:
    again = painted_again(target, regions, options)
    if again is None:
        return False
    most = MOST_COLOUR_STEPS * target.layout.peak / 255
    pairs = zip(
        _windows(target, [r.box for r in regions]),
        _windows(again, [r.box for r in regions]),
        strict=True,
    )
    return all(
        bool((np.abs(a[w].astype(np.int32) - b[w]) <= most).all()) for (a, w), (b, _) in pairs
    )


def comparable(old: Frame, new: Frame) -> tuple[Picture, Picture]:
    """Return the samples of both frames in one layout."""
    before, after = old.unpack(), new.unpack()
    if before.layout == after.layout:
        return before, after
    return _as_rgb(old), _as_rgb(new)


def _is_blank(picture: Picture) -> bool:
    return all(
        float(np.std(plane)) <= BLANK_DEVIATION * picture.layout.peak for plane in picture.planes
    )


def _as_rgb(frame: Frame) -> Picture:
    rgb = frame.look(frame.size_wh)
    planes = tuple(np.ascontiguousarray(rgb[..., i]) for i in range(3))
    return Picture(planes, Layout("rgb", shifts=((0, 0),) * 3))


BLURS = (0.0, 0.03, 0.06, 0.1, 0.15)
"""Standard deviations of the blurs that are tested, as shares of the shorter side of the box."""

SMOOTHED = (0.08, 0.15)
"""Standard deviations of a blur over both source and target, which removes the edges of a mosaic's
tiles."""

BLUR_ALIKE = 0.85
SEAMS_ALIKE = 0.93
BLUR_KEPT = (0.5, 2.0)
BLUR_TEXTURE = 0.004
BLUR_SIDE = 16
"""When a box counts as blurred or as a mosaic.

In order: correlation with the source, treated in the same way, of what rim and shading do not
explain, alone and where other areas cross it; how much of that is present; its standard deviation,
as share of the sample range; and the minimum shorter side in pixels. Measured on 281 boxes of real
photos after JPEG at quality 60: blurs of a tenth of the side reach 0.92 in 95 of 100, mosaics of
six tiles a side and more 0.95. Smooth fills, the nearest to a blur, reach 0.66 and keep 0.44 in 95
of 100. Where areas cross, seams once reached 0.87 in 8,700 areas of a video; the next were at 0.56.
"""

BLUR_LARGE = 64
ROOM_SHARE = 0.15
"""Boxes of at least twice that side are first checked at a smaller size, down to it. They are
checked at full size only if they come within ROOM_SHARE of the thresholds."""


def surviving(
    source: Picture, target: Picture, regions: Sequence[Region], options: PaintOptions
) -> list[Box]:
    """Return the boxes of the regions in which the target shows detail of the source.

    The two pictures have the same layout; the target may be larger by a row or column (padding).

    options  how the regions were painted.
    """
    boxes = [r.box for r in regions]
    suspected = []
    for i, box in enumerate(boxes):
        others = boxes[:i] + boxes[i + 1 :]
        if _shows_detail(source, target, box) or _is_blurred(source, target, box, others):
            suspected.append((box, others))
    if not suspected:
        return []
    again = painted_again(target, regions, options)
    if again is None:
        return [box for box, _ in suspected]
    for explained in _explanations(again):
        rest = _difference(target, explained, [box for box, _ in suspected])
        suspected = [
            (box, others)
            for box, others in suspected
            if _shows_detail(source, rest, box)
            or _is_blurred(source, target, box, others, explained)
        ]
    return [box for box, _ in suspected]


def painted_again(
    target: Picture, regions: Sequence[Region], options: PaintOptions
) -> Picture | None:
    """Erase the regions of a target once more, so that they show what its own rim makes.

    Returns None if that is not possible: the target has a palette, or is smaller than the plan
    says.
    """
    again = Picture(tuple(p.copy() for p in target.planes), target.layout)
    for plane, window in _windows(again, [r.box for r in regions]):
        # Otherwise a painter that leaves out an area would explain what it left there.
        plane[window] = (target.layout.peak + 1) // 2
    try:
        paint(again, regions, options)
    except ValueError:
        return None
    return again


def _explanations(again: Picture) -> Iterator[Picture]:
    """Yield what the rim makes; for RGB also with halved colours: in steps of two pixels.

    HEIC repeats colours for two pixels. On a steep gradient the source and a correct fill then show
    the same steps.
    """
    yield again
    if again.layout.model == "rgb" and again.layout.depth == 8 and len(again.planes) >= 3:
        yield _with_halved_colours(again)


def _with_halved_colours(picture: Picture) -> Picture:
    rgb = np.ascontiguousarray(np.stack(picture.planes[:3], axis=-1))
    height, width = rgb.shape[:2]
    even = cv2.copyMakeBorder(rgb, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    luma, *chroma = cv2.split(cv2.cvtColor(even, cv2.COLOR_RGB2YCrCb))
    size_wh = luma.shape[1], luma.shape[0]
    half = size_wh[0] // 2, size_wh[1] // 2
    steps = [
        cv2.resize(
            cv2.resize(c, half, interpolation=cv2.INTER_AREA),
            size_wh,
            interpolation=cv2.INTER_NEAREST,
        )
        for c in chroma
    ]
    made = cv2.cvtColor(cv2.merge([luma, *steps]), cv2.COLOR_YCrCb2RGB)[:height, :width]
    colours = [np.ascontiguousarray(made[..., i], np.uint8) for i in range(3)]
    return Picture((*colours, *picture.planes[3:]), picture.layout)


def _paint_options(plan: Plan) -> PaintOptions:
    """Return how the plan's regions were painted; the defaults if the plan does not say."""
    told = plan.options.get("paint")
    try:
        return PaintOptions(**told) if isinstance(told, dict) else PaintOptions()
    except (TypeError, EffaceError):
        return PaintOptions()


def _difference(picture: Picture, other: Picture, boxes: Sequence[Box]) -> Picture:
    """Return one picture minus the other in the boxes, around the middle of the range; the middle
    elsewhere."""
    peak = picture.layout.peak
    made = Picture(tuple(np.full_like(p, (peak + 1) // 2) for p in picture.planes), picture.layout)
    ours, theirs, rest = (_windows(p, boxes) for p in (picture, other, made))
    for (a, window), (b, _), (c, _) in zip(ours, theirs, rest, strict=True):
        c[window] = np.clip(a[window].astype(np.int32) - b[window] + (peak + 1) // 2, 0, peak)
    return made


def _windows(
    picture: Picture, boxes: Sequence[Box]
) -> Iterator[tuple[NDArray[Any], tuple[slice, slice]]]:
    """Yield each plane with the window of each box in it."""
    for (x1, y1, x2, y2), (plane, (sx, sy)) in product(
        boxes, zip(picture.planes, picture.layout.shifts, strict=True)
    ):
        yield plane, (slice(y1 >> sy, -(-y2 >> sy)), slice(x1 >> sx, -(-x2 >> sx)))


def _cross(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _is_blurred(
    source: Picture, target: Picture, box: Box, others: Sequence[Box], again: Picture | None = None
) -> bool:
    """Return whether the box shows the source, blurred or as a mosaic, beyond what its rim and
    shading explain.

    again  what the rim explains; if missing, a cheaper estimate is made.
    """
    which = 1 if source.layout.model == "rgb" else 0
    height, width = source.planes[which].shape
    rows, columns = pixel_window(box, (width, height))
    sides = rows.stop - rows.start, columns.stop - columns.start
    if min(sides) < BLUR_SIDE:
        return False
    scale = np.float32(1 / source.layout.peak)
    after = target.planes[which][rows, columns].astype(np.float32) * scale
    rest = _flat(_core(after))
    if _is_smooth(rest):  # subtracting what the rim explains cannot add detail
        return False
    if again is None:
        rim = _from_rim(target.planes[which][:height, :width], rows, columns) * scale
    else:
        rim = again.planes[which][rows, columns].astype(np.float32) * scale
    if _is_smooth(_without(rest, _unit(_flat(_core(rim))))) or after.std() < BLUR_TEXTURE:
        return False
    before = source.planes[which][rows, columns].astype(np.float32) * scale
    alike = SEAMS_ALIKE if any(_cross(box, other) for other in others) else BLUR_ALIKE
    patches, shrunk = [before, after, rim], min(sides) // BLUR_LARGE
    if shrunk > 1 and not _is_same_but_blurred(
        [_reduced(p, shrunk) for p in patches], alike, ROOM_SHARE
    ):
        return False
    return _is_same_but_blurred(patches, alike)


def _is_same_but_blurred(
    patches: Sequence[NDArray[np.float32]], alike: float, room: float = 0.0
) -> bool:
    """Return whether the target is a blurred copy of the source.

    patches  the source's, the target's, and what its rim predicts.
    room     share by which a threshold may be missed.
    """
    before, after, rim = patches
    unit = _unit(_flat(_core(rim)))

    def unexplained(patch: NDArray[np.float32], share: float = 0.0) -> NDArray[np.float32]:
        return _without(_flat(_core(_blurred(patch, share * min(patch.shape)))), unit)

    rest = unexplained(after)
    if any(_is_the_same(unexplained(before, share), rest, alike, room) for share in BLURS):
        return True
    soft = ((share, unexplained(after, share)) for share in SMOOTHED)
    return any(
        not _is_smooth(b, room) and _is_the_same(unexplained(before, share), b, alike, room)
        for share, b in soft
    )


def _core(patch: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = (
        slice(int(n * (1 - CORE_SHARE) / 2), n - int(n * (1 - CORE_SHARE) / 2)) for n in patch.shape
    )
    return patch[rows, columns]


def _is_smooth(rest: NDArray[np.float32], room: float = 0.0) -> bool:
    return float(np.vdot(rest, rest)) < rest.size * (BLUR_TEXTURE * (1 - room)) ** 2


def _is_the_same(
    own: NDArray[np.float32], other: NDArray[np.float32], alike: float, room: float
) -> bool:
    energy, shared = float(np.vdot(own, own)), float(np.vdot(own, other))
    least = max(BLUR_KEPT[0] * energy, alike * sqrt(energy * float(np.vdot(other, other)))) * (
        1 - room
    )
    return least < shared < BLUR_KEPT[1] * (1 + room) * energy


def _blurred(patch: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return (
        patch
        if sigma < 0.3
        else np.asarray(cv2.GaussianBlur(patch, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
    )


def _from_rim(plane: NDArray[Any], rows: slice, columns: slice) -> NDArray[np.float32]:
    """Estimate a fill from the rim: the samples around the window, blended across it (a Coons
    patch)."""
    height, width = plane.shape
    top, bottom = max(rows.start - 1, 0), min(rows.stop, height - 1)
    left, right = max(columns.start - 1, 0), min(columns.stop, width - 1)
    # At the picture's edge one rim is missing; the opposite one replaces it.
    top, bottom = (top if rows.start else bottom), (bottom if rows.stop < height else top)
    left, right = (left if columns.start else right), (right if columns.stop < width else left)
    level = plane[(top, bottom), columns].astype(np.float32)
    upright = plane[rows, (left, right)].astype(np.float32)
    corners = (level[:, (0, -1)] + upright[(0, -1), :]) / 2
    down, across = _ramps(len(upright)), _ramps(level.shape[1])
    return np.asarray(down @ (level - corners @ across.T) + upright @ across.T, np.float32)


def _ramps(count: int) -> NDArray[np.float32]:
    """Return (count, 2): how near each place is to the first end, and to the other; their sum is 1."""
    other = (np.arange(count, dtype=np.float32) + 0.5) / count
    return np.stack([1 - other, other], axis=1)


def _unit(patch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale the patch to an energy of 1; return zeros if it has almost none."""
    length = float(np.vdot(patch, patch)) ** 0.5
    return patch / np.float32(length) if length >= 1e-6 else np.zeros_like(patch)


def _without(patch: NDArray[np.float32], unit: NDArray[np.float32]) -> NDArray[np.float32]:
    """Remove the patch's component along the other one."""
    return np.asarray(patch - np.vdot(patch, unit) * unit, np.float32)


def _shows_detail(source: Picture, target: Picture, box: Box) -> bool:
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
        there = _detail(_reduced(after, scale))
        if not _is_faint(there) and _is_there(_detail(_reduced(source(), scale)), there):
            return True
    return False


def _reduced(patch: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    if scale == 1:
        return patch
    height, width = (n // scale for n in patch.shape[:2])
    smaller = np.asarray(
        cv2.resize(patch, (width, height), interpolation=cv2.INTER_AREA), np.float32
    )
    return smaller.reshape(
        height, width, *patch.shape[2:]
    )  # OpenCV drops the axis of a single plane


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
    flat = _flat(patch)
    sigma = min(max(min(patch.shape[:2]) / SIDES_PER_SIGMA, LEAST_SIGMA), SIGMA)
    return flat - cv2.GaussianBlur(flat, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE).reshape(
        flat.shape
    )


def _flat(patch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (h, w) or (h, w, n) patch without shading: minus the polynomial surface nearest to
    each plane."""
    height, width, *planes = patch.shape
    rows = patch.reshape(height, -1)
    down, across = _polynomials(height), _polynomials(width, *planes)
    return np.asarray(rows - down @ (down.T @ rows @ across) @ across.T, np.float32).reshape(
        patch.shape
    )


@lru_cache(maxsize=512)
def _polynomials(count: int, planes: int = 1) -> NDArray[np.float32]:
    """Return orthonormal float32 columns: the polynomials up to SHADING_DEGREE at `count` places,
    for each of the interleaved planes.

    (count * planes, (SHADING_DEGREE + 1) * planes)
    """
    powers = np.vander(np.linspace(-1, 1, count), SHADING_DEGREE + 1, increasing=True)
    return np.asarray(np.kron(np.linalg.qr(powers)[0], np.eye(planes)), np.float32)
