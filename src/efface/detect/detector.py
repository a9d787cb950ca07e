"""The interface of every detector."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from efface.detect.look import Look
from efface.detections import Detections
from efface.frames import Frame
from efface.geometry import Boxes


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """What a plan and a report record of a network.

    name     short, e.g. "centerface".
    version  version of the weights.
    sha256   hash of the weights as they were loaded.
    runtime  what ran them, e.g. "onnxruntime 1.20 cpu".
    """

    name: str
    version: str
    sha256: str
    runtime: str


class Sight(Protocol):
    """The properties of a detector, wherever it runs."""

    @property
    def infos(self) -> tuple[DetectorInfo, ...]:
        """Every network of the detector."""

    @property
    def sure(self) -> Mapping[int, float]:
        """Score from which an object of each kind counts by itself. A weaker one may continue a
        track, or become one if it is seen often."""


class Detector(Sight, Protocol):
    """Finds objects in one frame. It knows nothing of other frames."""

    def detect(self, frame: Frame, look: Look) -> Detections:
        """Return every object down to well below `sure`, in pixels of the frame.

        An empty result means: what the look asks for was examined and shows no object.
        """


Tensors = Mapping[str, NDArray[Any]]
"""Output of the shared network for one tile, by tensor name: (1, channels, h, w) float32, or (1, h,
w, channels) uint8 where the next network takes integers."""

Found = tuple[Boxes, NDArray[np.float32]]
"""Boxes and their scores."""


@dataclass(frozen=True, slots=True)
class Jury:
    """How several views of one picture agree on a score.

    best   number of best scores, from as many views, that are averaged; a view that shows nothing
           at the place gives 0.
    gain   factor that makes up for averages being lower than the best score. `sure` then means the
           same recall, or more, in
           either look.
    floor  share of `sure` down to which a view counts.
    """

    best: int
    gain: float
    floor: float


@dataclass(frozen=True, slots=True)
class Closer:
    """How doubtful objects of a photo are examined again, each in its own piece of the picture.

    sure     score from which an object is not in doubt.
    side     pixels: the object's longer side in the piece.
    context  side of the piece over that of the object.
    same     IoU from which a box in the piece is the object.
    keeps    factor of the new score: this times the average of the old score and the mean score of
             the pieces.
    lifts    the same for an object that did not count before, with the lower score of the pieces
             instead of the mean.
    most     maximum number of objects of one picture that are examined again: a picture of noise
             shows hundreds.
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
    """How doubtful objects of a film are examined once more, each in its own piece of the frame.

    sure      score from which an object is not in doubt.
    least_px  height of the lowest box that is examined.
    sides     pixels: the object's longer side in the piece. Frames alternate between them.
    context   side of the piece over that of the object.
    same      IoU from which a box in the piece is the object, for heads without a judge.
    every     interval: frames whose `Look.turn` is a multiple of it are examined.
    most      maximum number of objects of one frame that are examined, the largest first.
    most_share
              longer side of the largest box that is examined, as a share of the picture's.
    """

    sure: float
    least_px: float
    sides: tuple[int, ...]
    context: float
    same: float
    every: int
    most: int
    most_share: float = math.inf


@dataclass(frozen=True, slots=True)
class Doubles:
    """Which boxes in a frame of a film show a part of an object that another box shows better.

    least      score of the better box.
    better_by  how much higher its score is.
    shared     share of the smaller box that lies in both.
    """

    least: float
    better_by: float
    shared: float


@dataclass(frozen=True, slots=True)
class Rules:
    """How boxes of one kind are told from noise and from each other.

    sure          score from which an object is covered.
    floor         score down to which a sighting may continue a track, or be one of the many that
                  make one.
    caution       subtracted from scores of the double-size level.
    same_in_tile  IoU from which two boxes of one pass are one object.
    same          IoU from which two boxes of different levels and tiles are one object.
    agree         IoU from which boxes of one object are joined into their hull.
    smallest      longer side, in pixels, of the smallest reduced level of a photo that is examined.
    caution_below subtracted from scores of a video's levels that are smaller than that.
    caution_alone subtracted from scores of a photo, as no neighbouring frame confirms them.
    closer        how doubtful objects of a thorough look are examined again; None: they are not.
    confirm       the same for frames of a film.
    in_place      which objects of a thorough look the head's judge looks at; None: none.
    doubles       which boxes of a frame of a film are dropped, because a better one shows the same
                  object; None: none.
    jury          how a thorough look makes one score of those of its views; None: the best one
                  counts, without a mirror image.
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
    in_place: Confirm | None = None
    doubles: Doubles | None = None


class Judge(Protocol):
    """Says how likely a piece of a picture shows an object in its middle."""

    info: DetectorInfo

    least: float
    """Below this chance, a box does not count as an object."""

    def chance(self, rgb: NDArray[np.uint8]) -> float:
        """Return the chance, 0 to 1, for the piece (h, w, 3). Raises ValueError when it is not
        finite."""


class Head(Protocol):
    """Finds objects of one kind in the shared network's output for a tile."""

    kind: int
    rules: Rules
    tensors: tuple[str, ...]
    """Tensors that it needs from the shared network."""

    infos: tuple[DetectorInfo, ...]
    """Its own networks."""

    judge: Judge | None
    """Who looks at pieces of a picture for `Rules.confirm`; None: the head itself."""

    def boxes(self, tensors: Tensors, floor: float) -> Found:
        """Return boxes in pixels of the tile, with scores from `floor` on.

        Raises ValueError when a map is not finite.
        """


def require_finite(what: str, values: NDArray[Any]) -> None:
    """Raise ValueError for NaN and infinity: a NaN is below every threshold, and would read as
    "nothing there"."""
    if values.size and not np.isfinite((values.min(), values.max())).all():
        raise ValueError(f"{what} is not finite")
