"""How much detail of each frame of a video is looked at: all sizes of some frames, small ones of every frame.

Three quarters of the time for a frame go into its largest size, which shows only small things better than the next one. What is
large is seen in every frame; what is small is seen often, and followed in between.
"""

from __future__ import annotations

import math

from efface.detect.tiling import levels
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


SMALLEST_FACE = 8.0
"""Height, in pixels of what the network sees, below which faces are hardly ever found. Of labelled faces of 6 px (WIDER FACE)
2 % were, of 8 px 11 %, of 10 px 29 %, of 12 px 73 %."""

SMALLEST_IN_DOUBLE = 7.0
"""The same in pixels of a photo that is looked at in double size as well: 2 % of 6 px, 26 % of 8 px. It shows little more."""

CYCLE = 27
"""Frames after which every pace begins anew."""


def smallest_face(size_wh: Size, pace: str, *, is_photo: bool) -> tuple[float, float]:
    """Height, in pixels, from which faces are looked for at all, and from which they are in every frame."""
    if is_photo:
        is_doubled = levels(size_wh, is_thorough=True, smallest=max(size_wh))[0].times > 1
        return (SMALLEST_IN_DOUBLE if is_doubled else SMALLEST_FACE,) * 2
    shares = [detail_of(i, size_wh, pace) for i in range(CYCLE)]
    return SMALLEST_FACE / max(shares), SMALLEST_FACE / min(shares)
