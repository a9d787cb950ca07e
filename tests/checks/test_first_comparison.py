"""The first comparison lets nothing pass that a full one would find, and few correct fills reach
the full one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from efface.checks.first_comparison import near
from efface.checks.frame_samples import samples_of
from efface.checks.surviving_blur import shows_blurred
from efface.checks.surviving_detail import shows_detail
from efface.frames import Layout, Picture
from efface.options import PaintOptions
from efface.painting.paint import paint
from efface.regions import Region

YUV420 = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)), False)
BOXES = [
    (6, 8, 40, 44),
    (60, 10, 190, 150),
    (200, 20, 330, 60),
    (30, 160, 301, 360),
    (350, 90, 366, 106),
]


def scene(seed):
    """Noise of several scales, as parts of faces and plates have it."""
    rng = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(rng.normal(0, 1, (380, 400)), (0, 0), s) * s * 40 for s in (1, 3, 8)]
    luma = np.clip(128 + sum(layers), 0, 255).astype(np.uint8)
    chroma = [np.clip(128 + 20 * rng.normal(0, 1, (24, 25)), 0, 255).astype(np.uint8) for _ in "ab"]
    return Picture((luma, *(cv2.resize(c, (200, 190)) for c in chroma)), YUV420)


def painted(source):
    done = Picture(tuple(p.copy() for p in source.planes), YUV420)
    paint(done, [Region(b) for b in BOXES], PaintOptions())
    return done


def through_jpeg(shown):
    planes = [cv2.imdecode(cv2.imencode(".jpg", p, [1, 60])[1], 0) for p in shown.planes]
    return Picture(tuple(planes), YUV420)


def blurred(part, side):
    return cv2.GaussianBlur(part, (0, 0), 0.06 * side)


def mosaic(part, side):
    size = tuple(max(1, n * 8 // side) for n in part.shape[::-1])
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, part.shape[::-1], interpolation=cv2.INTER_NEAREST)


WAYS = {
    "as it was": (lambda part, side: part, (0, 1, 2)),
    "darker": (lambda part, side: (part * 0.5 + 30).astype(np.uint8), (0, 1, 2)),
    "blurred": (blurred, (0, 1, 2)),
    "mosaic": (mosaic, (0, 1, 2)),
    "luma": (lambda part, side: part, (0,)),
    "chroma": (lambda part, side: part, (1, 2)),
}


def left(source, change, planes):
    """The scene with its areas painted, and something of the source left in those planes."""
    shown = painted(source)
    for x1, y1, x2, y2 in BOXES:
        for i in planes:
            s = int(i > 0)
            part = slice(y1 >> s, y2 >> s), slice(x1 >> s, x2 >> s)
            inside = np.ascontiguousarray(source.planes[i][part])
            shown.planes[i][part] = change(inside, min(inside.shape))
    return through_jpeg(shown)


@pytest.mark.parametrize("way", WAYS)
def test_whatever_a_full_comparison_finds_is_near(way):
    found = 0
    for seed in range(4):
        source = scene(seed)
        kept, target = samples_of(0, 0, source, BOXES), left(source, *WAYS[way])
        full = [
            box
            for box in BOXES
            if shows_detail(source, target, box) or shows_blurred(source, target, box, [])
        ]
        found += len(full)
        assert set(full) <= set(near(kept, target, BOXES))
        assert set(near(kept, target, BOXES, BOXES[:2])) <= set(BOXES[:2])
    assert found >= 8


def test_correct_fills_are_not_near():
    for seed in range(4):
        source = scene(seed)
        kept, target = samples_of(0, 0, source, BOXES), through_jpeg(painted(source))
        assert near(kept, target, BOXES) == []


def test_what_the_rims_explain_is_not_near():
    source = scene(5)
    kept = samples_of(0, 0, source, BOXES)
    assert near(kept, source, BOXES) != []
    assert near(kept, source, BOXES, None, source) == []
    assert near(kept, source, []) == near(kept, source, BOXES, []) == []
