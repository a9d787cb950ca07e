"""Open and create photos and animations.

A target keeps these properties of its source: format, displayed size, pages, timing, loop count,
bit depth, and the look of its colours as sRGB (or as HEIF's and AVIF's standard numbers for
primaries and transfer). What changes:

- Palettes are written as full colour in PNG and TIFF, which loses nothing; a GIF gets a new palette
  for each frame.
- Pictures of 1 to 7 bits are written with 8. So are animations of more than 8 bits; the check
  reports these.
- BMP, PPM, PGM, PBM and JPEG 2000 become PNG, and so does the largest picture of an ICO.
- Colours under full transparency are wiped.
- TIFF is written with lossless compression, whatever the source used; HEIF and AVIF as one picture
  without tiles.
- JPEG keeps its tables and subsampling. If a file has several pictures (MPO, gain maps, previews),
  only the main one is kept.
- HEIF keeps all its pictures. A file with a brand of HEIF sequences opens as a video.
- An ICC profile, and a PNG's gamma, is applied and left behind; CMYK with a profile becomes RGB.
  See `still_colour`.
"""

from __future__ import annotations

from pathlib import Path

from efface.containers.admission import AdmittedSource
from efface.media.interfaces import Sink, Source, SourceInfo
from efface.media.still.still_read import StillSource
from efface.media.still.still_write import create_sink
from efface.options import ReadOptions, WriteOptions


def open_still(source: AdmittedSource, options: ReadOptions) -> Source:
    """Opens a photo or animation.

    Raises SourceUnreadable, NotMedia, UnsupportedSource, DamagedSource, TooManyPixels.
    """
    return StillSource(source, options)


def create_still(
    draft: Path, info: SourceInfo, options: WriteOptions, format: str | None = None
) -> Sink:
    """Create a draft in the source's format or in another one, whatever the draft's name suggests.

    format  "png" or "jpeg" for a photo of one picture that is converted.

    `info` is that of the source whose frames will be written, so that timing found while reading is
    known here. Raises WriteFailed, TargetUnsuitable.
    """
    return create_sink(draft, info, format)
