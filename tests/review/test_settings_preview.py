"""Settings are tried on a picture with the real renderer; another margin needs no other search."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image

from efface.detections import Detections
from efface.options import CoverOptions, DetectOptions, Options, PaintOptions
from efface.review import settings_preview
from efface.review.settings_preview import preview, telling_frame, thumbnail

FACE = (60.0, 40.0, 100.0, 80.0)


class OneFace:
    """A detector that sees one face, and counts its looks."""

    sure = MappingProxyType({0: 0.5, 1: 0.5})
    looks = 0

    def detect(self, frame, look):
        OneFace.looks += 1
        box, score = np.array([FACE], np.float32), np.array([0.9], np.float32)
        return Detections(box, score, np.zeros(1, np.uint8))


class Session:
    """Opens that detector."""

    def __init__(self, options):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @contextmanager
    def for_photos(self):
        yield OneFace()


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.setattr(settings_preview, "DetectorSession", Session)
    monkeypatch.setattr(OneFace, "looks", 0)
    settings_preview._last.clear()
    path = tmp_path / "a.png"
    picture = np.full((120, 160, 3), 90, np.uint8)
    picture[40:80, 60:100] = (255, 0, 0)
    Image.fromarray(picture).save(path)
    yield path
    settings_preview._last.clear()


def reddish(data):
    with Image.open(io.BytesIO(data)) as picture:
        rgb = np.asarray(picture.convert("RGB")).astype(int)
    return int(((rgb[..., 0] > 180) & (rgb[..., 1] < 80)).sum())


def black(data):
    with Image.open(io.BytesIO(data)) as picture:
        return int((np.asarray(picture.convert("L")) < 30).sum())


def test_it_shows_what_the_renderer_makes_of_the_settings(photo):
    options = Options(paint=PaintOptions(style="solid", shape="box"), cover=CoverOptions(margin=0))
    before = photo.read_bytes()
    assert reddish(thumbnail(photo, options)) > 1000
    data, areas = preview(photo, options, 0, [], 960)
    assert (areas, reddish(data)) == (1, 0)
    wider, _ = preview(photo, replace(options, cover=CoverOptions(margin=0.5)), 0, [], 960)
    assert black(wider) > 2 * black(data)
    assert OneFace.looks == 1, "a margin needs no other look"
    preview(photo, replace(options, detect=DetectOptions(sensitivity="high")), 0, [], 960)
    assert OneFace.looks == 2
    assert photo.read_bytes() == before


def test_a_file_that_was_replaced_is_looked_at_again(photo):
    preview(photo, Options(), 0, [], 960)
    Image.new("RGB", (200, 120)).save(photo)
    preview(photo, Options(), 0, [], 960)
    assert OneFace.looks == 2


def test_the_frame_is_the_one_that_shows_most(film, kit):
    tracks = (kit.track(1, 5, 9, (10, 10, 20, 20)), kit.track(2, 40, 42, (10, 10, 90, 90)))
    assert telling_frame(kit.planned(film, tracks)) == 40
    assert telling_frame(kit.planned(film, ())) == settings_preview.UNSEEN_FRAME
    assert telling_frame(None) == settings_preview.UNSEEN_FRAME
