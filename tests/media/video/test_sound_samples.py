"""Samples of a stream on one clock."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from av.audio.frame import AudioFrame

from efface.media.video.sound_samples import Aligned

RATE = 8000


def frame(layout: str, rate: int, first: int, count: int, value: float) -> AudioFrame:
    channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    made = AudioFrame.from_ndarray(
        np.full((channels, count), value, np.float32), format="fltp", layout=layout
    )
    made.sample_rate, made.pts, made.time_base = rate, first, Fraction(1, rate)
    return made


@pytest.mark.parametrize(("layout", "rate"), [("stereo", RATE), ("5.1", RATE), ("mono", 2 * RATE)])
def test_a_stream_that_changes_its_form_goes_on(layout, rate):
    aligned = Aligned(0, RATE, "mono", Fraction(0))
    parts = [*aligned.take(frame("mono", RATE, 0, 800, 0.25))]
    parts += aligned.take(frame(layout, rate, rate // 10, rate // 10, 0.25))
    parts += aligned.take(frame("mono", RATE, 1600, 800, 0.25))
    parts += aligned.take(None)
    samples = np.concatenate([p.samples for p in parts], axis=1)
    assert samples.shape[0] == 1
    assert abs(samples.shape[1] - 2400) < 80
    assert parts[0].first == 0
    assert (np.abs(samples[0, 100:700]) > 0.1).all()
    assert (np.abs(samples[0, 1000:1500]) > 0.1).all()
    assert (np.abs(samples[0, 1750:2300]) > 0.1).all()
