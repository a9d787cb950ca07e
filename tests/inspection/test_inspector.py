"""What an inspection finds: words planted wherever a photo or a video can hold some are named, with
their place."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from efface.containers.admission import admit
from efface.errors import NotMedia, SourceUnreadable
from efface.inspection import tags
from efface.inspection.inspector import inspect
from efface.inspection.items import (
    DATA,
    PICTURES,
    UNREADABLE,
    Embedded,
    Inspection,
    Item,
    group_of,
    shown,
)
from efface.media import external_tools

needs_exiftool = pytest.mark.skipif(
    not shutil.which("exiftool"), reason="exiftool is not installed"
)


def exiftool(*arguments: object) -> None:
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", *map(str, arguments)],
        check=True,
        capture_output=True,
    )


def ffmpeg(*arguments: object) -> None:
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, capture_output=True
    )


def own(path: Path, **how: object) -> Inspection:
    """What efface finds by itself."""
    return inspect(admit(path), look=None, others=False, **how)  # type: ignore[arg-type]


def values(found: Inspection, group: str) -> list[str]:
    return [i.value for i in found.of(group)]


def names(found: Inspection) -> set[str]:
    return {i.name for i in found.items}


@pytest.fixture
def thumbnail(tmp_path: Path) -> Path:
    path = tmp_path / "small.jpg"
    Image.fromarray(np.random.default_rng(2).integers(0, 255, (40, 60, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Callable[[str], Path]:
    def make(suffix: str) -> Path:
        path = tmp_path / f"a.{suffix}"
        picture = Image.fromarray(np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8))
        if suffix == "heic":
            pillow_heif.from_pillow(picture).save(path)
        else:
            picture.save(path)
        return path

    return make


@needs_exiftool
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "heic", "avif"])
def test_planted_words_are_found_in_photos(photo: Callable[[str], Path], suffix: str) -> None:
    path = photo(suffix)
    assert not list(own(path).of("place"))
    exiftool(
        "-GPSLatitude=12.3456",
        "-GPSLatitudeRef=S",
        "-GPSLongitude=65.4321",
        "-GPSLongitudeRef=E",
        "-XMP:City=NeedleCity",
        "-SerialNumber=Needle4711",
        "-OwnerName=NeedleOwner",
        "-Software=NeedleSoft",
        "-XMP-iptcExt:PersonInImage=NeedlePerson",
        "-DateTimeOriginal=2021:02:03 04:05:06",
        path,
    )
    found = own(path)
    assert "-12.345600, 65.432100" in values(found, "place")
    assert "NeedleCity" in values(found, "place")
    assert "Needle4711" in values(found, "device")
    assert {"NeedleOwner", "NeedlePerson"} <= set(values(found, "author"))
    assert "NeedleSoft" in values(found, "software")
    assert "2021:02:03 04:05:06" in values(found, "time")
    raw = path.read_bytes()
    item = next(i for i in found.items if i.value == "Needle4711" and "Exif" in i.where)
    assert item.at is not None
    assert raw[item.at : item.at + 10] == b"Needle4711"


@needs_exiftool
def test_a_jpeg_tells_of_thumbnails_iptc_comments_and_long_xmp(
    photo: Callable[[str], Path], thumbnail: Path
) -> None:
    path = photo("jpg")
    exiftool(
        f"-ThumbnailImage<={thumbnail}", "-IPTC:Keywords=NeedleKey", "-Comment=NeedleComment", path
    )
    exiftool("-XMP-dc:Description=" + "NeedleLong " * 8000, "-UserComment=NeedleUser", path)
    found = own(path)
    assert {"NeedleKey", "NeedleComment", "NeedleUser"} <= set(values(found, "words"))
    assert any(i.where == "APP1 XMP extended" and "NeedleLong" in i.value for i in found.items)
    (picture,) = found.of(PICTURES)
    assert picture.name == "thumbnail"
    assert "60 x 40" in picture.value
    assert picture.value.endswith("not looked")


@needs_exiftool
def test_pictures_within_a_file_are_given_to_the_detector(
    photo: Callable[[str], Path], thumbnail: Path
) -> None:
    path = photo("jpg")
    exiftool(f"-ThumbnailImage<={thumbnail}", path)
    seen = []

    def look(picture: np.ndarray) -> str:
        seen.append(picture.shape)
        return "shows 2 faces"

    (item,) = inspect(admit(path), look=look, others=False).of(PICTURES)
    assert seen == [(40, 60, 3)]
    assert item.value.endswith("shows 2 faces")


def test_a_thumbnail_that_cannot_be_decoded_is_not_called_empty(
    photo: Callable[[str], Path],
) -> None:
    path = photo("jpg")
    data = path.read_bytes()
    content = b"JFXX\0\x10\xff\xd8\xff broken"
    path.write_bytes(
        data[:20] + b"\xff\xe0" + struct.pack(">H", len(content) + 2) + content + data[20:]
    )
    (item,) = inspect(admit(path), look=lambda p: "no face found", others=False).of(PICTURES)
    assert "cannot be decoded" in item.value
    assert "no face" not in item.value


def test_a_preview_within_a_makers_note_is_found(
    photo: Callable[[str], Path], thumbnail: Path
) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x927C] = b"MAKER\0\0" + thumbnail.read_bytes()
    path = photo("jpg")
    with Image.open(path) as picture:
        picture.load()
        picture.save(path, exif=exif)
    found = own(path)
    assert any(i.name == "MakerNote" for i in found.of("device"))
    assert [(i.name, i.where.split("/")[-1]) for i in found.of(PICTURES)] == [
        ("preview", "MakerNote")
    ]


def test_a_film_and_an_archive_after_the_end_are_told(
    photo: Callable[[str], Path], thumbnail: Path
) -> None:
    path = photo("jpg")
    film = b"\0\0\0\x18ftypmp42" + bytes(200)
    path.write_bytes(path.read_bytes() + film + thumbnail.read_bytes() + b"PK\x03\x04")
    found = own(path)
    assert {"motion photo film", "picture", "data after the end"} <= names(found)
    (tail,) = (i for i in found.of(DATA) if i.name == "data after the end")
    assert "a film, a picture, a zip archive" in tail.value


def test_depth_and_gain_maps_and_manifests_are_told(
    tmp_path: Path, photo: Callable[[str], Path], thumbnail: Path
) -> None:
    path = photo("png")
    raw = path.read_bytes()
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/" '
        b'xmlns:G="http://ns.google.com/photos/1.0/depthmap/" xmlns:h="http://ns/hdr/"><d '
    )
    xmp += b'G:Format="RangeInverse" h:GainMapMin="0" h:MotionPhoto="1"/></x:xmpmeta>'
    chunks = b"".join(
        struct.pack(">I4s", len(c), n) + c + bytes(4)
        for n, c in ((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp), (b"caBX", b"jumb" * 20))
    )  # fmt: skip
    path.write_bytes(raw[:33] + chunks + raw[33:])
    found = own(path)
    assert {"C2PA manifest", "GainMapMin", "MotionPhoto"} <= names(found)


def with_chunks(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    """The PNG with these chunks behind its header."""
    raw = path.read_bytes()
    made = b"".join(
        struct.pack(">I4s", len(c), n) + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks
    )
    path.write_bytes(raw[:33] + made + raw[33:])
    return path


def hexed(raw: bytes, length: int | None = None) -> bytes:
    """As ImageMagick writes it."""
    return b"\nexif\n%8d\n%s\n" % (len(raw) if length is None else length, raw.hex().encode())


NEEDLE = zlib.compress(b"NeedleWords " * 40)
XMP = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<x d='NeedleDate'/>")
PROFILE = zlib.compress(bytes(160))
EXIF = struct.pack("<2sHIHHHI4sI", b"II", 42, 8, 1, 0x010F, 2, 4, b"Ndl\0", 0)
TEXT = b"Raw profile type exif\0"


@pytest.mark.parametrize(
    ("name", "sound", "spoilt", "where"),
    [
        (b"zTXt", b"Comment\0\0" + NEEDLE, b"Comment\0\0" + b"no zlib", "zTXt Comment"),
        (b"iTXt", XMP, XMP[:24] + b"no zlib", "iTXt XML:com.adobe.xmp"),
        (b"iCCP", b"mine\0\0" + PROFILE, b"mine\0\0no zlib", "iCCP"),
        (
            b"tEXt",
            TEXT + hexed(EXIF),
            TEXT + hexed(EXIF).replace(b"4949", b"no!!"),
            "tEXt Raw profile type exif",
        ),
        (b"tEXt", TEXT + hexed(EXIF), TEXT + hexed(EXIF, 4711), "tEXt Raw profile type exif"),
        (b"tEXt", TEXT + hexed(EXIF), TEXT, "tEXt Raw profile type exif"),
        (
            b"zTXt",
            TEXT + b"\0" + zlib.compress(hexed(EXIF)),
            TEXT + b"\0no zlib",
            "zTXt Raw profile type exif",
        ),
        (b"eXIf", EXIF, b"XX" + EXIF[2:], "eXIf"),
        (b"eXIf", EXIF, EXIF[:12], "eXIf"),
    ],
    ids=[
        "text",
        "XMP",
        "ICC",
        "no hexadecimal",
        "too short",
        "nothing",
        "packed EXIF",
        "no EXIF",
        "EXIF cut off",
    ],
)
def test_what_cannot_be_read_is_not_called_nothing(
    photo: Callable[[str], Path], name: bytes, sound: bytes, spoilt: bytes, where: str
) -> None:
    whole = own(with_chunks(photo("png"), (name, sound)))
    assert UNREADABLE not in names(whole)
    assert whole.troubles == ()
    assert whole.items
    found = own(with_chunks(photo("png"), (name, spoilt)))
    (item,) = (i for i in found.items if i.name == UNREADABLE)
    assert item.where == where
    assert item.at is not None
    assert 41 <= item.at < 41 + len(spoilt), "within its chunk"
    assert item.value
    assert found.troubles == (f"{UNREADABLE} in {where}: {item.value}",)


def test_of_what_breaks_off_the_beginning_is_told(photo: Callable[[str], Path]) -> None:
    found = own(with_chunks(photo("png"), (b"zTXt", b"Comment\0\0" + NEEDLE[:-6])))
    assert any(v.startswith("NeedleWords") for v in values(found, "words"))
    (trouble,) = found.troubles
    assert "only its first" in trouble


def test_exif_of_a_jpeg_that_cannot_be_read_is_told(photo: Callable[[str], Path]) -> None:
    path = photo("jpg")
    data = path.read_bytes()
    content = b"Exif\0\0no TIFF at all"
    path.write_bytes(
        data[:20] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + data[20:]
    )
    (trouble,) = own(path).troubles
    assert "APP1 Exif" in trouble


# Videos


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    sound = ["-f", "lavfi", "-i", "sine=d=0.4"]
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=64x48:d=0.4:r=10",
        *sound,
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        path,
    )
    return path


def test_an_mp4_tells_of_everything_in_it(film: Path, tmp_path: Path, thumbnail: Path) -> None:
    words, chapters, path = tmp_path / "s.srt", tmp_path / "c.txt", tmp_path / "laden.mp4"
    words.write_text("1\n00:00:00,000 --> 00:00:00,400\nNeedle\n", "utf-8")
    chapters.write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=NeedleChapter\n", "utf-8"
    )
    message = "h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+NeedleSei"
    ffmpeg(
        "-i",
        film,
        "-i",
        words,
        "-i",
        chapters,
        "-i",
        thumbnail,
        "-map",
        "0:v",
        "-map",
        "0:a",
        "-map",
        1,
        "-map",
        3,
        "-map_chapters",
        2,
        "-c:v:0",
        "copy",
        "-bsf:v:0",
        message,
        "-c:a",
        "copy",
        "-c:s",
        "mov_text",
        "-c:v:1",
        "mjpeg",
        "-disposition:v:1",
        "attached_pic",
        "-metadata",
        "artist=NeedleArtist",
        "-metadata",
        "location=+12.3456-065.4321/",
        "-metadata",
        "creation_time=2021-02-03T04:05:06Z",
        "-metadata:s:v:0",
        "handler_name=NeedlePhone",
        path,
    )
    found = own(path)
    assert any(v.startswith("12.34560, -65.43210") for v in values(found, "place"))
    assert "NeedleArtist" in values(found, "author")
    assert "2021-02-03 04:05:06 UTC" in values(found, "time")
    assert "NeedlePhone" in values(found, "device")
    assert {"subtitles", "chapters"} <= names(found)
    assert any("NeedleSei" in i.value for i in found.items)
    assert any("x264" in v for v in values(found, "software"))
    assert [i.name for i in found.of(PICTURES)] == ["cover art"]
    assert len(values(found, "sound")) == 1


def test_telephones_keys_and_time_codes_of_a_mov(film: Path, tmp_path: Path) -> None:
    path = tmp_path / "laden.mov"
    tags = [
        "-metadata",
        "com.apple.quicktime.location.ISO6709=+12.3456-012.3456/",
        "-metadata",
        "com.apple.quicktime.model=NeedleModel",
    ]
    ffmpeg(
        "-i",
        film,
        "-c",
        "copy",
        "-movflags",
        "use_metadata_tags",
        "-timecode",
        "10:11:12:13",
        *tags,
        path,
    )
    found = own(path)
    assert "+12.3456-012.3456/" in values(found, "place")
    assert "NeedleModel" in values(found, "device")
    assert "time code" in names(found)


def test_a_matroska_tells_of_tags_attachments_and_chapters(
    film: Path, tmp_path: Path, thumbnail: Path
) -> None:
    words, path = tmp_path / "list.txt", tmp_path / "laden.mkv"
    words.write_text("Needle", "utf-8")
    attached = [
        "-attach",
        thumbnail,
        "-metadata:s:t:0",
        "mimetype=image/jpeg",
        "-attach",
        words,
        "-metadata:s:t:1",
        "mimetype=text/plain",
    ]
    ffmpeg(
        "-i",
        film,
        "-c",
        "copy",
        *attached,
        "-metadata",
        "title=NeedleTitle",
        "-metadata:s:a:0",
        "language=swa",
        path,
    )
    found = own(path)
    assert {"NeedleTitle", "swa", "list.txt"} <= set(values(found, "words"))
    assert [i.name for i in found.of(PICTURES)] == ["attached picture"]
    assert any(i.name == "attached file text/plain" for i in found.of(DATA))


def test_an_avi_and_a_transport_stream_tell_their_names(film: Path, tmp_path: Path) -> None:
    ffmpeg("-i", film, "-c", "copy", "-metadata", "artist=NeedleArtist", tmp_path / "a.avi")
    ffmpeg("-i", film, "-c", "copy", "-metadata", "service_name=NeedleService", tmp_path / "a.ts")
    assert "NeedleArtist" in values(own(tmp_path / "a.avi"), "author")
    assert any("NeedleService" in v for v in values(own(tmp_path / "a.ts"), "software"))


def boxed(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, name) + content


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (boxed(b"free", b"freeGPS \0\0\0" + bytes(40)), "dashcam GPS block"),
        (
            boxed(b"uuid", bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + b"manifest"),
            "C2PA manifest",
        ),
        (boxed(b"skip", b"serial 4711"), "box skip with content"),
        (b"PK\x03\x04 an archive behind", "data after the last box"),
        (boxed(b"thma", b"maker's own"), "box thma"),
        (b"x" * 50 + b"8db42d694ccc418790edff439fe026bf", "Insta360 trailer"),
    ],
)
def test_what_makers_hide_in_an_mp4_is_told(
    film: Path, tmp_path: Path, spoil: bytes, name: str
) -> None:
    path = tmp_path / "spoilt.mp4"
    assert name not in names(own(film))
    path.write_bytes(film.read_bytes() + spoil)
    assert name in names(own(path))


def test_a_format_that_cannot_be_walked_is_a_trouble(film: Path, tmp_path: Path) -> None:
    ffmpeg("-i", film, "-c", "copy", tmp_path / "a.flv")
    assert any("cannot walk flv" in t for t in own(tmp_path / "a.flv").troubles)


def test_a_photo_without_a_walker_is_said(tmp_path):
    (tmp_path / "a.ppm").write_bytes(b"P6\n1 1\n255\nabc")
    found = own(tmp_path / "a.ppm")
    assert found.items == ()
    assert any("cannot walk ppm" in t for t in found.troubles)


# Beside the file


@needs_exiftool
def test_exiftool_adds_what_only_it_knows_and_repeats_nothing(photo: Callable[[str], Path]) -> None:
    path = photo("jpg")
    exiftool("-XMP:City=NeedleCity", "-DateTimeOriginal=2021:02:03 04:05:06", path)
    found = inspect(admit(path), look=None)
    assert found.others["exiftool"].startswith("looked")
    assert len([i for i in found.items if i.value == "NeedleCity"]) == 1
    assert len([i for i in found.items if i.value.startswith("2021")]) == 1


def test_without_exiftool_it_is_said(
    photo: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external_tools, "where", lambda program: None)
    assert inspect(admit(photo("png")), look=None).others == {"exiftool": "not on this machine"}


def test_what_is_no_media_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("a letter", "utf-8")
    with pytest.raises(NotMedia):
        own(tmp_path / "a.jpg")
    with pytest.raises(SourceUnreadable):
        own(tmp_path / "missing.jpg")


def test_json_names_values_only_where_they_are_wanted(photo: Callable[[str], Path]) -> None:
    path = photo("jpg")
    buffer = io.BytesIO()
    Image.open(path).save(buffer, "JPEG", comment=b"NeedleComment")
    path.write_bytes(buffer.getvalue())
    found = own(path)
    assert "NeedleComment" in json.dumps(found.as_json())
    assert "NeedleComment" not in json.dumps(found.as_json(values=False))
    assert found.as_json()["faces_and_plates"] == "not looked for"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("GPSAltitude", "place"), ("©xyz", "place"), ("BodySerialNumber", "device"),
        ("Artist", "author"),
        ("CreatorTool", "software"), ("DateTimeOriginal", "time"), ("ImageDescription", "words"),
        ("ExposureTime", "other data"), ("Thing", "other data"),
    ],
)  # fmt: skip
def test_groups_by_name(name: str, group: str) -> None:
    assert group_of(name) == group


def test_values_are_cut_and_harmless_on_a_terminal() -> None:
    assert shown("a\x1b[31m\nb" + "c" * 1000).startswith("a·[31m bc")
    assert len(shown("c" * 1000)) < 310


def resource(number: int, content: bytes, signature: bytes = b"8BIM") -> bytes:
    return (
        signature
        + struct.pack(">HHI", number, 0, len(content))
        + content
        + b"\0" * (len(content) % 2)
    )


def dataset(number: int, value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, 2, number, len(value)) + value


WHOLE = resource(1028, dataset(25, b"NeedleKey")) + resource(1005, b"x" * 16, b"MeSa")


@pytest.mark.parametrize("raw", [WHOLE, WHOLE + b"\0\0", WHOLE + resource(1005, b"x" * 15)[:-1]])
def test_resources_of_photoshop_are_read_to_their_end(raw: bytes) -> None:
    found = list(tags.of_photoshop(raw, "here"))
    assert "NeedleKey" in [i.value for i in found if isinstance(i, Item)]
    assert not [i for i in found if isinstance(i, Item) and i.name == UNREADABLE]


@pytest.mark.parametrize(
    "read",
    [
        lambda: tags.of_photoshop(WHOLE + b"NeedleHidden", "here"),
        lambda: tags.of_photoshop(WHOLE[:-3], "here"),
        lambda: tags.of_photoshop(resource(1028, dataset(25, b"a") + b"NeedleHidden"), "here"),
        lambda: tags.of_iptc(dataset(25, b"a") + b"\x1c\x02\x19\x80\x04\0\0\0\x01b", "here"),
        lambda: tags.of_iptc(dataset(25, b"abc")[:-1], "here"),
        lambda: tags.of_iptc(b"Needle", "here"),
        lambda: tags.of_xmp(b"<x>Needle", "here"),
        lambda: tags.of_xmp(b'<!DOCTYPE x [<!ENTITY a "Needle">]><x>&a;</x>', "here"),
        lambda: tags.of_icc(b"Needle", "here"),
    ],
)
def test_where_nobody_could_look_is_said(read: Callable[[], Iterator[Item | Embedded]]) -> None:
    assert [
        i.where.split("/")[0] for i in read() if isinstance(i, Item) and i.name == UNREADABLE
    ] == ["here"]
