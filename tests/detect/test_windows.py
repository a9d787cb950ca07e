"""Windows around boxes: no box is left out, and hardly any pixel is paid for without one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.detect.detector import DetectorInfo, Rules
from efface.detect.look import Look
from efface.detect.pyramid import Pyramid
from efface.detect.tiling import tiles
from efface.detect.windows import CONTEXT_PX, MOST_REACH_PX, places, windows
from efface.detections import FACE
from efface.frames import Frame, rgb_picture

SIZE_WH = (4000, 3000)


def middles_to_boxes(middles, side=20):
    middle = np.array(middles, np.float32).reshape(-1, 2)
    return np.concatenate([middle - side / 2, middle + side / 2], axis=1)


@given(
    st.lists(st.tuples(st.integers(0, 3999), st.integers(0, 2999)), max_size=60),
    st.sampled_from([8, 60, 200]),
)
def test_a_window_shows_what_is_around_each_box(middles, side):
    wanted = places(middles_to_boxes(middles, side), SIZE_WH)
    found = windows(wanted, list(tiles(SIZE_WH)))
    for x, y in middles:
        # 80: half of what neighbouring tiles share, beyond which one of them shows more
        near = min(CONTEXT_PX, 80)
        around = (max(x - near, 0), max(y - near, 0), min(x + near, 4000), min(y + near, 3000))
        assert any(
            w[0] <= around[0] and w[1] <= around[1] and w[2] >= around[2] and w[3] >= around[3]
            for w in found
        )


@given(st.lists(st.tuples(st.integers(0, 3999), st.integers(0, 2999)), max_size=400))
def test_windows_never_cost_more_than_the_tiles(middles):
    every = list(tiles(SIZE_WH))
    found = windows(places(middles_to_boxes(middles), SIZE_WH), every)
    assert sum(_pixels(w) for w in found) <= sum(_pixels(t) for t in every)
    assert all(0 <= x1 < x2 <= 4000 and 0 <= y1 < y2 <= 3000 for x1, y1, x2, y2 in found)


def _pixels(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def test_without_a_box_there_is_no_window_and_with_boxes_everywhere_every_pixel_is_shown():
    every = list(tiles(SIZE_WH))
    assert windows(places(np.empty((0, 4), np.float32), SIZE_WH), every) == []
    grid = [(x, y) for x in range(0, 4001, 80) for y in range(0, 3001, 75)]
    shown = np.zeros((3000, 4000), bool)
    for x1, y1, x2, y2 in windows(places(middles_to_boxes(grid), SIZE_WH), every):
        shown[y1:y2, x1:x2] = True
    assert shown.all()


def test_a_box_of_a_huge_object_asks_for_a_part_of_it():
    (x1, y1, x2, y2), *more = places(np.float32([[500, 500, 3500, 2500]]), SIZE_WH)
    assert not more
    assert x2 - x1 <= 2 * MOST_REACH_PX + 32
    assert y2 - y1 <= 2 * MOST_REACH_PX + 32


class Bright:
    """A network and a head in one: finds bright squares, with a lower score in smaller pictures."""

    kind, tensors, infos = FACE, ("rgb",), ()
    info = DetectorInfo("bright", "1", "00", "none")

    def __init__(self):
        self.rules = Rules(0.25, 0.125, 0.1, 0.3, 0.4, 0.6, 100)
        self.judge = None

    def boxes(self, tensors, floor):
        rgb = tensors["rgb"]
        rows, columns = np.nonzero(rgb[..., 0] > 128)
        if not len(rows):
            return np.empty((0, 4), np.float32), np.empty(0, np.float32)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        score = 0.9 if box[2] - box[0] >= 16 else 0.05
        found = score >= floor
        return np.float32([box])[:found], np.float32([score])[:found]


class Trunk:
    info = DetectorInfo("trunk", "1", "00", "none")

    def __init__(self):
        self.sizes = []

    def tensors(self, rgb, names):
        self.sizes.append(rgb.shape[:2])
        return {"rgb": rgb}


def frame_with_a_square(size_wh=(2400, 1600), at=(1900, 700), side=20):
    def look(asked_wh):
        made = np.zeros((asked_wh[1], asked_wh[0], 3), np.uint8)
        times = asked_wh[0] / size_wh[0]
        x, y, s = (round(v * times) for v in (*at, side))
        made[y : y + s, x : x + s] = 255
        return made

    return Frame(0, 0, size_wh, look, lambda: rgb_picture(look(size_wh)), is_alone=True)


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_look_around_boxes_examines_nothing_else(is_mirrored):
    trunk = Trunk()
    look = Look(around=((1890.0, 690.0, 1930.0, 730.0),), is_mirrored=is_mirrored)
    found = Pyramid(trunk, [Bright()]).detect(frame_with_a_square(), look)
    np.testing.assert_allclose(found.xyxy, [[1900, 700, 1920, 720]], atol=2)
    assert sum(h * w for h, w in trunk.sizes) < 0.05 * 2400 * 1600
    elsewhere = replace(look, around=((10.0, 10.0, 40.0, 40.0),))
    assert not len(Pyramid(Trunk(), [Bright()]).detect(frame_with_a_square(), elsewhere))
