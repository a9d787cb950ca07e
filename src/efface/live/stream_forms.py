"""Decoded frames of a stream, and what is the same for many of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame

from efface.live.h264_encoder import Form
from efface.live.ingest import Taken
from efface.media.colour import swscale_matrix
from efface.media.pixel_formats import Pixels, spec_of
from efface.walls.raising import NO_WALLS, Standing


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """A frame.

    pixels      its samples.
    size        of the samples in bytes.
    second      time by the connection's clock, as the source states it.
    is_resumed  the clock jumped before this frame: nothing is known of the time between.
    form        what receivers must know. It is the same object until it changes.
    walls       which stood around the process that decoded it.
    """

    pixels: Pixels
    size: int
    second: Fraction
    is_resumed: bool
    form: Form
    walls: Standing = NO_WALLS


class Forms:
    """The form of each frame: the same object while frames are handled alike."""

    def __init__(self) -> None:
        self._key: object = None
        self._form: Form | None = None

    def of(self, took: Taken) -> Form:
        """Return the form of a frame."""
        key = _key(took.frame)
        if self._form is None or key != self._key:
            self._key, self._form = key, _form_of(took)
        return self._form


def _key(frame: VideoFrame) -> object:
    """Return a key that differs between frames that need different handling."""
    return (
        frame.width,
        frame.height,
        frame.format.name,
        frame.rotation,
        frame.color_range,
        frame.colorspace,
    )


def _form_of(took: Taken) -> Form:
    # Call this only after a change: PyAV keeps a frame alive once its side data was read, and
    # memory would fill with frames.
    frame = took.frame
    spec = spec_of(frame, swscale_matrix(frame.colorspace, frame.height))
    aspect = 1 / took.aspect if spec.turn.swaps else took.aspect
    return Form(spec, took.rate, aspect, (frame.color_primaries, frame.color_trc, frame.colorspace))
