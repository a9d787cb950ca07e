"""Decode a photo with Pillow, also a damaged one as far as it goes.

Pillow's classes are called directly rather than through `Image.open`. So a file reaches only the
decoder for its content, none of the dozens of others, and efface's own pixel limit replaces
Pillow's. For JPEG, PNG and WebP the decoder gets only the parts that make the picture, see
`picture_parts`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from efface.containers import picture_parts, spliced_parts
from efface.errors import TooManyPixels
from efface.media.still import bmp_read, png_read
from efface.media.still import still_facts as facts
from efface.media.still.image_reader import BREAKS_OFF, DAMAGED, require_total
from efface.options import ReadOptions

PLUGINS: dict[str, Callable[[IO[bytes]], Image.Image]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "ppm": PpmImagePlugin.PpmImageFile,
    "ico": IcoImagePlugin.IcoImageFile,
    "jp2": Jpeg2KImagePlugin.Jpeg2KImageFile,
}

EIGHT_BITS = "its samples have more than 8 bits and were written with 8"
"""Note for a picture whose further bits no decoder gives."""


class PillowImage:
    """An open photo: its file, the parts that make its picture, and Pillow's image of it."""

    is_animated = False

    def __init__(self, path: Path, name: str, handle: IO[bytes], options: ReadOptions) -> None:
        self._path, self._name, self._handle, self._options = path, name, handle, options
        self.notes: list[str] = []
        self._is_salvaged = False
        self._facts = facts.of_file(name, handle)
        if self._facts.pixels > options.max_pixels:  # before a plugin allocates its canvas
            raise TooManyPixels(path, self._facts.pixels, options.max_pixels)
        require_total(
            path, self._facts.pages, self._facts.pixels, options
        )  # before a plugin goes through all pages
        self._parts = picture_parts.parts_of(name, handle)
        handle.seek(0)
        self._stream = self._file()
        self._image: Any = self._opened()
        self._scale_key()

    def _opened(self) -> Any:
        try:
            return PLUGINS[self._name](self._stream)
        except OSError:
            if self._name != "bmp":
                raise
            image = self._own_bmp()
            if image is None:
                raise
            return image

    def _own_bmp(self) -> Any:
        """Read a BMP that Pillow refuses, or return None if this module cannot read it either.
        Raises OSError, TooManyPixels."""
        self._handle.seek(0)
        data = self._handle.read()
        header = bmp_read.header_of(data)
        if header is None:
            return None
        if header.width * header.height > self._options.max_pixels:
            raise TooManyPixels(self._path, header.width * header.height, self._options.max_pixels)
        if header.is_deep:
            self._note(EIGHT_BITS)
        if header.is_cut(len(data)):
            self._note(BREAKS_OFF)
        return Image.fromarray(bmp_read.samples_of(data, header))

    def _bmp_by_ffmpeg(self) -> Any:
        """Decode a BMP whose compressed rows end early. Raises OSError, ValueError."""
        from efface.media.still import av_reader  # loads PyAV, which other photos do not need

        self._handle.seek(0)
        image = Image.fromarray(av_reader.bmp(self._handle.read()))
        self._note(DAMAGED)
        return image

    def _scale_key(self) -> None:
        """Scale the grey that means transparent in a PNG of 2 or 4 bits as Pillow widens the
        samples."""
        key = self._image.info.get("transparency")
        if (
            self._name == "png"
            and self._facts.depth < 8
            and isinstance(key, int)
            and self._image.mode == "L"
        ):
            self._image.info["transparency"] = key * 255 // ((1 << self._facts.depth) - 1)

    def _file(self) -> IO[bytes]:
        return self._handle if self._parts is None else self._parts.file(self._handle)

    def _file_from_start(self) -> IO[bytes]:
        file = self._file()
        file.seek(0)
        return file

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _break_off(self) -> None:
        """Note that the file breaks off. Raises OSError unless the options ask for what is there:
        the rest may come when its copy is finished."""
        if self._options.bad_frames != "cover":
            raise OSError("the file breaks off")
        self._note(BREAKS_OFF)

    def _load(self) -> None:
        """Decode the page.

        A JPEG, PNG, BMP or GIF with damaged data is decoded as far as possible, as in browsers, and
        a note says so. A JPEG or PNG that breaks off is an error, and with `bad_frames` "cover" is
        decoded up to the break. If nothing of it can be decoded, that is an error.
        """
        parts = self._parts
        by_hand = {"bmp": self._load_bmp, "gif": self._load_gif, "png": self._load_png}.get(
            self._name
        )
        if by_hand is not None:
            by_hand()
            return
        if self._name != "jpeg" or parts is None:
            self._image.load()
            return
        if parts.lacks_tables or not parts.has_scan_data:
            raise OSError("nothing of its picture can be decoded")
        if parts.is_cut or not self._is_whole():
            if parts.has_end:
                self._note(DAMAGED)
            else:
                self._break_off()
            self._image = self._as_far_as_it_goes(
                parts.file(self._handle, ending=spliced_parts.EOI).read()
            )

    def _load_bmp(self) -> None:
        try:
            self._image.load()
        except (OSError, ValueError):
            image = self._own_bmp() or self._bmp_by_ffmpeg()
            if image is None or image.size != self._image.size:
                raise
            self._image = image

    def _load_gif(self) -> None:
        """Decode a frame, or a damaged frame up to the damage. The missing part shows the colour
        with which the frame begins."""
        image = self._image
        try:
            image.load()
        except (
            OSError
        ):  # not ValueError: then the frame lies outside the picture, and nothing was decoded
            self._note(DAMAGED)
            if image.tile:  # data were missing; for wrong data, Pillow does this before it raises
                image.tile = []
                image.load_end()

    def _load_png(self) -> None:
        """Decode the picture, or its part before damaged or missing data."""
        parts = self._parts
        assert parts is not None
        try:
            self._image.load()
        except (OSError, SyntaxError, ValueError):
            found = None if self.is_animated else png_read.salvaged(self._file_from_start().read())
            if found is None:
                raise
            if parts.is_cut:
                self._break_off()
            else:
                self._note(DAMAGED)
            image: Any = PngImagePlugin.PngImageFile(io.BytesIO(found.data))
            image.load()
            self._image = png_read.spread(image, found.step_wh)
            self._scale_key()
            self._is_salvaged = True

    def _as_far_as_it_goes(self, data: bytes) -> Any:
        """Decode a damaged JPEG with libjpeg, which fills in what is missing.

        If libjpeg gives up, FFmpeg continues; if both give up, the rows that libjpeg gave before
        are used.
        """
        image: Any = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
        try:
            image.load()
        except OSError:
            samples = self._by_mjpeg(data, image)
            if samples is not None:
                return Image.fromarray(samples)
            if image.im.getbbox() is None:  # not a single row
                raise
            image.tile = []
        return image

    def _by_mjpeg(self, data: bytes, image: Any) -> NDArray[np.uint8] | None:
        if image.mode not in ("L", "RGB"):
            return None
        from efface.media.still.av_reader import mjpeg  # loads PyAV, which other photos do not need

        try:
            samples = mjpeg(data, image.mode)
        except (OSError, ValueError):  # PyAV raises one of these for broken data
            return None
        return samples if samples.shape[:2] == (image.size[1], image.size[0]) else None

    def _is_whole(self) -> bool:
        """Return whether a JPEG holds all its data.

        A JPEG with one scan is decoded for good here. With several scans libjpeg gives no row
        before it has read all of them up to an end marker; without a marker it waits behind the
        last scan, or within one.
        """
        parts = self._parts
        assert parts is not None
        try:
            if parts.ending == spliced_parts.PAD:
                self._image.load()
                if parts.unused(self._stream):
                    self._note(DAMAGED)
                return True
            if not parts.is_arithmetic:
                JpegImagePlugin.JpegImageFile(
                    parts.file(self._handle, ending=spliced_parts.PAD)
                ).load()
        except OSError as e:
            if parts.ending == spliced_parts.PAD or "(0 bytes" not in str(e):
                return False
        try:
            self._image.load()
        except OSError:
            return False
        return True
