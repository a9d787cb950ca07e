"""Muted spans are silent, the rest is the source's and in step; and everything that is not so is
found."""

from __future__ import annotations

import random
import subprocess
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from efface.checks.sound_check import LOUD_AT_EDGE, check_sound
from efface.containers.admission import admit
from efface.findings import Outcome
from efface.media.video import sound_encode, sound_samples, sound_source
from efface.media.video.sound_source import FilmSound, heard
from efface.media.video.voice_disguise import Disguise
from efface.option_values import TimeSpan
from efface.options import ReadOptions, WriteOptions
from efface.pipeline.sources import create, opened
from efface.sound_change import SoundChange

CLEAN, NOT_CLEAN, REVIEW = Outcome.CLEAN, Outcome.NOT_CLEAN, Outcome.REVIEW
MUTED = SoundChange((TimeSpan(0.8, 1.9),))
RATE = 24_000


def voice_like(seconds, seed):
    """Noise under a moving envelope, which no two moments share."""
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    swell = 0.55 + 0.45 * np.sin(np.arange(n) / RATE * 2 * np.pi * 3.1)
    return np.convolve(rng.normal(0, 1, n), np.ones(12) / 12, "same") * swell * 0.4


def film_of(path, *samples, sound=("-c:a", "pcm_s16le"), start=0.0):
    """A film of 3 seconds; the sound is given channel by channel."""
    raw = (np.stack(samples, axis=-1).clip(-1, 1) * 32767).astype("<i2").tobytes()
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=3"]
    command += ["-f", "s16le", "-ar", str(RATE), "-ac", str(len(samples)), "-i", "-"]
    command += ["-c:v", "ffv1", "-pix_fmt", "yuv420p", *sound]
    command += ["-output_ts_offset", str(start), str(path)]
    subprocess.run(command, input=raw, check=True)
    return path


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    samples = voice_like(3, 1), voice_like(3, 2)
    return film_of(tmp_path_factory.mktemp("film") / "film.mkv", *samples)


def written(film, target, change, audio="mute"):
    """The film with its sound changed."""
    mute = ("0-1",) if audio == "mute" else ()
    options = WriteOptions(audio=audio, mute=mute, preset="ultrafast")
    with opened(admit(film), ReadOptions()) as source:
        sink = create(target, source.info, options, target, change)
        for frame in source.frames():
            sink.write(frame.unpack(), frame.pts)
        sink.close()
    return target


def checked(target, film, change):
    with opened(admit(target), ReadOptions()) as new, opened(admit(film), ReadOptions()) as old:
        return check_sound(new.info, old.info, Fraction(0), change)


def samples_of(path):
    with opened(admit(path), ReadOptions()) as source:
        parts = list(heard(FilmSound(source.info), Fraction(0), RATE))
    return parts[0].first, np.concatenate([p.samples[0] for p in parts])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".ts", ".avi", ".mov"])
def test_honest_targets_are_clean_in_every_container(film, tmp_path, suffix):
    target = written(film, tmp_path / f"target{suffix}", MUTED)
    found = checked(target, film, MUTED)
    assert found.outcome is CLEAN, found.findings
    assert found.facts["silent, s"] == pytest.approx(1.1, abs=0.05)
    assert found.facts["loudest there, dB"] < -60
    assert found.facts["likeness, lowest"] > 0.9
    first, samples = samples_of(target)
    # Where it is silent, to the sample, apart from what a codec adds at the ends.
    assert first == 0
    assert np.abs(samples[round(0.93 * RATE) : round(1.83 * RATE)]).max() < 2e-3
    assert np.abs(samples[round(0.7 * RATE) : round(0.78 * RATE)]).max() > 0.05


def test_the_source_itself_and_a_copy_of_its_sound_are_found(film, tmp_path):
    assert checked(film, film, MUTED).outcome is NOT_CLEAN
    kept = written(film, tmp_path / "kept.mkv", None, audio="keep")
    found = checked(kept, film, MUTED)
    assert found.outcome is NOT_CLEAN
    assert "heard from 0:00:00.800 to 0:00:01.900" in found.findings[0].message


@pytest.mark.parametrize("at", [0.8, 1.2, 1.85])
@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_span_of_50_ms_that_was_not_muted_is_found(film, tmp_path, monkeypatch, suffix, at):
    honest = SoundChange.gain

    def with_a_hole(change, first, count, rate):
        gain, times = honest(change, first, count, rate), (first + np.arange(count)) / rate
        if gain is not None:
            gain[(times >= at) & (times < at + 0.05)] = 1
        return gain

    with monkeypatch.context() as patch:
        patch.setattr(SoundChange, "gain", with_a_hole)
        target = written(film, tmp_path / f"target{suffix}", MUTED)
    found = checked(target, film, MUTED)
    assert found.outcome is NOT_CLEAN
    assert at - 0.03 <= found.findings[0].time_s <= at + 0.05


def test_one_channel_that_was_not_muted_is_found(film, tmp_path, monkeypatch):
    honest = SoundChange.silenced

    def one_channel(change, samples, first, rate):
        made = honest(change, samples, first, rate).copy()
        made[1] = samples[1]
        return made

    with monkeypatch.context() as patch:
        patch.setattr(SoundChange, "silenced", one_channel)
        target = written(film, tmp_path / "target.mp4", MUTED)
    assert checked(target, film, MUTED).outcome is NOT_CLEAN


def test_sound_that_is_out_of_step_or_missing_needs_a_look(film, tmp_path, monkeypatch):
    class Late(sound_samples.Aligned):
        def _place(self, frame):
            return super()._place(frame) + self._rate // 20

    with monkeypatch.context() as patch:
        patch.setattr(sound_source, "Aligned", Late)
        target = written(film, tmp_path / "late.mp4", SoundChange((TimeSpan(2.9, 3),)))
    found = checked(target, film, SoundChange((TimeSpan(2.9, 3),)))
    assert found.outcome is REVIEW
    assert "is not that of the source" in found.findings[0].message


def test_a_disguise_is_told_from_the_voice_itself(film, tmp_path):
    disguised = SoundChange((TimeSpan(0.8, 1.9),), is_disguised=True)
    target = written(film, tmp_path / "target.mp4", disguised, audio="disguise")
    found = checked(target, film, disguised)
    assert found.outcome is CLEAN, found.findings
    assert samples_of(target)[0] == 0
    open_voice = written(film, tmp_path / "open.mp4", MUTED)
    found = checked(open_voice, film, disguised)
    assert found.outcome is NOT_CLEAN
    assert "is that of the source" in found.findings[0].message


@pytest.mark.parametrize("seed", range(8))
def test_the_encoder_keeps_silence_silent_however_a_voice_is_disguised(
    film, tmp_path, monkeypatch, seed
):
    disguised = SoundChange((TimeSpan(0.8, 1.9),), is_disguised=True)
    drawn = random.Random(seed)
    with monkeypatch.context() as patch:
        patch.setattr(sound_encode, "Disguise", partial(Disguise, draw=drawn))
        target = written(film, tmp_path / "target.mp4", disguised, audio="disguise")
    assert checked(target, film, disguised).outcome is CLEAN
    _, samples = samples_of(target)
    window = samples[round(0.8 * RATE) : round(0.81 * RATE)]
    assert np.sqrt((window**2).mean()) < LOUD_AT_EDGE / 4


def test_without_a_source_silence_is_still_checked(film, tmp_path):
    target = written(film, tmp_path / "target.mp4", MUTED)
    with opened(admit(target), ReadOptions()) as new:
        found = check_sound(new.info, None, Fraction(0), MUTED)
        assert (found.outcome, bool(found.why)) == (Outcome.SKIPPED, True)
        wide = replace(MUTED, silent=(TimeSpan(0.5, 1.9),))
        assert check_sound(new.info, None, Fraction(0), wide).outcome is NOT_CLEAN


def test_a_film_that_starts_late_keeps_its_sound_in_step(tmp_path):
    samples = voice_like(3, 3)
    film = film_of(tmp_path / "late.mkv", samples, start=30.0)
    target = written(film, tmp_path / "target.mp4", MUTED)
    with opened(admit(target), ReadOptions()) as new, opened(admit(film), ReadOptions()) as old:
        found = check_sound(new.info, old.info, Fraction(30), MUTED)
    assert found.outcome is CLEAN, found.findings
