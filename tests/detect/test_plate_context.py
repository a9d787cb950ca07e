"""The network that knows where plates are, with the weights that efface ships."""

from __future__ import annotations

import numpy as np
import pytest

from efface.detect.confirm import closer_looks
from efface.detect.plate_context import LEAST, SIDE, PlateContext
from efface.detect.plates import CONFIRM
from efface.options import DetectOptions
from tests.detect.test_plates import PLATE_XYXY, drawn_car


def chances(rgb, precision):
    """At the drawn plate, in the picture and its mirror image."""
    options = DetectOptions(kinds="plate", precision=precision)
    judge = PlateContext(options, 1)
    found = np.float32([PLATE_XYXY]), np.float32([0.5])

    def look(piece, box):
        return judge.chance(piece)

    return [float(closer_looks(found, rgb, look, CONFIRM, turn)[0]) for turn in (0, 1)]


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_a_drawn_plate_is_in_place_on_a_car_and_out_of_place_on_a_wall(precision):
    car = drawn_car()
    x1, y1, x2, y2 = PLATE_XYXY
    wall = np.full_like(car, 150)
    wall[::24] = wall[:, ::60] = 110
    wall[y1:y2, x1:x2] = car[y1:y2, x1:x2]
    assert np.mean(chances(car, precision)) > 0.5
    assert np.mean(chances(wall, precision)) < LEAST


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_chance_that_is_not_finite_is_an_error(bad, monkeypatch):
    judge = PlateContext(DetectOptions(kinds="plate"), 1)
    monkeypatch.setattr(judge, "_run", lambda rgb, *names: [np.float32([bad])])
    with pytest.raises(ValueError, match="not finite"):
        judge.chance(np.zeros((SIDE, SIDE, 3), np.uint8))


def test_it_takes_pieces_of_one_size_only():
    judge = PlateContext(DetectOptions(kinds="plate"), 1)
    with pytest.raises(Exception, match="192"):
        judge.chance(np.zeros((SIDE + 32, SIDE, 3), np.uint8))
