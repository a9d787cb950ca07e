"""Messages within a video bitstream: SEI of H.264 and HEVC, metadata of AV1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MOST_UNITS = 4096
"""Maximum number of units in one sample. A frame has a few, one for each slice."""

_SEI_UNITS = {"h264": (6,), "hevc": (39, 40)}


@dataclass(frozen=True, slots=True)
class Message:
    """A message within a sample.

    kind   the type's number in its standard.
    codec  "h264", "hevc" or "av1".
    """

    codec: str
    kind: int
    content: bytes


MESSAGES = {
    ("sei", 0): (
            "buffering period"
        ), ("sei", 1): "picture timing", ("sei", 2): "pan and scan", ("sei",
    4): "registered user data",
    ("sei", 5): "user data", ("sei", 6): "recovery point", ("sei", 45): (
            "stereo arrangement"
        ), ("sei",
    47): "display orientation",
    ("sei", 129): (
            "parameter sets"
        ), ("sei", 132): "picture hash", ("sei", 136): "time code", ("sei", 137): (
            "mastering display"
        ),
    ("sei", 144): (
            "content light level"
        ), ("sei", 147): "transfer curve", ("sei", 148): "ambient light", ("sei",
    165): "alpha channel",
    ("av1", 1): (
            "content light level"
        ), ("av1", 2): "mastering display", ("av1", 3): "scalability", ("av1",
    4): "registered user data",
    ("av1", 5): "time code",
}  # fmt: skip


def name_of(message: Message) -> str:
    """Describe the message in words."""
    family = "av1" if message.codec == "av1" else "sei"
    return MESSAGES.get((family, message.kind), f"message of type {message.kind}")


def units(sample: bytes, length_size: int) -> Iterator[bytes]:
    """Yield the NAL units of a sample, up to the first that is malformed. `length_size` 0 means
    Annex B start codes."""
    if not length_size:
        yield from _by_start_codes(sample)
        return
    at = 0
    for _ in range(MOST_UNITS):
        if at + length_size > len(sample):
            return
        size = int.from_bytes(sample[at : at + length_size])
        at += length_size
        yield sample[at : at + size]
        at += size


def config_units(config: bytes, codec: str) -> Iterator[bytes]:
    """Yield the NAL units of a decoder configuration as MP4 and Matroska store it, or with start
    codes as in AVI."""
    if not config or config[0] != 1:
        yield from _by_start_codes(config)
    elif codec == "h264":
        sets, at = config[5:6], 6
        count = sets[0] & 0x1F if sets else 0
        for _ in range(2):  # sequence parameter sets, then picture parameter sets
            for _ in range(count):
                size = int.from_bytes(config[at : at + 2])
                yield config[at + 2 : at + 2 + size]
                at += 2 + size
            count, at = config[at] if at < len(config) else 0, at + 1
    elif codec == "hevc":
        at = 23
        for _ in range(config[22] if len(config) > 22 else 0):
            count, at = int.from_bytes(config[at + 1 : at + 3]), at + 3
            for _ in range(min(count, MOST_UNITS)):
                size = int.from_bytes(config[at : at + 2])
                if at >= len(config):
                    return
                yield config[at + 2 : at + 2 + size]
                at += 2 + size


def _by_start_codes(sample: bytes) -> Iterator[bytes]:
    at = sample.find(b"\0\0\1")
    for _ in range(MOST_UNITS):
        if at < 0:
            return
        following = sample.find(b"\0\0\1", at + 3)
        yield sample[at + 3 : following if following >= 0 else len(sample)].rstrip(b"\0")
        at = following


def type_of(unit: bytes, codec: str) -> int:
    """Return the type of a NAL unit, or -1 if the unit is empty."""
    if not unit:
        return -1
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F


def messages(sample: bytes, codec: str, length_size: int) -> Iterator[Message]:
    """Yield the messages within a sample."""
    if codec == "av1":
        yield from _of_obus(sample)
        return
    if codec not in _SEI_UNITS:
        return
    for unit in units(sample, length_size):
        if type_of(unit, codec) in _SEI_UNITS[codec]:
            yield from _of_sei(unit[1 if codec == "h264" else 2 :], codec)


def _of_sei(unit: bytes, codec: str) -> Iterator[Message]:
    raw = unit.replace(b"\0\0\3", b"\0\0")  # emulation prevention bytes
    at = 0
    for _ in range(MOST_UNITS):
        if at + 2 > len(raw) or raw[at:].rstrip(b"\0") == b"\x80":
            return
        kind, at = _long(raw, at)
        size, at = _long(raw, at)
        yield Message(codec, kind, raw[at : at + size])
        at += size


def _long(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(raw) and raw[at] == 255:
        value, at = value + 255, at + 1
    return value + (raw[at] if at < len(raw) else 0), at + 1


def obus(sample: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of each OBU of a sample, up to the first that is malformed."""
    at = 0
    for _ in range(MOST_UNITS):
        if at >= len(sample):
            return
        head = sample[at]
        at += 2 if head & 4 else 1
        size = len(sample) - at
        if head & 2:
            size, at = leb128(sample, at)
        yield head >> 3 & 15, sample[at : at + size]
        at += size


def leb128(raw: bytes, at: int) -> tuple[int, int]:
    """Return a LEB128 number of AV1 and the place after it."""
    value = 0
    for i in range(8):
        byte = raw[at + i] if at + i < len(raw) else 0
        value |= (byte & 0x7F) << 7 * i
        if not byte & 0x80:
            break
    return value, at + i + 1


def _of_obus(sample: bytes) -> Iterator[Message]:
    for kind, content in obus(sample):
        if kind == 5:
            what, at = leb128(content, 0)
            yield Message("av1", what, content[at:])
