"""Frame to what is left of it: what was seen in it, and the small pictures by which things are followed.

Nothing here looks back or ahead: what is said of a frame depends on that frame and its number alone. So a video can be looked
at in spans, by several machines, and what they say, put in order, is what one machine would have said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Detector
from efface.detect.schedule import detail_of
from efface.detections import Detections
from efface.frames import Frame
from efface.geometry import Size
from efface.options import DetectOptions
from efface.track.follow import Grey, in_grey, small_wh
from efface.track.shots import THUMB_WH, thumbnail

THUMB_SOURCE = 8
"""A thumbnail is made from the frame at this many times the thumbnail's size: the scaler averages better from there."""


@dataclass(frozen=True, slots=True, eq=False)
class Perceived:
    """What is left of a frame.

    index, pts, size_wh, is_bad  those of the frame. What a bad one shows is unknown: nothing is seen in it, and it has no
                                 small pictures.
    checksum  of its samples, see `Picture.checksum`.
    seen      what the detector says.
    thumb     see `shots.thumbnail`.
    view      (h, w) uint8, grey: for `camera.Camera`.
    grey      (h, w) uint8, as `follow.small_wh` has it: for `pixel_trails.PixelTrails`.
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


AHEAD = 2
"""Frames that wait for each detector, so that none is idle while the oldest frame takes longer than those after it."""


def perceived(frames: Iterable[Frame], detectors: Sequence[Detector], options: DetectOptions) -> Generator[Perceived]:
    """Looks at every frame of a video, and gives them in order. Raises DetectorFailed, and what the frames raise.

    detectors  each looks at one frame at a time.
    """
    if len(detectors) == 1:
        yield from (_one(frame, detectors[0], options) for frame in frames)
        return
    idle: SimpleQueue[Detector] = SimpleQueue()
    for detector in detectors:
        idle.put(detector)

    def looked_at(frame: Frame) -> Perceived:
        detector = idle.get()
        try:
            return _one(frame, detector, options)
        finally:
            idle.put(detector)

    waiting: deque[Future[Perceived]] = deque()
    pool = ThreadPoolExecutor(len(detectors), "efface-look")
    try:
        for frame in frames:
            while waiting and (waiting[0].done() or len(waiting) >= AHEAD * len(detectors)):
                yield waiting.popleft().result()
            waiting.append(pool.submit(looked_at, frame))
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)  # waits for looks under way; a guarded detector that hangs gives up by itself


def _one(frame: Frame, detector: Detector, options: DetectOptions) -> Perceived:
    checksum = frame.unpack().checksum()
    about = (frame.index, frame.pts, frame.size_wh, frame.is_bad, checksum)
    if frame.is_bad:
        return Perceived(*about, Detections.none())
    detail = detail_of(frame.index, frame.size_wh, options.detail)
    seen = detector.detect(replace(frame, detail=detail))
    small = frame.look((THUMB_WH[0] * THUMB_SOURCE, THUMB_WH[1] * THUMB_SOURCE))
    grey = in_grey(frame.look(small_wh(frame.size_wh)))
    return Perceived(*about, seen, thumbnail(small), in_grey(small), grey)
