"""Detectors that fail in every way: always a typed error, never a target."""

from __future__ import annotations

import sys
import threading
import time

import cv2
import numpy as np
import pytest

from efface.detect.detector import DetectorInfo
from efface.detect.fail_closed import Guarded
from efface.detect.look import Look
from efface.detect.registry import DETECTORS
from efface.detections import DRAWN, FACE, PLATE, Detections
from efface.errors import DetectorFailed, ModelUnusable
from efface.events import silent
from efface.frames import Frame
from efface.options import DetectOptions, Options
from efface.pipeline import one_source
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.naming import jobs_for


class Saboteur:
    """A detector that does `deed(frame, look)`."""

    infos = (DetectorInfo("saboteur", "1", "00", "none"),)
    sure = {FACE: 0.5, PLATE: 0.5}  # noqa: RUF012

    def __init__(self, deed):
        self.detect = deed


def boxes(*rows, score=0.9):
    return Detections(
        np.float32(rows).reshape(-1, 4),
        np.full(len(rows), score, np.float32),
        np.zeros(len(rows), np.uint8),
    )


def raising(error):
    def deed(frame, look):
        raise error

    return deed


def returning(answer):
    return lambda frame, look: answer() if callable(answer) else answer


def made_of(xyxy=((0, 0, 9, 9),), score=(0.9,), kind=(0,)):
    return lambda: Detections(np.float32(xyxy), np.float32(score), np.array(kind, np.uint8))


DEEDS = {
    "raises": raising(RuntimeError("out of luck")),
    "raises a memory error": raising(MemoryError()),
    "asks to exit with success": raising(SystemExit(0)),
    "interrupts": raising(KeyboardInterrupt()),
    "stops iterating": raising(StopIteration()),
    "returns None": returning(None),
    "returns a list": returning([]),
    "returns an array": returning(np.zeros((0, 4), np.float32)),
    "returns NaN boxes": returning(made_of(xyxy=[[0, np.nan, 9, 9]])),
    "returns NaN scores": returning(made_of(score=[np.nan])),
    "returns infinite boxes": returning(made_of(xyxy=[[0, 0, np.inf, 9]])),
    "returns boxes from here to the stars": returning(made_of(xyxy=[[-3e38, 0, 3e38, 9]])),
    "returns swapped sides": returning(made_of(xyxy=[[9, 9, 0, 0]])),
    "returns an unknown kind": returning(made_of(kind=[9])),
    "returns a kind that only people draw": returning(made_of(kind=[DRAWN])),
    "returns a score of 7": returning(made_of(score=[7])),
    "returns one score too few": returning(made_of(score=[])),
}


def frame():
    return Frame(
        4, 4, (8, 8), lambda size_wh: np.zeros((size_wh[1], size_wh[0], 3), np.uint8), lambda: None
    )


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8))
    return path


def redact(photo, deed, monkeypatch, timeout_s=20.0):
    monkeypatch.setitem(DETECTORS, "pyramid", lambda options, **_: Saboteur(deed))
    (job,) = jobs_for([photo], None)
    with DetectorSession(Options(detect=DetectOptions(timeout_s=timeout_s))) as session:
        return one_source.redact(session, job, silent)


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
def test_the_guard_turns_it_into_a_typed_error_and_goes_on(deed):
    with Guarded(Saboteur(deed), 20) as guarded:
        for _ in range(2):
            with pytest.raises(DetectorFailed, match=r"saboteur failed at frame 5") as caught:
                guarded.detect(frame(), Look())
            assert str(caught.value).isprintable()
            assert caught.value.exit_code == 4


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
def test_there_is_no_target(photo, monkeypatch, deed):
    before = photo.read_bytes()
    with pytest.raises(DetectorFailed):
        redact(photo, deed, monkeypatch)
    assert list(photo.parent.iterdir()) == [photo]
    assert photo.read_bytes() == before


def test_its_own_typed_errors_pass_through():
    error = ModelUnusable("saboteur", "broken")
    with Guarded(Saboteur(raising(error)), 20) as guarded, pytest.raises(ModelUnusable):
        guarded.detect(frame(), Look())


def test_one_that_hangs_is_given_up_and_not_asked_again(photo, monkeypatch):
    release, calls = threading.Event(), []

    def hang(frame, look):
        calls.append(frame)
        release.wait(20)
        return Detections.none()

    try:
        with pytest.raises(DetectorFailed, match=r"longer than 0\.2 s"):
            redact(photo, hang, monkeypatch, timeout_s=0.2)
        assert list(photo.parent.iterdir()) == [photo]
        with Guarded(Saboteur(hang), 0.2) as guarded:
            for words in ("longer than 0.2 s", "did not come back"):
                with pytest.raises(DetectorFailed, match=words):
                    guarded.detect(frame(), Look())
        assert len(calls) == 2
    finally:
        release.set()


def test_large_frames_get_more_time(monkeypatch):
    def slow(frame, look):
        time.sleep(0.5)
        return Detections.none()

    monkeypatch.setattr(
        "efface.detect.fail_closed.PIXELS", frame().size_wh[0] * frame().size_wh[1] / 40
    )
    with Guarded(Saboteur(slow), 0.1) as guarded:
        assert len(guarded.detect(frame(), Look())) == 0
    monkeypatch.setattr("efface.detect.fail_closed.PIXELS", frame().size_wh[0] * frame().size_wh[1])
    with Guarded(Saboteur(slow), 0.1) as guarded:
        assert len(guarded.detect(frame(), Look(scale=6.5))) == 0
    monkeypatch.undo()
    with (
        Guarded(Saboteur(slow), 0.1) as guarded,
        pytest.raises(DetectorFailed, match="--detect-timeout"),
    ):
        guarded.detect(frame(), Look())


def test_a_late_answer_is_never_taken_for_another_frame():
    def slow(frame, look):
        time.sleep(0.3)
        return boxes((0, 0, 1, 1))

    with Guarded(Saboteur(slow), 0.05) as guarded:
        with pytest.raises(DetectorFailed):
            guarded.detect(frame(), Look())
        time.sleep(0.5)
        with pytest.raises(DetectorFailed, match="earlier frame"):
            guarded.detect(frame(), Look())
        guarded.close()
        guarded.close()


def test_five_hundred_boxes_are_all_covered(photo, monkeypatch):
    rng = np.random.default_rng(1)
    corner = rng.integers(0, 50, (500, 2))
    done = redact(
        photo, returning(boxes(*np.concatenate([corner, corner + 8], axis=1))), monkeypatch
    )
    assert done.rendered.regions == 500
    result = cv2.imread(str(done.rendered.target))
    assert result.shape == (60, 80, 3)
    differs = (result != cv2.imread(str(photo))).any(-1)
    assert (
        differs[
            corner.min(0)[1] : corner.max(0)[1] + 8, corner.min(0)[0] : corner.max(0)[0] + 8
        ].mean()
        > 0.98
    )


def test_a_box_larger_than_everything_covers_everything(photo, monkeypatch):
    done = redact(photo, returning(boxes((-1e6, -1e6, 1e6, 1e6))), monkeypatch)
    assert (cv2.imread(str(done.rendered.target)) == cv2.imread(str(photo))).mean() < 0.05
    assert done.plan.tracks[0].xyxy.tolist() == [[0, 0, 80, 60]]


def test_one_that_prints_leaves_the_results_alone(photo, monkeypatch, capsys):
    def chatty(frame, look):
        print("I see nothing", file=sys.stderr)
        return boxes((10, 10, 30, 30))

    done = redact(photo, chatty, monkeypatch)
    assert capsys.readouterr().out == ""
    assert done.rendered.regions == 1
