"""Silent spans of a log are what a set of moments would be."""

from __future__ import annotations

from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.option_values import TimeSpan
from efface.planning.edits import Mute, Undo, edit_of, read
from efface.planning.muted_spans import muted_spans

spans = st.lists(st.lists(st.integers(0, 20), min_size=2, max_size=2, unique=True).map(sorted))


def told(*edits):
    return muted_spans(read([e.plain() for e in edits]))


@given(st.lists(st.tuples(spans, spans)))
def test_a_moment_is_silent_if_the_last_entry_about_it_says_so(entries):
    silent = set()
    edits = []
    for off, on in entries:
        silent -= {ms for start, end in off for ms in range(start, end)}
        silent |= {ms for start, end in on for ms in range(start, end)}
        edits.append(Mute(tuple(chain(*off)), tuple(chain(*on))))
    found = told(*edits)
    ms = [(round(1000 * s.start_s), round(1000 * s.end_s)) for s in found]
    assert {i for start, end in ms for i in range(start, end)} == silent
    assert all(a[1] < b[0] for a, b in pairwise(ms)), "apart, and in order"


def test_a_span_is_changed_by_one_entry_and_one_undo_brings_it_back():
    drawn, changed = Mute((), (500, 900)), Mute((500, 900), (700, 1000))
    assert told(drawn, changed) == (TimeSpan(0.7, 1.0),)
    assert told(drawn, changed, Undo()) == (TimeSpan(0.5, 0.9),)


@pytest.mark.parametrize(
    "flat", [[5], [5, 5], [9, 5], [-1, 5], [0, 10**9 + 1], [0.5, 1], ["0", "1"]]
)
def test_what_is_no_span_is_no_entry(flat):
    with pytest.raises(ValueError, match=r"silent spans|mute"):
        edit_of({"edit": "mute", "off": [], "on": flat})
