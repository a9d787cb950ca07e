"""How much detail of each frame of a film or a stream is examined: small sizes of every frame,
larger ones in turns.

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
from dataclasses import dataclass, replace
from typing import Literal

from efface.detect.look import Look
from efface.detect.tiling import SMALLEST_IN_VIDEO, Level, levels, tiles
from efface.geometry import Box, Size


@dataclass(frozen=True, slots=True)
class Pace:
    """How often large sizes of a film's frames are examined.

    every         every how many frames the largest size is, then half of it, and so on; the last
                  number holds for all further ones. The numbers are odd because every second frame
                  is mirrored: so each size is seen both ways in turn.
    least_detail  what has no sizes in turn (text, codes) is examined at least at this share.
    """

    every: tuple[int, ...]
    least_detail: float


PACES = {
    "all": Pace((1,), 1.0),
    "paced": Pace((3,), 0.5),
    "sparse": Pace((9, 3), 0.25),
}

SMALL = 480
"""Longer side, in pixels, up to which a size is examined in every frame, at every pace."""

USUAL_RATE = 25.0
"""Frames per second."""

TURN, FAST_TURN, FAST = 3, 5, 45
"""A turn has 3 frames, and 5 from 45 frames per second on, where as much time passes in 5 as in 3
at 25 or 30 a second. `Pace.every` counts in turns of 3."""


def film_look(index: int, size_wh: Size, pace: str, rate: float = USUAL_RATE) -> Look:
    """Return how to examine a frame of a film, by its number.

    It depends only on these arguments, so a video that is examined in spans gives the same result.

    rate  frames per second.
    """
    asked = PACES[pace]
    every = [n * FAST_TURN // TURN if rate >= FAST else n for n in asked.every]
    above = max(0, math.ceil(math.log2(max(size_wh) / SMALL)))
    large = [(0.5**k, k, every[min(k, len(every) - 1)]) for k in range(above)]
    # Each size has a frame of its own, so that no frame pays for two of them.
    now = [share for share, k, period in large if index % period == k % period]
    detail = max(*now, min(1.0, asked.least_detail), 0.5**above)
    return Look(
        detail=detail,
        without=tuple(share for share, *_ in large if share <= detail and share not in now),
        is_mirrored=bool(index % 2),
        turn=_turn(index, every[-1]),
    )


def _turn(index: int, period: int) -> int:
    """Return `Look.turn`: a multiple of TURN where a period begins, and only there."""
    return index if period <= TURN else index // period * TURN + min(index % period, TURN - 1)


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

CYCLE = 45
"""Number of frames after which every pace repeats."""


def smallest_face(
    size_wh: Size, pace: str, *, is_photo: bool, rate: float = USUAL_RATE
) -> tuple[float, float]:
    """Return the height, in pixels, from which faces are looked for at all, and from which they are
    in every frame."""
    if is_photo:
        is_doubled = levels(size_wh, is_thorough=True, smallest=max(size_wh))[0].times > 1
        return (SMALLEST_IN_DOUBLE if is_doubled else SMALLEST_FACE,) * 2
    looks = [film_look(i, size_wh, pace, rate) for i in range(CYCLE)]
    shares = [_levels_of(look, size_wh)[0].times for look in looks]
    return SMALLEST_FACE / max(shares), SMALLEST_FACE / min(shares)


def _levels_of(look: Look, size_wh: Size) -> list[Level]:
    return levels(
        size_wh,
        is_thorough=False,
        smallest=SMALLEST_IN_VIDEO,
        detail=look.detail,
        without=look.without,
    )


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
