"""Parts of a file and the careful reading of them: what every walker shares.

Files are hostile. Nothing here believes a length: a read beyond the end raises `Broken`, a walk has a largest number of parts
and a
largest depth, and only a few bytes of each part are held in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

MOST_PARTS = 100_000
"""Of one file, samples aside. A film of three hours in fragments of two seconds has about 40,000 boxes."""

MOST_SAMPLES = 4_000_000
"""Ten hours of picture and sound have 3.5 million."""

DEEPEST = 24
"""Parts within parts. The deepest real nesting, an item of iTunes in a fragmented film, is nine."""

BROKEN = "(no structure)"
TAIL = "(after the end)"
GAP = "(between the parts)"
"""Names of what is no part: bytes that make no sense, bytes behind the end that the format states, bytes nothing points to."""

_WINDOW = 1 << 16


class Broken(Exception):
    """The structure makes no sense from here on. Never leaves this room: walkers turn it into a part of that name."""


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a file.

    path  names from the outermost part to this one, as the format spells them: ("moov", "udta", "©xyz").
    at    byte of the file at which its content begins.
    size  of the content in bytes; never beyond the end of the file.
    note  why nothing more is said of it, for BROKEN; otherwise what the name alone does not tell.
    """

    path: tuple[str, ...]
    at: int
    size: int
    note: str = ""

    @property
    def name(self) -> str:
        """The last of its names."""
        return self.path[-1]

    @property
    def where(self) -> str:
        """All of its names, for people."""
        return "/".join(self.path)


class Reader:
    """A stretch of an open file. Positions count from its start; `place` gives that of the file."""

    def __init__(self, handle: IO[bytes], start: int = 0, end: int | None = None) -> None:
        self._handle = handle
        size = handle.seek(0, 2)
        self.start = min(start, size)
        self.size = min(size if end is None else end, size) - self.start
        self._from, self._held = 0, b""

    def within(self, at: int, size: int) -> Reader:
        """The stretch of `size` bytes from `at` on, or what there is of it."""
        return Reader(self._handle, self.place(at), self.place(min(at + size, self.size)))

    def place(self, at: int) -> int:
        """The byte of the file that is byte `at` of this stretch."""
        return self.start + at

    def peek(self, at: int, size: int) -> bytes:
        """Up to `size` bytes, fewer at the end."""
        size = min(size, self.size - at)
        if at < 0 or size <= 0:
            return b""
        if not self._from <= at <= at + size <= self._from + len(self._held):
            self._handle.seek(self.place(at))
            self._from, self._held = at, self._handle.read(min(max(size, _WINDOW), self.size - at))
        return self._held[at - self._from : at - self._from + size]

    def read(self, at: int, size: int) -> bytes:
        """Exactly `size` bytes. Raises Broken."""
        found = self.peek(at, size)
        if size < 0 or len(found) != size:
            raise Broken("it reaches beyond the end")
        return found

    def number(self, at: int, size: int, order: str = "big") -> int:
        """An unsigned number of `size` bytes. Raises Broken."""
        return int.from_bytes(self.read(at, size), "little" if order == "little" else "big")

    def find(self, wanted: bytes, at: int) -> int:
        """Where `wanted` stands next, or -1."""
        at = max(at, 0)
        while at + len(wanted) <= self.size:
            self.peek(at, len(wanted))  # brings a window with these bytes
            found = self._held.find(wanted, at - self._from)
            if found >= 0:
                return self._from + found
            at = self._from + len(self._held) - len(wanted) + 1
        return -1


def part(reader: Reader, path: tuple[str, ...], at: int, size: int, note: str = "") -> Part:
    """A part of this stretch; what it claims beyond the end is cut off."""
    return Part(path, reader.place(at), max(0, min(size, reader.size - at)), note)


def rest(reader: Reader, path: tuple[str, ...], at: int, name: str, note: str = "") -> Iterator[Part]:
    """What is left from `at` on, under that name; nothing where nothing is left."""
    if at < reader.size:
        yield part(reader, (*path, name), at, reader.size - at, note)


def names(text: str) -> frozenset[str]:
    """A list of names, written with spaces between."""
    return frozenset(text.split())


def word(name: bytes) -> str:
    """A name of four letters, printable."""
    text = name.decode("latin-1")
    return text if all(c.isprintable() for c in text) else "0x" + name.hex()
