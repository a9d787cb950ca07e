"""Extract the parts of a JPEG that make its picture, and read its metadata.

Where possible the decoder gets no end marker. Once libjpeg has seen that marker, it silently fills
missing data with grey. Without the marker it asks for more data, so a truncated picture cannot pass
as a complete one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from efface.containers.spliced_parts import EOI, PAD, STEP_BYTES, TAIL_BYTES, Parts, Piece

_JFIF = b"\xff\xe0\x00\x10JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_LEAST_JFIF, _LEAST_ADOBE = 14, 12
"""Minimum sizes in bytes. libjpeg and all browsers ignore these two segments if they are shorter.
"""

_KEPT = frozenset((*range(0xC0, 0xC8), *range(0xC9, 0xD0), 0xDB, 0xDD))
"""Markers of tables and frame headers."""

_ARITHMETIC = frozenset((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))

_EXIF, _ICC = b"Exif\0", b"ICC_PROFILE\0"


def parts_of_jpeg(handle: IO[bytes], end: int) -> Parts:
    found, profile, passes = Parts(pieces=[b"\xff\xd8"]), dict[int, bytes](), _Passes()
    for marker, start, stop in _segments(handle, end):
        handle.seek(start)
        if marker == 0xD9:
            passes.has_end = True
        elif marker in _KEPT:
            found.pieces.append((start - 4, stop))
            found.is_arithmetic |= marker in _ARITHMETIC
            passes.take(marker, handle.read(stop - start))
        elif marker == 0xDA:
            found.scans += 1
            passes.take(marker, handle.read(stop - start))
            scan = list(_in_steps(stop, _after_scan(handle, stop, end)))
            found.has_scan_data |= bool(scan)
            found.pieces, found.stepped = [*found.pieces, (start - 4, stop), *scan], len(scan)
        elif 0xE0 <= marker <= 0xEE:
            _take_segment(found, profile, marker, handle.read(stop - start))
    found.icc = b"".join(profile[n] for n in sorted(profile)) or None
    handle.seek(max(0, end - 2))
    found.has_end = passes.has_end or handle.read(2) == EOI
    found.lacks_tables = not passes.has_tables
    found.is_cut = not found.has_end and not passes.are_all
    is_baseline = found.scans == 1 and not passes.is_progressive and not found.is_arithmetic
    found.ending, found.stepped = (PAD, found.stepped) if is_baseline else (EOI, 0)
    return found


def _in_steps(start: int, end: int) -> Iterator[Piece]:
    middle = max(start, end - TAIL_BYTES)
    if middle > start:
        yield start, middle
    yield from ((at, min(at + STEP_BYTES, end)) for at in range(middle, end, STEP_BYTES))


@dataclass(slots=True)
class _Passes:
    """Track which coefficients of which component have had their last pass."""

    has_end: bool = False
    is_progressive: bool = False
    _missing: dict[int, set[int]] = field(default_factory=dict)
    _steps: set[int] = field(default_factory=set)
    _steps_used: set[int] = field(default_factory=set)

    @property
    def has_tables(self) -> bool:
        """Return whether all quantization tables that components refer to are present."""
        return self._steps_used <= self._steps

    @property
    def are_all(self) -> bool:
        """Return whether nothing is missing."""
        return not any(self._missing.values())

    def take(self, marker: int, content: bytes) -> None:
        """Record a frame header or a scan header."""
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            self.is_progressive = marker in (0xC2, 0xC6, 0xCA, 0xCE)
            self._missing = {number: set(range(64)) for number in content[6::3]}
            self._steps_used = set(content[8::3])
        elif marker == 0xDB:
            at = 0
            while at < len(content):
                self._steps.add(content[at] & 15)
                at += 129 if content[at] >> 4 else 65
        elif marker == 0xDA and len(content) >= 4:
            first, last, low = content[-3], content[-2], content[-1] & 15
            for number in content[1:-3:2]:
                if low == 0:
                    self._missing.get(number, set()).difference_update(range(first, last + 1))


def _take_segment(found: Parts, profile: dict[int, bytes], marker: int, content: bytes) -> None:
    """Keep the JFIF and Adobe segments that state whether colours are YCbCr, if they have the form
    that the decoder knows."""
    if marker == 0xE0 and content.startswith(b"JFIF\0") and len(content) >= _LEAST_JFIF:
        found.pieces.append(_JFIF)
    elif marker == 0xEE and content.startswith(b"Adobe") and len(content) >= _LEAST_ADOBE:
        found.pieces.append(b"\xff\xee\x00\x0e" + content[:_LEAST_ADOBE])
    elif marker == 0xE1 and content.startswith(_EXIF) and found.exif is None:
        found.exif = content
    elif marker == 0xE2 and content.startswith(_ICC) and len(content) > 14:
        profile.setdefault(content[12], content[14:])
    elif marker == 0xE2 and content.startswith(b"MPF\0"):
        found.others = max(0, _pictures_listed(content[4:]) - 1)


_MP_ENTRIES, _MP_ENTRY_BYTES = 0xB002, 16


def _pictures_listed(index: bytes) -> int:
    """Return how many pictures of equal rank a JPEG's multi-picture index (MPF) lists, as of a
    panorama or a stereo camera."""
    order = "<" if index[:2] == b"II" else ">"
    try:
        (at,) = struct.unpack_from(order + "I", index, 4)
        (count,) = struct.unpack_from(order + "H", index, at)
        fields = [
            struct.unpack_from(order + "HHII", index, at + 2 + 12 * i)
            for i in range(min(count, 64))
        ]
        size, start = next((size, place) for tag, _, size, place in fields if tag == _MP_ENTRIES)
        kinds = [
            struct.unpack_from(order + "I", index, start + at)[0]
            for at in range(0, size, _MP_ENTRY_BYTES)
        ]
    except (struct.error, StopIteration):
        return 0
    return sum(kind >> 8 & 0xFFFF == 0x0200 for kind in kinds)


def _segments(handle: IO[bytes], end: int) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment's content, up to the end of the first picture.
    Skips bytes in between."""
    at = 2
    while True:
        at = _marker(handle, at, end)
        handle.seek(at)
        head = handle.read(4)
        if len(head) < 2:
            return
        if head[1] == 0xD9:
            yield 0xD9, at + 2, at + 2
            return
        if head[1] == 0x01 or 0xD0 <= head[1] <= 0xD8:
            at += 2
            continue
        stop = at + 2 + int.from_bytes(head[2:4], "big")
        if len(head) < 4 or stop < at + 4 or stop > end:  # damage that looks like a marker
            at += 2
            continue
        yield head[1], at + 4, stop
        at = _after_scan(handle, stop, end) if head[1] == 0xDA else stop


_WINDOW = 1 << 16


def _marker(handle: IO[bytes], at: int, end: int) -> int:
    """Return the position of the next 0xFF before a marker, or the end."""
    while at < end:
        handle.seek(at)
        window = handle.read(_WINDOW)
        place = window.find(b"\xff")
        while 0 <= place < len(window) - 1:
            if window[place + 1] not in (0x00, 0xFF):
                return at + place
            place = window.find(b"\xff", place + 1)
        if len(window) < _WINDOW:
            return end
        at += len(window) - 1
    return end


def _after_scan(handle: IO[bytes], at: int, end: int) -> int:
    """Return where compressed data end: at the next marker that is not a restart marker."""
    while (at := _marker(handle, at, end)) < end:
        handle.seek(at + 1)
        if not 0xD0 <= handle.read(1)[0] <= 0xD7:
            return at
        at += 2
    return end
