"""What every source and every target can do, whatever the format.

A photo is a source with one frame, a TIFF one with pages, an animated GIF one with a timeline; the pipeline treats all alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

from efface.frames import Frame, Picture
from efface.geometry import Size


class FormatFacts:
    """What a reader found out of a file that a writer of the same medium must know: `Traits` of photos, `VideoInfo`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class SourceInfo:
    """What is known of a source before its frames are read.

    path         of the file.
    medium       "photo" (pages that have nothing to do with each other), "animation" (GIF, WebP, ...) or "video".
    format       short name of the file format: one of `sniff.PHOTOS`, "mp4", "matroska", ...
    frame_count  frames or pages; for video what the container states, or None.
    size_wh      of the first upright frame.
    audio        number of sound streams.
    notes        sentences without full stop on what was lost or is odd, for the summary and the report; may grow while
                 frames are read.
    private      what only this room needs to read the source again and to write the target; nobody else looks at it. Readers
                 take it with `traits_of` or `video_of`. None where no file was opened.
    """

    path: Path
    medium: Literal["photo", "animation", "video"]
    format: str
    frame_count: int | None
    size_wh: Size
    audio: int = 0
    private: FormatFacts | None = None
    notes: list[str] = field(default_factory=list)


class Source(Protocol):
    """An open source. `frames` may be called again: each call starts at the first frame and decodes anew."""

    info: SourceInfo

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of PTS. Pages of a photo count seconds."""

    def frames(self) -> Iterator[Frame]:
        """Frames in presentation order, upright. Raises UndecodableFrame, DamagedSource, UnsupportedSource, TooManyPixels."""

    def close(self) -> None:
        """Releases the file."""


class Sink(Protocol):
    """A draft being written. What it receives is all that the file will hold."""

    def write(self, picture: Picture, pts: int) -> None:
        """Adds the next frame. PTS is in the source's time base, as the source gave it."""

    def close(self) -> None:
        """Finishes the file. Without this call it is not valid."""

    def abort(self) -> None:
        """Releases what is open without finishing; the draft is worthless. Harmless after close."""
