"""Find pictures within files by JPEG's start and end markers, decode them within limits, and name
EXIF tags."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from efface.containers import jpeg
from efface.containers.parts import BROKEN, TAIL, Reader

MOST_PICTURES = 32
"""Maximum number of pictures in one stretch."""
LARGEST_STRETCH = 64 << 20
MOST_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")
SOI = b"\xff\xd8\xff"
LEAST_BYTES = 100
"""A JPEG's tables alone are longer than this. Its three start bytes also occur by chance."""


def jpegs(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (place, content) of complete JPEG pictures anywhere in these bytes, without pictures
    inside others."""
    at, tried = raw.find(SOI), 0
    while at >= 0 and tried < MOST_PICTURES:
        tried += 1
        end = _end(raw[at : at + LARGEST_STRETCH])
        if end >= LEAST_BYTES:
            yield at, raw[at : at + end]
        at = raw.find(SOI, at + max(end, 1))


def _end(raw: bytes) -> int:
    """Return the length of the JPEG at the start of these bytes, or 0 if no JPEG starts there or
    its end is missing."""
    end = 0
    for p in jpeg.walk(Reader(io.BytesIO(raw))):
        if p.name == BROKEN:
            return 0
        if p.name == TAIL:
            return p.at
        end = p.at + p.size
    return end + 2


def pixels(raw: bytes) -> NDArray[np.uint8] | None:
    """Return (h, w, 3) RGB of a small encoded picture, or None if it cannot be decoded or has too
    many pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    return None
                return np.asarray(image.convert("RGB"), np.uint8)
    except MemoryError:
        return None
    except Exception:
        # decoders raise a dozen classes for hostile pictures; the caller reports that it cannot be
        # decoded
        return None


def exif_name(directory: str, tag: int) -> str:
    """Return EXIF's name of the tag, or its number if it has no name."""
    names = ExifTags.GPSTAGS if directory.endswith("GPS") else ExifTags.TAGS
    return str(names.get(tag, f"tag {tag}"))
