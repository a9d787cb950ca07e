"""Where a file holds a C2PA manifest store, the bytes of it, and the boxes inside.

A manifest is allowed in a finished file only if every byte of these parts is known: see `digest`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from efface.containers import gif, tiff
from efface.containers.parts import GAP, Broken, Part, Reader
from efface.containers.walk import walk

_BOX = "uuid d8fec3d61b0e483c92975828877ec481"
CARRIERS = {
    "jpeg": "APP11", "png": "caBX", "webp": "C2PA", "avi": "C2PA", "gif": "application C2PA_GIF",
    "tiff": "tag 52545", "heif": _BOX, "avif": _BOX, "mp4": _BOX,
}  # fmt: skip
"""Name of the part that holds the store, by format."""

LARGEST_STORE = 1 << 20
"""Bytes. efface's own have a few thousand. Pictures inside make a store larger."""

MOST_BOXES = 1000
DEEPEST_BOX = 8

_SEGMENT_HEAD, _SEGMENT_AGAIN = 8, 16
"""Bytes before the store in its first JPEG segment, and in each other one, which repeats the head
of the box."""
_UUID_HEAD = 21
"""Bytes before the store in its box: version, the word "manifest", and an offset."""
_GIF_HEAD = 11
"""Bytes of the name of an application extension."""


def carriers(reader: Reader, name: str) -> list[Part]:
    """Return the parts that hold a manifest store, or that came with it, in file order.

    The library gives a signed TIFF a new directory, and the old one stays as bytes that nothing
    points to. Those bytes belong to it.
    """
    wanted = CARRIERS.get(name)
    if wanted is None:
        return []
    # A TIFF of many pages has more parts than `walk` yields.
    parts = tiff.walk(reader) if name == "tiff" else walk(reader, name)
    found = [p for p in parts if p.name == GAP or f"{p.name} ".startswith(f"{wanted} ")]
    return found if any(p.name != GAP for p in found) else []


def digest(path: Path, name: str) -> str:
    """Return the SHA-256 of all bytes of these parts, in hexadecimal; empty if there are none."""
    with open(path, "rb") as f:
        reader = Reader(f)
        return digest_of(reader, carriers(reader, name))


def digest_of(reader: Reader, found: list[Part]) -> str:
    """Return the same for parts that were found."""
    hashed = hashlib.sha256()
    for p in found:
        hashed.update(f"{p.where} {p.size}\n".encode())
        hashed.update(_content(reader, p))
    return hashed.hexdigest() if found else ""


def store(path: Path, name: str) -> bytes:
    """Return the manifest store, or b"" for a file without a manifest. Raises Broken."""
    with open(path, "rb") as f:
        reader = Reader(f)
        parts = [p for p in carriers(reader, name) if p.name != GAP]
        if sum(p.size for p in parts) > LARGEST_STORE:
            raise Broken(f"its manifest has more than {LARGEST_STORE >> 20} MB")
        contents = [_content(reader, p) for p in parts]
    if name == "jpeg":
        later = (c[_SEGMENT_AGAIN:] for c in contents[1:])
        return b"".join([contents[0][_SEGMENT_HEAD:], *later]) if contents else b""
    whole = b"".join(contents)
    if name == "gif":
        return gif.joined(whole)[_GIF_HEAD:]
    return whole[_UUID_HEAD:] if CARRIERS.get(name) == _BOX else whole


def gaps(path: Path, name: str) -> list[tuple[int, bytes]]:
    """Return place and bytes of what nothing points to in a file with a manifest."""
    with open(path, "rb") as f:
        reader = Reader(f)
        return [(p.at, _content(reader, p)) for p in carriers(reader, name) if p.name == GAP]


def _content(reader: Reader, p: Part) -> bytes:
    return reader.read(p.at - reader.start, min(p.size, LARGEST_STORE))


@dataclass(frozen=True, slots=True)
class StoreBox:
    """A box of a manifest store that holds content.

    path  labels of the boxes around it: ("c2pa", "urn:c2pa:...", "c2pa.assertions", ...).
    kind  four letters: "cbor", "json"; "bidb" holds a file, as of a thumbnail.
    """

    path: tuple[str, ...]
    kind: str


def boxes_of(data: bytes) -> list[StoreBox]:
    """Return the boxes of a manifest store that hold content. Raises Broken."""
    found = []
    for box in _boxes(data, (), 0):
        found.append(box)
        if len(found) > MOST_BOXES:
            raise Broken("it has too many boxes")
    return found


def _boxes(data: bytes, above: tuple[str, ...], depth: int) -> Iterator[StoreBox]:
    if depth > DEEPEST_BOX:
        raise Broken("its boxes are nested too deeply")
    label, at = "", 0
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if size < 8 or at + size > len(data):
            raise Broken("a box has no possible size")
        content = data[at + 8 : at + size]
        if kind == b"jumd":  # the description comes first; its label follows a type and flags
            label = content[17:].split(b"\0")[0].decode("utf-8", "replace")
        elif kind == b"jumb":
            yield from _boxes(content, (*above, label) if above or label else (), depth + 1)
        else:
            yield StoreBox((*above, label), kind.decode("latin-1"))
        at += size
