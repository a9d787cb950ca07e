"""Tell which packets begin a visible frame, which only add to one, and which are only reference
frames.

Most packets hold one frame. In interlaced H.264 and MPEG-2 each field may be a picture in a packet
of its own, so two packets make one frame (PAFF, as AVCHD camcorders and broadcasters write it). VP8
and VP9 have frames that are never shown, and MPEG-4 in AVI has placeholders. Everything is read
from the head of each packet; nothing is decoded.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import av

from efface.containers import nal

_SLICE_HEAD = 48
"""Bytes of a slice, or a parameter set, that hold everything read here."""

_LARGEST_SET = 1024
"""Maximum number of bytes read of a sequence parameter set. Lists of scaling factors precede the
needed fields."""

_SLICES, _PICTURE_SETS, _SEQUENCE_SETS = (1, 2, 5), 8, 7
_CHROMA_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
"""H.264 profiles that state their chroma format in the sequence parameter set."""

_FRAME = 3
"""MPEG-2's picture_structure of a whole frame; 1 and 2 are fields."""


_TALLEST = 2800
"""Maximum height in lines at which a slice's number equals its macroblock row."""


def is_interlaced_mpeg2(config: bytes) -> bool:
    """Return whether MPEG-2's sequence extension allows fields. config: the decoder configuration
    from the container."""
    at = config.find(b"\0\0\1\xb5")
    while at >= 0:
        if len(config) > at + 5 and config[at + 4] >> 4 == 1:
            return not config[at + 5] & 8
        at = config.find(b"\0\0\1\xb5", at + 4)
    return False


def lacks_rows(sample: bytes, height: int) -> bool:
    """Return whether a picture in a packet of interlaced MPEG-2 lacks a slice for one of its
    macroblock rows."""
    rows = 2 * -(-height // 32)
    if height > _TALLEST:
        return False
    starts = [match.start() for match in _EXTENSION_OF_PICTURE.finditer(sample)]
    for at, end in pairwise([*starts, len(sample)]):
        is_field = sample[at + 6 : at + 7] and sample[at + 6] & 3 != _FRAME
        if {found[1][0] for found in _SLICE.finditer(sample, at, end)} != set(
            range(1, (rows // 2 if is_field else rows) + 1)
        ):
            return True
    return False


_EXTENSION_OF_PICTURE = re.compile(rb"\x00\x00\x01\xb5[\x80-\x8f]")
_SLICE = re.compile(rb"\x00\x00\x01([\x01-\xaf])")


class Holds(enum.Enum):
    """What a packet holds: a visible frame, the second field of the previous frame, or nothing
    visible."""

    FRAME = enum.auto()
    SECOND_FIELD = enum.auto()
    HIDDEN = enum.auto()


class FrameStarts:
    """Classifies packets one after the other, in file order."""

    def __init__(self, codec: str, config: bytes = b"") -> None:
        """config: the decoder configuration from the container."""
        self._codec = codec
        self._h264 = _H264(config) if codec == "h264" else None
        self._open: tuple[int, int] | None = (
            None  # parity and frame number of a field that waits for the other one
        )

    def holds(self, packet: av.Packet[Any]) -> Holds:
        """Return what the next packet holds."""
        if self._h264 is not None:
            return self._of_pictures(self._h264.pictures(packet))
        if self._codec == "mpeg2video":
            return self._of_pictures(_mpeg2_pictures(bytes(packet)))
        return Holds.FRAME if _is_shown(self._codec, packet) else Holds.HIDDEN

    def _of_pictures(self, pictures: Iterator[tuple[int, int]]) -> Holds:
        """Classify a packet by its pictures: (parity 1 or 2, 3 for a whole frame; frame number).

        An unreadable packet counts as a frame of its own.
        """
        found = [self._begins(*picture) for picture in pictures]
        if not found:
            self._open = None
        return Holds.FRAME if not found or any(found) else Holds.SECOND_FIELD

    def _begins(self, parity: int, number: int) -> bool:
        is_second = (
            self._open is not None and parity != _FRAME and self._open == (_FRAME - parity, number)
        )
        self._open = None if is_second or parity == _FRAME else (parity, number)
        return not is_second


class _H264:
    """Reads slice headers. Keeps the parameter sets from the container and from the stream."""

    def __init__(self, config: bytes) -> None:
        self._length_size = (config[4] & 3) + 1 if config[:1] == b"\1" and len(config) > 4 else 0
        self._sequences: dict[
            int, tuple[int, bool, bool]
        ] = {}  # bits of frame_num, frames only, separate colour planes
        self._pictures: dict[int, int] = {}
        for unit in nal.config_units(config, "h264"):
            self._keep(unit)

    def pictures(self, packet: av.Packet[Any]) -> Iterator[tuple[int, int]]:
        """Yield parity and frame number of each picture in the packet, as far as they are
        readable."""
        sample = memoryview(packet)
        for unit in _heads(sample, self._length_size):
            kind = nal.type_of(unit, "h264")
            if kind in (_SEQUENCE_SETS, _PICTURE_SETS):
                self._keep(unit)
            elif kind in _SLICES:
                picture = self._picture(unit)
                if picture is not None:
                    yield picture
                if picture is None or picture[0] == _FRAME:
                    return  # the rest of the packet belongs to it

    def _keep(self, unit: bytes) -> None:
        bits = _Bits(unit[1:])
        try:
            if nal.type_of(unit, "h264") == _SEQUENCE_SETS:
                number, found = _sequence(bits)
                self._sequences[number] = found
            elif nal.type_of(unit, "h264") == _PICTURE_SETS:
                picture, sequence = bits.golomb(), bits.golomb()
                self._pictures[picture] = sequence
        except IndexError:
            pass  # the decoder will report it

    def _picture(self, unit: bytes) -> tuple[int, int] | None:
        """Return parity and frame number; None for a slice that begins no picture or whose
        parameter sets are unknown."""
        bits = _Bits(unit[1:])
        try:
            first, _, picture = bits.golomb(), bits.golomb(), bits.golomb()
            wide, frames_only, separate = self._sequences[self._pictures[picture]]
            bits.take(2 * separate)
            number = bits.take(wide)
            is_field = not frames_only and bits.take(1)
            parity = 1 + bits.take(1) if is_field else _FRAME
        except (IndexError, KeyError):
            return None
        return (parity, number) if first == 0 else None


def _sequence(bits: _Bits) -> tuple[int, tuple[int, bool, bool]]:
    """Return the number of a sequence parameter set; bits of frame_num, whether it has frames only,
    whether colour planes are separate."""
    profile = bits.take(8)
    bits.take(16)
    number, separate = bits.golomb(), False
    if profile in _CHROMA_PROFILES:
        chroma = bits.golomb()
        separate = chroma == 3 and bool(bits.take(1))
        bits.golomb(), bits.golomb(), bits.take(1)
        if bits.take(1):
            for i in range(8 if chroma != 3 else 12):
                _skip_scaling(bits, 16 if i < 6 else 64)
    wide = bits.golomb() + 4
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1), bits.golomb(), bits.golomb()
        for _ in range(bits.golomb()):
            bits.golomb()
    bits.golomb(), bits.take(1), bits.golomb(), bits.golomb()
    return number, (wide, bool(bits.take(1)), separate)


def _skip_scaling(bits: _Bits, count: int) -> None:
    """Skip a list of scaling factors."""
    if not bits.take(1):
        return
    last = following = 8
    for _ in range(count):
        if following:
            step = bits.golomb()
            following = (last + (step // 2 + 1 if step % 2 else -(step // 2))) % 256
        last = following or last


class _Bits:
    """Reads bits from the head of a unit. Raises IndexError at its end."""

    def __init__(self, unit: bytes) -> None:
        raw = unit.replace(b"\0\0\3", b"\0\0")  # emulation prevention bytes
        self._value, self._left = int.from_bytes(raw), len(raw) * 8

    def take(self, count: int) -> int:
        """Return the next bits as a number."""
        self._left -= count
        if self._left < 0:
            raise IndexError("the unit ends")
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """Return the next number in exponential Golomb code."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise IndexError("no number")
        return (1 << zeros) - 1 + self.take(zeros)


def _heads(sample: memoryview, length_size: int) -> Iterator[bytes]:
    """Yield the beginning of each unit of a sample."""
    if not length_size:
        yield from _heads_by_start_codes(bytes(sample))
        return
    at = 0
    while at + length_size < len(sample):
        size = int.from_bytes(sample[at : at + length_size])
        at += length_size
        yield _head(bytes(sample[at : at + min(size, _LARGEST_SET)]))
        at += size


def _heads_by_start_codes(sample: bytes) -> Iterator[bytes]:
    at = sample.find(b"\0\0\1")
    while at >= 0:
        yield _head(sample[at + 3 : at + 3 + _LARGEST_SET])
        at = sample.find(b"\0\0\1", at + 3)


def _head(unit: bytes) -> bytes:
    return unit if nal.type_of(unit, "h264") == _SEQUENCE_SETS else unit[:_SLICE_HEAD]


def _mpeg2_pictures(sample: bytes) -> Iterator[tuple[int, int]]:
    """Yield the parity of each picture of an MPEG-2 packet. The frame number is constant, since
    MPEG-2 fields come in pairs."""
    at = sample.find(b"\0\0\1\xb5")
    while at >= 0:
        if len(sample) > at + 6 and sample[at + 4] >> 4 == 8:  # the picture coding extension
            yield sample[at + 6] & 3 or _FRAME, 0
        at = sample.find(b"\0\0\1\xb5", at + 4)


def _is_shown(codec: str, packet: av.Packet[Any]) -> bool:
    """Return False for reference-only packets: VP8 and VP9 have frames that are never shown."""
    if codec not in ("vp8", "vp9", "mpeg4"):
        return True
    raw = memoryview(packet)
    if codec == "mpeg4":
        return len(raw) > 20  # the placeholder for a frame that is packed into the previous packet
    if codec == "vp8":
        return bool(raw[0] & 0x10)
    if raw[-1] & 0xE0 == 0xC0:
        return True  # a superframe ends with a visible frame
    profile = (raw[0] >> 5 & 1) | (raw[0] >> 4 & 1) << 1
    bits = raw[0] & (0x07 if profile == 3 else 0x0F)
    shows_existing = bits >> (2 if profile == 3 else 3) & 1
    return bool(shows_existing or bits >> (0 if profile == 3 else 1) & 1)
