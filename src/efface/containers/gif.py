"""GIF files: blocks."""

from __future__ import annotations

from collections.abc import Iterator

from efface.containers.parts import BROKEN, TAIL, Broken, Part, Reader, part, rest

_EXTENSIONS = {0x01: "plain text", 0xF9: "control", 0xFE: "comment", 0xFF: "application"}


def walk(reader: Reader) -> Iterator[Part]:
    """Yield pictures and extensions in file order. Application extensions carry their name; content
    covers all sub-blocks."""
    at = 0
    try:
        at = 13 + _table(reader.number(10, 1))
        while (mark := reader.number(at, 1)) != 0x3B:
            if mark == 0x2C:
                name, start = "picture", at + 10 + _table(reader.number(at + 9, 1)) + 1
            elif mark == 0x21:
                kind, start = reader.number(at + 1, 1), at + 2
                name = _EXTENSIONS.get(kind, f"extension 0x{kind:02x}")
                if kind == 0xFF:
                    name += " " + "".join(
                        c for c in reader.read(at + 3, 11).decode("latin-1") if c.isprintable()
                    )
            else:
                raise Broken("no block begins here")
            end = _after_blocks(reader, start)
            yield part(reader, (name,), start, end - start)
            at = end
    except Broken as e:
        yield part(reader, (BROKEN,), at, reader.size - at, str(e))
        return
    yield from rest(reader, (), at + 1, TAIL)


def _after_blocks(reader: Reader, at: int) -> int:
    while size := reader.number(at, 1):
        at += 1 + size
    return at + 1


def _table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def joined(content: bytes) -> bytes:
    """Return the content of sub-blocks without the length bytes between them."""
    out, at = bytearray(), 0
    while at < len(content) and content[at]:
        out += content[at + 1 : at + 1 + content[at]]
        at += 1 + content[at]
    return bytes(out)
