"""The samples of one page: upright, in one array, ready to be examined or split into planes.

Samples stay integers in one interleaved array and are processed in strips, so a picture of a
hundred megapixels needs little more memory than its samples. Colours under full transparency are
wiped when the page is read: no viewer shows them, so nobody would notice a face there, and the
target must hold nothing that nobody could see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from efface.frames import Layout, Model, Picture
from efface.geometry import Size

Array = NDArray[np.uint8] | NDArray[np.uint16]

STRIP_PIXELS = 1 << 22
"""Pixels processed at once: large enough to be fast, small enough to need little memory."""

BACKDROP_GREY = 128
"""Background behind transparent areas in the view for the detector. Faces are rarely exactly this
grey."""


def strips(height: int, width: int) -> Iterator[slice]:
    """Yield the rows of a picture of that size, in runs of at most about STRIP_PIXELS pixels."""
    rows = max(1, STRIP_PIXELS // max(1, width))
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def as_stored(upright: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return a view of an (h, w, ...) upright array in the row order of a file with that EXIF
    orientation.

    Data written to the view appears upright in the array, so turning needs no second array.
    """
    match orientation:
        case 2:
            return upright[:, ::-1]
        case 3:
            return upright[::-1, ::-1]
        case 4:
            return upright[::-1]
        case 5:
            return upright.swapaxes(0, 1)
        case 6:
            return np.rot90(upright, 1)
        case 7:
            return upright[::-1, ::-1].swapaxes(0, 1)
        case 8:
            return np.rot90(upright, -1)
    return upright


def upright_size(stored_wh: Size, orientation: int) -> Size:
    """Return the size after turning. Orientations 5 to 8 swap width and height."""
    return (stored_wh[1], stored_wh[0]) if orientation >= 5 else stored_wh


@dataclass(slots=True, eq=False)
class Page:
    """One decoded page.

    samples    (h, w, channels) uint8, or uint16 above 8 bits: the model's channels, then alpha if
               present.
    model      "gray", "rgb" or "cmyk".
    depth      significant bits, 8 to 16.
    has_alpha  the last channel is opacity.
    """

    samples: Array
    model: Model
    depth: int = 8
    has_alpha: bool = False
    _rgb: NDArray[np.uint8] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.has_alpha:
            self._wipe_hidden()

    def look(self, size_wh: Size) -> NDArray[np.uint8]:
        """Return (h, w, 3) uint8 RGB of that size, read-only.

        Transparent areas appear over grey. Nearly transparent pixels are shown at half strength or
        more: they survive in the file and anyone can raise the opacity, so the detector must be
        able to see them.
        """
        if self._rgb is None:
            self._rgb = self._as_rgb()
            self._rgb.flags.writeable = False
        height, width = self._rgb.shape[:2]
        if size_wh == (width, height):
            return self._rgb
        shrinks = size_wh[0] * size_wh[1] <= width * height
        seen = np.asarray(
            cv2.resize(
                self._rgb, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            ),
            np.uint8,
        )
        seen.flags.writeable = False
        return seen

    def unpack(self) -> Picture:
        """Return a copy of the samples, one plane per channel. The planes are views of one
        interleaved array."""
        return self._picture(self.samples.copy())

    def shared(self) -> Picture:
        """Return the same without a copy, read-only."""
        seen = self.samples.view()
        seen.flags.writeable = False
        return self._picture(seen)

    def _picture(self, samples: Array) -> Picture:
        channels = samples.shape[2]
        layout = Layout(self.model, self.depth, ((0, 0),) * channels, has_alpha=self.has_alpha)
        return Picture(tuple(samples[..., i] for i in range(channels)), layout)

    def _wipe_hidden(self) -> None:
        height, width = self.samples.shape[:2]
        for rows in strips(height, width):
            part = self.samples[rows]
            part[part[..., -1] == 0] = 0

    def _as_rgb(self) -> NDArray[np.uint8]:
        if self.model == "rgb" and self.depth == 8 and not self.has_alpha:
            seen = (
                self.samples.view()
            )  # the caller marks the view read-only; the samples themselves stay writable
            return np.asarray(seen, np.uint8)
        height, width = self.samples.shape[:2]
        rgb = np.empty((height, width, 3), np.uint8)
        shift = self._shift()
        for rows in strips(height, width):
            rgb[rows] = self._strip_as_rgb(self.samples[rows], shift)
        return rgb

    def _shift(self) -> int:
        """Return how many bits to drop for viewing. Cameras store 10 or 12 bits in 16, often at the
        low end, which looks black."""
        if self.depth == 8 or self.has_alpha or self.model == "cmyk":
            return self.depth - 8
        return max(0, min(self.depth, int(self.samples.max()).bit_length()) - 8)

    def _strip_as_rgb(self, part: Array, shift: int) -> NDArray[np.uint8]:
        low = np.asarray(part >> shift if shift else part, np.uint8)
        if self.model == "cmyk":
            return np.asarray(Image.fromarray(np.ascontiguousarray(low), "CMYK").convert("RGB"))
        colour = low[..., :-1] if self.has_alpha else low
        return (
            _over_grey(colour, low[..., -1:])
            if self.has_alpha
            else np.broadcast_to(colour, (*low.shape[:2], 3))
        )


def _over_grey(colour: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    weight = np.where(alpha > 0, (alpha.astype(np.uint16) + 256) // 2, 0).astype(np.uint16)
    return np.asarray((colour * weight + BACKDROP_GREY * (255 - weight) + 127) // 255, np.uint8)


def page_of(canvas: Array, mode: str, depth: int | None) -> Page:
    """Make a page from samples in one of Pillow's modes. `depth` None means all bits that they
    have."""
    model = {"L": "gray", "LA": "gray", "I;16": "gray", "CMYK": "cmyk"}.get(mode, "rgb")
    return Page(canvas, model, depth or 8 * canvas.itemsize, mode in ("LA", "RGBA"))  # type: ignore[arg-type]


def black_page(size_wh: Size, channels: int = 3) -> Page:
    """Make an opaque black page in place of one that cannot be decoded: 3 channels for RGB, 4 for
    RGBA."""
    samples = np.zeros((size_wh[1], size_wh[0], channels), np.uint8)
    if channels == 4:
        samples[..., 3] = 255
    return Page(samples, "rgb", has_alpha=channels == 4)


def interleaved(picture: Picture) -> Array:
    """Return (h, w, channels) of a picture whose planes all have its size; no copy if they come
    from one array."""
    planes = picture.planes
    base = planes[0].base
    if (
        isinstance(base, np.ndarray)
        and base.ndim == 3
        and base.shape[2] == len(planes)
        and base.flags.c_contiguous
    ):
        views = [base[..., i] for i in range(len(planes))]
        if all(_is_same(a, b) for a, b in zip(planes, views, strict=True)):
            return base
    return np.ascontiguousarray(np.stack(planes, axis=-1))


def _is_same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return (a.ctypes.data, a.shape, a.strides, a.dtype) == (
        b.ctypes.data,
        b.shape,
        b.strides,
        b.dtype,
    )
