"""Extract the parts of a PNG that make its picture, and read its metadata."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import IO

from efface.containers.spliced_parts import MOST_METADATA_BYTES, Parts, Piece

_SIGNATURE_BYTES = 8
_PICTURE_CHUNKS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT"))
_IEND = b"\0\0\0\0IEND\xae\x42\x60\x82"
_LONGEST_PNG_CHUNK = 1 << 31


def parts_of_png(handle: IO[bytes], end: int) -> Parts:
    found = Parts(ending=_IEND)
    pieces: list[tuple[bytes, Piece]] = [(b"", (0, _SIGNATURE_BYTES))]
    steps, at, has_head = list[tuple[bytes, int]](), _SIGNATURE_BYTES, False
    while at + 8 <= end:
        handle.seek(at)
        size, name = struct.unpack(">I4s", handle.read(8))
        stop = at + 12 + size
        found.is_cut = name == b"IDAT" and stop + 8 > end
        if name == b"IEND" or size >= _LONGEST_PNG_CHUNK:
            break
        is_second_head = name == b"IHDR" and has_head
        has_head |= name == b"IHDR"
        if (
            name in _PICTURE_CHUNKS
            and not is_second_head
            and (name != b"tRNS" or _is_whole(handle, at, size))
        ):
            pieces += [(name, piece) for piece in _png_pieces(handle, name, (at, stop), end)]
            handle.seek(at + 8)
            steps.append(
                (name, int.from_bytes(handle.read(4), "big") if name in _OF_ANIMATION else 0)
            )
        elif name in _READ_CHUNKS and size <= MOST_METADATA_BYTES and _is_whole(handle, at, size):
            handle.seek(at + 8)
            _take_chunk(found, name, handle.read(size))
        at = stop
    found.has_broken_animation = any(name == b"acTL" for name, _ in steps) and not _is_sound(steps)
    found.pieces = [
        p for name, p in pieces if not (found.has_broken_animation and name in _OF_ANIMATION)
    ]
    return found


_OF_ANIMATION = frozenset((b"acTL", b"fcTL", b"fdAT"))
"""Animation chunks that begin with a number: the frame count, or a sequence number."""


def _is_sound(steps: Sequence[tuple[bytes, int]]) -> bool:
    """Return whether an APNG's chunks are in sequence and each frame has data. If not, browsers
    show the still picture."""
    stated = next(number for name, number in steps if name == b"acTL")
    frames, following, has_data = 0, 0, True
    for name, number in steps:
        if name in (b"fcTL", b"fdAT"):
            if (
                number != following
                or (name == b"fdAT" and not frames)
                or (name == b"fcTL" and not has_data)
            ):
                return False
            following += 1
            frames += name == b"fcTL"
        has_data = name in (b"IDAT", b"fdAT") or (has_data and name != b"fcTL")
    return has_data and frames == stated > 0


def _png_pieces(handle: IO[bytes], name: bytes, span: tuple[int, int], end: int) -> list[Piece]:
    """Return the pieces of a chunk. A truncated chunk ends where the file does; the decoder tells
    whether enough is there."""
    start, stop = span
    if stop <= end:
        return [span]
    kept = min(end, stop - 4)
    handle.seek(start + 4)
    checksum = struct.pack(">I", zlib.crc32(handle.read(kept - start - 4)))
    return [struct.pack(">I", kept - start - 8) + name, (start + 8, kept), checksum]


def _is_whole(handle: IO[bytes], at: int, size: int) -> bool:
    handle.seek(at + 4)
    content, stated = handle.read(4 + size), handle.read(4)
    return len(stated) == 4 and zlib.crc32(content) == int.from_bytes(stated, "big")


_READ_CHUNKS = frozenset((b"eXIf", b"iCCP", b"gAMA", b"cHRM", b"cICP", b"sRGB", b"cLLI", b"mDCV"))
LIGHT = {b"cLLI": 8, b"mDCV": 24}
"""Brightness chunks and their sizes in bytes. Viewers use them to adapt HDR to the screen."""


def _take_chunk(found: Parts, name: bytes, content: bytes) -> None:
    match name:
        case b"eXIf" if found.exif is None:
            found.exif = content
        case b"iCCP" if found.icc is None:
            found.icc = _inflated(content.partition(b"\0")[2][1:])
        case b"gAMA" if len(content) == 4 and content != bytes(4):
            found.gamma = int.from_bytes(content, "big") / 100_000
        case b"cHRM" if len(content) == 32:
            found.chroma = tuple(n / 100_000 for n in struct.unpack(">8I", content))
        case b"cICP" if len(content) == 4:
            found.cicp = (content[0], content[1], bool(content[3]))
        case b"cLLI" | b"mDCV" if len(content) == LIGHT[name]:
            found.light[name] = content
        case b"sRGB":
            found.is_srgb = True


def _inflated(content: bytes) -> bytes | None:
    unpacker = zlib.decompressobj()
    try:
        return unpacker.decompress(content, MOST_METADATA_BYTES) or None
    except zlib.error:
        return None
