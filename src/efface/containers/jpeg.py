"""JPEG files: segments up to the end of the picture, and any bytes after it."""

from __future__ import annotations

from collections.abc import Iterator

from efface.containers.parts import BROKEN, TAIL, Broken, Part, Reader, part, rest

_NAMES = {
    0xC4: "DHT", 0xC8: "JPG", 0xCC: "DAC", 0xDA: "SOS", 0xDB: "DQT", 0xDC: "DNL", 0xDD: "DRI",
    0xDE: "DHP", 0xDF: "EXP",
    0xFE: "COM",
}  # fmt: skip
_MOST_NAME_BYTES = 40
"""Look for the zero byte that ends an APP segment's name in this many bytes."""

PICTURE = "picture"
"""Part name of the compressed data."""


def walk(reader: Reader) -> Iterator[Part]:
    """Yield segments by name. APP segments also carry the word at their start: "APP1 Exif"."""
    if reader.peek(0, 2) != b"\xff\xd8":
        yield part(reader, (BROKEN,), 0, reader.size, "no start of a JPEG")
        return
    at = 2
    try:
        while True:
            at = _mark(reader, at)
            marker = reader.number(at + 1, 1)
            if marker == 0xD9:
                break
            if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # markers without content
                yield part(reader, (f"0x{marker:02x}",), at + 2, 0)
                at += 2
                continue
            size = reader.number(at + 2, 2) - 2
            content = reader.read(at + 4, size)
            yield part(reader, (_name(marker, content),), at + 4, size)
            at += 4 + size
            if marker == 0xDA:
                end = _after_scan(reader, at)
                yield part(reader, (PICTURE,), at, end - at)
                at = end
    except Broken as e:
        yield from rest(reader, (), at, BROKEN, str(e))
        if at >= reader.size:
            yield part(reader, (BROKEN,), reader.size, 0, "it has no end")
        return
    yield from rest(reader, (), at + 2, TAIL)


def _mark(reader: Reader, at: int) -> int:
    """Return the next marker. Any number of 0xFF bytes may precede one."""
    if reader.number(at, 1) != 0xFF:
        raise Broken("no segment begins here")
    while reader.number(at + 1, 1) == 0xFF:
        at += 1
    return at


def _name(marker: int, content: bytes) -> str:
    if 0xE0 <= marker <= 0xEF:
        lead = (
            content[:_MOST_NAME_BYTES]
            .split(b"\0")[0]
            .split(b":")[-1 if content[:5] == b"http:" else 0]
        )
        text = lead.decode("latin-1")
        mark = _KNOWN.get(content[:29]) or (text if text.isprintable() and text.isascii() else "")
        return f"APP{marker - 0xE0} {mark}".strip()
    if 0xC0 <= marker <= 0xCF and marker not in _NAMES:
        return f"SOF{marker - 0xC0}"
    return _NAMES.get(marker, f"0x{marker:02x}")


_KNOWN = {
    b"http://ns.adobe.com/xap/1.0/\0": "XMP",
    b"http://ns.adobe.com/xmp/exten": "XMP extended",
}


def _after_scan(reader: Reader, at: int) -> int:
    """Return the first marker after compressed data. Stuffed zeros and restart markers belong to
    the data."""
    while True:
        at = reader.find(b"\xff", at)
        if at < 0:
            raise Broken("the picture breaks off")
        following = reader.number(at + 1, 1)
        if following != 0 and following != 0xFF and not 0xD0 <= following <= 0xD7:
            return at
        at += 1 if following == 0xFF else 2
