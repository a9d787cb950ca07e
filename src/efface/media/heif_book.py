"""HEIF (HEIC), opened by pillow-heif."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import numpy as np

from efface.errors import UnsupportedSource
from efface.geometry import Size
from efface.media import still_facts as facts
from efface.media.still_book import Traits
from efface.media.still_colour import to_srgb
from efface.media.still_pixels import Page, page_of


class HeifBook:
    """The primary image of a HEIF. libheif turns it upright as the container says; its EXIF orientation only repeats that."""

    count = 1
    is_animated = False

    def __init__(self, path: Path, handle: IO[bytes]) -> None:
        import pillow_heif

        self._path = path
        found: Any = pillow_heif.open_heif(handle, convert_hdr_to_8bit=False)
        self._image: Any = found[found.primary_index]
        self._icc: bytes | None = self._image.info.get("icc_profile")
        nclx = self._image.info.get("nclx_profile") or {}
        stated = (nclx.get("color_primaries", 0), nclx.get("transfer_characteristics", 0))
        self.traits = Traits(cicp=None if self._icc else facts.known_cicp(*stated))

    def size(self, index: int) -> Size:
        width, height = self._image.size
        return width, height

    def duration_ms(self) -> float:
        return 0.0

    def page(self, index: int) -> Page:
        mode, _, wide = self._image.mode.partition(";")
        if mode == "I":
            mode = "L"
        if mode not in ("L", "LA", "RGB", "RGBA") or wide not in ("", "16"):
            raise UnsupportedSource(self._path, f"its pixels are of a kind that efface cannot write ({self._image.mode})")
        width, height = self._image.size
        stored = np.asarray(self._image).reshape(height, width, -1)
        depth = int(self._image.info["bit_depth"]) if wide else 8
        page = page_of(np.array(stored >> (16 - depth), np.uint16) if wide else np.array(stored, np.uint8), mode, depth)
        if page.model == "rgb":
            to_srgb(page.samples, page.depth, self._icc)
        return page

    def close(self) -> None:
        """pillow-heif holds the bytes, not the file."""
