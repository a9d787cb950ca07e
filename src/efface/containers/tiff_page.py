"""Rewrite one page of a TIFF as a file that OpenCV decodes without loss of sample depth.

OpenCV reads 16-bit grey, RGB and RGBA with interleaved samples. Each separate plane becomes a grey
picture, and CMYK has four channels like RGBA. So this module appends a new directory to the
source's data and copies only the tags that it needs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
FILL_ORDER, STRIPS, ORIENTATION, SAMPLES, ROWS, STRIP_SIZES = 266, 273, 274, 277, 278, 279
PLANAR, PREDICTOR, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_SIZES, EXTRA, FORMAT = (
    284,
    317,
    322,
    323,
    324,
    325,
    338,
    339,
)

_GREY, _RGB, _CMYK, _UNASSOCIATED, _APART = 1, 2, 5, 2, 2
_COPIED = (
    WIDTH,
    HEIGHT,
    COMPRESSION,
    FILL_ORDER,
    ORIENTATION,
    ROWS,
    PREDICTOR,
    TILE_WIDTH,
    TILE_HEIGHT,
)
_LONG = 4


def is_apart(tags: dict[int, Any]) -> bool:
    """Return whether samples of more than 8 bits lie in separate planes. Pillow keeps only the
    first half of their bits."""
    return (
        tags.get(PLANAR) == _APART
        and int(tags.get(SAMPLES, 1)) > 1
        and max(tags.get(BITS, (8,))) == 16
    )


def decodable(data: bytes, tags: dict[int, Any]) -> Iterator[bytes]:
    """Yield one file for the page, or one for each of its planes. `tags` are the page's tags, as
    Pillow reads them."""
    samples = int(tags.get(SAMPLES, 1))
    if tags.get(PLANAR) != _APART or samples == 1:
        yield _with_directory(data, _of_page(tags, samples))
        return
    for plane in range(samples):
        yield _with_directory(data, _of_plane(tags, plane, samples))


def _of_page(tags: dict[int, Any], samples: int) -> dict[int, tuple[int, ...]]:
    is_ink = tags.get(PHOTOMETRIC) == _CMYK
    kind = _RGB if is_ink else int(tags.get(PHOTOMETRIC, _RGB))
    extra = tuple(tags.get(EXTRA, ())) or ((_UNASSOCIATED,) if is_ink else ())
    places = {
        tag: tuple(tags[tag]) for tag in (STRIPS, STRIP_SIZES, TILES, TILE_SIZES) if tag in tags
    }
    return _common(tags, samples, kind) | places | ({EXTRA: extra} if extra else {})


def _of_plane(tags: dict[int, Any], plane: int, samples: int) -> dict[int, tuple[int, ...]]:
    places = {}
    for tag in (STRIPS, STRIP_SIZES, TILES, TILE_SIZES):
        if tag in tags:
            each = len(tags[tag]) // samples
            places[tag] = tuple(tags[tag][plane * each : (plane + 1) * each])
    return _common(tags, 1, _GREY) | places


def _common(tags: dict[int, Any], samples: int, kind: int) -> dict[int, tuple[int, ...]]:
    copied = {tag: (int(tags[tag]),) for tag in _COPIED if tag in tags}
    return copied | {BITS: (16,) * samples, PHOTOMETRIC: (kind,), SAMPLES: (samples,), PLANAR: (1,)}


def _with_directory(data: bytes, entries: dict[int, tuple[int, ...]]) -> bytes:
    order = "<" if data[:2] == b"II" else ">"
    is_big = struct.unpack_from(order + "H", data, 2)[0] == 43
    kind, room, count = ("Q", 8, "HHQ") if is_big else ("I", 4, "HHI")
    body, at = bytearray(), len(data) + len(data) % 2
    head = at + len(body)
    table = struct.pack(order + ("Q" if is_big else "H"), len(entries))
    after = head + len(table) + len(entries) * (20 if is_big else 12) + room
    for tag, values in sorted(entries.items()):
        content = struct.pack(f"{order}{len(values)}I", *values)
        table += struct.pack(order + count, tag, _LONG, len(values))
        if len(content) > room:
            table += struct.pack(order + kind, after + len(body))
            body += content
        else:
            table += content.ljust(room, b"\0")
    first = struct.pack(order + kind, head)
    start = data[: 8 if is_big else 4] + first + data[16 if is_big else 8 :]
    return start + b"\0" * (len(data) % 2) + table + bytes(room) + bytes(body)
