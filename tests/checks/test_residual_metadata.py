"""Saboteurs of the last check: something is left in a finished file, and each check is shown to
catch it."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from efface.checks import external_findings as strangers_eyes
from efface.checks.residual_metadata import check_residual_metadata, residual_metadata
from efface.containers.admission import admit
from efface.containers.sniff import format_of, medium_of
from efface.findings import Outcome
from efface.media import external_tools
from efface.media.interfaces import Source, SourceInfo
from efface.media.still.stills import create_still, open_still
from efface.media.video.encode import create_video
from efface.options import ReadOptions, WriteOptions
from efface.pipeline.sources import opened

needs_exiftool = pytest.mark.skipif(
    not shutil.which("exiftool"), reason="exiftool is not installed"
)
needs_ffprobe = pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe is not installed")

FILMS = [
    ("a.mp4", "h264"), ("a.mov", "h264"), ("a.mkv", "h264"), ("a.avi", "h264"), ("a.ts", "h264"),
    ("a.mp4", "hevc"),
    ("a.webm", "vp9"), ("a.webm", "av1"), ("b.mp4", "av1"), ("b.mkv", "hevc"), ("a.m2ts", "hevc"),
]  # fmt: skip


def info(path: Path) -> SourceInfo:
    return SourceInfo(path, medium_of(path), format_of(path), None, (64, 48))


def said(path: Path) -> list[str]:
    return [f.message for f in residual_metadata(info(path))]


def written(source: Source, sink: object) -> None:
    for frame in source.frames():
        sink.write(frame.unpack(), frame.pts)  # type: ignore[attr-defined]
    sink.close()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film by x264 with its banner, a sound and a title: not clean."""
    path = tmp_path_factory.mktemp("raw") / "raw.mp4"
    how = ["-f", "lavfi", "-i", "testsrc=s=64x48:d=0.4:r=10", "-f", "lavfi", "-i", "sine=d=0.4"]
    end = [
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        "-metadata",
        "title=Title",
        str(path),
    ]
    subprocess.run(["ffmpeg", "-v", "error", *how, *end], check=True, capture_output=True)
    return path


@pytest.fixture
def film(raw: Path, tmp_path: Path) -> Callable[..., Path]:
    """film("a.mkv", "hevc") is such a film as efface writes it."""

    def make(name: str, codec: str = "h264", audio: str = "drop") -> Path:
        target = tmp_path / name
        with opened(admit(raw), ReadOptions()) as source:
            options = WriteOptions(codec=codec, audio=audio, preset="ultrafast")
            written(source, create_video(target, source.info, options, target=target))
        return target

    return make


@pytest.fixture
def photo(tmp_path: Path) -> Callable[[str], Path]:
    """photo("jpg") is a photo as efface writes it."""

    def make(suffix: str) -> Path:
        plain, target = tmp_path / f"plain.{suffix}", tmp_path / f"done.{suffix}"
        Image.fromarray(np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)).save(
            plain
        )
        source = open_still(admit(plain), ReadOptions())
        written(source, create_still(target, source.info, WriteOptions()))
        return target

    return make


@pytest.mark.parametrize(("name", "codec"), FILMS)
def test_what_efface_writes_is_clean_to_all_eyes(
    film: Callable[..., Path], name: str, codec: str
) -> None:
    path = film(name, codec)
    check = check_residual_metadata(info(path))
    assert [f.message for f in check.findings] == []
    assert check.outcome is Outcome.CLEAN


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.ts", "a.avi"])
def test_kept_sound_is_clean_too(film: Callable[..., Path], name: str) -> None:
    assert said(film(name, audio="keep")) == []


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "tif", "avif"])
def test_finished_photos_are_clean_to_all_eyes(photo: Callable[[str], Path], suffix: str) -> None:
    check = check_residual_metadata(info(photo(suffix)))
    assert [f.message for f in check.findings] == []


def test_an_untouched_source_is_not_clean(raw: Path) -> None:
    found = said(raw)
    assert "it holds user data in the h264 stream" in found
    assert any("ilst" in f for f in found)


def test_a_thumbnail_left_in_is_caught(photo: Callable[[str], Path]) -> None:
    path = photo("jpg")
    data = path.read_bytes()
    small = path.with_name("small.jpg")
    Image.new("RGB", (16, 16), "pink").save(small)
    content = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + small.read_bytes()
    path.write_bytes(
        data[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + data[2:]
    )
    assert said(path) == ["it holds segment APP1 Exif"]


@needs_exiftool
def test_a_place_left_in_a_photo_is_caught(photo: Callable[[str], Path]) -> None:
    path = photo("jpg")
    place = ["-GPSLatitude=12.3", "-GPSLatitudeRef=N", "-GPSLongitude=4.5", "-GPSLongitudeRef=E"]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *place, str(path)], check=True)
    assert said(path) == ["it holds segment APP1 Exif"]
    assert any("GPS" in f for f in strangers_eyes.exiftool(path).unlisted)


def boxed(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, name) + content


def in_moov(path: Path, box: bytes) -> None:
    """The box as the last one in `moov`, whose samples stand behind it: their places are moved."""
    data = bytearray(path.read_bytes())
    at = data.find(b"moov") - 4
    size = int.from_bytes(data[at : at + 4])
    table = data.find(b"stco") + 8
    for i in range(int.from_bytes(data[table : table + 4])):
        place = table + 4 + 4 * i
        data[place : place + 4] = (int.from_bytes(data[place : place + 4]) + len(box)).to_bytes(4)
    data[at : at + 4] = (size + len(box)).to_bytes(4)
    path.write_bytes(bytes(data[: at + size]) + box + bytes(data[at + size :]))


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_a_place_left_in_a_film_is_caught(film: Callable[..., Path], name: str) -> None:
    path = film(name)
    in_moov(path, boxed(b"udta", boxed(b"\xa9xyz", b"\0\x12\x15\xc7+12.3456-065.4321/")))
    with av.open(str(path)) as container:  # it plays all the same, and FFmpeg sees the place
        assert sum(p.size > 0 for p in container.demux(video=0)) == 4
    assert said(path) == ["it holds box moov/udta/©xyz"]
    if shutil.which("exiftool"):
        assert any("GPS" in f for f in strangers_eyes.exiftool(path).unlisted)
    if shutil.which("ffprobe"):
        assert any("location" in f for f in strangers_eyes.ffprobe(path).unlisted)


def test_a_message_left_within_the_pictures_is_caught(
    film: Callable[..., Path], tmp_path: Path
) -> None:
    message = "h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+Serial4711"
    for name in ("a.mp4", "a.mkv", "a.ts", "a.avi"):
        path, spoilt = film(name), tmp_path / f"spoilt.{name[2:]}"
        subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-y",
                "-i",
                str(path),
                "-c",
                "copy",
                "-bsf:v",
                message,
                "-fflags",
                "+bitexact",
                spoilt,
            ],
            check=True,
        )
        assert "it holds user data in the h264 stream" in said(spoilt), name
        assert said(path) == []


def test_bytes_that_belong_to_no_sample_are_caught(film: Callable[..., Path]) -> None:
    path = film("a.mp4")
    data = bytearray(path.read_bytes())
    at = data.find(b"mdat") - 4
    data[at : at + 4] = (int.from_bytes(data[at : at + 4]) + 20).to_bytes(4)
    path.write_bytes(bytes(data) + b"EFFACE-SERIAL-4711-x")
    assert said(path) == ["it holds 20 bytes that belong to no sample"]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_bytes_behind_the_end_are_caught(film: Callable[..., Path], name: str) -> None:
    path = film(name)
    path.write_bytes(path.read_bytes() + b"PK\x03\x04 and an archive")
    assert said(path) != []


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_dates_names_and_programs_left_in_a_film_are_caught(
    film: Callable[..., Path], name: str, tmp_path: Path
) -> None:
    spoilt = tmp_path / f"spoilt{name[1:]}"
    tags = [
        "-metadata",
        "creation_time=2021-02-03T04:05:06Z",
        "-metadata:s:v:0",
        "handler_name=Witness",
        "-metadata",
        "title=T",
    ]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(film(name)), "-c", "copy", *tags, str(spoilt)],
        check=True,
    )
    found = " ".join(said(spoilt))
    for word in ("Title", "MuxingApp", "TagName") if name == "a.mkv" else ("mvhd", "hdlr", "udta"):
        assert word in found


@needs_ffprobe
def test_chapters_and_subtitles_are_caught_by_each(
    film: Callable[..., Path], tmp_path: Path
) -> None:
    words, chapters, spoilt = tmp_path / "s.srt", tmp_path / "c.txt", tmp_path / "spoilt.mkv"
    words.write_text("1\n00:00:00,000 --> 00:00:00,400\nNeedle\n", "utf-8")
    chapters.write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=Needle\n", "utf-8"
    )
    more = [
        "-i",
        str(words),
        "-i",
        str(chapters),
        "-map",
        "0",
        "-map",
        "1",
        "-map_chapters",
        "2",
        "-c",
        "copy",
    ]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(film("a.mkv")), *more, str(spoilt)], check=True
    )
    assert any("Chapters" in f for f in said(spoilt))
    assert "it holds a track of subtitles" in said(spoilt)
    seen = strangers_eyes.ffprobe(spoilt).unlisted
    assert {"1 chapters", "a stream of subtitle"} <= set(seen)


def test_a_format_that_cannot_be_walked_is_not_clean(raw: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.flv"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(raw), "-c", "copy", str(path)], check=True)
    assert said(path) == ["it is of a format that cannot be walked (flv)"]


# The other programs


def test_without_the_other_programs_the_facts_say_so(
    photo: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external_tools, "where", lambda program: None)
    check = check_residual_metadata(info(photo("png")))
    assert check.outcome is Outcome.CLEAN
    assert check.facts["exiftool"] == "not on this machine"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import time; time.sleep(60)", "took longer"),
        ("print('x' * (17 << 20))", "too much to say"),
        ("print('{nonsense')", "makes no sense"),
        ("pass", "makes no sense"),
        ("print('[]')", "no file"),
        ("import sys; sys.exit(1)", "it failed"),
        ("bytearray(3 << 30)", "for want of memory"),
    ],
)
def test_a_program_that_hangs_or_babbles_is_no_all_clear(
    photo: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    program: str,
    why: str,
) -> None:
    script = tmp_path / "fake"
    script.write_text(f"#!{sys.executable}\n{program}\n", "utf-8")
    script.chmod(0o700)
    monkeypatch.setattr(external_tools, "where", lambda name: str(script))
    monkeypatch.setattr(external_tools._answer, "__defaults__", (1.0,))
    seen = strangers_eyes.exiftool(photo("png"))
    assert why in seen.why
    assert seen.unlisted == ()


@needs_exiftool
def test_a_name_that_looks_like_an_option_is_a_name(
    photo: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "-delete_original!"
    shutil.copy(photo("png"), odd)
    monkeypatch.chdir(tmp_path)
    assert strangers_eyes.exiftool(Path("-delete_original!")).why == ""
    assert odd.exists()
