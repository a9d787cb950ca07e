"""Inspect one file completely: walk it, ask other programs if installed, and run the detector on
embedded pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from efface.containers.admission import AdmittedSource
from efface.containers.parts import Broken, Reader
from efface.containers.sniff import PHOTOS
from efface.containers.walk import WALKS
from efface.errors import SourceUnreadable
from efface.files import reason
from efface.inspection.film import of_video
from efface.inspection.items import (
    DATA,
    PICTURES,
    UNREADABLE,
    Embedded,
    Inspection,
    Item,
    group_of,
    joined,
    shown,
)
from efface.inspection.still import of_photo
from efface.media import external_tools
from efface.media.decoder.source_opening import embedded_pixels

Look = Callable[[NDArray[np.uint8]], str]
"""Describes what a picture shows, (h, w, 3) RGB: "2 faces", "no face and no plate found"."""

MOST_LOOKED_AT = 32
"""Maximum number of embedded pictures that are decoded and examined. More are counted."""

MOST_FOUND = 5000
"""Maximum number of items of one file."""

NOT_LOOKED = "not looked"


def inspect(
    source: AdmittedSource, *, look: Look | None, others: bool = True, people: tuple[Item, ...] = ()
) -> Inspection:
    """Everything that the file gives away. Raises SourceUnreadable, NotMedia.

    look    runs a detector on embedded pictures; None skips them, and the result says so.
    others  ask exiftool as well, if it is installed.
    people  what the detector found in the picture or video itself.
    """
    path, name, troubles = source.path, source.format, []
    items: list[Item] = list(people)
    seen = 0
    try:
        with open(path, "rb") as f:
            for found in _found(Reader(f), name):
                if len(items) == MOST_FOUND:
                    troubles.append(f"there is more than these {MOST_FOUND} items")
                    break
                if isinstance(found, Embedded):
                    seen += 1
                    items.append(_shown(found, look if seen <= MOST_LOOKED_AT else None))
                else:
                    items.append(found)
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e
    except Broken as e:
        troubles.append(f"a structure that cannot be walked ({e})")
    if name not in WALKS:
        troubles.append(f"efface cannot walk {name} files by itself: there may be more in it")
    asked = {}
    if others:
        asked["exiftool"], more = _by_exiftool(path, items)
        items += more
    troubles += [f"{i.name} in {i.where}: {i.value}" for i in items if i.name == UNREADABLE]
    return Inspection(
        path,
        source.medium,
        name,
        os.path.getsize(path),
        joined(items),
        look is not None,
        asked,
        tuple(troubles),
    )


def _found(reader: Reader, name: str) -> Iterator[Item | Embedded]:
    if name in WALKS:
        yield from of_photo(reader, name) if name in PHOTOS else of_video(reader, name)


def _shown(found: Embedded, look: Look | None) -> Item:
    size = f"{len(found.raw)} bytes"
    picture = embedded_pixels(found.raw)
    if picture is None:
        return Item(
            PICTURES,
            found.name,
            found.where,
            f"{size}; cannot be decoded, so what it shows is unknown",
            found.at,
        )
    height, width = picture.shape[:2]
    shows = look(picture) if look else NOT_LOOKED
    return Item(PICTURES, found.name, found.where, f"{width} x {height}, {size}: {shows}", found.at)


_FILE_GROUPS = frozenset(
    ("System", "ExifTool", "SourceFile", "File", "Composite", "JFIF", "PNG", "GIF", "RIFF")
)


_DULL = frozenset(
    (
        ("HandlerDescription", "VideoHandler"),
        ("HandlerDescription", "SoundHandler"),
        ("HandlerDescription", "DataHandler"),
    )
)
_DULL_TAGS = frozenset(
    (
        "HandlerVendorID",
        "TimecodeScale",
        "ColorProfiles",
        "CompressorName",
        "ThumbnailImage",
        "ProfileVersion",
        "ProfileClass",
        "GPSVersionID",
        "XMPToolkit",
        "GeneralProfileSpace",
        "GeneralProfileIDC",
        "GenProfileCompatibilityFlags",
        "ApplicationRecordVersion",
    )
)
"""Tags that reveal nothing, or that efface's own walk reports in other words."""


def _plain(value: str) -> str:
    """Reduce a value to its letters and digits, without "UTC", to compare dates.

    "2021:06:01 10:20:30" and "2021-06-01 10:20:30 UTC" give the same.
    """
    return "".join(c for c in value.lower().removesuffix(" utc") if c.isalnum())


def _by_exiftool(path: Path, own: list[Item]) -> tuple[str, list[Item]]:
    """Return exiftool's version, or why it gave no answer, and the informative tags that efface did
    not report itself."""
    try:
        tags = external_tools.exiftool(path)
    except external_tools.NoAnswer as e:
        return f"gave no answer: {e}", []
    if tags is None:
        return "not on this machine", []
    known = {(i.name.split()[-1].lower(), i.value) for i in own} | {
        _plain(i.value) for i in own if len(_plain(i.value)) > 6
    }
    is_placed = any(i.name == "GPS position" for i in own)
    found = []
    for name, value in tags.items():
        group, _, tag = name.rpartition(":")
        kind, text = group_of(tag), shown(value)
        if (
            group in _FILE_GROUPS - {"File", "PNG", "RIFF"}
            or not group
            or (group == "File" and tag != "Comment")
        ):
            continue
        if (
            kind == DATA
            or (tag, text) in _DULL
            or tag in _DULL_TAGS
            or text in ("", "0000:00:00 00:00:00")
        ):
            continue
        if (
            (tag.lower(), text) in known
            or _plain(text) in known
            or (is_placed and group == "GPS" and "itude" in tag)
        ):
            continue
        found.append(Item(kind, tag, group, text, by="exiftool"))
    return f"looked, version {external_tools.version_of('exiftool')}", found[:MOST_FOUND]
