"""A plan that contradicts itself cannot be made."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from efface.planning.plan import Plan
from efface.regions import Region
from efface.timing import Timeline
from efface.tracks import Track

TIMELINE = Timeline(np.arange(4, dtype=np.int64), Fraction(1, 25))


def track(number=1, frame=(0, 1), box=(0, 0, 64, 48), keep=False):
    n = len(frame)
    zero = np.zeros(n, np.uint8)
    return Track(
        number,
        0,
        np.array(frame, np.int32),
        np.array([box] * n, np.float32),
        zero,
        zero.astype(np.float32),
        keep,
    )


def plan(*tracks, sizes=((64, 48),), **more):
    return Plan("00" * 32, "video", sizes, TIMELINE, tracks, **more)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tracks": (track(frame=(3, 4)),)},
        {"tracks": (track(1), track(1))},
        {"tracks": (track(0),)},
        {"tracks": (track(2**31),)},
        {"tracks": (track(box=(0, 0, 65, 48)),)},
        {"tracks": (track(box=(-1, 0, 64, 48)),)},
        {"tracks": (track(box=(5, 5, 5, 9)),)},
        {"tracks": (track(box=(0.5, 0, 9, 9)),)},
        {"sizes": ((64, 48), (64, 48))},
        {"sizes": ((64, 48), (10, 10), (64, 48), (64, 48)), "tracks": (track(),)},
        {"cuts": (2, 1)},
        {"cuts": (4,)},
        {"bad": (1, 1)},
        {"bad": (-1,)},
    ],
)
def test_contradictions_are_refused(wrong):
    with pytest.raises(ValueError, match=r"track|sizes|cuts|bad"):
        replace(plan(), **wrong)


def test_kept_tracks_are_not_erased():
    both = plan(track(1), track(2, frame=(1, 2), keep=True))
    assert [len(both.regions(i)) for i in range(4)] == [1, 1, 0, 0]
    assert both.regions(1) == [Region((0, 0, 64, 48), 1)]
    assert both.region_count == 2


def test_each_page_has_its_size():
    assert plan(sizes=((1, 2), (3, 4), (5, 6), (7, 8))).size_at(2) == (5, 6)
    assert plan().size_at(3) == (64, 48)
