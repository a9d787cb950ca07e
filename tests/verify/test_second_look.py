"""At which sizes a second look is taken, and how often."""

import numpy as np
import pytest

from efface.detections import Detections
from efface.frames import Frame
from efface.verify.second_look import SecondLook


class Noting:
    """Sees nothing, and notes the frames that it was shown."""

    def __init__(self):
        self.infos, self.sure = (), {}
        self.shown = []

    def detect(self, frame):
        self.shown.append((frame.size_wh, frame.is_alone))
        return Detections.none()


def frame(size_wh, *, is_alone=False, index=0):
    shade = 10 * index
    return Frame(index, index, size_wh, lambda wh: np.full((wh[1], wh[0], 3), shade, np.uint8), lambda: None, is_alone=is_alone)


@pytest.mark.parametrize(
    ("size_wh", "is_alone", "is_quick", "shown"),
    [
        ((1600, 1200), True, True, (1200, 900)),
        ((4000, 3000), True, True, (1500, 1125)),
        ((4000, 3000), True, False, (3000, 2250)),
        ((1920, 1080), False, True, (1440, 810)),
        ((3840, 2160), False, True, (1440, 810)),
        ((1920, 1080), False, False, (2880, 1620)),
    ],
)
def test_the_size_of_a_second_look(size_wh, is_alone, is_quick, shown):
    detector = Noting()
    SecondLook(detector, None, is_quick=is_quick).look(frame(size_wh, is_alone=is_alone), 0.0, 0)
    assert detector.shown == [(shown, is_alone and not is_quick)]


def test_a_quick_look_is_at_one_frame_a_second_and_a_full_one_at_all():
    for is_quick, count in ((True, 2), (False, 8)):
        detector = Noting()
        look = SecondLook(detector, None, is_quick=is_quick)
        for i in range(8):
            look.look(frame((640, 360), index=i), i / 4, i)
        assert len(detector.shown) == count
        assert look.check(is_whole=True).facts["frames looked at"] == count
