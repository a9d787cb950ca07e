"""What a quick check keeps of a frame of the source: enough to judge the target without decoding
the source once more.

Of each area that the plan erases it keeps the samples at a small size, in every colour plane; of
the rest of the frame a sparse grid of samples, and in some frames blocks of pixels for SSIM. The
samples are taken from the frame as the decoder gave it, before it is painted. They stay in memory,
up to a limit; they are never written to a disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.frames import Frame, Layout, Picture
from efface.geometry import Box, Size

Samples = NDArray[Any]
"""uint8, or uint16 for more than 8 bits."""

SIDE = 48
"""Largest width and height, in samples, in which an area is kept; half of it on subsampled planes.
"""

GRID_SAMPLES = 4096
"""About how many samples the grid over the first plane has."""

BLOCK_PX = 8
"""Side in pixels of the blocks that are kept for SSIM."""

BLOCKS = 256
"""About how many of them are kept."""

BLOCKS_EVERY_FRAMES = 10
"""Blocks are kept of one in this many frames."""

MOST_BYTES = 96 << 20
"""Limit of the samples kept of one film. Beyond it nothing is kept, and the check decodes the
source once more.

A crowd of 32 areas needs 120 kB a frame, three areas need 18 kB: 800 frames, and 5,600.
"""


@dataclass(frozen=True, slots=True, eq=False)
class FrameSamples:
    """What is kept of one frame.

    index, pts, size_wh  of the frame, in the source.
    layout  of its planes.
    boxes   (n, 4) int32, the erased areas.
    areas   the samples of all areas and planes at a small size, one after the other.
    grid    a sparse grid of samples of each colour plane.
    blocks  (BLOCK_PX * rows, BLOCK_PX * columns) blocks of the plane that SSIM compares, side by
            side, or None.
    """

    index: int
    pts: int
    size_wh: Size
    layout: Layout
    boxes: NDArray[np.int32]
    areas: Samples
    grid: tuple[Samples, ...]
    blocks: Samples | None

    @property
    def nbytes(self) -> int:
        blocks = 0 if self.blocks is None else self.blocks.nbytes
        return self.boxes.nbytes + self.areas.nbytes + sum(g.nbytes for g in self.grid) + blocks

    def fits(self, picture: Picture, boxes: Sequence[Box]) -> bool:
        """Return whether a target's picture can be compared with this, in those areas."""
        return self.layout == picture.layout and self.boxes.tolist() == [list(b) for b in boxes]

    def small_areas(self) -> Iterator[list[Samples]]:
        """Yield the small pictures of each area, one for each colour plane."""
        at = 0
        for box in self.boxes.tolist():
            planes = []
            for shift in colour_shifts(self.layout):
                width, height = small_size(window(box, shift), shift)
                planes.append(self.areas[at : at + width * height].reshape(height, width))
                at += width * height
            yield planes


def samples_of(index: int, pts: int, picture: Picture, boxes: Sequence[Box]) -> FrameSamples:
    """Return what is kept of a frame. picture: its samples, before they are painted."""
    colours = picture.planes[: len(colour_shifts(picture.layout))]
    parts = [part.ravel() for box in boxes for part in small_planes(picture, box)] or [
        np.empty(0, picture.planes[0].dtype)
    ]
    has_blocks = index % BLOCKS_EVERY_FRAMES == 0
    return FrameSamples(
        index,
        pts,
        picture.size_wh,
        picture.layout,
        np.array(boxes, np.int32).reshape(-1, 4),
        np.concatenate(parts),
        tuple(on_grid(plane, picture.size_wh).copy() for plane in colours),
        blocks_of(picture) if has_blocks else None,
    )


def colour_shifts(layout: Layout) -> tuple[tuple[int, int], ...]:
    """Return the shifts of the planes without opacity."""
    return layout.shifts[: len(layout.shifts) - layout.has_alpha]


def window(box: Box, shift: tuple[int, int]) -> tuple[slice, slice]:
    """Return rows and columns of a box on a plane of that subsampling, grown to whole samples."""
    (x1, y1, x2, y2), (sx, sy) = box, shift
    return slice(y1 >> sy, -(-y2 >> sy)), slice(x1 >> sx, -(-x2 >> sx))


def side_of(shift: tuple[int, int]) -> int:
    """Return the largest side in which areas of a plane of that subsampling are kept."""
    return SIDE // 2 if any(shift) else SIDE


def small_size(part: tuple[slice, slice], shift: tuple[int, int]) -> Size:
    """Return width and height in which a window of a plane is kept."""
    rows, columns = part
    side = side_of(shift)
    return min(columns.stop - columns.start, side), min(rows.stop - rows.start, side)


def small_planes(picture: Picture, box: Box) -> list[Samples]:
    """Return the area at the small size, one array for each colour plane."""
    made = []
    for shift, plane in zip(colour_shifts(picture.layout), picture.planes, strict=False):
        part = window(box, shift)
        made.append(_reduced(np.ascontiguousarray(plane[part]), small_size(part, shift)))
    return made


def _reduced(samples: Samples, size_wh: Size) -> Samples:
    """Reduce samples to that size. Halving is much faster than `INTER_AREA` at odd ratios."""
    height, width = samples.shape
    while width >= 2 * size_wh[0] and height >= 2 * size_wh[1] and min(size_wh) > 1:
        width, height = width // 2, height // 2
        even = samples[: 2 * height, : 2 * width]
        samples = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    if (width, height) == size_wh:
        return samples
    is_near = width < 2 * size_wh[0] and height < 2 * size_wh[1]
    way = cv2.INTER_LINEAR if is_near else cv2.INTER_AREA
    return cv2.resize(samples, size_wh, interpolation=way)


def grid_step(size_wh: Size) -> int:
    """Return the distance, in samples of a plane, of the grid's samples."""
    return max(1, round(sqrt(size_wh[0] * size_wh[1] / GRID_SAMPLES)))


def on_grid(plane: NDArray[Any], size_wh: Size) -> Samples:
    """Return a view of the grid's samples in a plane. size_wh: of the picture."""
    step = grid_step(size_wh)
    first = grid_start(plane.shape, step)
    return plane[first::step, first::step]


def grid_start(shape: tuple[int, ...], step: int) -> int:
    """Return the first row, and column, of the grid in a plane of that shape."""
    return step // 2 if min(shape) > step // 2 else 0


def blocks_of(picture: Picture) -> Samples | None:
    """Return blocks of the plane that SSIM compares, side by side; None if it has none whole."""
    plane = picture.planes[ssim_plane(picture)]
    rows, columns = (n // BLOCK_PX for n in plane.shape)
    if not rows or not columns:
        return None
    step = block_step(picture.size_wh)
    whole = plane[: rows * BLOCK_PX, : columns * BLOCK_PX]
    split = whole.reshape(rows, BLOCK_PX, columns, BLOCK_PX)[::step, :, ::step]
    return np.ascontiguousarray(split).reshape(split.shape[0] * BLOCK_PX, -1)


def block_step(size_wh: Size) -> int:
    """Return the distance of the blocks that are kept, in blocks."""
    return max(1, round(sqrt(size_wh[0] * size_wh[1] / BLOCK_PX**2 / BLOCKS)))


def ssim_plane(picture: Picture) -> int:
    """Return the number of the plane that SSIM compares: green in RGB, else the first."""
    return 1 if picture.layout.model == "rgb" and len(picture.planes) >= 3 else 0


class SampleRecorder:
    """Keeps samples of the frames of one film, in order, while it is rendered."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._frames: list[FrameSamples] | None = []

    def take(self, frame: Frame, picture: Picture, boxes: Sequence[Box]) -> None:
        """Keep samples of the next frame. picture: as it was decoded."""
        if self._frames is None:
            return
        kept = samples_of(frame.index, frame.pts, picture, boxes)
        self._bytes += kept.nbytes
        self._frames.append(kept)
        if self._bytes > self._most:
            self._frames = None

    def frames(self) -> list[FrameSamples] | None:
        """Return what was kept of all frames, or None if it was too much."""
        return self._frames
