"""Plates: how maps become boxes, and, with the weights that efface ships, one drawn car."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from efface.detect.look import THOROUGH
from efface.detect.map_network import boxes_from_maps
from efface.detect.plates import PlateHead
from efface.detect.registry import DETECTORS
from efface.detections import PLATE
from efface.frames import Frame, rgb_picture
from efface.geometry import iou
from efface.options import DetectOptions


def maps(heat=0.0, sides=8.0, shape=(8, 10)):
    return [np.full((1, n, *shape), value, np.float32) for n, value in ((1, heat), (4, sides))]


def test_a_peak_becomes_a_box_around_its_cell():
    found = maps()
    found[0][0, 0, 3, 5] = 0.8
    found[1][0, :, 3, 5] = 20, 5, 30, 6
    xyxy, score = boxes_from_maps(found, 0.2)
    assert xyxy.tolist() == [[22 - 20, 14 - 5, 22 + 30, 14 + 6]]
    assert score.tolist() == [np.float32(0.8)]


def test_only_peaks_count_in_the_corners_too():
    found = maps(heat=0.1)
    for (row, column), value in {
        (0, 0): 0.5,
        (1, 1): 0.4,
        (7, 9): 0.3,
        (4, 4): 0.9,
        (4, 6): 0.8,
        (3, 5): 0.7,
    }.items():
        found[0][0, 0, row, column] = value
    _, score = boxes_from_maps(found, 0.2)
    assert sorted(score.tolist()) == sorted(np.float32([0.5, 0.3, 0.9, 0.8]).tolist())


def test_every_cell_of_a_plateau_is_kept_for_the_suppression_to_choose():
    xyxy, _ = boxes_from_maps(maps(heat=0.9), 0.2)
    assert len(xyxy) == 80


def test_nothing_above_the_floor_is_nothing():
    xyxy, score = boxes_from_maps(maps(heat=0.1), 0.2)
    assert (xyxy.shape, score.shape) == ((0, 4), (0,))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("which", [0, 1])
def test_maps_that_are_not_finite_are_an_error_and_not_an_empty_frame(bad, which):
    found = maps()
    found[which][0, 0, 2, 2] = bad
    with pytest.raises(ValueError, match="not finite"):
        boxes_from_maps(found, 0.2)


def test_a_side_beyond_the_centre_is_an_error():
    with pytest.raises(ValueError, match="beyond its centre"):
        boxes_from_maps(maps(heat=0.9, sides=-1.0), 0.2)


def test_sensitivity_moves_the_threshold():
    sure = [PlateHead(DetectOptions(sensitivity=s)).rules.sure for s in ("low", "normal", "high")]
    assert sure == sorted(sure, reverse=True)


def test_every_sensitivity_holds_plates_against_what_surrounds_them():
    for sensitivity in ("low", "normal", "high"):
        head = PlateHead(DetectOptions(sensitivity=sensitivity))
        assert head.judge is not None
        assert head.rules.confirm is not None
        assert head.rules.in_place is not None
        assert "plate-context" in [i.name for i in head.infos]


# With the weights that efface ships

FINE = 4
"""The car is drawn so many times larger, then made smaller: lines get soft, as a lens makes them.
"""

PLATE_XYXY = (556, 470, 724, 508)


def drawn_car():
    """(720, 1280, 3): the rear of a car on a road, with its plate at PLATE_XYXY."""
    picture = np.zeros((720 * FINE, 1280 * FINE, 3), np.uint8)
    picture[: 330 * FINE] = np.linspace((150, 180, 215), (215, 222, 228), 330 * FINE)[
        :, None
    ].astype(np.uint8)
    picture[330 * FINE :] = np.linspace((120, 120, 118), (70, 70, 72), 390 * FINE)[:, None].astype(
        np.uint8
    )
    polygon(picture, [(0, 330), (0, 250), (260, 215), (420, 330)], (86, 104, 78))
    polygon(picture, [(900, 330), (1010, 190), (1280, 170), (1280, 330)], (142, 128, 116))
    for x in (950, 1060, 1170):
        box(picture, (x, 225, x + 60, 290), (96, 100, 108))
    polygon(picture, [(360, 640), (920, 640), (960, 665), (320, 665)], (38, 38, 40))  # shadow
    box(picture, (385, 560, 470, 655), (22, 22, 24))
    box(picture, (810, 560, 895, 655), (22, 22, 24))
    polygon(picture, [(465, 225), (815, 225), (885, 375), (395, 375)], (46, 62, 104))
    polygon(picture, [(490, 243), (790, 243), (842, 360), (438, 360)], (34, 40, 48))
    polygon(picture, [(500, 250), (600, 250), (560, 352), (458, 352)], (66, 76, 88))  # a reflection
    polygon(
        picture,
        [(385, 372), (895, 372), (918, 450), (912, 598), (368, 598), (362, 450)],
        (54, 72, 122),
    )
    polygon(picture, [(385, 372), (895, 372), (905, 402), (375, 402)], (74, 94, 148))
    for x in (372, 812):
        box(picture, (x, 408, x + 96, 462), (150, 24, 28))
        box(picture, (x + 8, 416, x + 50, 434), (214, 84, 70))
    box(picture, (366, 540, 914, 598), (40, 44, 56))
    box(picture, (440, 560, 500, 574), (170, 40, 36))
    box(picture, (780, 560, 840, 574), (170, 40, 36))
    box(picture, (540, 458, 740, 520), (38, 50, 88))
    draw_plate(picture)
    small = cv2.resize(picture, (1280, 720), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.6).astype(np.float32)
    small += np.random.default_rng(0).normal(0, 3, small.shape)
    return np.clip(small, 0, 255).astype(np.uint8)


def draw_plate(picture):
    x1, y1, x2, y2 = PLATE_XYXY
    box(picture, PLATE_XYXY, (24, 24, 26))
    box(picture, (x1 + 2, y1 + 2, x2 - 2, y2 - 2), (236, 237, 232))
    box(picture, (x1 + 2, y1 + 2, x1 + 17, y2 - 2), (28, 60, 150))
    font, thickness = cv2.FONT_HERSHEY_SIMPLEX, 3 * FINE
    (width, height), _ = cv2.getTextSize("KX 4827", font, FINE, thickness)
    scale = FINE * min((x2 - x1 - 34) * FINE / width, (y2 - y1 - 14) * FINE / height)
    at = ((x1 + 24) * FINE, (y2 - 8) * FINE)
    cv2.putText(picture, "KX 4827", at, font, scale, (20, 20, 24), thickness, cv2.LINE_AA)


def polygon(picture, corners, colour):
    cv2.fillPoly(picture, [np.int32(corners) * FINE], colour, cv2.LINE_AA)


def box(picture, xyxy, colour):
    x1, y1, x2, y2 = (v * FINE for v in xyxy)
    picture[y1:y2, x1:x2] = colour


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_the_plate_of_a_drawn_car_is_found(scale):
    size = (round(1280 * scale), round(720 * scale))
    rgb = cv2.resize(drawn_car(), size, interpolation=cv2.INTER_AREA)

    def look(size_wh):
        return cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA)

    detector = DETECTORS["pyramid"](DetectOptions(kinds="plate"))
    seen = detector.detect(Frame(0, 0, size, look, lambda: rgb_picture(rgb)), THOROUGH)
    sure = seen.rows(seen.are_sure(detector.sure))
    assert set(sure.kind.tolist()) == {PLATE}
    assert iou(sure.xyxy / np.float32(scale), np.float32([PLATE_XYXY])).max() > 0.5
