"""An open photo or animation as a sequence of pages, for any library, and what the writer must know
of it."""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from PIL import Image

from efface.errors import (
    DamagedSource,
    EffaceError,
    SourceUnreadable,
    TooManyPixels,
    UnsupportedSource,
)
from efface.files import reason
from efface.geometry import Size
from efface.media.interfaces import FormatFacts, SourceInfo
from efface.media.still.still_pixels import Page
from efface.options import ReadOptions
from efface.regions import BlockGrid

LEAST_COUNTED = 250_000
"""Minimum number of pixels that a page counts as. A smaller page takes as long to decode, search
and write."""

DAMAGED = "its data are damaged, so parts of the picture may be wrong or missing"
"""Note for a picture that a decoder read in spite of damage."""

BREAKS_OFF = "it breaks off, so a part of the picture is missing: copy it again if you can"
"""Note for a picture of which the file holds only the first part."""

ZERO_DURATION_MS = 100
"""How long browsers show a frame whose duration is 0."""


@dataclass(slots=True)
class Traits(FormatFacts):
    """What the writer must know to keep a source's format as it was.

    Numbers only; nothing here can name anybody.

    qtables, sampling, progressive  of a JPEG; 64 numbers a table, sampling is Pillow's: 0 4:4:4, 1
                                    4:2:2, 2 4:2:0, -1 other.
    grid      blocks of a JPEG that hold pixels of all its colours.
    orientation  of a JPEG, as EXIF numbers it.
    lossless  of a WebP.
    loop      how often an animation runs, 0 for ever, None if the file does not state it.
    cicp      colour primaries and transfer of a HEIF, AVIF or PNG, as ITU-T H.273 numbers them;
              None means sRGB.
    full_range  the samples of a PNG with such numbers use all values.
    light     brightness of a PNG with such numbers, by chunk: cLLI of the picture, mDCV of the
              mastering display.
    primary   the page of a HEIF that is shown first.
    tail_ms   how long the last frame is shown, known once `frames` has reached it: the only field
              that changes.
    """

    qtables: list[list[int]] = field(default_factory=list)
    sampling: int = -1
    progressive: bool = False
    grid: BlockGrid | None = None
    orientation: int = 1
    lossless: bool = False
    loop: int | None = None
    cicp: tuple[int, int] | None = None
    full_range: bool = True
    light: dict[bytes, bytes] = field(default_factory=dict)
    primary: int = 0
    tail_ms: int = ZERO_DURATION_MS


def traits_of(info: SourceInfo) -> Traits:
    """Return what the opening of a photo found out.

    Raises TypeError where `info` is not that of a photo or animation.
    """
    if not isinstance(info.private, Traits):
        raise TypeError(f"want what is known of a photo, got {type(info.private).__name__}")
    return info.private


class ImageReader(Protocol):
    """An open file and its pages."""

    count: int
    is_animated: bool
    traits: Traits
    notes: list[str]

    def size(self, index: int) -> Size:
        """Return the upright size of a page without decoding it."""

    def page(self, index: int) -> Page:
        """Decode a page. May raise anything; callers wrap it in `parsing`."""

    def duration_ms(self) -> float:
        """Return the duration of the page decoded last; 0 if the file states 0 or nothing."""

    def close(self) -> None:
        """Release the file."""


def require_total(path: Path, count: int, pixels: int, options: ReadOptions) -> None:
    """Raise TooManyPixels if so many pages with so many pixels exceed the limit."""
    total = count * max(pixels, LEAST_COUNTED)
    if count > 1 and total > options.max_total_pixels:
        raise TooManyPixels(path, total, options.max_total_pixels, count)


@contextmanager
def limited(max_pixels: int) -> Iterator[None]:
    """Make Pillow refuse pictures above efface's limit, rather than above its own, which no option
    of efface changes."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, -(-max_pixels // 2)
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _pillow_limit() -> int:
    """Return the pixels above which Pillow raises; it warns above half of them."""
    return 2 * (Image.MAX_IMAGE_PIXELS or 0)


@contextmanager
def parsing(path: Path) -> Iterator[None]:
    """Silence warnings, and turn any exception of a decoder inside the block into DamagedSource or
    a narrower class."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except EffaceError:
        raise
    except MemoryError as e:
        raise UnsupportedSource(path, "there is not enough memory to decode it") from e
    except Image.DecompressionBombError as e:
        pixels = re.search(r"\d+", str(e))
        raise TooManyPixels(path, int(pixels[0]) if pixels else 0, _pillow_limit()) from e
    except (
        Exception
    ) as e:  # decoders raise a dozen classes for hostile files, and more with each release
        if isinstance(e, OSError) and e.errno is not None:
            raise SourceUnreadable(path, reason(e)) from e
        if "unknown pixel mode" in str(e):  # TIFF has more kinds of samples than Pillow
            raise UnsupportedSource(
                path, "its pixels are of a kind that the decoder does not know"
            ) from e
        raise DamagedSource(path, _in_plain_words(e)) from e


_OF_PYTHON = (
    struct.error,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    AssertionError,
)
"""Decoders written in Python raise these when they fail. Their texts address programmers."""


def _in_plain_words(error: Exception) -> str:
    said = re.sub(r"b'(\w*)'", r"\1", str(error)).strip().rstrip(".")
    if isinstance(error, _OF_PYTHON) or not said or "<" in said or "object" in said:
        return "its structure makes no sense"
    return said
