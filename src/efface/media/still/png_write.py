"""Write PNG and APNG from samples: grey or RGB, with or without alpha, 8 or 16 bits, one frame or
many.

Pillow writes no 16-bit colour, OpenCV writes no grey with alpha, and both need a whole animation in
memory. The format is small: a header, compressed rows, an end. Writing it here keeps memory
constant, and the file holds only what is named below.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from efface.frames import Layout
from efface.geometry import Size
from efface.media.still.still_pixels import Array, strips

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ZLIB_LEVEL = 6
"""zlib's default level. Level 9 takes three times as long and saves one per cent."""

_COLOUR_TYPES = {("gray", False): 0, ("rgb", False): 2, ("gray", True): 4, ("rgb", True): 6}


def is_writable(layout: Layout) -> bool:
    """Return whether PNG supports such samples."""
    return (layout.model, layout.has_alpha) in _COLOUR_TYPES and layout.depth in (8, 16)


def compressed(samples: Array) -> bytes:
    """Return the content of IDAT for (h, w, channels) samples."""
    height, width, channels = samples.shape
    step = channels * samples.itemsize
    packer = zlib.compressobj(ZLIB_LEVEL)
    above = np.zeros(width * step, np.uint8)
    parts = []
    for rows in strips(height, width):
        # Samples of 16 bits are stored with the high byte first.
        raw = np.ascontiguousarray(samples[rows]).astype(
            samples.dtype.newbyteorder(">"), copy=False
        )
        lines = raw.view(np.uint8).reshape(raw.shape[0], -1)
        parts.append(packer.compress(_filtered(lines, above, step)))
        above = lines[-1]
    return b"".join([*parts, packer.flush()])


def _filtered(lines: NDArray[np.uint8], above: NDArray[np.uint8], step: int) -> bytes:
    """Filter each row by the difference (to nothing, left, above) that leaves the smallest numbers,
    after its filter type."""
    up = lines - np.concatenate([above[None], lines[:-1]])
    left = lines.copy()
    left[:, step:] -= lines[:, :-step]
    candidates = (lines, left, up)
    cost = np.stack(
        [np.abs(c.view(np.int8).astype(np.int16)).sum(axis=1, dtype=np.int64) for c in candidates]
    )
    best = cost.argmin(axis=0).astype(np.uint8)
    out = np.empty((lines.shape[0], lines.shape[1] + 1), np.uint8)
    out[:, 0] = best
    for kind, candidate in enumerate(candidates):
        chosen = best == kind
        out[chosen, 1:] = candidate[chosen]
    return out.tobytes()


def chunk(name: bytes, content: bytes) -> bytes:
    """Build one chunk: length, name, content, checksum."""
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(content, zlib.crc32(name)))
    )


class PngFile:
    """A PNG that is written into an open file. Frames share one size and layout; `loop` None writes
    a single picture.

    cicp   primaries and transfer as ITU-T H.273 numbers them, and 1 for full range; None for sRGB.
    light  content of the brightness chunks, by name.
    """

    def __init__(
        self,
        file: IO[bytes],
        size_wh: Size,
        layout: Layout,
        loop: int | None,
        cicp: tuple[int, int, int] | None = None,
        light: Mapping[bytes, bytes] | None = None,
    ) -> None:
        self._file, self._size, self._loop = file, size_wh, loop
        self._frames, self._sequence = 0, 0
        kind = _COLOUR_TYPES[layout.model, layout.has_alpha]
        file.write(
            SIGNATURE
            + chunk(b"IHDR", struct.pack(">IIBBBBB", *size_wh, layout.depth, kind, 0, 0, 0))
        )
        if cicp is not None:
            file.write(chunk(b"cICP", struct.pack("BBBB", *cicp[:2], 0, cicp[2])))
        for name, content in (light or {}).items():
            file.write(chunk(name, content))
        self._control_at = file.tell()
        if loop is not None:
            self._write_control()

    def add(self, content: bytes, duration_ms: int) -> None:
        """Add a frame made by `compressed`.

        Every frame is complete and replaces the one before it.
        """
        if self._loop is not None:
            delay = _delay(duration_ms)
            self._file.write(
                chunk(
                    b"fcTL",
                    struct.pack(">IIIIIHHBB", self._next(), *self._size, 0, 0, *delay, 0, 0),
                )
            )
        if self._frames == 0:
            self._file.write(chunk(b"IDAT", content))
        else:
            self._file.write(chunk(b"fdAT", struct.pack(">I", self._next()) + content))
        self._frames += 1

    def finish(self) -> None:
        """Write the end, and the number of frames into the header."""
        self._file.write(chunk(b"IEND", b""))
        if self._loop is not None:
            self._file.seek(self._control_at)
            self._write_control()

    def _write_control(self) -> None:
        self._file.write(chunk(b"acTL", struct.pack(">II", self._frames, self._loop or 0)))

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence - 1


def _delay(duration_ms: int) -> tuple[int, Any]:
    """Return a duration in seconds as numerator and denominator, both below 65536."""
    for unit in (1000, 100, 10, 1):
        if duration_ms * unit // 1000 < 65536:
            return round(duration_ms * unit / 1000), unit
    return 65535, 1
