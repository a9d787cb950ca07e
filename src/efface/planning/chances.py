"""How likely a sighting on a photo is what it was taken for.

Scores are not probabilities: of 100 faces with a score of 0.7, 99 are faces, and of 100 plates with
0.3, a tenth. The tables were fitted to sightings in pictures that efface was not measured on, of
which a person said what they show: see `training/chances.py`. They hold for what a person could
tell, and for the search of photos with the sensitivity `normal`: with another one, the same place
gets another score. They do not hold for the frames of a film, in which the tracker has judged
already.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.detections import KINDS

HEIGHTS = (12.0, 20.0, 32.0, 64.0)
"""Heights of the detector's box in pixels to which the rows of a table belong."""

SCORES = (0.1, 0.15, 0.2, 0.25, 0.35, 0.44, 0.45, 0.5, 0.6, 0.8)
"""Scores to which its columns belong."""

TABLES = "chances.json"

COUNTED_WITH = "normal"
"""Sensitivity of the search whose sightings were counted."""


def chance(kind: int, score: float, height: float, options: Mapping[str, Any]) -> float | None:
    """Return the chance, 0 to 1, that a sighting is right; None where it is not known: for other
    kinds, and with another sensitivity.

    It holds for pictures such as those that it was fitted to: among people in a square more of the
    weak sightings are faces than in an empty street.

    height   of the detector's box, in pixels.
    options  of the plan.
    """
    table = _tables().get(KINDS[kind])
    if table is None or not _are_counted(options):
        return None
    of_height = [np.interp(score, SCORES, row) for row in table]
    return float(np.interp(np.log(max(height, 1e-6)), np.log(HEIGHTS), of_height))


def _are_counted(options: Mapping[str, Any]) -> bool:
    asked = options.get("detect")
    return isinstance(asked, Mapping) and asked.get("sensitivity") == COUNTED_WITH


@cache
def _tables() -> dict[str, NDArray[np.float64]]:
    made = json.loads((resources.files("efface.planning") / TABLES).read_text("ascii"))
    return {kind: np.array(table) for kind, table in made.items()}
