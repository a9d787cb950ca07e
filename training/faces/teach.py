"""Writes what two teachers see in training pictures:

CenterFace and YuNet as published, each at several sizes, CenterFace in a mirror as well.

    python -m training.faces.teach FOLDER... --yunet yunet_n_dynamic.onnx [--minutes 60]

FOLDER holds an `annotations.json` (see training/README.md). `teachers.jsonl` beside it gets a line
a picture, and the same command goes on where it stopped. What these see in clean, large pictures is
what a pupil shall see in small and spoiled ones.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from efface.detect.faces import FaceHead
from efface.detect.trunk import Trunk
from efface.geometry import iou, nms
from efface.options import DetectOptions
from training.pictures import opened

SIDES = (160, 1300)
"""Longer sides, in pixels, of the smallest and the largest picture that a teacher is shown."""

TIMES = (2.0, 1.0, 0.5, 0.25)
MIRRORED = (1.0, 0.5)
"""Sizes at which the teachers look, and at which CenterFace also looks in a mirror."""

FLOOR = 0.06
SAME = 0.4

BEST = 3
"""Views whose mean is CenterFace's score: a thing that is no face deceives one view more often than
three (docs/decisions/004-photos-six-views.md)."""

Found = tuple[NDArray[np.float32], NDArray[np.float32]]
Teacher = Callable[[NDArray[np.uint8]], Found]

Seen = tuple[NDArray[np.float32], float, float]
"""A box, the mean of its best scores, and its best one."""


class YuNet:
    """The network as published, from its ONNX file."""

    def __init__(self, path: Path) -> None:
        self._session = ort.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])

    def __call__(self, rgb: NDArray[np.uint8]) -> Found:
        """Boxes and scores in one picture."""
        height, width = rgb.shape[:2]
        tensor = np.zeros((1, 3, -(-height // 32) * 32, -(-width // 32) * 32), np.float32)
        tensor[0, :, :height, :width] = rgb[..., ::-1].transpose(2, 0, 1)
        names = [f"{part}_{stride}" for stride in (8, 16, 32) for part in ("cls", "obj", "bbox")]
        made = self._session.run(names, {"input": tensor})
        parts = [
            _decoded(*made[3 * i : 3 * i + 3], stride, tensor.shape[3])
            for i, stride in enumerate((8, 16, 32))
        ]
        xyxy, score = np.concatenate([x for x, _ in parts]), np.concatenate([s for _, s in parts])
        keep = nms(xyxy, score, SAME)
        return xyxy[keep], score[keep]


def _decoded(
    face: NDArray[np.float32],
    there: NDArray[np.float32],
    box: NDArray[np.float32],
    stride: int,
    width: int,
) -> Found:
    score = (face * there)[0, :, 0]
    cells = np.flatnonzero(score >= FLOOR)
    x, y = cells % (width // stride), cells // (width // stride)
    middle = (box[0, cells, :2] + np.stack([x, y], 1)) * stride
    half = np.exp(box[0, cells, 2:]) * stride / 2
    return np.concatenate([middle - half, middle + half], 1).astype(np.float32), score[cells]


class CenterFace:
    """The network as published, in floats."""

    def __init__(self) -> None:
        options = DetectOptions(kinds="face")
        self._trunk, self._head = Trunk(options), FaceHead(options)

    def __call__(self, rgb: NDArray[np.uint8]) -> Found:
        """Boxes and scores in one picture."""
        xyxy, score = self._head.boxes(self._trunk.tensors(rgb, self._head.tensors), FLOOR)
        keep = nms(xyxy, score, SAME)
        return xyxy[keep], score[keep]


def view(
    teacher: Teacher, rgb: NDArray[np.uint8], times: float, *, mirrored: bool = False
) -> Found:
    """What a teacher sees in the picture at another size, in pixels of the picture."""
    height, width = rgb.shape[:2]
    way = cv2.INTER_AREA if times < 1 else cv2.INTER_LINEAR
    shown = rgb if times == 1 else cv2.resize(rgb, None, fx=times, fy=times, interpolation=way)
    xyxy, score = teacher(np.ascontiguousarray(shown[:, ::-1] if mirrored else shown))
    if mirrored:
        xyxy = xyxy.copy()
        xyxy[:, [0, 2]] = shown.shape[1] - xyxy[:, [2, 0]]
    back = np.array([width / shown.shape[1], height / shown.shape[0]] * 2, np.float32)
    return xyxy * back, score


def joined(views: Sequence[Found]) -> list[Seen]:
    """One row for each thing that any view shows: its box is the mean of those of the views, by
    their scores."""
    xyxy = np.concatenate([x for x, _ in views])
    score = np.concatenate([s for _, s in views])
    of_view = np.repeat(np.arange(len(views)), [len(s) for _, s in views])
    free, rows = np.ones(len(score), bool), []
    for best in np.argsort(-score):
        if not free[best]:
            continue
        here = free & (iou(xyxy[best][None], xyxy)[0] >= SAME)
        here[best] = True
        free &= ~here
        chosen = [_best(np.flatnonzero(here & (of_view == v)), score) for v in range(len(views))]
        told = [i for i in chosen if i is not None]
        weight = score[told]
        box = (xyxy[told] * weight[:, None]).sum(axis=0) / weight.sum()
        mean = float(np.sort(weight)[::-1][:BEST].sum() / BEST)
        rows.append((box.astype(np.float32), mean, float(weight.max())))
    return rows


def _best(indices: NDArray[np.intp], score: NDArray[np.float32]) -> int | None:
    return int(indices[score[indices].argmax()]) if len(indices) else None


def paired(first: Sequence[Seen], second: Sequence[Seen]) -> list[list[float]]:
    """Rows (x1, y1, x2, y2, CenterFace's mean score, its best, YuNet's best), one for each object;
    0 where one of them sees nothing. Boxes are CenterFace's where it sees anything."""
    others = np.array([box for box, _, _ in second], np.float32).reshape(-1, 4)
    free, rows = np.ones(len(others), bool), []
    for box, mean, best in first:
        shared = iou(box[None], others)[0] * free if len(others) else np.zeros(0)
        other = int(shared.argmax()) if len(shared) and shared.max() >= SAME else -1
        if other >= 0:
            free[other] = False
        rows.append(_row(box, mean, best, second[other][2] if other >= 0 else 0.0))
    return rows + [_row(second[i][0], 0.0, 0.0, second[i][2]) for i in np.flatnonzero(free)]


def _row(box: NDArray[np.float32], *scores: float) -> list[float]:
    return [*(round(float(v), 1) for v in box), *(round(s, 3) for s in scores)]


def told(first: Teacher, second: Teacher, rgb: NDArray[np.uint8]) -> list[list[float]]:
    """Rows as `paired` gives them, for one picture."""
    longest = max(rgb.shape[:2])
    times = [t for t in TIMES if SIDES[0] <= t * longest <= SIDES[1]] or [1.0]
    views = [view(first, rgb, t) for t in times]
    views += [view(first, rgb, t, mirrored=True) for t in MIRRORED if t in times]
    return paired(joined(views), joined([view(second, rgb, t) for t in times]))


def main() -> None:
    """Goes over the pictures that have no line yet."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("folders", type=Path, nargs="+")
    p.add_argument(
        "--yunet",
        type=Path,
        required=True,
        help="onnx/yunet_n_dynamic.onnx of ShiqiYu/libfacedetection.train",
    )
    p.add_argument("--minutes", type=float, default=60)
    a = p.parse_args()
    until = time.monotonic() + 60 * a.minutes
    first, second = CenterFace(), YuNet(a.yunet)
    for folder in a.folders:
        with open(folder / "teachers.jsonl", "a") as out:
            for n, file in enumerate(not_yet(folder)):
                if time.monotonic() > until:
                    return
                rgb, _ = opened(folder / file)
                line = {"file": file, "size": [rgb.shape[1], rgb.shape[0]]}
                out.write(json.dumps({**line, "rows": told(first, second, rgb)}) + "\n")
                if n % 100 == 0:
                    out.flush()
                    print(n, file, flush=True)


def not_yet(folder: Path) -> list[str]:
    """Files without a line, shuffled: what is done when the time is over shall hold some of
    everything."""
    target = folder / "teachers.jsonl"
    lines = target.read_text().splitlines() if target.exists() else []
    done = {json.loads(line)["file"] for line in lines}
    entries = json.loads((folder / "annotations.json").read_text())["images"]
    files = [e["file"] for e in entries if e["file"] not in done]
    random.Random(1).shuffle(files)
    return files


if __name__ == "__main__":
    main()
