"""What the boxes of one photo say about each other."""

from __future__ import annotations

import numpy as np
import pytest

from efface.detect.photos import sifted
from efface.detections import FACE, PLATE, Detections


def seen(*rows):
    rows = np.float32(rows).reshape(-1, 6)
    return Detections(rows[:, :4].copy(), rows[:, 4].copy(), rows[:, 5].astype(np.uint8))


SURE_FACE = (100, 100, 140, 150, 0.9, FACE)


def test_a_weak_large_box_around_a_clear_face_goes():
    kept = sifted(seen(SURE_FACE, (80, 80, 180, 220, 0.4, FACE)))
    assert kept.xyxy.tolist() == [[100, 100, 140, 150]]


@pytest.mark.parametrize(
    "other",
    [
        (80, 80, 180, 220, 0.7, FACE),  # sure itself: a mouth may look like a face
        (105, 95, 145, 160, 0.4, FACE),  # as large
        (130, 100, 230, 240, 0.4, FACE),  # the clear one is hardly in it: another face, behind
        (80, 80, 180, 220, 0.4, PLATE),
    ],
)
def test_other_boxes_stay(other):
    assert len(sifted(seen(SURE_FACE, other))) == 2


def test_a_large_box_stays_where_it_is_all_there_is():
    assert len(sifted(seen((100, 100, 140, 150, 0.5, FACE), (80, 80, 180, 220, 0.4, FACE)))) == 2


@pytest.mark.parametrize(
    "plate", [(105, 120, 135, 132), (100, 200, 150, 220), (140, 290, 165, 300)]
)
def test_what_looks_like_a_small_plate_on_a_person_is_lettering(plate):
    assert len(sifted(seen(SURE_FACE, (*plate, 0.5, PLATE)))) == 1
    assert len(sifted(seen(SURE_FACE, (*plate, 0.7, PLATE)))) == 2
    assert len(sifted(seen((*SURE_FACE[:4], 0.4, FACE), (*plate, 0.5, PLATE)))) == 2
    assert len(sifted(seen((*plate, 0.5, PLATE)))) == 1


@pytest.mark.parametrize(
    "plate", [(100, 200, 180, 220), (100, 360, 150, 380), (190, 200, 230, 215), (100, 60, 140, 75)]
)
def test_a_plate_as_wide_as_plates_are_below_a_rider_or_beside_people_stays(plate):
    assert len(sifted(seen(SURE_FACE, (*plate, 0.5, PLATE)))) == 2


def test_nothing_is_nothing():
    assert len(sifted(Detections.none())) == 0
