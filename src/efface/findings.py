"""What a check found: sentences with a place in the target."""

from __future__ import annotations

from dataclasses import dataclass

from efface.geometry import Box


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    check    name of the check, e.g. "coverage".
    message  one sentence without a full stop, for people.
    frame    number of the frame in the target, where that makes sense.
    box      the area in that frame, where that makes sense.
    """

    check: str
    message: str
    frame: int | None = None
    box: Box | None = None
