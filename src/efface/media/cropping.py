"""Crops that a container states: columns and rows that are stored but never shown.

Matroska has elements for them; MP4 and MOV have the clean aperture (`clap`). FFmpeg leaves them to
its caller, and PyAV does not expose them. Hidden pixels must not be published, so this module reads
the crop from the file, and the decoder applies it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from itertools import islice, takewhile
from pathlib import Path
from typing import NamedTuple

from efface.containers import boxes, ebml
from efface.containers.parts import Part, Reader
from efface.geometry import Size

MOST_PARTS = 20_000
"""Maximum number of parts examined. The stream description comes first, or after one block of
samples."""

_ENTRY_HEAD = 86
"""Bytes of a sample entry before its child boxes."""

_ELEMENTS = ("PixelCropLeft", "PixelCropTop", "PixelCropRight", "PixelCropBottom")
_LONGEST_ENTRY = 1 << 16


class Crop(NamedTuple):
    """Columns and rows of the stored frame that are not shown."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    @property
    def columns(self) -> int:
        """Hidden columns on both sides together."""
        return self.left + self.right

    @property
    def rows(self) -> int:
        """Hidden rows above and below together."""
        return self.top + self.bottom


WHOLE = Crop()
"""A crop that hides nothing."""


def crop_of(path: Path, container: str, number: int, size_wh: Size) -> Crop:
    """Return the crop of the video track with that number, from 0.

    Returns WHOLE if the file states no crop, or one that leaves nothing.

    container  FFmpeg's name.
    size_wh    of a frame as it is stored.

    Raises OSError.
    """
    find = (
        _in_matroska
        if container.startswith("matroska")
        else _in_mp4
        if container.startswith("mov,")
        else None
    )
    if find is None:
        return WHOLE
    with open(path, "rb") as f:
        crop = find(Reader(f), number, size_wh)
    is_possible = min(crop) >= 0 and crop.columns < size_wh[0] and crop.rows < size_wh[1]
    return crop if is_possible else WHOLE


def _in_matroska(reader: Reader, number: int, size_wh: Size) -> Crop:
    found: list[dict[str, int]] = []
    for p in takewhile(lambda p: p.name != "Cluster", islice(ebml.walk(reader), MOST_PARTS)):
        if p.path == ("Segment", "Tracks", "TrackEntry", "Video"):
            found.append({})
        elif p.name in _ELEMENTS and found:
            found[-1][p.name] = int.from_bytes(boxes.at(reader, p, 0, 8))
    return (
        Crop(*(found[number].get(name, 0) for name in _ELEMENTS)) if number < len(found) else WHOLE
    )


def _in_mp4(reader: Reader, number: int, size_wh: Size) -> Crop:
    films = [
        t
        for t in boxes.tracks(_head(islice(boxes.walk(reader), MOST_PARTS)), reader)
        if t.handler == "vide"
    ]
    entries = films[number].boxes.get("stsd") if number < len(films) else None
    return (
        _clean_aperture(boxes.at(reader, entries, 8, _LONGEST_ENTRY), size_wh)
        if entries is not None
        else WHOLE
    )


def _head(parts: Iterable[Part]) -> list[Part]:
    """Yield the parts of `moov`, and stop after it."""
    found: list[Part] = []
    for p in parts:
        if p.path[0] == "moov":
            found.append(p)
        elif found:
            break
    return found


def _clean_aperture(entry: bytes, size_wh: Size) -> Crop:
    """Read the clean aperture of the first sample entry: size and centre of the visible area, as
    fractions."""
    at, end = _ENTRY_HEAD, min(int.from_bytes(entry[:4]), len(entry))
    while at + 8 <= end:
        size = int.from_bytes(entry[at : at + 4])
        if entry[at + 4 : at + 8] == b"clap" and size >= 40:
            raw = [int.from_bytes(entry[i : i + 4], signed=True) for i in range(at + 8, at + 40, 4)]
            if min(raw[1::2]) <= 0:
                return WHOLE
            width, height, x, y = (Fraction(n, d) for n, d in zip(raw[::2], raw[1::2], strict=True))
            left, right = _span(size_wh[0], width, x)
            top, bottom = _span(size_wh[1], height, y)
            return Crop(left, top, right, bottom)
        at += max(size, 8)
    return WHOLE


def _span(stored: int, shown: Fraction, shift: Fraction) -> tuple[int, int]:
    """Return how many samples are hidden before and after. A partly visible sample counts as
    visible."""
    start = (stored - shown) / 2 + shift
    return max(0, math.floor(start)), max(0, math.floor(stored - start - shown))
