"""At which sizes a second look is taken, and how often."""

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from efface.checks.second_look import SecondLook, look_again, without_fill
from efface.detect.look import Area
from efface.detect.schedule import film_look
from efface.detections import Detections
from efface.frames import Frame
from efface.planning.doubt import Doubt
from efface.regions import Region
from efface.timing import Timeline


class Noting:
    """Sees nothing, and notes the frames that it was shown."""

    def __init__(self):
        self.infos, self.sure = (), {}
        self.shown = []

    def detect(self, frame, look):
        self.shown.append((Area.of(frame, look).size_wh, look.is_thorough))
        return Detections.none()


def frame(size_wh, *, is_alone=False, index=0):
    shade = 10 * index
    return Frame(
        index,
        index,
        size_wh,
        lambda wh: np.full((wh[1], wh[0], 3), shade, np.uint8),
        lambda: None,
        is_alone=is_alone,
    )


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


@pytest.mark.parametrize("is_quick", [False, True])
def test_each_frame_of_a_film_is_seen_in_the_mirror_image_that_the_first_search_did_not_see(
    is_quick,
):
    for i in range(4):
        first = film_look(i, (640, 360), "paced")
        again = look_again(frame((640, 360), index=i), is_quick=is_quick)
        assert again.is_mirrored != first.is_mirrored


def test_a_photo_is_mirrored_as_a_whole():
    assert look_again(frame((640, 360), is_alone=True, index=1), is_quick=False).is_mirrored


def test_a_quick_look_is_at_one_frame_a_second_and_a_full_one_at_all():
    for is_quick, count in ((True, 2), (False, 8)):
        detector = Noting()
        look = SecondLook(detector, None, is_quick=is_quick)
        for i in range(8):
            look.look(frame((640, 360), index=i), i / 4, i)
        assert len(detector.shown) == count
        assert look.check(is_whole=True).facts["frames looked at"] == count


class Scripted:
    """Sees one face at a place: as sure as `alone` where the marked fill is grey, as `filled` where
    it is not."""

    def __init__(self, box, filled, alone):
        self.infos, self.sure = (), {}
        self.box, self.filled, self.alone, self.looks = box, filled, alone, 0
        self.around = []

    def detect(self, frame, look):
        self.looks += 1
        self.around.append(look.around)
        area = Area.of(frame, look)
        rgb = area.rgb(area.size_wh)
        x, y = (np.array((60, 60)) * area.size_wh[0] / 640).astype(int)
        score = self.filled if rgb[y, x, 0] == 200 else self.alone
        box = np.array([self.box], np.float32)
        return (
            Detections(box, np.array([score], np.float32), np.zeros(1, np.uint8))
            if score
            else Detections.none()
        )


class Planned:
    """A plan with one erased box in every frame."""

    timeline, doubts, cuts = range(9), (), ()
    erased = (40, 40, 140, 140)

    def known(self, frame):
        return [self.erased]

    def regions(self, frame):
        return [Region(self.erased)]


def moments(box, filled, alone):
    detector = Scripted(box, filled, alone)
    look = SecondLook(detector, Planned(), is_quick=False)
    shown = Frame(
        0, 0, (640, 360), lambda wh: np.full((wh[1], wh[0], 3), 200, np.uint8), lambda: None
    )
    look.look(shown, 0.0, 0)
    return look.check(is_whole=True).facts["moments"], detector.looks


BESIDE = (100, 40, 220, 160)


def test_a_sighting_that_the_fill_made_is_none():
    assert moments(BESIDE, 0.42, 0.0) == (0, 2)
    assert moments(BESIDE, 0.42, 0.15) == (0, 2)


@pytest.mark.parametrize(("filled", "alone"), [(0.42, 0.42), (0.57, 0.38), (0.45, 0.9)])
def test_a_face_that_is_partly_covered_is_still_found(filled, alone):
    assert moments(BESIDE, filled, alone) == (1, 2)


def test_what_is_surer_than_any_fill_or_away_from_fills_is_not_looked_at_twice():
    assert moments(BESIDE, 0.75, 0.0) == (1, 1)
    assert moments((300, 40, 400, 160), 0.5, 0.0) == (1, 1)


@pytest.mark.parametrize("is_alone", [True, False])
def test_without_the_fill_a_photo_is_searched_around_the_sightings_in_doubt(is_alone):
    detector = Scripted(BESIDE, 0.42, 0.42)
    shown = Frame(
        0,
        0,
        (640, 360),
        lambda wh: np.full((wh[1], wh[0], 3), 200, np.uint8),
        lambda: None,
        is_alone=is_alone,
    )
    SecondLook(detector, Planned(), is_quick=False).look(shown, 0.0, 0)
    assert detector.around == [None, ((40.0, -20.0, 280.0, 220.0),) if is_alone else None]


def test_grey_covers_the_whole_erased_area_at_any_size():
    shown = Frame(
        0, 0, (641, 359), lambda wh: np.full((wh[1], wh[0], 3), 200, np.uint8), lambda: None
    )
    for size_wh in ((641, 359), (962, 538), (240, 134)):
        rgb = without_fill(shown, [(41, 43, 140, 141)]).look(size_wh)
        scale = np.array(size_wh) / (641, 359)
        (x1, y1), (x2, y2) = (
            np.floor((41, 43) * scale).astype(int),
            np.ceil((140, 141) * scale).astype(int),
        )
        assert (rgb[y1:y2, x1:x2] == 128).all()
        assert (rgb == 128).all(axis=-1).sum() == (x2 - x1) * (y2 - y1)


class Seeing:
    """Sees one face of a given score at each place that is inside the frame it is shown."""

    def __init__(self, *scores_at):
        self.infos, self.sure = (), {}
        self.scores_at, self.shown = scores_at, []

    def detect(self, frame, look):
        self.shown.append((frame.size_wh, look.window))
        rgb = frame.look(frame.size_wh)
        marked = [(s, rgb[..., 0] == shade) for shade, s in self.scores_at]
        found = [(s, np.argwhere(where)) for s, where in marked if where.any()]
        boxes = [[*at.min(0)[::-1], *(at.max(0)[::-1] + 1)] for _, at in found]
        return Detections(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.array([s for s, _ in found], np.float32),
            np.zeros(len(found), np.uint8),
        )


FACES = {201: (300, 40, 340, 90), 202: (1500, 700, 1560, 770)}
LARGE_WH = (1920, 1080)


def shown_faces(index=0):
    rgb = np.zeros((LARGE_WH[1], LARGE_WH[0], 3), np.uint8)
    for shade, (x1, y1, x2, y2) in FACES.items():
        rgb[y1:y2, x1:x2] = shade
    return Frame(
        index,
        index,
        LARGE_WH,
        lambda wh: cv2.resize(rgb, wh, interpolation=cv2.INTER_NEAREST),
        lambda: None,
    )


def seen_twice(first, decisive):
    look = SecondLook(decisive, None, is_quick=True, first=first)
    look.look(shown_faces(), 0.0, 0)
    return look.check(is_whole=True)


def test_where_the_cheaper_detector_sees_nothing_the_other_is_not_asked():
    decisive = Seeing((201, 0.9))
    assert seen_twice(Seeing(), decisive).findings == ()
    assert decisive.shown == []


def test_a_weak_hint_is_enough_for_the_detector_to_decide():
    decisive = Seeing((201, 0.42))
    (finding,) = seen_twice(Seeing((201, 0.26)), decisive).findings
    assert (finding.box, finding.score) == (FACES[201], 0.42)
    assert decisive.shown == [(LARGE_WH, None)]


def test_what_the_cheaper_detector_alone_sees_is_no_finding():
    assert seen_twice(Seeing((201, 0.9)), Seeing((201, 0.1))).findings == ()


class Erased(Planned):
    """A plan whose only box covers a little more than half of a face's middle."""

    erased = (300, 40, 322, 90)
    timeline = Timeline(np.arange(9, dtype=np.int64) * 40, Fraction(1, 1000))


def test_a_hint_at_the_rim_of_an_erased_area_is_enough():
    for score, count in ((0.26, 1), (0.24, 0)):
        decisive = Seeing()
        look = SecondLook(decisive, Erased(), is_quick=True, first=Seeing((201, score)))
        look.look(shown_faces(), 0.0, 0)
        assert len(decisive.shown) == count


class Doubting:
    """A plan with one doubtful moment and one cut."""

    doubts = (Doubt(1, 3, 5, FACES[202], ("weak",), 0.5),)
    timeline = Timeline(np.arange(9, dtype=np.int64) * 40, Fraction(1, 1000))
    cuts = (7,)

    def known(self, frame):
        return []

    def regions(self, frame):
        return []


def test_a_doubtful_moment_is_searched_closely_and_both_sides_of_a_cut_wholly():
    detector = Seeing((202, 0.5))
    look = SecondLook(detector, Doubting(), is_quick=True)
    for i in range(9):
        shown = shown_faces(i)
        look.look(replace(shown, look=lambda wh, i=i: shown_faces().look(wh) + 10 * i), i / 25, i)
    around = (1500 - 160, 700 - 160, 1560 + 160, 770 + 160)
    assert detector.shown == [(LARGE_WH, w) for w in (None, around, around, None, None)]
    facts = look.check(is_whole=True).facts
    assert (facts["frames looked at"], facts["places looked at"]) == (3, 2)
