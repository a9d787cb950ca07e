"""Inspect a photo part by part."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator

from efface.containers import boxes, gif, jpeg
from efface.containers.parts import BROKEN, GAP, TAIL, Broken, Part, Reader, names
from efface.containers.tiff import Tiff
from efface.containers.walk import walk
from efface.inspection import tags
from efface.inspection.items import (
    DATA,
    PICTURES,
    SOFTWARE,
    TIME,
    Embedded,
    Item,
    group_of,
    shown,
    unreadable,
)
from efface.inspection.tags import LARGEST_BLOCK, Found
from efface.media.still.embedded import LARGEST_STRETCH, jpegs

_JPEG_PLAIN = frozenset(
    ("DQT", "DHT", "DRI", "SOS", "EOI", jpeg.PICTURE, *(f"SOF{i}" for i in range(16)))
)
_PNG_PLAIN = names(
    "IHDR IDAT IEND PLTE tRNS gAMA cHRM sRGB sBIT bKGD hIST pHYs acTL fcTL fdAT cICP mDCV cLLI"
)
_WEBP_PLAIN = names("WEBP VP8 VP8L VP8X ALPH ANIM ANMF")


def of_photo(reader: Reader, name: str) -> Found:
    """Yield items and embedded pictures of a photo of that format."""
    rule = {
        "jpeg": _of_jpeg,
        "png": _of_png,
        "webp": _of_webp,
        "gif": _of_gif,
        "tiff": _of_tiff,
    }.get(name, _of_items)
    yield from rule(reader)


def broken(p: Part) -> Item:
    """Make the item for a malformed part."""
    return unreadable(p.where, f"{p.note}; {p.size} bytes", p.at)


def of_tail(reader: Reader, p: Part) -> Found:
    """Inspect the bytes after the end: pictures, videos, archives, or anything else."""
    raw = boxes.at(reader, p, 0, LARGEST_STRETCH)
    what = []
    film = raw.find(b"ftyp")
    if film >= 4:
        what.append("a film")
        yield Item(
            PICTURES,
            "motion photo film",
            TAIL,
            f"{p.size - film + 4} bytes, with its own faces and sound; not looked at",
            p.at + film - 4,
        )
    for offset, picture in jpegs(raw):
        yield Embedded("picture", TAIL, picture, p.at + offset)
        what.append("a picture")
    what += ["a zip archive"] if b"PK\x03\x04" in raw else []
    counted = ", ".join(f"{w} ({n})" if n > 1 else w for w, n in Counter(what).items())
    yield Item(
        DATA,
        "data after the end",
        TAIL,
        f"{p.size} bytes" + (f": {counted}" if counted else ""),
        p.at,
    )


def _of_jpeg(reader: Reader) -> Found:
    extended: dict[bytes, dict[int, bytes]] = {}
    unknown: Counter[str] = Counter()
    photoshop = bytearray()
    for p in walk(reader, "jpeg"):
        raw = boxes.at(reader, p, 0, 1 << 16) if p.name not in _JPEG_PLAIN else b""
        if p.name in _JPEG_SEGMENTS:
            yield from _JPEG_SEGMENTS[p.name](raw, p)
        elif p.name == "APP1 XMP extended":
            if sum(len(v) for pieces in extended.values() for v in pieces.values()) < LARGEST_BLOCK:
                extended.setdefault(raw[35:67], {})[int.from_bytes(raw[71:75])] = raw[75:]
        elif p.name == "APP13 Photoshop 3.0":
            photoshop += raw[14:]
        elif p.name.startswith("APP11") and b"jumb" in raw[:32]:
            if not unknown["jumb"]:
                yield from tags.of_c2pa(p.size, p.name, p.at)
            unknown["jumb"] += 1
        elif p.name == TAIL:
            yield from of_tail(reader, p)
        elif p.name == BROKEN:
            yield broken(p)
        elif p.name not in _JPEG_PLAIN:
            unknown[p.name] += 1
            yield from _of_unknown_segment(raw, p, is_first=unknown[p.name] == 1)
    yield from tags.of_photoshop(bytes(photoshop[:LARGEST_BLOCK]), "APP13 Photoshop 3.0")
    for pieces in extended.values():
        yield from tags.of_xmp(b"".join(pieces[i] for i in sorted(pieces)), "APP1 XMP extended")


def _of_unknown_segment(raw: bytes, p: Part, *, is_first: bool) -> Found:
    if is_first:
        yield Item(DATA, f"segment {p.name}", "", f"{p.size} bytes", p.at)
    for offset, picture in jpegs(raw):
        yield Embedded("picture", p.name, picture, p.at + offset)


def _of_icc_segment(raw: bytes, p: Part) -> Found:
    if raw[12:13] == b"\1":
        yield from tags.of_icc(raw[14:], p.name, p.at + 14)


def _of_mpf(raw: bytes, p: Part) -> Found:
    text = f"{p.size} bytes: previews, depth or gain maps, or frames"
    yield Item(PICTURES, "list of further pictures", p.name, text, p.at)


def _of_comment(raw: bytes, p: Part) -> Found:
    yield Item("words", "comment", p.name, shown(raw.decode("utf-8", "replace")), p.at)


def _of_adobe(raw: bytes, p: Part) -> Found:
    text = "written by a program of Adobe's, or like one"
    yield Item(SOFTWARE, "Adobe marker", p.name, text, p.at)


def _of_jfif(raw: bytes, p: Part) -> Found:
    if len(raw) >= 14 and raw[12] and raw[13]:
        yield Item(PICTURES, "thumbnail", p.name, f"{raw[12]} x {raw[13]}, not looked at", p.at)


_JPEG_SEGMENTS: dict[str, Callable[[bytes, Part], Found]] = {
    "APP1 Exif": lambda raw, p: tags.of_exif(raw[6:], p.name, p.at + 6),
    "APP1 XMP": lambda raw, p: tags.of_xmp(raw[29:], p.name, p.at + 29),
    "APP2 ICC_PROFILE": _of_icc_segment,
    "APP0 JFIF": _of_jfif,
    "APP0 JFXX": lambda raw, p: iter([Embedded("thumbnail", p.name, raw[6:], p.at + 6)]),
    "APP2 MPF": _of_mpf,
    "COM": _of_comment,
    "APP14 Adobe": _of_adobe,
}
"""What tells about each segment that stands for itself."""


def _of_png(reader: Reader) -> Found:
    for p in walk(reader, "png"):
        raw = (
            boxes.at(reader, p, 0, LARGEST_BLOCK)
            if p.name not in _PNG_PLAIN and not p.name.startswith("(")
            else b""
        )
        match p.name:
            case "tEXt" | "zTXt" | "iTXt":
                yield from _of_text(p, raw)
            case "eXIf":
                yield from tags.of_exif(raw, p.name, p.at)
            case "iCCP":
                yield from _of_packed_icc(p, raw)
            case "tIME" if len(raw) == 7:
                year = int.from_bytes(raw[:2])
                yield Item(
                    TIME,
                    "last change",
                    p.name,
                    f"{year}-{raw[2]:02}-{raw[3]:02} {raw[4]:02}:{raw[5]:02}:{raw[6]:02}",
                    p.at,
                )
            case "caBX":
                yield from tags.of_c2pa(p.size, p.name, p.at)
            case _ if p.name == TAIL:
                yield from of_tail(reader, p)
            case _ if p.name == BROKEN:
                yield broken(p)
            case _ if p.name not in _PNG_PLAIN:
                yield Item(DATA, f"chunk {p.name}", "", f"{p.size} bytes", p.at)


def _of_packed_icc(p: Part, raw: bytes) -> Found:
    profile, why = _unpacked(raw[raw.find(b"\0") + 2 :])
    if why:
        yield unreadable(p.name, why, p.at)
    if profile:
        yield from tags.of_icc(profile, p.name, p.at)


def _of_text(p: Part, raw: bytes) -> Found:
    keyword, _, content = raw.partition(b"\0")
    name, why = shown(keyword.decode("latin-1")), ""
    if p.name == "zTXt":
        content, why = _unpacked(content[1:])
    elif p.name == "iTXt":
        is_packed = content[:1] == b"\1"
        content = content[2:].split(b"\0", 2)[-1]
        content, why = _unpacked(content) if is_packed else (content, "")
    if why:
        yield unreadable(f"{p.name} {name}", why, p.at)
    if content or not why:
        yield from _of_words(name, content, p)


def _of_words(name: str, content: bytes, p: Part) -> Found:
    if name == "XML:com.adobe.xmp":
        yield from tags.of_xmp(content, p.name, p.at)
    elif name.startswith("Raw profile type"):
        yield from _of_raw_profile(name, content, p)
    else:
        group = group_of(name)
        yield Item(
            "words" if group == DATA else group,
            name,
            p.name,
            shown(content[:4096].decode("utf-8", "replace")),
            p.at,
        )


def _of_raw_profile(name: str, content: bytes, p: Part) -> Found:
    """Inspect a profile that ImageMagick stored in a PNG: EXIF or IPTC in hexadecimal, after a line
    with the length."""
    words = content.split()
    length, digits = b"".join(words[1:2]), b"".join(words[2:])
    try:
        raw = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        yield unreadable(
            f"{p.name} {name}", f"it is not in hexadecimal; {len(content)} bytes", p.at
        )
        return
    if length != b"%d" % len(raw):
        yield unreadable(
            f"{p.name} {name}", f"it holds {len(raw)} bytes, and says another number", p.at
        )
    if not raw:
        return
    if name.endswith(("exif", "APP1")):
        yield from tags.of_exif(raw.removeprefix(b"Exif\0\0"), f"{p.name} {name}", p.at)
    elif name.endswith("xmp"):
        yield from tags.of_xmp(raw, f"{p.name} {name}", p.at)
    else:
        yield from tags.of_photoshop(raw, f"{p.name} {name}", p.at)
        yield Item(DATA, name, p.name, f"{len(content)} bytes", p.at)


def _unpacked(raw: bytes) -> tuple[bytes, str]:
    """Return the content of a compressed part, and why it is incomplete: empty if it is not."""
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(raw, LARGEST_BLOCK)
    except zlib.error:
        return b"", f"it is compressed, and cannot be unpacked; {len(raw)} bytes"
    return (
        content,
        ""
        if unpacker.eof
        else f"it is compressed, and only its first {len(content)} bytes could be unpacked",
    )


def _of_webp(reader: Reader) -> Found:
    for p in walk(reader, "webp"):
        raw = boxes.at(reader, p, 0, LARGEST_BLOCK) if p.name in ("EXIF", "XMP", "ICCP") else b""
        match p.name:
            case "EXIF":
                yield from tags.of_exif(raw.removeprefix(b"Exif\0\0"), p.name, p.at)
            case "XMP":
                yield from tags.of_xmp(raw, p.name, p.at)
            case "ICCP":
                yield from tags.of_icc(raw, p.name, p.at)
            case "C2PA":
                yield from tags.of_c2pa(p.size, p.name, p.at)
            case _ if p.name == TAIL:
                yield from of_tail(reader, p)
            case _ if p.name == BROKEN:
                yield broken(p)
            case _ if p.name not in _WEBP_PLAIN:
                yield Item(DATA, f"chunk {p.name}", p.where, f"{p.size} bytes", p.at)


def _of_gif(reader: Reader) -> Found:
    for p in walk(reader, "gif"):
        raw = (
            boxes.at(reader, p, 0, LARGEST_BLOCK)
            if p.name not in ("picture", "control") and not p.name.startswith("(")
            else b""
        )
        if p.name in ("comment", "plain text"):
            yield Item(
                "words", p.name, p.name, shown(gif.joined(raw).decode("utf-8", "replace")), p.at
            )
        elif p.name.startswith("application XMP Data"):
            start = 12
            yield from tags.of_xmp(raw[start:].split(b"\1\xff\xfe")[0], p.name, p.at + start)
        elif p.name.startswith("application ICCRGBG1"):
            yield from tags.of_icc(gif.joined(raw)[11:], p.name, p.at)
        elif p.name == TAIL:
            yield from of_tail(reader, p)
        elif p.name == BROKEN:
            yield broken(p)
        elif p.name not in ("picture", "control", "application NETSCAPE2.0"):
            yield Item(DATA, p.name, p.name, f"{p.size} bytes", p.at)


_TIFF_BLOCKS = {700: tags.of_xmp, 33723: tags.of_iptc, 34377: tags.of_photoshop, 34675: tags.of_icc}


def _of_tiff(reader: Reader) -> Found:
    yield from tags.of_tiff(Tiff(reader), "TIFF")
    tiff = Tiff(reader)
    for e in tiff.entries():
        if e.tag in _TIFF_BLOCKS:
            yield from _TIFF_BLOCKS[e.tag](
                tiff.raw(e, LARGEST_BLOCK), f"TIFF/{e.directory}/tag {e.tag}", e.at
            )
    for p in walk(reader, "tiff"):
        if p.name == GAP:
            yield from of_tail(reader, p)
        elif p.name == BROKEN:
            yield broken(p)


def _exif_start(raw: bytes) -> int:
    """Return where the TIFF in an item begins. Four bytes state it, but some writers state it
    wrongly."""
    skip = 4 + int.from_bytes(raw[:4])
    if raw[skip : skip + 2] in (b"II", b"MM"):
        return skip
    return 10 if raw[4:10] == b"Exif\0\0" else 4


_AUXILIARY = (
    ("depth", "depth map"), ("auxid:2", "depth map"), ("gainmap", "gain map"), ("matte",
    "cut-out of a person or a part of one"),
    ("alpha", ""), ("auxid:1", ""),
)  # fmt: skip
_ITEM_PLAIN = names(
    "ftyp meta mdat free skip wide hdlr pitm iloc iinf infe iprp ipco ipma iref dinf dref idat grpl"
) | {"url "}


def _of_items(reader: Reader) -> Found:
    """Inspect HEIF and AVIF: the items, and the boxes beside them."""
    parts = list(walk(reader, "heif"))
    yield from of_boxes(reader, parts)
    try:
        found = boxes.items(parts, reader)
    except Broken as e:
        yield Item(DATA, "items", "meta/iloc", f"cannot be found: {e}")
        return
    for item in found:
        yield from _of_item(reader, item)
    yield from _of_further_pictures(parts, Counter(item.kind for item in found))
    for p in parts:
        yield from _of_property(reader, p)


def _of_item(reader: Reader, item: boxes.Item) -> Found:
    raw = b"".join(
        reader.peek(a - reader.start, min(size, LARGEST_BLOCK)) for a, size in item.extents[:64]
    )
    at = item.extents[0][0] if item.extents else None
    where = f"item {item.number} ({item.kind})"
    if item.kind == "Exif":
        skip = _exif_start(raw)
        yield from tags.of_exif(raw[skip:], where, at + skip if at is not None else None)
    elif item.kind == "mime" and "xml" in item.mime:
        yield from tags.of_xmp(raw, where, at)
    elif (item.kind == "mime" and "c2pa" in item.mime) or item.kind == "jumb":
        yield from tags.of_c2pa(len(raw), where, at)
    elif item.kind == "jpeg":
        yield Embedded("picture", where, raw, at)
    elif item.kind == "tmap":
        yield Item(PICTURES, "gain map", where, "", at)
    elif item.kind not in ("hvc1", "av01", "grid", "iden", "iovl"):
        yield Item(DATA, f"item {item.kind} {item.mime}".strip(), where, f"{len(raw)} bytes", at)


def _of_further_pictures(parts: list[Part], kinds: Counter[str]) -> Found:
    if any(p.name == "thmb" for p in parts):
        text = "HEIF keeps it beside the picture; not looked at"
        yield Item(PICTURES, "thumbnail", "meta/iref/thmb", text)
    pictures = kinds["hvc1"] + kinds["av01"]
    if kinds["grid"] == 0 and pictures > 1:
        text = f"{pictures} pictures in all; not looked at"
        yield Item(PICTURES, "further pictures", "meta/iinf", text)


def _of_property(reader: Reader, p: Part) -> Found:
    if p.name == "auxC":
        urn = boxes.at(reader, p, 4, 200).split(b"\0")[0].decode("latin-1")
        what = next((w for key, w in _AUXILIARY if key in urn.lower()), "auxiliary picture")
        if what:
            yield Item(PICTURES, what, p.where, shown(urn), p.at)
    elif p.name == "colr" and boxes.at(reader, p, 0, 4) in (b"prof", b"rICC"):
        yield from tags.of_icc(boxes.at(reader, p, 4, LARGEST_BLOCK), p.where, p.at + 4)


C2PA = "uuid d8fec3d61b0e483c92975828877ec481"
XMP = "uuid be7acfcb97a942e89c71999491e3afac"


def of_boxes(reader: Reader, parts: list[Part]) -> Iterator[Item | Embedded]:
    """Inspect boxes beside items or tracks: manifests, XMP, videos of motion photos, and unknown
    ones."""
    for p in parts:
        if p.name == C2PA:
            yield from tags.of_c2pa(p.size, p.where, p.at)
        elif p.name == XMP:
            yield from tags.of_xmp(boxes.at(reader, p, 0, LARGEST_BLOCK), p.where, p.at)
        elif p.name == "mpvd":
            yield Item(
                PICTURES,
                "motion photo film",
                p.where,
                f"{p.size} bytes, with its own faces and sound; not looked at",
                p.at,
            )
        elif p.name == BROKEN:
            yield (
                broken(p)
                if len(p.path) > 1
                else Item(DATA, "data after the last box", p.where, f"{p.size} bytes", p.at)
            )
        elif (
            len(p.path) == 1
            and p.name not in _ITEM_PLAIN
            and not p.name.startswith(("moov", "moof", "mfra", "sidx", "styp", "pnot"))
        ):
            yield Item(DATA, f"box {p.name}", "", f"{p.size} bytes", p.at)
        elif p.name in ("free", "skip") and any(boxes.at(reader, p, 0, 4096)):
            yield Item(DATA, f"box {p.name} with content", p.where, f"{p.size} bytes", p.at)
