"""Decode any frame of a video by its number, quickly, from the keyframe before it.

One pass from start to end (`decode`) defines what a frame is. A frame found here must have the time
from that pass, and its checksum if the plan knows it. Otherwise a pass from the start fetches it,
which is slow and cannot be wrong.
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
from efface.media.video.restarts import JOINABLE
from efface.media.video.video_info import video_of
from efface.media.video.video_source import VideoSource

HELD_BYTES = 200 << 20
"""Bytes of decoded frames that are kept, so that stepping back does not decode a whole GOP again.
"""

FORWARD_FRAMES = 24
"""Up to this many frames ahead, decoding on is quicker than seeking a keyframe."""

FARTHER_BACK_S = (0.0, 8.0)
"""Seconds before the frame from which to seek a keyframe. Some keyframes are unusable: the frames
after them need the GOP before."""


class FrameAccess:
    """Frames of one source in any order. Not safe for use from several threads."""

    def __init__(
        self,
        source: Source,
        pts: NDArray[np.int64],
        checksums: Sequence[int] = (),
        held_bytes: int = HELD_BYTES,
    ) -> None:
        self._source, self._pts, self._checksums = source, pts, checksums
        self._held: OrderedDict[int, Frame] = OrderedDict()
        per_frame = source.info.size_wh[0] * source.info.size_wh[1] * 2
        self._most = max(2, min(300, held_bytes // max(per_frame, 1)))
        self._is_joinable = source.info.format in JOINABLE
        self._going: Iterator[Frame] | None = None
        self._at = -1

    def close(self) -> None:
        """Release the file and the kept frames."""
        self._stop()
        self._held.clear()

    def frame(self, index: int) -> Frame:
        """Return that frame. Raises any InputError, and IndexError if no frame has that number."""
        if not 0 <= index < len(self._pts):
            raise IndexError(f"there is no frame {index}")
        if index not in self._held and not self._on_to(index):
            self._fetch(index)
        self._held.move_to_end(index)
        return self._held[index]

    def near(self, index: int) -> Frame:
        """Return the keyframe before that frame, or a frame close by that is available at once.
        Raises InputError."""
        if isinstance(self._source, VideoSource):
            with (
                suppress(FFmpegError),
                closing(self._source.decoded_from(int(self._pts[index]), keys_only=True)) as keys,
            ):
                for frame in keys:
                    if frame.pts is not None:
                        at = min(int(np.searchsorted(self._pts, frame.pts)), len(self._pts) - 1)
                        return _framed(frame, at, self._source)
        return self.frame(index)

    def _on_to(self, index: int) -> bool:
        """Decode on to that frame if it is not far ahead."""
        if self._going is None or not self._at < index <= self._at + FORWARD_FRAMES:
            return False
        return self._advance(self._going, index)

    def _fetch(self, index: int) -> None:
        if isinstance(self._source, VideoSource):
            for seconds in FARTHER_BACK_S:
                self._stop()
                self._going = self._sought(self._source, index, seconds)
                if self._advance(self._going, index):
                    return
        self._stop()
        self._going = self._source.frames()
        if not self._advance(self._going, index):
            raise DamagedSource(
                self._source.info.path, f"frame {index + 1} cannot be found any more"
            )

    def _advance(self, frames: Iterator[Frame], index: int) -> bool:
        """Take frames until that one is held. Keeps as many of those on the way as fit."""
        with suppress(FFmpegError):
            for frame in frames:
                if frame.index > index:
                    break
                if self._is_joinable and not self._is_it(frame):
                    break  # its clock may have restarted, so a time may stand for two frames
                self._hold(frame)
                self._at = frame.index
                if frame.index == index:
                    return self._is_it(frame)
        return False

    def _is_it(self, frame: Frame) -> bool:
        """Return whether this is the frame that was examined. If not, nothing decoded along with it
        is trusted."""
        is_right = (
            frame.is_bad
            or not self._checksums
            or frame.unpack().checksum() == self._checksums[frame.index]
        )
        if not is_right:
            self._held.clear()
        return is_right

    def _hold(self, frame: Frame) -> None:
        self._held[frame.index] = frame
        self._held.move_to_end(frame.index)
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def _sought(self, source: VideoSource, index: int, seconds: float) -> Iterator[Frame]:
        """Yield frames from the keyframe before that frame, or `seconds` earlier. Stops at a frame
        of unknown time."""
        start = int(self._pts[index]) - round(seconds / float(source.time_base))
        with closing(source.decoded_from(start)) as frames:
            for frame in frames:
                at = (
                    int(np.searchsorted(self._pts, frame.pts))
                    if frame.pts is not None
                    else len(self._pts)
                )
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
    return Frame(
        index,
        frame.pts or 0,
        video.spec.size_wh,
        pixels.look,
        pixels.unpack,
        aspect=float(video.aspect),
    )
