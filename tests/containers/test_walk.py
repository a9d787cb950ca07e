"""Walkers over broken and hostile files: they end, say what is wrong, and keep within bounds of
memory and of parts."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from efface.containers import walk as walking
from efface.containers.admission import admit
from efface.containers.allowlist import unlisted_parts
from efface.containers.parts import MOST_PARTS, Reader
from efface.containers.tiff import Tiff
from efface.containers.walk import WALKS, walk
from efface.errors import InputError
from efface.inspection.inspector import MOST_FOUND, inspect

EXAMPLES = int(os.environ.get("EFFACE_FUZZ_EXAMPLES", "12"))
"""Of each format in an ordinary run."""

LARGEST_PEAK = 48 << 20
"""Bytes of Python's that looking at a file of 30 kB may take at once."""

FEW_PARTS = 20_000
"""The bound on parts while traps are tried: the real one would take seconds to reach."""

FORMATS = (
    "jpeg",
    "png",
    "gif",
    "webp",
    "tiff",
    "heif",
    "avif",
    "mp4",
    "mov",
    "matroska",
    "webm",
    "avi",
    "mpegts",
)


def _picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (24, 32, 3), np.uint8))


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[271], exif[305], exif[315] = "Maker", "Program", "Artist"
    exif.get_ifd(0x8825).update({1: "N", 2: (12.0, 20.0, 44.16), 3: "E", 4: (65.0, 25.0, 55.6)})
    exif.get_ifd(0x8769)[0x927C] = b"\0note\xff\xd8\xff" * 40
    return exif


def _photo(name: str) -> bytes:
    out = io.BytesIO()
    if name == "heif":
        heif = pillow_heif.from_pillow(_picture())
        heif.save(out, exif=_exif().tobytes(), quality=50)
        return out.getvalue()
    more = {} if name == "gif" else {"exif": _exif()}
    _picture().save(out, name.upper(), **more)
    return out.getvalue() + (b"\xff\xd8\xff and a tail" if name == "jpeg" else b"")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A small real file of every format."""
    folder = tmp_path_factory.mktemp("whole")
    found = {name: _photo(name) for name in FORMATS[:7]}
    source = ["-f", "lavfi", "-i", "testsrc=s=64x48:d=0.3:r=10", "-f", "lavfi", "-i", "sine=d=0.3"]
    for name, suffix in zip(FORMATS[7:], ("mp4", "mov", "mkv", "webm", "avi", "ts"), strict=True):
        codec = (
            ["-c:v", "libvpx-vp9", "-c:a", "libopus"]
            if suffix == "webm"
            else ["-c:v", "libx264", "-c:a", "aac"]
        )
        path = folder / f"a.{suffix}"
        tags = ["-metadata", "title=Title", "-metadata", "location=+12.3456-065.4321/"]
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", *source, *codec, *tags, str(path)],
            check=True,
            capture_output=True,
        )
        found[name] = path.read_bytes()
    return found


@contextmanager
def bounded() -> Iterator[None]:
    """Fails when what runs inside holds too much at once."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < LARGEST_PEAK


def mutated(data: st.DataObject, raw: bytes) -> bytes:
    """The file with some bytes changed, lengths blown up, pieces doubled or taken out, or its end
    cut off."""
    out = bytearray(raw)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(0, len(out) - 1)))
        match data.draw(st.sampled_from(("flip", "length", "cut", "double", "drop", "zero"))):
            case "flip":
                out[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
            case "length":
                huge = data.draw(
                    st.sampled_from(
                        (0, 1, 7, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, len(raw))
                    )
                )
                out[at : at + 4] = struct.pack(data.draw(st.sampled_from((">I", "<I"))), huge)
            case "cut":
                del out[at:]
            case "double":
                out[at:at] = out[at : at + data.draw(st.integers(1, 400))]
            case "drop":
                del out[at : at + data.draw(st.integers(1, 400))]
            case _:
                out[at : at + 8] = bytes(8)
        if not out:
            return b"\0"
    return bytes(out)


def look_at(path: Path, name: str) -> None:
    """Everything that reads a stranger's file by hand.

    The format is forced: a broken file may not be told by its content.
    """
    with bounded():
        with open(path, "rb") as f:
            assert sum(1 for _ in walk(Reader(f), name)) <= MOST_PARTS + 1
        assert len(unlisted_parts(path, name)) <= 51
        try:
            found = inspect(admit(path), look=None, others=False)
        except InputError:
            return
        assert len(found.items) <= MOST_FOUND


@pytest.mark.parametrize("name", FORMATS)
def test_broken_files_are_walked_to_an_end(
    name: str, whole: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "broken"

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(data=st.data())
    def broken(data: st.DataObject) -> None:
        path.write_bytes(mutated(data, whole[name]))
        look_at(path, {"mov": "mp4", "webm": "matroska"}.get(name, name))

    broken()


def test_every_walker_is_fuzzed() -> None:
    assert set(WALKS) <= {*FORMATS}


def exif_in_circles() -> bytes:
    """Two directories that follow each other for ever, and one that is its own."""
    head = b"II*\0" + struct.pack("<I", 8)
    first = struct.pack("<H", 1) + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 26)
    return (
        head
        + first
        + struct.pack("<H", 1)
        + struct.pack("<HHII", 0x8825, 4, 1, 26)
        + struct.pack("<I", 8)
    )


@cache
def hostile() -> dict[str, tuple[str, bytes]]:
    box = b""
    for _ in range(3000):
        box = struct.pack(">I4s", len(box) + 8, b"moov") + box
    tables = struct.pack(">I", 0) + struct.pack(">II", 1000, 0xFFFFFFFF)
    stbl = b"".join(
        struct.pack(">I4s", len(c) + 8, n) + c
        for n, c in (
            (b"stsz", tables),
            (b"stco", bytes(4) + struct.pack(">II", 1, 8)),
            (b"stsc", bytes(4) + struct.pack(">IIII", 1, 1, 0xFFFFFFFF, 1)),
        )
    )
    return {
        "boxes in boxes": ("mp4", b"\0\0\0\x10ftypisom\0\0\0\0" + box),
        "a table of four thousand million samples": (
            "mp4",
            b"\0\0\0\x10ftypisom\0\0\0\0"
            + struct.pack(">I4sI4s", 16 + len(stbl), b"moov", 8 + len(stbl), b"trak")[:16]
            + stbl,
        ),
        "elements without content": (
            "matroska",
            b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff" + b"\xec\x80" * (FEW_PARTS + 5),
        ),
        "directories in circles": ("tiff", exif_in_circles()),
        "a directory of 65,535 entries": ("tiff", b"II*\0\x08\0\0\0\xff\xff" + bytes(100)),
        "a bomb of text": (
            "png",
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(64 << 20), 1))
            + chunk(b"IEND", b""),
        ),
        "laughs": ("webp", riff(b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>')),
        "a deep tree": ("webp", riff(b"<a>" * 20_000 + b"</a>" * 20_000)),
        "marks for ever": ("jpeg", b"\xff\xd8" + b"\xff" * 30_000),
        "scans for ever": ("jpeg", b"\xff\xd8" + b"\xff\xda\0\x02\0" * 4_000),
    }


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content), name) + content + bytes(4)


def riff(xmp: bytes) -> bytes:
    content = b"WEBPXMP " + struct.pack("<I", len(xmp)) + xmp + b"\0" * (len(xmp) % 2)
    return b"RIFF" + struct.pack("<I", len(content)) + content


@pytest.mark.parametrize("what", list(hostile()))
def test_traps_are_walked_to_an_end(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "MOST_PARTS", FEW_PARTS)
    name, raw = hostile()[what]
    path = tmp_path / "trap"
    path.write_bytes(raw)
    with open(path, "rb") as f:
        assert sum(1 for _ in walk(Reader(f), name)) <= FEW_PARTS + 1
    assert unlisted_parts(path, name)
    with bounded():
        inspect(admit(path), look=None, others=False)


def test_a_tiff_of_thousands_of_pages_is_walked_to_its_end():
    pages = 3000
    tags = (256, 257, 258, 259, 262, 273, 277, 278, 279)
    directory = len(tags) * 12 + 6
    data = b"II*\0" + struct.pack("<I", 8)
    for page in range(pages):
        end = 8 + (page + 1) * directory
        data += struct.pack("<H", len(tags)) + b"".join(
            struct.pack("<HHII", tag, 3, 1, 1) for tag in tags
        )
        data += struct.pack("<I", end if page < pages - 1 else 0)
    tiff = Tiff(Reader(io.BytesIO(data)))
    assert len(list(tiff.entries())) == pages * len(tags)
    assert [why for _, why in tiff.troubles if "too many" in why or "circles" in why] == []
