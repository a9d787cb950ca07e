"""Looks: all of a frame is seen at some size, tiles together are all of it, and boxes come back in
pixels of the frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.detect.joining import merged
from efface.detect.look import Area, Look
from efface.detect.schedule import SHARES, SMALLEST_WHOLE, share, windows
from efface.detections import FACE, Detections
from efface.frames import Frame
from efface.live.detail_budget import DetailBudget

SIDES = st.integers(16, 3000)


@given(SIDES, SIDES)
def test_windows_cover_the_frame_and_stay_inside(width, height):
    covered = np.zeros((height, width), bool)
    for x1, y1, x2, y2 in windows((width, height)):
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        covered[y1:y2, x1:x2] = True
    assert covered.all()


@given(SIDES, SIDES, st.sampled_from(["quarter", "half", "full"]))
def test_no_look_is_too_small(width, height, detail):
    seen_at = share((width, height), detail)
    assert seen_at >= SHARES[detail]
    assert seen_at == 1 or seen_at * max(width, height) >= SMALLEST_WHOLE


def picture(size_wh=(1280, 720), spot=(800, 400, 880, 500)):
    rgb = np.full((size_wh[1], size_wh[0], 3), 40, np.uint8)
    x1, y1, x2, y2 = spot
    rgb[y1:y2, x1:x2] = 250
    return Frame(0, 0, size_wh, lambda wh: cv2.resize(rgb, wh, interpolation=cv2.INTER_AREA), None)


class Bright:
    """Finds the bright spot, and notes in which sizes it was asked."""

    infos, sure = (), {FACE: 0.5}

    def __init__(self):
        self.sizes = []

    def detect(self, frame, look):
        area = Area.of(frame, look)
        seen_at = tuple(round(side * look.detail) for side in area.size_wh)
        self.sizes.append(seen_at)
        rows, columns = np.nonzero(area.rgb(seen_at)[..., 0] > 150)
        if not len(rows):
            return Detections.none()
        box = np.array(
            [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32
        ) / np.float32(look.detail)
        return Detections(
            area.in_frame(box), np.array([0.9], np.float32), np.array([FACE], np.uint8)
        )


@pytest.mark.parametrize("window", windows((1280, 720)))
def test_boxes_come_back_in_pixels_of_the_frame(window):
    seen = Bright().detect(picture(), Look(window=window))
    x1, y1, x2, y2 = window
    wanted = np.array([max(800, x1), max(400, y1), min(880, x2), min(500, y2)])
    if (wanted[:2] >= wanted[2:]).any():
        assert not len(seen)
    else:
        assert np.abs(seen.xyxy[0] - wanted).max() == 0


def test_with_little_time_all_is_seen_small_and_parts_take_turns():
    detector, frame = Bright(), picture()
    budget = DetailBudget(detector, detector, frame.size_wh)
    budget._cost = {"quarter": 0.02, "half": 0.08, "window": 0.04, "full": 0.4}
    seen = budget.look(frame, 0.04)
    assert budget.detail == "quarter"
    assert detector.sizes == [(320, 180)]
    for _ in range(100):
        seen = budget.look_closer(frame, seen)
        if budget.is_round:
            break
    assert len(seen) == 1  # one object, however often it was seen
    assert detector.sizes.count((640, 360)) == 4
    assert len([s for s in detector.sizes if s == (384, 384)]) == len(windows(frame.size_wh)) == 8


def test_what_was_too_slow_once_is_tried_again_when_it_is_quick():
    detector, frame = Bright(), picture()
    budget = DetailBudget(detector, detector, frame.size_wh)
    budget._cost = {"quarter": 0.001, "half": 9.0, "half only": 9.0, "window": 0.001, "full": 9.0}
    seen = budget.look(frame, 0.2)
    assert budget.detail == "quarter"
    for _ in range(200):
        seen = budget.look_closer(frame, seen)
    budget.look(frame, 0.2)
    assert budget.detail == "half"


def test_with_much_time_all_is_seen_at_once():
    detector, frame = Bright(), picture()
    budget = DetailBudget(detector, detector, frame.size_wh)
    budget._cost = {"quarter": 0.001, "half": 0.002, "window": 0.002, "full": 0.02}
    budget.look(frame, 0.04)
    assert detector.sizes == [frame.size_wh]
    assert budget.is_round


def test_what_two_looks_show_is_one_object_where_they_agree():
    a = Detections(
        np.array([[0, 0, 10, 10]], np.float32), np.array([0.5], np.float32), np.array([0], np.uint8)
    )
    b = Detections(
        np.array([[1, 1, 11, 11], [50, 50, 60, 60]], np.float32),
        np.array([0.8, 0.3], np.float32),
        np.zeros(2, np.uint8),
    )
    both = merged(a, b)
    assert len(both) == 2
    assert both.xyxy[0].tolist() == [0, 0, 11, 11]
    assert both.score[0] == np.float32(0.8)
    assert merged(a, Detections.none()) is a
