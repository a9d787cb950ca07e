"""The risk of a weak sighting on a photo, where no other frame tells more.

It is the chance that the sighting is right, times how much an object of its size matters.
"""

from __future__ import annotations

from efface.planning.chances import chance
from efface.planning.doubt_risk import size_share
from efface.tracks import Track

LEAST = 0.05
"""Weak sightings of less risk are not told: somebody who looks at twenty to find one face overlooks
it."""

UNKNOWN = 0.5
"""Chance for kinds of which nobody has counted how often they are right."""


def chance_on_photo(seen: Track) -> float:
    """Return the chance, 0 to 1, that a track of one page is right. Boxes as the detector drew
    them."""
    told = chance(seen.kind, float(seen.score[0]), _height(seen))
    return UNKNOWN if told is None else told


def risk_on_photo(seen: Track) -> float:
    """Return the risk, 0 to 1, of leaving it visible."""
    return chance_on_photo(seen) * size_share(seen.kind, _height(seen))


def is_worth_telling(seen: Track) -> bool:
    """Return whether a person should be told that it is left visible."""
    return risk_on_photo(seen) >= LEAST


def _height(seen: Track) -> float:
    return float(seen.xyxy[0, 3] - seen.xyxy[0, 1])
