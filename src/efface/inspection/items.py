"""The types that make up an inspection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PEOPLE, PLACE, DEVICE, PERSON, TIME, SOFTWARE, WORDS, PICTURES, SOUND, ORIGIN, DATA = GROUPS = (
    "people", "place", "device", "author", "time", "software", "words", (
            "pictures within"
        ), "sound", "provenance", "other data",
)  # fmt: skip
"""What an item could reveal, in the order of the report."""

LONGEST_VALUE = 300
"""Maximum number of characters returned of a value."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that the file reveals.

    group  one of GROUPS.
    name   what it is, in words or as the format spells it.
    where  its place in the file: names of parts, "APP1 Exif/GPS"; with the byte where its part
           begins, `at`.
    value  its content, for people, cut to LONGEST_VALUE; empty if it is not text.
    by     who saw it: "efface", or "exiftool".
    """

    group: str
    name: str
    where: str = ""
    value: str = ""
    at: int | None = None
    by: str = "efface"


UNREADABLE = "no readable structure"
"""Name of items that mark unreadable places.

An inspection lists them among its troubles as well.
"""


def unreadable(where: str, why: str, at: int | None = None) -> Item:
    """Make the item for something that exists and cannot be read."""
    return Item(DATA, UNREADABLE, where, why, at)


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """A picture within the file. raw: the encoded picture, not decoded yet. name and where: as of
    an item."""

    name: str
    where: str
    raw: bytes
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything found in one file.

    path, medium, format, size  the file; medium is "photo" or "video", format a name of
                                `containers.sniff`, size in bytes.
    items      what it reveals, ordered by group.
    looked     whether faces and plates were searched. False means that nobody looked, not that
               there are none.
    others     what else was asked, by name: "exiftool": its version, or why it did not answer.
    troubles   what could not be read, in words: there may be more than was found.
    """

    path: Path
    medium: str
    format: str
    size: int
    items: tuple[Item, ...]
    looked: bool
    others: dict[str, str] = field(default_factory=dict)
    troubles: tuple[str, ...] = ()

    def of(self, group: str) -> Iterator[Item]:
        """Yield the items of one group."""
        return (i for i in self.items if i.group == group)

    def as_json(self, *, values: bool = True) -> dict[str, Any]:
        """Return the inspection as JSON data."""
        return {
            "file": str(self.path),
            "medium": self.medium,
            "format": self.format,
            "bytes": self.size,
            "faces_and_plates": "looked for" if self.looked else "not looked for",
            "others": self.others,
            "troubles": list(self.troubles),
            "items": [
                {"group": i.group, "name": i.name, "where": i.where, "at": i.at, "by": i.by}
                | ({"value": i.value} if values else {})
                for i in self.items
            ],
        }


_BY_NAME = (
    (DATA, r"(?i)"
        r"thumbnail(length|offset)|mimetype|timescale|exposuretime|timestampscale|colou?rspace|lightsource|"
        r"documentname_"),
    (PLACE, r"(?i)"
        r"gps|latitude|longitude|altitude|locati|city|countr|state$|province|iso6709|geo|©xyz|loci|address|venue|"
        r"^GeoTag"),
    (SOFTWARE, r"(?i)"
        r"software|creatortool|encoder|encodedby|tool$|application|app$|history|^©swr|^©too|^©enc|processing|"
        r"instanceid|documentid|derivedfrom|toolkit|profile"),
    (PERSON, r"(?i)"
        r"artist|author|creator|owner|copyright|by-?line|credit|contact|e-?mail|person|region|rights|writer|"
        r"performer|^©art|^©aut|^©cpy|provider|publisher|director|editor|source$"),
    (DEVICE, r"(?i)"
        r"make|model|serial|lens|camera|device|unique|hardware|firmware|makernote|^©mak|^©mod|^manu|^modl|bodyid|"
        r"vendor|^CNCV|^CNFV|androidversion|android.manufacturer"),
    (TIME, r"(?i)"
        r"date|timecode|datetime|created|modified|timezone|offsettime|^©day|^tIME$|^time$|timecreated|subsec|"
        r"creation.?time"),
    (WORDS, r"(?i)"
        r"title|description|comment|caption|keyword|subject|headline|instruction|label|note|summary|category|album|"
        r"lyrics|genre|^©nam|^©cmt|^©des|^©inf|name$|text|transmission|job|marked|usage"),
)  # fmt: skip


def group_of(name: str) -> str:
    """Return the group of a tag, from its name; DATA if the name says nothing."""
    return next((group for group, pattern in _BY_NAME if re.search(pattern, name)), DATA)


def shown(value: object) -> str:
    """Return a value as one printable line, cut to LONGEST_VALUE."""
    text = " ".join(str(value)[: 4 * LONGEST_VALUE].split())
    text = "".join(c if c.isprintable() else "·" for c in text)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def joined(items: list[Item]) -> tuple[Item, ...]:
    """Sort the items by group. Of items with the same name and value, keep the first."""
    kept: dict[tuple[str, str, str, str], Item] = {}
    for item in items:
        kept.setdefault((item.group, item.name, item.value, item.where), item)
    return tuple(sorted(kept.values(), key=lambda i: GROUPS.index(i.group)))
