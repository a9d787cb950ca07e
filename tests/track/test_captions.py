"""Text that a recorder writes into the picture is found by what stays while all else moves."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from efface.detections import TEXT
from efface.track.captions import EVERY, FEWEST, Captions, stands_still
from efface.tracks import Track

WH = (384, 216)
FRAME_WH = (1280, 720)


def street(seed=0):
    """A large picture full of edges, of which the camera sees a part."""
    rng = np.random.default_rng(seed)
    picture = cv2.resize(
        rng.integers(0, 256, (60, 100), dtype=np.uint8), (1500, 900), interpolation=cv2.INTER_CUBIC
    )
    for _ in range(120):
        x, y = (int(v) for v in rng.integers(0, (1400, 850)))
        cv2.rectangle(
            picture,
            (x, y),
            (x + int(rng.integers(20, 90)), y + int(rng.integers(10, 60))),
            int(rng.integers(256)),
            -1,
        )
        cv2.putText(
            picture, "SHOP 24", (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, int(rng.integers(256)), 2
        )
    return picture


def seen(picture, i, step=14):
    return picture[20 + (i * step) // 3 :][:216, 10 + i * step :][:, :384].copy()


def told(frames):
    captions = Captions()
    for frame in frames:
        captions.add(frame)
    return captions.boxes(FRAME_WH)


def written(frame, text, at=(8, 206)):
    cv2.putText(frame, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 0, 3, cv2.LINE_AA)
    cv2.putText(frame, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255, 1, cv2.LINE_AA)
    return frame


def test_a_date_that_stands_still_in_a_pan_is_found_where_it_stands():
    frames = [written(seen(street(), i), f"2026-11-28 14:03:{i:02d}") for i in range(40)]
    found = told(frames)
    assert found
    x1, y1, x2, y2 = found[0]
    assert x1 < 60
    assert x2 > 350
    assert 620 < y1 < y2 <= 720


@pytest.mark.parametrize("seed", range(4))
def test_signs_that_are_filmed_are_no_captions(seed):
    assert told([seen(street(seed), i) for i in range(40)]) == []


def test_a_camera_that_stands_before_a_still_street_tells_nothing():
    assert told([written(seen(street(), 0), "PLATE AB 123") for _ in range(40)]) == []


def test_too_few_frames_tell_nothing():
    frames = [written(seen(street(), i), "2026-11-28") for i in range(EVERY * (FEWEST - 1))]
    assert told(frames) == []


def test_black_bars_and_frames_are_no_captions():
    frames = [seen(street(), i) for i in range(40)]
    for frame in frames:
        frame[:24] = frame[-24:] = 0
        cv2.rectangle(frame, (40, 60), (200, 150), 255, 1)
    assert told(frames) == []


def test_a_caption_stands_still_on_the_screen_and_a_sign_that_is_passed_does_not():
    seconds = np.arange(100) / 25
    frames = np.arange(0, 99, 3, dtype=np.int32)
    n = len(frames)
    still = np.tile(np.float32([20, 300, 200, 320]), (n, 1))
    shaken = still + np.random.default_rng(0).uniform(-2, 2, (n, 4)).astype(np.float32)
    passed = still + frames[:, None].astype(np.float32)

    def line(boxes, count=n):
        score = np.full(count, 0.9, np.float32)
        return Track(1, TEXT, frames[:count], boxes[:count], np.zeros(count, np.uint8), score)

    assert stands_still(line(shaken), seconds)
    assert not stands_still(line(passed), seconds)
    assert not stands_still(line(still, 10), seconds)
