"""Writing in the picture, by PP-OCR's detector (Apache-2.0). It locates text and reads none of it.

The network gives a map of how likely each pixel belongs to a line of text, shrunk towards the
line's middle. It has nothing in common with the network for faces, so it is a detector of its own.
It never looks at a mirror image: mirrored writing does not look like writing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import DetectorInfo, Found, require_finite
from efface.detect.joining import joined
from efface.detect.look import Area, Look
from efface.detect.self_test import picture, require_right
from efface.detect.sessions import open_session
from efface.detect.tiling import STRIDE, squared, tiles
from efface.detect.weights import load_weights
from efface.detections import TEXT, Detections
from efface.frames import Frame
from efface.geometry import Size
from efface.options import DetectOptions

NAME = "text"
VERSION = "PP-OCRv4"

SURE = {"low": 0.7, "normal": 0.5, "high": 0.35}
"""Mean of the map in a line from which it is covered, by sensitivity."""

FLOOR = 0.6
"""Share of that score down to which a sighting may continue a track."""

IN_LINE = 0.2
"""Value of the map from which a pixel belongs to a line."""

GROWS = 1.6
"""By how much a line grows, as area over circumference: the map is shrunk by as much."""

LEAST_SIDE = 1280
"""Pixels. Smaller pictures are enlarged: at 640 x 360 nothing was found in a street of signs."""

MOST_TIMES = 2.0
SMALLEST_PX = 3
SMALL_SHARE = 0.06
"""Share of the picture's height up to which a line is small, with --text small: badges, name tags
and captions are, and shop signs in front are not."""

SAME = 0.3


class TextFinder:
    """See `detect.detector.Detector`. Opening it raises ModelUnusable, DeviceMissing."""

    def __init__(self, options: DetectOptions, threads: int | None = None) -> None:
        model, sha256 = load_weights(NAME)
        self._session, runtime = open_session(NAME, model, options.device, threads)
        self.infos: tuple[DetectorInfo, ...] = (DetectorInfo(NAME, VERSION, sha256, runtime),)
        self.sure: Mapping[int, float] = {TEXT: SURE[options.sensitivity]}
        self._is_small = options.text == "small"
        require_right(NAME, {"map": self._map(picture())}, options.device)

    def detect(self, frame: Frame, look: Look) -> Detections:
        """Return the lines of text in the frame, the best first."""
        area = Area.of(frame, look)
        parts = [self._at(area, size_wh) for size_wh in _sizes(area, look)]
        xyxy = np.concatenate([np.empty((0, 4), np.float32), *(xyxy for xyxy, _ in parts)])
        score = np.concatenate([np.empty(0, np.float32), *(score for _, score in parts)])
        xyxy, score = joined(xyxy, score, SAME, SAME)
        xyxy = area.in_frame(xyxy)
        if self._is_small:
            low = xyxy[:, 3] - xyxy[:, 1] <= SMALL_SHARE * frame.size_wh[1]
            xyxy, score = xyxy[low], score[low]
        return Detections(xyxy, np.clip(score, 0, 1), np.full(len(score), TEXT, np.uint8))

    def _at(self, area: Area, size_wh: Size) -> Found:
        """Return the lines that one size shows, in pixels of the area."""
        rgb, boxes, scores = area.rgb(size_wh), [], []
        shrink = np.tile(np.array(area.size_wh, np.float32) / np.array(size_wh, np.float32), 2)
        for x1, y1, x2, y2 in tiles(size_wh):
            made = self._map(np.ascontiguousarray(rgb[y1:y2, x1:x2]))
            for box, score in _lines(made, self.sure[TEXT] * FLOOR):
                boxes.append(np.array(box) + np.array([x1, y1, x1, y1]))
                scores.append(score)
        xyxy = np.array(boxes, np.float32).reshape(-1, 4) * shrink
        return np.asarray(xyxy, np.float32), np.array(scores, np.float32)

    def _map(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (h, w) how likely each pixel belongs to a line."""
        height, width = rgb.shape[:2]
        fill = (0, -height % STRIDE, 0, -width % STRIDE)
        whole = cv2.copyMakeBorder(rgb, *fill, cv2.BORDER_REPLICATE)
        given = whole[..., ::-1].astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
        (made,) = self._session.run(None, {"x": np.ascontiguousarray(given)})
        require_finite("the map of text", made)
        return np.asarray(made[0, 0, :height, :width], np.float32)


def _sizes(area: Area, look: Look) -> list[Size]:
    """Return the sizes at which an area is examined: of a film's frame, the one that the look asks
    for; of a photo also half of it, for large letters."""
    width, height = squared(area.size_wh, area.aspect)
    times = min(MOST_TIMES, max(1.0, LEAST_SIDE / max(width, height)))
    shares = (1.0, 0.5) if look.is_thorough else (min(look.detail, 1.0),)
    return [
        (max(STRIDE, round(width * times * s)), max(STRIDE, round(height * times * s)))
        for s in shares
    ]


def _lines(made: NDArray[np.float32], floor: float) -> Iterator[tuple[list[float], float]]:
    is_in = (made > IN_LINE).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(is_in, connectivity=8)
    for number, (x, y, width, height, pixels) in enumerate(stats[1:].tolist(), 1):
        if min(width, height) < SMALLEST_PX:
            continue
        part = slice(y, y + height), slice(x, x + width)
        score = float(made[part][labels[part] == number].mean())
        if score >= floor:
            more = pixels * GROWS / (2 * (width + height)) + 1
            yield [x - more, y - more, x + width + more, y + height + more], score
