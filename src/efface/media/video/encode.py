"""Encode frames to a new video file.

The target holds the given pictures, their times, the meaning of their colours, the shape of a
pixel, and sound if asked for. Nothing is copied from the source's container.

Bit depth is never lowered, and chroma is kept if the codec supports it: H.264 turns RGB into 4:4:4,
VP9 gray into 4:2:0, and AV1 everything into 4:2:0. H.264 keeps the transfer curve of HDR video, but
not its HDR10 mastering values; HEVC and AV1 keep both. In H.264 and HEVC, odd sizes with subsampled
chroma gain one repeated column or row. Times are exact in MP4 and MOV. They are rounded to 1/90000
s in MPEG-TS and to 1 ms in Matroska and WebM, the units of those containers. AVI supports only a
constant frame rate.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.reformatter import Colorspace, Interpolation
from av.video.stream import VideoStream

from efface.errors import EncoderMissing, TargetUnsuitable
from efface.files import writing
from efface.frames import Layout, Picture
from efface.media.colour import FULL, LIMITED, svtav1_params, x265_params
from efface.media.interfaces import SourceInfo
from efface.media.pixel_formats import (
    even_sized,
    is_full_range,
    layout_named,
    packed,
    reformatted,
    unpacked,
)
from efface.media.video.bitstream import blank_matroska, without_banner
from efface.media.video.sound import HINT_MKV, Sound, require_holdable
from efface.media.video.video_info import VideoInfo, start_shift, video_of
from efface.options import WriteOptions

ENCODERS = {"h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
CRF = {"h264": 18, "hevc": 20, "vp9": 24, "av1": 24}
_EFFORTS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
)
_SVTAV1_PRESET = dict(zip(_EFFORTS, (12, 11, 10, 9, 8, 7, 5, 4, 3), strict=True))
_X264_LOOKAHEAD = dict(zip(_EFFORTS, (0, 0, 10, 20, 30, 40, 50, 60, 60), strict=True))
_X265_LOOKAHEAD = dict(zip(_EFFORTS, (5, 10, 15, 15, 15, 20, 25, 40, 40), strict=True))
"""Lookahead in frames, as in the presets."""

LOOKAHEAD_PIXELS = 1920 * 1088
"""Frames up to this size get the preset's lookahead; larger ones get less in proportion."""

SHORTEST_LOOKAHEAD = 10

SHORTEST_FRAMES = 2
"""Maximum number of frames of a video stored in display order. x265 invents the decoding times of
such a short video."""
_VP9_CPU_USED = dict(zip(_EFFORTS, (8, 7, 6, 5, 4, 3, 2, 1, 0), strict=True))

DEEPEST_BITS = {"h264": 10, "hevc": 12, "vp9": 8, "av1": 10}
"""Maximum bits per sample that the encoders inside PyAV can write."""

AVX_512F = 13
"""OpenCV's number of the processor feature; its Python module has no name for it."""

LARGEST_TIMESCALE = 2**31 - 1
_RGB, _BT709 = 0, 1
"""H.273 numbers of the matrix."""


@dataclass(frozen=True, slots=True)
class Format:
    """A container: FFmpeg's name and its codecs. The first codec is the default for 8-bit video.

    delays  frames may be stored in another order than they are shown without moving the start.
    """

    muxer: str
    codecs: tuple[str, ...]
    delays: bool = True


_MP4 = Format("mp4", ("h264", "hevc", "vp9", "av1"))
FORMATS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": Format("mov", ("h264", "hevc")),
    ".mkv": Format("matroska", ("h264", "hevc", "vp9", "av1")),
    ".webm": Format("webm", ("vp9", "av1")),
    ".ts": Format("mpegts", ("h264", "hevc"), delays=False),
    ".m2ts": Format("mpegts", ("h264", "hevc"), delays=False),
    ".avi": Format("avi", ("h264",), delays=False),
}


def create_video(
    draft: Path, info: SourceInfo, options: WriteOptions, *, target: Path
) -> VideoSink:
    """Create a video file at `draft`, ready for frames. `target` names the file in messages and
    selects the container.

    Raises TargetUnsuitable (suffix, codec, depth, sound), EncoderMissing, WriteFailed, and what
    opening the source raises.
    """
    form, codec = require_suitable(info, options, target)
    os.environ.setdefault(
        "SVT_LOG", "1"
    )  # errors only: SVT-AV1 prints a banner on stderr, where the progress bar is
    return VideoSink(draft, info, options, target, form, codec)


def require_suitable(info: SourceInfo, options: WriteOptions, target: Path) -> tuple[Format, str]:
    """Return container and codec of the target if it can hold what was asked for. Call this before
    any work.

    Raises TargetUnsuitable, EncoderMissing, and what opening the source raises.
    """
    video = video_of(info)
    form = _form(target)
    codec = _codec(form, video.spec.layout, options, target)
    if video.aspect != 1 and form.muxer in ("matroska", "webm") and codec in ("vp9", "av1"):
        # The bitstream cannot state it, and PyAV cannot tell the muxer.
        why = f"{codec} in {target.suffix} cannot state that pixels are not square"
        raise TargetUnsuitable(target, why, "Choose --codec=hevc, or a target that ends in .mp4.")
    _require_encoder(ENCODERS[codec])
    if options.audio == "keep" and info.audio:
        require_holdable(info, form.muxer, target)
    return form, codec


def _form(target: Path) -> Format:
    form = FORMATS.get(target.suffix.lower())
    if form is None:
        known = ", ".join(FORMATS)
        raise TargetUnsuitable(
            target,
            f"{target.suffix or 'no suffix'} names no video format",
            f"Choose one of {known}.",
        )
    return form


def _codec(form: Format, layout: Layout, options: WriteOptions, target: Path) -> str:
    codec = options.codec
    if codec == "auto":
        codec = "hevc" if layout.depth > 8 and "hevc" in form.codecs else form.codecs[0]
    if codec not in form.codecs:
        raise TargetUnsuitable(
            target,
            f"{target.suffix} takes {' or '.join(form.codecs)}, not {codec}",
            "Change --codec or -o.",
        )
    if layout.depth > DEEPEST_BITS[codec]:
        why = f"{codec} would cut the {layout.depth}-bit picture down to {DEEPEST_BITS[codec]} bits"
        raise TargetUnsuitable(
            target, why, "Choose --codec=hevc and a target that ends in .mp4 or .mkv."
        )
    return codec


def _require_encoder(name: str) -> None:
    try:
        av.Codec(name, "w")
    except (FFmpegError, ValueError) as e:
        raise EncoderMissing(name) from e


def _pixel_format(codec: str, name: str) -> str:
    """Return the encoder's pixel format for the canonical format `name`: the same if it is
    supported."""
    depth = "" if name.endswith(("p", "gray")) else name[-4:]
    if codec == "av1":
        return "yuv420p" + depth
    if codec == "h264" and name.startswith("gbrp"):
        return "yuv444p" + depth
    if codec == "vp9" and name.startswith("gray"):
        return "yuv420p"
    return name


@contextmanager
def _priority_kept() -> Iterator[None]:
    """Gives every thread of this process the scheduling back that it had before.

    SVT-AV1, opened by root, puts its threads and the caller into the real-time class: beside them
    nothing else runs.
    """
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    policy, param = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        tasks = Path("/proc/self/task")
        for thread in [int(t.name) for t in tasks.iterdir()] if tasks.is_dir() else [0]:
            with suppress(OSError):  # a thread may end meanwhile
                if os.sched_getscheduler(thread) != policy:
                    os.sched_setscheduler(thread, policy, param)


@contextmanager
def _muxing(target: Path) -> Iterator[None]:
    """Raise WriteFailed if the system refuses, and TargetUnsuitable if the muxer or the encoder
    does."""
    with writing(target):
        try:
            yield
        except OSError:
            raise
        except FFmpegError as e:
            raise TargetUnsuitable(target, f"FFmpeg refuses it ({e.strerror})", HINT_MKV) from e


class VideoSink:
    """A video file that is being written. See `media.interfaces.Sink`."""

    def __init__(
        self, draft: Path, info: SourceInfo, options: WriteOptions, target: Path, form: Format, codec: str
    ) -> None:  # fmt: skip
        self._draft, self._target, self._form = draft, target, form
        self._video = video_of(info)
        self._format = _pixel_format(codec, self._video.spec.name)
        self._base = 1 / self._video.rate if form.muxer == "avi" else self._video.time_base
        self._shift: int | None = None
        self._last: int | None = None
        self._written = 0
        self._step = max(1, round(1 / (self._video.rate * self._base)))
        self._sound: Sound | None = None
        self._is_open = True
        with _muxing(target):
            self._container = _container(draft, form, self._base)
        try:
            with _muxing(target):
                self._stream = self._added(codec, options)
                if options.audio == "keep" and info.audio:
                    self._sound = Sound(
                        info, self._container, target, keeps_priming=form.muxer in ("mp4", "mov")
                    )
                with _priority_kept():
                    self._container.start_encoding()
                self._banner = without_banner(ENCODERS[codec])
        except BaseException:
            self.abort()
            raise

    def _added(self, codec: str, options: WriteOptions) -> VideoStream:
        video, (width, height) = self._video, self._video.spec.size_wh
        stream = cast(
            VideoStream,
            self._container.add_stream(ENCODERS[codec], rate=video.rate, time_base=self._base),
        )
        context = stream.codec_context
        pads = codec in ("h264", "hevc")
        chroma = layout_named(self._format, full_range=True).shifts[-1]
        context.width, context.height = (
            width + width % 2 * pads * chroma[0],
            height + height % 2 * pads * chroma[1],
        )
        context.pix_fmt = self._format
        context.time_base = self._base
        context.sample_aspect_ratio = video.aspect.limit_denominator(255)
        context.color_primaries, context.color_trc = video.colour.primaries, video.colour.transfer
        context.colorspace, context.color_range = self._matrix(), FULL if self._is_full else LIMITED
        context.flags |= av.codec.context.Flags.bitexact.value
        if codec == "hevc" and self._form.muxer in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # Apple's players refuse hev1
        context.options = _encoder_options(codec, options, self._form, video)
        return stream

    @property
    def _is_full(self) -> bool:
        converted = self._video.spec.layout.model == "rgb" and not self._format.startswith("gbrp")
        return self._video.spec.layout.full_range and not converted

    def _matrix(self) -> int:
        if self._format.startswith("gbrp"):
            return _RGB
        return _BT709 if self._video.spec.layout.model == "rgb" else self._video.colour.matrix

    def write(self, picture: Picture, pts: int) -> None:
        """Add the next frame. Raises WriteFailed, and TargetUnsuitable if the container cannot hold
        its time."""
        time = self._timed(pts)
        frame = self._packed(picture)
        frame.pts, frame.time_base = time, self._base
        self._written += 1
        with _muxing(self._target):
            self._mux(self._stream.encode(frame))

    def _timed(self, pts: int) -> int:
        if self._shift is None:
            self._shift = start_shift(pts, self._video.time_base)
        exact = (pts - self._shift) * self._video.time_base / self._base
        time: int = round(exact)
        if self._form.muxer == "avi" and time != exact:
            raise TargetUnsuitable(
                self._target, "AVI holds only a constant frame rate", "Choose .mp4 or .mkv."
            )
        if self._last is not None:
            if time <= self._last:
                raise ValueError(f"PTS {pts} does not come after the one before")
            self._step = time - self._last
        self._last = time
        return time

    def _packed(self, picture: Picture) -> av.VideoFrame:
        spec, name = self._video.spec, self._video.spec.name
        if picture.size_wh != spec.size_wh or picture.layout != spec.layout:
            raise ValueError(
                f"a picture of {picture.size_wh}, {picture.layout} does not belong in this video"
            )
        frame = packed(picture, name)
        if name != self._format:
            matrix = Colorspace.ITU709 if spec.layout.model == "rgb" else spec.matrix
            full_in = spec.layout.full_range or is_full_range(frame)
            frame = reformatted(
                frame,
                picture.size_wh,
                self._format,
                matrix,
                full_in,
                self._is_full,
                Interpolation.BICUBIC,
            )
        context = self._stream.codec_context
        if (context.width, context.height) != picture.size_wh:
            frame = _padded(frame, self._format)
        frame.color_range, frame.colorspace = context.color_range, context.colorspace
        frame.color_primaries, frame.color_trc = context.color_primaries, context.color_trc
        return frame

    def _mux(self, packets: list[av.Packet[VideoStream]]) -> None:
        for packet in packets:
            packet.duration = self._step
            for kept in self._banner.filter(packet) if self._banner else [packet]:
                kept.stream = self._stream
                if self._sound is not None:
                    dts = kept.dts if kept.dts is not None else kept.pts or 0
                    self._sound.mux_until(dts * self._base, self._shift_s)
                self._container.mux(kept)

    @property
    def _shift_s(self) -> Fraction:
        return (self._shift or 0) * self._video.time_base

    def close(self) -> None:
        """Finish the file. Raises WriteFailed."""
        with _muxing(self._target):
            self._mux(self._last_packets())
            if self._sound is not None:
                self._sound.mux_until(None, self._shift_s)
                self._sound.close()
            self._is_open = False
            self._container.close()
            if self._form.muxer in ("matroska", "webm"):
                blank_matroska(self._draft)

    def _last_packets(self) -> list[av.Packet[VideoStream]]:
        """Return the packets that the encoder still holds."""
        packets = self._stream.encode(None)
        if self._written <= SHORTEST_FRAMES:
            for packet in packets:
                packet.dts = packet.pts
        return packets

    def abort(self) -> None:
        """Release open resources. Harmless after close."""
        if not self._is_open:
            return
        self._is_open = False
        if self._sound is not None:
            self._sound.close()
        with suppress(OSError):
            self._draft.unlink()  # otherwise closing would rewrite the whole draft to move its index to the front
        with suppress(OSError, FFmpegError):
            self._container.close()


def _padded(frame: av.VideoFrame, name: str) -> av.VideoFrame:
    return packed(even_sized(unpacked(frame, layout_named(name, full_range=True))), name)


def _container(draft: Path, form: Format, base: Fraction) -> OutputContainer:
    options = {"fflags": "+bitexact"}
    if form.muxer in ("mp4", "mov"):
        scale = str(min(base.denominator, LARGEST_TIMESCALE))
        # The start of the video is stored in movie units, everything else in track units.
        options |= {
            "movflags": "+faststart",
            "video_track_timescale": scale,
            "movie_timescale": scale,
        }
    if form.muxer == "mpegts":
        options |= {
            "mpegts_copyts": "1",
            "mpegts_m2ts_mode": str(int(draft.suffix.lower() == ".m2ts")),
        }
    container = av.open(
        f"file:{draft.absolute()}", "w", format=form.muxer, container_options=options
    )
    if form.muxer == "mpegts":
        container.metadata.update(
            service_name="-", service_provider="-"
        )  # otherwise FFmpeg writes its own name
    return container


def x264_repair() -> dict[str, str]:
    """Return options that x264 needs to encode the same pictures to the same file."""
    # With AVX-512, x264's macroblock tree reads memory that was never written: the same pictures
    # gave nine different files in sixty runs. Another frame's leftovers in memory must not reach
    # the target, and AVX2 is nearly as fast.
    return {"x264-params": "asm=avx2"} if cv2.checkHardwareSupport(AVX_512F) else {}


def _lookahead(video: VideoInfo, usual: int) -> str:
    """Return the encoder's lookahead in frames. Large frames get less; otherwise x264 alone would
    take 1.5 GB for 4K."""
    width, height = video.spec.size_wh
    return str(min(usual, max(SHORTEST_LOOKAHEAD, usual * LOOKAHEAD_PIXELS // (width * height))))


def _encoder_options(
    codec: str, options: WriteOptions, form: Format, video: VideoInfo
) -> dict[str, str]:
    crf = str(CRF[codec] if options.crf is None else options.crf)
    place = {"chroma_sample_location": str(video.colour.location)} if video.colour.location else {}
    order = {} if form.delays else {"bf": "0"}
    if codec == "h264":
        ahead = {"rc-lookahead": _lookahead(video, _X264_LOOKAHEAD[options.preset])}
        return {"crf": crf, "preset": options.preset, **ahead, **x264_repair()} | place | order
    if codec == "hevc":
        ahead_of = f"rc-lookahead={_lookahead(video, _X265_LOOKAHEAD[options.preset])}"
        params = ":".join(
            p for p in ("log-level=none:info=0", ahead_of, x265_params(video.colour)) if p
        )
        return {"crf": crf, "preset": options.preset, "x265-params": params} | place | order
    if codec == "vp9":
        speed = str(_VP9_CPU_USED[options.preset])
        deadline = "realtime" if int(speed) > 5 else "good"
        return {"crf": crf, "b": "0", "deadline": deadline, "cpu-used": speed, "row-mt": "1"}
    said = svtav1_params(video.colour)
    return {"crf": crf, "preset": str(_SVTAV1_PRESET[options.preset])} | (
        {"svtav1-params": said} if said else {}
    )
