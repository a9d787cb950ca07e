"""Codes are located, whole, in pictures that are drawn here; and what they say is never asked for.

A target without a code is one in which a reader of codes finds none. It finds one in the source.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp
from PIL import Image

import efface
from efface.checks.second_look import SecondLook
from efface.detect import codes
from efface.detect.codes import CodeFinder, bar_code
from efface.detect.look import THOROUGH, Look
from efface.detect.registry import DETECTORS
from efface.detections import CODE, FACE
from efface.findings import Outcome
from efface.frames import Frame
from efface.options import DetectOptions, Options
from efface.regions import Region

SAID = "NEEDLE-4711"
KINDS = zxingcpp.BarcodeFormat
SQUARE = (KINDS.QRCode, KINDS.DataMatrix, KINDS.Aztec)


def drawn(kind, text=SAID, scale=4):
    made = np.array(
        zxingcpp.write_barcode_to_image(
            zxingcpp.create_barcode(text, kind), scale=scale, add_quiet_zones=False
        )
    )
    return np.where(made > 127, 225, 30).astype(np.uint8)


def scene(*pieces, size_wh=(640, 480)):
    """(picture, boxes): codes at their places in a picture with some shading."""
    y, x = np.mgrid[0 : size_wh[1], 0 : size_wh[0]]
    rgb = np.stack([90 + x % 64, 120 + y % 32, 110 + (x + y) % 40], axis=-1).astype(np.uint8)
    boxes = []
    for piece, (left, top) in pieces:
        height, width = piece.shape
        rgb[top - 14 : top + height + 14, left - 14 : left + width + 14] = 235
        rgb[top : top + height, left : left + width] = piece[..., None]
        boxes.append((left, top, left + width, top + height))
    return rgb, boxes


def frame_of(rgb):
    def look(size_wh):
        is_own = size_wh == (rgb.shape[1], rgb.shape[0])
        return rgb if is_own else cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA)

    return Frame(0, 0, (rgb.shape[1], rgb.shape[0]), look, lambda: None)


@pytest.fixture(scope="module")
def finder():
    return CodeFinder(DetectOptions(kinds="code"))


@pytest.fixture(scope="module")
def bars():
    row = drawn(KINDS.EAN13, "4006381333931", scale=2)
    return np.repeat(row[len(row) // 3][None], 80, axis=0)


def are_covered(seen, boxes, sure, slack=4):
    found = seen.xyxy[seen.score >= sure]
    return all(
        any(
            b[0] - slack <= x1 and b[1] - slack <= y1 and b[2] + slack >= x2 and b[3] + slack >= y2
            for b in found
        )
        for x1, y1, x2, y2 in boxes
    )


@pytest.mark.parametrize("look", [Look(), Look(detail=0.25), Look(scale=0.75), THOROUGH])
def test_codes_are_found_where_they_are(finder, bars, look):
    places = ((60, 60), (260, 60), (460, 60))
    pieces = [(drawn(kind), at) for kind, at in zip(SQUARE, places, strict=True)]
    rgb, boxes = scene(*pieces, (bars, (200, 300)))
    seen = finder.detect(frame_of(rgb), look)
    assert set(seen.kind.tolist()) == {CODE}
    assert are_covered(seen, boxes, finder.sure[CODE], 8)


def test_codes_that_are_turned_are_found_and_a_photo_is_turned_for_pdf417(finder, bars):
    for piece in (drawn(KINDS.QRCode), bars, drawn(KINDS.PDF417, scale=3)):
        rgb, _ = scene((piece, (200, 180)))
        way = cv2.getRotationMatrix2D((320, 240), 31, 1.0)
        rgb = cv2.warpAffine(rgb, way, (640, 480), borderMode=cv2.BORDER_REPLICATE)
        height, width = piece.shape
        corners = np.float32([(0, 0), (width, 0), (width, height), (0, height)])
        corners = cv2.transform((corners + np.float32([200, 180]))[None], way)[0]
        box = (*corners.min(axis=0), *corners.max(axis=0))
        seen = finder.detect(frame_of(rgb), THOROUGH)
        assert are_covered(seen, [box], finder.sure[CODE], 12), (piece.shape, seen.xyxy, box)


def test_a_bar_code_in_a_large_picture_is_found_in_its_tile(finder, bars):
    rgb, boxes = scene((bars, (2300, 700)), size_wh=(2700, 1400))
    seen = finder.detect(frame_of(rgb), Look())
    assert are_covered(seen, boxes, finder.sure[CODE], 6)


@pytest.mark.parametrize("size_wh", [(1, 1), (640, 1), (32, 32), (320, 240)])
def test_a_picture_without_codes_has_none(finder, size_wh):
    blank = np.full((size_wh[1], size_wh[0], 3), 90, np.uint8)
    assert not len(finder.detect(frame_of(blank), THOROUGH).score)


def test_stripes_are_bars_if_they_are_many_dark_and_upright(bars):
    height, width = bars.shape
    corners = np.float32([(0, 20), (width, 20), (width, height - 30), (0, height - 30)])

    def score(grey):
        return bar_code(np.ascontiguousarray(grey), corners)[1]

    assert score(bars) > 0.9
    assert bar_code(np.ascontiguousarray(bars.T), corners[:, ::-1].copy())[1] > 0.9
    assert score((120 + bars // 30).astype(np.uint8)) < 0.4
    few = np.tile(np.where(np.arange(width) // 40 % 2, 30, 220).astype(np.uint8), (height, 1))
    assert score(few) < 0.6
    assert score(np.random.default_rng(1).integers(0, 255, bars.shape).astype(np.uint8)) < 0.4
    assert score(np.full_like(bars, 90)) == 0


def test_a_bar_code_reaches_as_far_as_its_bars(bars):
    rgb, ((x1, y1, x2, y2),) = scene((bars, (200, 200)))
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    part = np.float32([(x1, y1 + 30), (x2, y1 + 30), (x2, y1 + 60), (x1, y1 + 60)])
    whole, _ = bar_code(grey, part)
    (left, top), (right, bottom) = whole.min(axis=0).tolist(), whole.max(axis=0).tolist()
    assert (top, bottom) == pytest.approx((y1, y2), abs=2)
    assert x1 - 25 < left < x1 + 2  # the quiet zone may count as a part
    assert x2 - 2 < right < x2 + 25


class Answer:
    """What the library answers about one code, for which it must not be asked more."""

    def __init__(self, valid, kind):
        self.valid, self.format, self.position = valid, kind, self
        self.top_left, self.top_right = Place(10, 20), Place(50, 20)
        self.bottom_left, self.bottom_right = Place(10, 60), Place(50, 60)


class Place:
    def __init__(self, x, y):
        self.x, self.y = x, y


@pytest.mark.parametrize(
    ("valid", "kind", "score"),
    [
        (True, KINDS.DataMatrix, codes.READ),
        (False, KINDS.QRCode, codes.DAMAGED),
        (False, KINDS.DataMatrix, codes.DOUBTFUL),
    ],
)
def test_only_place_and_kind_of_a_code_are_looked_at(finder, monkeypatch, valid, kind, score):
    monkeypatch.setattr(zxingcpp, "read_barcodes", lambda *_, **__: [Answer(valid, kind)])
    seen = finder.detect(frame_of(np.full((90, 90, 3), 90, np.uint8)), Look())
    assert seen.xyxy.tolist() == [[10, 20, 50, 60]]
    assert seen.score.tolist() == pytest.approx([score])


def test_codes_stand_beside_other_kinds_and_alone():
    both = DETECTORS["pyramid"](DetectOptions(kinds="face,code"), threads=1)
    assert set(both.sure) == {FACE, CODE}
    assert [i.name for i in both.infos] == ["centerface", "codes"]
    alone = DETECTORS["pyramid"](DetectOptions(kinds="code"), threads=1)
    assert isinstance(alone, CodeFinder)
    assert len(alone.infos[0].sha256) == 64


def test_a_photo_loses_its_codes_and_no_file_says_what_they_said(tmp_path, bars):
    rgb, boxes = scene((drawn(KINDS.QRCode), (60, 60)), (bars, (300, 200)))
    source = tmp_path / "a.png"
    Image.fromarray(rgb).save(source)
    assert zxingcpp.read_barcodes(rgb)
    done = efface.redact(source, options=Options(detect=DetectOptions(kinds="code")))
    assert [t.kind for t in done.plan.tracks] == [CODE, CODE]
    made = np.array(Image.open(done.rendered.target))
    assert not zxingcpp.read_barcodes(made, return_errors=True)
    for x1, y1, x2, y2 in boxes:
        assert np.abs(made[y1:y2, x1:x2].astype(int) - rgb[y1:y2, x1:x2]).mean() > 40
    assert done.rendered.verification.outcome is Outcome.CLEAN
    for path in tmp_path.iterdir():
        assert SAID.encode() not in path.read_bytes()


class Planned:
    """A plan that erases one area in every frame."""

    timeline, doubts, cuts = range(9), (), ()

    def __init__(self, box):
        self.box = box

    def known(self, frame):
        return [self.box]

    def regions(self, frame):
        return [Region(self.box)]


@pytest.mark.parametrize("is_bar", [True, False])
def test_one_frame_whose_code_was_not_erased_is_found(finder, bars, is_bar):
    rgb, ((x1, y1, x2, y2),) = scene((bars if is_bar else drawn(KINDS.QRCode), (200, 200)))
    box = (x1 - 10, y1 - 10, x2 + 10, y2 + 10)
    erased = rgb.copy()
    erased[box[1] : box[3], box[0] : box[2]] = (120, 130, 125)

    def moments(*frames):
        look = SecondLook(finder, Planned(box), is_quick=False)
        for i, shown in enumerate(frames):
            look.look(frame_of(shown), i / 25, i)
        return look.check(is_whole=True)

    assert moments(erased, erased, erased).outcome is Outcome.CLEAN
    found = moments(erased, rgb, erased)
    assert found.outcome is Outcome.REVIEW
    assert "may show a code" in str(found.findings[0])
