"""Licence plates by efface's own network, which continues from the middle of CenterFace.

It marks where a plate is, and does not read plates. See `detect.map_network`.
"""

from __future__ import annotations

from dataclasses import replace

from efface.detect.detector import Confirm, DetectorInfo, Found, Judge, Rules, Tensors
from efface.detect.map_network import MapNetwork
from efface.detect.plate_context import PLATE_PX, SIDE, PlateContext
from efface.detections import PLATE
from efface.options import DetectOptions

NAME = "plates"
VERSION = "1"

SURE = {"low": 0.5, "normal": 0.34, "high": 0.2}
"""Score from which a plate is covered, by sensitivity."""

FLOOR = 0.5
"""Share of that score down to which a sighting may continue a track."""

CAUTION = 0.2
"""Subtracted from scores of the double-size level.

Compared with 0.1, recall at 16 px stays; a fifth fewer false alarms.
"""

CAUTION_ALONE = 0.06
"""Subtracted from scores of photos.

On pictures of people it halves the false alarms, and no plate of 16 px was lost.
"""

SAME_IN_TILE = 0.7
SAME = 0.3
"""IoU from which two boxes are one plate: within a pass, and across levels and tiles. Plates are
flat: a shift by half a height leaves a third of the overlap. Boxes of one plate are joined into
their hull, so a box of half a plate takes nothing away."""

SMALLEST = 200
"""Longer side of the smallest reduced level.

In close-ups, plates are larger than those the network was trained on.
"""

CONFIRM = Confirm(
    sure=0.75,
    least_px=8,
    sides=(PLATE_PX,),
    context=SIDE / PLATE_PX,
    same=0,
    every=3,
    most=8,
    most_share=0.4,
)
"""Which plates are held against what surrounds them, see `detect.plate_context`. Around one that
is wider than two fifths of the picture, little is left to see."""

IN_PLACE = replace(CONFIRM, sure=0.6, most=60)
"""The same for photos, which no neighbouring frames help: of 194 pictures with plates, .75 would
lose four that are photographed from close by, or lie beside others on a wall."""


class PlateHead:
    """See `detect.detector.Head`. Opening it raises ModelUnusable, DeviceMissing."""

    kind = PLATE

    def __init__(self, options: DetectOptions, threads: int | None = None) -> None:
        self._network = MapNetwork(NAME, options, threads)
        self.tensors = self._network.tensors
        self.judge: Judge | None = PlateContext(options, threads)
        self.infos: tuple[DetectorInfo, ...] = (self._network.info(VERSION), self.judge.info)
        sure = SURE[options.sensitivity]
        self.rules = Rules(
            sure,
            sure * FLOOR,
            CAUTION,
            SAME_IN_TILE,
            SAME,
            SAME,
            SMALLEST,
            caution_alone=CAUTION_ALONE,
            confirm=CONFIRM,
            in_place=IN_PLACE,
        )

    def boxes(self, tensors: Tensors, floor: float) -> Found:
        """Return the plates in one tile."""
        return self._network.boxes(tensors, floor)
