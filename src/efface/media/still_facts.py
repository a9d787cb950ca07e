"""What is read of a file's structure by hand, as no decoder tells it: sizes before decoding, bit depths, losslessness.

Everything here reads a few bytes at known places and answers with numbers. Where the structure makes no sense the
answer is the plain one; decoders find out about damage by themselves.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from PIL import Image

ORIENTATION = 274
"""EXIF's tag."""

LARGEST_EXIF = 1 << 20
"""Bytes. EXIF beyond that is not looked at for an orientation."""

META_HEAD = 1 << 16
"""Bytes at the start of an AVIF in which its properties are looked for."""


@dataclass(frozen=True, slots=True)
class Facts:
    """pixels: as the header claims, 0 where a decoder will tell. depth: bits a sample. exif: a PNG's, wherever it stands."""

    pixels: int = 0
    depth: int = 8
    is_lossless: bool = False
    exif: bytes | None = None
    cicp: tuple[int, int] | None = None


def of_file(name: str, handle: IO[bytes]) -> Facts:
    """Facts of an open file of that format; leaves the handle anywhere."""
    handle.seek(0)
    try:
        return {"png": _of_png, "webp": _of_webp, "gif": _of_gif, "avif": _of_avif}.get(name, lambda _: Facts())(handle)
    except (struct.error, IndexError):
        return Facts()


def orientation_of(exif: bytes | None) -> int:
    """EXIF orientation, 1 to 8; 1 where there is none, or none that can be read."""
    if not exif:
        return 1
    found = Image.Exif()
    try:
        found.load(exif)
        value = found.get(ORIENTATION)
    except Exception:  # hostile EXIF raises anything, and viewers ignore it too
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def known_cicp(primaries: int, transfer: int) -> tuple[int, int] | None:
    """The pair if ITU-T H.273 names both and they are not sRGB's own; whatever else a file says is no colour."""
    is_known = (primaries == 1 or 4 <= primaries <= 12 or primaries == 22) and (transfer == 1 or 4 <= transfer <= 18)
    return (primaries, transfer) if is_known and (primaries, transfer) != (1, 13) else None


def _of_png(handle: IO[bytes]) -> Facts:
    head = handle.read(33)
    width, height, depth = struct.unpack_from(">IIB", head, 16)
    exif = next((handle.read(size) for name, size in _png_chunks(handle) if name == b"eXIf" and size < LARGEST_EXIF), None)
    return Facts(width * height, depth, exif=exif)


def _png_chunks(handle: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Name and length of each chunk; the handle stands at its content."""
    at = 8
    while True:
        handle.seek(at)
        lead = handle.read(8)
        if len(lead) < 8:
            return
        size, name = struct.unpack(">I4s", lead)
        yield name, size
        at += 12 + size


def _of_webp(handle: IO[bytes]) -> Facts:
    """Lossless if every frame is; a mixed animation counts as lossy."""
    head = handle.read(30)
    pixels = 0
    if head[12:16] == b"VP8X":
        pixels = (int.from_bytes(head[24:27], "little") + 1) * (int.from_bytes(head[27:30], "little") + 1)
    kinds = list(_webp_kinds(handle))
    return Facts(pixels, is_lossless=bool(kinds) and all(kind == b"VP8L" for kind in kinds))


def _webp_kinds(handle: IO[bytes]) -> Iterator[bytes]:
    at = 12
    while True:
        handle.seek(at)
        name, size = struct.unpack("<4sI", handle.read(8).ljust(8, b"\0"))
        if name == b"\0" * 4:
            return
        if name in (b"VP8 ", b"VP8L"):
            yield name
        # A frame is a box of 16 bytes of its own, then the chunks of a picture: step into it.
        at += 24 if name == b"ANMF" else 8 + size + size % 2


def _of_gif(handle: IO[bytes]) -> Facts:
    width, height = struct.unpack_from("<HH", handle.read(10), 6)
    return Facts(width * height)


def _of_avif(handle: IO[bytes]) -> Facts:
    head = handle.read(META_HEAD)
    depth, cicp, pixels = 8, None, 0
    config = head.find(b"av1C")
    if config >= 0:
        flags = head[config + 6]
        depth = 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
    colour = head.find(b"colrnclx")
    if colour >= 0:
        cicp = known_cicp(*struct.unpack_from(">HH", head, colour + 8))
    extents = head.find(b"ispe")
    if extents >= 0:
        width, height = struct.unpack_from(">II", head, extents + 8)
        pixels = width * height
    return Facts(pixels, depth, cicp=cicp)
