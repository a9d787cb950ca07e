"""Manifest stores are found in every format, with every byte that belongs to them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from efface.containers import c2pa_parts
from efface.containers.allowlist import unlisted_parts
from efface.containers.c2pa_parts import StoreBox, boxes_of
from efface.containers.parts import Broken

UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def described(label: str, content: bytes) -> bytes:
    """A box of boxes with that label."""
    return box(b"jumb", box(b"jumd", bytes(16) + b"\3" + label.encode() + b"\0") + content)


STORE = described("c2pa", described("urn:1", described("c2pa.claim.v2", box(b"cbor", b"claim"))))


def segment(number: int, content: bytes) -> bytes:
    """An APP11 segment of a JPEG; each repeats the head of the box."""
    inside = b"JP\0\1" + struct.pack(">I", number) + content
    return b"\xff\xeb" + struct.pack(">H", 2 + len(inside)) + inside


def chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xda\0\2\0\xff\xd9"


def gif(content: bytes) -> bytes:
    head = b"GIF89a\1\0\1\0\0\0\0"
    pieces = [content[i : i + 255] for i in range(0, len(content), 255)]
    blocks = b"".join(bytes([len(p)]) + p for p in pieces) + b"\0"
    return head + b"\x21\xff\x0bC2PA_GIF\1\0\0" + blocks + b"\x3b"


FILES = {
    "jpeg": jpeg(segment(1, STORE[:60]), segment(2, STORE[:8] + STORE[60:])),
    "png": b"\x89PNG\r\n\x1a\n" + chunk(b"caBX", STORE) + chunk(b"IEND", b""),
    "gif": gif(STORE),
    "mp4": box(b"uuid", UUID + bytes(4) + b"manifest\0" + bytes(8) + STORE),
}


CARRIER = {"jpeg": "APP11", "png": "caBX", "gif": "C2PA_GIF", "mp4": UUID.hex()}


@pytest.mark.parametrize("name", FILES)
def test_the_store_is_found_and_a_change_of_any_byte_of_it_is_seen(tmp_path: Path, name: str):
    path = tmp_path / "a"
    path.write_bytes(FILES[name])
    assert c2pa_parts.store(path, name) == STORE
    known = c2pa_parts.digest(path, name)
    assert known
    strange, without = (unlisted_parts(path, name, k) for k in ("", known))
    assert [p for p in strange if CARRIER[name] in p]
    assert [p for p in without if CARRIER[name] in p] == []
    changed = bytearray(FILES[name])
    changed[changed.rindex(b"claim")] ^= 1
    path.write_bytes(changed)
    assert c2pa_parts.digest(path, name) != known
    assert unlisted_parts(path, name, known) == unlisted_parts(path, name)


def test_another_manifest_beside_the_known_one_is_seen(tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_bytes(FILES["png"])
    known = c2pa_parts.digest(path, "png")
    data = FILES["png"]
    path.write_bytes(data[:8] + chunk(b"caBX", b"stranger") + data[8:])
    assert unlisted_parts(path, "png", known).count("chunk caBX") == 2
    path.write_bytes(data[:8] + chunk(b"tEXt", b"stranger") + data[8:])
    assert unlisted_parts(path, "png", known) == ["chunk tEXt"]


def test_a_file_without_a_manifest_has_none(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes(jpeg())
    assert c2pa_parts.digest(path, "jpeg") == ""
    assert c2pa_parts.store(path, "jpeg") == b""
    assert c2pa_parts.gaps(path, "jpeg") == []
    assert c2pa_parts.digest(path, "mpegts") == "", "of a format that holds none"


def test_a_manifest_is_not_read_beyond_its_bound(tmp_path: Path):
    path = tmp_path / "a.png"
    large = chunk(b"caBX", bytes(c2pa_parts.LARGEST_STORE + 1))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + large + chunk(b"IEND", b""))
    with pytest.raises(Broken, match="more than 1 MB"):
        c2pa_parts.store(path, "png")


def test_the_boxes_of_a_store_are_named_by_their_labels():
    assert boxes_of(STORE) == [StoreBox(("c2pa", "urn:1", "c2pa.claim.v2"), "cbor")]


@pytest.mark.parametrize(
    ("store", "why"),
    [
        (STORE[:-3], "no possible size"),
        (STORE + b"\0\0\0\1free", "no possible size"),
        (box(b"cbor", b"") * (c2pa_parts.MOST_BOXES + 1), "too many"),
    ],
)
def test_a_store_that_cannot_be_walked_is_no_store(store: bytes, why: str):
    with pytest.raises(Broken, match=why):
        boxes_of(store)


def test_boxes_are_not_followed_for_ever():
    nested = box(b"cbor", b"")
    for _ in range(20):
        nested = described("a", nested)
    with pytest.raises(Broken, match="too deeply"):
        boxes_of(nested)
