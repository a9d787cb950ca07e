"""TIFF: directories and their entries, in TIFF files and in the EXIF of other formats."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from efface.containers.parts import BROKEN, GAP, Broken, Part, Reader, part

SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Size of a value in bytes, by its type."""

POINTERS = {0x8769: "Exif", 0x8825: "GPS", 0xA005: "Interop", 0x014A: "SubIFD"}
MOST_ENTRIES = 4096
"""Maximum number of entries in one directory. Cameras write about a hundred."""
MOST_DIRECTORIES = 1 << 15
"""Maximum number of directories in one file. A TIFF has one for each page. By default efface opens
at most half as many pages, and the check must walk what it wrote to the end."""
MOST_ALL_ENTRIES = 20 * MOST_DIRECTORIES
"""Maximum number of entries in all directories together."""
MOST_VALUES = 64
"""Maximum number of values returned of one entry."""
_STRIPS = {273: 279, 324: 325, 513: 514, 288: 289}
"""Tags that hold positions of data, and the tags with their lengths: strips, tiles, the thumbnail,
free space."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `at` and `size` locate its values in the walked stretch; `kind` is TIFF's number
    of the type."""

    directory: str
    tag: int
    kind: int
    count: int
    at: int
    size: int


class Tiff:
    """The directories of a TIFF stretch. `spans` collects what was walked: (start, end)."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.spans: list[tuple[int, int]] = []
        self.troubles: list[tuple[int, str]] = []
        """Places at which the structure is malformed, and why."""

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of all directories, each directory once, even if directories point to
        one another."""
        try:
            waiting = [("IFD0", self._first())]
        except Broken as e:
            self.troubles.append((0, str(e)))
            return
        seen: set[int] = set()
        pages = entries = 0
        while waiting:
            name, at = waiting.pop(0)
            if len(seen) >= MOST_DIRECTORIES:
                self.troubles.append((at, "it has too many directories"))
                return
            if at in seen:
                self.troubles.append((at, "its directories go in circles"))
                continue
            seen.add(at)
            try:
                for entry in self._directory(name, at):
                    if (entries := entries + 1) > MOST_ALL_ENTRIES:
                        self.troubles.append((at, "it has too many entries"))
                        return
                    yield entry
                    if entry.tag in POINTERS and entry.kind in (3, 4, 13, 16, 18):
                        waiting += [
                            (self._below(name, entry.tag), place)
                            for place in self.whole(entry)[:MOST_VALUES]
                        ]
                following = self._number(self._end, self._wide)
                if following and name.startswith("IFD"):
                    pages += 1
                    waiting.append((f"IFD{pages}", following))
            except Broken as e:
                self.troubles.append((at, str(e)))

    def _below(self, name: str, tag: int) -> str:
        return POINTERS[tag] if name == "IFD0" else f"{name}/{POINTERS[tag]}"

    def _first(self) -> int:
        self._order = {b"II": "little", b"MM": "big"}.get(self.reader.read(0, 2), "")
        if not self._order:
            raise Broken("no start of a TIFF")
        is_big = self._number(2, 2) == 43
        self._wide, self._counts, self._step = (8, 8, 20) if is_big else (4, 2, 12)
        head = 16 if is_big else 8
        self.spans.append((0, head))
        return self._number(head - self._wide, self._wide)

    def _number(self, at: int, size: int) -> int:
        return self.reader.number(at, size, self._order)

    def _directory(self, name: str, at: int) -> Iterator[Entry]:
        count = self._number(at, self._counts)
        if count > MOST_ENTRIES:
            raise Broken(f"a directory of {count} entries")
        start = at + self._counts
        self._end = start + count * self._step
        self.reader.read(start, min(count * self._step, 1))
        for row in range(start, self._end, self._step):
            tag, kind = self._number(row, 2), self._number(row + 2, 2)
            many = self._number(row + 4, self._wide)
            size, place = many * SIZES.get(kind, 1), row + 4 + self._wide
            if size > self._wide:
                place = self._number(place, self._wide)
                if place + size > self.reader.size:
                    self.troubles.append((row, f"tag {tag} points beyond the end"))
                    continue
                self.spans.append((place, place + size))
            yield Entry(name, tag, kind, many, place, size)
        self.spans.append((at, self._end + self._wide))

    def whole(self, entry: Entry) -> list[int]:
        """Return an entry's integers, up to a bound. Raises Broken."""
        width = SIZES.get(entry.kind, 1)
        return [self._number(entry.at + i * width, width) for i in range(min(entry.count, 1 << 16))]

    def raw(self, entry: Entry, most: int = 1 << 16) -> bytes:
        """Return the bytes of an entry's values, up to a bound."""
        return self.reader.peek(entry.at, min(entry.size, most))

    def values(self, entry: Entry) -> list[int | float | str]:
        """Return up to MOST_VALUES values as Python types. A text counts as one value. Broken
        values are left out."""
        order = "<" if self._order == "little" else ">"
        if entry.kind in (2, 7):
            return [text_of(self.raw(entry))] if entry.kind == 2 else []
        letter = {
            1: "B",
            3: "H",
            4: "I",
            6: "b",
            8: "h",
            9: "i",
            11: "f",
            12: "d",
            13: "I",
            16: "Q",
            17: "q",
            18: "Q",
        }.get(entry.kind)
        if letter:
            count = min(entry.count, MOST_VALUES)
            raw = self.raw(entry, count * SIZES[entry.kind])
            return list(
                struct.unpack(
                    f"{order}{len(raw) // SIZES[entry.kind]}{letter}",
                    raw[: len(raw) // SIZES[entry.kind] * SIZES[entry.kind]],
                )
            )
        if entry.kind in (5, 10):
            raw = self.raw(entry, min(entry.count, MOST_VALUES) * 8)
            pairs = [
                struct.unpack_from(order + ("II" if entry.kind == 5 else "ii"), raw, i)
                for i in range(0, len(raw) - 7, 8)
            ]
            return [float(Fraction(a, b)) for a, b in pairs if b]
        return []

    def data(self, found: list[Entry]) -> Iterator[tuple[Entry, int, int]]:
        """Yield (entry, start, size) for the data that a directory's entries point to, such as
        strips and thumbnails."""
        by_tag = {e.tag: e for e in found}
        for tag, lengths in _STRIPS.items():
            if tag in by_tag and lengths in by_tag:
                for at, size in zip(
                    self.whole(by_tag[tag]), self.whole(by_tag[lengths]), strict=False
                ):
                    yield by_tag[tag], at, size


def text_of(raw: bytes) -> str:
    """Return the text up to the first zero byte, decoded as UTF-8 if valid, otherwise as
    Latin-1."""
    raw = raw.split(b"\0")[0].strip()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def walk(reader: Reader, above: tuple[str, ...] = ()) -> Iterator[Part]:
    """Yield the entries as parts, by directory and tag; then their data; then the bytes that
    nothing points to."""
    tiff = Tiff(reader)
    directories: dict[str, list[Entry]] = {}
    for entry in tiff.entries():
        directories.setdefault(entry.directory, []).append(entry)
        yield part(reader, (*above, entry.directory, f"tag {entry.tag}"), entry.at, entry.size)
    for name, found in directories.items():
        try:
            for entry, at, size in tiff.data(found):
                tiff.spans.append((at, at + size))
                yield part(reader, (*above, name, f"data of tag {entry.tag}"), at, size)
        except Broken as e:
            tiff.troubles.append((0, str(e)))
    for at, why in tiff.troubles:
        yield part(reader, (*above, BROKEN), at, 0, why)
    for start, end in gaps(tiff.spans, reader.size):
        yield part(reader, (*above, GAP), start, end - start)


def gaps(spans: list[tuple[int, int]], size: int, least: int = 2) -> Iterator[tuple[int, int]]:
    """Yield the gaps that no span covers. A single byte between two spans is alignment padding."""
    at = 0
    for start, end in sorted(spans):
        if start - at >= least:
            yield at, start
        at = max(at, end)
    if size - at >= least:
        yield at, size
