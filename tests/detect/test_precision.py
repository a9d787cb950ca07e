"""Networks that count with integers of eight bits see what those that count with floats see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import pytest

from efface.detect.look import Look
from efface.detect.map_network import MapNetwork
from efface.detect.registry import for_search, open_detector, open_lanes
from efface.detect.self_test import picture
from efface.detect.trunk import Trunk
from efface.detect.weights import load_weights
from efface.detections import FACE, PLATE
from efface.errors import UsageError
from efface.frames import Frame, rgb_picture
from efface.geometry import iou
from efface.options import DetectOptions, Options
from efface.pipeline.detector_session import DetectorSession

PHOTO = Path(__file__).parents[2] / "examples" / "astronaut.jpg"


def frame_of(rgb):
    size = (rgb.shape[1], rgb.shape[0])
    return Frame(
        0,
        0,
        size,
        lambda wh: cv2.resize(rgb, wh, interpolation=cv2.INTER_AREA),
        lambda: rgb_picture(rgb),
    )


def seen(rgb, precision, kind):
    with open_detector(DetectOptions(precision=precision)) as detector:
        found = detector.detect(frame_of(rgb), Look())
        sure = found.are_sure(detector.sure) & (found.kind == kind)
        return found.xyxy[sure], found.score[sure]


@pytest.mark.parametrize("times", [1.0, 0.5, 0.25])
@pytest.mark.parametrize("gain", [1.0, 0.35])
def test_a_face_is_as_sure_and_in_the_same_place(times, gain):
    rgb = cv2.resize(
        cv2.imread(str(PHOTO))[..., ::-1], None, fx=times, fy=times, interpolation=cv2.INTER_AREA
    )
    dim = (rgb * gain).astype(np.uint8)
    (float_boxes, float_score), (boxes, score) = (
        seen(dim, precision, FACE) for precision in ("float32", "int8")
    )
    assert len(float_boxes) >= 1
    overlap = iou(float_boxes, boxes)
    assert (overlap.max(axis=1) > 0.85).all()
    assert np.abs(float_score - score[overlap.argmax(axis=1)]).max() < 0.1


def plate(height):
    """A drawn one, on something like a car, as seen from `height` pixels near."""
    rgb = np.full((384, 640, 3), 90, np.uint8)
    cv2.rectangle(rgb, (140, 60), (500, 330), (40, 40, 120), -1)
    width = round(height * 4.6)
    left, top = 320 - width // 2, 230
    cv2.rectangle(rgb, (left, top), (left + width, top + height), (240, 240, 235), -1)
    cv2.putText(
        rgb,
        "KX 52 BZT",
        (left + 4, top + round(height * 0.78)),
        cv2.FONT_HERSHEY_SIMPLEX,
        height / 36,
        (15, 15, 15),
        2,
    )
    return rgb


@pytest.mark.parametrize("height", [20, 30, 44])
def test_a_plate_is_as_sure_and_in_the_same_place(height):
    (float_boxes, float_score), (boxes, score) = (
        seen(plate(height), precision, PLATE) for precision in ("float32", "int8")
    )
    assert len(float_boxes) >= 1
    overlap = iou(float_boxes, boxes)
    assert (overlap.max(axis=1) > 0.85).all()
    assert np.abs(float_score - score[overlap.argmax(axis=1)]).max() < 0.1


@pytest.mark.parametrize(
    ("asked", "checks", "searches"),
    [
        ("auto", "centerface", "centerface-int8"),
        ("float32", "centerface", "centerface"),
        ("int8",) + ("centerface-int8",) * 2,
    ],
)
def test_a_search_is_in_integers_and_a_check_in_floats_unless_one_is_asked_for(
    asked, checks, searches
):
    options = DetectOptions(kinds="face", precision=asked)
    with open_detector(options) as detector:
        assert [i.name for i in detector.infos] == [checks]
    with DetectorSession(replace(Options(), detect=options)) as session:
        for medium in ("photo", "video"):
            assert [i["name"] for i in session.infos(medium)] == [searches]
    with open_lanes(options) as lanes:
        assert {i.name for lane in lanes for i in lane.infos} == {searches}


def test_faces_are_as_large_in_integers_as_in_floats_on_average():
    rgb = cv2.imread(str(PHOTO))[..., ::-1]
    networks = [Trunk(DetectOptions(precision=p), 1) for p in ("float32", "int8")]
    apart = []
    for width in range(256, 641, 32):
        small = cv2.resize(rgb, (width, width), interpolation=cv2.INTER_AREA)
        for shown in (small, np.ascontiguousarray(small[:, ::-1])):
            floats, integers = (n.tensors(shown, ("537", "538")) for n in networks)
            row, column = np.unravel_index(floats["537"][0, 0].argmax(), floats["537"].shape[2:])
            apart.append((integers["538"] - floats["538"])[0, :, row, column])
    # Logarithms of height and width. Before they were fitted, they were .024 and .029 apart.
    assert np.abs(np.mean(apart, axis=0)).max() < 0.015


def test_another_device_counts_with_floats():
    assert for_search(DetectOptions(device="cuda")).precision == "auto"
    with pytest.raises(UsageError, match="Leave it out with --device cuda"):
        DetectOptions(device="cuda", precision="int8")


def test_the_networks_of_integers_hold_no_landmarks_and_mostly_integers():
    settings = ort.SessionOptions()
    settings.log_severity_level = 3
    data, _ = load_weights("centerface-int8")
    names = {
        o.name
        for o in ort.InferenceSession(
            data, settings, providers=["CPUExecutionProvider"]
        ).get_outputs()
    }
    assert names == {"537", "538", "539", "413", "387.8bit", "413.8bit"}
    assert data.count(b"QuantizeLinear") > 100


@pytest.mark.parametrize("name", ["plates", "persons"])
def test_what_is_passed_on_stays_in_integers(name):
    shown = picture()
    found = {}
    for precision in ("float32", "int8"):
        options = DetectOptions(precision=precision)
        trunk, network = Trunk(options, 1), MapNetwork(name, options, 1)
        tensors = trunk.tensors(shown, network.tensors)
        found[precision] = tensors, network.boxes(tensors, 0.05)
    floats, integers = (found[p][0] for p in ("float32", "int8"))
    assert {t.dtype for t in integers.values()} == {np.dtype(np.uint8)}
    for tensor in ("387", "413"):
        # Channels come last, and one step of theirs is a step of the floats.
        same = integers[f"{tensor}.8bit"].transpose(0, 3, 1, 2).astype(np.float64)
        assert same.shape == floats[tensor].shape
        for channel in range(same.shape[1]):
            pair = same[0, channel].ravel(), floats[tensor][0, channel].ravel()
            assert np.corrcoef(*pair)[0, 1] > 0.98
    assert np.isclose(found["int8"][1][1].max(), found["float32"][1][1].max(), atol=0.1)


def test_integers_and_floats_of_one_tensor_say_the_same():
    made = Trunk(DetectOptions(precision="int8"), 1).tensors(picture(), ("413", "413.8bit"))
    floats, integers = made["413"][0], made["413.8bit"][0].transpose(2, 0, 1).astype(np.float64)
    for channel, steps in zip(floats, integers, strict=True):
        pair = np.polyfit(steps.ravel(), channel.ravel(), 1)
        assert np.allclose(np.polyval(pair, steps), channel, atol=1e-4)
