"""How much detail of each frame of a video is looked at: all sizes of some frames, small ones of every frame.

Three quarters of the time for a frame go into its largest size, which shows only small things better than the next one. What is
large is seen in every frame; what is small is seen often, and followed in between.
"""

from __future__ import annotations

import math

from efface.geometry import Size

PACES: dict[str, tuple[int, ...]] = {"all": (1,), "paced": (3, 1), "sparse": (9, 3, 1)}
"""In every n-th frame the largest size is looked at, half of it, a quarter; and so on with the last number. Odd, as every
second frame is seen in a mirror: so each size is seen both ways in turn."""

SMALL = 480
"""Longer side, in pixels, up to which every pace looks at every frame."""


def detail_of(index: int, size_wh: Size, pace: str) -> float:
    """Largest share of its size at which a frame is looked at: 1, 0.5, 0.25 ..., see `Frame.detail`.

    It depends on nothing else, so a video that is looked at in spans is looked at alike.
    """
    halvings, above = 0, max(0, math.ceil(math.log2(max(size_wh) / SMALL)))
    periods = PACES[pace]
    while halvings < above and index % periods[min(halvings, len(periods) - 1)]:
        halvings += 1
    return 0.5**halvings
