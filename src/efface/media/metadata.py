"""What may remain in a finished photo: the parts by name, for every format. Everything else is a stranger.

Writers put nothing else in; this module does not take their word for it. It walks the file that they left, part by part
up to the last byte, without any of the libraries that wrote it, and lists what no list below names. It knows the files
that efface writes, not all that a format allows: what cannot be walked is a stranger too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from efface.errors import SourceUnreadable
from efface.files import reason

PNG_CHUNKS = frozenset((b"IHDR", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"))
WEBP_CHUNKS = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"))
TIFF_TAGS = frozenset((256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 338))
JPEG_MARKERS = frozenset((0xDB, 0xC4, 0xC0, 0xC1, 0xC2, 0xDD))
"""DQT, DHT, SOF0 to SOF2, DRI. The two APP segments that may stand beside them are compared byte by byte."""
JFIF = b"JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00"
"""Version 1.1, no unit, 1:1, no thumbnail."""
ADOBE = b"Adobe\0"
"""Start of the 12 bytes that say how CMYK is stored; the rest are numbers."""
GIF_LOOP = b"\x0bNETSCAPE2.0"

BOXES = frozenset(
    (
        *(b"ftyp", b"meta", b"mdat", b"moov", b"free", b"hdlr", b"pitm", b"iloc", b"iinf", b"infe", b"iprp", b"ipco", b"ipma"),
        *(b"iref", b"auxl", b"ispe", b"pixi", b"hvcC", b"av1C", b"colr", b"auxC", b"irot", b"clap", b"auxi", b"ccst"),
        *(b"mvhd", b"trak", b"tkhd", b"tref", b"edts", b"elst", b"mdia", b"mdhd", b"minf", b"vmhd", b"dinf", b"dref", b"url "),
        *(b"stbl", b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"co64", b"stss", b"av01", b"grpl", b"altr", b"btrt"),
    )
)
_BOX_HEADS = {
    b"meta": 4, b"moov": 0, b"iinf": 6, b"iprp": 0, b"ipco": 0, b"iref": 4, b"trak": 0, b"edts": 0, b"mdia": 0, b"minf": 0,
    b"dinf": 0, b"dref": 8, b"stbl": 0, b"stsd": 8, b"av01": 78, b"tref": 0,
}  # fmt: skip
"""Boxes that hold boxes, and how many bytes stand before the first of them."""
ITEMS = frozenset((b"hvc1", b"av01"))


def strangers(path: Path, name: str) -> list[str]:
    """Parts of a finished photo of that format that nothing allows, in words. Raises SourceUnreadable."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e
    try:
        return list(_WALKS[name](data))
    except (struct.error, IndexError, ValueError) as e:
        return [f"a structure that cannot be walked ({e})"]


def _of_jpeg(data: bytes) -> Iterator[str]:
    if data[:2] != b"\xff\xd8":
        yield "no start of a JPEG"
    at = 2
    while data[at : at + 2] != b"\xff\xd9":
        marker, size = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        content = data[at + 4 : at + 2 + size]
        if data[at] != 0xFF or not _is_allowed_segment(marker, content):
            yield f"segment 0x{marker:02x}"
        at += 2 + size
        if marker == 0xDA:
            at = _after_scan(data, at)
    yield from _tail(data, at + 2)


def _is_allowed_segment(marker: int, content: bytes) -> bool:
    if marker == 0xE0:
        return content == JFIF
    if marker == 0xEE:
        return content.startswith(ADOBE) and len(content) == 12
    return marker in JPEG_MARKERS or marker == 0xDA


def _after_scan(data: bytes, at: int) -> int:
    """The first marker after compressed data; stuffed zeros and restart marks belong to the data."""
    while True:
        at = data.index(b"\xff", at)
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2


def _of_png(data: bytes) -> Iterator[str]:
    at, name = 8, b""
    while name != b"IEND":
        size, name = struct.unpack_from(">I4s", data, at)
        if name not in PNG_CHUNKS:
            yield f"chunk {_word(name)}"
        at += 12 + size
    yield from _tail(data, at)


def _of_webp(data: bytes) -> Iterator[str]:
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    yield from _riff(data, 12, end)
    yield from _tail(data, end)


def _riff(data: bytes, at: int, end: int) -> Iterator[str]:
    while at < end:
        name, size = struct.unpack_from("<4sI", data, at)
        if name not in WEBP_CHUNKS:
            yield f"chunk {_word(name)}"
        if name == b"ANMF":
            yield from _riff(data, at + 24, at + 8 + size)
        at += 8 + size + size % 2


def _of_gif(data: bytes) -> Iterator[str]:
    at = 13 + _table(data[10])
    while data[at] != 0x3B:
        if data[at] == 0x2C:
            at += 10 + _table(data[at + 9]) + 1
        elif data[at] == 0x21:
            if data[at + 1] != 0xF9 and not data.startswith(GIF_LOOP, at + 2):
                yield f"extension 0x{data[at + 1]:02x}"
            at += 2
        else:
            yield f"block 0x{data[at]:02x}"
            return
        while data[at]:
            at += 1 + data[at]
        at += 1
    yield from _tail(data, at + 1)


def _table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _of_tiff(data: bytes) -> Iterator[str]:
    """Also adds up what the tags point to: bytes that nothing points to are strangers."""
    used, blocks = 8, 0
    (at,) = struct.unpack_from("<I", data, 4)
    while at:
        (count,) = struct.unpack_from("<H", data, at)
        used += 6 + 12 * count
        blocks += 1
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, length = struct.unpack_from("<HHI", data, entry)
            if tag not in TIFF_TAGS:
                yield f"tag {tag}"
            size = length * {3: 2, 4: 4}.get(kind, 1)
            if size > 4:
                used, blocks = used + size, blocks + 1
            if tag == 279:
                start = entry + 8 if size <= 4 else struct.unpack_from("<I", data, entry + 8)[0]
                used += sum(struct.unpack_from(f"<{length}I", data, start))
                blocks += length
        (at,) = struct.unpack_from("<I", data, at + 2 + 12 * count)
    if not 0 <= len(data) - used <= blocks:  # one byte before a block keeps it at an even place
        yield f"{len(data) - used} bytes that no tag points to"


def _of_boxes(data: bytes) -> Iterator[str]:
    yield from _box_strangers(data, 0, len(data))


def _box_strangers(data: bytes, at: int, end: int) -> Iterator[str]:
    while at < end:
        size, name = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > end:
            yield f"{end - at} bytes that are no box"
            return
        content = data[at + 8 : at + size] if name != b"mdat" else b""
        if name not in BOXES or not _is_allowed_box(name, content):
            yield f"box {_word(name)}"
        if name in _BOX_HEADS:
            yield from _box_strangers(data, at + 8 + _BOX_HEADS[name], at + size)
        at += size


def _is_allowed_box(name: bytes, content: bytes) -> bool:
    """A profile in `colr`, an item that is no picture, a name, a date or padding with content would each tell something."""
    match name:
        case b"colr":
            return content[:4] == b"nclx" and len(content) == 11
        case b"infe":
            return content[8:12] in ITEMS and content[12:].rstrip(b"\0") in (b"", b"Color", b"Alpha")
        case b"hdlr":
            return content[8:12] in (b"pict", b"auxv") and not content[12:].strip(b"\0")
        case b"mvhd" | b"tkhd" | b"mdhd":
            return not any(content[4 : 20 if content[0] == 1 else 12])
        case b"free":
            return not any(content)
    return True


def _tail(data: bytes, end: int) -> Iterator[str]:
    if len(data) != end:
        yield f"{len(data) - end} bytes after the end"


def _word(name: bytes) -> str:
    return name.decode("latin-1")


_WALKS: dict[str, Callable[[bytes], Iterator[str]]] = {
    "jpeg": _of_jpeg,
    "png": _of_png,
    "webp": _of_webp,
    "gif": _of_gif,
    "tiff": _of_tiff,
    "heif": _of_boxes,
    "avif": _of_boxes,
}
