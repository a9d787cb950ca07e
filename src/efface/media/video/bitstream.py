"""Remove what encoders and muxers write about themselves, and comments in the header of a sound
stream.

FFmpeg's `bitexact` removes most of it; this module removes the rest.
"""

from __future__ import annotations

from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext

from efface.containers.ebml import NO_PROGRAM

MATROSKA_IDENT = b"\x84Lavf"
_APPS = (b"\x4d\x80", b"\x57\x41")
"""Ids of MuxingApp and WritingApp, which Matroska requires. FFmpeg always writes `Lavf` there."""

_HEAD = 1 << 16
_SEI = {"libx264": "filter_units=remove_types=6", "libx265": "filter_units=remove_types=40"}
"""x264 puts its settings into an SEI message (NAL unit type 6) of the first picture; its other SEI
messages are not needed. x265 is told not to write settings. Its SEI before a picture (39) carries
HDR values, the one after it (40) nothing that was asked for."""


def without_banner(encoder: str) -> BitStreamFilterContext | None:
    """Return a filter for that encoder's packets, or None if it needs none."""
    return (
        BitStreamFilterContext(_SEI[encoder], "h264" if encoder == "libx264" else "hevc")
        if encoder in _SEI
        else None
    )


def blank_matroska(draft: Path) -> None:
    """Overwrite the muxer's name in a finished Matroska or WebM file. Raises OSError."""
    with open(draft, "r+b") as f:
        head = f.read(_HEAD)
        for app in _APPS:
            at = head.find(app + MATROSKA_IDENT)
            if at >= 0:
                f.seek(at + len(app) + 1)
                f.write(NO_PROGRAM)


def clean_sound_header(stream: av.AudioStream) -> None:
    """Remove the comments from a Vorbis header: the codec's set-up data carries titles, artists and
    dates."""
    context = stream.codec_context
    if context.name == "vorbis" and context.extradata:
        context.extradata = _without_comments(context.extradata)


def _without_comments(extradata: bytes) -> bytes:
    """Rebuild Xiph-laced headers: packet count - 1, sizes of all packets but the last, then
    identification, comment and set-up packets."""
    sizes, at = [], 1
    for _ in range(extradata[0]):
        size = 0
        while extradata[at] == 255:
            size, at = size + 255, at + 1
        sizes.append(size + extradata[at])
        at += 1
    if len(sizes) != 2:
        raise ValueError("a Vorbis header has three packets")
    identification, setup = extradata[at : at + sizes[0]], extradata[at + sum(sizes) :]
    comment = (
        b"\x03vorbis" + bytes(4) + bytes(4) + b"\x01"
    )  # empty vendor, no comments, the framing bit
    return b"\x02" + bytes([len(identification), len(comment)]) + identification + comment + setup
