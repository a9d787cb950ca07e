"""The detector: it goes over levels and tiles once, and shows each tile to the heads of all
requested kinds.

Resizing and the shared network cost the same for one kind and for several, so they run once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detect.closer import FindInPiece, best_of, looked_closer
from efface.detect.confirm import LookInPiece, closer_looks
from efface.detect.detector import Confirm, DetectorInfo, Found, Head, Jury, Rules, Tensors
from efface.detect.joining import joined, without_doubles
from efface.detect.look import Area, Look
from efface.detect.photos import sifted
from efface.detect.tiling import (
    SMALLEST_IN_VIDEO,
    Level,
    are_cut,
    levels,
    network_tiles,
    squared,
    tiles,
)
from efface.detect.trunk import Trunk
from efface.detect.windows import places, windows
from efface.detections import Detections
from efface.frames import Frame
from efface.geometry import Box, Boxes, Size, hull, iou, nms, overlap

BOTH_WAYS = (0, 1)
"""Turns in which a closer look sees the picture as it is, and mirrored."""

FAINT = 0.4
"""Share of a kind's floor down to which pieces of a photo count: averages need low scores, too."""


class Pyramid:
    """Examines a frame on several levels and joins the results, kind by kind.

    See `detect.detector.Detector`.
    """

    def __init__(self, trunk: Trunk, heads: Sequence[Head]) -> None:
        self._trunk, self._heads = trunk, tuple(heads)
        self._smallest = min(h.rules.smallest for h in heads)
        self.infos: tuple[DetectorInfo, ...] = (
            trunk.info,
            *(info for h in heads for info in h.infos),
        )
        self.sure: Mapping[int, float] = {h.kind: h.rules.sure for h in heads}

    def detect(self, frame: Frame, look: Look) -> Detections:
        """Return the objects in the frame, one kind after the other, the best of each first."""
        area = Area.of(frame, look)
        seen = self._in_area(area, look)
        return replace(seen, xyxy=area.in_frame(seen.xyxy))

    def _in_area(self, area: Area, look: Look) -> Detections:
        """Return the objects in pixels of the area."""
        smallest = self._smallest if look.is_thorough else SMALLEST_IN_VIDEO
        views = levels(
            area.size_wh,
            is_thorough=look.is_thorough,
            smallest=smallest,
            aspect=area.aspect,
            detail=look.detail,
            coarsest=look.coarsest,
            without=look.without,
        )
        is_jury = any(view.is_mirrored for view in views)
        around = None
        if look.around is not None:
            boxes = area.of_frame(np.array(look.around, np.float32).reshape(-1, 4))
            around = dict.fromkeys((h.kind for h in self._heads), boxes)
        in_views = [
            self.on_level(area, view, look, is_jury=is_jury, around=around) for view in views
        ]
        seen, closer = [], []
        for head in self._heads:
            found = [in_view[head.kind] for in_view in in_views if head.kind in in_view]
            one_each = _one_each(found, head.rules, is_jury=is_jury)
            one_each = self._closer(area, head, one_each) if is_jury else one_each
            if look.is_thorough:
                one_each = self._in_place(area, head, one_each)
            elif head.rules.doubles is not None:
                one_each = without_doubles(one_each, head.rules.doubles)
            caution = head.rules.caution_alone if look.is_thorough else 0.0
            seen.append(_cautious(one_each, caution))
            closer.append(self._confirmed(area, look, head, one_each))
        kinds = [
            np.full(len(score), head.kind, np.uint8)
            for head, (_, score) in zip(self._heads, seen, strict=True)
        ]
        xyxy, score = together(seen)
        found_of_all = Detections(
            xyxy, np.clip(score, 0, 1), np.concatenate(kinds), np.concatenate(closer)
        )
        return sifted(found_of_all) if look.is_thorough else found_of_all

    def on_level(
        self,
        area: Area,
        level: Level,
        look: Look,
        *,
        is_jury: bool = False,
        around: Mapping[int, Boxes] | None = None,
    ) -> dict[int, Found]:
        """Return the objects found, for each kind that such a level can show, in pixels of the
        area.

        is_jury  heads with a jury also return the weaker boxes that only the jury uses.
        around   boxes of each kind: only what is around them is examined.
        """
        heads = [h for h in self._heads if _looks_at(h, look, level, is_jury=is_jury)]
        if not heads:
            return {}
        is_mirrored = level.is_mirrored != look.is_mirrored
        rgb = area.rgb(level.size_wh)
        rgb = np.asarray(cv2.flip(rgb, 1), np.uint8) if is_mirrored else rgb
        to_area = _Placing(area.size_wh, level.size_wh, is_mirrored)
        parts: dict[int, list[Found]] = {h.kind: [] for h in heads}
        every = network_tiles(level.size_wh) if around is None else []
        shown: Iterable[tuple[Box, Sequence[Head]]] = ((tile, heads) for tile in every)
        if around is not None:
            shown = _windows_and_heads(heads, level.size_wh, around, to_area)
        for tile, here in shown:
            x1, y1, x2, y2 = tile
            names = tuple(dict.fromkeys(name for h in here for name in h.tensors))
            tensors = self._trunk.tensors(rgb[y1:y2, x1:x2], names)
            for head in here:
                xyxy, score = _in_tile(head, tensors, tile, level, is_jury=is_jury)
                # In a photo, a part of a large face or plate makes the box of the whole closer.
                stays = ~are_cut(xyxy, tile, every, only_if_shown=look.is_thorough)
                parts[head.kind].append((xyxy[stays], score[stays]))
        found_of = {kind: together(of_kind) for kind, of_kind in parts.items()}
        return {kind: (to_area.boxes(xyxy), score) for kind, (xyxy, score) in found_of.items()}

    def _closer(self, area: Area, head: Head, found: Found) -> Found:
        """Return the objects after a closer look at the doubtful ones."""
        rule = head.rules.closer
        if rule is None or not len(found[0]):
            return found
        size_wh, shrink = _with_square_pixels(area)
        rgb = area.rgb(size_wh)
        xyxy, score = looked_closer(
            (found[0] / shrink, found[1]), rgb, self._find_with(head), rule, head.rules.sure
        )
        order = np.argsort(-score, kind="stable")
        return (xyxy * shrink)[order], score[order]

    def _in_place(self, area: Area, head: Head, found: Found) -> Found:
        """Return the objects of a photo. Doubtful ones that the head's judge finds out of place, in
        the picture and its mirror image together, get the lowest score: they are not covered."""
        rule, judge, sure = head.rules.in_place, head.judge, head.rules.sure
        rows = np.flatnonzero(found[1] >= sure)
        if rule is None or judge is None or not len(rows):
            return found
        size_wh, shrink = _with_square_pixels(area)
        rgb, look = area.rgb(size_wh), self._look_with(head, rule)
        boxes, score = found[0][rows] / shrink, found[1].copy()
        chances = [closer_looks((boxes, score[rows]), rgb, look, rule, turn) for turn in BOTH_WAYS]
        is_none = np.mean(chances, axis=0) < judge.least  # False for NaN, where no look was taken
        score[rows[is_none]] = head.rules.floor
        return found[0], score

    def _confirmed(self, area: Area, look: Look, head: Head, found: Found) -> NDArray[np.float32]:
        """Return (n,) score of a closer look at each object; NaN where no look was taken."""
        rule = head.rules.confirm
        if (
            rule is None
            or look.turn is None
            or look.turn % rule.every
            or not (found[1] < rule.sure).any()
        ):
            return np.full(len(found[0]), np.nan, np.float32)
        size_wh, shrink = _with_square_pixels(area)
        turn = look.turn // rule.every
        return closer_looks(
            (found[0] / shrink, found[1]),
            area.rgb(size_wh),
            self._look_with(head, rule),
            rule,
            turn,
        )

    def _look_with(self, head: Head, rule: Confirm) -> LookInPiece:
        """Return a function that scores one object in a piece of a picture around it."""
        judge, find = head.judge, self._find_with(head)

        def judged_in(rgb: NDArray[np.uint8], box: NDArray[np.float32]) -> float:
            if judge is not None:
                return judge.chance(rgb)
            boxes, scores = find(rgb)
            return float(scores[iou(box[None], boxes)[0] >= rule.same].max(initial=0.0))

        return judged_in

    def _find_with(self, head: Head) -> FindInPiece:
        """Return a function that finds objects of one kind in a piece of a picture."""

        def find(rgb: NDArray[np.uint8]) -> Found:
            tensors = self._trunk.tensors(rgb, head.tensors)
            return best_of(head.boxes(tensors, head.rules.floor * FAINT), head.rules.same_in_tile)

        return find


def _with_square_pixels(area: Area) -> tuple[Size, Boxes]:
    """Return the size at which the area's pixels are square, and (4,) factors from that picture to
    the area's pixels."""
    size_wh = squared(area.size_wh, area.aspect)
    return size_wh, np.tile(np.array(area.size_wh, np.float32) / np.array(size_wh, np.float32), 2)


def _looks_at(head: Head, look: Look, level: Level, *, is_jury: bool) -> bool:
    if is_jury and level.is_mirrored and head.rules.jury is None:
        return False
    return not look.is_thorough or level.times >= 1 or max(level.size_wh) >= head.rules.smallest


def _one_each(found: Sequence[Found], rules: Rules, *, is_jury: bool) -> Found:
    if is_jury and rules.jury:
        return judged(found, rules, rules.jury)
    return joined(*together(found), rules.same, rules.agree)


def _cautious(found: Found, caution: float) -> Found:
    return found[0], (found[1] - np.float32(caution)).astype(np.float32)


def _windows_and_heads(
    heads: Sequence[Head], size_wh: Size, around: Mapping[int, Boxes], to_area: _Placing
) -> Iterator[tuple[Box, Sequence[Head]]]:
    """Yield windows of a level around boxes, each with the heads that examine it."""
    every = list(tiles(size_wh))
    wanted = {h.kind: places(to_area.back(around[h.kind]), size_wh) for h in heads}
    for tile in windows(np.concatenate(list(wanted.values())), every):
        here = [h for h in heads if overlap(np.array([tile], np.float32), wanted[h.kind]).any()]
        yield tile, here or heads


@dataclass(frozen=True, slots=True)
class _Placing:
    """Takes boxes from a level to its area and back; a level may be mirrored."""

    area_wh: Size
    level_wh: Size
    is_mirrored: bool

    def boxes(self, xyxy: Boxes) -> Boxes:
        """Return boxes of the level in pixels of the area."""
        xyxy = _mirrored(xyxy, self.level_wh[0]) if self.is_mirrored else xyxy
        return xyxy * self._shrink

    def back(self, xyxy: Boxes) -> Boxes:
        """Return boxes of the area in pixels of the level."""
        there: Boxes = (xyxy / self._shrink).astype(np.float32)
        return _mirrored(there, self.level_wh[0]) if self.is_mirrored else there

    @property
    def _shrink(self) -> Boxes:
        return np.tile(np.array(self.area_wh, np.float32) / np.array(self.level_wh, np.float32), 2)


def _in_tile(head: Head, tensors: Tensors, tile: Box, level: Level, *, is_jury: bool) -> Found:
    """Return the objects that the head finds in a tile, in pixels of the level."""
    rules = head.rules
    floor = rules.sure * rules.jury.floor if is_jury and rules.jury else rules.floor
    caution = _caution(rules, level)
    xyxy, score = head.boxes(tensors, floor + caution)
    keep = nms(xyxy, score, rules.same_in_tile)
    corner = np.array([*tile[:2], *tile[:2]], np.float32)
    return xyxy[keep] + corner, score[keep] - np.float32(caution)


def _caution(rules: Rules, level: Level) -> float:
    if level.times > 1:
        return rules.caution
    return rules.caution_below if level.times < 1 and max(level.size_wh) < rules.smallest else 0.0


def _mirrored(xyxy: Boxes, width: int) -> Boxes:
    return np.stack(
        [width - xyxy[:, 2], xyxy[:, 1], width - xyxy[:, 0], xyxy[:, 3]], axis=1
    ).astype(np.float32)


def together(parts: Sequence[Found]) -> Found:
    """Join all parts in one."""
    if not parts:
        return np.empty((0, 4), np.float32), np.empty(0, np.float32)
    return np.concatenate([xyxy for xyxy, _ in parts]), np.concatenate(
        [score for _, score in parts]
    )


def judged(views: Sequence[Found], rules: Rules, jury: Jury) -> Found:
    """Return one box for each object, with the score that the jury of the views gives it.

    Each box combines those that agree with the best one. It lies half way between their average and
    their hull: a single view that is far off would determine the hull. The best boxes come first.
    Scores below the rules' floor are left out.
    """
    xyxy, score = together(views)
    view = np.repeat(np.arange(len(views)), [len(of_view) for _, of_view in views])
    boxes, verdicts = [], []
    for best in nms(xyxy, score, rules.same):
        overlap = iou(xyxy[[best]], xyxy)[0]
        is_same = overlap >= rules.same
        is_same[best] = True  # a box without area overlaps nothing, itself included
        votes = np.zeros(max(len(views), jury.best), np.float32)
        np.maximum.at(votes, view[is_same], score[is_same])
        verdict = jury.gain * float(np.sort(votes)[-jury.best :].mean())
        if verdict >= rules.floor:
            tells = is_same & (
                (overlap >= rules.agree) & (score >= rules.floor) | (np.arange(len(xyxy)) == best)
            )
            boxes.append(_between(xyxy[tells], score[tells]))
            verdicts.append(verdict)
    if not boxes:
        return xyxy[:0], score[:0]
    order = np.argsort(-np.array(verdicts), kind="stable")
    return np.concatenate(boxes)[order], np.array(verdicts, np.float32)[order]


def _between(xyxy: Boxes, score: NDArray[np.float32]) -> Boxes:
    """Return (1, 4) half way between the hull of the boxes and their average, weighted by their
    scores."""
    middle = np.average(xyxy, axis=0, weights=np.maximum(score, np.float32(1e-6)))
    return np.asarray((middle + hull(xyxy)) / 2, np.float32)
