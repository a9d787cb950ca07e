"""Writing is located: drawn lines are found where they are, and a blank picture has none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from efface.detect.look import Look
from efface.detect.registry import DETECTORS
from efface.detect.text_lines import GROWS, TextFinder, _lines
from efface.detections import FACE, TEXT
from efface.errors import ModelUnusable
from efface.frames import Frame
from efface.options import DetectOptions


def frame_of(rgb):
    def look(size_wh):
        return cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA)

    return Frame(0, 0, (rgb.shape[1], rgb.shape[0]), look, lambda: None)


@pytest.fixture(scope="module")
def written():
    rgb = np.full((240, 320, 3), 90, np.uint8)
    cv2.putText(rgb, "CAM 3 2026", (20, 210), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2)
    cv2.putText(rgb, "SHOP", (60, 90), cv2.FONT_HERSHEY_SIMPLEX, 2.2, (255, 240, 200), 5)
    return frame_of(rgb)


@pytest.fixture(scope="module")
def finder():
    return TextFinder(DetectOptions(kinds="text"), 1)


def test_lines_are_found_where_they_are(finder, written):
    seen = finder.detect(written, Look())
    assert set(seen.kind.tolist()) == {TEXT}
    for line in ((22, 199, 112, 209), (68, 48, 226, 88)):
        x1, y1, x2, y2 = line
        inside = [b for b in seen.xyxy if b[0] <= x1 and b[1] <= y1 and b[2] >= x2 and b[3] >= y2]
        assert inside, (line, seen.xyxy)
    assert (seen.score >= finder.sure[TEXT]).sum() >= 2


def test_a_blank_picture_has_none_and_small_leaves_large_letters_out(finder, written):
    assert not len(finder.detect(frame_of(np.full((240, 320, 3), 90, np.uint8)), Look()).score)
    finder._is_small = True
    try:
        seen = finder.detect(written, Look())
        assert len(seen.score) == 0 or (seen.xyxy[:, 3] - seen.xyxy[:, 1]).max() <= 0.06 * 240
    finally:
        finder._is_small = False


def test_a_line_grows_by_what_the_map_is_shrunk():
    made = np.zeros((60, 120), np.float32)
    made[20:30, 10:90] = 0.8
    ((box, score),) = _lines(made, 0.3)
    more = 800 * GROWS / (2 * (80 + 10)) + 1
    assert box == pytest.approx([10 - more, 20 - more, 90 + more, 30 + more])
    assert score == pytest.approx(0.8)
    assert list(_lines(made, 0.9)) == []


def test_a_network_that_computes_wrongly_is_refused(monkeypatch):
    honest = TextFinder._map
    monkeypatch.setattr(TextFinder, "_map", lambda self, rgb: honest(self, rgb) * 0.9)
    with pytest.raises(ModelUnusable, match="computes wrongly"):
        TextFinder(DetectOptions(kinds="text"), 1)


def test_faces_and_text_are_one_detector_and_text_alone_needs_no_other(written):
    both = DETECTORS["pyramid"](DetectOptions(kinds="face,text"), threads=1)
    assert set(both.sure) == {FACE, TEXT}
    assert [i.name for i in both.infos] == ["centerface", "text"]
    seen = both.detect(written, Look())
    assert TEXT in seen.kind
    assert seen.closer is not None
    alone = DETECTORS["pyramid"](DetectOptions(kinds="text"), threads=1)
    assert isinstance(alone, TextFinder)
