"""Tell what the boxes of an MP4, MOV or M4V file say about people."""

from __future__ import annotations

import re
import struct

from efface.containers import boxes
from efface.containers.parts import TAIL, Part, Reader, names
from efface.inspection import tags
from efface.inspection.items import (
    DATA,
    DEVICE,
    PLACE,
    SOFTWARE,
    TIME,
    WORDS,
    Embedded,
    Item,
    group_of,
    shown,
)
from efface.inspection.still import of_boxes
from efface.inspection.tags import LARGEST_BLOCK, Found
from efface.inspection.text_and_dates import EPOCHS, date_text, decoded_words
from efface.media.still.embedded import jpegs

_PLAIN_NAMES = {
    "©nam": "title", "©ART": "artist", "©aut": "author", "©cmt": "comment", "©des": "description",
    "©day": "date",
    "©too": "encoder",
    "©swr": "software", "©mak": "make", "©mod": "model", "©xyz": "location", "©cpy": "copyright",
    "©alb": "album",
    "©gen": "genre",
    "©enc": "encoder", "©inf": "information", "©wrt": "writer",
}  # fmt: skip


def of_mp4(reader: Reader, parts: list[Part]) -> Found:
    yield from of_boxes(reader, parts)
    keys = _keys(reader, parts)
    for p in parts:
        above = p.path[-2] if len(p.path) > 1 else ""
        if p.name in ("mvhd", "tkhd", "mdhd"):
            yield from _of_date(boxes.at(reader, p, 0, 24), p)
        elif p.name == "data" and len(p.path) > 2 and p.path[-3] == "ilst":
            yield from _of_tag(reader, p, keys)
        elif above == "udta" and p.name not in ("meta", "trak"):
            yield from _of_user_data(reader, p)
        elif above == "stsd" and p.name.encode("latin-1") in boxes.VIDEO_ENTRIES:
            raw = boxes.at(reader, p, 42, 32)
            if raw[1 : 1 + raw[0]].strip(b"\0 ") if raw else b"":
                yield Item(
                    SOFTWARE,
                    "compressor name",
                    p.where,
                    shown(raw[1 : 1 + raw[0]].decode("latin-1")),
                    p.at + 42,
                )
        elif p.name == "hdlr" and p.path[:2] == ("moov", "trak"):
            text = boxes.at(reader, p, 24, 200).strip(b"\0").decode("utf-8", "replace")
            plain = re.sub(r"^[^ -~]", "", text)
            if plain and not re.search(
                r"(?i)^.?(video|sound|audio|data|alias data) ?(media )?handler", plain
            ):
                yield Item(DEVICE, "name of a track's handler", p.where, shown(plain), p.at + 24)
        elif p.path == ("moov", "gps "):
            yield Item(
                PLACE,
                "dashcam GPS",
                p.where,
                f"{max(0, (p.size - 8) // 8)} blocks of places in the film",
                p.at,
            )
        elif p.name == "chap":
            yield Item(WORDS, "chapters", p.where, "", p.at)
    yield from _of_raw_places(reader, parts)
    yield from _of_trailer(reader)


def _of_date(raw: bytes, p: Part) -> Found:
    wide = 8 if raw[:1] == b"\1" else 4
    seconds = int.from_bytes(raw[4 : 4 + wide])
    if seconds:
        yield Item(TIME, "time of making", p.where, date_text(EPOCHS["mp4"], seconds), p.at + 4)


def _keys(reader: Reader, parts: list[Part]) -> dict[int, str]:
    """Return the names of QuickTime's metadata keys by their number."""
    found: dict[int, str] = {}
    for p in parts:
        if p.name == "keys" and not found:
            raw, at = boxes.at(reader, p, 0, 1 << 16), 8
            while at + 8 <= len(raw) and len(found) < tags.MOST_ITEMS:
                size = int.from_bytes(raw[at : at + 4])
                if size < 8:
                    break
                found[len(found) + 1] = raw[at + 8 : at + size].decode("utf-8", "replace")
                at += size
    return found


def _of_tag(reader: Reader, p: Part, keys: dict[int, str]) -> Found:
    parent = p.path[-2]
    number = int(parent[2:], 16) if re.fullmatch(r"0x[0-9a-f]{8}", parent) else 0
    name = keys.get(number, parent)
    raw = boxes.at(reader, p, 8, LARGEST_BLOCK)
    kind = int.from_bytes(boxes.at(reader, p, 0, 4))
    where = "/".join(p.path[:-1])
    if parent == "covr" or kind in (13, 14, 27):
        yield Embedded("cover art", where, raw, p.at + 8)
        return
    if kind == 1:
        value = raw[:4096].decode("utf-8", "replace")
    elif kind in (23, 24) and len(raw) in (4, 8):
        value = f"{struct.unpack('>f' if len(raw) == 4 else '>d', raw)[0]:g}"
    else:
        value = str(int.from_bytes(raw)) if len(raw) <= 8 else f"{len(raw)} bytes"
    name = _PLAIN_NAMES.get(name, name)
    group = group_of(name.removeprefix("com.apple.quicktime."))
    yield Item(WORDS if group == DATA and kind == 1 else group, name, where, shown(value), p.at + 8)


def _of_user_data(reader: Reader, p: Part) -> Found:
    raw = boxes.at(reader, p, 0, 4096)
    name = p.name
    if name.startswith("©"):
        name = _PLAIN_NAMES.get(name, name)
        group = group_of(name) if group_of(name) != DATA else WORDS
        yield Item(group, name, p.where, shown(raw[4:].decode("utf-8", "replace")), p.at)
    elif name == "loci":
        yield from _of_loci(raw, p)
    elif name == "GPMF":
        yield Item(DEVICE, "GoPro settings", p.where, shown(decoded_words(raw)), p.at)
    elif name in _3GPP_TEXTS:
        yield _of_3gpp_text(raw, p)
    elif name == "XMP_":
        yield from tags.of_xmp(boxes.at(reader, p, 0, LARGEST_BLOCK), p.where, p.at)
    elif name in ("thmb", "PICT"):
        for offset, picture in jpegs(boxes.at(reader, p, 0, LARGEST_BLOCK)):
            yield Embedded("thumbnail", p.where, picture, p.at + offset)
    elif any(raw) and name not in ("WLOC", "AllF", "SelO", "LOOP"):
        text = shown(decoded_words(raw)) or f"{p.size} bytes"
        yield Item(group_of(name), f"user data {name}", p.where, text, p.at)


_3GPP_TEXTS = names("auth titl dscp cprt perf gnre albm yrrc")
"""Boxes with a version, a language and a text."""


def _of_3gpp_text(raw: bytes, p: Part) -> Item:
    encoding = "utf-16" if raw[6:8] in (b"\xfe\xff", b"\xff\xfe") else "utf-8"
    groups = {"auth": "author", "perf": "author", "cprt": "author", "yrrc": TIME}
    text = raw[6:].decode(encoding, "replace")
    return Item(groups.get(p.name, WORDS), p.name, p.where, shown(text), p.at)


def _of_loci(raw: bytes, p: Part) -> Found:
    end = raw.find(b"\0", 6)
    if end >= 0 and len(raw) >= end + 14:
        longitude, latitude = (v / 65536 for v in struct.unpack_from(">ii", raw, end + 2))
        yield Item(
            PLACE,
            "location",
            p.where,
            f"{latitude:.5f}, {longitude:.5f} "
            f"{shown(raw[6:end].decode('utf-8', 'replace'))}".strip(),
            p.at,
        )
    else:
        yield Item(PLACE, "location", p.where, f"{p.size} bytes", p.at)


_IN_FILM = (
    (b"freeGPS ", PLACE, "dashcam GPS block"),
    (b"$GPRMC", PLACE, "GPS sentence"),
    (b"$GNRMC", PLACE, "GPS sentence"),
)


def _of_raw_places(reader: Reader, parts: list[Part]) -> Found:
    """Search every byte for the marks of dashcam positions.

    Dashcams store positions between the samples, in padding, or in boxes of their own.
    """
    for mark, group, what in _IN_FILM:
        at = reader.find(mark, 0)
        if at >= 0:
            inside = next(
                (p.where for p in reversed(parts) if p.at <= reader.place(at) < p.at + p.size), ""
            )
            yield Item(group, what, inside, "the first of them", reader.place(at))


_INSTA360 = b"8db42d694ccc418790edff439fe026bf"


def _of_trailer(reader: Reader) -> Found:
    if reader.peek(reader.size - 32, 32) == _INSTA360:
        yield Item(DEVICE, "Insta360 trailer", TAIL, "serial number, GPS, motion of the camera")
