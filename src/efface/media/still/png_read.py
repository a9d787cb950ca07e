"""Read a damaged PNG up to the damage, and put its rows into a valid file that any decoder reads.

Browsers also show such a picture up to the damage. Missing rows become zeros. An interlaced picture
comes in seven passes, each finer than the last. If passes are missing, the pixels between the known
ones would be empty: a person recognises a face in such dots, but a detector does not. So only
complete passes count, and each known pixel stands for its missing neighbours.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples per pixel, by colour type."""

_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""Adam7's passes: first column, first row, and the steps to the next ones."""

_STEPS = ((8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2), (1, 1))
"""Columns and rows from one known pixel to the next, by the number of complete passes. The first
pass counts even if incomplete."""

_FILTERS = 5
"""A row begins with the number of its filter, below this. Another number means damage."""

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Salvaged:
    """data: a PNG without damage. step_wh: columns and rows from one known pixel to the next."""

    data: bytes
    step_wh: tuple[int, int]


def salvaged(data: bytes) -> Salvaged | None:
    """Repair a PNG that holds only the chunks of its picture.

    Returns None if no row can be read.
    """
    chunks = list(_chunks(data))
    head = next(
        (content for name, content in chunks if name == b"IHDR" and len(content) == 13), None
    )
    if head is None:
        return None
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    if colour not in _CHANNELS or depth not in (1, 2, 4, 8, 16) or interlaced > 1:
        return None
    passes = _rows_of_passes(
        (width, height), depth * _CHANNELS[colour], is_interlaced=bool(interlaced)
    )
    total = sum(rows * size for rows, size in passes)
    raw = _inflated(b"".join(content for name, content in chunks if name == b"IDAT"), total)
    good, whole = _good(raw, passes)
    if not good:
        return None
    body = zlib.compress(raw[:good] + bytes(total - good), 1)
    kept = [(name, content) for name, content in chunks if name in (b"PLTE", b"tRNS")]
    file = b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*c) for c in [(b"IHDR", head), *kept, (b"IDAT", body), (b"IEND", b"")]
    )
    return Salvaged(file, _STEPS[whole] if interlaced else (1, 1))


def spread(image: Image.Image, step_wh: tuple[int, int]) -> Image.Image:
    """Make every step-th pixel stand for its neighbours to the right and below."""
    across, down = step_wh
    if (across, down) == (1, 1):
        return image
    small = (-(-image.width // across), -(-image.height // down))
    # Pillow samples the middle of a target's pixel, so half a pixel moves the source to the corner
    # of each step.
    corners = (across, 0, 0.5 - across / 2, 0, down, 0.5 - down / 2)
    few = image.transform(small, Image.Transform.AFFINE, corners, Image.Resampling.NEAREST)
    return few.transform(
        image.size,
        Image.Transform.AFFINE,
        (1 / across, 0, 0, 0, 1 / down, 0),
        Image.Resampling.NEAREST,
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + 8 + size]
        at += 12 + size


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def _rows_of_passes(
    size_wh: tuple[int, int], bits: int, *, is_interlaced: bool
) -> list[tuple[int, int]]:
    """Return the rows of each pass, and the bytes of a row with its filter. A pass without pixels
    has no rows."""
    found = []
    for left, top, across, down in _PASSES if is_interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(size_wh[0] - left) // across), -(-(size_wh[1] - top) // down)
        found.append((rows if columns > 0 else 0, 1 + (columns * bits + 7) // 8))
    return [(max(0, rows), size) for rows, size in found]


def _inflated(packed: bytes, most: int) -> bytes:
    """Decompress up to the damage, and no more than `most` bytes."""
    unpacker, found = zlib.decompressobj(), bytearray()
    for at in range(0, len(packed), _BLOCK):
        before = unpacker.copy()
        try:
            found += unpacker.decompress(packed[at : at + _BLOCK], max(1, most - len(found)))
        except zlib.error:
            found += _up_to_damage(before, packed[at : at + _BLOCK], most - len(found))
            break
        if len(found) >= most or unpacker.eof:
            break
    return bytes(found[:most])


def _up_to_damage(unpacker: zlib._Decompress, packed: bytes, most: int) -> bytes:
    """Decompress the damaged block byte by byte, since an error discards the output of the same
    call."""
    found = bytearray()
    try:
        for at in range(len(packed)):
            found += unpacker.decompress(packed[at : at + 1], max(1, most - len(found)))
            if len(found) >= most:
                break
    except zlib.error:
        pass
    return bytes(found)


def _good(raw: bytes, passes: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the bytes of the rows before the first damaged or missing one, and the number of
    complete passes."""
    at = 0
    for number, (rows, size) in enumerate(passes):
        for _ in range(rows):
            if at + size > len(raw) or raw[at] >= _FILTERS:
                return at, number
            at += size
    return at, len(passes)
