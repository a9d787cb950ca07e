"""ISO base media files: the boxes of MP4, MOV, HEIF and AVIF, and the items and samples that they
point to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from efface.containers.parts import BROKEN, DEEPEST, MOST_SAMPLES, Broken, Part, Reader, part, word
from efface.containers.sound_formats import ENTRIES

HEADS = {
    b"moov": 0, b"trak": 0, b"edts": 0, b"mdia": 0, b"minf": 0, b"dinf": 0, b"stbl": 0, b"udta": 0,
    b"ilst": 0, b"moof": 0,
    b"traf": 0,
    b"mfra": 0, b"mvex": 0, b"gmhd": 0, b"tapt": 0, b"sinf": 0, b"schi": 0, b"iprp": 0, b"ipco": 0,
    b"tref": 0, b"jumb": 0,
    b"grpl": 0,
    b"strk": 0, b"meco": 0, b"iref": 4, b"dref": 8, b"stsd": 8, b"iinf": 6,
}  # fmt: skip
"""Boxes that contain boxes, and the number of bytes before the first of these."""

VIDEO_ENTRIES = frozenset(
    (
        b"avc1",
        b"avc3",
        b"hvc1",
        b"hev1",
        b"av01",
        b"vp08",
        b"vp09",
        b"mp4v",
        b"encv",
        b"dvh1",
        b"dvhe",
        b"jpeg",
    )
)
SOUND_ENTRIES = ENTRIES | {b"enca", b"lpcm"}
_ENTRY_HEADS = dict.fromkeys(VIDEO_ENTRIES, 78) | dict.fromkeys(SOUND_ENTRIES, 28)
_SOUND_VERSIONS = {1: 16, 2: 36}
"""Extra bytes in QuickTime's sound entries of versions 1 and 2."""


def walk(reader: Reader) -> Iterator[Part]:
    """Yield every box with its path."""
    yield from boxes(reader, 0, reader.size, (), 0)


def boxes(reader: Reader, at: int, end: int, above: tuple[str, ...], depth: int) -> Iterator[Part]:
    """Yield the boxes from `at` to `end`, each before its children."""
    while at < end:
        try:
            size, head, name = _lead(reader, at, end)
        except Broken as e:
            # QuickTime ends a list of user data with four zero bytes.
            if end - at == 4 and not any(reader.peek(at, 4)):
                return
            yield part(reader, (*above, BROKEN), at, end - at, str(e))
            return
        path = (*above, _spelled(reader, name, at))
        yield part(reader, path, at + head, size - head)
        inner = _inner(reader, name, at + head, at + size, above) if depth < DEEPEST else None
        if inner is not None:
            yield from boxes(reader, inner, at + size, path, depth + 1)
        at += size


def _lead(reader: Reader, at: int, end: int) -> tuple[int, int, bytes]:
    """Return the box's size including its header, the size of the header, and the name."""
    if at + 8 > end:
        raise Broken("no box")
    size, name, head = reader.number(at, 4), reader.read(at + 4, 4), 8
    if size == 1:
        size, head = reader.number(at + 8, 8), 16
    elif size == 0 and end == reader.size:  # 0 means up to the end of the file
        size = end - at
    if name == b"uuid":
        head += 16
    if size < head or at + size > end:
        raise Broken(f"box {word(name)} has no possible size")
    return size, head, name


def _spelled(reader: Reader, name: bytes, at: int) -> str:
    if name == b"uuid":
        return (
            "uuid "
            + reader.peek(at + (24 if reader.peek(at, 4) == b"\0\0\0\1" else 16) - 8, 16).hex()
        )
    return word(name)


def _inner(reader: Reader, name: bytes, at: int, end: int, above: tuple[str, ...]) -> int | None:
    """Return where the child boxes begin, or None if the box has no children."""
    head = HEADS.get(name)
    if name == b"meta":  # QuickTime's `meta` has no version before its boxes
        head = 0 if reader.peek(at + 4, 4) in (b"hdlr", b"keys", b"ilst") else 4
    elif name == b"iinf" and reader.peek(at, 1) not in (b"", b"\0"):
        head = 8
    elif above and above[-1] == "ilst":
        head = 0
    elif above and above[-1] == "stsd":
        head = _ENTRY_HEADS.get(name)
        if name in SOUND_ENTRIES:
            head = 28 + _SOUND_VERSIONS.get(int.from_bytes(reader.peek(at + 8, 2)), 0)
    return at + head if head is not None and at + head <= end else None


@dataclass(slots=True)
class Track:
    """A track of a video, and where its samples lie.

    handler  four letters: "vide", "soun", "meta", "text", ...
    entries  names of the sample entries: "avc1", "mp4a", "gpmd", ...
    """

    number: int
    handler: str = ""
    entries: list[str] = field(default_factory=list)
    boxes: dict[str, Part] = field(default_factory=dict)


MOST_TRACKS = 256


def tracks(parts: list[Part], reader: Reader) -> list[Track]:
    """Return the tracks of a video, from its parts."""
    found: list[Track] = []
    for p in parts:
        if p.path == ("moov", "trak"):
            if len(found) == MOST_TRACKS:
                break
            found.append(Track(len(found) + 1))
        elif p.path[:2] == ("moov", "trak") and found:
            track = found[-1]
            track.boxes.setdefault(p.name, p)
            if p.path == ("moov", "trak", "mdia", "hdlr"):
                track.handler = word(at(reader, p, 8, 4))
            elif len(p.path) == 7 and p.path[5] == "stsd":
                track.entries.append(p.name)
    return found


def at(reader: Reader, p: Part, offset: int, size: int) -> bytes:
    """Return bytes of a part's content; fewer than `size` if the content ends first."""
    return reader.peek(p.at - reader.start + offset, max(0, min(size, p.size - offset)))


def samples(track: Track, reader: Reader) -> Iterator[tuple[int, int]]:
    """Yield place and size of each sample of a track, from its tables. Raises Broken."""
    sizes, chunks, runs = (
        track.boxes.get(n) for n in ("stsz", "co64" if "co64" in track.boxes else "stco", "stsc")
    )
    if sizes is None or chunks is None or runs is None:
        raise Broken("a track without tables")
    wide = 8 if chunks.name == "co64" else 4
    fixed, total = _table(reader, sizes, 4), _table(reader, sizes, 8)
    count, run_count = _table(reader, chunks, 4), _table(reader, runs, 4)
    index = run = bytes_seen = 0
    for chunk in range(count):
        while run + 1 < run_count and _table(reader, runs, 8 + 12 * (run + 1)) <= chunk + 1:
            run += 1
        place = _table(reader, chunks, 8 + wide * chunk, wide)
        for _ in range(_table(reader, runs, 8 + 12 * run + 4)):
            if index >= total:
                return
            size = fixed or _table(reader, sizes, 12 + 4 * index)
            bytes_seen += size
            if (
                place + size > reader.start + reader.size
                or index >= MOST_SAMPLES
                or bytes_seen > 2 * reader.size
            ):
                raise Broken("its samples cannot all be in this file")
            yield place, size
            place, index = place + size, index + 1


def _table(reader: Reader, p: Part, offset: int, size: int = 4) -> int:
    raw = at(reader, p, offset, size)
    if len(raw) < size:
        raise Broken(f"the table {p.name} is too short")
    return int.from_bytes(raw)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a HEIF or AVIF file: a picture, or metadata about one.

    kind     four letters: "hvc1", "grid", "Exif", "mime", ...
    mime     MIME type of a "mime" item.
    extents  (place in the file, size) of its pieces.
    """

    number: int
    kind: str
    mime: str
    extents: tuple[tuple[int, int], ...]


MOST_ITEMS = 4096


def items(parts: list[Part], reader: Reader) -> list[Item]:
    """Return the items of the outermost `meta` box. Raises Broken."""
    places = _places(parts, reader)
    found: list[Item] = []
    for p in parts:
        if p.path == ("meta", "iinf", "infe") and len(found) < MOST_ITEMS:
            version, wide = at(reader, p, 0, 1), 4 if at(reader, p, 0, 1) == b"\x03" else 2
            if version not in (b"\x02", b"\x03"):
                continue
            number = int.from_bytes(at(reader, p, 4, wide))
            kind = word(at(reader, p, 4 + wide + 2, 4))
            texts = at(reader, p, 4 + wide + 6, 512).split(b"\0")
            mime = texts[1].decode("latin-1") if kind == "mime" and len(texts) > 1 else ""
            found.append(Item(number, kind, mime, tuple(places.get(number, ()))))
    return found


def _places(parts: list[Part], reader: Reader) -> dict[int, list[tuple[int, int]]]:
    box = next((p for p in parts if p.path == ("meta", "iloc")), None)
    inside = next((p for p in parts if p.path == ("meta", "idat")), None)
    if box is None:
        return {}
    cursor = _Cursor(reader, box)
    version = cursor.take(4) >> 24
    nibbles = cursor.take(2)
    offset_size, length_size, base_size, index_size = (nibbles >> s & 15 for s in (12, 8, 4, 0))
    found: dict[int, list[tuple[int, int]]] = {}
    for _ in range(min(cursor.take(4 if version == 2 else 2), MOST_ITEMS)):
        number = cursor.take(4 if version == 2 else 2)
        method = cursor.take(2) & 15 if version else 0
        cursor.take(2)  # data in another file; not followed
        base = cursor.take(base_size) + (inside.at if method == 1 and inside else 0)
        for _ in range(min(cursor.take(2), MOST_ITEMS)):
            cursor.take(index_size if version else 0)
            offset, size = cursor.take(offset_size), cursor.take(length_size)
            if method < 2:
                found.setdefault(number, []).append((base + offset, size))
    return found


class _Cursor:
    def __init__(self, reader: Reader, box: Part) -> None:
        self._reader, self._box, self._at = reader, box, 0

    def take(self, size: int) -> int:
        value = _table(self._reader, self._box, self._at, size)
        self._at += size
        return value
