"""Licence plates by efface's own network, which continues from the middle of CenterFace.

It is anchor-free as well: one heat map of plates, one of distances to their sides. It marks where a
plate is, and does not read plates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import (
    Confirm,
    DetectorInfo,
    Found,
    Judge,
    Rules,
    Tensors,
    require_finite,
)
from efface.detect.plate_context import PLATE_PX, SIDE, PlateContext
from efface.detect.self_test import require_right, waves
from efface.detect.sessions import open_session
from efface.detect.trunk import STEP
from efface.detect.weights import load_weights, of_precision
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

MAPS = ("heat", "sides")
"""Outputs: score, and distances in pixels from the cell's centre to the left, top, right and
bottom."""


class PlateHead:
    """See `detect.detector.Head`. Opening it raises ModelUnusable, DeviceMissing."""

    kind = PLATE

    def __init__(self, options: DetectOptions, threads: int | None = None) -> None:
        name = of_precision(NAME, options)
        model, sha256 = load_weights(name)
        self._session, runtime = open_session(name, model, options.device, threads)
        self.tensors: tuple[str, ...] = tuple(i.name for i in self._session.get_inputs())
        self.judge: Judge | None = PlateContext(options, threads)
        self.infos: tuple[DetectorInfo, ...] = (
            DetectorInfo(name, VERSION, sha256, runtime),
            self.judge.info,
        )
        require_right(name, self._maps_of_waves(), options.device)
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

    def _maps_of_waves(self) -> Tensors:
        """Return the network's output for the input of its self-test."""
        # Sides of an input are named by their stride: "hstride4".
        shapes = {
            i.name: (i.shape[1], int(str(i.shape[2]).removeprefix("hstride")))
            for i in self._session.get_inputs()
        }
        made = self._session.run(
            list(MAPS), {name: waves(*shape) for name, shape in shapes.items()}
        )
        return dict(zip(MAPS, made, strict=True))

    def boxes(self, tensors: Tensors, floor: float) -> Found:
        """Return the plates in one tile."""
        return boxes_from_maps(
            self._session.run(list(MAPS), {name: tensors[name] for name in self.tensors}), floor
        )


def boxes_from_maps(maps: Sequence[NDArray[np.float32]], floor: float) -> Found:
    """Return boxes in pixels of the input and their scores, for every peak of the heat map at or
    above `floor`."""
    heat, sides = (m[0] for m in maps)
    require_finite("the heat map", heat)
    require_finite("a box", sides)
    if sides.min(initial=0) < 0:
        raise ValueError("a side of a box lies beyond its centre")
    # A peak is at least as high as all eight neighbours. On a plateau every cell is a peak, and NMS
    # chooses.
    is_peak = (heat[0] >= floor) & (heat[0] >= cv2.dilate(heat[0], np.ones((3, 3), np.uint8)))
    rows, columns = np.divmod(np.flatnonzero(is_peak), heat.shape[2])
    left, top, right, bottom = sides[:, rows, columns]
    x, y = (columns + 0.5) * STEP, (rows + 0.5) * STEP
    xyxy = np.stack([x - left, y - top, x + right, y + bottom], axis=1)
    return xyxy.astype(np.float32), heat[0, rows, columns].astype(np.float32)
