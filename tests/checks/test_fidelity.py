"""Sound and colour signalling, on real files: what was kept as it is passes, and each kind of
change is told."""

from __future__ import annotations

import subprocess

import pytest

from efface.checks.fidelity import Fidelity
from efface.containers.admission import admit
from efface.findings import Outcome
from efface.options import ReadOptions
from efface.pipeline.sources import opened

SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=2")


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, timeout=60)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Two seconds with a tone, its colours signalled."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    colours = (
        "-color_primaries",
        "bt709",
        "-color_trc",
        "bt709",
        "-colorspace",
        "bt709",
        "-color_range",
        "tv",
    )
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=2")
    ffmpeg(
        *picture, *SOUND, "-c:v", "libx264", "-pix_fmt", "yuv420p", *colours, "-c:a", "aac", path
    )
    return path


def compared(source, target, wanted="keep"):
    with (
        opened(admit(source), ReadOptions()) as before,
        opened(admit(target), ReadOptions()) as after,
    ):
        fidelity = Fidelity("the source")
        fidelity.compare_signals(before.info, after.info)
        fidelity.compare_sound(before.info, after.info, wanted)
        return fidelity.check()


def test_what_was_copied_is_the_same(film, tmp_path):
    ffmpeg("-i", film, "-map", "0", "-c", "copy", tmp_path / "copy.mp4")
    check = compared(film, tmp_path / "copy.mp4")
    assert check.outcome is Outcome.CLEAN
    assert check.facts["sound packets"] > 40
    assert check.facts["signals changed"] == 0


def test_what_is_noted_of_a_source_is_for_a_person_to_judge(film, tmp_path):
    ffmpeg("-i", film, "-map", "0", "-c", "copy", tmp_path / "copy.mp4")
    with (
        opened(admit(film), ReadOptions()) as before,
        opened(admit(tmp_path / "copy.mp4"), ReadOptions()) as after,
    ):
        fidelity = Fidelity("the source")
        fidelity.compare_signals(before.info, after.info)
        before.info.notes.append("its data are damaged")  # while it is read
        check = fidelity.check()
    assert check.outcome is Outcome.REVIEW
    assert [f.message for f in check.findings] == ["the source: its data are damaged"]


def test_sound_that_was_made_anew_is_not_that_of_the_source(film, tmp_path):
    ffmpeg("-i", film, "-c:v", "copy", "-c:a", "aac", "-b:a", "48k", tmp_path / "again.mp4")
    check = compared(film, tmp_path / "again.mp4")
    assert check.outcome is Outcome.REVIEW
    assert [f.message for f in check.findings] == [
        "sound stream 1 is not that of the source, packet by packet"
    ]


def test_sound_that_ends_early_lacks_packets(film, tmp_path):
    ffmpeg(
        "-i",
        film,
        "-t",
        "1",
        "-i",
        film,
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c",
        "copy",
        tmp_path / "short.mp4",
    )
    check = compared(film, tmp_path / "short.mp4")
    assert check.outcome is Outcome.REVIEW
    assert "sound stream 1 lacks" in check.findings[0].message


def test_sound_that_is_gone_though_it_was_to_be_kept_and_sound_that_is_there_though_it_was_not(
    film, tmp_path
):
    ffmpeg("-i", film, "-an", "-c", "copy", tmp_path / "silent.mp4")
    assert compared(film, tmp_path / "silent.mp4", "drop").outcome is Outcome.CLEAN
    assert compared(film, tmp_path / "silent.mp4", "keep").outcome is Outcome.REVIEW
    assert compared(film, film, "drop").outcome is Outcome.NOT_CLEAN


@pytest.mark.parametrize(
    ("flag", "value", "name"),
    [
        ("-color_range", "pc", "range"),
        ("-color_primaries", "bt2020", "primaries"),
        ("-color_trc", "smpte2084", "transfer"),
        ("-colorspace", "smpte170m", "matrix"),
        ("-aspect", "2:1", "pixel shape"),
    ],
)
def test_a_changed_signal_is_told(film, tmp_path, flag, value, name):
    ffmpeg("-i", film, "-c:v", "libx264", "-c:a", "copy", flag, value, tmp_path / "other.mp4")
    check = compared(film, tmp_path / "other.mp4")
    assert check.outcome is Outcome.REVIEW
    assert any(f.message.startswith(f"its {name} is") for f in check.findings)
