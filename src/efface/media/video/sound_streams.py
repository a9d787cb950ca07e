"""What is known of a sound stream, and streams of a target that are made of it.

A copied stream needs the numbers that FFmpeg found out about it, so that the target is the same as
if FFmpeg had copied them itself. PyAV shows only some of them. The others are read from headers
that FFmpeg writes about the stream.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import Any, cast

import av
from av.container import OutputContainer
from av.error import FFmpegError

from efface.containers import ebml
from efface.containers.parts import Reader
from efface.containers.sound_formats import SOUND_CODECS

UNKNOWN = "unknown"
"""The codec of a stream for which FFmpeg has no decoder."""

PIECE = 4096
"""Bytes of a piece of a codec's set-up data."""

BITEXACT = {"fflags": "+bitexact"}

_MATROSKA_IDS = {
    "aac": "A_AAC", "mp3": "A_MPEG/L3", "mp2": "A_MPEG/L2", "ac3": "A_AC3", "eac3": "A_EAC3",
    "dts": "A_DTS", "opus": "A_OPUS", "vorbis": "A_VORBIS", "flac": "A_FLAC", "alac": "A_ALAC",
    "truehd": "A_TRUEHD", "tta": "A_TTA1", "wavpack": "A_WAVPACK4",
}  # fmt: skip

_SOUND = 2
"""Matroska's number for a track of sound."""

_SET_UP_TO_OPEN = ("alac", "tta")
"""Codecs that FFmpeg opens only with their set-up data: a few numbers."""

_NEVER_OPENED = ("vorbis", "opus")
"""Codecs of which no number is missing."""


@dataclass(frozen=True, slots=True)
class SoundStream:
    """One sound stream of a film.

    codec       FFmpeg's name; UNKNOWN if it has no decoder, and then nothing else is known.
    bit_rate, profile, frame_size  0 or empty where FFmpeg does not know them.
    setup       the codec's set-up data, in pieces.
    raw_bits, stated_bits, block  of a sample and of a block of samples; 0 where unknown.
    delay_ns, warm_up_ns  what decoders leave out at the start, and need after a jump.
    """

    codec: str
    rate: int = 0
    channels: int = 0
    layout: str = ""
    format: str = ""
    bit_rate: int = 0
    profile: str = ""
    frame_size: int = 0
    time_base: Fraction = Fraction(1)
    setup: tuple[bytes, ...] = ()
    raw_bits: int = 0
    stated_bits: int = 0
    block: int = 0
    delay_ns: int = 0
    warm_up_ns: int = 0


def described(stream: av.AudioStream) -> SoundStream:
    """Return what is known of a stream of an open film."""
    context = stream.codec_context
    if context is None:
        return SoundStream(UNKNOWN)
    codec, setup, base = context.codec.canonical_name, context.extradata or b"", stream.time_base
    raw_bits, delay_ns, warm_up_ns = _in_matroska(stream, codec)
    stated_bits, block = _in_avi(stream, codec)
    return SoundStream(
        codec,
        context.sample_rate,
        context.channels,
        context.layout.name,
        context.format.name if context.format else "",
        context.bit_rate or 0,
        context.profile or "",
        context.frame_size,
        Fraction(base.numerator, base.denominator) if base else Fraction(1),
        tuple(setup[i : i + PIECE] for i in range(0, len(setup), PIECE)),
        raw_bits,
        stated_bits,
        block,
        delay_ns,
        warm_up_ns,
    )


def _in_matroska(stream: av.AudioStream, codec: str) -> tuple[int, int, int]:
    """Return bits of a sample, delay and warm-up as a header of Matroska states them."""
    header = _header(stream, "matroska") if codec in _MATROSKA_IDS else b""
    reader = Reader(BytesIO(header))
    found = {p.name: reader.number(p.at, p.size) for p in ebml.walk(reader) if 0 < p.size <= 8}
    return found.get("BitDepth", 0), found.get("CodecDelay", 0), found.get("SeekPreRoll", 0)


def _in_avi(stream: av.AudioStream, codec: str) -> tuple[int, int]:
    """Return bits of a sample, and bytes of a block, as a header of AVI states them."""
    header = _header(stream, "avi") if codec in SOUND_CODECS["avi"] else b""
    about, form = header.find(b"strh"), header.find(b"strf")
    if min(about, form) < 0 or len(header) < form + 24:
        return 0, 0
    bits, block = header[form + 22 : form + 24], header[about + 52 : about + 56]
    return int.from_bytes(bits, "little"), int.from_bytes(block, "little")


def _header(stream: av.AudioStream, muxer: str) -> bytes:
    """Return what FFmpeg writes about the stream; empty where it refuses."""
    data = BytesIO()
    with (
        suppress(ValueError, FFmpegError, IndexError),
        av.open(data, "w", format=muxer, container_options=BITEXACT) as out,
    ):
        out.add_stream_from_template(stream)
        out.start_encoding()
    return data.getvalue()


def copied_stream(into: OutputContainer, known: SoundStream) -> av.AudioStream:
    """Add a stream for the packets of that stream. Raises ValueError, FFmpegError, KeyError."""
    if known.codec.startswith("pcm_"):
        added = cast(av.AudioStream, into.add_stream(known.codec, rate=known.rate))
        added.codec_context.layout = known.layout
    else:
        added = _of_numbers(into, known)
    added.time_base = known.time_base
    return added


def _of_numbers(into: OutputContainer, known: SoundStream) -> av.AudioStream:
    """Add a stream that has these numbers.

    Its codec, delay and warm-up come from a header that is made of nothing else. FFmpeg takes the
    other numbers when it opens a codec. It decodes nothing with it.
    """
    header, nothing = BytesIO(_matroska(known)), {"codec_whitelist": "-"}
    with av.open(header, "r", format="matroska", options=nothing) as template:
        added = into.add_stream_from_template(template.streams.audio[0])
    context: Any = added.codec_context
    context.layout, context.sample_rate = known.layout, known.rate
    if known.format:
        context.format = known.format
    context.bit_rate, context.profile = known.bit_rate, known.profile
    setup = b"".join(known.setup) or None
    if known.codec not in _NEVER_OPENED:
        context.extradata = setup if known.codec in _SET_UP_TO_OPEN else None
        context.thread_count = 1
        context.options = {
            "frame_size": str(known.frame_size),
            "bits_per_raw_sample": str(known.raw_bits),
            "bits_per_coded_sample": str(known.stated_bits),
            "block_align": str(known.block),
        }
        context.open()
    context.extradata = setup
    return added


def _matroska(known: SoundStream) -> bytes:
    """Return a file of Matroska with that one stream, and without sound."""
    audio = _element(0xB5, struct.pack(">d", known.rate)) + _number(0x9F, known.channels)
    track = _number(0xD7, 1) + _number(0x73C5, 1) + _number(0x83, _SOUND)
    track += _element(0x86, _MATROSKA_IDS[known.codec].encode())
    track += _number(0x56AA, known.delay_ns) + _number(0x56BB, known.warm_up_ns)
    tracks = _element(0x1654AE6B, _element(0xAE, track + _element(0xE1, audio)))
    cluster = _element(0x1F43B675, _number(0xE7, 0))  # without one FFmpeg finds no track
    head = _element(0x1A45DFA3, _element(0x4282, b"matroska"))
    return head + _element(0x18538067, _element(0x1549A966, b"") + tracks + cluster)


def _number(name: int, value: int) -> bytes:
    return _element(name, value.to_bytes(8))


def _element(name: int, content: bytes) -> bytes:
    return (
        name.to_bytes(-(-name.bit_length() // 8)) + (len(content) | 1 << 56).to_bytes(8) + content
    )
