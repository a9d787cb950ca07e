"""Networks are opened in time, once, and closed."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from PIL import Image

from efface.containers.admission import admit
from efface.errors import DetectorFailed, ModelUnusable
from efface.options import Options
from efface.pipeline import detector_session
from efface.pipeline.detector_session import DetectorSession


@pytest.fixture
def film(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(100))
    return admit(tmp_path / "a.mp4")


@pytest.fixture
def log(monkeypatch):
    """What is opened and closed."""
    said = []

    @contextmanager
    def open_lanes(options):
        said.append("open")
        yield ("one", "two")
        said.append("close")

    monkeypatch.setattr(detector_session, "open_lanes", open_lanes)
    return said


def test_what_was_opened_ahead_is_used_and_closed_after_its_use(film, log):
    with DetectorSession(Options()) as session, session.opening_ahead(film):
        with session.for_films() as detectors:
            assert (detectors, log) == (("one", "two"), ["open"])
        assert log == ["open", "close"]
        with session.for_films():  # the next one is its own
            assert log == ["open", "close", "open"]
    assert log == ["open", "close"] * 2


def test_what_nobody_used_is_closed(film, log):
    with (
        DetectorSession(Options()) as session,
        pytest.raises(OSError, match="no room"),
        session.opening_ahead(film),
    ):
        raise OSError("no room")
    assert log == ["open", "close"]


def test_what_cannot_be_opened_is_an_error_where_it_is_used(film, monkeypatch):
    def open_lanes(options):
        raise ModelUnusable("plates", "gone")

    monkeypatch.setattr(detector_session, "open_lanes", open_lanes)
    with DetectorSession(Options()) as session:
        with pytest.raises(ModelUnusable), session.opening_ahead(film), session.for_films():
            pass
        with session.opening_ahead(film):  # and nowhere else
            pass


def test_a_photo_gets_the_detector_that_was_opened_ahead(tmp_path, monkeypatch):
    opened = []

    @contextmanager
    def open_detector(options):
        opened.append(options)
        yield object()

    monkeypatch.setattr(detector_session, "open_detector", open_detector)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with DetectorSession(Options()) as session:
        for _ in range(2):
            with session.opening_ahead(admit(tmp_path / "a.png")), session.for_photos():
                pass
        assert len(opened) == 1
        with pytest.raises(DetectorFailed), session.for_photos():
            raise DetectorFailed("plates", "frame 1", "it hung")
        with session.for_photos():
            pass
    assert len(opened) == 2


def test_a_session_that_gets_plans_from_elsewhere_searches_nothing_ahead():
    with DetectorSession(Options()) as own, DetectorSession(Options(), known_plan=dict) as other:
        assert (own.searches, other.searches) == (True, False)
