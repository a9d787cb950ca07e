"""Open a video's file in FFmpeg, pick the stream that a player would show, and read its packets.

Sources are untrusted. FFmpeg may open only the file itself, with a demuxer from an allow-list.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from efface.containers.admission import AdmittedSource
from efface.containers.raw_streams import DEMUXERS as DEMUXER_OF
from efface.containers.truncation import kind_of
from efface.errors import (
    DamagedSource,
    NotMedia,
    SourceUnreadable,
    TooManyPixels,
    UnsupportedSource,
)
from efface.files import reason, require_still_plain
from efface.geometry import Size
from efface.media.interfaces import SourceInfo
from efface.media.video.restarts import JOINABLE, Clock, in_one_clock
from efface.media.video.video_info import video_of
from efface.options import ReadOptions

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,ogg,mxf,ivf,nut,dv,\
h264,hevc,vvc,m4v,vc1,vc1test,h263,obu,mjpeg,yuv4mpegpipe,dhav"
)
"""None of these opens another file or an address. Playlists (hls, dash, concat, sdp, ...) do, and
are refused."""

LIMITS = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}

HINT_COVER = "Add --bad-frames=cover to go on with what is there."
HINT_REMUX = "Remuxing may help: ffmpeg -i SOURCE -c copy NEW.mkv"
MOST_FAILURES = 600
"""Packets to try before deciding that nothing in the file can be decoded, and maximum read errors
in a row."""

UNTIMED_DEMUXERS = frozenset(("h264", "hevc", "vvc"))
"""Demuxers that give no times at all."""

SCRAMBLED = {"encv", "drmi", "drms", "enca"}
_PYAV = int(av.__version__.split(".")[0])
_LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if _PYAV < 19 else {}
"""PyAV 18 raises if a tag is not valid UTF-8; 19 does not."""


def opened_again(info: SourceInfo) -> InputContainer:
    """Open the file of a video that was opened before, in FFmpeg.

    Raises what `open_video` raises.
    """
    return open_in_ffmpeg(info.path, video_of(info).demuxer)


def opened_within_limits(
    path: Path, options: ReadOptions, demuxer: str | None, file: BinaryIO | None = None
) -> InputContainer:
    return open_in_ffmpeg(path, demuxer, {"max_pixels": str(ffmpeg_limit(options))}, file)


def open_in_ffmpeg(
    path: Path,
    demuxer: str | None,
    options: dict[str, str] | None = None,
    file: BinaryIO | None = None,
) -> InputContainer:
    """The file in FFmpeg, which may open nothing else.

    Raises NotMedia, DamagedSource, UnsupportedSource, SourceUnreadable.

    demuxer  see VideoInfo.
    file     is read instead, where it is given; the path is its name then.
    """
    try:
        if file is not None:
            file.seek(0)
        else:
            require_still_plain(path)
        # The prefix keeps a name like "concat:a|b" from being read as an address.
        what = file or f"file:{path.absolute()}"
        container: InputContainer = av.open(
            what, "r", demuxer, options=(options or {}) | LIMITS, **_LENIENT
        )
        return container
    except av.error.InvalidDataError as e:
        if file is None and not kind_of(path):
            raise NotMedia(path) from e
        raise DamagedSource(
            path, "its index or header is missing or broken, as when a recording was interrupted"
        ) from e
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e
    except FFmpegError as e:
        raise UnsupportedSource(
            path, "it is a playlist, or a format that efface does not open"
        ) from e


def demuxer_of(source: AdmittedSource) -> str | None:
    """See VideoInfo. FFmpeg itself refuses an unknown format."""
    try:
        return DEMUXER_OF.get(source.format)
    except NotMedia:
        return None


def ffmpeg_limit(options: ReadOptions) -> int:
    return min(options.max_pixels, 2**31 - 1)


def stream_to_show(container: InputContainer, path: Path) -> VideoStream:
    """Return the stream that a player would show: the default one, or else the largest. Skips cover
    art and thumbnails."""
    moving = moving_streams(container)
    moving = [
        s for s in moving if s.frames != 1
    ] or moving  # pictures beside the video, as in a HEIF sequence
    if not moving:
        what = "sound but no picture" if container.streams.audio else "no video"
        raise UnsupportedSource(path, f"it holds {what}")
    return max(moving, key=lambda s: (bool(s.disposition & Disposition.default), _pixels(s)))


def moving_streams(container: InputContainer) -> list[VideoStream]:
    stills = Disposition.attached_pic | Disposition.timed_thumbnails
    return [s for s in container.streams.video if not s.disposition & stills]


def _pixels(stream: VideoStream) -> int:
    return stream.codec_context.width * stream.codec_context.height if stream.codec_context else 0


def require_readable(stream: VideoStream, path: Path) -> None:
    if stream.codec_context is None:
        raise UnsupportedSource(path, "its video codec is unknown, or it is encrypted")
    if stream.codec_context.codec_tag in SCRAMBLED:
        raise UnsupportedSource(path, "it is encrypted")
    if not stream.time_base:
        raise UnsupportedSource(path, "it has no clock")


def require_size(size_wh: Size, path: Path, options: ReadOptions) -> None:
    pixels = size_wh[0] * size_wh[1]
    if pixels > options.max_pixels:
        raise TooManyPixels(path, pixels, options.max_pixels)


def frame_rate(stream: VideoStream) -> Fraction:
    """Return the nominal frames per second, 1 to 240."""
    average, guessed = as_fraction(stream.average_rate), as_fraction(stream.guessed_rate)
    # If no times are stored, FFmpeg's average is a default; its guess holds what the bitstream
    # states.
    rate = (
        guessed or average
        if stream.container.format.name in UNTIMED_DEMUXERS
        else average or guessed
    ) or Fraction(25)
    return min(max(rate, Fraction(1)), Fraction(240)).limit_denominator(100_000)


def as_fraction(value: Any) -> Fraction:
    # PyAV 19 has its own rational type. Both versions call an unknown value 0 or None.
    return Fraction(value.numerator, value.denominator) if value else Fraction(0)


def packets_of(
    container: InputContainer,
    stream: VideoStream,
    path: Path,
    *,
    tolerant: bool,
    is_cut: bool = False,
) -> Iterator[av.Packet[Any]]:
    """Yield the packets that hold data, in one clock. If `tolerant`, reading continues after an
    error up to the end. If `is_cut`, nothing may follow an error."""
    packets = _stored_packets(container, stream, path, tolerant=tolerant, is_cut=is_cut)
    if container.format.name not in JOINABLE:
        return packets
    return in_one_clock(packets, frame_step(stream))


def shifts_of(info: SourceInfo) -> list[int]:
    """What is added to the times of the picture after each place where the clock starts anew, in
    the container's unit.

    Reads only containers whose clock may restart. Raises InputError.
    """
    with closing(opened_again(info)) as container:
        if container.format.name not in JOINABLE:
            return []
        stream = stream_to_show(container, info.path)
        for other in container.streams:
            if other.index != stream.index:
                other.discard = av.stream.Discard.all
        clock = Clock(frame_step(stream))
        for _ in clock.over(_stored_packets(container, stream, info.path, tolerant=True)):
            pass
        return clock.shifts


def frame_step(stream: VideoStream) -> int:
    """Return the duration of a frame in the stream's time base."""
    return max(1, round(1 / (frame_rate(stream) * as_fraction(stream.time_base))))


def _stored_packets(
    container: InputContainer,
    stream: VideoStream,
    path: Path,
    *,
    tolerant: bool,
    is_cut: bool = False,
) -> Iterator[av.Packet[Any]]:
    failures = 0
    while failures < MOST_FAILURES:
        try:
            for packet in container.demux(stream):
                if packet.size:  # an empty one repeats the previous picture, or ends the stream
                    if failures and not tolerant:
                        raise DamagedSource(path, "a part of it cannot be read", HINT_COVER)
                    failures = 0
                    yield packet
            return
        except FFmpegError as e:
            if not tolerant and not is_cut:
                raise DamagedSource(path, "it cannot be read to its end", HINT_COVER) from e
            failures += 1
        except IndexError:
            continue  # PyAV raises it for packets of streams that begin in the middle of the file
