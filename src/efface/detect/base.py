"""What every detector can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from efface.detections import Detections
from efface.frames import Frame


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """What a plan and a report say of a detector.

    name     short, e.g. "centerface".
    version  of the weights.
    sha256   of the weights as they were loaded.
    runtime  what ran them, e.g. "onnxruntime 1.20 cpu".
    """

    name: str
    version: str
    sha256: str
    runtime: str


class Detector(Protocol):
    """Finds objects in one frame. Knows nothing of other frames."""

    info: DetectorInfo

    sure: float
    """Score from which an object counts by itself. What is weaker may only continue a track."""

    def detect(self, frame: Frame) -> Detections:
        """Everything down to well below `sure`. An empty result says: the frame was looked at, and shows none."""
