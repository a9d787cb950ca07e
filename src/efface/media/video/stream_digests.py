"""Describe a video's picture signals, and digest its sound packets, to compare a target with its
source."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from efface.media.interfaces import SourceInfo
from efface.media.video.sound_source import SoundSource
from efface.media.video.video_info import video_of

DIGEST_BYTES = 8
"""Bytes of a packet's digest. They must only distinguish the packets of one recording."""


def signals(info: SourceInfo) -> Mapping[str, str]:
    """Return what a video states about its picture; empty for photos.

    A property that conversion changes on purpose is described in other words.

    pixels          colour model and bits of a sample, e.g. "yuv, 8 bit".
    range           "limited" or "full".
    matrix, primaries, transfer  numbers of H.273, "2" if nothing is stated.
    pixel shape     width over height.
    """
    if info.medium != "video":
        return {}
    video = video_of(info)
    layout, colour = video.spec.layout, video.colour
    return {
        "pixels": f"{layout.model}, {layout.depth} bit",
        "range": "full" if layout.full_range else "limited",
        "matrix": str(colour.matrix),
        "primaries": str(colour.primaries),
        "transfer": str(colour.transfer),
        "pixel shape": str(video.aspect),
    }


@dataclass(slots=True)
class _Track:
    """One sound stream: digests of its packets, and their total bytes."""

    digests: list[bytes] = field(default_factory=list)
    size: int = 0


@dataclass(frozen=True, slots=True)
class SoundKept:
    """How one sound stream of a target compares with that of its source.

    packets  in the target.
    before   packets of the source before the first one kept; they precede the picture.
    missing  packets of the source that are left out after that.
    is_same  the target holds the source's data in the same order.
    """

    packets: int
    before: int
    missing: int
    is_same: bool


def sound_kept(source: SoundSource, target: SoundSource) -> list[SoundKept]:
    """Every sound stream of the target beside the one of the source at the same place.

    Raises InputError.

    Streams without a counterpart are left out. A stream ends where it becomes unreadable.
    """
    streams, kept = _read(source), _read(target)
    return [
        _compared(a, b, (source, target), i)
        for i, (a, b) in enumerate(zip(streams, kept, strict=False))
    ]


def _compared(
    source: _Track, target: _Track, sounds: tuple[SoundSource, SoundSource], stream: int
) -> SoundKept:
    packets, left = len(target.digests), iter(enumerate(source.digests))
    at = [next((i for i, digest in left if digest == wanted), None) for wanted in target.digests]
    if at and None not in at:
        first: int = at[0]  # type: ignore[assignment]  # none of them is None
        return SoundKept(packets, first, len(source.digests) - first - packets, True)
    # Containers may cut the same bytes into other packets, as MOV does with PCM.
    is_same = target.size <= source.size and _tail(
        sounds[0], stream, target.size, source.size
    ) == _tail(sounds[1], stream, target.size, target.size)
    return SoundKept(packets, 0, 0, is_same)


def _tail(sound: SoundSource, stream: int, wanted: int, size: int) -> bytes:
    """Digest of the last `wanted` of the `size` bytes of that stream."""
    skip, digest = size - wanted, hashlib.sha256()
    for index, data in sound.contents():
        if index == stream:
            digest.update(data[skip:])
            skip = max(0, skip - len(data))
    return digest.digest()


def _read(sound: SoundSource) -> list[_Track]:
    tracks: dict[int, _Track] = {}
    for index, data in sound.contents():
        track = tracks.setdefault(index, _Track())
        track.digests.append(hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest())
        track.size += len(data)
    return [tracks.get(i, _Track()) for i in range(max(tracks, default=-1) + 1)]
