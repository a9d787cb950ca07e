"""What a decoder tells about films. See `decoder_messages`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from efface.geometry import Size
from efface.media.video.video_info import VideoInfo


@dataclass(frozen=True, slots=True)
class FilmInfoSaid:
    """A `SourceInfo` of a film, without its path."""

    CODE: ClassVar[int] = 3
    format: str
    frame_count: int | None
    size_wh: Size
    audio: int
    notes: tuple[str, ...]
    video: VideoInfo


@dataclass(frozen=True, slots=True)
class FrameSaid:
    """A frame of a film, whose samples are in the next slot, each plane without padding.

    format    FFmpeg's name of its pixel format; empty if the frame is bad, and nothing follows.
    location  FFmpeg's number for where chroma samples sit.
    """

    CODE: ClassVar[int] = 4
    index: int
    pts: int | None
    size_wh: Size
    format: str
    is_full: bool
    location: int
    is_interlaced: bool
    bytes: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkSaid:
    """See `video_source.Mark`."""

    pts: int | None
    is_key: bool
    shows: bool
    is_corrupt: bool
    restarts: bool


@dataclass(frozen=True, slots=True)
class MarksSaid:
    """Some of the marks, in order."""

    CODE: ClassVar[int] = 5
    marks: tuple[MarkSaid, ...]


@dataclass(frozen=True, slots=True)
class PeaksSaid:
    """See `sound_peaks.Peaks`."""

    CODE: ClassVar[int] = 10
    first: int
    values: bytes


@dataclass(frozen=True, slots=True)
class StoredSaid:
    """FFmpeg's names of the codec and of the pixel format."""

    CODE: ClassVar[int] = 6
    codec: str
    format: str
