"""Any frame of a video by its number, quickly: from the keyframe before it, and not from the start.

The one pass from start to end (`decode`) stays the measure of what a frame is. What is found here must have its time, and where
the plan knows its checksum that too; otherwise it is fetched by a pass from the start, which is slow and cannot be wrong.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from efface.errors import DamagedSource
from efface.frames import Frame
from efface.media.interfaces import Source
from efface.media.pixel_formats import Pixels
from efface.media.video.decode import VideoSource
from efface.media.video.restarts import JOINABLE
from efface.media.video.video_info import video_of

HELD_BYTES = 200 << 20
"""Of decoded frames that are kept, so that stepping back does not decode a whole group again."""

FORWARD = 24
"""Frames up to which it is quicker to decode on than to look for a keyframe."""

FARTHER_BACK = (0.0, 8.0)
"""Seconds before the frame from which to look for a keyframe: some are none, for what follows them needs the group before."""


class FrameAccess:
    """Frames of one source in any order. Not for several threads at once."""

    def __init__(self, source: Source, pts: NDArray[np.int64], checksums: Sequence[int] = ()) -> None:
        self._source, self._pts, self._checksums = source, pts, checksums
        self._held: OrderedDict[int, Frame] = OrderedDict()
        per_frame = source.info.size_wh[0] * source.info.size_wh[1] * 2
        self._most = max(2, min(300, HELD_BYTES // max(per_frame, 1)))
        self._is_joinable = source.info.format in JOINABLE
        self._going: Iterator[Frame] | None = None
        self._at = -1

    def close(self) -> None:
        """Lets go of the file and of what is kept."""
        self._stop()
        self._held.clear()

    def frame(self, index: int) -> Frame:
        """That frame. Raises InputError in all its kinds, and IndexError where there is none of that number."""
        if not 0 <= index < len(self._pts):
            raise IndexError(f"there is no frame {index}")
        if index not in self._held and not self._on_to(index):
            self._fetch(index)
        self._held.move_to_end(index)
        return self._held[index]

    def near(self, index: int) -> Frame:
        """The keyframe before that frame, or one close by: what can be shown at once. Raises InputError."""
        if isinstance(self._source, VideoSource):
            with suppress(FFmpegError), closing(self._source.decoded_from(int(self._pts[index]), keys_only=True)) as keys:
                for frame in keys:
                    if frame.pts is not None:
                        at = min(int(np.searchsorted(self._pts, frame.pts)), len(self._pts) - 1)
                        return _framed(frame, at, self._source)
        return self.frame(index)

    def _on_to(self, index: int) -> bool:
        """Decodes on to that frame, where it is not far ahead."""
        if self._going is None or not self._at < index <= self._at + FORWARD:
            return False
        return self._advance(self._going, index)

    def _fetch(self, index: int) -> None:
        if isinstance(self._source, VideoSource):
            for seconds in FARTHER_BACK:
                self._stop()
                self._going = self._sought(self._source, index, seconds)
                if self._advance(self._going, index):
                    return
        self._stop()
        self._going = self._source.frames()
        if not self._advance(self._going, index):
            raise DamagedSource(self._source.info.path, f"frame {index + 1} cannot be found any more")

    def _advance(self, frames: Iterator[Frame], index: int) -> bool:
        """Takes frames until that one is held. Those on the way are held too, as many as there is room for."""
        with suppress(FFmpegError):
            for frame in frames:
                if frame.index > index:
                    break
                if self._is_joinable and not self._is_it(frame):
                    break  # its clock may have started anew, so a time may stand for two frames
                self._hold(frame)
                self._at = frame.index
                if frame.index == index:
                    return self._is_it(frame)
        return False

    def _is_it(self, frame: Frame) -> bool:
        """Whether this is the frame that was looked at; if not, nothing that was decoded along with it is believed."""
        is_right = frame.is_bad or not self._checksums or frame.unpack().checksum() == self._checksums[frame.index]
        if not is_right:
            self._held.clear()
        return is_right

    def _hold(self, frame: Frame) -> None:
        self._held[frame.index] = frame
        self._held.move_to_end(frame.index)
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def _sought(self, source: VideoSource, index: int, seconds: float) -> Iterator[Frame]:
        """Frames from the keyframe before that one, or before a time so much earlier. A frame of an unknown time ends them."""
        start = int(self._pts[index]) - round(seconds / float(source.time_base))
        with closing(source.decoded_from(start)) as frames:
            for frame in frames:
                at = int(np.searchsorted(self._pts, frame.pts)) if frame.pts is not None else len(self._pts)
                if at == len(self._pts) or (self._pts[at] != frame.pts and at > index):
                    return
                if self._pts[at] == frame.pts:
                    yield _framed(frame, at, source)

    def _stop(self) -> None:
        if self._going is not None and hasattr(self._going, "close"):
            self._going.close()
        self._going, self._at = None, -1


def _framed(frame: av.VideoFrame, index: int, source: VideoSource) -> Frame:
    video = video_of(source.info)
    pixels = Pixels(frame, video.spec)
    return Frame(index, frame.pts or 0, video.spec.size_wh, pixels.look, pixels.unpack, aspect=float(video.aspect))
