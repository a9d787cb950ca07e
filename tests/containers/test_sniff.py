"""What a file is, by its content."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from efface.containers.sniff import format_of, is_media_name, medium_of
from efface.errors import NotMedia, SourceUnreadable


def ftyp(major: bytes, *others: bytes) -> bytes:
    content = major + b"\0\0\0\0" + b"".join(others)
    return struct.pack(">I4s", 8 + len(content), b"ftyp") + content + b"\0" * 40


def packets(size: int, count: int, shift: int = 0) -> bytes:
    return b"\x11" * shift + (b"\x47" + b"\x22" * (size - 1)) * count


PHOTOS = {
    "jpeg": b"\xff\xd8\xff\xe0" + b"\0" * 20,
    "png": b"\x89PNG\r\n\x1a\n" + b"\0" * 20,
    "webp": b"RIFF\x10\0\0\0WEBPVP8L",
    "tiff": b"MM\x00*\0\0\0\x08",
    "gif": b"GIF89a" + b"\0" * 20,
}


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_is_known_by_its_first_bytes_whatever_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "holiday.mp4"
    path.write_bytes(PHOTOS[name])
    assert (format_of(path), medium_of(path)) == (name, "photo")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (ftyp(b"heic", b"mif1", b"heic"), "heif"),
        (ftyp(b"heix"), "heif"),
        (ftyp(b"mif1", b"heic"), "heif"),
        (ftyp(b"msf1", b"hevc"), "mp4"),
        (ftyp(b"avif", b"mif1"), "avif"),
        (ftyp(b"avis", b"msf1"), "avif"),
        (ftyp(b"mif1", b"avif"), "avif"),
        (ftyp(b"isom", b"mp42", b"mif1"), "mp4"),
        (ftyp(b"qt  "), "mp4"),
        (ftyp(b"3gp5"), "mp4"),
        (struct.pack(">I4s", 8, b"wide") + b"\0" * 40, "mp4"),
        (struct.pack(">I4s", 30, b"moov") + b"\0" * 40, "mp4"),
        (struct.pack(">I4s", 1, b"mdat") + b"\0" * 40, "mp4"),
        (b"\x1a\x45\xdf\xa3" + b"\0" * 40, "matroska"),
        (b"RIFF\x10\0\0\0AVI LIST", "avi"),
        (packets(188, 12), "mpegts"),
        (packets(188, 12, shift=31), "mpegts"),
        (packets(188, 3), "mpegts"),
        (b"\0\0\0\0" + packets(192, 12), "mpegts"),
        (b"FLV\x01\x05", "flv"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + b"\0" * 9, "asf"),
        (b"\0\0\x01\xba" + b"\0" * 9, "mpeg"),
        (b"OggS\0", "ogg"),
    ],
)
def test_brands_and_packets(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    assert format_of(path) == name
    assert medium_of(path) == ("photo" if name in ("heif", "avif") else "video")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"Dear all,\nplease find attached", "it looks like text"),
        ("naïve façade ".encode() * 600, "it looks like text"),
        (b"abcdfree of charge", "it looks like text"),
        (b"GGGGGGGG" * 2, "it looks like text"),
        (b"  <!DOCTYPE html><html>", "it looks like a web page"),
        (b"PK\x03\x04" + b"\0" * 30, "zip"),
        (b"%PDF-1.7", "PDF"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "sound only"),
        (ftyp(b"crx "), "raw file"),
        (b"II*\0\x10\0\0\0CR\x02\0", "raw file"),
        (b"\x01\x02\x03\xff\xfe", "unknown kind"),
    ],
)
def test_anything_else_is_no_media_and_says_what_it_looks_like(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(NotMedia, match=why):
        medium_of(path)


def test_random_bytes_are_hardly_ever_media(tmp_path: Path) -> None:
    path, rng, taken = tmp_path / "x.mp4", np.random.default_rng(5), 0
    for _ in range(200):
        path.write_bytes(rng.bytes(5000))
        try:
            medium_of(path)
        except NotMedia:
            continue
        taken += 1
    assert taken <= 2


def test_what_cannot_be_read_is_said_to_be_unreadable(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "link.jpg").symlink_to(tmp_path / "nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (
        tmp_path,
        *(tmp_path / n for n in ("empty.jpg", "link.jpg", "missing.jpg", "pipe.jpg")),
    ):
        with pytest.raises(SourceUnreadable):
            medium_of(path)


@pytest.mark.parametrize(
    "suffix",
    ["mp4", "mov", "mkv", "webm", "avi", "ts", "flv", "wmv", "mpg", "ogv", "mxf", "3gp", "m2ts"],
)
def test_containers_as_ffmpeg_writes_them(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip.{suffix}"
    codec = {
        "webm": "libvpx",
        "ogv": "libtheora",
        "wmv": "wmv2",
        "mxf": "mpeg2video",
        "3gp": "h263",
    }.get(suffix, "mpeg4")
    codec = {"mpg": "mpeg2video", "flv": "flv"}.get(suffix, codec)
    shape = "352x288" if suffix == "3gp" else "64x64"
    source = ["-f", "lavfi", "-i", f"testsrc=s={shape}:d=0.4:r=25"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-c:v", codec, str(path)], check=True)
    assert medium_of(path) == "video"


def test_pictures_as_pillow_writes_them(tmp_path: Path) -> None:
    for suffix, name in {
        "jpg": "jpeg",
        "tif": "tiff",
        "gif": "gif",
        "webp": "webp",
        "png": "png",
        "avif": "avif",
    }.items():
        path = tmp_path / f"a.{suffix}"
        Image.new("RGB", (20, 10)).save(path)
        assert format_of(path) == name


def test_names_only_serve_to_pick_files_in_folders() -> None:
    picked = [
        n
        for n in ("a.JPG", "b.heic", "c.MkV", "d.m2ts", "README.txt", "e.json", ".jpg", "noext")
        if is_media_name(Path(n))
    ]
    assert picked == ["a.JPG", "b.heic", "c.MkV", "d.m2ts"]


def test_a_test_stream_of_vc1_is_known_by_the_sizes_of_its_headers(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    head = b"\x19\0\0\xc5" + b"\4\0\0\0" + bytes(12) + b"\x0c\0\0\0" + bytes(40)
    path.write_bytes(head)
    assert format_of(path) == "rcv"
    path.write_bytes(head.replace(b"\x0c", b"\x0d"))
    with pytest.raises(NotMedia):
        format_of(path)
