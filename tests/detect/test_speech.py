"""When somebody speaks: how numbers become spans. The network itself is tested on known sound."""

from __future__ import annotations

import numpy as np
import pytest

from efface.detect import speech
from efface.detect.speech import AROUND_S, RATE, STEP, SpeechFinder, known_sound
from efface.errors import ModelUnusable


@pytest.fixture
def likely(monkeypatch):
    """likely(f) makes the network say f(number of the step)."""

    def install(says):
        def run(self, samples):
            steps = (len(samples) - speech.CONTEXT) // STEP
            before = sum(len(part) for part in self._likely)
            return np.array([says(before + i) for i in range(steps)], np.float32)

        monkeypatch.setattr(speech, "require_right", lambda *_: None)
        monkeypatch.setattr(SpeechFinder, "_run_on", run)

    return install


def found(seconds=40.0, first=0, block=7777):
    finder = SpeechFinder()
    samples = np.zeros((1, round(seconds * RATE)), np.float32)
    for i in range(0, samples.shape[1], block):
        finder.take(samples[:, i : i + block], first + i)
    return finder.spans()


def test_doubt_counts_as_speech_and_spans_are_widened(likely):
    says = {10: 0.2, 11: 0.5, 12: 0.16, 600: 0.2, 900: 0.31}
    likely(lambda i: says.get(i, 0.0))
    expected = [
        (0.1 + first * STEP / RATE - AROUND_S, 0.1 + stop * STEP / RATE + AROUND_S)
        for first, stop in ((10, 13), (900, 901))
    ]
    spans = [(s.start_s, s.end_s) for s in found(first=1600)]
    assert np.allclose(spans, expected)


def test_the_last_moment_counts(likely):
    likely(lambda i: 0.9)
    (span,) = found(1.01)
    assert (span.start_s, span.end_s >= 1.01) == (0.0, True)


def test_the_network_hears_a_buzz_and_no_silence():
    finder = SpeechFinder()
    finder.take(np.zeros((1, RATE), np.float32), 0)
    finder.take(known_sound()[None], RATE)
    (span,) = finder.spans()
    assert 0.6 < span.start_s < 1.3 < span.end_s
    silent = SpeechFinder()
    silent.take(np.zeros((2, 3 * RATE), np.float32), 0)
    assert silent.spans() == ()


def test_a_network_that_computes_wrongly_is_refused(monkeypatch):
    honest = SpeechFinder._run_on
    monkeypatch.setattr(SpeechFinder, "_run_on", lambda self, s: honest(self, s) * 0.9)
    with pytest.raises(ModelUnusable, match="computes wrongly"):
        SpeechFinder()
