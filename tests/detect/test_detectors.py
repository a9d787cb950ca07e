"""What every detector must do, and how faces are found."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from efface.detect.detector import DetectorInfo
from efface.detect.faces import boxes_from_maps
from efface.detect.fail_closed import Guarded
from efface.detect.joining import joined
from efface.detect.look import THOROUGH, Look
from efface.detect.registry import DETECTORS
from efface.detect.tiling import network_tiles
from efface.detections import FACE, KINDS, Detections
from efface.frames import Frame, rgb_picture
from efface.geometry import iou
from efface.options import DetectOptions

ASTRONAUT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
FACE_XYXY = np.float32([[180, 60, 268, 178]])
"""The astronaut's face in her portrait of 512x512, by eye."""


def frame_of(rgb):
    height, width = rgb.shape[:2]

    def look(size_wh):
        return (
            rgb
            if size_wh == (width, height)
            else cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA)
        )

    return Frame(0, 0, (width, height), look, lambda: rgb_picture(rgb))


@pytest.fixture(scope="module")
def astronaut():
    return cv2.cvtColor(cv2.imread(str(ASTRONAUT)), cv2.COLOR_BGR2RGB)


class Seeing:
    """A detector that finds one box in the middle of everything."""

    infos = (DetectorInfo("middle", "1", "00", "none"),)
    sure = {FACE: 0.5}  # noqa: RUF012

    def detect(self, frame, look):
        width, height = frame.size_wh
        box = np.float32([[width / 4, height / 4, width * 3 / 4, height * 3 / 4]])
        return Detections(box, np.float32([0.9]), np.array([FACE], np.uint8))


class Contract:
    """Tests for any backend: derive, and give a fixture `detector`."""

    @pytest.mark.parametrize("is_thorough", [False, True])
    @pytest.mark.parametrize(
        "size_wh", [(1, 1), (1, 5000), (5000, 1), (2, 3), (31, 33), (640, 360)]
    )
    def test_blank_pictures_of_any_size(self, detector, size_wh, is_thorough):
        for value in (0, 255):
            self.require_sane(
                detector, np.full((size_wh[1], size_wh[0], 3), value, np.uint8), is_thorough
            )

    def test_noise(self, detector):
        self.require_sane(
            detector,
            np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8),
            True,
        )

    def test_a_crowd(self, detector, astronaut):
        face = cv2.resize(astronaut[20:220, 130:320], (48, 48), interpolation=cv2.INTER_AREA)
        self.require_sane(detector, np.tile(face, (12, 16, 1)), False)

    def test_a_huge_frame(self, detector):
        self.require_sane(detector, np.zeros((2200, 3000, 3), np.uint8), False)

    def test_a_frame_is_left_as_it_was_and_looks_the_same_twice(self, detector, astronaut):
        before = astronaut.copy()
        first, second = (detector.detect(frame_of(astronaut), Look()) for _ in range(2))
        assert (astronaut == before).all()
        assert (first.xyxy == second.xyxy).all()
        assert (first.score == second.score).all()

    def test_it_says_what_it_is(self, detector):
        assert all(info.name and info.sha256 for info in detector.infos)
        assert detector.infos
        assert detector.sure
        assert all(
            kind in range(len(KINDS)) and 0 < score < 1 for kind, score in detector.sure.items()
        )

    @staticmethod
    def require_sane(detector, rgb, is_thorough):
        seen = detector.detect(frame_of(rgb), Look(is_thorough=is_thorough))
        reach = 2 * max(rgb.shape)
        assert (seen.xyxy[:, :2] < seen.xyxy[:, 2:]).all()
        assert (np.abs(seen.xyxy) <= reach).all()
        assert ((seen.score >= 0) & (seen.score <= 1)).all()
        assert (seen.kind < len(KINDS)).all()
        assert len(seen) < 2000


def opened(**options):
    return DETECTORS["pyramid"](DetectOptions(**options))


@pytest.fixture(scope="module")
def faces():
    return opened(kinds="face")


@pytest.fixture(scope="module")
def both():
    return opened()


@pytest.fixture(scope="module")
def guarded():
    with Guarded(Seeing(), 20) as detector:
        yield detector


class TestFaces(Contract):
    @pytest.fixture
    def detector(self, faces):
        return faces

    @pytest.mark.parametrize("scale", [0.15, 0.4, 1.0, 3.0])
    @pytest.mark.parametrize("is_thorough", [False, True])
    def test_it_finds_a_face_of_any_size(self, detector, astronaut, scale, is_thorough):
        size = (round(512 * scale),) * 2
        frame = frame_of(cv2.resize(astronaut, size, interpolation=cv2.INTER_AREA))
        seen = detector.detect(frame, Look(is_thorough=is_thorough))
        sure = seen.rows(seen.are_sure(detector.sure))
        assert iou(sure.xyxy / np.float32(scale), FACE_XYXY).max() > 0.5
        assert len(sure) == 1

    def test_it_finds_a_face_at_the_edge_of_the_picture_and_on_a_seam_of_tiles(
        self, detector, astronaut
    ):
        wide = np.zeros((512, 2400, 3), np.uint8)
        seam = sorted(network_tiles((2400, 512)))[0][2]
        middle = round(float(FACE_XYXY[0, [0, 2]].mean())) - 100
        places = (0, seam - middle, 2400 - 300)
        for x in places:
            wide[:, x : x + 300] = astronaut[:, 100:400]
        seen = detector.detect(frame_of(wide), Look())
        sure = seen.xyxy[seen.are_sure(detector.sure)]
        for x in places:
            assert iou(sure, FACE_XYXY - np.float32([100 - x, 0, 100 - x, 0])).max() > 0.5
        assert len(sure) == len(places)

    def test_the_best_comes_first_and_every_face_once(self, detector, astronaut):
        twice = frame_of(np.concatenate([astronaut, astronaut[:, ::-1]], axis=1))
        seen = detector.detect(twice, THOROUGH)
        assert (np.diff(seen.score) <= 0).all()
        assert seen.are_sure(detector.sure).sum() == 2

    def test_sensitivity_moves_the_threshold(self):
        sure = [opened(kinds="face", sensitivity=s).sure[FACE] for s in ("low", "normal", "high")]
        assert sure == sorted(sure, reverse=True)


class TestFacesAndPlates(Contract):
    @pytest.fixture
    def detector(self, both):
        return both

    def test_faces_are_found_as_they_are_without_plates(self, detector, faces, astronaut):
        seen, alone = (d.detect(frame_of(astronaut), THOROUGH) for d in (detector, faces))
        of_faces = seen.rows(seen.kind == FACE)
        assert of_faces.xyxy.tolist() == alone.xyxy.tolist()
        assert of_faces.score.tolist() == alone.score.tolist()


class TestGuarded(Contract):
    @pytest.fixture
    def detector(self, guarded):
        return guarded


def maps(heat=0.0, size=1.0, offset=0.0, shape=(8, 8)):
    return [
        np.full((1, n, *shape), value, np.float32)
        for n, value in ((1, heat), (2, size), (2, offset))
    ]


def test_a_peak_becomes_a_box_around_its_cell():
    found = maps(size=np.log(10))
    found[0][0, 0, 3, 5] = 0.8
    xyxy, score = boxes_from_maps(found, 0.2)
    np.testing.assert_allclose(xyxy, [[22 - 20, 14 - 20, 22 + 20, 14 + 20]], atol=1e-3)
    assert score.tolist() == [np.float32(0.8)]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_maps_that_are_not_finite_are_an_error_and_not_an_empty_frame(bad, which):
    found = maps(heat=0.0 if which == 0 else 0.9)
    found[which][0, 0, 2, 2] = bad
    with pytest.raises(ValueError, match="not finite"):
        boxes_from_maps(found, 0.2)


def test_a_size_that_overflows_is_an_error():
    with pytest.raises(ValueError, match="not finite"):
        boxes_from_maps(maps(heat=0.9, size=200.0), 0.2)


def test_joined_boxes_cover_all_that_agree_with_the_best():
    xyxy = np.float32([[0, 0, 20, 20], [2, 2, 22, 22], [100, 100, 120, 120], [50, 50, 50, 50]])
    boxes, score = joined(xyxy, np.float32([0.9, 0.8, 0.7, 0.6]), 0.4, 0.6)
    assert boxes.tolist() == [[0, 0, 22, 22], [100, 100, 120, 120], [50, 50, 50, 50]]
    assert score.tolist() == np.float32([0.9, 0.7, 0.6]).tolist()
    assert joined(np.empty((0, 4), np.float32), np.empty(0, np.float32), 0.4, 0.6)[0].shape == (
        0,
        4,
    )
