"""Sound that is kept works in every container that the table names, to all eyes, and is refused
before any work elsewhere."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path

import av
import pytest

from efface.checks.residual_metadata import check_residual_metadata
from efface.containers.admission import admit
from efface.containers.sound_formats import SOUND_CODECS, advice
from efface.errors import DamagedSource, TargetUnsuitable
from efface.findings import Outcome
from efface.media.interfaces import SourceInfo
from efface.media.video.encode import create_video
from efface.media.video.output_format import FORMATS, require_suitable
from efface.media.video.probe import open_video
from efface.media.video.sound_source import FilmSound
from efface.media.video.sound_streams import BITEXACT, copied_stream, described
from efface.media.video.stream_digests import sound_kept
from efface.options import ReadOptions, WriteOptions

ENCODERS = {
    "aac": "aac", "mp3": "libmp3lame", "mp2": "mp2", "ac3": "ac3", "eac3": "eac3", "dts": "dca",
    "opus": "libopus",
    "vorbis": "libvorbis", "flac": "flac", "alac": "alac", "truehd": "truehd", "tta": "tta",
    "wavpack": "wavpack",
}  # fmt: skip
ONLY_MOV = ("pcm_alaw", "pcm_mulaw", "pcm_s8", "pcm_s16be", "pcm_s24be", "pcm_f32be", "pcm_f64be")
SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".ts", ".m2ts", ".avi")
HOLDABLE = [(suffix, codec) for suffix in SUFFIXES for codec in SOUND_CODECS[FORMATS[suffix].muxer]]
KEEP = WriteOptions(audio="keep", preset="ultrafast")


@pytest.fixture(scope="module")
def sounding(tmp_path_factory):
    """sounding("ac3") is a small film with such sound."""
    folder, made = tmp_path_factory.mktemp("sounding"), {}

    def make(codec: str) -> Path:
        if codec not in made:
            path = folder / f"{codec}.{'mov' if codec in (*ONLY_MOV, 'aac', 'alac') else 'mkv'}"
            how = [
                "-f",
                "lavfi",
                "-i",
                "testsrc=s=64x48:d=0.6:r=10",
                "-f",
                "lavfi",
                "-i",
                "sine=d=0.5:r=48000",
            ]
            end = [
                "-c:v",
                "libx264",
                "-bf",
                "0",
                "-pix_fmt",
                "yuv420p",
                "-ac",
                "2",
                "-c:a",
                ENCODERS.get(codec, codec),
            ]
            command = ["ffmpeg", "-v", "error", *how, *end, "-strict", "-2", str(path)]
            subprocess.run(command, check=True, capture_output=True)
            made[codec] = path
        return made[codec]

    return make


def kept(source: Path, target: Path) -> SourceInfo:
    """What efface writes of the source, with its sound."""
    film = open_video(admit(source), ReadOptions())
    sink = create_video(target, film.info, KEEP, target=target)
    try:
        for frame in film.frames():
            sink.write(frame.unpack(), frame.pts)
        sink.close()
    finally:
        sink.abort()
    return open_video(admit(target), ReadOptions()).info


@pytest.mark.parametrize(("suffix", "codec"), HOLDABLE)
def test_what_the_table_names_is_written_and_clean_to_all_eyes(suffix, codec, sounding, tmp_path):
    source, target = sounding(codec), tmp_path / f"out{suffix}"
    try:
        info = kept(source, target)
    except TargetUnsuitable as e:
        if "constant frame rate" in e.why:
            pytest.skip("its picture begins later than its sound, which AVI cannot hold")
        raise
    check = check_residual_metadata(info)
    assert [f.message for f in check.findings] == []
    assert check.outcome is Outcome.CLEAN
    assert all(
        s.is_same and not s.missing
        for s in sound_kept(
            *(FilmSound(open_video(admit(p), ReadOptions()).info) for p in (source, target))
        )
    )


def muxed(source: Path, muxer: str, *, as_ffmpeg_does: bool) -> bytes:
    """The sound of a film alone, in a container."""
    data = BytesIO()
    with (
        av.open(str(source)) as film,
        av.open(data, "w", format=muxer, container_options=BITEXACT) as out,
    ):
        (stream,) = film.streams.audio
        if as_ffmpeg_does:
            added = out.add_stream_from_template(stream)
        else:
            added = copied_stream(out, described(stream))
        for packet in film.demux(stream):
            if packet.size:
                packet.stream = added
                out.mux(packet)
    return data.getvalue()


@pytest.mark.parametrize(("suffix", "codec"), HOLDABLE)
def test_a_stream_made_of_numbers_is_the_one_that_ffmpeg_copies(suffix, codec, sounding):
    muxer, source = FORMATS[suffix].muxer, sounding(codec)
    made = muxed(source, muxer, as_ffmpeg_does=False)
    assert len(made) > 1000
    assert made == muxed(source, muxer, as_ffmpeg_does=True)


REFUSED = [
    (".mp4", "pcm_s16be"), (".mp4", "pcm_alaw"), (".ts", "flac"), (".webm", "aac"),
    (".mov", "opus"), (".avi", "eac3"),
    (".mkv", "pcm_alaw"), (".ts", "pcm_s16le"),
]  # fmt: skip


@pytest.mark.parametrize(("suffix", "codec"), REFUSED)
def test_what_it_does_not_name_is_refused_at_the_door_with_a_way_out(
    suffix, codec, sounding, tmp_path
):
    film = open_video(admit(sounding(codec)), ReadOptions())
    target = tmp_path / f"out{suffix}"
    with pytest.raises(TargetUnsuitable, match=f"cannot hold sound in {codec}") as refused:
        require_suitable(FilmSound(film.info), KEEP, target)
    named = [e for e in (".mkv", ".mov", ".mp4", ".ts", ".avi") if e in refused.value.hint]
    assert named
    assert all(codec in SOUND_CODECS[FORMATS[e].muxer] for e in named)
    require_suitable(FilmSound(film.info), WriteOptions(), target)
    assert not target.exists()


def test_where_no_container_holds_it_the_message_names_a_command():
    assert "ffmpeg -i SOURCE" in advice("speex")


def test_sound_of_joined_recordings_stays_with_their_picture(tmp_path):
    part, joined = tmp_path / "part.ts", tmp_path / "joined.ts"
    how = ["-f", "lavfi", "-i", "testsrc=s=64x48:d=1.2:r=25", "-f", "lavfi", "-i", "sine=d=0.9"]
    command = [
        "ffmpeg",
        "-v",
        "error",
        *how,
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "mp2",
        str(part),
    ]
    subprocess.run(command, check=True, capture_output=True)
    joined.write_bytes(part.read_bytes() * 3)
    target = tmp_path / "out.mkv"
    kept(joined, target)
    ask = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "a",
        "-show_entries",
        "packet=pts_time",
        "-of",
        "csv=p=0",
        str(target),
    ]
    said = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.split()
    times = [float(line.strip(",")) for line in said]
    begins = [b for a, b in zip([-9.0, *times], times, strict=False) if b - a > 0.2]
    assert [round(b - begins[0], 1) for b in begins] == [0.0, 1.2, 2.4]
    assert sound_kept(
        *(FilmSound(open_video(admit(p), ReadOptions()).info) for p in (joined, target))
    )[0].is_same


def test_sound_that_starts_anew_alone_is_said(tmp_path, monkeypatch):
    from efface.media.video import sound_source

    part, joined = tmp_path / "part.ts", tmp_path / "joined.ts"
    how = ["-f", "lavfi", "-i", "testsrc=s=64x48:d=1:r=25", "-f", "lavfi", "-i", "sine=d=1"]
    command = [
        "ffmpeg",
        "-v",
        "error",
        *how,
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "mp2",
        str(part),
    ]
    subprocess.run(command, check=True, capture_output=True)
    joined.write_bytes(part.read_bytes() * 3)
    monkeypatch.setattr(sound_source, "shifts_of", lambda path: [90_000])
    with pytest.raises(DamagedSource, match="sound starts anew where its picture does not"):
        kept(joined, tmp_path / "out.mkv")
