"""Faces by CenterFace's own last layers, which are anchor-free: one heat map of centres, one of
sizes.

They mark where a face is. CenterFace also predicts five landmarks, but this module never reads
them: it does not describe faces.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import (
    Closer,
    Confirm,
    DetectorInfo,
    Doubles,
    Found,
    Judge,
    Jury,
    Rules,
    Tensors,
    require_finite,
)
from efface.detect.trunk import STEP
from efface.detections import FACE
from efface.options import DetectOptions

SURE = {"low": 0.4, "normal": 0.25, "high": 0.12}
"""Score from which a face is covered, by sensitivity."""

FLOOR = 0.5
"""Share of that score down to which a sighting may continue a track."""

CAUTION = 0.1
"""Subtracted from scores of the double-size level: at equal recall it raises more false alarms
there (0.25 -> 0.35)."""

SAME_IN_TILE = 0.3
SAME = 0.4
"""IoU from which two boxes are one face: within a pass, and across levels and tiles."""

AGREE = 0.6
"""IoU from which boxes of one face are joined into their hull. Most apparent misses are boxes that
are too tight: joining raises recall at 16 px on masks from 0.946 to 0.950, and from 0.954 to 0.963
with the double-size level."""


SMALLEST = 400
"""Longer side of the smallest reduced level."""

CAUTION_BELOW = 0.05
"""Subtracted from scores of a video's smaller levels. With 0, a street at night (640x360, seen at
half its size in every frame) lost a fifth of its area to false alarms, and with 0.05 a ninth; with
0.1 clips leak a quarter more."""

JURY = Jury(best=3, gain=1.14, floor=0.32)
"""Of up to six views. A false alarm appears in one or two views more often than in three. At equal
false alarms (WIDER FACE, 4 a picture, 16 px) the jury finds 0.948 of the faces, and the best score
of the same views finds 0.934. Averages of four and five found fewer of the large faces, which fewer
views show well."""

CLOSER = Closer(sure=0.45, side=56, context=3.0, same=0.4, keeps=2.5, lifts=1.5, most=60)
"""The network knows faces of 56 pixels well. With `sure` much above .4 a closer look would drop
nothing, whatever it shows. See docs/decisions/005-photos-closer-look.md for what it gains."""

CONFIRM = Confirm(sure=0.65, least_px=28, sides=(40, 60), context=3.2, same=0.35, every=3, most=16)
"""Lower boxes cost little area, and a piece shows them hardly better. Frames whose `Look.turn` is a
multiple of three are examined at full size. See docs/decisions/050-films-closer-look.md."""


DOUBLES = Doubles(least=0.5, better_by=0.2, shared=0.3)
"""Of 1,100 such boxes in 108 moving clips of labelled faces, 5 in 100 lay on another face than the
better box. The others lay on its face or on none: chins, necks and hair, as the levels of the
pyramid show them. See docs/decisions/065-one-face-one-box.md."""


class FaceHead:
    """See `detect.detector.Head`."""

    kind = FACE
    tensors: tuple[str, ...] = ("537", "538", "539")
    """Centre heat map, log of size / 4 (height, width), offset within the cell (y, x)."""

    infos: tuple[DetectorInfo, ...] = ()
    judge: Judge | None = None

    def __init__(self, options: DetectOptions) -> None:
        sure = SURE[options.sensitivity]
        # high: doubtful objects are covered
        is_high = options.sensitivity == "high"
        self.rules = Rules(
            sure,
            sure * FLOOR,
            CAUTION,
            SAME_IN_TILE,
            SAME,
            AGREE,
            SMALLEST,
            JURY,
            CAUTION_BELOW,
            closer=CLOSER,
            confirm=None if is_high else CONFIRM,
            doubles=None if is_high else DOUBLES,
        )

    def boxes(self, tensors: Tensors, floor: float) -> Found:
        """Return the faces in one tile."""
        return boxes_from_maps([tensors[name] for name in self.tensors], floor)


def boxes_from_maps(maps: Sequence[NDArray[np.float32]], floor: float) -> Found:
    """Return boxes in pixels of the input and their scores, for every cell of the heat map at or
    above `floor`."""
    heat, size, offset = (m[0] for m in maps)
    require_finite("the heat map", heat)
    rows, columns = np.divmod(np.flatnonzero(heat[0] >= floor), heat.shape[2])
    score = heat[0, rows, columns].astype(np.float32)
    centre_y = (rows + offset[0, rows, columns] + 0.5) * STEP
    centre_x = (columns + offset[1, rows, columns] + 0.5) * STEP
    with np.errstate(over="ignore"):  # infinity is rejected below
        half_h, half_w = (np.exp(size[i, rows, columns]) * (STEP / 2) for i in (0, 1))
    xyxy = np.stack(
        [centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h], axis=1
    )
    require_finite("a box", xyxy)
    return xyxy.astype(np.float32), score
