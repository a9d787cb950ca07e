"""Parts of a picture are examined at the same time, and what is seen is the same."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from efface.containers.admission import admit
from efface.detect.look import THOROUGH
from efface.detect.parallel_parts import ALONE, Lanes
from efface.detect.registry import DETECTORS
from efface.media.decoder.source_opening import open_source
from efface.options import DetectOptions, ReadOptions

EXAMPLE = Path(__file__).parents[2] / "examples" / "astronaut.jpg"


@pytest.mark.parametrize("count", [1, 2, 5, 50])
def test_results_come_in_the_order_of_the_parts(count):
    def slow_at_first(part):
        time.sleep((20 - part) / 2000)
        return part * part

    assert Lanes(count).each(slow_at_first, range(20)) == [n * n for n in range(20)]


def test_no_parts_give_no_results():
    assert Lanes(3).each(str, []) == []


def test_as_many_parts_as_lanes_are_examined_at_the_same_time():
    both = threading.Barrier(3)
    assert sorted(Lanes(3).each(lambda part: both.wait(30), range(3))) == [0, 1, 2]


def test_no_more_threads_are_started_than_there_are_parts():
    seen = Lanes(8).each(lambda part: threading.active_count(), [1, 2])
    assert max(seen) <= threading.active_count() + 1


def test_alone_nothing_leaves_the_calling_thread():
    assert set(ALONE.each(lambda part: threading.get_ident(), "abc")) == {threading.get_ident()}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_ends_the_work_and_is_raised(count, error):
    begun = []

    def fails_at_2(part):
        begun.append(part)
        if part == 2:
            raise error("here")
        time.sleep(0.01)

    with pytest.raises(error, match="here"):
        Lanes(count).each(fails_at_2, range(100))
    assert len(begun) < 20
    assert not [t for t in threading.enumerate() if t.name == "efface-lane"]


def test_a_photo_shows_the_same_in_one_lane_and_in_three():
    (frame,) = open_source(admit(EXAMPLE), ReadOptions()).frames()
    alone, beside = (
        DETECTORS["pyramid"](DetectOptions(), threads=1, lanes=lanes).detect(frame, THOROUGH)
        for lanes in (ALONE, Lanes(3))
    )
    assert len(alone)
    for name in ("xyxy", "score", "kind", "closer"):
        assert np.array_equal(getattr(alone, name), getattr(beside, name), equal_nan=True), name
