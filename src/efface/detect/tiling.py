"""Levels and tiles: the sizes at which a frame is examined, and the pieces.

A detector finds objects in a band of sizes. It finds large faces in a reduced picture and small
faces in an enlarged one, so a frame is examined on several levels of a pyramid. A level that is too
large for one pass is cut into overlapping tiles. An object on a seam is whole in the next tile, or
on the next smaller level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from efface.geometry import Box, Boxes, Size

TILE, OVERLAP = 1280, 160
"""Longest side, in pixels, of a tile for anything but the shared network, and what neighbours
share."""

NETWORK_PIXELS = 1 << 20
"""Maximum number of pixels in a tile of the shared network. With more, its tensors leave the
processor's cache, and it takes memory in proportion
(docs/decisions/084-operators-that-are-fast.md)."""

NETWORK_OVERLAP = 96
"""Pixels shared by neighbours of these: more than a face or a plate that only this level finds. A
larger one is whole on the next smaller level, which in a film may be in another frame's turn."""

SEAM_PX = 2
"""How close to the edge of a tile a box counts as cut off there."""

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


def network_tiles(size_wh: Size) -> list[Box]:
    """Return windows of one size that cover a picture of that size, for the shared network: of all
    ways to cut it into windows that are small enough, the one with the fewest pixels."""
    best = min(_grids(size_wh), key=lambda g: (g.pixels, g.columns * g.rows))
    return [
        (x1, y1, x2, y2)
        for y1, y2 in _equal_pieces(size_wh[1], best.rows, NETWORK_OVERLAP)
        for x1, x2 in _equal_pieces(size_wh[0], best.columns, NETWORK_OVERLAP)
    ]


def are_cut(
    xyxy: Boxes, tile: Box, every: Sequence[Box], *, only_if_shown: bool
) -> NDArray[np.bool_]:
    """Return (n,) which boxes found in a tile end where a neighbour goes on: it, or a smaller
    level, sees more of the object.

    xyxy   (n, 4) in pixels of the level, as the tile is.
    every  all tiles of the level.
    only_if_shown
           only those that lie in what the neighbour shows, too.
    """
    cut = np.zeros(len(xyxy), np.bool_)
    for near, far in ((0, 2), (1, 3)):
        after = [t[near] for t in every if t[near] > tile[near]]
        before = [t[far] for t in every if t[far] < tile[far]]
        if after:
            is_shown = xyxy[:, near] >= min(after)
            cut |= (xyxy[:, far] >= tile[far] - SEAM_PX) & (is_shown | (not only_if_shown))
        if before:
            is_shown = xyxy[:, far] <= max(before)
            cut |= (xyxy[:, near] <= tile[near] + SEAM_PX) & (is_shown | (not only_if_shown))
    return cut


@dataclass(frozen=True, slots=True)
class _Grid:
    """Columns and rows of windows, and the pixels of all windows together, padding included."""

    columns: int
    rows: int
    pixels: int


def _grids(size_wh: Size) -> Iterator[_Grid]:
    """Yield the grids whose windows are small enough: for each number of columns the fewest
    rows."""
    for columns, width in _cuts(size_wh[0]):
        for rows, height in _cuts(size_wh[1]):
            if width * height <= NETWORK_PIXELS:
                yield _Grid(columns, rows, columns * width * rows * height)
                break


def _cuts(length: int) -> Iterator[tuple[int, int]]:
    """Yield numbers of pieces, and the padded length of a piece, down to one that shares half of
    itself."""
    yield 1, padded(length)
    for count in range(2, length):
        piece = _piece(length, count, NETWORK_OVERLAP)
        if piece < 4 * NETWORK_OVERLAP:
            return
        yield count, piece


def tiles(size_wh: Size, longest: int = TILE, shared: int = OVERLAP) -> Iterator[Box]:
    """Yield windows of one size that cover a picture of that size.

    longest  maximum side of a window, a multiple of STRIDE.
    shared   minimum number of pixels that neighbours share.
    """
    for y1, y2 in _pieces(size_wh[1], longest, shared):
        for x1, x2 in _pieces(size_wh[0], longest, shared):
            yield x1, y1, x2, y2


def _pieces(length: int, longest: int, shared: int) -> list[tuple[int, int]]:
    count = 1 if length <= longest else -(-(length - shared) // (longest - shared))
    return _equal_pieces(length, count, shared)


def _equal_pieces(length: int, count: int, shared: int) -> list[tuple[int, int]]:
    """Return start and stop of so many equal pieces, spread evenly."""
    if count == 1:
        return [(0, length)]
    size = _piece(length, count, shared)
    last = length - size
    return [(last * i // (count - 1), last * i // (count - 1) + size) for i in range(count)]


def _piece(length: int, count: int, shared: int) -> int:
    """Return the length of each of several pieces."""
    return padded(-(-(length + (count - 1) * shared) // count))


def padded(length: int) -> int:
    """Return the next multiple of the network's stride."""
    return -(-length // STRIDE) * STRIDE
