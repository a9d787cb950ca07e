"""What is erased in one frame, and the blocks in which a source stores its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from efface.geometry import Box, Size

LARGEST_BLOCK = 256
"""Pixels. JPEG's largest blocks have 32 a side."""


@dataclass(frozen=True, slots=True)
class Region:
    """One area to erase in one frame.

    box    whole pixels, x1 < x2 and y1 < y2, inside the frame; everything in it is erased, whatever
           the shape.
    track  id of the track it belongs to; seeds the colours of the `tiles` style, so that they do
           not flicker.
    """

    box: Box
    track: int = 0


@dataclass(frozen=True, slots=True)
class BlockGrid:
    """The blocks in which a source stores its pixels together, in pixels of the upright frame.

    block_wh  width and height of a block.
    start_xy  where the first block begins that does so inside of the frame; less than a block.
    reach     pixels beyond a block that the decoder computes from it as well.
    """

    block_wh: Size
    start_xy: tuple[int, int] = (0, 0)
    reach: int = 0

    def __post_init__(self) -> None:
        is_sensible = all(
            0 <= start < side <= LARGEST_BLOCK
            for start, side in zip(self.start_xy, self.block_wh, strict=True)
        )
        if not is_sensible or not 0 <= self.reach < LARGEST_BLOCK:
            raise ValueError(f"{self} is not a grid of blocks")

    def grown(self, boxes: NDArray[np.int32], sizes: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return (n, 4) the boxes, grown to whole blocks and by the reach, inside of their frames.

        sizes  (n, 2) or (2,) width and height of the frames.
        """
        side, start = np.array(self.block_wh), np.array(self.start_xy)
        low = (boxes[:, :2] - start) // side * side + start - self.reach
        high = -((start - boxes[:, 2:]) // side) * side + start + self.reach
        inside = np.concatenate([np.maximum(low, 0), np.minimum(high, sizes)], axis=1)
        return inside.astype(np.int32)

    def regions(self, regions: Sequence[Region], size_wh: Size) -> list[Region]:
        """Return the regions of a frame, grown."""
        boxes = np.array([r.box for r in regions], np.int32).reshape(-1, 4)
        grown = self.grown(boxes, np.array(size_wh, np.int64)).tolist()
        return [
            Region((x1, y1, x2, y2), r.track)
            for r, (x1, y1, x2, y2) in zip(regions, grown, strict=True)
        ]
