"""Several detectors as one: those that share a network, and those that have their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from efface.detect.detector import Detector, DetectorInfo
from efface.detect.look import Look
from efface.detections import Detections
from efface.frames import Frame


class Several:
    """Asks one after the other. See `detect.detector.Detector`."""

    def __init__(self, inside: Sequence[Detector]) -> None:
        self._inside = tuple(inside)
        self.infos: tuple[DetectorInfo, ...] = tuple(i for d in inside for i in d.infos)
        self.sure: Mapping[int, float] = {k: s for d in inside for k, s in d.sure.items()}

    def detect(self, frame: Frame, look: Look) -> Detections:
        """Return what all of them see."""
        seen = [d.detect(frame, look) for d in self._inside]
        closer = [
            np.full(len(s.score), np.nan, np.float32) if s.closer is None else s.closer
            for s in seen
        ]
        return Detections(
            np.concatenate([s.xyxy for s in seen]),
            np.concatenate([s.score for s in seen]),
            np.concatenate([s.kind for s in seen]),
            np.concatenate(closer),
        )
