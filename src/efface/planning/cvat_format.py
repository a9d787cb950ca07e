"""CVAT's XML, "for images 1.1" and "for video 1.1" (docs.cvat.ai, "XML annotation format").

It is read with expat and without a document type: no entity is ever declared, so none can swell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from efface.detections import KINDS
from efface.geometry import Size
from efface.planning.given_boxes import GivenBox, GivenBoxes, GivenSource, GivenTrack, Key, Sides
from efface.planning.plan import Plan
from efface.tracks import Reason, Track

FORMAT = "CVAT 1.1"
DEEPEST, LONGEST = 16, 300
"""Maximum depth of elements, and characters of a text that is looked at."""

PLACES = ("box", "polygon", "polyline", "points", "ellipse", "mask")
"""Elements that have a place. `tag` is about a whole picture, and has none."""

PLACELESS = ("tag", "attribute")


def cvat_of_photos(pictures: Sequence[tuple[str, Plan]]) -> Iterator[str]:
    """Yield CVAT for images 1.1. pictures: as in `export_formats.coco`. Every page or frame is an
    image; from the second on, its number stands behind the name: `a.tif#2`."""
    count = sum(len(plan.timeline) for _, plan in pictures)
    yield from _head("annotation", count, None)
    number = 0
    for name, plan in pictures:
        for page in range(len(plan.timeline)):
            width, height = plan.size_at(page)
            said = _attribute(name if page == 0 else f"{name}#{page + 1}")
            yield f'  <image id="{number}" name={said} width="{width}" height="{height}">\n'
            for track, row in _rows_at(plan, page):
                source = _source(track, row)
                box = _box(track.xyxy[row])
                yield (
                    f'    <box label="{KINDS[track.kind]}" source="{source}" occluded="0" {box} '
                    'z_order="0">\n    </box>\n'
                )
            yield "  </image>\n"
            number += 1
    yield "</annotations>\n"


def cvat_of_film(plan: Plan) -> Iterator[str]:
    """Yield CVAT for video 1.1, with a key in every frame. A track ends with a box that is
    outside."""
    n = len(plan.timeline)
    yield from _head("interpolation", n, plan.size_at(0) if n else None)
    for track in plan.revised.tracks:
        rows = np.flatnonzero(plan.erased_rows(track))
        if not len(rows):
            continue
        source = _source(track, int(rows[0]))
        label = KINDS[track.kind]
        yield f'  <track id="{track.id}" label="{label}" source="{source}">\n'
        for row, after in pairwise([*rows.tolist(), -1]):
            frame = int(track.frame[row])
            yield _key(track, row, frame, outside=0)
            if frame + 1 < n and (after < 0 or track.frame[after] != frame + 1):
                yield _key(track, row, frame + 1, outside=1)
        yield "  </track>\n"
    yield "</annotations>\n"


def _key(track: Track, row: int, frame: int, *, outside: int) -> str:
    return (
        f'    <box frame="{frame}" keyframe="1" outside="{outside}" occluded="0" '
        f'{_box(track.xyxy[row])} z_order="0">\n    </box>\n'
    )


def _box(sides: Any) -> str:
    x1, y1, x2, y2 = (int(v) for v in sides)
    return f'xtl="{x1}.00" ytl="{y1}.00" xbr="{x2}.00" ybr="{y2}.00"'


def _source(track: Track, row: int) -> str:
    return "manual" if track.reason[row] == Reason.DRAWN else "auto"


def _attribute(name: str) -> str:
    # XML has no control characters, and no halves of a surrogate pair.
    return quoteattr("".join(c if c.isprintable() else "\ufffd" for c in name))


def _head(mode: str, count: int, size_wh: Size | None) -> Iterator[str]:
    labels = "".join(
        f"        <label>\n          <name>{escape(kind)}</name>\n          <attributes>\n"
        "          </attributes>\n        </label>\n"
        for kind in KINDS
    )
    size = ""
    if size_wh is not None:
        width, height = size_wh
        size = (
            f"      <original_size>\n        <width>{width}</width>\n"
            f"        <height>{height}</height>\n      </original_size>\n"
        )
    yield (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
        f"  <meta>\n    <task>\n      <name>efface</name>\n      <size>{count}</size>\n"
        f"      <mode>{mode}</mode>\n      <labels>\n{labels}      </labels>\n{size}"
        "    </task>\n  </meta>\n"
    )


def _rows_at(plan: Plan, frame: int) -> Iterator[tuple[Track, int]]:
    for track in plan.revised.tracks:
        for row in np.flatnonzero(plan.erased_rows(track) & (track.frame == frame)):
            yield track, int(row)


def read_cvat(data: bytes, sha256: str) -> GivenBoxes:
    """Return what the file says. Raises ValueError for anything that is not such a file."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as e:
        raise ValueError(f"it is not XML: {e}") from e
    return GivenBoxes(FORMAT, sha256, reader.sources())


def _refuse(*_: object) -> None:
    raise ValueError("it declares a document type, which CVAT's files never do")


class _Reader:
    """Takes the elements of a file in their order."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._text = ""
        self._facts: dict[str, str] = {}
        self._pictures: list[GivenSource] = []
        self._tracks: list[GivenTrack] = []
        self._label, self._keys = "", list[Key]()
        self._image: dict[str, str] = {}
        self._placed: list[GivenTrack] = []

    def start(self, name: str, has: dict[str, str]) -> None:
        """Take the start of an element."""
        if not self._open and name != "annotations":
            raise ValueError("it does not begin as CVAT's files do")
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        self._text = ""
        if len(self._open) > DEEPEST:
            raise ValueError(f"its elements are deeper than {DEEPEST}")
        if len(self._open) == 2 and name == "image":
            self._image, self._placed = has, []
        elif len(self._open) == 2 and name == "track":
            self._label, self._keys = has.get("label", "")[:LONGEST], []
        elif parent in ("image", "track"):
            self._take(parent, name, has)

    def text(self, text: str) -> None:
        """Take a piece of text."""
        self._text = (self._text + text)[:LONGEST]

    def end(self, name: str) -> None:
        """Take the end of an element."""
        path = self._open.copy()
        self._open.pop()
        if path[1:2] == ["meta"] and len(path) in (4, 5):
            self._facts["/".join(path[3:])] = self._text.strip()
        elif path[1:] == ["image"]:
            size_wh = _whole(self._image, "width"), _whole(self._image, "height")
            named = self._image.get("name", "")
            self._pictures.append(GivenSource(named, tuple(self._placed), size_wh))
        elif path[1:] == ["track"]:
            self._keys.sort(key=lambda k: k.frame)
            self._tracks.append(GivenTrack(self._label, tuple(self._keys)))

    def _take(self, parent: str, name: str, has: dict[str, str]) -> None:
        if name in PLACELESS:
            return
        if name not in PLACES:
            raise ValueError(f"it has a {name[:40]}, of which efface does not know the place")
        box = GivenBox(_sides(name, has), _number(has, "rotation", "0"))
        if parent == "image":
            label = has.get("label", "")[:LONGEST]
            self._placed.append(GivenTrack(label, (Key(0, box),)))
            return
        is_outside = _whole(has, "outside", "0") != 0
        self._keys.append(Key(_whole(has, "frame"), None if is_outside else box))

    def sources(self) -> tuple[GivenSource, ...]:
        """Return what was read."""
        read = list(self._pictures)
        if self._tracks or self._facts.get("mode") == "interpolation":
            read.append(GivenSource(None, tuple(self._tracks), *self._film(), is_film=True))
        return tuple(read)

    def _film(self) -> tuple[Size | None, int | None]:
        """Return size and number of frames, where the file says them. Of a part of a film, the
        number is that of the part."""
        facts = self._facts
        is_part = facts.get("start_frame", "0") not in ("", "0") or facts.get("frame_filter")
        frames = None if is_part or "size" not in facts else _whole(facts, "size")
        width, height = "original_size/width", "original_size/height"
        if width not in facts or height not in facts:
            return None, frames
        return (_whole(facts, width), _whole(facts, height)), frames


def _sides(name: str, has: dict[str, str]) -> Sides:
    """Return the sides of the box around an element's place."""
    if name == "box":
        left, top, right, bottom = (_number(has, side) for side in ("xtl", "ytl", "xbr", "ybr"))
        return left, top, right, bottom
    if name == "ellipse":
        cx, cy, rx, ry = (_number(has, n) for n in ("cx", "cy", "rx", "ry"))
        return cx - abs(rx), cy - abs(ry), cx + abs(rx), cy + abs(ry)
    if name == "mask":
        left, top, width, height = (_number(has, n) for n in ("left", "top", "width", "height"))
        return left, top, left + width, top + height
    pairs = [pair.split(",") for pair in has.get("points", "").split(";")]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"a {name} has points that are not pairs of numbers")
    xs, ys = [float(x) for x, _ in pairs], [float(y) for _, y in pairs]
    return min(xs), min(ys), max(xs), max(ys)


def _number(has: dict[str, str], name: str, otherwise: str | None = None) -> float:
    text = has.get(name, otherwise)
    if text is None:
        raise ValueError(f"{name!r} is missing")
    return float(text)


def _whole(has: dict[str, str], name: str, otherwise: str | None = None) -> int:
    text = has.get(name, otherwise)
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(f"{name!r} is missing, or not a whole number")
    return int(text)
