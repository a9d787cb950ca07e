"""Decode with FFmpeg: AVIF files that Pillow or OpenCV refuse and browsers show, and the readable
part of damaged JPEG and BMP files."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, Literal

import av
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from efface.containers.image_truncation import lacks_data
from efface.errors import UnsupportedSource
from efface.geometry import Size
from efface.media.colour import swscale_matrix
from efface.media.pixel_formats import is_full_range, reformatted, turn_of
from efface.media.still import still_facts as facts
from efface.media.still.image_reader import DAMAGED, Traits
from efface.media.still.still_colour import Colours, in_srgb
from efface.media.still.still_pixels import Page, page_of


class AvReader:
    """The picture of an AVIF, with its opacity if it has one."""

    count = 1
    is_animated = False

    def __init__(self, path: Path, handle: IO[bytes]) -> None:
        self._path = path
        self._facts = facts.of_file("avif", handle)
        self.traits = Traits(cicp=self._facts.cicp)
        self.notes: list[str] = [DAMAGED] if lacks_data("avif", handle) else []
        self._size: Size = self._find_size()

    def size(self, index: int) -> Size:
        """Return the upright size."""
        return self._size

    def page(self, index: int) -> Page:
        """Decode the picture."""
        samples = samples_of(self._path)
        mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[samples.shape[2]]
        return in_srgb(
            page_of(samples, mode, self._facts.depth if samples.dtype == np.uint16 else None),
            Colours(),
        )

    def duration_ms(self) -> float:
        """Return 0: a picture has no duration."""
        return 0.0

    def close(self) -> None:
        """Do nothing: the file is open only during decoding."""

    def _find_size(self) -> Size:
        with av.open(str(self._path)) as container:
            frame = next(container.decode(video=0))
            return turn_of(frame).size((frame.width, frame.height))


def mjpeg(data: bytes, mode: str) -> NDArray[Any]:
    """Return (h, w) or (h, w, 3) samples of a JPEG in Pillow's mode L or RGB, as stored. Raises
    FFmpegError, OSError."""
    found = _stored(_only_frame("mjpeg", data), "gray" if mode == "L" else "rgb", 8)
    return found[..., 0] if mode == "L" else found


def bmp(data: bytes) -> NDArray[Any]:
    """Return (h, w, 3) samples of a BMP. Rows that are missing show its first colour.

    Raises FFmpegError, OSError.
    """
    return _stored(_only_frame("bmp", data), "rgb", 8)


def _only_frame(codec: Literal["mjpeg", "bmp"], data: bytes) -> av.VideoFrame:
    decoder = av.CodecContext.create(codec, "r")
    frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    if not frames:
        raise OSError("no decoder gives a picture")
    return frames[0]


_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"


def samples_of(path: Path) -> NDArray[Any]:
    """Return (h, w, channels) samples of the picture, upright: uint8, or uint16 if it has more
    bits. Raises FFmpegError."""
    with av.open(str(path)) as container:
        count = len(container.streams.video)
        frame = next(container.decode(video=0))
    with open(path, "rb") as f:
        has_alpha = count == 2 and _ALPHA in f.read(facts.META_HEAD)
    depth = max(c.bits for c in frame.format.components)
    colour = _upright(frame, "gray" if len(frame.format.components) == 1 else "rgb", depth)
    return (
        np.concatenate([colour, _opacity(path, colour.shape[:2], depth)], axis=-1)
        if has_alpha
        else colour
    )


def _opacity(path: Path, shape: tuple[int, ...], depth: int) -> NDArray[Any]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=1))
    found = _upright(frame, "gray", depth)
    if found.shape[:2] != shape:
        raise UnsupportedSource(path, "its opacity has another size than its picture")
    return found


def _upright(frame: av.VideoFrame, model: str, depth: int) -> NDArray[Any]:
    return np.array(turn_of(frame).of(_stored(frame, model, depth)), order="C")


def _stored(frame: av.VideoFrame, model: str, depth: int) -> NDArray[Any]:
    is_wide = depth > 8
    names = {
        ("gray", False): "gray",
        ("gray", True): "gray16le",
        ("rgb", False): "rgb24",
        ("rgb", True): "rgb48le",
    }
    matrix = swscale_matrix(frame.colorspace, 0)  # pictures that name no matrix are BT.601
    size_wh, name = (frame.width, frame.height), names[model, is_wide]
    plain = reformatted(
        frame, size_wh, name, matrix, is_full_range(frame), True, Interpolation.BICUBIC
    )
    raw: NDArray[Any] = plain.to_ndarray().reshape(frame.height, frame.width, -1)
    return np.asarray(raw >> (16 - depth), np.uint16) if is_wide else raw
