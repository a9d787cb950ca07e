"""Silent spans, to the sample, with fades outside of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from efface.option_values import TimeSpan
from efface.sound_change import SoundChange, change_of, joined_spans


def test_a_span_is_silent_to_the_sample_and_fades_lie_outside():
    change = SoundChange((TimeSpan(0.1, 0.2),))
    samples = np.ones((2, 400), np.float32)
    made = change.silenced(samples, 0, 1000)
    assert not made[:, 100:200].any()
    assert (made[:, :80] == 1).all()
    assert (made[:, 220:] == 1).all()
    assert (np.diff(made[0, 80:101]) < 0).all()
    assert (np.diff(made[0, 199:220]) > 0).all()
    assert made[0, 99] == pytest.approx(1 / 20)
    assert (samples == 1).all()


def test_blocks_give_what_the_whole_gives():
    change = SoundChange((TimeSpan(0.1, 0.2), TimeSpan(0.215, math.inf)))
    whole = change.silenced(np.ones((1, 400), np.float32), 0, 1000)
    parts = [change.silenced(np.ones((1, 37), np.float32), i, 1000) for i in range(0, 370, 37)]
    assert np.array_equal(np.concatenate(parts, axis=1), whole[:, :370])
    assert not whole[:, 215:].any()
    assert 0 < whole[0, 200:215].max() < 1


def test_spans_that_touch_are_one():
    spans = [TimeSpan(3, 4), TimeSpan(0, 1), TimeSpan(1, 2), TimeSpan(3.5, 3.6)]
    assert joined_spans(spans) == (TimeSpan(0, 2), TimeSpan(3, 4))
    assert SoundChange(joined_spans(spans)).silent_s(3.5) == pytest.approx(2.5)


def test_it_comes_back_from_a_plan():
    change = SoundChange((TimeSpan(0.5, 2), TimeSpan(3, math.inf)), is_disguised=True)
    assert change_of(change.plain()) == change
    for wrong in ({"silent": [[2, 1]], "disguised": True}, {"silent": [], "disguised": 1}):
        with pytest.raises(ValueError, match="not sensible"):
            change_of(wrong)
