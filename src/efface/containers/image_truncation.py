"""Detect missing data in WebP, GIF, HEIF and AVIF files from their sizes, and wrong data in PNG
files.

PNG has checksums, but its decoder does not compare them. The other formats have none, and their
decoders continue where data end early. Three kinds of damage show without decoding: parts that
reach beyond the end of the file, broken chains of parts, and pictures whose units do not add up to
their stated size. Truncated metadata is accepted, since it is discarded anyway. Flipped bits inside
a unit cannot be detected.
"""

from __future__ import annotations

import zlib
from typing import IO

from efface.containers import boxes, gif
from efface.containers.parts import BROKEN, Broken, Part, Reader

_PICTURES = frozenset((b"VP8 ", b"VP8L", b"ALPH", b"ANMF"))
_ASIDE = frozenset((b"EXIF", b"XMP ", b"ICCP", b"ANIM", b"VP8X"))
_VP8_HEAD = 10
"""Bytes of a VP8 keyframe before its first partition."""

_ANMF_HEAD = 16
_PNG_PICTURES = frozenset((b"IDAT", b"fdAT", b"PLTE"))
"""PNG chunks that hold the picture."""

_STEP = 1 << 20
_LARGEST_UNIT = 1 << 26
"""Maximum number of bytes read of an item, so that a hostile file costs no more."""


def lacks_data(name: str, handle: IO[bytes]) -> bool:
    """Return whether picture data are missing or wrong.

    name: the format. The handle's position changes.
    """
    reader = Reader(handle)
    try:
        if name == "webp":
            return _webp_lacks(reader)
        if name == "png":
            return _png_is_wrong(reader)
        if name == "gif":
            return _gif_breaks_off(reader)
        return name in ("heif", "avif") and _items_lack(reader)
    except Broken:
        return True


def _png_is_wrong(reader: Reader) -> bool:
    """Return whether a checksum contradicts the picture's data.

    The decoder judges a truncated chunk.
    """
    at = 8
    while at + 12 <= reader.size:
        size, name = int.from_bytes(reader.read(at, 4)), reader.read(at + 4, 4)
        end = at + 8 + size
        if name == b"IEND" or end + 4 > reader.size:
            return False
        if name in _PNG_PICTURES and _checksum(reader, at + 4, end) != int.from_bytes(
            reader.read(end, 4)
        ):
            return True
        at = end + 4
    return False


def _gif_breaks_off(reader: Reader) -> bool:
    """Return whether a picture or an extension begins and does not end.

    The trailer may be missing.
    """
    broken = next((p for p in gif.walk(reader) if p.name == BROKEN), None)
    return broken is not None and reader.peek(broken.at, 1) in (b",", b"!")


def _checksum(reader: Reader, at: int, end: int) -> int:
    found = 0
    for start in range(at, end, _STEP):
        found = zlib.crc32(reader.read(start, min(_STEP, end - start)), found)
    return found


def _webp_lacks(reader: Reader) -> bool:
    stated = int.from_bytes(reader.read(4, 4), "little") + 8
    at = _end_of_chunks(reader, 12, min(stated, reader.size))
    if at < 0:
        return True
    rest = reader.peek(at, 4)
    return stated > reader.size and bool(rest) and rest not in _ASIDE


def _end_of_chunks(reader: Reader, at: int, end: int) -> int:
    """Return where the complete chunks end, or -1 if a chunk of the picture is incomplete."""
    while at + 8 <= end:
        name, size = reader.read(at, 4), int.from_bytes(reader.read(at + 4, 4), "little")
        if name in _PICTURES and (at + 8 + size > end or _is_short(reader, name, at + 8, size)):
            return -1
        if at + 8 + size > end:
            return at
        if not name.isascii():
            return -1
        at += 8 + size + size % 2
    return at


def _is_short(reader: Reader, name: bytes, at: int, size: int) -> bool:
    if name == b"VP8 ":
        head = int.from_bytes(reader.read(at, 3), "little")
        return _VP8_HEAD + (head >> 5) > size
    return name == b"ANMF" and _end_of_chunks(reader, at + _ANMF_HEAD, at + size) < 0


def _items_lack(reader: Reader) -> bool:
    parts = list(boxes.walk(reader))
    length = _length_size(parts, reader)
    for item in boxes.items(parts, reader):
        if item.kind in ("hvc1", "av01") and _item_lacks(item, reader, length):
            return True
    return any(
        _track_lacks(track, reader)
        for track in boxes.tracks(parts, reader)
        if track.handler in ("pict", "vide")
    )


def _track_lacks(track: boxes.Track, reader: Reader) -> bool:
    return any(place + size > reader.size for place, size in boxes.samples(track, reader))


def _item_lacks(item: boxes.Item, reader: Reader, length_size: int) -> bool:
    if any(place + size > reader.size for place, size in item.extents):
        return True
    if sum(size for _, size in item.extents) > _LARGEST_UNIT:
        return False
    data = b"".join(reader.read(place, size) for place, size in item.extents)
    return not (_units_fit(data, length_size) if item.kind == "hvc1" else _obus_fit(data))


def _length_size(parts: list[Part], reader: Reader) -> int:
    """Return the size in bytes of the length before each HEVC unit."""
    config = next((p for p in parts if p.name == "hvcC"), None)
    raw = boxes.at(reader, config, 21, 1) if config is not None else b""
    return (raw[0] & 3) + 1 if raw else 4


def _units_fit(data: bytes, length_size: int) -> bool:
    at = 0
    while at + length_size <= len(data):
        at += length_size + int.from_bytes(data[at : at + length_size])
    return at == len(data)


def _obus_fit(data: bytes) -> bool:
    """Return whether AV1's units end where the data end. The last unit may state no size."""
    at = 0
    while at < len(data):
        has_extension, has_size = data[at] >> 2 & 1, data[at] >> 1 & 1
        if data[at] & 0x80:  # a bit that is always 0
            return False
        at += 1 + has_extension
        if not has_size:
            return True
        size = shift = 0
        while True:
            if at >= len(data) or shift > 49:
                return False
            byte = data[at]
            size |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not byte & 0x80:
                break
        at += size
    return at == len(data)
