"""A score says how likely a sighting is right: more with more of it, and something else for a face
than for a plate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from efface.detections import FACE, PLATE, TEXT
from efface.options import Options, recorded
from efface.planning.chances import chance

NORMAL = recorded(Options())
KINDS = st.sampled_from([FACE, PLATE])
SCORES = st.floats(0, 1)
HEIGHTS = st.floats(0, 20_000)


@given(KINDS, SCORES, SCORES, HEIGHTS)
def test_more_score_is_never_less_likely(kind, a, b, height):
    low, high = (chance(kind, s, height, NORMAL) for s in sorted((a, b)))
    assert 0 <= low <= high <= 1


def test_what_is_certain_is_right_and_what_is_weak_hardly_ever():
    assert chance(FACE, 0.7, 40, NORMAL) > 0.95
    assert chance(FACE, 0.12, 40, NORMAL) < 0.2
    assert chance(PLATE, 0.2, 20, NORMAL) < 0.03


def test_it_was_counted_by_height():
    assert chance(FACE, 0.3, 12, NORMAL) > chance(FACE, 0.3, 48, NORMAL)
    assert chance(FACE, 0.3, 3, NORMAL) == chance(FACE, 0.3, 12, NORMAL), "nobody counted lower"


def test_of_writing_nobody_knows():
    assert chance(TEXT, 0.9, 40, NORMAL) is None
