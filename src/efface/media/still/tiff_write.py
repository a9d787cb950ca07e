"""Write TIFF from samples: pages of any size, grey, RGB or CMYK, with or without alpha, 8 or 16
bits, lossless.

Pillow writes no 16-bit colour, and its libraries add tags to every page. Here a page consists of
its compressed strips and the dozen tags that readers require.
"""

from __future__ import annotations

import struct
import zlib
from typing import IO

import numpy as np

from efface.frames import Layout
from efface.media.still.still_pixels import Array

STRIP_BYTES = 1 << 20
LIMIT_BYTES = 1 << 32
"""Bytes. Offsets have 32 bits in a TIFF that every program can read."""

_SHORT, _LONG = 3, 4
_DEFLATE, _HORIZONTAL, _CONTIGUOUS, _UNASSOCIATED = 8, 2, 1, 2
_PHOTOMETRIC = {"gray": 1, "rgb": 2, "cmyk": 5}


def is_writable(layout: Layout) -> bool:
    """Return whether pages can have such samples."""
    return layout.model in _PHOTOMETRIC and layout.depth in (8, 16)


class TiffFile:
    """A TIFF that is written into an open file.

    Raises OverflowError if it grows beyond LIMIT_BYTES.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._link_at = 4
        file.write(b"II*\0\0\0\0\0")

    def add(self, samples: Array, layout: Layout) -> None:
        """Add a page of (h, w, channels) samples."""
        height, width, channels = samples.shape
        rows = max(1, STRIP_BYTES // (width * channels * samples.itemsize))
        strips = [self._put(_packed(samples[top : top + rows])) for top in range(0, height, rows)]
        tags = [
            (256, _LONG, (width,)),
            (257, _LONG, (height,)),
            (258, _SHORT, (layout.depth,) * channels),
            (259, _SHORT, (_DEFLATE,)),
            (262, _SHORT, (_PHOTOMETRIC[layout.model],)),
            (273, _LONG, tuple(at for at, _ in strips)),
            (277, _SHORT, (channels,)),
            (278, _LONG, (rows,)),
            (279, _LONG, tuple(size for _, size in strips)),
            (284, _SHORT, (_CONTIGUOUS,)),
            (317, _SHORT, (_HORIZONTAL,)),
        ]
        if layout.has_alpha:
            tags.append((338, _SHORT, (_UNASSOCIATED,)))
        self._put_directory(tags)

    def _put(self, content: bytes) -> tuple[int, int]:
        at = self._file.seek(0, 2)
        if at % 2:
            at += self._file.write(b"\0")
        self._file.write(content)
        if at + len(content) >= LIMIT_BYTES - STRIP_BYTES:
            raise OverflowError("a TIFF holds no more than 4 GiB")
        return at, len(content)

    def _put_directory(self, tags: list[tuple[int, int, tuple[int, ...]]]) -> None:
        entries = b""
        for tag, kind, values in tags:
            content = struct.pack(f"<{len(values)}{'H' if kind == _SHORT else 'I'}", *values)
            if len(content) > 4:
                content = struct.pack("<I", self._put(content)[0])
            entries += struct.pack("<HHI", tag, kind, len(values)) + content.ljust(4, b"\0")
        at, size = self._put(struct.pack("<H", len(tags)) + entries + b"\0\0\0\0")
        self._file.seek(self._link_at)
        self._file.write(struct.pack("<I", at))
        self._link_at = at + size - 4


def _packed(samples: Array) -> bytes:
    """Compress one strip as differences to the left neighbour."""
    change = samples.copy()
    np.subtract(samples[:, 1:], samples[:, :-1], out=change[:, 1:])
    return zlib.compress(change.astype(change.dtype.newbyteorder("<"), copy=False).tobytes(), 6)
