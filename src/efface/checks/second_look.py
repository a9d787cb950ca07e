"""Search the finished target for faces and plates again, in another way: mirrored, at other sizes,
with lower thresholds.

The same detector has the same weaknesses; mirrored and at other sizes it at least gets an
independent try. A sighting inside an erased area is left out, as a fill may look like a face,
unless its score is higher than any fill's. If a sighting extends beyond an erased area, the frame
is searched once more with flat grey in place of the fill: a sighting that then disappears was
caused by the fill.

A quick search of a film asks a cheaper detector first. The detector itself decides, and is only
asked about frames in which the cheaper one sees anything outside of the erased areas, with much
lower bounds.

Sightings become moments: the same thing a little later belongs to the same moment. Only moments
that a person should see are findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Detector
from efface.detect.look import Look
from efface.detections import CODE, FACE, KINDS, PERSON, PLATE, TEXT, Detections
from efface.findings import Check, Finding, Outcome
from efface.frames import Frame
from efface.geometry import Box, Boxes, Size, grown, iou, pixel_window, whole_pixels
from efface.planning.plan import Plan
from efface.timing import timecode

NAME = "second look"


FULL_SCALE = 1.5
"""The frame is searched as if it were this many times as large. The smaller levels are then three
quarters and three eighths of the frame: between the sizes of the first search."""

QUICK_SCALE = 0.75

QUICK_LARGE_SCALE = 0.375
"""The same for more than LARGE pixels. At three quarters it took a third of the total time for a
photo of 12 megapixels. Faces of 32 pixels and more are then as large as those of 12 are for the
first search."""

LARGE = 2_100_000

LEAST_SCORES = {FACE: 0.4, PLATE: 0.62, TEXT: 0.7, CODE: 0.7, PERSON: 0.6}
"""Minimum score of a sighting that is shown. In a street at night, signs, lamps and stools mistaken
for plates reached 0.61; plates that nobody had erased had 0.64 and more in 12 of 14 pictures, and
0.88 in every frame of a clip."""

SEEN_AGAIN_SCORES = {FACE: 0.3, PLATE: 0.55, TEXT: 0.6, CODE: 0.6, PERSON: 0.5}
"""Minimum score if the same thing was seen in several frames."""

FIRST_SCORES = {FACE: 0.25, PLATE: 0.45, TEXT: 0.5, CODE: 0.5, PERSON: 0.4}
FIRST_ROOM = 0.1
"""Minimum score of a sighting of the cheaper detector from which the detector itself is asked, and
how far the sighting may be from the other bounds.

In 220 pictures that were not redacted, the 8-bit network gave 0.30 and more to all 715 faces that
got 0.4 from the one of floats, less than 0.25 to 2 of 920 that got 0.3, and 0.5 and more to all 95
plates that got 0.55.
"""

SMALLEST_PX = {FACE: 12.0, PLATE: 6.0, TEXT: 8.0, CODE: 12.0, PERSON: 40.0}
"""Pixels of height below which little is recognisable."""

CORE_SHARE = 0.6
"""Share of a box's sides: the middle that decides. A newly drawn box may be larger than the one
that was erased."""

COVERED_SHARE = 0.5
"""Share of the core inside erased areas from which the sighting counts as covered. Half a face does
not."""

NO_FILL_SCORE = 0.7
"""Score from which a sighting inside an erased area cannot be a fill: among 110 redacted photos and
two clips no fill reached 0.62."""

TOUCHED_SHARE = 0.05
"""Share of a box inside erased areas from which the fill may have caused the sighting."""

STILL_SEEN_SHARE = 0.5
"""Share of its score that a sighting keeps without the fill, if the fill did not cause it.
Half-covered faces of a clip kept 0.65 or more in 31 of 31 frames; two fills that looked like faces
in their surroundings kept nothing."""

SAME_SPOT_IOU = 0.2
"""IoU from which a sighting without the fill is the same as the one with it."""

CONTEXT_SHARE = 0.5
"""Share of a sighting's sides by which it grows on every side before a photo is searched without
the fill, around it alone. The detector adds as much again."""

GREY = 128

SAME_THING_IOU = 0.1
"""IoU from which two sightings are one thing; both boxes are grown by REACH before."""

REACH = 0.5
APART_S = 2.5
"""Maximum seconds between two sightings of one moment."""

OFTEN_SIGHTINGS = 3
"""Number of sightings from which a thing was seen several times."""

EVERY_S = 1.0
"""Interval in seconds of a quick search."""

AROUND_SHARE = 1.0
AROUND_PX = 160
"""What is searched beside a doubtful moment's box, on every side: this share of its longer side,
and at least so many pixels."""

LARGEST_SHARE = 0.3
"""Share of the frame up to which only these surroundings are searched. A larger window costs as
much as the frame at QUICK_SCALE."""

CHANGED_STEPS = 6
"""Of 255. If no thumbnail pixel differs by more, the frame shows the same picture as the last one
searched."""

THUMB_WH = (160, 90)

MOST_FINDINGS = 50
"""Maximum number of findings listed one by one."""


@dataclass(slots=True, eq=False)
class _Moment:
    kind: int
    first: int
    last: int
    last_s: float
    last_box: Boxes
    best: Finding
    count: int = 1

    def is_worth_a_look(self) -> bool:
        score = self.best.score or 0.0
        return score >= LEAST_SCORES[self.kind] or (
            self.count >= OFTEN_SIGHTINGS and score >= SEEN_AGAIN_SCORES[self.kind]
        )


class Schedule:
    """Selects what to search. Remembers the thumbnail of the last frame that was searched."""

    def __init__(self, plan: Plan | None, *, is_quick: bool) -> None:
        self._is_quick = is_quick
        self._wanted = _telling(plan) if plan is not None and is_quick else {}
        self._due_s = 0.0
        self._last: NDArray[np.int16] | None = None

    def looks(self, frame: Frame, second: float) -> tuple[Look, ...]:
        """Return how to search this frame; nothing if it is left out. All pages of a photo are
        searched."""
        whole = (look_again(frame, is_quick=self._is_quick),)
        if frame.is_alone:
            return whole
        is_due = not self._is_quick or second >= self._due_s
        if not is_due and frame.index not in self._wanted:
            return ()
        self._due_s = second + EVERY_S if second >= self._due_s else self._due_s
        boxes = () if is_due else self._wanted[frame.index]
        looks = tuple(_around(box, frame) for box in boxes) or whole
        looks = whole if None in looks else looks
        thumb = cv2.blur(frame.look(THUMB_WH), (3, 3)).astype(np.int16)
        if self._last is not None and int(np.abs(thumb - self._last).max()) <= CHANGED_STEPS:
            return ()
        if looks == whole:
            self._last = thumb
        return tuple(look for look in looks if look is not None)


def _around(box: Box, frame: Frame) -> Look | None:
    """Return how to search the surroundings of a doubtful moment: closer than the whole frame is.

    Returns None if that is a large part of the frame.
    """
    (x1, y1, x2, y2), (width, height) = box, frame.size_wh
    room = max(AROUND_PX, round(AROUND_SHARE * max(x2 - x1, y2 - y1)))
    rows, columns = pixel_window((x1 - room, y1 - room, x2 + room, y2 + room), frame.size_wh)
    area = (rows.stop - rows.start) * (columns.stop - columns.start)
    if not 0 < area <= LARGEST_SHARE * width * height or frame.aspect != 1.0:
        return None
    window = (columns.start, rows.start, columns.stop, rows.stop)
    return Look(window=window, is_mirrored=frame.index % 2 == 0)


def _telling(plan: Plan) -> dict[int, tuple[Box, ...]]:
    """Return the frames at which covering begins or becomes doubtful: both sides of each cut, and
    the ends of doubtful moments.

    At most one per second on average, the riskiest first. Those of cuts have no boxes: they are
    searched as a whole.
    """
    ends = [(n, d.box) for d in plan.doubts for n in (d.first, d.last)]
    beside = [(n, None) for cut in plan.cuts for n in (cut, cut - 1)]
    most = max(4, round(float(plan.timeline.seconds[-1]) / EVERY_S)) if len(plan.timeline) else 0
    mixed: dict[int, list[Box | None]] = {}
    for n, box in [x for pair in zip_longest(ends, beside) for x in pair if x is not None]:
        if n in mixed or len(mixed) < most:
            mixed.setdefault(n, []).append(box)
    return {
        n: () if None in boxes else tuple(dict.fromkeys(b for b in boxes if b is not None))
        for n, boxes in mixed.items()
    }


class SecondLook:
    """Takes the frames of a target in order. Raises DetectorFailed."""

    def __init__(
        self,
        detector: Detector,
        plan: Plan | None,
        *,
        is_quick: bool,
        first: Detector | None = None,
    ) -> None:
        """first: a cheaper detector that is asked before."""
        self._detector, self._first = detector, first
        self._schedule = Schedule(plan, is_quick=is_quick)
        self._plan = plan
        self._open: list[_Moment] = []
        self._over: list[_Moment] = []
        self._looked = self._frames = self._places = 0

    def look(self, frame: Frame, second: float, planned: int) -> None:
        """Search the next frame of the target, shown at that time. planned: its number in the
        plan."""
        self._frames += 1
        looks = () if frame.is_bad else self._schedule.looks(frame, second)
        if not looks:
            return
        is_whole = looks[0].window is None
        self._looked, self._places = (
            self._looked + is_whole,
            self._places + (0 if is_whole else len(looks)),
        )
        self._over += [m for m in self._open if frame.is_alone or second - m.last_s > APART_S]
        self._open = [m for m in self._open if not (frame.is_alone or second - m.last_s > APART_S)]
        for look in looks:
            seen = self._sightings(frame, planned, look)
            for i in np.argsort(-seen.score, kind="stable"):
                self._take(seen.rows(np.array([i])), frame, second)

    def _sightings(self, frame: Frame, planned: int, look: Look) -> Detections:
        """Return what was seen outside of planned areas, in pixels of the frame."""
        if self._first is not None:
            seen = self._first.detect(frame, look)
            hints = self._outside(seen, frame, planned, FIRST_SCORES, FIRST_ROOM)
            if not len(hints.score):
                return hints
        seen = self._outside(self._detector.detect(frame, look), frame, planned, SEEN_AGAIN_SCORES)
        if self._plan is None or planned >= len(self._plan.timeline):
            return seen
        boxes = [r.box for r in self._plan.regions(planned)]
        touched = shares_inside(seen.xyxy, boxes, frame.size_wh) >= TOUCHED_SHARE
        doubtful = touched & (seen.score < NO_FILL_SCORE)
        if not doubtful.any():
            return seen
        bare = without_fill(frame, boxes)
        if frame.is_alone:  # a large photo takes long, and only these sightings matter
            near = grown(seen.xyxy[doubtful], CONTEXT_SHARE).tolist()
            look = replace(look, around=tuple(tuple(box) for box in near))
        without = self._detector.detect(bare, look)
        return seen.rows(~doubtful | are_still_seen(seen, without))

    def _outside(
        self,
        seen: Detections,
        frame: Frame,
        planned: int,
        least_scores: Mapping[int, float],
        room: float = 0.0,
    ) -> Detections:
        """Return the sightings that are sure and large enough, and not in a planned area. room: how
        far they may be from the other bounds."""
        least = np.array([least_scores.get(k, 1.0) for k in range(len(KINDS))], np.float32)
        small = np.array([SMALLEST_PX.get(k, 0.0) for k in range(len(KINDS))], np.float32)
        seen = seen.rows(
            (seen.score >= least[seen.kind])
            & (seen.xyxy[:, 3] - seen.xyxy[:, 1] >= small[seen.kind] * (1 - room))
        )
        if self._plan is None or planned >= len(self._plan.timeline) or not len(seen.score):
            return seen
        # A person's decision to keep or remove something is final, so it is not a finding.
        share = COVERED_SHARE + room
        known = are_covered(seen.xyxy, self._plan.known(planned), frame.size_wh, share)
        boxes = [r.box for r in self._plan.regions(planned)]
        erased = are_covered(seen.xyxy, boxes, frame.size_wh)
        return seen.rows(~known | (erased & (seen.score >= NO_FILL_SCORE - room)))

    def _take(self, one: Detections, frame: Frame, second: float) -> None:
        kind, score = int(one.kind[0]), float(one.score[0])
        found = self._finding(one, frame, second)
        for moment in self._open:
            if (
                moment.kind == kind
                and iou(grown(moment.last_box, REACH), grown(one.xyxy, REACH))[0, 0]
                >= SAME_THING_IOU
            ):
                if moment.last == frame.index:
                    return  # the same thing, seen twice in this frame
                moment.last, moment.last_s, moment.last_box = frame.index, second, one.xyxy
                moment.count += 1
                if score > (moment.best.score or 0.0):
                    moment.best = found
                return
        self._open.append(_Moment(kind, frame.index, frame.index, second, one.xyxy, found))

    def _finding(self, one: Detections, frame: Frame, second: float) -> Finding:
        x1, y1, x2, y2 = (int(v) for v in whole_pixels(one.xyxy, frame.size_wh)[0])
        at = (
            f"page {frame.index + 1}"
            if frame.is_alone
            else f"frame {frame.index + 1}, at {timecode(second)},"
        )
        return Finding(
            NAME,
            f"{at} may show a {KINDS[int(one.kind[0])]}",
            frame.index,
            (x1, y1, x2, y2),
            second,
            round(float(one.score[0]), 2),
        )

    def check(self, *, is_whole: bool) -> Check:
        """Return the result. is_whole: the target was read to its end."""
        moments = [m for m in self._over + self._open if m.is_worth_a_look()]
        moments.sort(key=lambda m: (m.best.frame or 0, -(m.best.score or 0.0)))
        facts = {"frames": self._frames, "frames looked at": self._looked, "moments": len(moments)}
        if self._places:
            facts["places looked at"] = self._places
        strongest = sorted(moments, key=lambda m: -(m.best.score or 0.0))[:MOST_FINDINGS]
        findings = tuple(m.best for m in moments if m in strongest)
        if not findings and not is_whole:
            return Check(
                NAME, Outcome.SKIPPED, facts=facts, why="the target was not read to its end"
            )
        return Check(NAME, Outcome.REVIEW if findings else Outcome.CLEAN, findings, facts)


def look_again(frame: Frame, *, is_quick: bool) -> Look:
    """Return how to search a frame of the target: at other sizes than the first search, and in the
    other mirror image."""
    width, height = frame.size_wh
    scale = QUICK_SCALE if is_quick or frame.is_alone else FULL_SCALE
    if is_quick and width * height > LARGE:
        scale = QUICK_LARGE_SCALE
    # A photo's search goes up to double size, which takes most of its time; a quick second look
    # does not.
    is_thorough = frame.is_alone and not is_quick
    # The first search mirrors every second frame of a film, and half the views of a photo.
    return Look(
        scale=scale, is_thorough=is_thorough, is_mirrored=is_thorough or frame.index % 2 == 0
    )


def are_covered(
    boxes: Boxes, planned: Sequence[Box], size_wh: Size, share: float = COVERED_SHARE
) -> NDArray[np.bool_]:
    """Return (n,) which boxes lie in planned areas: at least that share of their middle."""
    inset = (boxes[:, 2:] - boxes[:, :2]) * (1 - CORE_SHARE) / 2
    cores = np.concatenate([boxes[:, :2] + inset, boxes[:, 2:] - inset], axis=1)
    return np.asarray(shares_inside(cores, planned, size_wh) >= share)


def shares_inside(boxes: Boxes, planned: Sequence[Box], size_wh: Size) -> NDArray[np.float64]:
    """Return (n,) the share of each box that lies in planned areas; 1 for boxes without a pixel."""
    mask = np.zeros((size_wh[1], size_wh[0]), bool)
    for x1, y1, x2, y2 in planned:
        mask[y1:y2, x1:x2] = True
    shown = [mask[pixel_window(box, size_wh)] for box in boxes.tolist()]
    return np.array([s.mean() if s.size else 1.0 for s in shown], np.float64)


def without_fill(frame: Frame, erased: Sequence[Box]) -> Frame:
    """Return the frame with flat grey in the erased areas."""

    def look(size_wh: Size) -> NDArray[np.uint8]:
        rgb = np.array(frame.look(size_wh))
        scale = np.tile(np.array(size_wh) / np.array(frame.size_wh), 2)
        for box in np.array(erased, np.float64).reshape(-1, 4) * scale:
            rgb[pixel_window(box.tolist(), size_wh)] = GREY
        return rgb

    return replace(frame, look=look)


def are_still_seen(seen: Detections, without: Detections) -> NDArray[np.bool_]:
    """Return (n,) which sightings also appear in the frame without its fills: at the same place, of
    the same kind, and not much weaker."""
    there = iou(seen.xyxy, without.xyxy) >= SAME_SPOT_IOU
    strong = without.score[None] >= STILL_SEEN_SHARE * seen.score[:, None]
    return np.asarray((there & strong & (seen.kind[:, None] == without.kind[None])).any(axis=1))
