"""Encode pictures as H.264, once for all targets, without holding any back.

Every picture that leaves is 4:2:0 with 8 bits, because all receivers accept that. At least every
second there is a keyframe, whatever the frame rate, so that a viewer who joins or rejoins sees a
picture soon.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import Interpolation

from efface.errors import EncoderMissing
from efface.frames import Picture
from efface.geometry import Size
from efface.live.placeholder import LAYOUT
from efface.live_options import LiveOptions
from efface.media.colour import LIMITED, UNSPECIFIED
from efface.media.pixel_formats import Spec, even_sized, packed, reformatted, unpacked
from efface.media.video.bitstream import without_banner
from efface.media.video.encoder_options import x264_repair

ENCODER = "libx264"
OUTPUT_TIME_BASE = Fraction(1, 90_000)
"""Seconds per unit of all output times, as in MPEG-TS and RTP."""

KEY_S = 1.0
PIXEL_FORMAT = "yuv420p"


@dataclass(frozen=True, slots=True)
class Form:
    """What a receiver must know before the first packet. When it changes, targets start again.

    spec    how frames of the source are handed out.
    rate    frames per second, as the source states it.
    aspect  width of a pixel divided by its height.
    colour  primaries, transfer and matrix, as H.273 numbers.
    """

    spec: Spec
    rate: Fraction
    aspect: Fraction = Fraction(1)
    colour: tuple[int, int, int] = (UNSPECIFIED, UNSPECIFIED, UNSPECIFIED)

    @property
    def size_wh(self) -> Size:
        """Return the size of the upright frame."""
        return self.spec.size_wh

    @property
    def coded_wh(self) -> Size:
        """Return the encoded size: both numbers are even."""
        width, height = self.size_wh
        return width + width % 2, height + height % 2


@dataclass(frozen=True, slots=True)
class Coded:
    """One encoded picture. pts is in units of OUTPUT_TIME_BASE."""

    data: bytes
    pts: int
    is_key: bool


class Encoder:
    """Encodes pictures of one form as packets. Raises EncoderMissing."""

    def __init__(self, form: Form, options: LiveOptions) -> None:
        self.form = form
        try:
            context = cast(VideoCodecContext, av.CodecContext.create(ENCODER, "w"))
        except (FFmpegError, ValueError) as e:
            raise EncoderMissing(ENCODER) from e
        context.width, context.height = form.coded_wh
        context.pix_fmt, context.time_base, context.framerate = (
            PIXEL_FORMAT,
            OUTPUT_TIME_BASE,
            form.rate,
        )
        context.sample_aspect_ratio = form.aspect.limit_denominator(255)
        context.color_primaries, context.color_trc, context.colorspace = form.colour
        context.color_range = LIMITED
        context.flags |= av.codec.context.Flags.bitexact.value
        context.options = _settings(options)
        self._context, self._banner = context, without_banner(ENCODER)
        self._key_at: int | None = None

    def encode(self, picture: Picture, pts: int) -> Iterator[Coded]:
        """Yield the packets of the next picture. pts is in units of OUTPUT_TIME_BASE and
        increases."""
        frame = self._framed(picture)
        frame.pts, frame.time_base = pts, OUTPUT_TIME_BASE
        if self._key_at is None or pts - self._key_at >= KEY_S / OUTPUT_TIME_BASE:
            self._key_at = pts
            frame.pict_type = PictureType.I
        for packet in self._context.encode(frame):
            for kept in self._banner.filter(packet) if self._banner else [packet]:
                yield Coded(
                    bytes(kept), kept.pts if kept.pts is not None else pts, kept.is_keyframe
                )

    def _framed(self, picture: Picture) -> av.VideoFrame:
        layout = picture.layout
        if layout == LAYOUT:
            frame = packed(even_sized(picture), PIXEL_FORMAT)
        else:
            name = _name(picture)
            made = reformatted(
                packed(picture, name),
                picture.size_wh,
                PIXEL_FORMAT,
                self.form.spec.matrix,
                layout.full_range,
                False,
                Interpolation.BICUBIC,
            )
            frame = packed(even_sized(unpacked(made, LAYOUT)), PIXEL_FORMAT)
        context = self._context
        frame.color_range, frame.colorspace = LIMITED, context.colorspace
        frame.color_primaries, frame.color_trc = context.color_primaries, context.color_trc
        return frame


def _name(picture: Picture) -> str:
    """Return FFmpeg's name of the picture's canonical format."""
    layout = picture.layout
    depth = "" if layout.depth == 8 else f"{layout.depth}le"
    if layout.model == "yuv":
        return {(1, 1): "yuv420p", (1, 0): "yuv422p", (0, 0): "yuv444p"}[layout.shifts[-1]] + depth
    return {"rgb": "gbrp", "gray": "gray"}[layout.model] + depth


def _settings(options: LiveOptions) -> dict[str, str]:
    repair = x264_repair().get("x264-params", "")
    params = ":".join(p for p in ("repeat-headers=1:scenecut=0:keyint=infinite", repair) if p)
    most = options.bitrate_kbit
    # A buffer of half a second limits the size of single pictures, as networks need it.
    limit = {"maxrate": f"{most}k", "bufsize": f"{max(1, most // 2)}k"} if most else {}
    return {
        "preset": options.preset,
        "tune": "zerolatency",
        "crf": str(options.crf),
        "forced-idr": "1",
        "x264-params": params,
    } | limit
