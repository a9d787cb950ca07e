"""The largest total of pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from efface.track.assignment import best_pairs


def total(score, pairs):
    return sum(score[r, c] for r, c in pairs)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 10**6), st.floats(0, 1))
def test_the_total_is_that_of_a_library(rows, columns, seed, share):
    rng = np.random.default_rng(seed)
    score = rng.random((rows, columns)) * (rng.random((rows, columns)) < share)
    pairs = best_pairs(score)
    assert np.isclose(total(score, pairs), score[linear_sum_assignment(-score)].sum())
    assert len({r for r, _ in pairs}) == len({c for _, c in pairs}) == len(pairs)
    assert all(score[r, c] > 0 for r, c in pairs)


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 10**6))
def test_equal_scores_are_no_obstacle(rows, columns, seed):
    score = np.random.default_rng(seed).integers(0, 3, (rows, columns)).astype(np.float32)
    assert total(score, best_pairs(score)) == score[linear_sum_assignment(-score)].sum()


def test_a_row_gives_way_where_the_others_gain_more():
    score = np.array([[0.9, 0.8, 0.0], [0.8, 0.0, 0.0], [0.0, 0.7, 0.1]])
    assert best_pairs(score) == [(0, 1), (1, 0), (2, 2)]


def test_more_rows_than_columns_and_nothing_at_all():
    assert best_pairs(np.array([[0.2], [0.9], [0.4]], np.float32)) == [(1, 0)]
    assert best_pairs(np.zeros((3, 2))) == []
    assert best_pairs(np.zeros((0, 2))) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_score_that_is_no_number_is_an_error(bad):
    with pytest.raises(ValueError, match="not finite"):
        best_pairs(np.array([[0.5, bad], [0.2, 0.1]]))
