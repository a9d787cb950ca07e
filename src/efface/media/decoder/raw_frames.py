"""Frames of FFmpeg as bytes, and back: samples without padding, and what scaling depends on.

FFmpeg's own `rawvideo` decoder makes frames of such bytes. It reads no headers; all that it needs
is told to it. So a frame looks the same, to the bit, in the process that decoded it and in the one
that uses it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from efface.geometry import Size
from efface.media.pixel_formats import Pixels, Spec, plane_rows, reformatted

LOCATIONS = 7
"""FFmpeg's numbers for places of chroma samples are below this."""


def sendable(frame: av.VideoFrame, spec: Spec, is_full: bool) -> tuple[av.VideoFrame, bool]:
    """Return the frame, or one in the canonical format if its own cannot be sent, and whether it
    uses the full range."""
    if not is_known(frame.format.name):
        size_wh, full = (frame.width, frame.height), spec.layout.full_range
        return reformatted(
            frame, size_wh, spec.name, spec.matrix, is_full, full, Interpolation.BICUBIC
        ), full
    return frame, is_full


def is_known(name: str) -> bool:
    """Return whether a pixel format can be sent: in memory, and without a palette."""
    try:
        known = av.VideoFormat(name, 16, 16)
    except ValueError:
        return False
    return bool(known.components) and not known.has_palette


def planes_of(frame: av.VideoFrame) -> list[NDArray[np.uint8]]:
    """Return the rows of every plane as bytes, without padding. Views where that is possible."""
    parts = frame.format.components
    if len({c.plane for c in parts}) < len(parts) or frame.format.is_bit_stream:
        packet = _encoder(frame).encode(frame)[0]
        return [np.frombuffer(packet, np.uint8)]
    wide = 2 if parts[0].bits > 8 else 1
    return [plane_rows(p)[:, : p.width * wide] for p in frame.planes]


def _encoder(frame: av.VideoFrame) -> Any:
    made: Any = av.CodecContext.create("rawvideo", "w")
    made.width, made.height, made.pix_fmt = frame.width, frame.height, frame.format.name
    made.time_base = Fraction(1, 25)
    return made


class RawFrames:
    """Makes frames of bytes. Keeps FFmpeg's decoder for the next frame of the same kind."""

    def __init__(self) -> None:
        self._kind: tuple[Any, ...] = ()
        self._decoder: Any = None

    def frame(
        self, packet: av.Packet[Any], size_wh: Size, name: str, location: int, is_interlaced: bool
    ) -> av.VideoFrame:
        """Return the frame whose samples the packet holds, and whose memory it shares.

        Raises ValueError if the packet does not hold such a frame.
        """
        kind = (size_wh, name, location, is_interlaced)
        if kind != self._kind:
            self._kind, self._decoder = kind, _decoder(*kind)
        try:
            frame: av.VideoFrame = self._decoder.decode(packet)[0]
        except (FFmpegError, IndexError) as e:
            raise ValueError("the packet is too small") from e
        if (frame.width, frame.height, frame.format.name) != (*size_wh, name):
            raise ValueError("it is another frame than was said")
        return frame


def _decoder(size_wh: Size, name: str, location: int, is_interlaced: bool) -> Any:
    made: Any = av.CodecContext.create("rawvideo", "r")
    (made.width, made.height), made.pix_fmt = size_wh, name
    made.options = {"chroma_sample_location": str(location)} | (
        {"field_order": "tt"} if is_interlaced else {}
    )
    return made


def location_of(frame: av.VideoFrame, spec: Spec, is_full: bool) -> int:
    """Return where the chroma samples sit, as FFmpeg counts.

    PyAV 18 does not tell. Then it is the first number with which the frame is scaled to the same
    picture.
    """
    stated = getattr(frame, "chroma_location", None)
    if stated is not None:
        return int(stated)
    half_wh = max(1, spec.size_wh[0] // 2), max(1, spec.size_wh[1] // 2)
    wanted = Pixels(frame, spec, full_range=is_full).look(half_wh)
    data = b"".join(plane.tobytes() for plane in planes_of(frame))
    size_wh = frame.width, frame.height
    for location in range(LOCATIONS):
        packet = packet_of(data)
        made = RawFrames().frame(
            packet, size_wh, frame.format.name, location, frame.interlaced_frame
        )
        if np.array_equal(Pixels(made, spec, full_range=is_full).look(half_wh), wanted):
            return location
    return 0


def packet_of(data: bytes) -> av.Packet[Any]:
    """Return a packet with these bytes."""
    packet: av.Packet[Any] = av.Packet(len(data))
    memoryview(packet)[:] = data
    return packet
