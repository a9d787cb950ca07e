"""What every source and every target can do, whatever the format.

A photo is a source with one frame. A TIFF has pages, and an animated GIF has a timeline. The
pipeline treats all of them alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

from efface.frames import Frame, Picture
from efface.geometry import Size
from efface.walls.raising import NO_WALLS, Standing


class FormatFacts:
    """What a reader found out of a file that a writer of the same medium must know:

    `Traits` of photos, `VideoInfo`.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class SourceInfo:
    """What is known of a source before its frames are read.

    path         of the file.
    medium       "photo" (independent pages), "animation" (GIF, WebP, ...) or "video".
    format       short name of the file format: one of `sniff.PHOTOS`, "mp4", "matroska", ...
    frame_count  frames or pages; for video what the container states, or None.
    size_wh      of the first upright frame.
    audio        number of sound streams.
    notes        sentences without full stop on what was lost or is odd, for the summary and the
                 report; may grow while
                 frames are read.
    private      what only this room needs to read the source again and to write the target; nobody
                 else looks at it. Readers
                 take it with `traits_of` or `video_of`. None where no file was opened.
    walls        which walls stand around the process that decodes it.
    """

    path: Path
    medium: Literal["photo", "animation", "video"]
    format: str
    frame_count: int | None
    size_wh: Size
    audio: int = 0
    private: FormatFacts | None = None
    notes: list[str] = field(default_factory=list)
    walls: Standing = NO_WALLS


class Source(Protocol):
    """An open source. `frames` may be called again: each call decodes anew from the first frame."""

    info: SourceInfo

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of PTS. Pages of a photo count seconds."""

    def frames(self) -> Iterator[Frame]:
        """Yield the frames in presentation order, upright. Raises UndecodableFrame, DamagedSource,
        UnsupportedSource, TooManyPixels."""

    def close(self) -> None:
        """Release the file."""


class Sink(Protocol):
    """A draft that is being written. The file will hold exactly what it receives."""

    def write(self, picture: Picture, pts: int) -> None:
        """Add the next frame. `pts` is in the source's time base, as the source gave it."""

    def close(self) -> None:
        """Finish the file. Without this call it is not valid."""

    def abort(self) -> None:
        """Release open resources without finishing. The draft is then unusable. Harmless after
        close."""
