"""Levels and tiles: the sizes at which a frame is examined, and the pieces.

A detector finds objects in a band of sizes. It finds large faces in a reduced picture and small
faces in an enlarged one, so a frame is examined on several levels of a pyramid. A level that is too
large for one pass is cut into overlapping tiles. An object on a seam is whole in the next tile, or
on the next smaller level.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from efface.geometry import Box, Size

TILE = 1280
"""Longest side of a tile. A pass over 1920x1088 takes 17 % more time per pixel than over 1280x736,
and 0.8 GB instead of 0.3."""

OVERLAP = 160
"""Pixels shared by neighbouring tiles: more than a face or a plate that only this level finds."""

STRIDE = 32
"""The network halves its input five times."""

UPSCALE_UP_TO = 2_100_000
"""Photos of up to this many pixels (1920x1088) are also examined in double size. In larger ones,
small faces have enough pixels."""

SMALLEST_IN_VIDEO = 200
"""Longer side of the smallest level of a video's frame, for all kinds. Examining 640x360 at half
its size in every frame closes a third of the leaks that the frame's own size leaves, and costs a
quarter of its time."""

MOST_ASPECT = 4.0
"""Cameras do not squeeze more. A file that claims more must not make frames grow without bound."""


MIRRORED = (1.0, 0.5)
"""Levels that a thorough look also examines in a mirror image. The double size costs four times as
much, and its mirror image found no more than that of the picture's own size."""


@dataclass(frozen=True, slots=True)
class Level:
    """One way to examine a frame.

    times        2 for the double size, 1 for the frame's own, less for reduced ones.
    is_mirrored  left and right are swapped, in addition to `Look.is_mirrored`.
    """

    size_wh: Size
    times: float = 1.0
    is_mirrored: bool = False


def levels(
    size_wh: Size,
    *,
    is_thorough: bool,
    smallest: int,
    aspect: float = 1.0,
    detail: float = 1.0,
    coarsest: float = 0.0,
    without: tuple[float, ...] = (),
) -> list[Level]:
    """Return the sizes for a frame, largest first, all with square pixels: the network does not
    know squeezed faces.

    aspect       width of the frame's pixels over their height.
    smallest     reduced levels are added while their longer side is at least this many pixels.
    is_thorough  also examine small pictures doubled and in a mirror image: worth the time if no
                 neighbouring frame helps.
    detail       levels above this share of the frame's size are left out.
    coarsest     levels below this share are left out.
    without      levels of these shares are left out. If none is left, the smallest one stays.
    """
    width, height = squared(size_wh, aspect)
    is_thorough = is_thorough and width * height <= UPSCALE_UP_TO
    found = []
    if is_thorough:
        found.append(Level((2 * width, 2 * height), times=2.0))
    found.append(Level((width, height)))
    while max(width, height) / 2 >= smallest:
        width, height = max(1, round(width / 2)), max(1, round(height / 2))
        found.append(Level((width, height), found[-1].times / 2))
    if is_thorough:
        return found + [
            replace(level, is_mirrored=True) for level in found if level.times in MIRRORED
        ]
    wanted = [
        level for level in found if coarsest <= level.times <= detail and level.times not in without
    ]
    return wanted or found[-1:]


def squared(size_wh: Size, aspect: float) -> Size:
    """Return the size at which pixels of that aspect become square; neither side shrinks."""
    aspect = min(max(aspect, 1 / MOST_ASPECT), MOST_ASPECT)
    return (
        (round(size_wh[0] * aspect), size_wh[1])
        if aspect >= 1
        else (size_wh[0], round(size_wh[1] / aspect))
    )


def tiles(size_wh: Size, longest: int = TILE, shared: int = OVERLAP) -> Iterator[Box]:
    """Yield windows of one size that cover a picture of that size.

    longest  maximum side of a window, a multiple of STRIDE.
    shared   minimum number of pixels that neighbours share.
    """
    for y1, y2 in _pieces(size_wh[1], longest, shared):
        for x1, x2 in _pieces(size_wh[0], longest, shared):
            yield x1, y1, x2, y2


def _pieces(length: int, longest: int, shared: int) -> list[tuple[int, int]]:
    if length <= longest:
        return [(0, length)]
    count = -(-(length - shared) // (longest - shared))
    size = padded(-(-(length + (count - 1) * shared) // count))
    last = length - size
    return [(last * i // (count - 1), last * i // (count - 1) + size) for i in range(count)]


def padded(length: int) -> int:
    """Return the next multiple of the network's stride."""
    return -(-length // STRIDE) * STRIDE
