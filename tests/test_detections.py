"""What a detector says is checked at the door: nonsense must not read as "nothing there"."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from efface.detections import DRAWN, FACE, PLATE, Detections


def seen(xyxy=((1, 2, 3, 4),), score=(0.5,), kind=(FACE,)):
    return Detections(
        np.array(xyxy, np.float32), np.array(score, np.float32), np.array(kind, np.uint8)
    )


def test_none_says_that_somebody_looked():
    assert len(Detections.none()) == 0
    assert Detections.none().xyxy.shape == (0, 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"xyxy": [[1, 2, np.nan, 4]]},
        {"xyxy": [[1, 2, np.inf, 4]]},
        {"xyxy": [[-3e38, 2, 3e38, 4]]},
        {"score": [np.nan]},
        {"xyxy": [[3, 2, 1, 4]]},
        {"xyxy": [[1, 4, 3, 2]]},
        {"score": [1.5]},
        {"score": [-0.5]},
        {"kind": [200]},
        {"score": [0.5, 0.5]},
        {"xyxy": [1, 2, 3, 4]},
        {"kind": []},
    ],
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"NaN|want|swapped|farther|from 0 to 1"):
        seen(**wrong)


def test_rows_are_picked_from_all_arrays_alike():
    both = seen([[0, 0, 1, 1], [5, 5, 6, 6]], [0.1, 0.9], [FACE, FACE])
    assert both.rows(np.array([False, True])).xyxy.tolist() == [[5, 5, 6, 6]]
    assert both.rows(np.array([1, 0])).score.tolist() == pytest.approx([0.9, 0.1])


def test_sure_by_kind():
    found = seen([[1, 2, 3, 4]] * 4, [0.25, 0.25, 0.35, 0.01], [FACE, PLATE, PLATE, DRAWN])
    assert found.are_sure({FACE: 0.25, PLATE: 0.35}).tolist() == [True, False, True, True]
    assert Detections.none().are_sure({FACE: 0.25}).tolist() == []


@pytest.mark.parametrize("closer", [[1.5], [-0.1], [np.inf], [0.5, 0.5], []])
def test_closer_looks_that_make_no_sense_are_refused(closer):
    with pytest.raises(ValueError, match="closer look"):
        replace(seen(), closer=np.array(closer, np.float32))


def test_rows_take_their_closer_looks_along_and_where_nobody_looked_there_are_none():
    both = replace(
        seen([(1, 2, 3, 4), (5, 6, 7, 8)], [0.5, 0.4], [FACE, PLATE]),
        closer=np.array([np.nan, 0.3], np.float32),
    )
    assert both.rows(both.kind == PLATE).closer_looks().tolist() == pytest.approx([0.3])
    assert np.isnan(seen().closer_looks()).all()
