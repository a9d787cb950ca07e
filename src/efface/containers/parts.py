"""Parts of a file, and a reader that trusts no length. Every walker uses both.

Files may be hostile, so nothing here believes a length: a read beyond the end raises `Broken`, a
walk has a maximum number of parts and a maximum depth, and only a few bytes of each part are held
in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

MOST_PARTS = 100_000
"""Maximum number of parts in one file, without samples. A three-hour video in two-second fragments
has about 40,000 boxes."""

MOST_SAMPLES = 4_000_000
"""Maximum number of samples in one file. Ten hours of picture and sound have 3.5 million."""

DEEPEST = 24
"""Maximum nesting of parts. The deepest real nesting, an iTunes item in a fragmented video, is
nine."""

BROKEN = "(no structure)"
TAIL = "(after the end)"
GAP = "(between the parts)"
"""Names for bytes that belong to no part: malformed bytes, bytes after the end that the format
states, and bytes that nothing points to."""

_WINDOW = 1 << 16


class Broken(Exception):
    """The structure is malformed from here on. Walkers turn this error into a part named BROKEN, so
    it never leaves this package."""


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a file.

    path  names from the outermost part to this one, as the format spells them: ("moov", "udta",
          "©xyz").
    at    byte offset in the file at which the content begins.
    size  of the content in bytes; never beyond the end of the file.
    note  for BROKEN, why the walk stopped here; otherwise what the name alone does not tell.
    """

    path: tuple[str, ...]
    at: int
    size: int
    note: str = ""

    @property
    def name(self) -> str:
        """The last name of its path."""
        return self.path[-1]

    @property
    def where(self) -> str:
        """All names of its path, for people."""
        return "/".join(self.path)


class Reader:
    """A stretch of an open file. Positions count from its start; `place` converts them to positions
    in the file.

    skipped  parts that `walk` leaves out, as the caller knows every byte of them.
    """

    skipped: frozenset[Part] = frozenset()

    def __init__(self, handle: IO[bytes], start: int = 0, end: int | None = None) -> None:
        self._handle = handle
        size = handle.seek(0, 2)
        self.start = min(start, size)
        self.size = min(size if end is None else end, size) - self.start
        self._from, self._held = 0, b""

    def within(self, at: int, size: int) -> Reader:
        """Return the stretch of `size` bytes from `at` on, or as much of it as exists."""
        return Reader(self._handle, self.place(at), self.place(min(at + size, self.size)))

    def place(self, at: int) -> int:
        """Convert a position in this stretch to one in the file."""
        return self.start + at

    def peek(self, at: int, size: int) -> bytes:
        """Read up to `size` bytes; fewer at the end."""
        size = min(size, self.size - at)
        if at < 0 or size <= 0:
            return b""
        if not self._from <= at <= at + size <= self._from + len(self._held):
            self._handle.seek(self.place(at))
            self._from, self._held = at, self._handle.read(min(max(size, _WINDOW), self.size - at))
        return self._held[at - self._from : at - self._from + size]

    def read(self, at: int, size: int) -> bytes:
        """Read exactly `size` bytes. Raises Broken."""
        found = self.peek(at, size)
        if size < 0 or len(found) != size:
            raise Broken("it reaches beyond the end")
        return found

    def number(self, at: int, size: int, order: str = "big") -> int:
        """Read an unsigned number of `size` bytes. Raises Broken."""
        return int.from_bytes(self.read(at, size), "little" if order == "little" else "big")

    def find(self, wanted: bytes, at: int) -> int:
        """Return the next position of `wanted`, or -1."""
        at = max(at, 0)
        while at + len(wanted) <= self.size:
            self.peek(at, len(wanted))  # loads a window with these bytes
            found = self._held.find(wanted, at - self._from)
            if found >= 0:
                return self._from + found
            at = self._from + len(self._held) - len(wanted) + 1
        return -1


def part(reader: Reader, path: tuple[str, ...], at: int, size: int, note: str = "") -> Part:
    """Make a part of this stretch, cut off at the stretch's end."""
    return Part(path, reader.place(at), max(0, min(size, reader.size - at)), note)


def rest(
    reader: Reader, path: tuple[str, ...], at: int, name: str, note: str = ""
) -> Iterator[Part]:
    """Yield everything from `at` on as one part with that name, or nothing if no byte is left."""
    if at < reader.size:
        yield part(reader, (*path, name), at, reader.size - at, note)


def names(text: str) -> frozenset[str]:
    """Split a list of names at the spaces."""
    return frozenset(text.split())


def word(name: bytes) -> str:
    """Return a four-letter name in printable form."""
    text = name.decode("latin-1")
    return text if all(c.isprintable() for c in text) else "0x" + name.hex()
