"""Set up FFmpeg's decoder so that it reports damage, and ask it for frames."""

from __future__ import annotations

from typing import Any

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from efface.media.video.demux import ffmpeg_limit
from efface.media.video.frame_starts import is_interlaced_mpeg2
from efface.options import ReadOptions

CHECKS = "crccheck+bitstream+buffer+explode"
"""FFmpeg's `err_detect`: report damage that could be concealed."""

ZERO_PADDED_CODECS = frozenset(("mpeg1video", "mpeg2video"))
"""Codecs whose slices may end in zeros. Camcorders and DVD recorders add them to keep their rate.

Under `bitstream` FFmpeg reports every such frame as damaged. Bytes left in a slice that are not
zero are still reported.
"""


def set_up_decoder(stream: VideoStream, options: ReadOptions) -> None:
    context = stream.codec_context
    checks = CHECKS.replace("bitstream+", "") if context.name in ZERO_PADDED_CODECS else CHECKS
    context.options = {"err_detect": checks, "max_pixels": str(ffmpeg_limit(options))}
    has_fields = may_hold_fields(stream)
    # the decoder takes a field for a frame that lacks every second row; `lacks_rows` looks for
    # those instead
    if has_fields:
        context.options |= {"ec": "0"}
    context.copy_opaque = True
    # Without it, decoders round a left crop down to suit their memory alignment, and invisible
    # columns would be published.
    context.flags |= av.codec.context.Flags.unaligned.value
    if options.bad_frames == "cover" or has_fields:
        # Use one thread, so that an error belongs to the packet just sent. Then every run on any
        # machine finds the same bad frames.
        context.thread_count = 1
    else:
        # Do not use frame threads. With them FFmpeg accepts some damaged HEVC silently, and decodes
        # it differently each time, so that the rendered frame is not the one examined. Decoding is
        # a small part of the work.
        context.thread_type = "SLICE"
    for other in stream.container.streams:
        if other.index != stream.index:
            other.discard = av.stream.Discard.all


def may_hold_fields(stream: VideoStream) -> bool:
    """Return whether pictures of the stream may be single fields of MPEG-2."""
    context = stream.codec_context
    return context.name == "mpeg2video" and is_interlaced_mpeg2(bytes(context.extradata or b""))


def decoded_frames(
    stream: VideoStream, packet: av.Packet[Any] | None
) -> tuple[list[av.VideoFrame], bool]:
    """Return the decoded frames, and whether the decoder reported an error."""
    try:
        return stream.codec_context.decode(packet), False
    except av.error.EOFError:
        return [], False
    except (
        FFmpegError,
        ValueError,
    ):  # PyAV 19 raises the latter if it finds no codec for what a broken header names
        return [], True
