"""Read JPEG, PNG, WebP, TIFF, GIF, AVIF, BMP, ICO, PPM and JPEG 2000 with Pillow.

Pillow gives colour pictures at most 8 bits. If a file has more, OpenCV or FFmpeg decodes it too,
and its samples are used if both decoders agree on what the picture shows. Otherwise the picture is
written with 8 bits, and a note says so.

Only what is read is written. Of a JPEG with several pictures (MPO) the first becomes a page and the
rest is left behind. The same holds for previews among the pages of a TIFF and for the default image
before an APNG.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import (
    JpegImagePlugin,
    TiffImagePlugin,
)

from efface.containers.image_truncation import lacks_data
from efface.containers.tiff_page import decodable, is_apart
from efface.errors import UnsupportedSource
from efface.geometry import Size
from efface.media.still import still_facts as facts
from efface.media.still.deep_samples import Undecided, samples_by_opencv
from efface.media.still.image_reader import DAMAGED, Traits
from efface.media.still.pillow_image import EIGHT_BITS, PillowImage
from efface.media.still.still_colour import Colours, in_srgb
from efface.media.still.still_pixels import Array, Page, as_stored, page_of, strips, upright_size
from efface.options import ReadOptions

AVIF_SLACK_STEPS = 8
"""Steps of 255 by which two decoders' conversions from YUV to RGB may differ."""

SUB_FILE, OLD_SUB_FILE, BITS, PHOTOMETRIC, SUB_IFDS, DNG_VERSION = 254, 255, 258, 262, 330, 50706
"""TIFF tags that decide how a page is read."""

_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "I;16": 1}


class PillowReader(PillowImage):
    def __init__(self, path: Path, name: str, handle: IO[bytes], options: ReadOptions) -> None:
        super().__init__(path, name, handle, options)
        self._places = self._find_pages()
        self.count = len(self._places)
        self.is_animated = name in ("png", "gif", "webp", "avif") and self.count > 1
        self._first_wh = self._image.size
        self.traits = self._find_traits()
        if self.is_animated and self._facts.depth > 8:
            self._note(EIGHT_BITS)
        if lacks_data(name, handle):
            self._note(DAMAGED)
        if self._parts is not None and self._parts.others:
            self._note("it holds several pictures, and only the first was kept")
        if self._parts is not None and self._parts.has_broken_animation:
            self._note("its animation is damaged, and its picture alone was kept")

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
        colours = self._colours()
        mode = self._mode(tags)
        if is_apart(tags):
            deep: Array | None = self._planes(mode, tags)
        else:
            self._load()
            mode = self._mode(tags)  # fully known only now
            deep = self._checked_deep(mode, tags)
        canvas = self._filled(mode, deep, orientation)
        if self.count == 1:
            self._image.close()  # its own copy of the samples is no longer needed
        page = page_of(
            canvas, mode, self._facts.depth if self._name == "avif" and deep is not None else None
        )
        page = in_srgb(page, colours)
        return _with_key(
            _levelled(page, tags),
            image.info.get("transparency"),
            is_deep=deep is not None or mode == "I;16",
        )

    def _colours(self) -> Colours:
        parts = self._parts
        if parts is None:
            return Colours(self._image.info.get("icc_profile"))
        if self.traits.cicp or parts.has_srgb_numbers:
            return Colours()
        return (
            Colours(parts.icc)
            if parts.icc or parts.is_srgb
            else Colours(None, parts.gamma, parts.chroma)
        )

    def _seek(self, index: int) -> None:
        if self._image.tell() != self._places[index]:
            self._image.seek(self._places[index])

    def _stored_wh(self) -> Size:
        # A later frame of a GIF may extend beyond the animation, and Pillow then enlarges the
        # whole.
        width, height = self._first_wh if self.is_animated else self._image.size
        return width, height

    def _find_pages(self) -> list[int]:
        count = self._count_frames()
        if self._name == "tiff":
            return self._find_tiff_pages(count)
        # Only old viewers show the default image of an APNG, and it is not part of the animation.
        has_stand_in = (
            self._name == "png" and count > 1 and bool(getattr(self._image, "default_image", False))
        )
        return list(range(int(has_stand_in), count))

    def _count_frames(self) -> int:
        if self._name == "jpeg":
            return 1
        try:
            return getattr(self._image, "n_frames", 1)
        except (struct.error, IndexError):
            if self._name != "gif":
                raise
        self._note(DAMAGED)  # the animation breaks off; complete frames remain
        count = int(self._image.tell()) + 1
        self._image.seek(0)
        return count

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
            raise UnsupportedSource(
                self._path, "it is a camera's raw file", "Develop it into a TIFF or JPEG first."
            )
        return kept or list(range(count))

    def _find_traits(self) -> Traits:
        traits = Traits(
            lossless=self._facts.is_lossless,
            cicp=self._facts.cicp,
            loop=self._image.info.get("loop"),
        )
        if self._parts is not None and self._parts.cicp is not None:
            traits.cicp = facts.known_cicp(*self._parts.cicp[:2])
            traits.full_range = self._parts.cicp[2]
            traits.light = self._parts.light if traits.cicp else {}
            return traits
        if self._name == "jpeg":
            traits.qtables = [list(table) for _, table in sorted(self._image.quantization.items())]
            traits.sampling = JpegImagePlugin.get_sampling(self._image)
            traits.progressive = bool(self._image.info.get("progressive"))
            traits.orientation = self._orientation()
            factors = [(h, v) for _, h, v, _ in self._image.layer]
            traits.grid = facts.jpeg_grid(factors, self._image.size, traits.orientation)
        if self._image.info.get("icc_profile"):
            traits.cicp = None  # the samples will be converted
        return traits

    def _orientation(self) -> int:
        # Pillow itself turns the pages of a TIFF, and gives their size as turned.
        if self._name == "tiff":
            return 1
        return facts.orientation_of(
            self._parts.exif if self._parts is not None else self._image.info.get("exif")
        )

    def _mode(self, tags: dict[int, Any]) -> str:
        """Return the mode among _CHANNELS that loses nothing of the page but what the docstring of
        `stills` admits."""
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
        found = {"1": "L", "La": "LA", "RGBX": "RGB", "YCbCr": "RGB", "RGBa": "RGBA"}.get(
            mode, mode
        )
        if found not in _CHANNELS:
            raise UnsupportedSource(
                self._path, f"its pixels are of a kind that efface cannot write ({mode})"
            )
        return found

    def _is_deep(self, mode: str, tags: dict[int, Any]) -> bool:
        if self.is_animated:
            return False
        if self._name == "tiff":
            return mode in ("RGB", "RGBA", "CMYK") and max(tags.get(BITS, (8,))) == 16
        return self._facts.depth > 8 and mode in ("LA", "RGB", "RGBA")

    def _planes(self, mode: str, tags: dict[int, Any]) -> Array:
        """Return 16-bit samples stored in planes.

        Both decoders read each plane as a grey picture.
        """
        self._handle.seek(0)
        planes = []
        for data in decodable(self._handle.read(), tags):
            try:
                plane = samples_by_opencv(data)
            except (Undecided, cv2.error):
                raise UnsupportedSource(
                    self._path, "its planes of 16 bits cannot be decoded", "Save it with 8 bits."
                ) from None
            if not np.array_equal(
                plane[..., 0], np.asarray(TiffImagePlugin.TiffImageFile(io.BytesIO(data)))
            ):
                raise self._disagreement()
            planes.append(plane)
        return self._matching(np.asarray(np.concatenate(planes, axis=-1), np.uint16), mode)

    def _checked_deep(self, mode: str, tags: dict[int, Any]) -> Array | None:
        """Return samples of more than 8 bits, as stored, or None if there are none or they
        contradict what Pillow shows."""
        if not self._is_deep(mode, tags):
            return None
        if self._is_salvaged:  # no other decoder opens it
            self._note(EIGHT_BITS)
            return None
        try:
            deep = self._matching(self._deep(tags), mode)
            for rows in strips(*deep.shape[:2]):
                self._compare(deep[rows], self._low(mode, rows))
        except (Undecided, cv2.error):
            self._note(EIGHT_BITS)
            return None
        return deep

    def _deep(self, tags: dict[int, Any]) -> Array:
        """Decode the same page with more than 8 bits per sample: (h, w, channels), colours in our
        order."""
        if self._name == "jp2" or (self._name == "ppm" and self._facts.depth < 16):
            raise Undecided
        if self._name == "tiff":
            self._handle.seek(0)
            planes = [samples_by_opencv(data) for data in decodable(self._handle.read(), tags)]
            return np.asarray(
                planes[0] if len(planes) == 1 else np.concatenate(planes, axis=-1), np.uint16
            )
        data = self._file_from_start().read()
        try:
            return samples_by_opencv(data)
        except Undecided:
            if self._name != "avif":
                raise
        return self._by_ffmpeg()

    def _by_ffmpeg(self) -> Array:
        from efface.media.still.av_reader import (
            samples_of,
        )  # loads PyAV, which other photos do not need

        found = samples_of(self._path)
        if found.dtype != np.uint16:
            raise Undecided
        return np.asarray(found, np.uint16)

    def _filled(self, mode: str, deep: Array | None, orientation: int) -> Array:
        (width, height), channels = self._stored_wh(), _CHANNELS[mode]
        upright_wh = upright_size((width, height), orientation)
        wide = deep is not None or mode == "I;16"
        canvas = np.empty((upright_wh[1], upright_wh[0], channels), np.uint16 if wide else np.uint8)
        stored = as_stored(canvas, orientation)
        for rows in strips(height, width):
            stored[rows] = self._low(mode, rows) if deep is None else deep[rows]
        return canvas

    def _low(self, mode: str, rows: slice) -> NDArray[Any]:
        """Return rows as Pillow decodes them, in that mode."""
        width = self._stored_wh()[0]
        part = self._image.crop((0, rows.start, width, rows.stop))
        if (
            part.mode == "1" and mode == "RGBA"
        ):  # Pillow applies the key to greys but not to single bits
            part = part.convert("L")
            part.info["transparency"] = self._image.info["transparency"]
        return np.asarray(part if mode == "I;16" else part.convert(mode)).reshape(
            -1, width, _CHANNELS[mode]
        )

    def _matching(self, deep: Array, mode: str) -> Array:
        """Keep only the mode's channels. OpenCV has no grey with alpha, and adds an alpha if a
        colour is the key."""
        want = {"LA": [0, 3], "RGB": [0, 1, 2]}.get(mode, [0, 1, 2, 3])
        if deep.shape[2] <= max(want) or deep.shape[:2] != (
            self._image.size[1],
            self._image.size[0],
        ):
            raise self._disagreement()
        return deep[..., want]

    def _compare(self, deep: Array, low: NDArray[np.uint8]) -> None:
        """Check that both decoders agree. The detector and the writer must see one picture, or a
        face could slip through."""
        depth = self._facts.depth if self._name == "avif" else 16
        apart = np.abs((deep >> (depth - 8)).astype(np.int16) - low)
        if apart.max(initial=0) > (AVIF_SLACK_STEPS if self._name == "avif" else 0):
            raise self._disagreement()

    def _disagreement(self) -> UnsupportedSource:
        return UnsupportedSource(
            self._path, "two decoders disagree about it", "Save it with 8 bits."
        )


def _levelled(page: Page, tags: dict[int, Any]) -> Page:
    """Normalise a TIFF's grey of more than 8 bits, which may have 12 bits, or white as 0."""
    if page.model == "gray" and page.depth == 16:
        if tags.get(BITS, (16,))[0] == 12:
            np.left_shift(page.samples, 4, out=page.samples)
        if tags.get(PHOTOMETRIC) == 0:
            np.invert(page.samples, out=page.samples)
    return page


def _with_key(page: Page, key: Any, *, is_deep: bool) -> Page:
    """Add an alpha channel to 16-bit pictures in which one colour means transparent; Pillow does
    the same for 8 bits."""
    if key is None or not is_deep or page.has_alpha:
        return page
    is_key = (page.samples == np.array(key, np.uint16).reshape(-1)).all(axis=-1, keepdims=True)
    alpha = np.where(is_key, 0, 65535).astype(np.uint16)
    return Page(
        np.concatenate([page.samples, alpha], axis=-1), page.model, page.depth, has_alpha=True
    )
