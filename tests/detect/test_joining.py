"""One box for each object in a frame."""

from __future__ import annotations

import numpy as np
import pytest

from efface.detect.detector import Doubles
from efface.detect.joining import without_doubles

RULE = Doubles(least=0.4, better_by=0.2, shared=0.3)
FACE = (100, 100, 200, 200)


def left(*objects):
    xyxy = np.array([box for box, _ in objects], np.float32).reshape(-1, 4)
    score = np.array([score for _, score in objects], np.float32)
    boxes, scores = without_doubles((xyxy, score), RULE)
    return [
        (tuple(map(int, b)), round(s, 2))
        for b, s in zip(boxes.tolist(), scores.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    "part",
    [
        (120, 150, 180, 230),  # a chin and neck
        (60, 80, 240, 300),  # a head with shoulders
        (100, 165, 200, 265),  # a neck: 35 of 100 rows are shared
    ],
)
def test_a_weak_box_that_shows_a_part_of_a_better_one_is_dropped(part):
    assert left((FACE, 0.8), (part, 0.3)) == [(FACE, 0.8)]


@pytest.mark.parametrize(
    ("box", "score", "better"),
    [
        ((100, 175, 200, 275), 0.3, 0.8),  # beside it: 25 of 100 rows are shared
        ((120, 150, 180, 230), 0.65, 0.8),  # seen as well
        ((120, 150, 180, 230), 0.1, 0.35),  # the better one is doubtful itself
        ((300, 300, 340, 350), 0.2, 0.9),
    ],
)
def test_other_boxes_stay(box, score, better):
    assert left((FACE, better), (box, score)) == [(FACE, better), (box, score)]


def test_nothing_and_boxes_without_area_are_no_error():
    assert left() == []
    assert left((FACE, 0.8), ((150, 150, 150, 150), 0.2)) == [
        (FACE, 0.8),
        ((150, 150, 150, 150), 0.2),
    ]


def test_a_frame_of_noise_is_gone_through_in_parts(monkeypatch):
    monkeypatch.setattr("efface.detect.joining.MOST_PAIRS", 7)
    faces = [((i * 300, 0, i * 300 + 100, 100), 0.9) for i in range(5)]
    parts = [((x + 20, 30, x + 90, 120), 0.3) for (x, *_), _ in faces]
    assert left(*faces, *parts) == faces
