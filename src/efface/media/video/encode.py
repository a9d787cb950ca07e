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
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.reformatter import Colorspace, Interpolation
from av.video.stream import VideoStream

from efface.errors import TargetUnsuitable
from efface.files import writing
from efface.frames import Picture
from efface.media.colour import FULL, LIMITED
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
from efface.media.video.encoder_options import encoder_options, set_x264_threads
from efface.media.video.output_format import ENCODERS, Format, pixel_format, require_suitable
from efface.media.video.sound import HINT_MKV, Sound
from efface.media.video.sound_encode import EncodedSound
from efface.media.video.sound_source import FilmSound, SoundSource
from efface.media.video.video_info import start_shift, video_of
from efface.options import WriteOptions
from efface.sound_change import SoundChange

SHORTEST_FRAMES = 2
"""Maximum number of frames of a video stored in display order. x265 invents the decoding times of
such a short video."""

LARGEST_TIMESCALE = 2**31 - 1

_RGB, _BT709 = 0, 1
"""H.273 numbers of the matrix."""


def create_video(
    draft: Path,
    info: SourceInfo,
    options: WriteOptions,
    *,
    target: Path,
    sound: SoundChange | None = None,
    sound_source: SoundSource | None = None,
) -> VideoSink:
    """Create a video file at `draft`, ready for frames. `target` names the file in messages and
    selects the container. `sound` is how sound that is not dropped is changed and encoded anew, and
    `sound_source` gives it; by default the film is read in this process.

    Raises TargetUnsuitable (suffix, codec, depth, sound), EncoderMissing, WriteFailed, and what
    opening the source raises.
    """
    sound_source = sound_source or FilmSound(info)
    form, codec = require_suitable(sound_source, options, target)
    os.environ.setdefault(
        "SVT_LOG", "1"
    )  # errors only: SVT-AV1 prints a banner on stderr, where the progress bar is
    return VideoSink(draft, sound_source, options, target, form, codec, sound)


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
        self,
        draft: Path,
        source: SoundSource,
        options: WriteOptions,
        target: Path,
        form: Format,
        codec: str,
        sound: SoundChange | None = None,
    ) -> None:
        self._draft, self._target, self._form = draft, target, form
        self._video = video_of(source.info)
        self._format = pixel_format(codec, self._video.spec.name)
        self._base = 1 / self._video.rate if form.muxer == "avi" else self._video.time_base
        self._shift: int | None = None
        self._last: int | None = None
        self._written = 0
        self._step = max(1, round(1 / (self._video.rate * self._base)))
        self._sound: Sound | EncodedSound | None = None
        self._is_open = True
        with _muxing(target):
            self._container = _container(draft, form, self._base)
        try:
            with _muxing(target):
                self._stream = self._added(codec, options)
                if options.audio != "drop" and source.info.audio:
                    self._sound = self._opened_sound(source, options, sound)
                with _priority_kept():
                    self._container.start_encoding()
                self._banner = without_banner(ENCODERS[codec])
        except BaseException:
            self.abort()
            raise

    def _opened_sound(
        self, source: SoundSource, options: WriteOptions, change: SoundChange | None
    ) -> Sound | EncodedSound:
        into, target = self._container, self._target
        if change is not None:
            return EncodedSound(source, into, target, change)
        if options.encodes_sound:
            raise ValueError("sound that is to be changed needs to know how")
        return Sound(source, into, target, keeps_priming=self._form.muxer in ("mp4", "mov"))

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
        context.options = encoder_options(codec, options, self._form, video)
        if codec == "h264":
            set_x264_threads(context, video)
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
            # otherwise closing would rewrite the whole draft to move its index to the front
            self._draft.unlink()
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
