"""Pictures for a screen: samples as RGB, and RGB as a small file that any browser shows."""

from __future__ import annotations

import cv2
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from efface.frames import Picture
from efface.geometry import Size
from efface.media.interfaces import SourceInfo
from efface.media.pixel_formats import packed, reformatted
from efface.media.still.still_pixels import Page, interleaved
from efface.media.video.video_info import VideoInfo

JPEG_QUALITY = 88
"""JPEG quality. The picture should show details, not compression artefacts."""


def rgb_of(picture: Picture, info: SourceInfo, size_wh: Size) -> NDArray[np.uint8]:
    """Return (h, w, 3) uint8 RGB of that size, as a player would show these samples of this
    source."""
    if not isinstance(info.private, VideoInfo):
        layout = picture.layout
        return Page(interleaved(picture), layout.model, layout.depth, layout.has_alpha).look(
            size_wh
        )
    spec = info.private.spec
    frame = packed(picture, spec.name)
    shrinks = size_wh[0] < picture.size_wh[0] or size_wh[1] < picture.size_wh[1]
    scaler = Interpolation.AREA if shrinks else Interpolation.BILINEAR
    shown = reformatted(frame, size_wh, "rgb24", spec.matrix, spec.layout.full_range, True, scaler)
    return np.asarray(shown.to_ndarray(format="rgb24"), np.uint8)


def jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """Encode the picture as a JPEG file without any metadata."""
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not done:
        raise ValueError(f"a picture of {rgb.shape} cannot be written as JPEG")
    return data.tobytes()


def fitted(size_wh: Size, most: int) -> Size:
    """Shrink the size in proportion until no side is longer than `most`."""
    share = min(1.0, most / max(size_wh))
    return max(1, round(size_wh[0] * share)), max(1, round(size_wh[1] * share))
