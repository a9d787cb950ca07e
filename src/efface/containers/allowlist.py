"""The allow-list of a finished photo or video: the names of the parts that may remain, for each
format.

The writers add nothing else, but this module does not take their word for it. It walks the finished
file part by part to the last byte, without the libraries that wrote it, and reports every part that
the lists below do not name. It knows the files that efface writes, not everything that a format
allows; it also reports what it cannot walk. Videos have their lists in `film_allowlist`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from efface.containers import boxes, gif, jpeg, tiff
from efface.containers.c2pa_parts import carriers, digest_of
from efface.containers.film_allowlist import (
    in_avi,
    in_matroska,
    in_mp4,
    in_mpegts,
    is_blank,
    is_undated,
)
from efface.containers.parts import BROKEN, GAP, Broken, Part, Reader, names
from efface.containers.walk import walk
from efface.errors import SourceUnreadable
from efface.files import reason

PNG_CHUNKS = frozenset(("IHDR", "IDAT", "IEND", "acTL", "fcTL", "fdAT", "cICP", "cLLI", "mDCV"))
_PNG_NUMBERS = {"cICP": 4, "cLLI": 8, "mDCV": 24}
"""Content sizes in bytes. These chunks hold only numbers on colour and brightness."""

WEBP_CHUNKS = frozenset(("VP8X", "VP8", "VP8L", "ALPH", "ANIM", "ANMF"))

TIFF_TAGS = frozenset(
    f"tag {n}" for n in (256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 338)
)

JPEG_SEGMENTS = frozenset(("DQT", "DHT", "SOF0", "SOF1", "SOF2", "DRI", "SOS", jpeg.PICTURE))
"""The two APP segments that may accompany these are compared byte by byte."""

JFIF = b"JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00"
"""JFIF version 1.1, no unit, 1:1, no thumbnail."""

GIF_LOOP = "application NETSCAPE2.0"

PHOTO_BOXES = names(
    "ftyp meta mdat moov free hdlr pitm iloc iinf infe iprp ipco ipma iref auxl ispe pixi "
    "hvcC av1C colr auxC irot "
    "clap auxi ccst mvhd trak tkhd tref edts elst mdia mdhd minf vmhd dinf dref stbl stsd "
    "stts stsc stsz stco co64 stss av01 grpl altr btrt"
) | {"url "}

ITEMS = frozenset(("hvc1", "av01"))

MOST_REPORTED = 50
"""Stop after this many unlisted parts."""


def unlisted_parts(path: Path, name: str, manifest: str = "") -> list[str]:
    """Return descriptions of the parts of a finished file that its format's list does not allow.

    name      a format name from `containers.sniff`.
    manifest  `c2pa_parts.digest` of the manifest that efface wrote into it. Any other is reported.

    Raises SourceUnreadable.
    """
    found: list[str] = []
    try:
        with open(path, "rb") as f:
            reader = Reader(f)
            if manifest and digest_of(reader, known := carriers(reader, name)) == manifest:
                reader.skipped = frozenset(known)
            for unlisted in _RULES[name](reader, name):
                found.append(unlisted)
                if len(found) == MOST_REPORTED:
                    break
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e
    except Broken as e:
        found.append(f"a structure that cannot be walked ({e})")
    return found


def _allowing(
    allowed_names: Iterable[str],
    kind: str,
    look: Callable[[Reader, Part], bool] = lambda r, p: True,
) -> Callable[[Reader, str], Iterator[str]]:
    """Make a rule that allows only parts with these names, and only if `look` allows their
    content."""
    allowed = frozenset(allowed_names)

    def rule(reader: Reader, name: str) -> Iterator[str]:
        yield from _unknown(reader, walk(reader, name), allowed, kind, look)

    return rule


def _unknown(
    reader: Reader,
    parts: Iterable[Part],
    allowed: frozenset[str],
    kind: str,
    look: Callable[[Reader, Part], bool],
) -> Iterator[str]:
    for p in parts:
        if p.name == BROKEN:
            yield f"a structure that cannot be walked ({p.note})"
        elif p.name.startswith("("):
            yield f"{p.size} bytes {p.name[1:-1]}"
        elif p.name not in allowed or not look(reader, p):
            yield f"{kind} {p.name}"


def _of_jpeg(reader: Reader, name: str) -> Iterator[str]:
    def look(reader: Reader, p: Part) -> bool:
        content = boxes.at(reader, p, 0, 64)
        return (
            (p.name == "APP0 JFIF" and content == JFIF)
            or (p.name == "APP14 Adobe" and len(content) == 12)
            or p.name in JPEG_SEGMENTS
        )

    yield from _unknown(
        reader, walk(reader, name), JPEG_SEGMENTS | {"APP0 JFIF", "APP14 Adobe"}, "segment", look
    )


def _of_gif(reader: Reader, name: str) -> Iterator[str]:
    yield from _unknown(
        reader,
        walk(reader, name),
        frozenset(("picture", "control", GIF_LOOP)),
        "block",
        _is_short_loop,
    )


def _is_short_loop(reader: Reader, p: Part) -> bool:
    return p.name != GIF_LOOP or (
        p.size == 17 and gif.joined(boxes.at(reader, p, 0, 17))[11:12] == b"\1"
    )


def _of_tiff(reader: Reader, name: str) -> Iterator[str]:
    """Check the tags, and report bytes that no tag points to."""
    for p in tiff.walk(reader):
        if p in reader.skipped:
            continue
        if p.name == GAP:
            yield f"{p.size} bytes that no tag points to"
        elif p.name == BROKEN:
            yield f"a structure that cannot be walked ({p.note})"
        elif p.name not in TIFF_TAGS and not p.name.startswith("data of"):
            yield p.name


def _is_allowed_photo_box(reader: Reader, p: Part) -> bool:
    """Check a box's content: a profile in `colr`, an item that is not a picture, a name, a date and
    padding with content can each reveal something."""
    content = boxes.at(reader, p, 0, 1 << 16) if p.name != "mdat" else b""
    match p.name:
        case "colr":
            return content[:4] == b"nclx" and len(content) == 11
        case "infe":
            return content[8:12].decode("latin-1") in ITEMS and content[12:].rstrip(b"\0") in (
                b"",
                b"Color",
                b"Alpha",
            )
        case "hdlr":
            return content[8:12] in (b"pict", b"auxv") and not content[12:].strip(b"\0")
        case "mvhd" | "tkhd" | "mdhd":
            return is_undated(content)
        case "free":
            return is_blank(reader, p)
    return True


_RULES: dict[str, Callable[[Reader, str], Iterator[str]]] = {
    "jpeg": _of_jpeg,
    "png": _allowing(
        PNG_CHUNKS, "chunk", lambda reader, p: p.size == _PNG_NUMBERS.get(p.name, p.size)
    ),
    "webp": _allowing(WEBP_CHUNKS | {"WEBP"}, "chunk"),
    "gif": _of_gif,
    "tiff": _of_tiff,
    "heif": _allowing(PHOTO_BOXES, "box", _is_allowed_photo_box),
    "avif": _allowing(PHOTO_BOXES, "box", _is_allowed_photo_box),
    "mp4": in_mp4,
    "matroska": in_matroska,
    "avi": in_avi,
    "mpegts": in_mpegts,
}

WALKED = frozenset(_RULES)
"""Formats that this module can check."""
