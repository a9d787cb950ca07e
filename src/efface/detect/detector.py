"""What every detector can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from efface.detections import Detections
from efface.frames import Frame
from efface.geometry import Boxes


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """What a plan and a report say of a network that looked.

    name     short, e.g. "centerface".
    version  of the weights.
    sha256   of the weights as they were loaded.
    runtime  what ran them, e.g. "onnxruntime 1.20 cpu".
    """

    name: str
    version: str
    sha256: str
    runtime: str


class Sight(Protocol):
    """What is said about a detector, wherever it runs."""

    @property
    def infos(self) -> tuple[DetectorInfo, ...]:
        """Every network that looks."""

    @property
    def sure(self) -> Mapping[int, float]:
        """Score from which an object of each kind that it looks for counts by itself. What is weaker may continue a track, or
        become one when it is seen often."""


class Detector(Sight, Protocol):
    """Finds objects in one frame. Knows nothing of other frames."""

    def detect(self, frame: Frame) -> Detections:
        """Everything down to well below `sure`. An empty result says: the frame was looked at, and shows none."""


Tensors = Mapping[str, NDArray[np.float32]]
"""What the shared network made of one tile, by name."""

Found = tuple[Boxes, NDArray[np.float32]]
"""Boxes and their scores."""


@dataclass(frozen=True, slots=True)
class Jury:
    """How several views of one picture agree on a score.

    best   so many of the best scores, of as many views, are averaged; a view that shows nothing there gives 0.
    gain   makes up for what averages are lower than the best, so that `sure` means the same recall or more in either look.
    floor  share of `sure` down to which a view is heard.
    """

    best: int
    gain: float
    floor: float


@dataclass(frozen=True, slots=True)
class Closer:
    """How objects of a photo that are in doubt are looked at again, each in a piece of the picture of its own.

    sure     score from which nothing is in doubt.
    side     pixels: the object's longer side in the piece.
    context  side of the piece over that of the object.
    same     IoU from which what the piece shows is the object.
    keeps    the new score is so many times the average of the old one and of that in the pieces ...
    lifts    ... or, for what did not count before, so many times that of the old one and the lower one of the pieces.
    most     objects of one picture that are looked at again: a picture of noise shows hundreds.
    """

    sure: float
    side: int
    context: float
    same: float
    keeps: float
    lifts: float
    most: int


@dataclass(frozen=True, slots=True)
class Confirm:
    """How doubtful objects of a film are looked at once more, each in a piece of the frame of its own.

    sure      score from which nothing is in doubt.
    least_px  height of the lowest box that is looked at.
    sides     pixels: the object's longer side in the piece. Frames take turns.
    context   side of the piece over that of the object.
    same      IoU from which what the piece shows is the object.
    every     it is done in one of so many frames.
    most      objects of one frame that are looked at, the largest first.
    """

    sure: float
    least_px: float
    sides: tuple[int, ...]
    context: float
    same: float
    every: int
    most: int


@dataclass(frozen=True, slots=True)
class Rules:
    """How boxes of one kind are told from noise and from each other.

    sure          score from which an object is covered.
    floor         score down to which a sighting may continue a track, or be one of the many that make one.
    caution       taken off scores of the double-size level.
    same_in_tile  IoU from which two boxes of one pass are one object,
    same          and from which two of different levels and tiles are.
    agree         IoU from which boxes of one object are joined into their hull.
    smallest      longer side, in pixels, of the smallest reduced level of a photo that is worth a look.
    caution_below taken off scores of levels of a video's frame that are smaller than that.
    caution_alone taken off scores of a photo: what no neighbouring frame confirms must be surer.
    closer        how what a thorough look leaves in doubt is looked at again; None: it is not.
    confirm       the same for frames of a film.
    jury          how a thorough look makes one score of those of its views; None: the best one counts, and no mirror is used.
    """

    sure: float
    floor: float
    caution: float
    same_in_tile: float
    same: float
    agree: float
    smallest: int
    jury: Jury | None = None
    caution_below: float = 0.0
    caution_alone: float = 0.0
    closer: Closer | None = None
    confirm: Confirm | None = None


class Head(Protocol):
    """Finds objects of one kind in what the shared network made of a tile."""

    kind: int
    rules: Rules
    tensors: tuple[str, ...]
    """What it needs of the shared network."""

    infos: tuple[DetectorInfo, ...]
    """The networks of its own."""

    def boxes(self, tensors: Tensors, floor: float) -> Found:
        """Boxes in pixels of the tile, with scores from `floor` on. Raises ValueError when a map is not finite."""


def require_finite(what: str, values: NDArray[Any]) -> None:
    """Raises ValueError for NaN and infinity: a NaN is below every threshold, and would read as "nothing there"."""
    if not np.isfinite(values).all():
        raise ValueError(f"{what} is not finite")
