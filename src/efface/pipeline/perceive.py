"""Frame to its perceived content: the detections, and the small pictures used for tracking.

Nothing here looks back or ahead: the result for a frame depends only on that frame and its number.
So several machines can examine a video in spans, and their results in order are the same as those
of one machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Detector
from efface.detect.schedule import USUAL_RATE, film_look
from efface.detections import Detections
from efface.frames import Frame
from efface.geometry import Size
from efface.media.interfaces import SourceInfo
from efface.options import DetectOptions
from efface.track.follow import Grey, in_grey, small_wh
from efface.track.shots import THUMB_WH, thumbnail

VIEW_WH: Size = (8 * THUMB_WH[0], 8 * THUMB_WH[1])
"""Size of the picture in which the camera's motion is measured."""


@dataclass(frozen=True, slots=True, eq=False)
class SmallPictures:
    """The small pictures of a frame that are used for tracking.

    thumb  see `shots.thumbnail`.
    view   (h, w) uint8, grey: for `camera_motion.Camera`.
    grey   (h, w) uint8, in the size of `follow.small_wh`: for `pixel_trails.PixelTrails`.
    """

    thumb: NDArray[np.float32]
    view: Grey
    grey: Grey

    @classmethod
    def of(cls, frame: Frame) -> Self:
        """Make them from a frame.

        To scale a large frame takes longer than all that follows, so it is done once.
        """
        small = frame.look(small_wh(frame.size_wh))
        grey = in_grey(small)
        view = cv2.resize(grey, VIEW_WH, interpolation=cv2.INTER_AREA)
        return cls(thumbnail(small), np.asarray(view, np.uint8), grey)


@dataclass(frozen=True, slots=True, eq=False)
class Perceived:
    """The perceived content of a frame.

    index, pts, size_wh, is_bad  those of the frame. The content of a bad frame is unknown: it has
                                 neither detections nor
                                 small pictures.
    checksum  of its samples, see `Picture.checksum`.
    seen      the detections.
    thumb, view, grey  see `SmallPictures`.
    """

    index: int
    pts: int
    size_wh: Size
    is_bad: bool
    checksum: int
    seen: Detections
    thumb: NDArray[np.float32] | None = None
    view: Grey | None = None
    grey: Grey | None = None

    @property
    def small(self) -> SmallPictures | None:
        """Return the small pictures; None for a bad frame."""
        if self.thumb is None or self.view is None or self.grey is None:
            return None
        return SmallPictures(self.thumb, self.view, self.grey)


AHEAD, MOST_DONE = 2, 12
"""Number of frames handed out for each detector and not yet examined, and number of examined ones
that may wait for an older frame.

One frame of a turn can take as long as the others together. When only three could wait for it, the
other detectors stood still meanwhile: a fifth of the cores' time at 1920x1080. An examined frame
holds no picture, only small ones."""


def perceived(
    frames: Iterable[Frame], detectors: Sequence[Detector], options: DetectOptions, rate: float
) -> Generator[Perceived]:
    """Examine every frame of a video, and yield the results in order.

    Raises DetectorFailed, and what the frames raise.

    detectors  each examines one frame at a time.
    rate       frames per second, as stated by the file, see `rate_of`.
    """
    if len(detectors) == 1:
        yield from (_one(frame, detectors[0], options, rate) for frame in frames)
        return
    idle: SimpleQueue[Detector] = SimpleQueue()
    for detector in detectors:
        idle.put(detector)

    def looked_at(frame: Frame) -> Perceived:
        detector = idle.get()
        try:
            return _one(frame, detector, options, rate)
        finally:
            idle.put(detector)

    waiting: deque[Future[Perceived]] = deque()
    most = AHEAD * len(detectors)
    pool = ThreadPoolExecutor(len(detectors), "efface-look")
    try:
        for frame in frames:
            while waiting and (waiting[0].done() or not _has_room(waiting, most)):
                yield waiting.popleft().result()
            waiting.append(pool.submit(looked_at, frame))
            del frame  # its pictures are large
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(
            cancel_futures=True
        )  # waits for looks in progress; a guarded detector that hangs stops by itself


def _has_room(waiting: Sequence[Future[Perceived]], most: int) -> bool:
    """Wait until another frame may be handed out, and return True, or until the oldest one has to
    be yielded first, and return False."""
    while len(waiting) < most + MOST_DONE:
        at_work = [f for f in waiting if not f.done()]
        if len(at_work) < most:
            return True
        wait(at_work, return_when=FIRST_COMPLETED)
        if waiting[0].done():
            return False
    return False


def rate_of(info: SourceInfo) -> float:
    """Return the frames per second that a film states; for an animation, the usual number."""
    if info.medium != "video" or info.private is None:
        return USUAL_RATE
    from efface.media.video.video_info import video_of  # brings FFmpeg, which photos do without

    return float(video_of(info).rate)


def _one(frame: Frame, detector: Detector, options: DetectOptions, rate: float) -> Perceived:
    checksum = frame.samples().checksum()
    about = (frame.index, frame.pts, frame.size_wh, frame.is_bad, checksum)
    if frame.is_bad:
        return Perceived(*about, Detections.none())
    seen = detector.detect(frame, film_look(frame.index, frame.size_wh, options.detail, rate))
    small = SmallPictures.of(frame)
    return Perceived(*about, seen, small.thumb, small.view, small.grey)
