"""Peaks of a film's sound are where its sound is, in this process and behind walls."""

from __future__ import annotations

import subprocess
from fractions import Fraction

import numpy as np
import pytest

from efface.containers.admission import admit
from efface.media.decoder import source_opening
from efface.media.video.sound_peaks import MOST_PEAKS, Peaks, merged_peaks, step_for
from efface.options import ReadOptions
from efface.pipeline.sources import opened


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A second: silence, from 0.4 to 0.6 s a tone in one stream and from 0.8 s a soft one, in
    opposite phase left and right, in the other."""
    path = tmp_path_factory.mktemp("films") / "film.mkv"
    one = "aevalsrc=0.5*sin(1885*t)*between(t\\,0.4\\,0.6):d=1:s=48000"
    other = "aevalsrc=0.02*sin(1885*t)*gt(t\\,0.8)|-0.02*sin(1885*t)*gt(t\\,0.8):d=1:s=44100"
    inputs = [
        v for f in ("testsrc2=s=64x48:r=25:d=1", one, other) for v in ("-f", "lavfi", "-i", f)
    ]
    maps = [v for i in range(3) for v in ("-map", str(i))]
    command = ["ffmpeg", "-v", "error", *inputs, *maps, "-c:v", "libx264", "-c:a", "pcm_s16le"]
    subprocess.run([*command, str(path)], check=True)
    return path


def peaks_of(media, shift_s, count):
    return merged_peaks(media.sound_peaks(shift_s, step_for(1)), count)


@pytest.mark.parametrize("is_here", [True, False])
def test_peaks_are_where_the_sound_is(film, monkeypatch, is_here):
    monkeypatch.setattr(source_opening, "HERE", is_here or source_opening.HERE)
    with opened(admit(film), ReadOptions()) as media:
        peaks = peaks_of(media, Fraction(0), 100)
    assert ((peaks[42:58] > 140) & (peaks[42:58] < 160)).all()
    assert ((peaks[83:98] > 25) & (peaks[83:98] < 50)).all(), "channels that cancel are heard, too"
    assert not peaks[:38].any()
    assert (peaks[63:77] <= 3).all()


def test_times_count_from_the_first_frame(film):
    with opened(admit(film), ReadOptions()) as media:
        peaks = peaks_of(media, Fraction(3, 10), 70)
    assert peaks[12:28].min() > 100 > peaks[:8].max(initial=0)


def test_long_films_get_fewer_peaks_and_a_lie_stays_within_the_film():
    assert step_for(3600) == 80
    assert 24 * 3600 * 8000 / step_for(24 * 3600) <= MOST_PEAKS
    lies = [Peaks(0, b"\x01\x09\x02"), Peaks(2, b"\x05\xff\xff"), Peaks(10**12, b"\x07")]
    assert merged_peaks(iter(lies), 4).tolist() == [1, 9, 5, 255]
    assert np.array_equal(merged_peaks(iter([]), 2), [0, 0])
