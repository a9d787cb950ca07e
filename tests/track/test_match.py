"""Pairs in one frame."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from efface.track.match import buffered_iou, match
from efface.track.motion import FACE_MOTION, PLATE_MOTION


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def reach(n, share=0.3):
    return np.full(n, share, np.float32)


def test_nothing_matches_nothing():
    assert match(boxes(), reach(0), boxes((0, 0, 1, 1)), 0.2, FACE_MOTION) == []
    assert match(boxes((0, 0, 1, 1)), reach(1), boxes(), 0.2, FACE_MOTION) == []


def test_the_total_counts_and_not_the_first_come():
    # The left track would take the middle box, and leave the right one without a partner.
    tracks, seen = boxes((0, 0, 10, 10), (6, 0, 16, 10)), boxes((5, 0, 15, 10), (-4, 0, 6, 10))
    assert sorted(match(tracks, reach(2), seen, 0.2, FACE_MOTION)) == [(0, 1), (1, 0)]


def test_boxes_of_very_different_sizes_are_no_pair():
    assert match(boxes((0, 0, 10, 10)), reach(1), boxes((0, 0, 30, 30)), 0.01, FACE_MOTION) == []


def test_reach_bridges_a_gap_between_boxes():
    near = boxes((0, 0, 10, 10)), boxes((12, 0, 22, 10))
    assert match(near[0], reach(1, 0), near[1], 0.1, FACE_MOTION) == []
    assert match(near[0], reach(1), near[1], 0.1, FACE_MOTION) == [(0, 0)]
    assert buffered_iou(*near, reach(1, 0), evenly=False).item() == 0


def test_a_plate_may_jump_by_several_of_its_heights_and_a_face_may_not():
    before, after = boxes((100, 100, 180, 118)), boxes((150, 154, 230, 172))
    assert match(before, reach(1, PLATE_MOTION.young_reach), after, 0.2, PLATE_MOTION) == [(0, 0)]
    assert match(before, reach(1, FACE_MOTION.young_reach), after, 0.2, FACE_MOTION) == []


def test_boxes_without_area_match_nothing_and_break_nothing():
    assert match(boxes((5, 5, 5, 5)), reach(1), boxes((5, 5, 5, 5)), 0.2, FACE_MOTION) == []


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 10**6))
def test_every_row_and_column_is_taken_at_most_once(n, m, seed):
    rng = np.random.default_rng(seed)
    tracks, seen = (
        np.concatenate([c := rng.uniform(0, 60, (k, 2)), c + 20], axis=1).astype(np.float32)
        for k in (n, m)
    )
    pairs = match(tracks, rng.uniform(0, 1, n).astype(np.float32), seen, 0.2, FACE_MOTION)
    assert len({r for r, _ in pairs}) == len({c for _, c in pairs}) == len(pairs)
