"""How much detail of each frame of a video is examined: all sizes of some frames, small sizes of
every frame.

The largest size of a frame takes three quarters of the time, and only small objects gain from it
over the next size. Large objects are examined in every frame. Small objects are examined often, and
tracked in between.
"""

from __future__ import annotations

import math

from efface.detect.tiling import levels
from efface.geometry import Size

PACES: dict[str, tuple[int, ...]] = {"all": (1,), "paced": (3, 1), "sparse": (9, 3, 1)}
"""Every how many frames the largest size is examined, then half of it, a quarter, and so on; the
last number also holds for all smaller sizes. The numbers are odd because every second frame is
mirrored: so each size is seen both ways in turn."""

SMALL = 480
"""Longer side, in pixels, up to which a size is examined in every frame, at every pace."""


def detail_of(index: int, size_wh: Size, pace: str) -> float:
    """Return the largest share of its size at which a frame is examined:

    1, 0.5, 0.25 ..., see `Frame.detail`.

    It depends only on these arguments, so a video that is examined in spans gives the same result.
    """
    halvings, above = 0, max(0, math.ceil(math.log2(max(size_wh) / SMALL)))
    periods = PACES[pace]
    while halvings < above and index % periods[min(halvings, len(periods) - 1)]:
        halvings += 1
    return 0.5**halvings


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
