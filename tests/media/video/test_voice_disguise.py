"""A disguised voice is another one, as long, as loud and in step, whatever blocks it comes in."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from efface.media.video.voice_disguise import (
    _TOEPLITZ,
    FRAME,
    ORDER,
    RATE,
    Disguise,
    _through_poles,
    _warped,
)


def buzz(hertz, seconds=1.0):
    """A voice: pulses through a throat with one resonance at 700 Hz."""
    n = round(seconds * RATE)
    pulses = np.zeros(n)
    pulses[:: round(RATE / hertz)] = 1
    at = np.arange(400)
    throat = np.exp(-at / 60) * np.sin(2 * np.pi * 700 * at / RATE)
    return (np.convolve(pulses, throat)[:n] * 0.5)[None].astype(np.float32)


def disguised(samples, seed, block=1000, first=0):
    disguise, made, at = Disguise(len(samples), random.Random(seed)), [], first
    for i in range(0, samples.shape[1], block):
        made.append(disguise.push(samples[:, i : i + block], first + i))
    made.append(disguise.rest())
    for part in filter(None, made):
        assert part.first == at
        at += part.samples.shape[1]
    return np.concatenate([p.samples for p in made if p is not None], axis=1)


def pitch(samples):
    part = samples[0, RATE // 4 : RATE // 4 + 8000]
    whole = np.correlate(part, part, "full")[len(part) :]
    return RATE / (60 + whole[60:400].argmax() + 1)


@pytest.mark.parametrize("seed", range(4))
def test_pitch_and_resonance_move_and_length_and_loudness_stay(seed):
    voice = buzz(120)
    made = disguised(voice, seed)
    assert made.shape == voice.shape
    assert np.sqrt((made**2).mean()) == pytest.approx(np.sqrt((voice**2).mean()), rel=0.3)
    assert abs(np.log2(pitch(made) / pitch(voice))) > 1.5 / 12
    likeness = (made * voice).sum() / np.sqrt((made**2).sum() * (voice**2).sum())
    assert likeness < 0.6


def test_two_drawings_differ_and_blocks_do_not_matter():
    voice = np.concatenate([buzz(140), buzz(97)])
    assert not np.allclose(disguised(voice, 1), disguised(voice, 2), atol=0.01)
    whole, parts = disguised(voice, 3, block=voice.shape[1]), disguised(voice, 3, block=333)
    assert np.allclose(whole, parts, atol=1e-5)


def test_silence_stays_silent_and_nothing_overflows():
    assert not disguised(np.zeros((1, 5000), np.float32), 5).any()
    loud = np.random.default_rng(0).choice([-1.0, 1.0], (1, 5000)).astype(np.float32)
    assert np.abs(disguised(loud, 6)).max() <= 1
    assert Disguise(1).rest() is None


def test_the_filters_are_those_of_a_library_for_signals():
    frame = buzz(120)[0, 4000 : 4000 + FRAME].astype(np.float64)
    known = np.correlate(frame, frame, "full")[FRAME - 1 : FRAME + ORDER]
    poly = np.concatenate([[1.0], -solve_toeplitz(known[:-1], known[1:])])
    assert np.allclose(np.linalg.solve(known[_TOEPLITZ], known[1:]), -poly[1:], rtol=1e-6)
    heard = _through_poles(lfilter(poly, [1.0], frame), _warped(poly, 0.9))
    assert np.allclose(heard, lfilter([1.0], _warped(poly, 0.9), lfilter(poly, [1.0], frame)))
