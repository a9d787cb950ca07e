"""Boxes grow with doubt, smoothly, and only where a rule says so."""

from __future__ import annotations

import numpy as np
import pytest

from efface.track.unsure import Unsure, widened
from efface.tracks import Reason, Track

RULE = Unsure(most=0.4, doubtful=0.2, certain=0.8, least_px=14)


def track(score, height=20.0):
    return Track(1, 0, np.int32([0]), np.float32([[0, 0, 10, height]]), np.array([Reason.SEEN], np.uint8), np.float32([score]))


@pytest.mark.parametrize(("score", "share"), [(0.1, 0.4), (0.2, 0.4), (0.5, 0.2), (0.8, 0.0), (1.0, 0.0)])
def test_a_box_grows_by_doubt(score, share):
    assert widened(track(score), RULE).xyxy[0].tolist() == pytest.approx(
        [-10 * share, -20 * share, 10 + 10 * share, 20 + 20 * share], abs=1e-5
    )


def test_low_boxes_stay_as_they_are():
    assert widened(track(0.1, height=13.9), RULE).xyxy[0].tolist() == pytest.approx([0, 0, 10, 13.9])
    assert widened(track(0.1, height=14.0), RULE).xyxy[0, 3] == pytest.approx(14 * 1.4)


def test_nothing_else_of_the_track_changes():
    before = track(0.3)
    after = widened(before, RULE)
    assert (after.id, after.kind, after.frame, after.score, after.reason) == (
        before.id, before.kind, before.frame, before.score, before.reason
    )  # fmt: skip
