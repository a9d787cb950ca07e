"""Inspect metadata blocks in any file: EXIF, XMP, IPTC, Photoshop's resources, ICC profiles."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from efface.containers.parts import Broken, Reader
from efface.containers.tiff import Entry, Tiff
from efface.inspection.items import (
    DATA,
    DEVICE,
    ORIGIN,
    PERSON,
    PICTURES,
    PLACE,
    WORDS,
    Embedded,
    Item,
    group_of,
    shown,
    unreadable,
)
from efface.media.still.embedded import exif_name, jpegs

Found = Iterator[Item | Embedded]

LARGEST_BLOCK = 16 << 20
"""Maximum number of bytes read of a block."""
MOST_ITEMS = 500
"""Maximum number of items of one block."""
MAKER_NOTE = 0x927C
_ALWAYS = {0x9286, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F, 0x010E}
"""Comments, and what Windows adds to EXIF: title, comment, author, keywords, subject."""


def of_exif(raw: bytes, where: str, at: int | None = None) -> Found:
    """Inspect EXIF, a TIFF without pictures or with small ones, and report malformed places."""
    tiff = Tiff(Reader(io.BytesIO(raw[:LARGEST_BLOCK])))
    yield from of_tiff(tiff, where, at or 0)
    for place, why in tiff.troubles:
        yield unreadable(where, f"{why}; {len(raw)} bytes", (at or 0) + place)


def of_tiff(tiff: Tiff, where: str, at: int = 0) -> Found:
    """Inspect the tags of every directory. Uninformative ones, exposure and so on, are only
    counted."""
    entries: dict[str, list[Entry]] = {}
    dull = 0
    for e in tiff.entries():
        entries.setdefault(e.directory, []).append(e)
        item = _exif_item(tiff, e, where, at)
        dull += item is None
        if item is not None:
            yield item
    for directory, found in entries.items():
        if directory.endswith("GPS"):
            yield from _coordinates(tiff, found, f"{where}/{directory}", at)
        yield from _pictures_of(tiff, directory, found, where, at)
    if dull:
        yield Item(
            DATA,
            f"{dull} further tags",
            where,
            "exposure and the like; together they tell of the device",
            at,
        )


def _exif_item(tiff: Tiff, e: Entry, where: str, at: int) -> Item | None:
    name = exif_name(e.directory, e.tag)
    place = f"{where}/{e.directory}"
    if e.tag == MAKER_NOTE:
        return Item(
            DEVICE, "MakerNote", place, f"{e.size} bytes in the maker's own format", at + e.at
        )
    group = PLACE if e.directory.endswith("GPS") else group_of(name)
    if e.tag in (34665, 34853, 40965) or (
        group == DATA and e.tag not in _ALWAYS
    ):  # pointers to directories
        return None
    if e.directory.endswith("GPS") and name in (
        "GPSLatitude",
        "GPSLongitude",
        "GPSLatitudeRef",
        "GPSLongitudeRef",
        "GPSVersionID",
    ):
        return None
    return Item(WORDS if group == DATA else group, name, place, _text(tiff, e), at + e.at)


def _text(tiff: Tiff, e: Entry) -> str:
    raw = tiff.raw(e)
    if 0x9C9B <= e.tag <= 0x9C9F:
        return shown(raw.decode("utf-16-le", "replace").rstrip("\0"))
    if e.kind == 7:
        text = raw[8:] if raw[:5] in (b"ASCII", b"UNICO", b"JIS\0\0") else raw
        text = text.rstrip(b"\0 ")
        return (
            shown(text.decode("latin-1"))
            if text and all(32 <= c < 127 for c in text)
            else f"{e.size} bytes"
        )
    return shown(" ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in tiff.values(e)))


def _coordinates(tiff: Tiff, found: list[Entry], where: str, at: int) -> Found:
    by_tag = {e.tag: e for e in found}
    degrees = []
    for ref, tag in ((1, 2), (3, 4)):
        if tag not in by_tag:
            continue
        parts = [v for v in tiff.values(by_tag[tag]) if not isinstance(v, str)]
        value = sum(v / 60**i for i, v in enumerate(parts[:3]))
        sign = tiff.raw(by_tag[ref], 1) if ref in by_tag else b""
        degrees.append(f"{-value if sign in (b'S', b'W') else value:.6f}")
    if degrees:
        yield Item(
            PLACE,
            "GPS position",
            where,
            ", ".join(degrees),
            at + by_tag.get(2, by_tag.get(4, found[0])).at,
        )


def _pictures_of(tiff: Tiff, directory: str, found: list[Entry], where: str, at: int) -> Found:
    place = f"{where}/{directory}"
    by_tag = {e.tag: e for e in found}
    try:
        if 513 in by_tag and 514 in by_tag:
            start, size = tiff.whole(by_tag[513])[0], tiff.whole(by_tag[514])[0]
            yield Embedded(
                "thumbnail", place, tiff.reader.peek(start, min(size, LARGEST_BLOCK)), at + start
            )
        if "SubIFD" in directory and 273 in by_tag:
            for _, start, size in tiff.data(found):
                for offset, raw in jpegs(tiff.reader.peek(start, min(size, LARGEST_BLOCK))):
                    yield Embedded("preview", place, raw, at + start + offset)
    except (Broken, IndexError):
        yield Item(PICTURES, "thumbnail", place, "its place makes no sense", at)
    if MAKER_NOTE in by_tag:
        note = by_tag[MAKER_NOTE]
        for offset, raw in jpegs(tiff.raw(note, LARGEST_BLOCK)):
            yield Embedded("preview", f"{place}/MakerNote", raw, at + note.at + offset)


def of_xmp(raw: bytes, where: str, at: int | None = None) -> Found:
    """Inspect every property of an XMP packet, and the pictures that it holds as text."""
    raw = raw[:LARGEST_BLOCK].strip(b"\0 \n\r\t")
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        yield unreadable(where, "XMP that defines entities, as no camera does", at)
        return
    try:
        root = ElementTree.fromstring(raw)
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as e:
        yield unreadable(
            where, f"XMP that cannot be parsed ({type(e).__name__}), {len(raw)} bytes", at
        )
        return
    count = 0
    for name, value in _properties(root):
        if (count := count + 1) > MOST_ITEMS:
            yield Item(DATA, "XMP", where, f"more than {MOST_ITEMS} properties", at)
            return
        yield from _of_property(name, value, where, at)
    if not count:
        yield Item(DATA, "XMP", where, "empty", at)


def _properties(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of everything with a value, inside any lists and structures."""
    waiting: list[tuple[ElementTree.Element, str]] = [(root, "")]
    while waiting:
        element, above = waiting.pop()
        name = _plain(element.tag)
        own = (
            above
            if name.split(":")[0] == "rdf"
            or name in ("li", "Bag", "Seq", "Alt", "RDF", "Description")
            else name
        )
        for key, value in element.attrib.items():
            plain = _plain(key)
            if plain not in ("about", "parseType", "lang", "xmptk", "resource", "nodeID", "ID"):
                yield plain, value
        if element.text and element.text.strip() and own:
            yield own, element.text.strip()
        waiting += [(child, own) for child in reversed(element)]


def _plain(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


_GAIN_OR_DEPTH = re.compile(r"(?i)^(gain ?map|hdrgainmap|hdrcapacity|depth|gdepth|focaltable)")
_MOTION = re.compile(r"(?i)motionphoto|microvideo")


def _of_property(name: str, value: str, where: str, at: int | None) -> Found:
    picture = _decoded(value)
    if picture:
        yield Embedded(name, where, picture, at)
    elif _MOTION.search(name):
        yield Item(PICTURES, name, where, shown(value), at)
    elif _GAIN_OR_DEPTH.search(name):
        yield Item(PICTURES, name, where, shown(value[:60]), at)
    elif name in ("PersonInImage", "PersonDisplayName", "Name"):
        yield Item(PERSON, name, where, shown(value), at)
    else:
        yield Item(group_of(name), name, where, shown(value), at)


def _decoded(value: str) -> bytes | None:
    text = value.lstrip()
    if not text.startswith(("/9j/", "iVBOR")):
        return None
    try:
        return base64.b64decode("".join(text.split()), validate=False)
    except (ValueError, binascii.Error):
        return None


_DATASETS = {
    (2, 5): "ObjectName", (2, 25): "Keywords", (2, 40): "SpecialInstructions",
    (2, 55): "DateCreated", (2, 60): "TimeCreated",
    (2, 62): "DigitalCreationDate", (2, 65): (
            "OriginatingProgram application"
        ), (2, 80): "By-line", (2, 85): "By-lineTitle",
    (2, 90): "City", (2, 92): "Sub-location", (2, 95): "Province-State", (2, 100): "Country code",
    (2, 101): "Country",
    (2, 103): "OriginalTransmissionReference", (2, 105): "Headline", (2, 110): "Credit",
    (2, 115): "Source", (2,
    116): "CopyrightNotice",
    (2, 118): "Contact", (2, 120): "Caption", (2, 122): "Caption Writer",
}  # fmt: skip


def of_iptc(raw: bytes, where: str, at: int | None = None) -> Found:
    """Inspect the datasets of IPTC's old format, and report anything else."""
    position = 0
    for _ in range(MOST_ITEMS):
        if raw[position : position + 1] != b"\x1c" or position + 5 > len(raw):
            break
        record, number, size = (
            raw[position + 1],
            raw[position + 2],
            int.from_bytes(raw[position + 3 : position + 5]),
        )
        if size & 0x8000:  # the length itself has a length: cameras never write that
            break
        value = raw[position + 5 : position + 5 + size]
        if record != 1 and (record, number) != (2, 0):
            name = _DATASETS.get((record, number), f"dataset {record}:{number}")
            yield Item(
                group_of(name), f"IPTC {name}", where, shown(value.decode("utf-8", "replace")), at
            )
        position += 5 + size
    yield from _rest(raw, position, where, "datasets of IPTC", at)


def _rest(raw: bytes, position: int, where: str, are: str, at: int | None) -> Found:
    """Report a rest that is cut off or of another kind. Zeros are padding."""
    if position > len(raw):
        yield unreadable(where, f"the last of the {are} is cut off", at)
    elif left := len(raw[position:].strip(b"\0")):
        yield unreadable(where, f"{left} bytes that are not {are}", at)


_RESOURCES = (b"8BIM", b"PHUT", b"DCSR", b"AgHg", b"MeSa")
"""Signatures of a resource: Photoshop's own, PhotoDeluxe's, and those of other programs (exiftool
has the same list)."""


def of_photoshop(raw: bytes, where: str, at: int | None = None) -> Found:
    """Inspect image resources: IPTC, thumbnails, EXIF, XMP, and the edit history."""
    position, others = 0, 0
    for _ in range(MOST_ITEMS):
        if raw[position : position + 4] not in _RESOURCES or position + 12 > len(raw):
            break
        number = int.from_bytes(raw[position + 4 : position + 6])
        name_size = raw[position + 6] + 1
        start = position + 6 + name_size + name_size % 2
        size = int.from_bytes(raw[start : start + 4])
        content = raw[start + 4 : start + 4 + size]
        place = f"{where}/8BIM {number}"
        if number == 1028:
            yield from of_iptc(content, place, at)
        elif number in (1033, 1036):
            yield Embedded("thumbnail", place, content[28:], at)
        elif number == 1058:
            yield from of_exif(content, place, at)
        elif number == 1060:
            yield from of_xmp(content, place, at)
        else:
            others += 1
        # Some writers omit the padding of the last resource.
        position = start + 4 + size + (size % 2 if start + 4 + size < len(raw) else 0)
    if others:
        yield Item(DATA, f"{others} resources of Photoshop", where, "", at)
    yield from _rest(raw, position, where, "resources of Photoshop", at)


def of_icc(raw: bytes, where: str, at: int | None = None) -> Found:
    """Inspect the profile's description, maker and date. A device's own profile identifies the
    device model."""
    if len(raw) < 132:
        yield unreadable(where, f"an ICC profile of {len(raw)} bytes", at)
        return
    maker, model = (raw[i : i + 4].decode("latin-1").strip("\0 ") for i in (48, 52))
    name = _icc_text(raw, b"desc")
    yield Item(
        DEVICE,
        "ICC profile",
        where,
        shown(", ".join(t for t in (name, maker, model) if t) or f"{len(raw)} bytes"),
        at,
    )
    if copyright_ := _icc_text(raw, b"cprt"):
        yield Item(PERSON, "ICC profile copyright", where, shown(copyright_), at)


def _icc_text(raw: bytes, wanted: bytes) -> str:
    for row in range(
        132, min(132 + 12 * int.from_bytes(raw[128:132]), len(raw) - 11, 132 + 12 * 100), 12
    ):
        if raw[row : row + 4] == wanted:
            at, size = (
                int.from_bytes(raw[row + 4 : row + 8]),
                int.from_bytes(raw[row + 8 : row + 12]),
            )
            content = raw[at : at + min(size, 4096)]
            if content[:4] == b"mluc":
                start, length = int.from_bytes(content[24:28]), int.from_bytes(content[20:24])
                return content[start : start + length].decode("utf-16-be", "replace")
            return content[12 if content[:4] == b"desc" else 8 :].split(b"\0")[0].decode("latin-1")
    return ""


def of_c2pa(size: int, where: str, at: int | None = None) -> Found:
    """Report a manifest of content credentials: who signed, with what, and often a thumbnail of the
    original picture."""
    yield Item(
        ORIGIN,
        "C2PA manifest",
        where,
        f"{size} bytes, signed: who made or edited it, when, with what",
        at,
    )
