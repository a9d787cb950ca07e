"""Of the weak sightings on a photo a person is told those that may matter."""

from __future__ import annotations

import numpy as np
import pytest

from efface.detections import FACE, PLATE, TEXT
from efface.options import DetectOptions, Options, recorded
from efface.planning.photo_risk import UNKNOWN, chance_on_photo, is_worth_telling, risk_on_photo
from efface.tracks import Reason, Track

NORMAL = recorded(Options())


def sighting(kind=FACE, *, score=0.2, height=40.0):
    box = np.array([[10, 10, 10 + height, 10 + height]], np.float32)
    seen = np.array([Reason.SEEN], np.uint8)
    return Track(1, kind, np.zeros(1, np.int32), box, seen, np.array([score], np.float32))


@pytest.mark.parametrize(
    "seen",
    [sighting(), sighting(PLATE, score=0.33), sighting(TEXT, score=0.2), sighting(height=18)],
)
def test_what_may_be_one_is_told(seen):
    assert is_worth_telling(seen, NORMAL)


@pytest.mark.parametrize(
    "seen", [sighting(height=11.5), sighting(PLATE, score=0.2), sighting(TEXT, height=5)]
)
def test_what_is_hardly_ever_one_or_shows_nothing_is_not(seen):
    assert not is_worth_telling(seen, NORMAL)


def test_a_larger_face_is_a_larger_risk():
    low, high = (risk_on_photo(sighting(height=h), NORMAL) for h in (14, 40))
    assert low < high


@pytest.mark.parametrize("sensitivity", ["low", "high"])
def test_with_another_sensitivity_a_score_means_something_else_that_nobody_counted(sensitivity):
    other = recorded(Options(detect=DetectOptions(sensitivity=sensitivity)))
    assert chance_on_photo(sighting(), other) == UNKNOWN != chance_on_photo(sighting(), NORMAL)
    assert is_worth_telling(sighting(), other)


def test_of_other_kinds_nobody_counted_it_and_they_come_after_likely_faces():
    assert chance_on_photo(sighting(TEXT), NORMAL) == UNKNOWN
    assert risk_on_photo(sighting(TEXT), NORMAL) < risk_on_photo(sighting(), NORMAL)
