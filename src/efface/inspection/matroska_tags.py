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
    "Title": WORDS, "MuxingApp": SOFTWARE, "WritingApp": SOFTWARE, "SegmentFilename": WORDS, "SegmentUUID": DATA,
    "PrevFilename": WORDS,
    "NextFilename": WORDS, "Name": WORDS, "CodecName": SOFTWARE, "ChapString": WORDS, "FileName": WORDS,
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
        if p.name == BROKEN:
            yield broken(p)
        elif p.name == "DateUTC" and len(raw) == 8:
            yield Item(
                TIME,
                "DateUTC",
                p.where,
                date_text(EPOCHS["matroska"], int.from_bytes(raw, signed=True) / 1e9),
                p.at,
            )
        elif p.name == "TagName":
            tag = text
        elif p.name == "TagString" and tag not in (
            "DURATION",
            "BPS",
            "NUMBER_OF_FRAMES",
            "NUMBER_OF_BYTES",
        ):
            group = group_of(tag)
            yield Item(WORDS if group == DATA else group, tag, p.where, text, p.at)
        elif p.name == "TagBinary":
            yield Item(DATA, tag, p.where, f"{p.size} bytes", p.at)
        elif p.name == "FileMediaType":
            media = text
        elif p.name == "FileData":
            if media.startswith("image/"):
                yield Embedded(
                    "attached picture", p.where, boxes.at(reader, p, 0, LARGEST_BLOCK), p.at
                )
            else:
                yield Item(DATA, f"attached file {media}".strip(), p.where, f"{p.size} bytes", p.at)
            media = ""
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
