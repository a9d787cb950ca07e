"""Follow a hand-drawn box forwards and backwards through its shot, by the pixels inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import Box, grown, whole_pixels
from efface.media.interfaces import Source
from efface.media.video.frame_access import FrameAccess
from efface.planning.plan import Plan
from efface.track.follow import SMALL_WH, followed

CHUNK = 40
"""Number of frames that are decoded together when a box is followed backwards."""

LONGEST_S = 60.0
"""Maximum time followed in one direction. To go further, the person asks again at its end."""

HELD_S = 0.5
"""If there is nothing to follow, a drawn box stays for this long before and after."""

GROWTH, GROWTH_PER_S, MOST_GROWTH = 0.04, 0.04, 0.25
"""Share of its sides by which a followed box grows on every side, as it drifts: at once, per
second, and at most."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Boxes of consecutive frames.

    `is_held`: efface found nothing to follow, so the box stayed in place for a moment.
    """

    first: int
    boxes: tuple[Box, ...]
    is_held: bool = False

    @property
    def flat(self) -> list[int]:
        """Return the boxes as a flat list, four numbers per box."""
        return [v for box in self.boxes for v in box]


def around(
    source: Source, plan: Plan, frame: int, box: Box, tell: Callable[[int], None]
) -> Followed:
    """Return the box in its frame, before it and after it.

    `tell` receives the number of frames done, and may raise.
    """
    before = onwards(source, plan, frame, box, -1, plan.medium == "photo", tell)
    after = onwards(
        source, plan, frame, box, 1, plan.medium == "photo", lambda n: tell(n + len(before.boxes))
    )
    boxes = (*before.boxes, box, *after.boxes)
    return Followed(frame - len(before.boxes), boxes, before.is_held and after.is_held)


def onwards(
    source: Source,
    plan: Plan,
    frame: int,
    box: Box,
    way: int,
    is_still: bool,
    tell: Callable[[int], None],
) -> Followed:
    """Return the boxes after that frame (way 1) or before it (way -1), as far as the box can be
    followed, in time order."""
    if is_still:  # pages are independent of each other
        return Followed(frame, ())
    start, stop = shot(plan, frame)
    seconds, width_height = plan.timeline.seconds, np.array(plan.size_at(frame), np.int32)
    found: list[Box] = []
    reach = FrameAccess(source, plan.timeline.pts, plan.checksums)
    try:
        for done, place in enumerate(
            followed(_greys(reach, frame, way, start, stop), box, plan.size_at(frame)), 1
        ):
            away_s = abs(float(seconds[frame + way * done] - seconds[frame]))
            share = min(GROWTH + GROWTH_PER_S * away_s, MOST_GROWTH)
            boxes = whole_pixels(grown(np.array([place.xyxy], np.float32), share), width_height)
            x1, y1, x2, y2 = (int(v) for v in boxes[0])
            if away_s > LONGEST_S or x1 >= x2 or y1 >= y2:
                break
            found.append((x1, y1, x2, y2))
            tell(done)
    finally:
        reach.close()
    is_held = not found
    if is_held:
        held = np.abs(seconds - seconds[frame]) <= HELD_S
        count = sum(
            1
            for i in (range(frame + 1, stop) if way > 0 else range(frame - 1, start - 1, -1))
            if held[i]
        )
        found = [box] * count
    return (
        Followed(frame + 1, tuple(found), is_held)
        if way > 0
        else Followed(frame - len(found), tuple(found[::-1]), is_held)
    )


def shot(plan: Plan, frame: int) -> tuple[int, int]:
    """Return the first frame of the shot, and the first frame after it."""
    bounds = [0, *plan.cuts, len(plan.timeline)]
    i = int(np.searchsorted(bounds, frame, side="right")) - 1
    return bounds[i], bounds[i + 1]


def _greys(
    reach: FrameAccess, frame: int, way: int, start: int, stop: int
) -> Iterator[NDArray[np.uint8]]:
    if way > 0:
        yield from (_grey(reach, i) for i in range(frame, stop))
        return
    for high in range(frame + 1, start, -CHUNK):
        low = max(start, high - CHUNK)
        yield from [_grey(reach, i) for i in range(low, high)][::-1]


def _grey(reach: FrameAccess, index: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(reach.frame(index).look(SMALL_WH), cv2.COLOR_RGB2GRAY), np.uint8)
