"""The risk of a doubtful moment, from the strengths of its causes and the size of the object.

    size * (1 - product of (1 - WEIGHT * strength) over its causes)

Size and every strength are from 0 to 1. So more of any cause never lowers the risk. The weights are
judgement, set by watching clips. The number ranks moments and is not a probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log, prod

from efface.detections import CODE, FACE, PERSON, PLATE
from efface.detections import TEXT as WRITING
from efface.planning.doubt import (
    BEGAN,
    CAMERA,
    COVERS,
    CUT,
    ENDED,
    FAR,
    LEFT,
    LOST,
    SHORT,
    TEXT,
    WEAK,
)

WEIGHTS = {
    ENDED: 0.9, BEGAN: 0.8, LOST: 0.9, FAR: 0.7, WEAK: 0.2, SHORT: 0.2, CUT: 0.2, COVERS: 0.3,
    CAMERA: 0.3,
    LEFT: 0.45, TEXT: 0.3,
}  # fmt: skip
"""Risk of a large object for each cause alone, at its strongest. An object that stops being covered
was probably still there. Weak and short sightings, and those near a cut, are covered, but the
detector is at its limits there. A box that covers too much hides the video rather than a face."""

SIZES = {
    FACE: (12.0, 24.0),
    PLATE: (6.0, 24.0),
    WRITING: (6.0, 24.0),
    CODE: (12.0, 32.0),
    PERSON: (48.0, 120.0),
}
"""Heights, in pixels, up to which an object is too small to matter, and from which it matters
fully: acquaintances recognise a face of 24 px."""

LEAST_RISK = 0.05
"""Moments of less risk are not recorded. They count as 0."""

NAMED_RISK = 0.1
"""A cause is named if it alone gives at least this, before size; the strongest one always is."""


def combined(causes: Mapping[str, float]) -> float:
    """Return the risk of a large object, 0 to 1, from the strengths of its causes."""
    return 1 - prod(1 - WEIGHTS[cause] * strength for cause, strength in causes.items())


def size_share(kind: int, height: float) -> float:
    """Return how much an object of that height in pixels matters, 0 to 1. Each doubling between the
    SIZES of its kind adds the same."""
    low, high = SIZES[kind]
    return clipped(log(max(height, low) / low) / log(high / low))


def clipped(share: float) -> float:
    return min(max(share, 0.0), 1.0)
