"""What reader and writer of a video share: its pixel layout, its colours and its clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from efface.media.colour import Colour
from efface.media.interfaces import FormatFacts, SourceInfo
from efface.media.pixel_formats import Spec

Order = Literal["own", "dts", "pts"]

LATEST_START_S = 10
"""A first frame later than this is moved to 0. Such a clock reveals how long the camera has been
running."""


@dataclass(frozen=True, slots=True)
class VideoInfo(FormatFacts):
    """What the sink needs to know of a video source; travels in `SourceInfo.private`.

    spec       pixel format, layout and turn of the frames that the source delivers.
    time_base  seconds per unit of PTS.
    rate       nominal frames per second, 1 to 240; a hint for the encoder, never used for timing if
               PTS exist.
    aspect     width of a pixel over its height, upright; 1 if not stated.
    colour     how sample values become light.
    tolerant   damage was accepted when the source was opened (--bad-frames=cover).
    order      "own": each frame has its own time. Otherwise the n-th frame that is shown gets the
               n-th smallest time: of decoding ("dts") where the file stores no others, or of
               presentation ("pts") where the file gives them to the wrong frames.
    demuxer    FFmpeg's demuxer for a video without a container, which it might guess wrong; None
               where it recognises the file.
    is_cut     the file ends before its stated end.
    """

    spec: Spec
    time_base: Fraction
    rate: Fraction
    aspect: Fraction = Fraction(1)
    colour: Colour = field(default_factory=Colour)
    tolerant: bool = False
    order: Order = "own"
    demuxer: str | None = None
    is_cut: bool = False


def video_of(info: SourceInfo) -> VideoInfo:
    """Return what the opening of a video found out.

    Raises TypeError where `info` is not that of a video.
    """
    if not isinstance(info.private, VideoInfo):
        raise TypeError(f"want what is known of a video, got {type(info.private).__name__}")
    return info.private


def start_shift(first_pts: int, time_base: Fraction) -> int:
    """Return what to subtract from every PTS of a video that starts there; 0 if the start may stay.

    A start between 0 and 10 seconds stays. A negative one cannot be written, and a late one is the
    camera's own clock.
    """
    return 0 if 0 <= first_pts * time_base <= LATEST_START_S else first_pts
