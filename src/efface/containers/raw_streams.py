"""Videos without a container: bare codec streams, streams of JPEGs, and minimal frame wrappers.

FFmpeg guesses these formats from the first bytes and sometimes guesses wrong, so each gets a name
here and is opened by that name. Most store no timestamps; their frames are shown at a constant
rate, which the stream may state.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

DEMUXERS = {
    "h264": "h264",
    "hevc": "hevc",
    "vvc": "vvc",
    "mpeg4": "m4v",
    "vc1": "vc1",
    "h263": "h263",
    "av1": "obu",
    "mjpeg": "mjpeg",
    "dv": "dv",
    "ivf": "ivf",
    "y4m": "yuv4mpegpipe",
    "dav": "dhav",
    "rcv": "vc1test",
}
"""FFmpeg's demuxer for each format."""

TIMELESS = frozenset(("h264", "hevc", "vvc", "mpeg4", "vc1", "h263", "av1", "mjpeg", "dv", "y4m"))
"""Formats that store no timestamps."""

ENDINGS = (
    "h264 264 avc h265 265 hevc h266 266 vvc cmp m4e vc1 h263 263 obu mjpg mjpeg dv dif ivf "
    "y4m dav rcv m1v m2v mpv"
)
"""File name endings of these formats."""

_BY_SUFFIX = {
    ".h264": "h264", ".264": "h264", ".avc": "h264", ".h265": "hevc", ".265": "hevc",
    ".hevc": "hevc", ".h266": "vvc",
    ".266": "vvc", ".vvc": "vvc", ".cmp": "mpeg4", ".m4e": "mpeg4", ".m4v": "mpeg4", ".vc1": "vc1",
}  # fmt: skip
"""Formats by file name, for streams with start codes whose first bytes are ambiguous. A recording
may begin anywhere."""

_MAGIC = (
    (b"DKIF", "ivf"),
    (b"YUV4MPEG2", "y4m"),
    (b"DHAV", "dav"),
    (b"DAHUA", "dav"),
    (b"\x12\x00\x0a", "av1"),
)
_START = b"\0\0\1"
_CODES = 64
"""Maximum number of start codes examined."""

_SOF = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))
"""JPEG markers that state the picture's size."""


_FILLING = 1 << 16
"""Maximum number of filler bytes between two pictures."""


def raw_format(head: bytes, suffix: str) -> str | None:
    """Return the format's name from the first bytes of the file. The suffix decides if several
    formats are possible."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if (
        head[:1] in (b"\x1f", b"\x9f")
        and head[1:3] == b"\x07\x00"
        and head[80:81]
        and head[80] >> 5 == 1
    ):
        return "dv"  # a header block, then one of subcode
    if head[3:8] == b"\xc5\4\0\0\0" and head[20:24] == b"\x0c\0\0\0":
        return "rcv"  # sizes of its two headers
    if head.startswith((_START, b"\0" + _START)):
        return _by_start_codes(head) or _BY_SUFFIX.get(suffix.lower())
    if (
        suffix.lower() in (".h263", ".263")
        and head[:2] == b"\0\0"
        and head[2:3]
        and head[2] & 0xFC == 0x80
    ):
        return "h263"
    return None


def _by_start_codes(head: bytes) -> str | None:
    """Return the codec whose parameter sets are among the first units."""
    codes = list(_codes(head))
    for code in codes:
        if code[:2] in (b"\x40\x01", b"\x42\x01"):
            return "hevc"
        if code[0] & 0x9F == 7 and code[0] & 0x60:
            return "h264"
        if 0x20 <= code[0] <= 0x2F and codes[0][0] in (0xB0, 0xB5, *range(0x30)):
            return "mpeg4"
        if code[0] == 0x0F and codes[0] == code:
            return "vc1"
    return None


def _codes(head: bytes) -> Iterator[bytes]:
    """Yield the two bytes after each start code."""
    at = head.find(_START)
    for _ in range(_CODES):
        if at < 0 or at + 4 >= len(head):
            return
        yield head[at + 3 : at + 5]
        at = head.find(_START, at + 3)


def is_jpeg_stream(path: Path) -> bool:
    """Return whether a file that begins with a JPEG is a video: a second picture of the same size
    follows. Raises OSError.

    A photo lists the pictures behind it (MPO), or they are smaller (previews).
    """
    with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as data:
        first = _jpeg_head(data, 0)
        if first is None:
            return False
        size, lists_others, scan = first
        if lists_others:
            return False
        end = data.find(b"\xff\xd9", scan)
        following = data.find(b"\xff\xd8\xff", end) if end >= 0 else -1
        if (
            following < 0
            or following - end > _FILLING
            or data[end + 2 : following].strip(b"\0\xff\r\n")
        ):
            return False
        second = _jpeg_head(data, following)
        return second is not None and second[0] == size


def _jpeg_head(data: mmap.mmap, at: int) -> tuple[bytes, bool, int] | None:
    """Return the stored size, whether the JPEG lists more pictures (MPF), and where its samples
    begin; None if not a JPEG."""
    size, lists_others, at = b"", False, at + 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4])
        if marker in _SOF:
            size = data[at + 5 : at + 9]
        lists_others |= marker == 0xE2 and data[at + 4 : at + 8] == b"MPF\0"
        at += 2 + length
        if marker == 0xDA:
            return (size, lists_others, at) if size else None
        if length < 2:
            return None
    return None
