"""Extract the parts of a JPEG, PNG or WebP file that make its picture, and read its metadata.

Metadata never reaches a target, so broken metadata does not make efface refuse a picture. The
decoder gets a file with picture parts only, spliced from spans of the source. These modules read
orientation, colour profile and colour numbers themselves. If one is unreadable, it counts as
absent, as in browsers.
"""

from __future__ import annotations

import struct
from typing import IO

from efface.containers.jpeg_parts import parts_of_jpeg
from efface.containers.png_parts import parts_of_png
from efface.containers.spliced_parts import MOST_METADATA_BYTES, Parts, Piece


def parts_of(name: str, handle: IO[bytes]) -> Parts | None:
    """Return the parts of an open file of that format, or None if the decoder should see the file
    unchanged."""
    walk = {"jpeg": parts_of_jpeg, "png": parts_of_png, "webp": _of_webp}.get(name)
    return walk(handle, handle.seek(0, 2)) if walk is not None else None


_WEBP_CHUNKS = frozenset((b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"))
_ONLY_ALPHA_AND_ANIMATION = 0x12
"""Flags of VP8X that stay. The flags of profile, EXIF and XMP would announce chunks that the file
no longer has."""


def _of_webp(handle: IO[bytes], end: int) -> Parts:
    found, at, pieces = Parts(), 12, list[Piece]()
    while at + 8 <= end:
        handle.seek(at)
        name, size = struct.unpack("<4sI", handle.read(8))
        stop = at + 8 + size
        if name in _WEBP_CHUNKS:
            pieces += _webp_pieces(handle, name, (at, min(stop, end)), size)
        elif name in (b"EXIF", b"ICCP") and size <= MOST_METADATA_BYTES and stop <= end:
            content = handle.read(size)
            found.exif, found.icc = (
                (content, found.icc) if name == b"EXIF" else (found.exif, content)
            )
        at = stop + size % 2
    total = sum(len(p) if isinstance(p, bytes) else p[1] - p[0] for p in pieces)
    found.pieces = [b"RIFF" + struct.pack("<I", min(4 + total, 0xFFFFFFFE)) + b"WEBP", *pieces]
    return found


def _webp_pieces(handle: IO[bytes], name: bytes, span: tuple[int, int], size: int) -> list[Piece]:
    if name == b"VP8X" and size >= 10:
        flags, extents = handle.read(4), handle.read(6)
        return [
            name
            + struct.pack("<IB3s", 10, flags[0] & _ONLY_ALPHA_AND_ANIMATION, bytes(3))
            + extents
        ]
    return [span, b"\0"] if size % 2 else [span]
