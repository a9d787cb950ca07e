"""A moment of a plan that a person should look at, and why."""

from __future__ import annotations

from dataclasses import dataclass

from efface.geometry import Box

BEGAN, ENDED, LOST, FAR, WEAK, SHORT, CUT, COVERS, CAMERA, LEFT, TEXT = CAUSES = (
    "began", "ended", "lost", "far", "weak", "short", "cut", "covers", "camera", "left", "text",
)  # fmt: skip
"""Why a moment is doubtful: covering starts, or stops, in mid-picture; nothing is erased where an object
should be that was clearly seen before or after; the box was carried far without a sighting; sightings
were weak, or few; a shot change is near; much of the picture is erased without a sure sighting; it could not be told how the
camera moved; something was seen too weakly for its size, and is left visible; text is written into the picture."""

WHOLE = 0
"""What stands in place of a track's id in doubts that are about none: about the whole picture, or text in it."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A moment at which something may be visible, or at which too much is erased.

    track        id of the track that it is about, of several at one place that of the riskiest; WHOLE where it is about none.
    first, last  numbers of the frames to look at, both included. They may lie outside of the track.
    box          where to look: whole pixels, x1 < x2 and y1 < y2, inside the frame.
    causes       some of CAUSES, the gravest first.
    risk         0 to 1, in hundredths: an order in which to look, and no probability.
    """

    track: int
    first: int
    last: int
    box: Box
    causes: tuple[str, ...]
    risk: float

    def __post_init__(self) -> None:
        x1, y1, x2, y2 = self.box
        if not 0 <= self.first <= self.last or not (0 <= x1 < x2 and 0 <= y1 < y2):
            raise ValueError(f"a doubt about track {self.track} has no frames, or an empty box")
        if not 0 <= self.risk <= 1:
            raise ValueError(f"a doubt about track {self.track} has the risk {self.risk}, and risks are from 0 to 1")
        if not self.causes or not set(self.causes) <= set(CAUSES) or len(set(self.causes)) < len(self.causes):
            raise ValueError(f"a doubt about track {self.track} has no causes, or unknown ones")


def riskiest_first(doubts: list[Doubt]) -> tuple[Doubt, ...]:
    """In the order in which to look at them; among equals, as they come in the film."""
    return tuple(sorted(doubts, key=lambda d: (-d.risk, d.first, d.track, d.last, d.causes, d.box)))
