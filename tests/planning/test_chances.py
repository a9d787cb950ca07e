"""A score says how likely a sighting is right: more with more of it, and something else for a face
than for a plate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from efface.detections import FACE, PLATE, TEXT
from efface.planning.chances import chance

KINDS = st.sampled_from([FACE, PLATE])
SCORES = st.floats(0, 1)
HEIGHTS = st.floats(0, 20_000)


@given(KINDS, SCORES, SCORES, HEIGHTS)
def test_more_score_is_never_less_likely(kind, a, b, height):
    low, high = (chance(kind, s, height) for s in sorted((a, b)))
    assert 0 <= low <= high <= 1


def test_what_is_certain_is_right_and_what_is_weak_hardly_ever():
    assert chance(FACE, 0.7, 40) > 0.95
    assert chance(FACE, 0.12, 40) < 0.2
    assert chance(PLATE, 0.2, 20) < 0.03


def test_it_was_counted_by_height():
    assert chance(FACE, 0.3, 12) > chance(FACE, 0.3, 48)
    assert chance(FACE, 0.3, 3) == chance(FACE, 0.3, 12), "nobody counted lower"


def test_of_writing_nobody_knows():
    assert chance(TEXT, 0.9, 40) is None
