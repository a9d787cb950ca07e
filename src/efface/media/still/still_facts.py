"""Read from a file's structure what no decoder tells: sizes before decoding, bit depths,
losslessness.

Every function reads a few bytes at known places and returns numbers. If the structure is malformed,
it returns the default; decoders detect damage themselves.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from PIL import Image

from efface.geometry import Size
from efface.media.still.still_pixels import upright_size
from efface.regions import BlockGrid

ORIENTATION = 274
"""EXIF's tag number."""

META_HEAD = 1 << 16
"""Bytes at the start of an AVIF in which its properties are searched."""


@dataclass(frozen=True, slots=True)
class Facts:
    """pixels: as the header states, 0 if only a decoder can tell. depth: bits per sample. pages: 0
    if only a decoder can tell."""

    pixels: int = 0
    depth: int = 8
    is_lossless: bool = False
    pages: int = 0
    cicp: tuple[int, int] | None = None


def of_file(name: str, handle: IO[bytes]) -> Facts:
    """Return facts of an open file of that format. The handle's position changes."""
    handle.seek(0)
    try:
        return _WALKS.get(name, lambda _: Facts())(handle)
    except (struct.error, IndexError):
        return Facts()


def orientation_of(exif: bytes | None) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if it is absent or unreadable."""
    if not exif:
        return 1
    found = Image.Exif()
    try:
        found.load(exif)
        value = found.get(ORIENTATION)
    except Exception:  # hostile EXIF raises anything, and viewers ignore it too
        return 1
    if isinstance(value, bytes) and len(value) == 1:  # stored as BYTE rather than SHORT
        value = value[0]
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


MIRRORED_X, MIRRORED_Y, TRANSPOSED = (2, 3, 6, 7), (3, 4, 7, 8), (5, 6, 7, 8)
"""Orientations in which a stored picture is turned over: first transposed, then mirrored."""


def jpeg_grid(factors: Sequence[Size], stored_wh: Size, orientation: int) -> BlockGrid | None:
    """Return the grid of a JPEG's blocks (MCU) in the upright picture; None if its header makes no
    sense.

    factors  how often a block of each component is in such a block, across and down.
    """
    most = max((h for h, _ in factors), default=0), max((v for _, v in factors), default=0)
    if not 0 < min(most) <= max(most) <= 4:
        return None
    across, down = (1, 1) if len(factors) == 1 else most
    block = upright_size((8 * across, 8 * down), orientation)
    upright_wh = upright_size(stored_wh, orientation)
    mirrored = orientation in MIRRORED_X, orientation in MIRRORED_Y
    start_x, start_y = (
        size % side if turned else 0
        for size, side, turned in zip(upright_wh, block, mirrored, strict=True)
    )
    # Decoders smooth colour of half the resolution: a pixel beside a block has a quarter of its
    # colour from there.
    is_smoothed = len(factors) > 1 and any(f != most for f in factors)
    return BlockGrid(block, (start_x, start_y), int(is_smoothed))


def known_cicp(primaries: int, transfer: int) -> tuple[int, int] | None:
    """Return the pair if ITU-T H.273 names both and they differ from sRGB's own. Other values do
    not name a colour."""
    is_known = (primaries == 1 or 4 <= primaries <= 12 or primaries == 22) and (
        transfer == 1 or 4 <= transfer <= 18
    )
    return (primaries, transfer) if is_known and (primaries, transfer) != (1, 13) else None


def _of_png(handle: IO[bytes]) -> Facts:
    head = handle.read(33)
    width, height, depth = struct.unpack_from(">IIB", head, 16)
    return Facts(width * height, depth)


def _of_webp(handle: IO[bytes]) -> Facts:
    """Read a WebP. It is lossless if every frame is; a mixed animation counts as lossy."""
    head = handle.read(30)
    pixels = 0
    if head[12:16] == b"VP8X":
        pixels = (int.from_bytes(head[24:27], "little") + 1) * (
            int.from_bytes(head[27:30], "little") + 1
        )
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
        # A frame has a header of 16 bytes, then the chunks of a picture: step into it.
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


MOST_PAGES = 1 << 20
"""Maximum number of directories counted in a TIFF."""


def _of_tiff(handle: IO[bytes]) -> Facts:
    """Count the pages. Pillow counts too, but takes a quarter of an hour for a hundred thousand."""
    head = handle.read(16)
    order = "<" if head[:2] == b"II" else ">"
    is_big = struct.unpack_from(order + "H", head, 2)[0] == 43
    (at,) = struct.unpack_from(order + ("Q" if is_big else "I"), head, 8 if is_big else 4)
    seen: set[int] = set()
    while at and at not in seen and len(seen) < MOST_PAGES:
        seen.add(at)
        handle.seek(at)
        (entries,) = struct.unpack(
            order + ("Q" if is_big else "H"), handle.read(8 if is_big else 2)
        )
        handle.seek(entries * (20 if is_big else 12), 1)
        link = handle.read(8 if is_big else 4)
        at = (
            struct.unpack(order + ("Q" if is_big else "I"), link)[0]
            if len(link) == (8 if is_big else 4)
            else 0
        )
    return Facts(pages=len(seen))


def _of_ppm(handle: IO[bytes]) -> Facts:
    """Read PPM and its relatives, which state the largest value instead of a depth."""
    head = handle.read(512)
    words = [w for line in head.split(b"\n") for w in line.partition(b"#")[0].split()]
    try:
        width, height, peak = (int(w) for w in words[1:4])
    except ValueError:
        return Facts()
    if head[:2] in (b"P1", b"P4"):  # the third number is a pixel
        peak = 1
    return Facts(width * height, 8 if peak < 256 else 16 if peak == 65535 else peak.bit_length())


def _of_jp2(handle: IO[bytes]) -> Facts:
    """Read the marker SIZ, the first of the codestream."""
    head = handle.read(META_HEAD)
    at = head.find(b"\xff\x4f\xff\x51")
    if at < 0:
        return Facts()
    right, below, left, above = struct.unpack_from(">4I", head, at + 8)
    return Facts(max(0, right - left) * max(0, below - above), (head[at + 42] & 0x7F) + 1)


_WALKS = {
    "png": _of_png,
    "webp": _of_webp,
    "gif": _of_gif,
    "avif": _of_avif,
    "tiff": _of_tiff,
    "ppm": _of_ppm,
    "jp2": _of_jp2,
}
