"""H.264 with a picture to each field, as AVCHD camcorders write it.

No encoder at hand writes such films, so the samples are stored as they are (I_PCM).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

BLOCK = 16


def field_pictures(frames: Sequence[NDArray[np.uint8]]) -> Iterator[bytes]:
    """Yield the access units of a film at 25 frames a second, two fields to a frame.

    frames  (h * 3 / 2, w) uint8, yuv420p, 16 frames at most; w divides by 16, h by 32.
    """
    height, width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
    for number, frame in enumerate(frames):
        luma = frame[:height]
        chroma = frame[height:].reshape(2, height // 2, width // 2)
        for bottom in (0, 1):
            sets = _parameter_sets(width, height) if number == bottom == 0 else b""
            planes = luma[bottom::2], *(plane[bottom::2] for plane in chroma)
            yield _unit(9, b"\xf0") + sets + _field(number, bottom, planes)


class _Bits:
    """A row of bits that grows."""

    def __init__(self) -> None:
        self._bits: list[int] = []

    def fixed(self, length: int, value: int) -> None:
        self._bits += [value >> i & 1 for i in reversed(range(length))]

    def golomb(self, *values: int) -> None:
        """Append unsigned numbers in Exp-Golomb code."""
        for value in values:
            length = (value + 1).bit_length()
            self.fixed(2 * length - 1, value + 1)

    def samples(self, block: NDArray[np.uint8]) -> None:
        """Append samples from the next whole byte on."""
        self._bits += [0] * (-len(self._bits) % 8)
        self._bits += np.unpackbits(np.maximum(block, 1).ravel()).tolist()

    def ended(self) -> bytes:
        """Return the bytes, with the bit that ends them."""
        return np.packbits(np.array([*self._bits, 1], np.uint8)).tobytes()


def _unit(head: int, payload: bytes) -> bytes:
    """Return a NAL unit with its start code and the bytes that keep other start codes out."""
    guarded, zeros = bytearray(), 0
    for byte in payload:
        if zeros >= 2 and byte <= 3:
            guarded.append(3)
            zeros = 0
        guarded.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return b"\0\0\0\1" + bytes([head]) + bytes(guarded)


def _parameter_sets(width: int, height: int) -> bytes:
    sequence, picture = _Bits(), _Bits()
    for value in (77, 0, 30):  # main profile, level 3
        sequence.fixed(8, value)
    sequence.golomb(
        0, 0, 2, 1
    )  # identifier, frame numbers of 4 bits, order of output as decoded, one reference
    sequence.fixed(1, 0)
    sequence.golomb(width // BLOCK - 1, height // BLOCK // 2 - 1)
    sequence.fixed(
        8, 0b00101_000
    )  # fields allowed and not mixed, inference, no crop; timing is said
    sequence.fixed(1, 0)
    sequence.fixed(1, 1)
    sequence.fixed(32, 1)
    sequence.fixed(32, 50)
    sequence.fixed(5, 0b10000)
    picture.golomb(0, 0)
    picture.fixed(2, 0)
    picture.golomb(0, 0, 0)
    picture.fixed(3, 0)
    picture.golomb(0, 0, 0)
    picture.fixed(3, 0)
    return _unit(0x67, sequence.ended()) + _unit(0x68, picture.ended())


def _field(number: int, bottom: int, planes: Sequence[NDArray[np.uint8]]) -> bytes:
    bits, is_first = _Bits(), number == bottom == 0
    bits.golomb(0, 7, 0)  # first block, intra, picture parameters
    bits.fixed(4, number)
    bits.fixed(2, 0b10 | bottom)
    if is_first:
        bits.golomb(0)
    bits.fixed(2 if is_first else 1, 0)
    bits.golomb(0)
    luma = planes[0]
    for y in range(0, luma.shape[0], BLOCK):
        for x in range(0, luma.shape[1], BLOCK):
            bits.golomb(25)
            bits.samples(luma[y : y + BLOCK, x : x + BLOCK])
            for plane in planes[1:]:
                bits.samples(plane[y // 2 : (y + BLOCK) // 2, x // 2 : (x + BLOCK) // 2])
    return _unit(0x65 if is_first else 0x61, bits.ended())
