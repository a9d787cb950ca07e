"""Which channels of a layer go, and that those that stay say the same."""

from __future__ import annotations

import numpy as np

from training.lean.channels import fewer


def moments(rows, goals):
    ones = np.vstack([rows, np.ones(rows.shape[1])])
    return ones @ ones.T / rows.shape[1], ones @ goals.T / rows.shape[1]


def test_what_others_say_too_goes_and_nothing_is_lost():
    rng = np.random.default_rng(0)
    alone = rng.normal(size=(4, 500))
    rows = np.vstack([alone, alone[0] + alone[1], np.full((1, 500), 3.0), np.zeros((1, 500))])
    goals = rng.normal(size=(2, 7)) @ rows + 5
    stay, weights = fewer(*moments(rows, goals), count=4)
    assert len(stay) == 4
    said = weights[:-1].T @ rows[stay] + weights[-1][:, None]
    assert np.abs(said - goals).max() < 1e-3


def test_the_channel_that_counts_least_goes_first():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(5, 4000))
    goals = np.array([[3.0, 0.1, 2.0, 1.0, 2.5]]) @ rows
    stay, weights = fewer(*moments(rows, goals), count=4)
    assert stay.tolist() == [0, 2, 3, 4]
    assert np.allclose(weights[:-1, 0], [3, 2, 1, 2.5], atol=0.05)


def test_a_channel_that_is_large_and_says_nothing_goes():
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(3, 1000)) * np.array([[1.0], [100.0], [1.0]])
    goals = rows[[0]] + rows[[2]]
    stay, _ = fewer(*moments(rows, goals), count=2)
    assert stay.tolist() == [0, 2]
