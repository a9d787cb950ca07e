"""Boxes that another program gives, from its file's words to tracks of a plan.

What such a file does not say clearly is refused, and not guessed: a box that efface takes for none
leaves somebody visible. Names of files in it are compared with the source's name, and never opened.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np

from efface.detections import DRAWN, FINDABLE, KINDS
from efface.geometry import Size, whole_pixels
from efface.tracks import Reason, Track

LARGEST = 64 << 20
"""Bytes of a file with boxes, as of a plan."""

MOST_MOMENTS = 1_000_000
"""Maximum number of boxes in frames. Keyframes are short to write and long to expand, and a plan of
more could not be read again."""

FARTHEST = 1e6
"""Pixels, or per cent, beyond which a coordinate is a mistake."""

Sides = tuple[float, float, float, float]
"""Left, top, right and bottom."""


@dataclass(frozen=True, slots=True)
class GivenBox:
    """A box as the file has it.

    sides     before it is turned, in pixels, or in per cent of the picture.
    degrees   by which it is turned clockwise.
    """

    sides: Sides
    degrees: float = 0.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(s) and abs(s) <= FARTHEST for s in (*self.sides, self.degrees)):
            raise ValueError("a box has sides that are not sensible numbers")
        if self.sides[0] > self.sides[2] or self.sides[1] > self.sides[3]:
            raise ValueError("a box has its right before its left, or its bottom above its top")


@dataclass(frozen=True, slots=True)
class Key:
    """What the file says of a track at one frame, from 0.

    box      None: the track is not there, and box and frame only end what was before.
    goes_on  the track is there until the next key, or until the end.
    """

    frame: int
    box: GivenBox | None
    goes_on: bool = True


@dataclass(frozen=True, slots=True)
class GivenTrack:
    """A track, by keys in order of their frames."""

    label: str
    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        numbers = [key.frame for key in self.keys]
        if any(a >= b for a, b in pairwise(numbers)) or (numbers and numbers[0] < 0):
            raise ValueError("the frames of a track are not in order, or one stands there twice")


@dataclass(frozen=True, slots=True)
class GivenSource:
    """What a file says about one film, or one page of a photo.

    name      as the file has it; None: it names none, and is about any film.
    size_wh   if the file says it.
    frames    number of frames, if the file says it.
    is_share  sides are per cent of the picture, and boxes turn around their upper left corner;
              otherwise pixels, and around their middle.
    """

    name: str | None
    tracks: tuple[GivenTrack, ...]
    size_wh: Size | None = None
    frames: int | None = None
    is_share: bool = False
    is_film: bool = False


@dataclass(frozen=True, slots=True)
class GivenBoxes:
    """All that a file says.

    format  its name and version.
    sha256  of the file.
    path    where the file lies, for messages.
    """

    format: str
    sha256: str
    sources: tuple[GivenSource, ...]
    path: str = ""

    def tracks(self, name: str, sizes: Sequence[Size], frames: int, medium: str) -> list[Track]:
        """Return the tracks for a source of that name.

        sizes  of every frame or page, or the one size of all.

        Raises ValueError if the file does not fit, or says nothing about it.
        """
        is_film = medium != "photo"
        about = [
            (page, s)
            for s in self.sources
            if s.is_film == is_film and (page := _page(s.name, name)) is not None
        ]
        if not about:
            raise ValueError(f"it says nothing about {name}")
        made: list[Track] = []
        for page, source in about:
            for track in source.tracks:
                found = _track(source, track, page, sizes, frames, len(made) + 1)
                made += [found] if found is not None else []
            if sum(len(t) for t in made) > MOST_MOMENTS:
                raise ValueError(f"it makes more than {MOST_MOMENTS} boxes in frames")
        return made


def _page(given: str | None, name: str) -> int | None:
    """Return which page of a source the name in a file means, from 0; None: it means another
    source. Label Studio puts `1a2b3c4d-` before the names of uploads; efface puts `#2` behind."""
    if given is None:
        return 0
    last = PurePosixPath(given.replace("\\", "/")).name
    own = PurePosixPath(name.replace("\\", "/")).name
    for page, said in _meanings(last):
        before, dash, rest = said.partition("-")
        is_upload = bool(dash) and len(before) == 8 and before.isalnum() and rest == own
        if said == own or is_upload:
            return page
    return None


def _meanings(last: str) -> Iterator[tuple[int, str]]:
    yield 0, last
    said, mark, page = last.rpartition("#")
    if mark and page.isascii() and page.isdigit() and 1 <= len(page) <= 6 and int(page) >= 1:
        yield int(page) - 1, said


def _track(
    source: GivenSource,
    given: GivenTrack,
    page: int,
    sizes: Sequence[Size],
    frames: int,
    number: int,
) -> Track | None:
    """Return one track; None if the file says that it is nowhere."""
    first, count = (0, frames) if source.is_film else (page, 1)
    if first + count > frames or (source.frames is not None and source.frames != frames):
        said = source.frames if source.is_film else page + 1
        raise ValueError(f"it has {said} frames or pages, and the source {frames}")
    size_wh = sizes[first if len(sizes) > 1 else 0]
    if source.size_wh is not None and source.size_wh != size_wh:
        raise ValueError(f"its picture is {_said(source.size_wh)}, the source's {_said(size_wh)}")
    rows = list(_moments(source, given, count, size_wh))
    boxes = np.array([sides for _, sides in rows], np.float32).reshape(-1, 4)
    whole = whole_pixels(boxes, size_wh).astype(np.float32)
    is_inside = (whole[:, :2] < whole[:, 2:]).all(axis=1)
    if not is_inside.any():
        return None
    n = int(is_inside.sum())
    return Track(
        number,
        KINDS.index(given.label.lower()) if given.label.lower() in FINDABLE else DRAWN,
        np.array([first + f for f, _ in rows], np.int32)[is_inside],
        whole[is_inside],
        np.full(n, Reason.DRAWN, np.uint8),
        np.zeros(n, np.float32),
    )


def _said(size_wh: Size) -> str:
    return f"{size_wh[0]} x {size_wh[1]}"


def _moments(
    source: GivenSource, given: GivenTrack, count: int, size_wh: Size
) -> Iterator[tuple[int, Sides]]:
    """Yield the number of each frame in which a track is, and its box there in pixels."""
    if given.keys and given.keys[-1].frame >= count:
        raise ValueError(f"a track goes on to frame {given.keys[-1].frame + 1} of {count}")
    ends = [(key.frame, key) for key in given.keys[1:]] + [(count, None)]
    spent = 0
    for key, (until, after) in zip(given.keys, ends, strict=True):
        if key.box is None:
            continue
        until = until if key.goes_on else key.frame + 1
        if (spent := spent + until - key.frame) > MOST_MOMENTS:
            raise ValueError(f"a track has more than {MOST_MOMENTS} boxes")
        here = _pixels(source, key.box, size_wh)
        there = here if after is None or after.box is None else _pixels(source, after.box, size_wh)
        is_turned = key.box.degrees or (after is not None and after.box and after.box.degrees)
        for frame in range(key.frame, until):
            share = (frame - key.frame) / (until - key.frame)
            # The hull of a box that turns on the way is larger than what lies between two hulls.
            yield frame, _hull(here, there) if is_turned and share else _mixed(here, there, share)


def _hull(a: Sides, b: Sides) -> Sides:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _mixed(a: Sides, b: Sides, share: float) -> Sides:
    left, top, right, bottom = (x + share * (y - x) for x, y in zip(a, b, strict=True))
    return left, top, right, bottom


def _pixels(source: GivenSource, box: GivenBox, size_wh: Size) -> Sides:
    """Return the sides of the upright box around a box, in pixels."""
    width, height = (side / 100 for side in size_wh) if source.is_share else (1.0, 1.0)
    x1, y1, x2, y2 = box.sides
    x1, y1, x2, y2 = x1 * width, y1 * height, x2 * width, y2 * height
    if not box.degrees % 360:
        return x1, y1, x2, y2
    cx, cy = (x1, y1) if source.is_share else ((x1 + x2) / 2, (y1 + y2) / 2)
    cos, sin = math.cos(math.radians(box.degrees)), math.sin(math.radians(box.degrees))
    corners = [(x - cx, y - cy) for x in (x1, x2) for y in (y1, y2)]
    xs = [cx + x * cos - y * sin for x, y in corners]
    ys = [cy + x * sin + y * cos for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)
