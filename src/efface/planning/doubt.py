"""A moment of a plan that a person should check, and why."""

from __future__ import annotations

from dataclasses import dataclass

from efface.geometry import Box

BEGAN, ENDED, LOST, FAR, WEAK, SHORT, CUT, COVERS, CAMERA, LEFT, TEXT = CAUSES = (
    "began", "ended", "lost", "far", "weak", "short", "cut", "covers", "camera", "left", "text",
)  # fmt: skip
"""Why a moment is doubtful.

Covering starts (began), or stops (ended), in mid-picture. Nothing is erased where an object should
be that was clearly seen before or after (lost). The box was carried far without a sighting (far).
Sightings were weak, or few (short). A shot change is near (cut). Much of the picture is erased
without a sure sighting (covers). The camera's motion is unknown (camera). Something was seen too
weakly, in a film for its size, and is left visible (left). Text is written into the picture (text).
"""

WHOLE = 0
"""Used instead of a track's id in doubts about the whole picture, or about text in it."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A moment at which something may be visible, or at which too much is erased.

    track        id of the track concerned, of several at one place that of the riskiest; WHOLE if
                 no track is concerned.
    first, last  numbers of the frames to check, both included. They may lie outside the track.
    box          where to look: whole pixels, x1 < x2 and y1 < y2, inside the frame.
    causes       some of CAUSES, the gravest first.
    risk         0 to 1, in hundredths: an order in which to check, not a probability.
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
            raise ValueError(
                f"a doubt about track {self.track} has the risk {self.risk}, and risks are "
                "from 0 to 1"
            )
        if (
            not self.causes
            or not set(self.causes) <= set(CAUSES)
            or len(set(self.causes)) < len(self.causes)
        ):
            raise ValueError(f"a doubt about track {self.track} has no causes, or unknown ones")


def riskiest_first(doubts: list[Doubt]) -> tuple[Doubt, ...]:
    """Sort the doubts in the order in which to check them. Equal risks stay in the order of the
    video."""
    return tuple(sorted(doubts, key=lambda d: (-d.risk, d.first, d.track, d.last, d.causes, d.box)))
