"""Coverage of plates by score and margin, and false alarms, for the weights that the checkout
holds.

    python -m training.evaluate ../shared/data/plates-dev-openimages [--alarms
    ../shared/data/faces-dev-wider]

Looks as `efface find` looks at photos. A plate is covered when 90 % of its labelled box are inside
of what would be erased; an alarm is an erased box that overlaps no labelled box by an IoU of 0.2.
Every set of plates has plates without a label, so alarms are counted on pictures of people. A box
counts from a score on; what is half as sure may still widen it, as in `efface.detect.pyramid`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Found
from efface.detect.joining import joined
from efface.detect.look import THOROUGH, Area
from efface.detect.plates import SAME, PlateHead
from efface.detect.pyramid import Pyramid, together
from efface.detect.tiling import levels
from efface.detect.trunk import Trunk
from efface.detections import PLATE
from efface.frames import Frame, rgb_picture
from efface.geometry import Size, grown, iou, whole_pixels
from efface.options import DetectOptions

HEIGHTS = (12, 16, 24, 48)
SCORES = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
MARGINS = (0.15, 0.2, 0.25, 0.3)
POINTS = 48
"""A box is sampled at so many points in each direction."""


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """One picture, its labels, and what each level of the pyramid showed, scores as they came."""

    path: Path
    size_wh: Size
    labels: NDArray[np.float32]
    is_ignored: NDArray[np.bool_]
    on_levels: list[tuple[bool, Found]]


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("plates", type=Path, nargs="*")
    p.add_argument("--alarms", type=Path)
    p.add_argument(
        "--caution",
        type=float,
        nargs="+",
        default=[0.1],
        help="taken off scores of the double-size level",
    )
    p.add_argument("--misses", type=Path, help="contact sheet of the plates missed at --score")
    p.add_argument("--score", type=float, default=0.35)
    a = p.parse_args()
    eye = Eye()
    sets = {
        folder.name: eye.look_at(folder)
        for folder in [*a.plates, *([a.alarms] if a.alarms else [])]
    }
    for caution in a.caution:
        for name, pictures in sets.items():
            print(f"{name}, caution {caution}")
            for score in SCORES:
                print(
                    f"  score {score:.2f}",
                    *_row(
                        pictures, score, caution, is_alarms=bool(a.alarms and name == a.alarms.name)
                    ),
                )
    if a.misses:
        cv2.imwrite(
            str(a.misses),
            _sheet([p for folder in a.plates for p in sets[folder.name]], a.score, a.caution[0])[
                ..., ::-1
            ],
        )


class Eye:
    """The plate detector, level by level, with a low floor."""

    def __init__(self) -> None:
        options = DetectOptions(kinds="plate")
        self._head = PlateHead(options)
        self._head.rules = replace(self._head.rules, floor=SCORES[0] / 2, caution=0.0)
        self._pyramid = Pyramid(Trunk(options), [self._head])

    def look_at(self, folder: Path) -> list[Looked]:
        """Every picture of a folder."""
        return [
            self._looked(folder, entry)
            for entry in json.loads((folder / "annotations.json").read_text())["images"]
        ]

    def _looked(self, folder: Path, entry: dict) -> Looked:
        bgr = cv2.imread(str(folder / entry["file"]))
        rgb = np.ascontiguousarray(bgr[..., ::-1])
        size = (rgb.shape[1], rgb.shape[0])
        frame = Frame(
            0,
            0,
            size,
            lambda wh: rgb if wh == size else _resized(rgb, wh),
            lambda: rgb_picture(rgb),
        )
        area = Area.of(frame, THOROUGH)
        sizes = levels(size, is_thorough=True, smallest=self._head.rules.smallest)
        found = [
            (level.times > 1, self._pyramid.on_level(area, level, THOROUGH)[PLATE])
            for level in sizes
            if not level.is_mirrored
        ]
        rows = np.array(
            [[b["x"], b["y"], b["x"] + b["w"], b["y"] + b["h"]] for b in entry["boxes"]], np.float32
        ).reshape(-1, 4)
        return Looked(
            folder / entry["file"],
            size,
            rows,
            np.array([b["ignore"] for b in entry["boxes"]], bool),
            found,
        )


def _resized(rgb: NDArray[np.uint8], size_wh: Size) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if size_wh[0] < rgb.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=how), np.uint8)


def erased(picture: Looked, at_score: float, caution: float, margin: float) -> NDArray[np.float32]:
    """(n, 4) boxes that would be erased, margin included."""
    parts = []
    for is_double, (xyxy, score) in picture.on_levels:
        score = score - np.float32(caution if is_double else 0)
        parts.append((xyxy[score >= at_score / 2], score[score >= at_score / 2]))
    xyxy, score = joined(*together(parts), SAME, SAME)
    return whole_pixels(grown(xyxy[score >= at_score], margin), picture.size_wh).astype(np.float32)


def covered(labels: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Share of each label inside of the union of the boxes."""
    shares = []
    steps = (np.arange(POINTS) + 0.5) / POINTS
    for x1, y1, x2, y2 in labels:
        x, y = x1 + (x2 - x1) * steps, y1 + (y2 - y1) * steps
        in_x = (x >= boxes[:, :1]) & (x < boxes[:, 2:3])
        in_y = (y >= boxes[:, 1:2]) & (y < boxes[:, 3:])
        shares.append(
            (in_y[:, :, None] & in_x[:, None, :]).any(axis=0).mean() if len(boxes) else 0.0
        )
    return np.array(shares)


def _row(pictures: Sequence[Looked], score: float, caution: float, *, is_alarms: bool) -> list[str]:
    if is_alarms:
        count = 0
        for p in pictures:
            boxes = erased(p, score, caution, MARGINS[1])
            count += (
                int((iou(boxes, p.labels) < 0.2).all(axis=1).sum()) if len(p.labels) else len(boxes)
            )
        return [f"{count / len(pictures):.2f} alarms a picture"]
    cells = []
    for margin in MARGINS:
        pairs = [(p.labels[~p.is_ignored], erased(p, score, caution, margin)) for p in pictures]
        hits = np.concatenate([covered(labels, boxes) >= 0.9 for labels, boxes in pairs])
        heights = np.concatenate([labels[:, 3] - labels[:, 1] for labels, _ in pairs])
        cells.append(
            f"| margin {margin}: " + " ".join(f"{hits[heights >= h].mean():.3f}" for h in HEIGHTS)
        )
    return cells


def _sheet(pictures: Sequence[Looked], score: float, caution: float) -> NDArray[np.uint8]:
    """Every plate of 12 px and more that is not covered, with what would be erased around it."""
    tiles = []
    for p in pictures:
        boxes = erased(p, score, caution, MARGINS[1])
        for label, share in zip(p.labels, covered(p.labels, boxes), strict=True):
            if share < 0.9 and label[3] - label[1] >= HEIGHTS[0]:
                tiles.append(_tile(p.path, label, boxes, share))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % 8)
    return np.concatenate(
        [np.concatenate(tiles[i : i + 8], axis=1) for i in range(0, len(tiles), 8)]
    )


def _tile(
    path: Path, label: NDArray[np.float32], boxes: NDArray[np.float32], share: float
) -> NDArray[np.uint8]:
    rgb = np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])
    reach = max(label[2] - label[0], label[3] - label[1], 24) * 1.2
    middle, scale = (label[:2] + label[2:]) / 2, 100 / reach
    matrix = np.array([[scale, 0, 100 - scale * middle[0]], [0, scale, 80 - scale * middle[1]]])
    tile = cv2.warpAffine(rgb, matrix, (200, 160), flags=cv2.INTER_AREA)
    for box, colour in [(label, (60, 255, 60)), *((b, (255, 60, 60)) for b in boxes)]:
        corners = (matrix[:, :2] @ box.reshape(2, 2).T + matrix[:, 2:]).T.astype(int)
        cv2.rectangle(tile, tuple(corners[0]), tuple(corners[1]), colour, 1)
    words = f"{label[3] - label[1]:.0f}px {share:.2f} {path.stem[:10]}"
    cv2.putText(tile, words, (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 0), 1, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)


if __name__ == "__main__":
    main()
