"""A decoded frame, and its planes.

The renderer sees only planes: a planar YUV frame, an RGBA photo and a CMYK photo are all a few
two-dimensional arrays with a subsampling each, so one painter serves them all. The detector sees
only RGB, at the size it asks for. Both are made on request, as the first pass needs no planes and
the second no RGB.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from efface.geometry import Size

Model = Literal["gray", "rgb", "yuv", "cmyk", "index"]


@dataclass(frozen=True, slots=True)
class Layout:
    """The meaning of a picture's planes.

    model       gray: Y. rgb: R, G, B. yuv: Y, Cb, Cr. cmyk: C, M, Y, K (0 = no ink).
    depth       significant bits of a sample, 1 to 16; a plane is uint8 up to 8 bits and uint16
                above.
    shifts      (x, y) for each plane: a chroma plane of 4:2:0 has (1, 1), i.e. ceil(width / 2) by
                ceil(height / 2) samples.
    full_range  False for the limited ("TV") range of YUV and its luma-only relative; otherwise
                True.
    has_alpha   the last plane is opacity: 0 transparent, 2**depth - 1 opaque.
    """

    model: Model
    depth: int = 8
    shifts: tuple[tuple[int, int], ...] = ((0, 0),)
    full_range: bool = True
    has_alpha: bool = False

    @property
    def peak(self) -> int:
        """The largest sample value."""
        return (1 << self.depth) - 1

    @property
    def neutral(self) -> tuple[int, ...]:
        """A middle grey, opaque: used where nothing is known."""
        half = 1 << (self.depth - 1)
        colour = {
            "gray": (half,),
            "rgb": (half,) * 3,
            "yuv": (half,) * 3,
            "cmyk": (0, 0, 0, half),
            "index": (0,),
        }[self.model]
        return colour + ((self.peak,) if self.has_alpha else ())


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """The samples of one frame, upright. The holder owns them and may overwrite them.

    planes  one (ceil(h >> sy), ceil(w >> sx)) uint8 or uint16 array for each of layout.shifts; may
            be views with any strides.
    """

    planes: tuple[NDArray[np.uint8] | NDArray[np.uint16], ...]
    layout: Layout

    def __post_init__(self) -> None:
        if len(self.planes) != len(self.layout.shifts):
            raise ValueError(f"want {len(self.layout.shifts)} planes, got {len(self.planes)}")
        width, height = self.size_wh
        want = np.uint8 if self.layout.depth <= 8 else np.uint16
        for plane, (sx, sy) in zip(self.planes, self.layout.shifts, strict=True):
            if plane.shape != (-(-height >> sy), -(-width >> sx)) or plane.dtype != want:
                raise ValueError(
                    f"a plane of {plane.shape} {plane.dtype} does not belong to "
                    f"{width}x{height}, {self.layout}"
                )

    @property
    def size_wh(self) -> Size:
        """Width and height of the first plane, which is never subsampled."""
        height, width = self.planes[0].shape
        return width, height

    def checksum(self) -> int:
        """Return the CRC-32 of all samples. It shows whether two decodings of one frame differ."""
        value = 0
        for plane in self.planes:
            value = zlib.crc32(np.ascontiguousarray(plane).data, value)
        return value


RGB = Layout("rgb", shifts=((0, 0),) * 3)


def rgb_picture(rgb: NDArray[np.uint8]) -> Picture:
    """Return the planes of a picture, (h, w, 3)."""
    red, green, blue = (rgb[..., i].copy() for i in range(3))
    return Picture((red, green, blue), RGB)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame or page of a source, in presentation order.

    index    0, 1, 2 ...
    pts      in the source's time base.
    size_wh  of the upright frame.
    look     look(size_wh) gives (h, w, 3) uint8 RGB, resized to that size; read-only, may be
             shared.
    unpack   gives the frame's samples as a Picture of its own, writable.
    shared   gives them without a copy, read-only; None if that is not possible.
    is_bad   the frame could not be decoded; it is black, and must be covered whole.
    aspect   width of a pixel over its height; 1 for square ones.
    is_alone no neighbouring frame shows the same objects (photos, pages).
    stored   what `look` and `unpack` are made from. Only `media` looks at it.
    """

    index: int
    pts: int
    size_wh: Size
    look: Callable[[Size], NDArray[np.uint8]]
    unpack: Callable[[], Picture]
    is_bad: bool = False
    aspect: float = 1.0
    is_alone: bool = False
    stored: object = None
    shared: Callable[[], Picture] | None = None

    def samples(self) -> Picture:
        """Return the frame's samples to read. They may be shared, and then cannot be written to."""
        return self.shared() if self.shared is not None else self.unpack()
