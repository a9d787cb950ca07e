"""Tell what the elements of a Matroska or WebM file say about people."""

from __future__ import annotations

from efface.containers import boxes
from efface.containers.parts import BROKEN, Part, Reader
from efface.inspection.items import (
    DATA,
    SOFTWARE,
    TIME,
    WORDS,
    Embedded,
    Item,
    group_of,
    shown,
)
from efface.inspection.still import broken
from efface.inspection.tags import LARGEST_BLOCK, Found
from efface.inspection.text_and_dates import EPOCHS, date_text

_ELEMENTS = {
    "Title": WORDS, "MuxingApp": SOFTWARE, "WritingApp": SOFTWARE, "SegmentFilename": WORDS,
    "SegmentUUID": DATA,
    "PrevFilename": WORDS,
    "NextFilename": WORDS, "Name": WORDS, "CodecName": SOFTWARE, "ChapString": WORDS,
    "FileName": WORDS,
    "FileDescription": WORDS,
}  # fmt: skip


def of_matroska(reader: Reader, parts: list[Part]) -> Found:
    tag = media = ""
    for p in parts:
        raw = (
            boxes.at(reader, p, 0, 4096)
            if p.name not in ("Segment", "Cluster", "FileData")
            else b""
        )
        text = shown(raw.split(b"\0")[0].decode("utf-8", "replace"))
        if p.name == "TagName":
            tag = text
        elif p.name == "TagString" and tag not in _COUNTED:
            group = group_of(tag)
            yield Item(WORDS if group == DATA else group, tag, p.where, text, p.at)
        elif p.name == "TagBinary":
            yield Item(DATA, tag, p.where, f"{p.size} bytes", p.at)
        elif p.name == "FileMediaType":
            media = text
        elif p.name == "FileData":
            yield _of_attached_file(reader, p, media)
            media = ""
        else:
            yield from _of_element(p, raw, text)


_COUNTED = ("DURATION", "BPS", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES")
"""Tags that count what the file holds anyway."""


def _of_attached_file(reader: Reader, p: Part, media: str) -> Item | Embedded:
    if media.startswith("image/"):
        return Embedded("attached picture", p.where, boxes.at(reader, p, 0, LARGEST_BLOCK), p.at)
    return Item(DATA, f"attached file {media}".strip(), p.where, f"{p.size} bytes", p.at)


def _of_element(p: Part, raw: bytes, text: str) -> Found:
    """Tell what one element says by itself."""
    if p.name == BROKEN:
        yield broken(p)
    elif p.name == "DateUTC" and len(raw) == 8:
        date = date_text(EPOCHS["matroska"], int.from_bytes(raw, signed=True) / 1e9)
        yield Item(TIME, "DateUTC", p.where, date, p.at)
    elif p.name == "SegmentUUID":
        yield Item(DATA, "number of this file", p.where, raw.hex(), p.at)
    elif p.name in ("Language", "LanguageBCP47") and text not in ("und", "", "eng", "en"):
        yield Item(WORDS, "language", p.where, text, p.at)
    elif p.name in _ELEMENTS and text:
        yield Item(_ELEMENTS[p.name], p.name, p.where, text, p.at)
    elif p.name.startswith("0x"):
        yield Item(DATA, f"element {p.name}", p.where, f"{p.size} bytes", p.at)
    elif p.name == "Void" and any(raw):
        yield Item(DATA, "padding with content", p.where, f"{p.size} bytes", p.at)
