"""The answers of a decoder about the sound of a film. Each tells of many packets at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, get_args

import av
import numpy as np

from efface.media.decoder.sound_messages import (
    ContentSaid,
    ContentsSaid,
    HeardSaid,
    PacketSaid,
    PacketsSaid,
    PartSaid,
    PartsSaid,
    SideKind,
    SideSaid,
)
from efface.media.video.sound_samples import Heard
from efface.media.video.sound_source import SoundPart

AT_ONCE_BYTES, MOST_AT_ONCE = 1 << 19, 500
"""An answer ends with the packet that reaches one of these."""

Room = Callable[[int], Any]
"""Waits for a slot that holds that many bytes, and returns it."""

Said = TypeVar("Said")


def packets_said(packets: Iterator[tuple[int, av.Packet[Any]]], room: Room) -> Iterator[Any]:
    """Yield the answers for `SoundSource.packets`."""
    for said, data in _batches(_packet(*one) for one in packets):
        _put(data, room)
        yield PacketsSaid(tuple(said))


def contents_said(contents: Iterator[tuple[int, bytes]], room: Room) -> Iterator[Any]:
    """Yield the answers for `SoundSource.contents`."""
    told = ((ContentSaid(stream, len(data)), [data]) for stream, data in contents)
    for said, data in _batches(told):
        _put(data, room)
        yield ContentsSaid(tuple(said))


def parts_said(parts: Iterator[SoundPart], room: Room) -> Iterator[Any]:
    """Yield the answers for `SoundSource.samples`."""
    for said, data in _batches(map(_part, parts)):
        _put(data, room)
        yield PartsSaid(tuple(said))


def _batches(told: Iterable[tuple[Said, list[Any]]]) -> Iterator[tuple[list[Said], list[Any]]]:
    """Yield what is told, some at once, with the bytes that belong to it."""
    said: list[Said] = []
    data: list[Any] = []
    size = 0
    for one, more in told:
        said.append(one)
        data += more
        size += sum(memoryview(d).nbytes for d in more)
        if size >= AT_ONCE_BYTES or len(said) >= MOST_AT_ONCE:
            yield said, data
            said, data, size = [], [], 0
    if said:
        yield said, data


def _put(data: list[Any], room: Room) -> None:
    """Write bytes into the next slot."""
    at, views = 0, [np.frombuffer(d, np.uint8) for d in data]
    slot = room(max(1, sum(len(v) for v in views)))
    for view in views:
        slot[at : at + len(view)] = view
        at += len(view)


def _packet(stream: int, packet: av.Packet[Any]) -> tuple[PacketSaid, list[Any]]:
    side = [s for s in packet.iter_sidedata() if s.data_type in get_args(SideKind) and s.data_size]
    told = tuple(SideSaid(s.data_type, s.data_size) for s in side)  # type: ignore[arg-type]
    said = PacketSaid(
        stream,
        packet.pts,
        packet.dts,
        max(0, packet.duration or 0),
        packet.is_keyframe,
        packet.is_corrupt,
        packet.size,
        told,
    )
    return said, [bytes(packet), *(bytes(s) for s in side)]


def _part(part: SoundPart) -> tuple[PartSaid, list[Any]]:
    channels = part.heard[0].samples.shape[0] if part.heard else 0
    told = tuple(HeardSaid(h.first, h.samples.shape[1], _is_silence(h)) for h in part.heard)
    data = [np.ascontiguousarray(h.samples).reshape(-1) for h in part.heard if not _is_silence(h)]
    return PartSaid(part.time, part.stream, channels, told), data


def _is_silence(heard: Heard) -> bool:
    """Return whether one zero stands for all samples."""
    return not any(heard.samples.strides)
