"""The risk of a weak sighting on a photo, where no other frame tells more.

It is the chance that the sighting is right, times how much an object of its size matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from efface.planning.chances import chance
from efface.planning.doubt_risk import size_share
from efface.tracks import Track

LEAST = 0.05
"""Weak sightings of less risk are not told: a person who checks twenty places for one face will
miss it."""

UNKNOWN = 0.08
"""Chance where nobody has counted it: for other kinds, and with another sensitivity. Such sightings
are told, and none of them is among the moments to look at."""


def chance_on_photo(seen: Track, options: Mapping[str, Any]) -> float:
    """Return the chance, 0 to 1, that a track of one page is right.

    seen     with the box as the detector drew it.
    options  of its plan.
    """
    told = chance(seen.kind, float(seen.score[0]), _height(seen), options)
    return UNKNOWN if told is None else told


def risk_on_photo(seen: Track, options: Mapping[str, Any]) -> float:
    """Return the risk, 0 to 1, of leaving it visible."""
    return chance_on_photo(seen, options) * size_share(seen.kind, _height(seen))


def is_worth_telling(seen: Track, options: Mapping[str, Any]) -> bool:
    """Return whether a person should be told that it is left visible."""
    return risk_on_photo(seen, options) >= LEAST


def _height(seen: Track) -> float:
    return float(seen.xyxy[0, 3] - seen.xyxy[0, 1])
