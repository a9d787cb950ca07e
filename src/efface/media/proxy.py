"""Write a small copy of a video for a browser that cannot play the source: H.264, 8 bits, keyframes
close together.

A person watches it while reviewing. It shows the source unredacted and belongs in a private folder.
It has no sound.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from efface.containers.truncation import kind_of
from efface.files import writing
from efface.media.interfaces import Source
from efface.media.preview import fitted
from efface.media.video.video_source import VideoSource

WIDEST_PX = 1280
"""Pixels of the longer side."""

GOP_FRAMES = "12"
"""Frames from keyframe to keyframe. A short group lets a browser seek at once."""

CLOCK = Fraction(1, 90_000)

PLAYABLE = {"mp4": ("h264", "av1", "vp9"), "mov": ("h264",), "webm": ("vp8", "vp9", "av1")}
"""Codecs that Chromium and Firefox play, by container."""

PLAYABLE_PIXELS = ("yuv420p", "yuvj420p")


def is_playable(source: Source) -> bool:
    """Return whether browsers play the file itself.

    Photos and animations are shown in another way.
    """
    if not isinstance(source, VideoSource):
        return False
    codec, pixels = source.stored_as()
    return codec in PLAYABLE.get(kind_of(source.info.path), ()) and pixels in PLAYABLE_PIXELS


def write_proxy(
    source: Source, path: Path, seconds: NDArray[np.float64], tell: Callable[[int], None]
) -> None:
    """Write the copy. Raises InputError, WriteFailed.

    seconds  when each frame is shown; the copy starts at 0.
    tell     gets the number of frames written; an exception that it raises ends the work.
    """
    width, height = (2 * max(1, round(side / 2)) for side in fitted(source.info.size_wh, WIDEST_PX))
    with (
        writing(path),
        av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out,
    ):
        stream = out.add_stream(
            "libx264",
            rate=30,
            options={"preset": "ultrafast", "crf": "26", "g": GOP_FRAMES, "bf": "0"},
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = stream.time_base = CLOCK
        for frame in source.frames():
            if frame.index >= len(seconds):
                break
            shown = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(frame.look((width, height))), format="rgb24"
            )
            shown = shown.reformat(format="yuv420p")
            shown.pts, shown.time_base = round(float(seconds[frame.index]) / CLOCK), CLOCK
            out.mux(stream.encode(shown))
            tell(frame.index + 1)
        out.mux(stream.encode(None))
