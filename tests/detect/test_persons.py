"""Persons, with the weights that efface ships: one photo, and what the network is asked for."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from efface.detect.look import THOROUGH, Look
from efface.detect.persons import PersonHead
from efface.detect.registry import DETECTORS, quick_kinds
from efface.detections import PERSON
from efface.geometry import overlap
from efface.options import DetectOptions
from tests.detect.test_detectors import frame_of

ASTRONAUT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
BODY_XYXY = (60, 20, 430, 510)
"""The astronaut in her portrait of 512x512, by eye."""


def shown(scale):
    """A dark frame, (720, 1280, 3), with the portrait at that scale; and the body's box."""
    rgb = cv2.cvtColor(cv2.imread(str(ASTRONAUT)), cv2.COLOR_BGR2RGB)
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((720, 1280, 3), 60, np.uint8)
    x, y = 400, 720 - small.shape[0]
    frame[y : y + small.shape[0], x : x + small.shape[1]] = small
    return frame, np.float32([BODY_XYXY]) * scale + np.float32([x, y, x, y])


def share_covered(seen, body):
    boxes = seen.xyxy[
        (seen.kind == PERSON) & (seen.score >= PersonHead(DetectOptions()).rules.sure)
    ]
    if not len(boxes):
        return 0.0
    return float(overlap(body, boxes).max() / np.prod(body[0, 2:] - body[0, :2]))


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_person_is_found_near_and_far(precision):
    detector = DETECTORS["pyramid"](DetectOptions(kinds="person", precision=precision))
    for scale in (1.2, 0.5):
        frame, body = shown(scale)
        assert share_covered(detector.detect(frame_of(frame), Look()), body) > 0.7, scale


def test_nobody_is_found_where_nobody_is():
    detector = DETECTORS["pyramid"](DetectOptions(kinds="person"))
    stripes = np.kron(np.indices((9, 16)).sum(axis=0) % 2, np.ones((80, 80)))[..., None] * 255
    frame = np.broadcast_to(stripes, (720, 1280, 3)).astype(np.uint8)
    for look in (Look(), THOROUGH):
        seen = detector.detect(frame_of(np.ascontiguousarray(frame)), look)
        assert not seen.are_sure(detector.sure).any()


def test_sensitivity_moves_the_threshold():
    sure = [PersonHead(DetectOptions(sensitivity=s)).rules.sure for s in ("low", "normal", "high")]
    assert sure == sorted(sure, reverse=True)


def test_a_stream_is_searched_for_persons_in_every_frame():
    wanted = DetectOptions(kinds="face,plate,person,text")
    assert quick_kinds(wanted).kinds == "face,plate,person"
