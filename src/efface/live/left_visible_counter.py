"""Count what leaves a camera visible because it was seen too weakly to be erased, and report it at
the end.

Offline such a track stays in the plan, so that a person can check it. A stream leaves before a
person sees it, so efface can only report how much was left visible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from efface.detections import CODE, FACE, FINDABLE, PERSON, PLATE, TEXT


@dataclass(slots=True)
class LeftVisible:
    """Counters of one camera. They have the same names in its facts.

    left_faces, left_plates, left_texts, left_codes, left_persons  tracks.
    left_sightings  frames in which each track was sighted.
    left_s          total seconds in sight, over all tracks.
    """

    left_faces: int = 0
    left_plates: int = 0
    left_texts: int = 0
    left_codes: int = 0
    left_persons: int = 0
    left_sightings: int = 0
    left_s: float = 0.0

    def add(self, kind: int, since_s: float, *, is_new: bool) -> None:
        """Count a sighting that leaves. since_s: seconds since the one before; is_new: it is the
        first one of its track."""
        self.left_faces += is_new and kind == FACE
        self.left_plates += is_new and kind == PLATE
        self.left_texts += is_new and kind == TEXT
        self.left_codes += is_new and kind == CODE
        self.left_persons += is_new and kind == PERSON
        self.left_sightings += 1
        self.left_s += since_s


COUNTED = LeftVisible.__slots__


def said(facts: Mapping[str, Any], *, may_cover_more: bool) -> str:
    """Return the counts as a sentence without a full stop; empty if nothing was left visible."""
    counts = [(facts[f"left_{kind}s"], f"possible {kind}") for kind in FINDABLE]
    found = [f"{n} {word}{'s' * (n != 1)}" for n, word in counts if n]
    if not found:
        return ""
    told = " and ".join(filter(None, (", ".join(found[:-1]), found[-1])))
    more = "; --sensitivity high erases more of it" if may_cover_more else ""
    return (
        f"left visible, as they were seen too weakly to be erased: {told}, "
        f"{facts['left_s']:.1f} s altogether{more}"
    )
