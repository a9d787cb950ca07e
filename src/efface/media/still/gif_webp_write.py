"""Write GIF and animated WebP files frame by frame.

Pillow encodes each frame as a separate picture; this module joins them to an animation. Every frame
is complete and independent, none shows through another, and only one must be in memory.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from efface.geometry import Size
from efface.media.still.still_pixels import strips

OPAQUE_FROM = 128
"""Opacity from which a GIF pixel is opaque. GIF has no partial opacity."""


class GifFrame(NamedTuple):
    """A picture as a GIF image block with its own colour table.

    clear      index that means transparent; None if all 256 are colours.
    has_clear  some pixel is transparent.
    """

    block: bytes
    clear: int | None
    has_clear: bool


def gif_frame(rgba: NDArray[np.uint8]) -> GifFrame:
    """Convert (h, w, 3 or 4) uint8 to a frame of a GIF.

    Up to 256 colours are kept exactly; more are reduced to the best 256, dithered.
    """
    clear = rgba[..., 3] < OPAQUE_FROM if rgba.shape[2] == 4 else np.zeros(rgba.shape[:2], bool)
    has_clear = bool(clear.any())
    index, palette = _indexed(rgba[..., :3], 255 if has_clear else 256, clear)
    if has_clear:
        index[clear] = len(palette)
        palette = np.concatenate([palette, np.zeros((1, 3), np.uint8)])
        return GifFrame(_image_block(index, palette), len(palette) - 1, True)
    return GifFrame(
        _image_block(index, palette), len(palette) if len(palette) < 256 else None, False
    )


def _indexed(
    rgb: NDArray[np.uint8], limit: int, clear: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    height, width = rgb.shape[:2]
    known = np.empty(0, np.uint32)
    for rows in strips(
        height, width
    ):  # in strips: sorting a whole picture takes thirty bytes per pixel
        known = np.union1d(known, _numbered(rgb[rows], clear[rows]))
        if len(known) > limit:
            break
    else:
        index = np.empty((height, width), np.uint8)
        for rows in strips(height, width):
            index[rows] = np.searchsorted(known, _numbered(rgb[rows], clear[rows]))
        return index, np.stack([known >> 16 & 255, known >> 8 & 255, known & 255], axis=-1).astype(
            np.uint8
        )
    image = Image.fromarray(np.ascontiguousarray(rgb))
    best = image.quantize(limit, Image.Quantize.MEDIANCUT)
    reduced = image.quantize(palette=best, dither=Image.Dither.FLOYDSTEINBERG)
    table = np.array(best.getpalette(), np.uint8).reshape(-1, 3)[:limit]
    return np.array(reduced), table


def _numbered(rgb: NDArray[np.uint8], clear: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Return each colour as one number; 0 for transparent pixels."""
    red, green, blue = (rgb[..., i].astype(np.uint32) for i in range(3))
    return np.where(clear, np.uint32(0), red << 16 | green << 8 | blue)


def _image_block(index: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """Return image descriptor, colour table and compressed indices."""
    bits = max(1, (len(palette) - 1).bit_length())
    table = np.zeros((1 << bits, 3), np.uint8)
    table[: len(palette)] = palette
    height, width = index.shape
    return (
        struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0x80 | bits - 1)
        + table.tobytes()
        + _compressed(index)
    )


def _compressed(index: NDArray[np.uint8]) -> bytes:
    """Return Pillow's LZW codes for the indices, extracted from the file that it writes."""
    whole = io.BytesIO()
    # With a table of all 256 grey levels, Pillow neither shortens nor sorts it.
    image = Image.fromarray(np.ascontiguousarray(index)).convert("P")
    image.putpalette([level for level in range(256) for _ in range(3)])
    image.save(whole, "GIF", optimize=False, interlace=False)
    data = whole.getvalue()
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    while data[at] == 0x21:  # extensions
        at = _after_blocks(data, at + 2)
    flags = data[at + 9]
    start = at + 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    return data[start : _after_blocks(data, start + 1)]


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


class GifFile:
    """A GIF that is written into an open file. `loop` None plays once and is not stated in the
    file."""

    def __init__(self, file: IO[bytes], size_wh: Size, loop: int | None) -> None:
        self._file = file
        self._held: tuple[GifFrame, int] | None = None
        file.write(b"GIF89a" + struct.pack("<HHBBB", *size_wh, 0x70, 0, 0))
        if loop is not None:
            file.write(
                b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", min(loop, 65535)) + b"\0"
            )

    def add(self, frame: GifFrame, hundredths: int) -> None:
        """Add a frame made by `gif_frame`, shown for that many hundredths of a second."""
        self._write_held(before_clear=frame.has_clear)
        self._held = frame, hundredths

    def finish(self) -> None:
        """Write the trailer."""
        self._write_held(before_clear=False)
        self._file.write(b"\x3b")

    def _write_held(self, *, before_clear: bool) -> None:
        """Write the frame added last. It is wiped afterwards if it or the next frame has
        transparent pixels, as it would otherwise show through.

        Pillow wipes to transparent only if the frame names a transparent index.
        """
        if self._held is None:
            return
        frame, hundredths = self._held
        wipe, keep = 2 << 2, 1 << 2
        is_wiped = before_clear or frame.has_clear
        names_clear = is_wiped and frame.clear is not None
        head = (
            0x21,
            0xF9,
            4,
            (wipe if is_wiped else keep) | names_clear,
            min(hundredths, 65535),
            frame.clear or 0,
            0,
        )
        self._file.write(struct.pack("<BBBBHBB", *head) + frame.block)


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each chunk of a WebP file."""
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def riff_chunk(name: bytes, content: bytes) -> bytes:
    """Build a chunk, padded to an even length."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


class WebpFile:
    """An animated WebP that is written into an open file."""

    def __init__(self, file: IO[bytes], size_wh: Size, loop: int) -> None:
        self._file, self._size = file, size_wh
        animated_with_alpha = 0x12
        extents = _u24(size_wh[0] - 1) + _u24(size_wh[1] - 1)
        file.write(
            b"RIFF\0\0\0\0WEBP"
            + riff_chunk(b"VP8X", bytes([animated_with_alpha, 0, 0, 0]) + extents)
        )
        file.write(riff_chunk(b"ANIM", struct.pack("<IH", 0, min(loop, 65535))))

    def add(self, still: bytes, duration_ms: int) -> None:
        """Add a frame, encoded as a separate WebP file. It replaces the frame before it."""
        width, height = self._size
        do_not_blend = 2
        picture = b"".join(
            riff_chunk(n, c) for n, c in webp_chunks(still) if n in (b"ALPH", b"VP8 ", b"VP8L")
        )
        lead = (
            _u24(0)
            + _u24(0)
            + _u24(width - 1)
            + _u24(height - 1)
            + _u24(min(duration_ms, 0xFFFFFF))
            + bytes([do_not_blend])
        )
        self._file.write(riff_chunk(b"ANMF", lead + picture))

    def finish(self) -> None:
        """Write the length into the header."""
        size = self._file.seek(0, 2)
        self._file.seek(4)
        self._file.write(struct.pack("<I", size - 8))


def _u24(number: int) -> bytes:
    return number.to_bytes(3, "little")
