"""The network that knows where plates are, with the weights that efface ships."""

from __future__ import annotations

import numpy as np
import pytest

from efface.detect.confirm import closer_looks
from efface.detect.plate_context import LEAST, PlateContext
from efface.detect.plates import CONFIRM
from efface.detect.trunk import Trunk
from efface.options import DetectOptions
from tests.detect.test_plates import PLATE_XYXY, drawn_car


def chances(rgb, precision):
    """At the drawn plate, in the picture and its mirror image."""
    options = DetectOptions(kinds="plate", precision=precision)
    trunk, judge = Trunk(options, 1), PlateContext(options, 1)
    found = np.float32([PLATE_XYXY]), np.float32([0.5])

    def look(piece, box):
        return judge.chance(trunk.tensors(piece, judge.tensors))

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
def test_a_chance_that_is_not_finite_is_an_error(bad):
    judge = PlateContext(DetectOptions(kinds="plate"), 1)
    with pytest.raises(ValueError, match="not finite"):
        judge.chance({"413": np.full((1, 32, 24, 24), bad, np.float32)})
