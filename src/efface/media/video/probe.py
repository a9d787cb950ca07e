"""Open a video for the first time: refuse what cannot be read, and find out what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from efface.containers.admission import AdmittedSource
from efface.containers.truncation import is_cut, kind_of
from efface.errors import (
    DamagedSource,
    UnsupportedSource,
)
from efface.media.colour import colour_of, swscale_matrix
from efface.media.cropping import crop_of
from efface.media.interfaces import SourceInfo
from efface.media.pixel_formats import spec_of
from efface.media.video.decode import LEADING_KEPT_PACKETS, LONGEST_REORDER_FRAMES
from efface.media.video.decoder_setup import decoded_frames, set_up_decoder
from efface.media.video.demux import (
    MOST_FAILURES,
    as_fraction,
    demuxer_of,
    frame_rate,
    moving_streams,
    opened_within_limits,
    packets_of,
    require_readable,
    require_size,
    stream_to_show,
)
from efface.media.video.video_info import Order, VideoInfo, video_of
from efface.media.video.video_source import VideoSource
from efface.options import ReadOptions
from efface.timing import timecode

ENDS_EARLY = "it breaks off at {}, before its stated end: what followed is missing"


def open_video(source: AdmittedSource, options: ReadOptions) -> VideoSource:
    """The video of a file, ready to be read any number of times.

    Raises NotMedia, UnsupportedSource (no picture, no decoder, encrypted, a playlist),
    DamagedSource (no structure), TooManyPixels and SourceUnreadable.
    """
    path, demuxer = source.path, demuxer_of(source)
    with closing(opened_within_limits(path, options, demuxer)) as container:
        stream = stream_to_show(container, path)
        require_readable(stream, path)
        require_size((stream.codec_context.width, stream.codec_context.height), path, options)
        tolerant = options.bad_frames == "cover"
        first, order = _first_frame(container, stream, path, options)
        info = _described(
            path, container, stream, first, tolerant=tolerant, order=order, demuxer=demuxer
        )
    if video_of(info).is_cut:
        with closing(opened_within_limits(path, options, demuxer)) as container:
            last = _last_time(container, stream_to_show(container, path))
        info.notes.append(ENDS_EARLY.format(timecode(last)))
    return VideoSource(info, options)


def _last_time(container: InputContainer, stream: VideoStream) -> float:
    """Return the seconds from the first whole packet of the stream to the last."""
    times: list[int] = []
    try:
        for packet in container.demux(stream):
            time = packet.dts if packet.dts is not None else packet.pts
            if packet.size and not packet.is_corrupt and time is not None:
                times[1:] = [time]
    except FFmpegError:
        pass  # this is the break
    return float((times[-1] - times[0]) * as_fraction(stream.time_base)) if times else 0.0


def _first_frame(
    container: InputContainer, stream: VideoStream, path: Path, options: ReadOptions
) -> tuple[av.VideoFrame, Order]:  # fmt: skip
    """Return a frame that shows the pixel format and similar facts, and what the times say.

    Prefers a nearby keyframe, since other frames may not state the orientation. Errors before it
    are met again later.
    """
    set_up_decoder(stream, options)
    found: list[av.VideoFrame] = []
    times: list[int | None] = []
    packets = packets_of(container, stream, path, tolerant=True)
    for tried, packet in enumerate(chain(packets, [None]), 1):
        if packet is not None:
            if packet.has_sidedata("encryption_info") or packet.has_sidedata(
                "encryption_init_info"
            ):
                raise UnsupportedSource(path, "it is encrypted")
            times.append(packet.pts)
        found += decoded_frames(stream, packet)[0]
        key = next((f for f in found if f.key_frame), None)
        if (
            key is not None
            or len(found) > LEADING_KEPT_PACKETS
            or (tried >= MOST_FAILURES and not found)
        ):
            break
    if not found:
        raise DamagedSource(path, "no frame of it can be decoded")
    is_avi = container.format.name == "avi"
    return key or found[0], "dts" if is_avi else _order(found, times, packets, stream)


def _order(
    frames: list[av.VideoFrame],
    times: list[int | None],
    packets: Iterator[av.Packet[Any]],
    stream: VideoStream,
) -> Order:
    """Return which times the frames get, see `VideoInfo`.

    If times run back where the first frames are shown in turn, they are not the frames' own. Those
    that run on in the file are decoding times. AVI stores no others; nor do other files into which
    a stream without times was put. Others were given to the wrong frames by the program that wrote
    the file.

    times  of the packets read.
    """
    following = (
        list(islice(packets, LONGEST_REORDER_FRAMES)) if stream.codec_context.reorder_depth else []
    )
    if not following:
        return "own"
    times = [*times, *(p.pts for p in following)]
    shown = [f.pts for f in frames]
    for packet in [*following, *islice(packets, LONGEST_REORDER_FRAMES), None]:
        shown += [f.pts for f in decoded_frames(stream, packet)[0]]
    if not any(a is not None and b is not None and b < a for a, b in pairwise(shown)):
        return "own"
    runs_on = all(a is not None and b is not None and b > a for a, b in pairwise(times))
    return "dts" if runs_on else "pts"


def _described(
    path: Path, container: InputContainer, stream: VideoStream, first: av.VideoFrame,
    *, tolerant: bool, order: Order, demuxer: str | None,
) -> SourceInfo:  # fmt: skip
    moving = moving_streams(container)
    crop = crop_of(path, container.format.name, moving.index(stream), (first.width, first.height))
    spec = spec_of(first, swscale_matrix(first.colorspace, first.height), crop)
    rate = frame_rate(stream)
    aspect = as_fraction(stream.sample_aspect_ratio) or Fraction(1)
    if spec.turn.swaps:
        aspect = 1 / aspect
    video = VideoInfo(
        spec,
        as_fraction(stream.time_base),
        rate,
        aspect,
        colour_of(first),
        tolerant,
        order,
        demuxer,
        is_cut(path),
    )
    named = kind_of(path) or container.format.name.split(",")[0]
    return SourceInfo(
        path,
        "video",
        named,
        _stated_count(stream),
        spec.size_wh,
        len(container.streams.audio),
        video,
    )


def _stated_count(stream: VideoStream) -> int | None:
    if _is_indexed(stream):
        return sum(not entry.is_discard for entry in stream.index_entries) or None
    return stream.frames or None


def _is_indexed(stream: VideoStream) -> bool:
    """Return whether the stream's index lists every frame, and which of them an edit list hides."""
    return (
        stream.container.format.name.startswith("mov,")
        and len(stream.index_entries) == stream.frames > 0
    )
