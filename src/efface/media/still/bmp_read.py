"""Read uncompressed BMP files that Pillow refuses: any masks of 16 or 32 bits, 2 bits per pixel,
palettes of any size.

Missing rows become zeros. Pillow and FFmpeg read compressed rows.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PLAIN, _MASKS, _MASKS_WITH_ALPHA = 0, 3, 6
_CORE, _OS2 = 12, 64
"""Header sizes in bytes: of the oldest kind, and of OS/2 2.x, where compression 3 has another
meaning."""

_DEFAULT_MASKS = {
    16: (0x7C00, 0x3E0, 0x1F, 0),
    24: (0xFF0000, 0xFF00, 0xFF, 0),
    32: (0xFF0000, 0xFF00, 0xFF, 0),
}


@dataclass(frozen=True, slots=True)
class Header:
    """width, height in pixels; bits per pixel. start: offset of the rows in bytes. palette: its
    start, and the bytes of an entry."""

    width: int
    height: int
    bits: int
    start: int
    is_upside_down: bool
    masks: tuple[int, ...]
    palette: tuple[int, int]

    @property
    def is_deep(self) -> bool:
        """Return whether samples have more than 8 bits."""
        return any(mask.bit_count() > 8 for mask in self.masks[:3])

    @property
    def stride(self) -> int:
        """Return the bytes of a row, which are a multiple of 4."""
        return (self.width * self.bits + 31) // 32 * 4

    def is_cut(self, size: int) -> bool:
        """Return whether a file of that many bytes lacks rows."""
        return self.start + self.stride * self.height > size


def header_of(data: bytes) -> Header | None:
    """Return the header, or None if this module cannot read it."""
    try:
        start, size = struct.unpack_from("<II", data, 10)
        if size == _CORE:
            width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
            compression, entry = _PLAIN, 3
        else:
            width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
            compression, entry = struct.unpack_from("<I", data, 30)[0] if size >= 20 else _PLAIN, 4
        masks = _DEFAULT_MASKS.get(bits, ())
        if compression in (_MASKS, _MASKS_WITH_ALPHA) and bits in (16, 32) and size != _OS2:
            has_alpha = size >= 56 or compression == _MASKS_WITH_ALPHA
            masks = struct.unpack_from("<4I" if has_alpha else "<3I", data, 54) + (
                () if has_alpha else (0,)
            )
        elif compression != _PLAIN:
            return None
    except struct.error:
        return None
    if width <= 0 or not height or bits not in (1, 2, 4, 8, 16, 24, 32):
        return None
    return Header(width, abs(height), bits, start, height > 0, masks, (14 + size, entry))


def samples_of(data: bytes, header: Header) -> NDArray[np.uint8]:
    """Return (h, w, 3) RGB, or (h, w, 4) RGBA. Raises OSError if not one row is whole."""
    stride = header.stride
    if header.start + stride > len(data):
        raise OSError("the file breaks off before its first row")
    data = data.ljust(header.start + stride * header.height, b"\0")
    rows = np.frombuffer(data, np.uint8, stride * header.height, header.start).reshape(
        header.height, stride
    )
    if header.is_upside_down:
        rows = rows[::-1]
    return _by_palette(data, header, rows) if header.bits <= 8 else _by_masks(header, rows)


def _by_palette(data: bytes, header: Header, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    at, entry = header.palette
    count = max(0, min(256, (header.start - at) // entry))
    colours = np.zeros((256, 3), np.uint8)
    colours[:count] = np.frombuffer(data, np.uint8, count * entry, at).reshape(count, entry)[
        :, 2::-1
    ]
    bits, per_byte = header.bits, 8 // header.bits
    shifts = np.arange(per_byte - 1, -1, -1, dtype=np.uint8) * bits
    indices = (rows[..., None] >> shifts) & ((1 << bits) - 1)
    picture: NDArray[np.uint8] = colours[indices.reshape(header.height, -1)[:, : header.width]]
    return picture


def _by_masks(header: Header, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = header.bits // 8
    raw = np.zeros((header.height, header.width, 4), np.uint8)
    raw[..., :size] = rows[:, : header.width * size].reshape(header.height, header.width, size)
    values = raw.view("<u4")[..., 0]
    masks = header.masks if header.masks[3] else header.masks[:3]
    return np.stack([_channel(values, mask) for mask in masks], axis=-1)


def _channel(values: NDArray[Any], mask: int) -> NDArray[np.uint8]:
    if not mask:
        return np.zeros(values.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    most = mask >> shift
    found = ((values & np.uint32(mask)) >> np.uint32(shift)).astype(np.uint64)
    return np.minimum((found * 255 + most // 2) // most, 255).astype(np.uint8)
