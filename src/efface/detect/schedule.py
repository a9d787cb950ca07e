"""How much detail of each frame of a film or a stream is examined: all sizes of some frames, small
sizes of every frame.

The largest size of a frame takes three quarters of the time, and only small objects gain from it
over the next size. Large objects are examined in every frame. Small objects are examined often, and
tracked in between.

For a film, the number of a frame decides. For a stream, the time decides: each frame gets one look
as a whole, and parts of it get further looks, in rotation, while there is time
(`live.detail_budget`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from efface.detect.look import Look
from efface.detect.tiling import levels, tiles
from efface.geometry import Box, Size

PACES: dict[str, tuple[int, ...]] = {"all": (1,), "paced": (3, 1), "sparse": (9, 3, 1)}
"""Every how many frames the largest size is examined, then half of it, a quarter, and so on; the
last number also holds for all smaller sizes. The numbers are odd because every second frame is
mirrored: so each size is seen both ways in turn."""

SMALL = 480
"""Longer side, in pixels, up to which a size is examined in every frame, at every pace."""


def detail_of(index: int, size_wh: Size, pace: str) -> float:
    """Return the largest share of its size at which a frame is examined:

    1, 0.5, 0.25 ..., see `Look.detail`.

    It depends only on these arguments, so a video that is examined in spans gives the same result.
    """
    halvings, above = 0, max(0, math.ceil(math.log2(max(size_wh) / SMALL)))
    periods = PACES[pace]
    while halvings < above and index % periods[min(halvings, len(periods) - 1)]:
        halvings += 1
    return 0.5**halvings


def film_look(index: int, size_wh: Size, pace: str) -> Look:
    """Return how to examine a frame of a film, by its number."""
    return in_turn(index, Look(detail=detail_of(index, size_wh, pace)))


def in_turn(turn: int, look: Look) -> Look:
    """Return the look for one of many neighbouring frames, by its number.

    A mirror image often shows an object that was missed repeatedly. Neighbouring frames give two
    views for one price.
    """
    return replace(look, is_mirrored=bool(turn % 2), turn=turn)


SMALLEST_FACE = 8.0
"""Height, in pixels of the network's input, below which faces are hardly ever found. The network
found 2 % of labelled faces of 6 px (WIDER FACE), 11 % of 8 px, 29 % of 10 px, 73 % of 12 px."""

SMALLEST_IN_DOUBLE = 7.0
"""The same in pixels of a photo that is also examined in double size:

2 % of 6 px, 26 % of 8 px. The gain is small.
"""

CYCLE = 27
"""Number of frames after which every pace repeats."""


def smallest_face(size_wh: Size, pace: str, *, is_photo: bool) -> tuple[float, float]:
    """Return the height, in pixels, from which faces are looked for at all, and from which they are
    in every frame."""
    if is_photo:
        is_doubled = levels(size_wh, is_thorough=True, smallest=max(size_wh))[0].times > 1
        return (SMALLEST_IN_DOUBLE if is_doubled else SMALLEST_FACE,) * 2
    shares = [detail_of(i, size_wh, pace) for i in range(CYCLE)]
    return SMALLEST_FACE / max(shares), SMALLEST_FACE / min(shares)


Detail = Literal["quarter", "half", "full"]
"""The looks at a whole frame of a stream, by the largest size that is examined."""

SHARES: Mapping[Detail, float] = {"quarter": 0.25, "half": 0.5, "full": 1.0}
"""Scale of each detail, as a share of the frame's size."""

SMALLEST_WHOLE = 320
"""Longer side, in pixels, of the smallest look at a whole frame of a stream: there a face that
fills a fifth of a frame's height is 36 pixels high."""

Part = Literal["half only", "window"]
"""Kinds of further looks at a frame of a stream."""

WINDOW, WINDOW_OVERLAP = 384, 48
"""Maximum side, in pixels, of a window at full size, and what windows share: more than any object
that only the full size shows. Windows stay below the size at which reduced levels are examined,
too; other looks show those already."""


def share(size_wh: Size, detail: Detail) -> float:
    """Return the scale at which a whole frame of a stream is examined for that detail.

    Small pictures use a larger scale.
    """
    scales = (s for s in sorted(SHARES.values()) if s >= SHARES[detail])
    return next((s for s in scales if s * max(size_wh) >= SMALLEST_WHOLE), 1.0)


def whole_look(size_wh: Size, detail: Detail) -> Look:
    """Return how to examine a whole frame of a stream."""
    return Look(detail=share(size_wh, detail))


def windows(size_wh: Size) -> list[Box]:
    """Return the windows at full size that together cover the whole frame."""
    return list(tiles(size_wh, WINDOW, WINDOW_OVERLAP))


def further_looks(size_wh: Size, detail: Detail) -> list[tuple[Part, Look]]:
    """Return the looks, in rotation, that add to a look at the whole frame: the half size before
    every two windows."""
    if share(size_wh, detail) == 1:
        return []
    at_full: list[tuple[Part, Look]] = [("window", Look(window=w)) for w in windows(size_wh)]
    half = share(size_wh, "half")
    if half == share(size_wh, detail):
        return at_full
    half_only: tuple[Part, Look] = ("half only", Look(detail=half, coarsest=half))
    return [look for i in range(0, len(at_full), 2) for look in (half_only, *at_full[i : i + 2])]
