"""PNG files: chunks."""

from __future__ import annotations

from collections.abc import Iterator

from efface.containers.parts import BROKEN, TAIL, Broken, Part, Reader, part, rest, word

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def walk(reader: Reader) -> Iterator[Part]:
    """Yield chunks by name up to IEND, then the bytes after it."""
    at = 0
    try:
        if reader.read(0, 8) != SIGNATURE:
            raise Broken("no start of a PNG")
        at = 8
        while True:
            size, name = reader.number(at, 4), reader.read(at + 4, 4)
            reader.read(at + 8 + size, 4)  # the checksum
            yield part(reader, (word(name),), at + 8, size)
            at += 12 + size
            if name == b"IEND":
                break
    except Broken as e:
        yield part(reader, (BROKEN,), at, reader.size - at, str(e))
        return
    yield from rest(reader, (), at, TAIL)
