"""RIFF files: the chunks of WebP and AVI."""

from __future__ import annotations

from collections.abc import Iterator

from efface.containers.parts import BROKEN, DEEPEST, TAIL, Broken, Part, Reader, part, rest, word

_FRAME_HEAD = 16
"""Bytes of a WebP frame before the chunks of its picture."""


def walk(reader: Reader) -> Iterator[Part]:
    """Yield every chunk. Lists go by their list type. A large AVI is several RIFF files in
    sequence."""
    at = 0
    try:
        while at < reader.size:
            lead = reader.read(at, 12)
            if lead[:4] != b"RIFF":
                break
            size = int.from_bytes(lead[4:8], "little")
            end = at + 8 + size
            if size < 4 or end > reader.size:
                raise Broken("its stated size is not that of the file")
            form = word(lead[8:12]).strip()
            yield part(reader, (form,), at + 12, size - 4)
            yield from _chunks(reader, at + 12, end, (form,), 1)
            at = end + (size % 2 if end < reader.size else 0)
            if form == "WEBP":
                break
    except Broken as e:
        yield part(reader, (BROKEN,), at, reader.size - at, str(e))
        return
    yield from rest(reader, (), at, TAIL)


def _chunks(
    reader: Reader, at: int, end: int, above: tuple[str, ...], depth: int
) -> Iterator[Part]:
    while at < end:
        if at + 8 > end:
            yield part(reader, (*above, BROKEN), at, end - at, "no chunk")
            return
        lead = reader.read(at, 8)
        name, size = word(lead[:4]), int.from_bytes(lead[4:], "little")
        if at + 8 + size > end or depth > DEEPEST:
            yield part(reader, (*above, BROKEN), at, end - at, "a chunk reaches beyond its list")
            return
        if name == "LIST" and size >= 4:
            inner = (*above, word(reader.read(at + 8, 4)).strip())
            yield part(reader, inner, at + 12, size - 4)
            yield from _chunks(reader, at + 12, at + 8 + size, inner, depth + 1)
        else:
            yield part(reader, (*above, name.strip()), at + 8, size)
            if name == "ANMF" and size >= _FRAME_HEAD:
                yield from _chunks(
                    reader, at + 8 + _FRAME_HEAD, at + 8 + size, (*above, name), depth + 1
                )
        at += 8 + size + size % 2
