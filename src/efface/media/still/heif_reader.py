"""Read HEIF (HEIC) files with pillow-heif."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import numpy as np

from efface.containers.image_truncation import lacks_data
from efface.errors import UnsupportedSource
from efface.geometry import Size
from efface.media.still import still_facts as facts
from efface.media.still.image_reader import DAMAGED, Traits, require_total
from efface.media.still.still_colour import Colours, in_srgb
from efface.media.still.still_pixels import Page, page_of
from efface.options import ReadOptions


class HeifReader:
    """The pictures of a HEIF, including the primary one, without thumbnails, depth maps and other
    auxiliary pictures.

    libheif turns them upright as the container states; their EXIF orientation only repeats that.
    """

    is_animated = False

    def __init__(self, path: Path, handle: IO[bytes], options: ReadOptions) -> None:
        import pillow_heif

        self._path = path
        found: Any = pillow_heif.open_heif(handle, convert_hdr_to_8bit=False)
        self._images: list[Any] = list(found)
        self.count = len(self._images)
        self.notes: list[str] = [DAMAGED] if lacks_data("heif", handle) else []
        self.traits = Traits(cicp=_cicp(found[found.primary_index]), primary=found.primary_index)
        require_total(
            path, self.count, max(w * h for w, h in (i.size for i in self._images)), options
        )

    def size(self, index: int) -> Size:
        width, height = self._images[index].size
        return width, height

    def duration_ms(self) -> float:
        return 0.0

    def page(self, index: int) -> Page:
        image = self._images[index]
        mode, _, wide = image.mode.partition(";")
        if mode == "I":
            mode = "L"
        if mode not in ("L", "LA", "RGB", "RGBA") or wide not in ("", "16"):
            raise UnsupportedSource(
                self._path, f"its pixels are of a kind that efface cannot write ({image.mode})"
            )
        if _cicp(image) != self.traits.cicp:
            self._note("its pictures have different colour spaces; those of the first were kept")
        width, height = image.size
        stored = np.asarray(image).reshape(height, width, -1)
        depth = int(image.info["bit_depth"]) if wide else 8
        page = page_of(
            np.array(stored >> (16 - depth), np.uint16) if wide else np.array(stored, np.uint8),
            mode,
            depth,
        )
        image._data = None  # pillow-heif would keep the samples of every picture
        return in_srgb(page, Colours(image.info.get("icc_profile")))

    def close(self) -> None:
        """Do nothing: pillow-heif holds the bytes, not the file."""

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _cicp(image: Any) -> tuple[int, int] | None:
    """Return the numbers of its colours, unless it has a profile, which is applied instead."""
    nclx = image.info.get("nclx_profile") or {}
    stated = (nclx.get("color_primaries", 0), nclx.get("transfer_characteristics", 0))
    return None if image.info.get("icc_profile") else facts.known_cicp(*stated)
