"""Sound that a decoder reads behind walls is the same, and a decoder that lies about it costs its
file."""

from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from efface.containers.admission import admit
from efface.errors import SourceUnreadable, UnsupportedSource, WorkerDied
from efface.media.decoder import decoder_client, frame_slots, source_opening, walled_sound
from efface.media.decoder.source_opening import open_source, sound_of
from efface.media.decoder.walled_sound import WalledSound
from efface.media.video.sound_source import FilmSound, Wanted, heard
from efface.option_values import TimeSpan
from efface.options import ReadOptions, WriteOptions
from efface.pipeline.sources import create, opened
from efface.sound_change import SoundChange

PICTURE = ["-f", "lavfi", "-i", "testsrc=s=64x48:d=2:r=10"]
SINE = ["-f", "lavfi", "-i", "sine=d=1.5:r=44100"]
LOUDER = ["-f", "lavfi", "-i", "sine=f=900:d=1.8:r=16000"]
VIDEO = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-pix_fmt", "yuv420p"]

FILMS = {
    "one.mp4": [*PICTURE, *SINE, *VIDEO, "-c:a", "aac"],
    "two.mkv": [
        *PICTURE, *SINE, *LOUDER, "-map", "0", "-map", "1", "-map", "2", *VIDEO,
        "-c:a:0", "libopus", "-c:a:1", "pcm_s16le",
    ],
    "six.ts": [*PICTURE, *SINE, *VIDEO, "-ac", "6", "-c:a", "ac3"],
    "gap.mkv": [
        *PICTURE, *SINE, *VIDEO, "-af", "aselect='not(between(t,0.4,0.9))'", "-c:a", "flac",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """film("one.mp4") is that film."""
    folder = tmp_path_factory.mktemp("films")

    def make(name: str) -> Path:
        path = folder / name
        if not path.exists():
            subprocess.run(["ffmpeg", "-v", "error", *FILMS[name], str(path)], check=True)
        return path

    return make


def told(sound) -> list[object]:
    """Everything that is heard of a film, and all of its packets."""
    said: list[object] = [sound.streams()]
    for number, packet in sound.packets():
        beside = sorted((s.data_type, bytes(s)) for s in packet.iter_sidedata())
        said += [number, packet.pts, packet.dts, packet.duration, Fraction(packet.time_base)]
        said += [packet.is_keyframe, packet.is_corrupt, bytes(packet), beside]
    said += sound.contents()
    wanted = [Wanted(n, 22_050, ("mono", "stereo")[n]) for n in range(sound.info.audio)]
    for part in sound.samples(Fraction(1, 10), wanted):
        said += [part.time, part.stream]
        for one in part.heard:
            said += [one.stream, one.first, one.samples.shape, one.samples.tobytes()]
    return said


@pytest.fixture(params=["walled", "in_threads"])
def behind(request):
    """Decoders behind walls, and the same code in threads, whose lines are measured."""
    request.getfixturevalue("_decoders_in_this_process")
    request.getfixturevalue(request.param)


@pytest.mark.parametrize("name", FILMS)
def test_sound_is_the_same(behind, film, name):
    source = open_source(admit(film(name)), ReadOptions())
    sound = sound_of(source.info)
    assert isinstance(sound, WalledSound)
    known = told(FilmSound(source.info))
    assert len(known) > 100
    assert told(sound) == known


def test_a_gap_is_silence_that_takes_no_memory(behind, film):
    source = open_source(admit(film("gap.mkv")), ReadOptions())
    parts = list(heard(sound_of(source.info), Fraction(0), 44_100))
    silent = [p for p in parts if not any(p.samples.strides)]
    assert silent
    assert 0.3 < sum(p.samples.shape[1] for p in silent) / 44_100 < 0.7
    assert not any(np.any(p.samples) for p in silent)


@pytest.mark.parametrize("name", ["one.mp4", "two.mkv"])
@pytest.mark.parametrize("audio", ["keep", "mute"])
def test_a_target_is_the_same(walled, film, tmp_path, monkeypatch, name, audio):
    def written(target):
        mute = ("0.2-0.5",) if audio == "mute" else ()
        options = WriteOptions(audio=audio, mute=mute, preset="ultrafast")
        change = SoundChange((TimeSpan(0.2, 0.5),)) if mute else None
        with opened(admit(film(name)), ReadOptions()) as source:
            sink = create(target, source.info, options, target, change)
            for frame in source.frames():
                sink.write(frame.unpack(), frame.pts)
            sink.close()
        return target.read_bytes()

    walled_bytes = written(tmp_path / "walled.mkv")
    monkeypatch.setattr(source_opening, "HERE", True)
    assert walled_bytes == written(tmp_path / "here.mkv")


def test_damage_is_told_with_the_same_sentence(walled, film, tmp_path):
    cut = tmp_path / "cut.ts"
    data = film("six.ts").read_bytes()
    cut.write_bytes(data + b"\0" * 40_000)
    source = open_source(admit(cut), ReadOptions(bad_frames="cover"))
    assert told(sound_of(source.info)) == told(FilmSound(source.info))
    path = tmp_path / "gone.mp4"
    shutil.copy(film("one.mp4"), path)
    sound = sound_of(open_source(admit(path), ReadOptions()).info)
    path.unlink()
    said = []
    for one in (sound, FilmSound(sound.info)):
        with pytest.raises(SourceUnreadable) as gone:
            list(one.packets())
        said.append(str(gone.value))
    assert said[0] == said[1]


def test_a_system_that_limits_shared_memory_reads_sound_here(walled, film, monkeypatch):
    def limited(*_):
        raise OSError(27, "file too large")

    source = open_source(admit(film("one.mp4")), ReadOptions())
    monkeypatch.setattr(frame_slots.SlotReader, "enlarge", limited)
    assert isinstance(sound_of(source.info), FilmSound)


def read(film: Path, path: Path) -> int:
    """Read all sound of a copy of the film, which a saboteur reads as the copy's name says."""
    shutil.copy(film, path)
    info = open_source(admit(path), ReadOptions()).info
    sound = WalledSound(info)
    count = len(sound.streams()) + len(list(sound.packets())) + len(list(sound.contents()))
    return count + len(list(heard(sound, Fraction(0), 16_000)))


@pytest.mark.usefixtures("walled", "saboteur")
class TestTakenOver:
    """Decoders that a film's sound has taken over."""

    def test_one_that_does_nothing_wrong_answers(self, film, tmp_path):
        assert read(film("one.mp4"), tmp_path / "good.mp4") > 100

    @pytest.mark.parametrize("attempt", ["reads", "writes", "connects", "forks", "reads_memory"])
    def test_walls_hold(self, film, tmp_path, attempt):
        if not source_opening.standing_walls().is_whole:
            pytest.skip("this system does not offer all walls")
        (tmp_path / "secret.txt").write_text("the name of a source")
        with pytest.raises(WorkerDied, match=r"its decoder failed \(PermissionError\)"):
            read(film("one.mp4"), tmp_path / f"later_{attempt}-9.mp4")
        assert not (tmp_path / "written").exists()

    def test_a_crash_costs_the_file(self, film, tmp_path):
        with pytest.raises(WorkerDied, match=r"its decoder crashed \(SIGSEGV\)") as caught:
            read(film("one.mp4"), tmp_path / "later_crashes.mp4")
        assert caught.value.exit_code == 4
        with pytest.raises(UnsupportedSource, match="more memory than efface allows") as caught:
            read(film("one.mp4"), tmp_path / "later_swallows_memory.mp4")
        assert caught.value.exit_code == 3

    def test_a_hang_costs_the_file(self, film, tmp_path, monkeypatch):
        monkeypatch.setattr(decoder_client, "ANSWER_S", 1.0)
        with pytest.raises(WorkerDied, match="gave no answer for 1 s"):
            read(film("one.mp4"), tmp_path / "later_hangs.mp4")

    def test_packets_without_end_are_not_believed(self, film, monkeypatch):
        monkeypatch.setattr(walled_sound, "MOST_GROWTH", 0)
        monkeypatch.setattr(walled_sound, "MOST_BYTES", 2_000)
        sound = WalledSound(open_source(admit(film("one.mp4")), ReadOptions()).info)
        for told in (sound.packets(), sound.contents()):
            with pytest.raises(WorkerDied, match="makes no sense"):
                list(told)

    @pytest.mark.parametrize(
        "lie",
        [
            "rate", "base", "name", "no_streams", "stream", "empty", "giant", "timeless",
            "backward", "content", "elsewhere", "unasked", "channels", "jump", "silence", "nan",
        ],
    )  # fmt: skip
    def test_a_lie_is_not_believed(self, film, tmp_path, lie):
        with pytest.raises(WorkerDied, match="makes no sense"):
            read(film("one.mp4"), tmp_path / f"{lie}.mp4")
