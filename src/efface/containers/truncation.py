"""Detect whether a file ends before its own structure says it does.

FFmpeg plays a truncated file as if it ended there. These checks read only the sizes of the
outermost parts, a few bytes each, and compare them with the size of the file. MPEG-TS and other
formats without such sizes cannot be checked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from efface.containers import boxes
from efface.containers.ebml import vint
from efface.containers.parts import Broken, Reader

_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_NEEDED_BOXES = {b"mdat", b"moov", b"moof"}
"""MP4 boxes that hold pictures or their index. A cut in another box loses nothing visible."""


def kind_of(path: Path) -> str:
    """Return "mov", "mp4", "matroska", "webm", "avi", or "" for formats that this module does not
    know."""
    with open(path, "rb") as f:
        head = f.read(64)
    if head[4:8] == b"ftyp":
        return "mov" if head[8:12] == b"qt  " else "mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "webm" if b"webm" in head else "matroska"
    return "avi" if head[:4] == b"RIFF" and head[8:11] == b"AVI" else ""


def is_cut(path: Path) -> bool:
    """Return whether a needed part reaches beyond the end of the file."""
    kind, end = kind_of(path), os.path.getsize(path)
    with open(path, "rb") as f:
        if kind in ("mov", "mp4"):
            found = list(_boxes(f, end))
            beyond = {name for name, stop in found if name in _NEEDED_BOXES and stop > end}
            has_tables = b"moov" in dict(found) and b"moof" not in dict(found)
            # A recorder may state too large a size for `mdat`. If the index is complete, it says
            # where each sample ends.
            return bool(beyond) and not (
                beyond == {b"mdat"} and has_tables and _samples_are_there(f)
            )
        if kind in ("matroska", "webm"):
            return any(stop > end for stop in _elements(f, end))
        if kind == "avi":
            return _chunks_end(f, end) > end
    return False


def _samples_are_there(f: BinaryIO) -> bool:
    """Return whether all samples of an MP4 lie within the file, according to its index."""
    reader = Reader(f)
    try:
        parts = list(boxes.walk(reader))
        found = [
            sum(1 for _ in boxes.samples(track, reader)) for track in boxes.tracks(parts, reader)
        ]
    except Broken:
        return False
    return bool(found) and all(found)


def _boxes(f: BinaryIO, end: int) -> Iterator[tuple[bytes, int]]:
    """Yield name and end of each outermost MP4 box."""
    at = 0
    while at + 8 <= end:
        f.seek(at)
        head = f.read(16)
        size, name = int.from_bytes(head[:4]), head[4:8]
        size = (
            int.from_bytes(head[8:16]) if size == 1 else size or end - at
        )  # 0 means up to the end of the file
        if size < 8:
            return
        yield name, at + size
        at += size


def _elements(f: BinaryIO, end: int) -> Iterator[int]:
    """Yield the ends of the outermost EBML elements, and of the clusters in a segment of unknown
    size."""
    at = 0
    while at < end:
        f.seek(at)
        head = f.read(16)
        name, used = vint(head, keep_marker=True)
        size, more = vint(head[used:])
        body = at + used + more
        if not used or not more:
            return
        if size is None:
            if name not in (_SEGMENT, _CLUSTER):
                return
            at = body  # unknown size, as in live recordings: step inside
            continue
        yield body + size
        at = body + size


def _chunks_end(f: BinaryIO, end: int) -> int:
    """Return where the last RIFF chunk ends. An interrupted recorder leaves a size of 0, which
    counts as beyond the end."""
    at = 0
    while at + 12 <= end:
        f.seek(at)
        head = f.read(12)
        if head[:4] != b"RIFF":
            break
        size = int.from_bytes(head[4:8], "little")
        if size == 0:
            return end + 1
        at += 8 + size + size % 2
    return at
