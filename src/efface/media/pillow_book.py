"""JPEG, PNG, WebP, TIFF, GIF and AVIF, opened by Pillow.

Pillow's classes for the six formats are called directly rather than through `Image.open`: a file is handed to the one
decoder that its content asks for and to none of the dozens of others, and efface's own limit of pixels stands in for Pillow's.
Pillow gives no more than 8 bits of colour pictures; where a file has more, OpenCV decodes it as well, and its samples are
taken if the two agree on what the picture shows.

What is not read is not written: of a JPEG with several pictures (MPO) the first is a page and the rest is left behind, and so
are the previews among the pages of a TIFF and the stand-in picture before an APNG.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from efface.errors import TooManyPixels, UnsupportedSource
from efface.geometry import Size
from efface.media import still_facts as facts
from efface.media.still_book import Traits
from efface.media.still_colour import to_srgb
from efface.media.still_pixels import Array, Page, as_stored, page_of, strips, upright_size

AVIF_SLACK = 8
"""Steps of 255 by which two decoders' ways from YUV to RGB may differ."""

SUB_FILE, OLD_SUB_FILE, BITS, PHOTOMETRIC, SUB_IFDS, DNG_VERSION = 254, 255, 258, 262, 330, 50706
"""Tags of TIFF that decide how a page is read."""

_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "I;16": 1}
_PLUGINS: dict[str, Callable[[IO[bytes]], Image.Image]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
}


class PillowBook:
    def __init__(self, path: Path, name: str, handle: IO[bytes], limit: int) -> None:
        self._path, self._name, self._handle = path, name, handle
        self._facts = facts.of_file(name, handle)
        if self._facts.pixels > limit:  # before a plugin allocates its canvas
            raise TooManyPixels(path, self._facts.pixels, limit)
        handle.seek(0)
        self._image: Any = _PLUGINS[name](handle)
        self._places = self._find_pages()
        self.count = len(self._places)
        self.is_animated = name in ("png", "gif", "webp", "avif") and self.count > 1
        self._first_wh = self._image.size
        self.traits = self._find_traits()

    def close(self) -> None:
        self._image.close()

    def size(self, index: int) -> Size:
        self._seek(index)
        return upright_size(self._stored_wh(), self._orientation())

    def duration_ms(self) -> float:
        return float(self._image.info.get("duration") or 0)

    def page(self, index: int) -> Page:
        self._seek(index)
        image, orientation = self._image, self._orientation()
        tags = dict(image.tag_v2) if self._name == "tiff" else {}
        icc = image.info.get("icc_profile")
        image.load()
        mode = self._mode(tags)
        deep = self._deep(index, tags) if self._is_deep(mode, tags) else None
        canvas = self._filled(mode, deep, orientation)
        if self.count == 1:
            image.close()  # its own copy of the samples is not needed any more
        page = page_of(canvas, mode, self._facts.depth if self._name == "avif" and deep is not None else None)
        if page.model == "rgb":
            to_srgb(page.samples, page.depth, icc)
        return _with_key(_levelled(page, tags), image.info.get("transparency"), is_deep=deep is not None or mode == "I;16")

    def _seek(self, index: int) -> None:
        if self._image.tell() != self._places[index]:
            self._image.seek(self._places[index])

    def _stored_wh(self) -> Size:
        # A later frame of a GIF may stick out of the animation, and Pillow then lets the whole grow.
        width, height = self._first_wh if self.is_animated else self._image.size
        return width, height

    def _find_pages(self) -> list[int]:
        count = getattr(self._image, "n_frames", 1) if self._name != "jpeg" else 1
        if self._name == "tiff":
            return self._find_tiff_pages(count)
        # The picture in front of an APNG is shown by old viewers only, and belongs to no animation.
        has_stand_in = self._name == "png" and count > 1 and bool(getattr(self._image, "default_image", False))
        return list(range(int(has_stand_in), count))

    def _find_tiff_pages(self, count: int) -> list[int]:
        kept, is_raw = [], False
        for place in range(count):
            self._image.seek(place)
            tags = self._image.tag_v2
            is_preview = bool(int(tags.get(SUB_FILE, 0)) & 0b101) or tags.get(OLD_SUB_FILE) == 2
            is_raw |= DNG_VERSION in tags or (place == 0 and is_preview and SUB_IFDS in tags)
            if not is_preview:
                kept.append(place)
        if is_raw:
            raise UnsupportedSource(self._path, "it is a camera's raw file", "Develop it into a TIFF or JPEG first.")
        return kept or list(range(count))

    def _find_traits(self) -> Traits:
        traits = Traits(lossless=self._facts.is_lossless, cicp=self._facts.cicp, loop=self._image.info.get("loop"))
        if self._name == "jpeg":
            traits.qtables = [list(table) for _, table in sorted(self._image.quantization.items())]
            traits.sampling = JpegImagePlugin.get_sampling(self._image)
            traits.progressive = bool(self._image.info.get("progressive"))
        if self._image.info.get("icc_profile"):
            traits.cicp = None  # the samples will be converted
        return traits

    def _orientation(self) -> int:
        # Pillow turns the pages of a TIFF by itself, and gives their size as turned.
        if self._name == "tiff":
            return 1
        return facts.orientation_of(self._facts.exif or self._image.info.get("exif"))

    def _mode(self, tags: dict[int, Any]) -> str:
        """The mode among _CHANNELS in which nothing of the page is lost but what the docstring of `stills` admits."""
        mode: str = self._image.mode
        has_key = "transparency" in self._image.info
        if self.is_animated:
            return "RGBA"
        if mode in ("P", "PA"):
            return "RGBA" if self._image.has_transparency_data else "RGB"
        if mode.startswith("I;16"):
            return "I;16"
        if mode in ("1", "L", "RGB") and has_key and not self._is_deep(mode, tags):
            return "RGBA"
        found = {"1": "L", "La": "LA", "RGBX": "RGB", "YCbCr": "RGB", "RGBa": "RGBA"}.get(mode, mode)
        if found not in _CHANNELS:
            raise UnsupportedSource(self._path, f"its pixels are of a kind that efface cannot write ({mode})")
        return found

    def _is_deep(self, mode: str, tags: dict[int, Any]) -> bool:
        if self.is_animated:
            return False
        if self._name == "tiff":
            return mode in ("RGB", "RGBA") and max(tags.get(BITS, (8,))) == 16
        return self._facts.depth > 8 and mode in ("LA", "RGB", "RGBA")

    def _deep(self, index: int, tags: dict[int, Any]) -> Array:
        """The same page with more than 8 bits a sample, from OpenCV: (h, w, channels), colours in our order."""
        self._handle.seek(0)
        data = np.frombuffer(self._handle.read(), np.uint8)
        with _silent_opencv():
            if self._name == "tiff":
                place = self._places[index]
                _, pages = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED, range=(place, place + 1))
                deep = pages[0] if len(pages) == 1 else None
            else:
                deep = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if deep is None or deep.dtype != np.uint16:
            raise UnsupportedSource(self._path, "its samples of more than 8 bits cannot be decoded", "Save it with 8 bits.")
        deep = deep[..., None] if deep.ndim == 2 else deep
        return np.asarray(deep[..., [2, 1, 0, *range(3, deep.shape[2])]] if deep.shape[2] >= 3 else deep, np.uint16)

    def _filled(self, mode: str, deep: Array | None, orientation: int) -> Array:
        (width, height), channels = self._stored_wh(), _CHANNELS[mode]
        upright_wh = upright_size((width, height), orientation)
        wide = deep is not None or mode == "I;16"
        canvas = np.empty((upright_wh[1], upright_wh[0], channels), np.uint16 if wide else np.uint8)
        stored = as_stored(canvas, orientation)
        if deep is not None:
            deep = self._matching(deep, mode)
        for rows in strips(height, width):
            part = self._image.crop((0, rows.start, width, rows.stop))
            low = np.asarray(part if mode == "I;16" else part.convert(mode)).reshape(-1, width, channels)
            if deep is not None:
                self._compare(deep[rows], low)
            stored[rows] = low if deep is None else deep[rows]
        return canvas

    def _matching(self, deep: Array, mode: str) -> Array:
        """Only the channels of the mode. OpenCV has no grey with alpha, and adds an alpha where a colour is the key."""
        want = {"LA": [0, 3], "RGB": [0, 1, 2], "RGBA": [0, 1, 2, 3]}[mode]
        if deep.shape[2] <= max(want) or deep.shape[:2] != (self._image.size[1], self._image.size[0]):
            raise UnsupportedSource(self._path, "two decoders disagree about it", "Save it with 8 bits.")
        return deep[..., want]

    def _compare(self, deep: Array, low: NDArray[np.uint8]) -> None:
        """What efface looks at and what it writes must be one picture, or a face could pass from one into the other."""
        depth = self._facts.depth if self._name == "avif" else 16
        apart = np.abs((deep >> (depth - 8)).astype(np.int16) - low)
        if apart.max(initial=0) > (AVIF_SLACK if self._name == "avif" else 0):
            raise UnsupportedSource(self._path, "two decoders disagree about it", "Save it with 8 bits.")


@contextmanager
def _silent_opencv() -> Iterator[None]:
    """OpenCV reports harmless oddities of files on stderr, where a progress bar may be standing."""
    log = cv2.utils.logging
    before = log.setLogLevel(log.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        log.setLogLevel(before)


def _levelled(page: Page, tags: dict[int, Any]) -> Page:
    """TIFF's grey of more than 8 bits comes as stored: maybe with 12 bits, maybe with white as 0."""
    if page.model == "gray" and page.depth == 16:
        if tags.get(BITS, (16,))[0] == 12:
            np.left_shift(page.samples, 4, out=page.samples)
        if tags.get(PHOTOMETRIC) == 0:
            np.invert(page.samples, out=page.samples)
    return page


def _with_key(page: Page, key: Any, *, is_deep: bool) -> Page:
    """An alpha channel for pictures of 16 bits in which one colour means transparent; Pillow does the same for 8 bits."""
    if key is None or not is_deep or page.has_alpha:
        return page
    is_key = (page.samples == np.array(key, np.uint16).reshape(-1)).all(axis=-1, keepdims=True)
    alpha = np.where(is_key, 0, 65535).astype(np.uint16)
    return Page(np.concatenate([page.samples, alpha], axis=-1), page.model, page.depth, has_alpha=True)
