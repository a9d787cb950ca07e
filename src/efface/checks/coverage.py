"""Check that nothing of the source survives where the plan erases.

The check searches the target for the source's detail (`surviving_detail`), and for the source
blurred or as a mosaic (`surviving_blur`). A quick check first compares small pictures of all areas
(`first_comparison`), and the areas themselves only where these come near.

Among thousands of correct fills one or two resemble what they cover by chance: a bright bulge where
a bright head was. So a suspected area is painted once more, from the target's own rim, which cannot
contain the source. What comes out the same is made of the rim alone; the check then searches only
the difference for the source's detail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.checks.first_comparison import near
from efface.checks.frame_alignment import Pair, Views
from efface.checks.surviving_blur import shows_blurred
from efface.checks.surviving_detail import shows_detail
from efface.errors import EffaceError
from efface.findings import Check, Finding, Outcome
from efface.frames import Frame, Layout, Picture
from efface.geometry import Box
from efface.options import PaintOptions
from efface.painting.paint import paint
from efface.planning.plan import Plan
from efface.regions import Region

NAME = "coverage"

BLANK_DEVIATION = 0.01
"""Standard deviation, as share of the sample range, up to which a picture shows nothing."""


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

    def compare(self, pair: Pair, views: Views | None, *, is_same_file: bool = False) -> None:
        """Compare the next pair. views: what both show, or None if they cannot be compared.

        is_same_file  source and target are the same bytes: find out whether erasing could have
                      changed anything.
        """
        old = pair.old
        if old is None or views is None or old.index >= len(self._plan.timeline):
            self._missed += 1
            return
        if self._plan.is_black(old.index):
            self._frames += 1
            if not _is_blank(views.target):
                self._add(pair, "should be black, as the plan says, and is not")
            return
        if regions := self._plan.regions(old.index):
            self._frames += 1
            self._areas += len(regions)
            for box in _survivors(views, regions, self._paint):
                self._add(pair, "still shows what the plan erases", box)
            if is_same_file and self.is_as_painted:
                self.is_as_painted = _is_as_painted(views.target, regions, self._paint)

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


def _survivors(views: Views, regions: Sequence[Region], options: PaintOptions) -> list[Box]:
    """Return the boxes in which the target shows the source. With kept samples, only what comes
    near to them is compared in full."""
    if views.samples is None:
        return surviving(*views.both(), regions, options)
    boxes = [r.box for r in regions]
    doubtful = near(views.samples, views.target, boxes)
    again = painted_again(views.target, regions, options) if doubtful and views.decodes else None
    if again is not None:
        for explained in _explanations(again):
            doubtful = near(views.samples, views.target, boxes, doubtful, explained)
    return surviving(*views.both(), regions, options, doubtful) if doubtful else []


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
    before, after = old.samples(), new.samples()
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


def surviving(
    source: Picture,
    target: Picture,
    regions: Sequence[Region],
    options: PaintOptions,
    among: Sequence[Box] | None = None,
) -> list[Box]:
    """Return the boxes of the regions in which the target shows detail of the source.

    The two pictures have the same layout; the target may be larger by a row or column (padding).

    options  how the regions were painted.
    among    compare only these boxes of them.
    """
    boxes = [r.box for r in regions]
    suspected = []
    for i, box in enumerate(boxes):
        if among is not None and box not in among:
            continue
        others = boxes[:i] + boxes[i + 1 :]
        if shows_detail(source, target, box) or shows_blurred(source, target, box, others):
            suspected.append((box, others))
    if not suspected:
        return []
    again = painted_again(target, regions, options)
    if again is None:
        return [box for box, _ in suspected]
    pictures = source, target, again
    return [box for box, others in suspected if not _is_explained(pictures, box, others)]


def _is_explained(
    pictures: tuple[Picture, Picture, Picture], box: Box, others: Sequence[Box]
) -> bool:
    """Return whether what the target shows in the box is what its rim makes. Only that part of the
    pictures is looked at: a large photo has hundreds of areas.

    pictures  the source, the target, and the target painted again.
    """
    x, y = (v // ALIGNED * ALIGNED for v in box[:2])
    source, target, again = (_part(p, (x, y, box[2], box[3])) for p in pictures)
    box, *others = ((x1 - x, y1 - y, x2 - x, y2 - y) for x1, y1, x2, y2 in (box, *others))
    return not all(
        shows_detail(source, _difference(target, explained, [box]), box)
        or shows_blurred(source, target, box, others, explained)
        for explained in _explanations(again)
    )


ALIGNED = 16
"""Parts of a picture start and end at multiples of so many pixels: samples of halved colours stay
whole."""


def _part(picture: Picture, box: Box) -> Picture:
    """Return the part of the picture in the box, or a little more."""
    x1, y1, x2, y2 = box
    wide = x1, y1, -(-x2 // ALIGNED) * ALIGNED, -(-y2 // ALIGNED) * ALIGNED
    return Picture(
        tuple(plane[window] for plane, window in _windows(picture, [wide])), picture.layout
    )


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
        options = PaintOptions(**told) if isinstance(told, dict) else PaintOptions()
    except (TypeError, EffaceError):
        options = PaintOptions()
    return plan.as_painted(options)


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
