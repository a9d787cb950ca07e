"""Choose container, codec and pixel format of the target, and refuse what cannot be written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
from av.error import FFmpegError

from efface.errors import EncoderMissing, TargetUnsuitable
from efface.frames import Layout
from efface.media.video.sound import require_holdable
from efface.media.video.sound_encode import sound_encoder
from efface.media.video.sound_source import SoundSource
from efface.media.video.video_info import video_of
from efface.options import WriteOptions

ENCODERS = {"h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9", "av1": "libsvtav1"}

DEEPEST_BITS = {"h264": 10, "hevc": 12, "vp9": 8, "av1": 10}
"""Maximum bits per sample that the encoders inside PyAV can write."""


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


def require_suitable(sound: SoundSource, options: WriteOptions, target: Path) -> tuple[Format, str]:
    """Return container and codec of the target if it can hold what was asked for. Call this before
    any work. `sound` is that of the film, and knows the film.

    Raises TargetUnsuitable, EncoderMissing, and what opening the source raises.
    """
    info = sound.info
    video = video_of(info)
    form = _form(target)
    codec = _codec(form, video.spec.layout, options, target)
    if video.aspect != 1 and form.muxer in ("matroska", "webm") and codec in ("vp9", "av1"):
        # The bitstream cannot state it, and PyAV cannot tell the muxer.
        why = f"{codec} in {target.suffix} cannot state that pixels are not square"
        raise TargetUnsuitable(target, why, "Choose --codec=hevc, or a target that ends in .mp4.")
    _require_encoder(ENCODERS[codec])
    if options.audio == "keep" and info.audio:
        require_holdable(sound, form.muxer, target)
    if options.encodes_sound and info.audio:
        _require_encoder(sound_encoder(form.muxer))
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


def pixel_format(codec: str, name: str) -> str:
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
