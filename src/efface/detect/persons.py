"""Persons by efface's own network, which continues from the middle of CenterFace.

It is built as the network for plates is. It marks where a person is, from any side, and does not
tell one from another. See docs/decisions/073-persons.md.
"""

from __future__ import annotations

from efface.detect.detector import DetectorInfo, Found, Judge, Jury, Rules, Tensors
from efface.detect.map_network import MapNetwork
from efface.detections import PERSON
from efface.options import DetectOptions

NAME = "persons"
VERSION = "1"

SURE = {"low": 0.5, "normal": 0.4, "high": 0.25}
"""Score from which a person is covered, by sensitivity."""

FLOOR = 0.5
"""Share of that score down to which a sighting may continue a track."""

CAUTION = 0.1
"""Subtracted from scores of the double-size level."""

SAME_IN_TILE, SAME, AGREE = 0.6, 0.5, 0.6
"""IoU from which two boxes are one person: within a pass, and across levels and tiles; and from
which boxes of one person are joined. Persons stand before each other, so boxes overlap much."""

SMALLEST = 200
"""Longer side of the smallest reduced level. Somebody close by fills the picture."""


JURY = Jury(best=3, gain=1.1, floor=0.32)
"""Of up to six views of a photo, see `detect.faces.JURY`."""


class PersonHead:
    """See `detect.detector.Head`. Opening it raises ModelUnusable, DeviceMissing."""

    kind = PERSON
    judge: Judge | None = None

    def __init__(self, options: DetectOptions, threads: int | None = None) -> None:
        self._network = MapNetwork(NAME, options, threads)
        self.tensors = self._network.tensors
        self.infos: tuple[DetectorInfo, ...] = (self._network.info(VERSION),)
        sure = SURE[options.sensitivity]
        self.rules = Rules(sure, sure * FLOOR, CAUTION, SAME_IN_TILE, SAME, AGREE, SMALLEST, JURY)

    def boxes(self, tensors: Tensors, floor: float) -> Found:
        """Return the persons in one tile."""
        return self._network.boxes(tensors, floor)
