"""What is muted in a film: spans that were named, and speech."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import numpy as np
import pytest

import efface
from efface.detect.registry import DETECTORS
from efface.detections import FACE, PLATE, Detections
from efface.errors import OutsideSource, UsageError
from efface.findings import Outcome
from efface.option_values import TimeSpan
from efface.options import Options, WriteOptions
from efface.planning.sidecar import load


@pytest.fixture
def film(tmp_path, monkeypatch):
    """Two seconds with a tone, in which nobody is seen."""

    class Blind:
        infos = ()
        sure = {FACE: 0.5, PLATE: 0.5}  # noqa: RUF012

        def detect(self, frame, look):
            return Detections.none()

    monkeypatch.setitem(DETECTORS, "pyramid", lambda options, **_: Blind())
    path = tmp_path / "film.mp4"
    inputs = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2", "-f", "lavfi", "-i", "sine=300:d=2"]
    command = ["ffmpeg", "-v", "error", *inputs, "-c:v", "libx264", "-preset", "ultrafast"]
    subprocess.run([*command, "-c:a", "aac", str(path)], check=True)
    return path


def options(**write):
    return Options(write=WriteOptions(preset="ultrafast", **write))


def sound(verification):
    return next(c for c in verification.checks if c.name == "sound")


def test_named_spans_are_silent_noted_in_the_plan_and_checked_again(film):
    done = efface.redact(film, options=options(audio="mute", mute=("0.5-0.9", "1.5-", "0.8-1")))
    assert done.rendered.sound is not None
    assert done.rendered.sound.silent == (TimeSpan(0.5, 1), TimeSpan(1.5, math.inf))
    assert (done.rendered.audio_kept, done.rendered.silent_s) == (1, pytest.approx(1.0))
    assert sound(done.rendered.verification).outcome is Outcome.CLEAN
    made = load(done.plan_path).made
    assert made is not None
    assert made.sound == done.rendered.sound
    again = efface.verify(done.rendered.target, source=film)
    assert sound(again).facts["silent, s"] == pytest.approx(1.0, abs=0.06)
    assert again.outcome is not Outcome.NOT_CLEAN


def test_speech_is_found_in_time(film, monkeypatch):
    from efface.detect import speech

    class Hears:
        heard = False

        def take(self, samples, first):
            self.heard |= np.abs(samples).max() > 0

        def spans(self):
            return (TimeSpan(0.4, 0.8),) if self.heard else ()

    monkeypatch.setattr(speech, "SpeechFinder", Hears)
    done = efface.redact(film, options=options(audio="disguise", mute=("speech", "0-0.1")))
    assert done.rendered.sound is not None
    assert done.rendered.sound.silent == (TimeSpan(0, 0.1), TimeSpan(0.4, 0.8))
    assert done.rendered.sound.is_disguised


def test_a_span_after_the_end_is_refused_and_nothing_is_written(film):
    with pytest.raises(OutsideSource, match="after its end"):
        efface.redact(film, options=options(audio="mute", mute=("0:05-0:06",)))
    assert sorted(p.name for p in film.parent.iterdir()) == ["film.mp4"]


def test_a_draft_with_an_open_span_is_not_published(film, monkeypatch):
    from efface.sound_change import SoundChange

    honest, calls = SoundChange.silenced, []

    def forgets(change, samples, first, rate):
        calls.append(first)
        return samples if 0.6 <= first / rate < 0.65 else honest(change, samples, first, rate)

    monkeypatch.setattr(SoundChange, "silenced", forgets)
    with pytest.raises(efface.errors.VerificationFailed, match="sound is heard from"):
        efface.redact(film, options=options(audio="mute", mute=("0.5-1",)))
    assert calls
    assert sorted(p.name for p in film.parent.iterdir()) == ["film.mp4"]


@pytest.mark.parametrize(
    "write",
    [
        {"audio": "mute"},
        {"mute": ("speech",)},
        {"audio": "keep", "mute": ("0-1",)},
        {"mute": ("x",)},
    ],
)
def test_options_that_contradict_each_other_are_refused(write):
    with pytest.raises(UsageError, match="--mute"):
        WriteOptions(**write)


def test_a_film_without_sound_has_nothing_to_mute(film):
    silent = Path(film.parent, "silent.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-i", film, "-an", "-c", "copy", silent], check=True)
    done = efface.redact(silent, options=options(audio="mute", mute=("speech",)))
    assert done.rendered.sound is None
