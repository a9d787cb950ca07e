"""The scores, against the same counted point by point in plain Python."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.bench import score
from efface.bench.score import (
    StillScore,
    VideoScore,
    alarms,
    covered,
    longest_row,
    needless,
    stays_legible,
)
from efface.bench.truth import Labels, TrackTruth, VideoTruth

NONE = np.empty((0, 4), np.float32)
coordinate = st.integers(0, 60)
boxes = st.builds(
    lambda x, y, w, h: (x, y, x + w, y + h), coordinate, coordinate, st.integers(1, 40),
    st.integers(1, 40)
)  # fmt: skip


def array(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def point_by_point(box, erased):
    """The share of a 48 x 48 grid of points inside any erased box."""
    x1, y1, x2, y2 = box
    hits = 0
    for i in range(48):
        for j in range(48):
            x, y = x1 + (x2 - x1) * (j + 0.5) / 48, y1 + (y2 - y1) * (i + 0.5) / 48
            hits += any(e[0] <= x < e[2] and e[1] <= y < e[3] for e in erased)
    return hits / 48**2


@given(boxes, st.lists(boxes, max_size=4))
def test_covered_is_what_plain_counting_says(box, erased):
    assert covered(box, array(*erased)) == pytest.approx(point_by_point(box, erased), abs=1e-12)


def test_two_halves_cover_together_and_overlaps_count_once():
    box = (10, 10, 50, 50)
    assert covered(box, array((0, 0, 30, 60), (30, 0, 60, 60))) == 1
    assert covered(box, array((10, 10, 30, 50), (10, 10, 30, 50))) == 0.5
    assert covered(box, NONE) == 0


def test_an_alarm_overlaps_nothing_that_is_labelled():
    labelled = array((0, 0, 10, 10), (40, 0, 50, 10))
    assert alarms(array((0, 0, 10, 10), (100, 100, 110, 110)), labelled) == 1
    assert alarms(array((-20, -20, 30, 30)), labelled) == 1, (
        "a box 25 times as large as what it holds is one as well"
    )
    assert alarms(array((0, 0, 10, 10)), NONE) == 1
    assert alarms(NONE, labelled) == 0


def test_needless_is_what_is_erased_outside_of_labels():
    assert needless(array((0, 0, 10, 10)), array((0, 0, 10, 5)), (20, 20)) == 50 / 400
    assert needless(array((0, 0, 10, 10), (0, 0, 10, 10)), NONE, (20, 20)) == 100 / 400
    assert needless(NONE, array((0, 0, 10, 5)), (20, 20)) == 0


def labels(*rows, ignore=(), attributes=()):
    n = len(rows)
    return Labels(
        array(*rows),
        np.array([i in ignore for i in range(n)], bool),
        tuple(attributes) or tuple({} for _ in range(n)),
    )


def test_recall_is_by_height_and_by_attribute():
    counted = StillScore()
    rows = [
        (0, 0, 10, 12),
        (100, 0, 120, 20),
        (200, 0, 250, 50),
        (300, 0, 350, 50),
        (400, 0, 450, 50),
    ]
    attributes = [{"blur": 2}, {"blur": 2}, {"blur": 0}, {"blur": 0}, {"blur": 0}]
    erased = array((100, 0, 120, 20), (200, 0, 250, 50), (300, 0, 350, 44))
    counted.add(labels(*rows, ignore=(4,), attributes=attributes), erased, (500, 100))
    numbers = counted.numbers()
    assert numbers["boxes"] == {"12": 4, "16": 3, "24": 2, "48": 2}
    assert numbers["recall"] == {"12": 0.5, "16": 0.6667, "24": 0.5, "48": 0.5}, (
        "88 % of a box are not enough"
    )
    assert numbers["recall_by_attribute"]["blur 0"] == {"share": 0.5, "boxes": 2}
    assert numbers["recall_by_attribute"]["blur 2"] == {"share": 1.0, "boxes": 1}, "from 16 px on"
    assert numbers["false_alarms_per_picture"] == 0


def test_recall_is_compared_between_groups_of_people():
    counted = StillScore()
    seen = labels((0, 0, 30, 30), (100, 0, 130, 30), (200, 0, 230, 30), (300, 0, 320, 20))
    perceived = ({"skin": "I"}, {"skin": "VI"}, {}, {"skin": "VI"})
    erased = array((0, 0, 30, 30), (200, 0, 230, 30), (300, 0, 320, 20))
    counted.add(replace(seen, perceived=perceived), erased, (500, 100))
    groups = counted.numbers()["recall_by_group"]
    assert {name: (g["share"], g["boxes"]) for name, g in groups.items()} == {
        "everybody": (0.5, 2),
        "skin I": (1.0, 1),
        "skin VI": (0.0, 1),
    }, "of 24 px and more, and where something was perceived"


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(81, 263, 0.2553, 0.3662), (0, 20, 0, 0.1611)]
)
def test_the_interval_of_a_share_is_wilsons(hits, of, low, high):
    """Rows of Newcombe's table (1998, Two-sided confidence intervals, method 3)."""
    counted = StillScore()
    row = array((0, 0, 30, 30))
    for i in range(of):
        counted.add(
            replace(labels((0, 0, 30, 30)), perceived=({"skin": "II"},)),
            row if i < hits else NONE,
            (50, 50),
        )
    found = counted.numbers()["recall_by_group"]["skin II"]
    assert (found["from"], found["to"]) == (
        pytest.approx(low, abs=6e-5),
        pytest.approx(high, abs=6e-5),
    )


def test_nothing_to_find_is_not_the_same_as_nothing_found():
    counted = StillScore()
    counted.add(labels(), NONE, (10, 10))
    assert counted.numbers()["recall"] == {str(h): None for h in score.HEIGHTS}


def clip(*tracks, frames=6):
    return VideoTruth(None, (100, 100), frames, "face", tuple(tracks))  # type: ignore[arg-type]


def track(frames, box=(0, 0, 20, 20), **more):
    return TrackTruth(np.array(frames, np.int32), np.tile(array(box), (len(frames), 1)), **more)


def test_leaks_are_counted_in_rows():
    hit, miss = array((0, 0, 20, 20)), NONE
    counted = VideoScore()
    counted.add(clip(track(range(6), attributes={"pose": 1})), [hit, miss, miss, hit, miss, hit])
    numbers = counted.numbers()
    assert (numbers["boxes"], numbers["leaks"], numbers["leak_rate"]) == (6, 3, 0.5)
    assert numbers["longest_leak_frames"] == 2
    assert numbers["tracks_without_leak_over_2_frames"] == 1
    assert numbers["leak_rate_by_attribute"] == {"pose 1": {"share": 0.5, "boxes": 6}}


def test_the_leaks_of_each_video_are_kept_apart():
    counted = VideoScore()
    for leaking in (0, 3, 6, 1, 0):
        shown = [NONE] * leaking + [array((0, 0, 20, 20))] * (6 - leaking)
        counted.add(clip(track(range(6))), shown)
    numbers = counted.numbers()
    assert numbers["leaks_and_boxes_of_videos"] == [(0, 6), (3, 6), (6, 6), (1, 6), (0, 6)]
    low, high = numbers["leak_rate_range"]
    assert 0 <= low < numbers["leak_rate"] < high <= 1


def test_frames_that_are_not_judged_do_not_end_a_row():
    counted = VideoScore()
    counted.add(clip(track([0, 1, 4, 5])), [NONE] * 6)
    assert counted.numbers()["longest_leak_frames"] == 4


def test_ignored_and_low_boxes_are_not_judged_but_are_no_alarms():
    counted = VideoScore()
    both = [track(range(6), ignore=True), track(range(6), box=(50, 50, 70, 65))]
    counted.add(clip(*both), [array((0, 0, 20, 20), (50, 50, 70, 65), (80, 0, 90, 10))] * 6)
    numbers = counted.numbers()
    assert (numbers["tracks"], numbers["boxes"], numbers["leak_rate"]) == (0, 0, None)
    assert numbers["false_alarms_per_frame"] == 1


def test_a_track_that_was_never_covered_is_told_apart():
    counted = VideoScore()
    counted.add(
        clip(track(range(6)), track(range(6), box=(50, 50, 70, 70))),
        [array((0, 0, 20, 20))] * 5 + [NONE],
    )
    numbers = counted.numbers()
    assert numbers["never_covered"] == 1
    assert numbers["leak_rate_of_tracks_once_covered"] == round(1 / 6, 5)


def test_clear_ones_are_told_apart():
    counted = VideoScore()
    clear, bare, hidden = {"blur": 0, "pose": 0}, {}, {"blur": 0, "pose": 1}
    boxes = [(0, 0, 20, 20), (30, 0, 50, 20), (60, 0, 80, 20)]
    counted.add(
        clip(
            *(
                track(range(6), box=b, attributes=a)
                for b, a in zip(boxes, (clear, bare, hidden), strict=True)
            )
        ),
        [array(boxes[0])] * 6,
    )
    assert counted.numbers()["clear"] == {
        "boxes": 12,
        "leak_rate": 0.5,
        "tracks_without_leak_over_2_frames": 0.5,
    }


def test_half_a_face_is_no_legible_face():
    assert stays_legible(0.3)
    assert not stays_legible(0.31)
    counted = VideoScore(stays_legible)
    counted.add(clip(track([0, 1])), [array((0, 0, 20, 10)), array((0, 0, 20, 5)), *[NONE] * 4])
    assert counted.numbers()["leaks"] == 1


@pytest.mark.parametrize(
    ("leaks", "longest"), [([], 0), ([False], 0), ([True, True, False, True], 2)]
)
def test_the_longest_row(leaks, longest):
    assert longest_row(leaks) == longest
