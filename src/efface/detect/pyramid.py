"""The detector: goes over levels and tiles once, and shows each tile to the heads of all kinds that were asked for.

Resizing and the shared network cost the same for one kind and for several, so they are done once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from efface.detect.base import DetectorInfo, Found, Head, Tensors
from efface.detect.tiling import Level, levels, tiles
from efface.detect.trunk import Trunk
from efface.detections import Detections
from efface.frames import Frame
from efface.geometry import Box, Boxes, hull, iou, nms


class Pyramid:
    """Looks at a frame on several levels and joins what was found, kind by kind. See `detect.base.Detector`."""

    def __init__(self, trunk: Trunk, heads: Sequence[Head]) -> None:
        self._trunk, self._heads = trunk, tuple(heads)
        self._smallest = min(h.rules.smallest for h in heads)
        self.infos: tuple[DetectorInfo, ...] = (trunk.info, *(info for h in heads for info in h.infos))
        self.sure: Mapping[int, float] = {h.kind: h.rules.sure for h in heads}

    def detect(self, frame: Frame) -> Detections:
        """What the frame shows, one kind after the other, the best of each first."""
        sizes = levels(frame.size_wh, is_thorough=frame.is_alone, smallest=self._smallest, aspect=frame.aspect)
        on_levels = [self.on_level(frame, level) for level in sizes]
        seen = [_joined(head, [found[head.kind] for found in on_levels if head.kind in found]) for head in self._heads]
        kinds = [np.full(len(score), head.kind, np.uint8) for head, (_, score) in zip(self._heads, seen, strict=True)]
        xyxy, score = together(seen)
        return Detections(xyxy, np.clip(score, 0, 1), np.concatenate(kinds))

    def on_level(self, frame: Frame, level: Level) -> dict[int, Found]:
        """What was found of each kind that is looked for on such a level, in pixels of the frame."""
        heads = [h for h in self._heads if level.times >= 1 or max(level.size_wh) >= h.rules.smallest]
        names = tuple(dict.fromkeys(name for h in heads for name in h.tensors))
        rgb = frame.look(level.size_wh)
        parts: dict[int, list[Found]] = {h.kind: [] for h in heads}
        for tile in tiles(level.size_wh):
            x1, y1, x2, y2 = tile
            tensors = self._trunk.tensors(rgb[y1:y2, x1:x2], names)
            for head in heads:
                parts[head.kind].append(_in_tile(head, tensors, tile, level))
        shrink: Boxes = np.tile(np.array(frame.size_wh, np.float32) / np.array(level.size_wh, np.float32), 2)
        return {kind: (xyxy * shrink, score) for kind, (xyxy, score) in zip(parts, map(together, parts.values()), strict=True)}


def _joined(head: Head, found: list[Found]) -> Found:
    return joined(*together(found), head.rules.same, head.rules.agree)


def _in_tile(head: Head, tensors: Tensors, tile: Box, level: Level) -> Found:
    """What the head finds there, in pixels of the level."""
    caution = head.rules.caution if level.times > 1 else 0.0
    xyxy, score = head.boxes(tensors, head.rules.floor + caution)
    keep = nms(xyxy, score, head.rules.same_in_tile)
    corner = np.array([*tile[:2], *tile[:2]], np.float32)
    return xyxy[keep] + corner, score[keep] - np.float32(caution)


def together(parts: Sequence[Found]) -> Found:
    """All of them in one."""
    return np.concatenate([xyxy for xyxy, _ in parts]), np.concatenate([score for _, score in parts])


def joined(xyxy: Boxes, score: NDArray[np.float32], same: float, agree: float) -> Found:
    """One box an object: the hull of all boxes that agree with the best one."""
    keep = nms(xyxy, score, same)
    if len(keep) == len(xyxy):
        return xyxy[keep], score[keep]
    hulls = [hull(xyxy[(iou(xyxy[[best]], xyxy)[0] >= agree) | (np.arange(len(xyxy)) == best)]) for best in keep]
    return np.concatenate(hulls), score[keep]
