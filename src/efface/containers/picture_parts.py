"""Extract the parts of a JPEG, PNG or WebP file that make its picture, and read its metadata.

Metadata never reaches a target, so broken metadata does not make efface refuse a picture. The
decoder gets a file with picture parts only, spliced from spans of the source. This module reads
orientation, colour profile and colour numbers itself. If one is unreadable, it counts as absent, as
in browsers.

Where possible the decoder gets no end marker either. Once libjpeg has seen that marker, it silently
fills missing data with grey. Without the marker it asks for more data, so a truncated picture
cannot pass as a complete one.
"""

from __future__ import annotations

import io
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, cast

MOST_METADATA_BYTES = 16 << 20
"""Bytes. Longer metadata parts are not read. Colour profiles of printers take up to 4 MB."""

PAD = bytes(16)
"""libjpeg reads up to 8 bytes ahead. It asks for more than these 16 only if data are missing."""

Piece = bytes | tuple[int, int]
"""Literal bytes, or a span of the source: start and end."""


class Spliced(io.RawIOBase):
    """A read-only file made of pieces. Pieces that are spans stay on the disk.

    stepped  how many of the last pieces are returned one per read, whatever size the reader asks
             for.
    """

    def __init__(self, handle: IO[bytes], pieces: Sequence[Piece], stepped: int = 0) -> None:
        super().__init__()
        self._whole = len(pieces) - stepped
        self._handle, self._pieces, self._starts, self._at, end = handle, list(pieces), [0], 0, 0
        for piece in self._pieces:
            end += len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
            self._starts.append(end)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._starts[-1]}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read that many bytes; all if negative. Returns fewer at the end of the file and of a
        piece that is returned alone."""
        wanted = self._starts[-1] - self._at if size is None or size < 0 else size
        found = bytearray()
        while len(found) < wanted:
            part = bytearray(min(wanted - len(found), 1 << 20))
            count = self.readinto(part)
            found += part[:count]
            if not count or (size >= 0 and self._at > self._starts[self._whole]):
                break
        return bytes(found)

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the current piece goes."""
        index = bisect_right(self._starts, self._at) - 1
        if index >= len(self._pieces):
            return 0
        piece, skipped = self._pieces[index], self._at - self._starts[index]
        size = min(len(buffer), self._starts[index + 1] - self._at)
        if isinstance(piece, bytes):
            found = piece[skipped : skipped + size]
        else:
            self._handle.seek(piece[0] + skipped)
            found = self._handle.read(size)
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


@dataclass(slots=True)
class Parts:
    """What was found.

    pieces      of the picture.
    ending      the format's end marker in bytes, if the decoder should see it.
    exif, icc   as stored in the file; None if absent or unreadable.
    cicp        of a PNG: primaries, transfer, and whether all values are used (full range).
    light       of a PNG: content of its brightness chunks, by name.
    gamma       of a PNG: its encoding exponent. chroma: its white point and primaries, 8 numbers.
    is_srgb     whether the PNG states sRGB.
    has_broken_animation  whether a PNG has a broken animation, which is left out.
    scans       of a JPEG. stepped: how many pieces of the last scan are returned one at a time.
    is_arithmetic  whether the JPEG uses arithmetic coding.
    others      number of further pictures in a JPEG as large as the first, as of a stereo camera,
                without previews
                and gain maps.
    has_end     whether it has an end marker.
    is_cut      of a JPEG: it has neither an end marker nor all scans.
                of a PNG: the file ends within the data of its picture, or right after them.
    lacks_tables  of a JPEG: a quantization table is missing, without which all is noise.
    has_scan_data  of a JPEG: a scan is more than its header.
    """

    pieces: list[Piece] = field(default_factory=list)
    ending: bytes = b""
    exif: bytes | None = None
    icc: bytes | None = None
    cicp: tuple[int, int, bool] | None = None
    light: dict[bytes, bytes] = field(default_factory=dict)
    gamma: float | None = None
    chroma: tuple[float, ...] | None = None
    is_srgb: bool = False
    scans: int = 0
    stepped: int = 0
    is_arithmetic: bool = False
    has_broken_animation: bool = False
    others: int = 0
    has_end: bool = False
    is_cut: bool = False
    lacks_tables: bool = False
    has_scan_data: bool = False

    @property
    def has_srgb_numbers(self) -> bool:
        """Return whether a PNG's numbers describe sRGB itself, whatever else it states."""
        return self.cicp is not None and self.cicp[:2] == (1, 13)

    def file(self, handle: IO[bytes], *, ending: bytes | None = None) -> IO[bytes]:
        """Return the picture as a file, with `ending` instead of its own if given."""
        pieces = [*self.pieces, self.ending if ending is None else ending]
        return cast(IO[bytes], Spliced(handle, [p for p in pieces if p], self.stepped))

    def unused(self, file: IO[bytes]) -> int:
        """Return how many bytes of a one-scan JPEG its decoder did not ask for. Filler, one byte
        repeated, does not count."""
        at, end = file.tell(), file.seek(0, 2) - len(self.ending)
        file.seek(at)
        left = b"".join(iter(lambda: file.read(STEP_BYTES), b""))[: end - at]
        return end - at if at < end and left.strip(left[:1]) else 0


def parts_of(name: str, handle: IO[bytes]) -> Parts | None:
    """Return the parts of an open file of that format, or None if the decoder should see the file
    unchanged."""
    walk = {"jpeg": _of_jpeg, "png": _of_png, "webp": _of_webp}.get(name)
    return walk(handle, handle.seek(0, 2)) if walk is not None else None


# JPEG

EOI = b"\xff\xd9"
_JFIF = b"\xff\xe0\x00\x10JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_LEAST_JFIF, _LEAST_ADOBE = 14, 12
"""Minimum sizes in bytes. libjpeg and all browsers ignore these two segments if they are shorter.
"""

_KEPT = frozenset((*range(0xC0, 0xC8), *range(0xC9, 0xD0), 0xDB, 0xDD))
"""Markers of tables and frame headers."""

_ARITHMETIC = frozenset((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))

_EXIF, _ICC = b"Exif\0", b"ICC_PROFILE\0"


def _of_jpeg(handle: IO[bytes], end: int) -> Parts:
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


TAIL_BYTES, STEP_BYTES = 1 << 13, 8
"""The decoder gets the end of compressed data, TAIL_BYTES long, in steps of STEP_BYTES. This shows
how much it left unused."""


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


# PNG

_SIGNATURE_BYTES = 8
_PICTURE_CHUNKS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT"))
_IEND = b"\0\0\0\0IEND\xae\x42\x60\x82"
_LONGEST_PNG_CHUNK = 1 << 31


def _of_png(handle: IO[bytes], end: int) -> Parts:
    found = Parts(ending=_IEND)
    pieces: list[tuple[bytes, Piece]] = [(b"", (0, _SIGNATURE_BYTES))]
    steps, at, has_head = list[tuple[bytes, int]](), _SIGNATURE_BYTES, False
    while at + 8 <= end:
        handle.seek(at)
        size, name = struct.unpack(">I4s", handle.read(8))
        stop = at + 12 + size
        found.is_cut = name == b"IDAT" and stop + 8 > end
        if name == b"IEND" or size >= _LONGEST_PNG_CHUNK:
            break
        is_second_head = name == b"IHDR" and has_head
        has_head |= name == b"IHDR"
        if (
            name in _PICTURE_CHUNKS
            and not is_second_head
            and (name != b"tRNS" or _is_whole(handle, at, size))
        ):
            pieces += [(name, piece) for piece in _png_pieces(handle, name, (at, stop), end)]
            handle.seek(at + 8)
            steps.append(
                (name, int.from_bytes(handle.read(4), "big") if name in _OF_ANIMATION else 0)
            )
        elif name in _READ_CHUNKS and size <= MOST_METADATA_BYTES and _is_whole(handle, at, size):
            handle.seek(at + 8)
            _take_chunk(found, name, handle.read(size))
        at = stop
    found.has_broken_animation = any(name == b"acTL" for name, _ in steps) and not _is_sound(steps)
    found.pieces = [
        p for name, p in pieces if not (found.has_broken_animation and name in _OF_ANIMATION)
    ]
    return found


_OF_ANIMATION = frozenset((b"acTL", b"fcTL", b"fdAT"))
"""Animation chunks that begin with a number: the frame count, or a sequence number."""


def _is_sound(steps: Sequence[tuple[bytes, int]]) -> bool:
    """Return whether an APNG's chunks are in sequence and each frame has data. If not, browsers
    show the still picture."""
    stated = next(number for name, number in steps if name == b"acTL")
    frames, following, has_data = 0, 0, True
    for name, number in steps:
        if name in (b"fcTL", b"fdAT"):
            if (
                number != following
                or (name == b"fdAT" and not frames)
                or (name == b"fcTL" and not has_data)
            ):
                return False
            following += 1
            frames += name == b"fcTL"
        has_data = name in (b"IDAT", b"fdAT") or (has_data and name != b"fcTL")
    return has_data and frames == stated > 0


def _png_pieces(handle: IO[bytes], name: bytes, span: tuple[int, int], end: int) -> list[Piece]:
    """Return the pieces of a chunk. A truncated chunk ends where the file does; the decoder tells
    whether enough is there."""
    start, stop = span
    if stop <= end:
        return [span]
    kept = min(end, stop - 4)
    handle.seek(start + 4)
    checksum = struct.pack(">I", zlib.crc32(handle.read(kept - start - 4)))
    return [struct.pack(">I", kept - start - 8) + name, (start + 8, kept), checksum]


def _is_whole(handle: IO[bytes], at: int, size: int) -> bool:
    handle.seek(at + 4)
    content, stated = handle.read(4 + size), handle.read(4)
    return len(stated) == 4 and zlib.crc32(content) == int.from_bytes(stated, "big")


_READ_CHUNKS = frozenset((b"eXIf", b"iCCP", b"gAMA", b"cHRM", b"cICP", b"sRGB", b"cLLI", b"mDCV"))
LIGHT = {b"cLLI": 8, b"mDCV": 24}
"""Brightness chunks and their sizes in bytes. Viewers use them to adapt HDR to the screen."""


def _take_chunk(found: Parts, name: bytes, content: bytes) -> None:
    match name:
        case b"eXIf" if found.exif is None:
            found.exif = content
        case b"iCCP" if found.icc is None:
            found.icc = _inflated(content.partition(b"\0")[2][1:])
        case b"gAMA" if len(content) == 4 and content != bytes(4):
            found.gamma = int.from_bytes(content, "big") / 100_000
        case b"cHRM" if len(content) == 32:
            found.chroma = tuple(n / 100_000 for n in struct.unpack(">8I", content))
        case b"cICP" if len(content) == 4:
            found.cicp = (content[0], content[1], bool(content[3]))
        case b"cLLI" | b"mDCV" if len(content) == LIGHT[name]:
            found.light[name] = content
        case b"sRGB":
            found.is_srgb = True


def _inflated(content: bytes) -> bytes | None:
    unpacker = zlib.decompressobj()
    try:
        return unpacker.decompress(content, MOST_METADATA_BYTES) or None
    except zlib.error:
        return None


# WebP

_WEBP_CHUNKS = frozenset((b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"))
_ONLY_ALPHA_AND_ANIMATION = 0x12
"""Flags of VP8X that stay. The flags of profile, EXIF and XMP would announce chunks that the file
no longer has."""


def _of_webp(handle: IO[bytes], end: int) -> Parts:
    found, at, pieces = Parts(), 12, list[Piece]()
    while at + 8 <= end:
        handle.seek(at)
        name, size = struct.unpack("<4sI", handle.read(8))
        stop = at + 8 + size
        if name in _WEBP_CHUNKS:
            pieces += _webp_pieces(handle, name, (at, min(stop, end)), size)
        elif name in (b"EXIF", b"ICCP") and size <= MOST_METADATA_BYTES and stop <= end:
            content = handle.read(size)
            found.exif, found.icc = (
                (content, found.icc) if name == b"EXIF" else (found.exif, content)
            )
        at = stop + size % 2
    total = sum(len(p) if isinstance(p, bytes) else p[1] - p[0] for p in pieces)
    found.pieces = [b"RIFF" + struct.pack("<I", min(4 + total, 0xFFFFFFFE)) + b"WEBP", *pieces]
    return found


def _webp_pieces(handle: IO[bytes], name: bytes, span: tuple[int, int], size: int) -> list[Piece]:
    if name == b"VP8X" and size >= 10:
        flags, extents = handle.read(4), handle.read(6)
        return [
            name
            + struct.pack("<IB3s", 10, flags[0] & _ONLY_ALPHA_AND_ANIMATION, bytes(3))
            + extents
        ]
    return [span, b"\0"] if size % 2 else [span]
