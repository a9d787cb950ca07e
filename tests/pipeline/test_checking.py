"""Which networks take the second look."""

from dataclasses import replace

import numpy as np
import pytest

from efface.detect.look import Look
from efface.detections import Detections
from efface.frames import Frame
from efface.options import DetectOptions, Options, VerifyOptions
from efface.pipeline import checking


class Opened:
    """Notes which detectors are opened and asked. The 8-bit one sees a face of a given score."""

    def __init__(self, hint):
        self.hint, self.opened, self.asked = hint, [], []

    def __call__(self, options):
        self.opened.append(options.precision)
        outside = self

        class Detector:
            def detect(self, frame: Frame, look: Look) -> Detections:
                outside.asked.append(options.precision)
                box = np.array([(100, 100, 160, 180)], np.float32)
                score = outside.hint if options.precision == "int8" else 0.6
                return Detections(box, np.array([score], np.float32), np.zeros(1, np.uint8))

        return Detector()


def looked(medium, options, hint):
    opened = Opened(hint)
    again = checking._second_look(None, medium, options, opened)
    shown = Frame(0, 0, (640, 360), lambda wh: np.zeros((wh[1], wh[0], 3), np.uint8), lambda: None)
    again.look(replace(shown, is_alone=medium == "photo"), 0.0, 0)
    return opened, len(again.check(is_whole=True).findings)


def test_in_a_quick_look_at_a_film_the_8_bit_networks_go_first():
    opened, found = looked("video", Options(), 0.2)
    assert (opened.opened, opened.asked, found) == (["int8"], ["int8"], 0)
    opened, found = looked("video", Options(), 0.26)
    assert (opened.opened, opened.asked, found) == (["int8", "auto"], ["int8", "auto"], 1)


@pytest.mark.parametrize(
    ("medium", "options"),
    [
        ("photo", Options()),
        ("video", Options(verify=VerifyOptions(level="full"))),
        ("video", Options(detect=DetectOptions(precision="float32"))),
    ],
    ids=["photo", "full", "float32"],
)
def test_otherwise_the_networks_of_floats_look_alone(medium, options):
    opened, found = looked(medium, options, 0.0)
    assert (opened.opened, opened.asked, found) == (["auto"], ["auto"], 1)
