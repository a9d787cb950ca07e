"""Needles: everything that can travel in a photo beside its pixels, planted, passed through, and
searched for byte by byte."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from efface.containers.allowlist import unlisted_parts
from efface.containers.sniff import format_of

Scene = NDArray[np.uint8]
NEEDLE = b"NEEDLE"

GROUPS = {
    "ExifTool",
    "System",
    "File",
    "JFIF",
    "PNG",
    "RIFF",
    "GIF",
    "IFD0",
    "IFD1",
    "QuickTime",
    "Meta",
    "Composite",
    "APP14",
    "Track1",
    "Animation",
}
"""Groups of exiftool that may show up; what they may hold is below."""

TAGS = {
    "JFIF": {"JFIFVersion", "ResolutionUnit", "XResolution", "YResolution"},
    "APP14": {"DCTEncodeVersion", "APP14Flags0", "APP14Flags1", "ColorTransform"},
    "PNG": {
        "ImageWidth",
        "ImageHeight",
        "BitDepth",
        "ColorType",
        "Compression",
        "Filter",
        "Interlace",
    }
    | {"AnimationFrames", "AnimationPlays"},
    "RIFF": {
        "WebP_Flags",
        "ImageWidth",
        "ImageHeight",
        "VP8Version",
        "HorizontalScale",
        "VerticalScale",
        "AlphaIsUsed",
    }
    | {
        "BackgroundColor",
        "AnimationLoopCount",
        "FrameCount",
        "Duration",
        "AlphaPreprocessing",
        "AlphaFiltering",
        "AlphaCompression",
    },
    "GIF": {
        "GIFVersion",
        "ImageWidth",
        "ImageHeight",
        "HasColorMap",
        "ColorResolutionDepth",
        "BitsPerPixel",
        "BackgroundColor",
    }
    | {"AnimationIterations", "FrameCount", "Duration", "TransparentColor"},
    "IFD0": {
        "ImageWidth",
        "ImageHeight",
        "BitsPerSample",
        "Compression",
        "PhotometricInterpretation",
        "StripOffsets",
    }
    | {
        "SamplesPerPixel",
        "RowsPerStrip",
        "StripByteCounts",
        "PlanarConfiguration",
        "Predictor",
        "ExtraSamples",
    },
    "Composite": {"ImageSize", "Megapixels", "AvgBitrate", "Rotation"},
    "Meta": {"PrimaryItemReference", "MetaImageSize"},
}
TAGS["IFD1"] = TAGS["IFD0"]
TAGS["Animation"] = TAGS["GIF"]
FORBIDDEN_IN_BOXES = (
    "Exif",
    "XMP",
    "Profile Creator",
    "Date",
    "GPS",
    "Author",
    "Software",
    "HandlerDescription",
)


def needle(name: str) -> bytes:
    return NEEDLE + b"-" + name.encode() + b"-4711"


def exif_bytes() -> bytes:
    """GPS, a camera's serial number, an artist, and a thumbnail that is a JPEG with a needle of its
    own."""
    exif = Image.Exif()
    exif[271], exif[315], exif[305] = (needle(n).decode() for n in ("make", "artist", "software"))
    exif.get_ifd(0x8769)[0xA431] = needle("serial").decode()
    exif.get_ifd(0x8769)[0x927C] = needle("makernote")
    exif.get_ifd(0x8825)[29] = needle("gps").decode()
    plain = exif.tobytes()
    thumbnail = io.BytesIO()
    Image.new("RGB", (16, 16), "pink").save(thumbnail, "JPEG", comment=needle("thumbnail"))
    # IFD1, the thumbnail's, is hung behind the last entry of IFD0.
    tiff = bytearray(plain[6:] + b"\0" * (len(plain[6:]) % 2))
    order = "<" if tiff[:2] == b"II" else ">"
    (ifd0,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, ifd0)
    struct.pack_into(order + "I", tiff, ifd0 + 2 + 12 * count, len(tiff))
    data = thumbnail.getvalue()
    rows = [(0x201, 4, 1, len(tiff) + 2 + 36 + 4 - 12), (0x202, 4, 1, len(data))]
    tiff += (
        struct.pack(order + "H", 2)
        + b"".join(struct.pack(order + "HHII", *row) for row in rows)
        + b"\0\0\0\0"
        + data
    )
    return b"Exif\0\0" + bytes(tiff)


def xmp_bytes() -> bytes:
    about = (
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'dc:creator="{needle("xmp").decode()}"/>'
    )
    rdf = f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{about}</rdf:RDF>'
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{rdf}</x:xmpmeta>'.encode()


def iptc_segment() -> bytes:
    text = needle("iptc")
    record = b"\x1c\x02\x50" + struct.pack(">H", len(text)) + text
    return (
        b"Photoshop 3.0\0"
        + b"8BIM\x04\x04\0\0"
        + struct.pack(">I", len(record))
        + record
        + b"\0" * (len(record) % 2)
    )


def profile() -> bytes:
    """An ICC profile with nothing but a header and a name."""
    text = b"desc\0\0\0\0" + struct.pack(">I", 32) + needle("monitor").ljust(32, b"\0") + b"\0" * 78
    head = bytearray(128)
    head[12:24], head[36:40] = b"mntrRGB XYZ ", b"acsp"
    body = struct.pack(">I4sII", 1, b"desc", 144, len(text)) + text
    struct.pack_into(">I", head, 0, 128 + len(body))
    return bytes(head) + body


def tail() -> bytes:
    """A motion photo's film and an archive, behind the end of the picture."""
    return (
        struct.pack(">I4s4s", 24, b"ftyp", b"mp42")
        + needle("motionphoto")
        + b"PK\x03\x04"
        + needle("zip")
    )


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def planted_jpeg(path: Path, scene: Scene) -> list[str]:
    second = io.BytesIO()
    Image.fromarray(scene[::2, ::2]).save(second, "JPEG", comment=needle("second"))
    main = io.BytesIO()
    image = Image.fromarray(scene)
    image.save(
        main,
        "JPEG",
        exif=exif_bytes(),
        icc_profile=profile(),
        xmp=xmp_bytes(),
        comment=needle("comment"),
    )
    data = main.getvalue()
    jumbf = (
        b"JP\0\x01\0\0\0\x01"
        + struct.pack(">I4s", 8 + len(needle("c2pa")), b"jumb")
        + needle("c2pa")
    )
    extra = (
        segment(0xED, iptc_segment())
        + segment(0xE2, b"MPF\0" + needle("mpf"))
        + segment(0xEB, jumbf)
    )
    path.write_bytes(data[:2] + extra + data[2:] + second.getvalue() + tail())
    return [
        "make",
        "serial",
        "makernote",
        "gps",
        "thumbnail",
        "monitor",
        "xmp",
        "comment",
        "iptc",
        "mpf",
        "c2pa",
        "second",
        "motionphoto",
        "zip",
    ]


def planted_mpo(path: Path, scene: Scene) -> list[str]:
    second = Image.fromarray(scene)
    second.info["comment"] = needle("second")
    second.encoderinfo = {}
    Image.fromarray(scene).save(
        path,
        "MPO",
        save_all=True,
        append_images=[second],
        comment=needle("comment"),
        exif=exif_bytes(),
    )
    path.write_bytes(path.read_bytes() + needle("second"))
    return ["comment", "second", "gps"]


def planted_png(path: Path, scene: Scene) -> list[str]:
    buffer = io.BytesIO()
    Image.fromarray(scene).save(buffer, "PNG")
    data = buffer.getvalue()
    before = chunk(b"tEXt", b"Comment\0" + needle("text")) + chunk(
        b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_bytes()
    )
    before += chunk(b"zTXt", b"Author\0\0" + zlib.compress(needle("ztxt"), 0)) + chunk(
        b"eXIf", exif_bytes()[6:]
    )
    before += chunk(b"iCCP", needle("iccname") + b"\0\0" + zlib.compress(profile(), 0)) + chunk(
        b"tIME", b"\x07\xe8\x01\x02\x03\x04\x05"
    )
    before += chunk(b"prVt", needle("private"))
    path.write_bytes(
        data[:33]
        + before
        + data[33:-12]
        + chunk(b"tEXt", b"x\0" + needle("late"))
        + data[-12:]
        + tail()
    )
    return [
        "text",
        "xmp",
        "ztxt",
        "gps",
        "serial",
        "iccname",
        "monitor",
        "private",
        "late",
        "motionphoto",
    ]


def planted_apng(path: Path, scene: Scene) -> list[str]:
    images = [Image.fromarray(np.roll(scene, i, 1)) for i in range(3)]
    images[0].save(path, save_all=True, append_images=images[1:], duration=50)
    data = path.read_bytes()
    path.write_bytes(data[:33] + chunk(b"tEXt", b"Comment\0" + needle("text")) + data[33:] + tail())
    return ["text", "zip"]


def planted_webp(path: Path, scene: Scene) -> list[str]:
    Image.fromarray(scene).save(path, exif=exif_bytes(), xmp=xmp_bytes(), icc_profile=profile())
    data = bytearray(path.read_bytes())
    data += b"PRVT" + struct.pack("<I", 20) + needle("private").ljust(20, b"\0")
    struct.pack_into("<I", data, 4, len(data) - 8)
    path.write_bytes(bytes(data) + tail())
    return ["gps", "serial", "thumbnail", "xmp", "monitor", "private", "motionphoto"]


def planted_webp_animation(path: Path, scene: Scene) -> list[str]:
    images = [Image.fromarray(np.roll(scene, i, 1)) for i in range(3)]
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        exif=exif_bytes(),
        xmp=xmp_bytes(),
        lossless=True,
    )
    return ["gps", "xmp"]


def planted_gif(path: Path, scene: Scene) -> list[str]:
    images = [Image.fromarray(np.roll(scene, i, 1)) for i in range(3)]
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        duration=50,
        loop=0,
        comment=needle("comment"),
    )
    text = needle("application")
    block = b"\x21\xff\x0bXMP DataXMP" + bytes([len(text)]) + text + b"\0"
    path.write_bytes(path.read_bytes()[:-1] + block + b"\x3b" + tail())
    return ["comment", "application", "motionphoto"]


def planted_gif_still(path: Path, scene: Scene) -> list[str]:
    Image.fromarray(scene).save(path, comment=needle("comment"))
    return ["comment"]


def planted_tiff(path: Path, scene: Scene) -> list[str]:
    words = {
        270: "description",
        271: "make",
        305: "software",
        315: "artist",
        33432: "copyright",
        65000: "private",
    }
    texts = [(tag, "s", 0, needle(word).decode(), True) for tag, word in words.items()]
    blobs = [
        (700, "B", None, xmp_bytes(), True),
        (33723, "B", None, iptc_segment(), True),
        (34675, "B", None, profile(), True),
    ]
    with tifffile.TiffWriter(path) as tiff:
        for page in (scene, scene[:20, :30]):
            tiff.write(
                page,
                photometric="rgb",
                metadata=None,
                software=False,
                extratags=texts[1:] + blobs,
                description=needle("description"),
            )
        tiff.write(
            scene[::4, ::4],
            photometric="rgb",
            subfiletype=1,
            metadata=None,
            extratags=[(65001, "s", 0, needle("preview").decode(), True)],
        )
    path.write_bytes(path.read_bytes() + tail())
    return [
        "description",
        "make",
        "artist",
        "private",
        "xmp",
        "iptc",
        "monitor",
        "preview",
        "motionphoto",
    ]


def planted_tiff_with_gps(path: Path, scene: Scene) -> list[str]:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[29] = needle("gps").decode()
    exif.get_ifd(0x8769)[0xA431] = needle("serial").decode()
    kept = Image.Exif()
    kept.load(exif.tobytes())
    Image.fromarray(scene).save(path, exif=kept)
    return ["gps", "serial"]


def planted_heif(path: Path, scene: Scene) -> list[str]:
    heif = pillow_heif.from_bytes(mode="RGB", size=(78, 53), data=scene.tobytes())
    heif.add_frombytes(
        mode="RGB", size=(39, 26), data=np.ascontiguousarray(scene[:52:2, ::2]).tobytes()
    )
    heif.save(
        path,
        exif=exif_bytes(),
        xmp=xmp_bytes(),
        quality=90,
        icc_profile=profile(),
        icc_profile_type="prof",
    )
    path.write_bytes(
        path.read_bytes()
        + struct.pack(">I4s", 40, b"mpvd")
        + needle("motionphoto").ljust(32, b"\0")
    )
    return ["gps", "serial", "xmp", "motionphoto"]


def planted_avif(path: Path, scene: Scene) -> list[str]:
    Image.fromarray(scene).save(path, exif=exif_bytes(), xmp=xmp_bytes(), icc_profile=profile())
    path.write_bytes(
        path.read_bytes()
        + struct.pack(">I4s", 40, b"uuid")
        + needle("motionphoto").ljust(32, b"\0")
    )
    return ["gps", "serial", "xmp", "monitor", "motionphoto"]


def planted_avif_sequence(path: Path, scene: Scene) -> list[str]:
    images = [Image.fromarray(np.roll(scene, i, 1)) for i in range(3)]
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        duration=50,
        exif=exif_bytes(),
        xmp=xmp_bytes(),
    )
    return ["gps", "xmp"]


PLANTED: dict[str, Callable[[Path, Scene], list[str]]] = {
    "a.jpg": planted_jpeg,
    "mpo.jpg": planted_mpo,
    "a.png": planted_png,
    "apng.png": planted_apng,
    "a.webp": planted_webp,
    "anim.webp": planted_webp_animation,
    "a.gif": planted_gif,
    "still.gif": planted_gif_still,
    "a.tif": planted_tiff,
    "gps.tif": planted_tiff_with_gps,
    "a.heic": planted_heif,
    "a.avif": planted_avif,
    "anim.avif": planted_avif_sequence,
}


@pytest.mark.parametrize("name", PLANTED)
def test_nothing_but_pixels_and_timing_gets_through(
    tmp_path: Path, passed_through: Callable[..., Path], scene: Scene, name: str
) -> None:
    path = tmp_path / name
    planted = PLANTED[name](path, scene)
    source = path.read_bytes()
    assert [word for word in planted if needle(word) not in source] == []
    assert unlisted_parts(path, format_of(path)) != []
    copy = passed_through(path)
    assert NEEDLE not in copy.read_bytes()
    for word in (
        b"4711",
        b"Photoshop",
        b"xmpmeta",
        b"Exif",
        b"acsp",
        b"Pillow",
        b"x265",
        b"ftypmp42",
        b"PK\x03\x04",
    ):
        assert word not in copy.read_bytes()
    assert unlisted_parts(copy, format_of(copy)) == []


@pytest.mark.parametrize("name", PLANTED)
def test_exiftool_finds_nothing_that_no_list_names(
    tmp_path: Path, passed_through: Callable[..., Path], scene: Scene, name: str
) -> None:
    path = tmp_path / name
    PLANTED[name](path, scene)
    before, after = exiftool(path), exiftool(passed_through(path))
    assert unexpected(before)
    assert unexpected(after) == []


def exiftool(path: Path) -> dict[str, object]:
    done = subprocess.run(
        ["exiftool", "-a", "-u", "-G1", "-j", str(path)], capture_output=True, check=True
    )
    found: dict[str, object] = json.loads(done.stdout)[0]
    return found


def unexpected(found: dict[str, object]) -> list[str]:
    named = [key.partition(":")[::2] for key in found if key != "SourceFile"]
    strange = [f"{group}:{tag}" for group, tag in named if group not in GROUPS]
    strange += [
        f"{group}:{tag}" for group, tag in named if group in TAGS and tag not in TAGS[group]
    ]
    dates = [
        f"{g}:{t}"
        for g, t in named
        if g in ("QuickTime", "Track1")
        and "Date" in t
        and found[f"{g}:{t}"] != "0000:00:00 00:00:00"
    ]
    words = [
        f"{g}:{t}"
        for g, t in named
        if g in ("QuickTime", "Track1", "Meta")
        and any(w in t for w in FORBIDDEN_IN_BOXES if w != "Date")
    ]
    return strange + dates + words + [key for key, value in found.items() if "NEEDLE" in str(value)]


def test_a_thumbnail_in_exif_is_really_one(tmp_path: Path, scene: Scene) -> None:
    planted_jpeg(tmp_path / "a.jpg", scene)
    done = subprocess.run(
        ["exiftool", "-b", "-ThumbnailImage", str(tmp_path / "a.jpg")],
        capture_output=True,
        check=True,
    )
    assert done.stdout.startswith(b"\xff\xd8")
    assert needle("thumbnail") in done.stdout
