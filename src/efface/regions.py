"""What is erased in one frame."""

from __future__ import annotations

from dataclasses import dataclass

from efface.geometry import Box


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
