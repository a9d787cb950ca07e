"""Looks: what part of a frame they cover, and whose pixels the boxes are in."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from efface.detect.look import THOROUGH, Area, Look
from efface.detect.pyramid import Pyramid
from efface.detect.schedule import film_look, in_turn
from efface.detections import FACE
from efface.frames import Frame, rgb_picture
from tests.detect.test_pyramid import CountingTrunk, OneBox, black, frame_of


class BrightTrunk:
    """Tells the heads where the bright columns of a tile are."""

    info = CountingTrunk.info

    def tensors(self, rgb, names):
        columns = np.flatnonzero(rgb[..., 0].max(axis=0) > 128)
        return {name: np.float32(columns) for name in names}


class BrightHead(OneBox):
    """Finds the bright columns."""

    def boxes(self, tensors, floor):
        (columns,) = tensors.values()
        if not len(columns):
            return np.empty((0, 4), np.float32), np.empty(0, np.float32)
        return np.float32([[columns[0], 10, columns[-1] + 1, 50]]), np.float32([0.9])


def bright_at(x1, x2, size_wh=(300, 180), index=0):
    rgb = black(size_wh)
    rgb[:, x1:x2] = 255

    def look(wh):
        rows = np.arange(wh[1]) * size_wh[1] // wh[1]
        return rgb[rows][:, np.arange(wh[0]) * size_wh[0] // wh[0]]

    return Frame(index, 0, size_wh, look, lambda: rgb_picture(rgb))


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("is_thorough", [False, True])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_mirrored_look_gives_boxes_of_the_frame_whatever_its_number(
    index, is_thorough, is_mirrored
):
    made = Pyramid(BrightTrunk(), [BrightHead(FACE, ("a",), caution=0.0)])
    look = Look(is_thorough=is_thorough, is_mirrored=is_mirrored)
    seen = made.detect(bright_at(40, 100, index=index), look)
    assert seen.xyxy[0, [0, 2]].tolist() == [40, 100]


def test_a_mirrored_look_shows_the_network_the_mirror_image():
    shown = []

    class Noting(BrightTrunk):
        def tensors(self, rgb, names):
            shown.append(np.flatnonzero(rgb[0, :, 0] > 128)[0])
            return super().tensors(rgb, names)

    made = Pyramid(Noting(), [BrightHead(FACE, ("a",))])
    for is_mirrored in (False, True):
        made.detect(bright_at(40, 100), Look(detail=1, is_mirrored=is_mirrored, coarsest=1))
    assert shown == [40, 200]


def test_a_scaled_look_examines_that_size_and_gives_boxes_of_the_frame():
    trunk = CountingTrunk()
    seen = Pyramid(trunk, [OneBox(FACE, ("a",))]).detect(frame_of((300, 200)), Look(scale=1.5))
    assert [shape for shape, _ in trunk.asked] == [(300, 450), (150, 225)]
    assert np.allclose(seen.xyxy.min(axis=0) * 1.5, [10, 10, 20, 20])


def test_a_window_is_examined_alone_and_gives_boxes_of_the_frame():
    trunk = CountingTrunk()
    window = (100, 50, 300, 150)
    made = Pyramid(trunk, [OneBox(FACE, ("a",))])
    seen = made.detect(frame_of((640, 360)), Look(window=window))
    assert [shape for shape, _ in trunk.asked] == [(100, 200)]
    assert seen.xyxy.tolist() == [[110, 60, 120, 70]]


def test_a_large_window_is_examined_at_reduced_sizes_as_well():
    trunk = CountingTrunk()
    made = Pyramid(trunk, [OneBox(FACE, ("a",))])
    made.detect(frame_of((1280, 720)), Look(window=(0, 0, 800, 600)))
    assert [shape for shape, _ in trunk.asked] == [(600, 800), (300, 400), (150, 200)]


def test_sizes_in_between_can_be_left_out():
    trunk = CountingTrunk()
    made = Pyramid(trunk, [OneBox(FACE, ("a",))])
    made.detect(frame_of((960, 540)), Look(without=(0.5,)))
    assert [shape for shape, _ in trunk.asked] == [(540, 960), (135, 240)]


def test_neighbouring_frames_take_turns_with_the_mirror():
    looks = [film_look(i, (1280, 720), "paced") for i in range(4)]
    assert [look.is_mirrored for look in looks] == [False, True, False, True]
    assert [look.turn for look in looks] == [0, 1, 2, 3]
    assert [look.detail for look in looks] == [1.0, 0.5, 0.5, 1.0]
    assert [look.without for look in looks] == [(0.5,), (), (0.5,), (0.5,)]
    assert in_turn(1, Look(window=(0, 0, 9, 9))).window == (0, 0, 9, 9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"detail": 0.0},
        {"detail": float("nan")},
        {"coarsest": -0.5},
        {"coarsest": float("nan")},
        {"scale": 0.0},
        {"scale": float("nan")},
        {"scale": float("inf")},
        {"scale": 2.0, "window": (0, 0, 9, 9)},
    ],
)
def test_a_look_that_would_examine_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="size"):
        Look(**wrong)


def test_a_film_frame_is_scaled_once_for_each_size_and_halves_come_from_what_is_there():
    asked = []
    source = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)

    def look(wh):
        asked.append(wh)
        return np.asarray(cv2.resize(source, wh, interpolation=cv2.INTER_AREA))

    area = Area.of(Frame(0, 0, (640, 360), look, lambda: rgb_picture(source)), Look())
    for wh in [(640, 360), (320, 180), (320, 180), (160, 90), (100, 50), (100, 50)]:
        seen = area.rgb(wh).astype(int)
        wanted = cv2.resize(source, wh, interpolation=cv2.INTER_AREA).astype(int)
        assert seen.shape == (wh[1], wh[0], 3)
        assert np.abs(seen - wanted).max() <= 1
    assert asked == [(640, 360), (100, 50)]


def test_a_photo_keeps_none_of_its_sizes():
    asked = []

    def look(wh):
        asked.append(wh)
        return black(wh)

    frame = Frame(0, 0, (640, 360), look, lambda: rgb_picture(black((640, 360))), is_alone=True)
    area = Area.of(frame, THOROUGH)
    area.rgb((640, 360))
    area.rgb((320, 180))
    area.rgb((320, 180))
    assert asked == [(640, 360), (320, 180), (320, 180)]
