"""What a decoder tells about the sound of a film. See `decoder_messages`."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

from efface.media.video.sound_streams import SoundStream

SideKind = Literal[
    "skip_samples", "new_extradata", "param_change", "mpegts_stream_id", "jp_dual_mono",
    "matroska_block_additional",
]  # fmt: skip
"""What muxers heed of what a packet has beside its data."""


@dataclass(frozen=True, slots=True)
class SoundStreamsSaid:
    """What is known of the sound streams."""

    CODE: ClassVar[int] = 11
    streams: tuple[SoundStream, ...]


@dataclass(frozen=True, slots=True)
class SideSaid:
    """What a packet has beside its data, and its bytes."""

    kind: SideKind
    bytes: int


@dataclass(frozen=True, slots=True)
class PacketSaid:
    """A packet. bytes: of its data."""

    stream: int
    pts: int | None
    dts: int | None
    duration: int
    is_key: bool
    is_corrupt: bool
    bytes: int
    side: tuple[SideSaid, ...]


@dataclass(frozen=True, slots=True)
class PacketsSaid:
    """Packets in order. Their bytes are in the next slot, each packet's data before what it has
    beside it."""

    CODE: ClassVar[int] = 12
    packets: tuple[PacketSaid, ...]


@dataclass(frozen=True, slots=True)
class ContentSaid:
    """What one packet holds. bytes: of it."""

    stream: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ContentsSaid:
    """What packets hold, in order. Their bytes are in the next slot."""

    CODE: ClassVar[int] = 13
    contents: tuple[ContentSaid, ...]


@dataclass(frozen=True, slots=True)
class HeardSaid:
    """Samples, or silence, of which there is nothing in the slot. See `sound_samples.Heard`."""

    first: int
    count: int
    is_silence: bool


@dataclass(frozen=True, slots=True)
class PartSaid:
    """See `sound_source.SoundPart`."""

    time: Fraction
    stream: int
    channels: int
    heard: tuple[HeardSaid, ...]


@dataclass(frozen=True, slots=True)
class PartsSaid:
    """Parts in order. Their samples are in the next slot, as 32-bit floating-point numbers, one
    channel after the other."""

    CODE: ClassVar[int] = 14
    parts: tuple[PartSaid, ...]
