"""Writes what two teachers see in training pictures:

CenterFace, and YuNet as published, each at several sizes.

    python -m training.faces.teach PICTURES yunet_n_dynamic.onnx [--minutes 60]

PICTURES is a folder with an `annotations.json` (see training/README.md). `teachers.jsonl` beside it
gets a line a picture, and the same command goes on where it stopped. A pupil learns to see in
spoiled pictures what these see in the clean ones.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from efface.detect.faces import FaceHead
from efface.detect.trunk import Trunk
from efface.geometry import iou, nms
from efface.options import DetectOptions
from training.pictures import LONGEST

TIMES = {"centerface": (1.0, 0.5, 0.25), "yunet": (2.0, 1.0, 0.5, 0.25)}
"""Sizes at which each teacher looks."""

SIDES = (160, 1300)
"""Longer sides, in pixels, of the smallest and the largest picture that a teacher is shown."""

FLOOR = 0.08
SAME = 0.4

Found = tuple[NDArray[np.float32], NDArray[np.float32]]


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
    """efface's own first network."""

    def __init__(self) -> None:
        options = DetectOptions(kinds="face")
        self._trunk, self._head = Trunk(options), FaceHead(options)

    def __call__(self, rgb: NDArray[np.uint8]) -> Found:
        """Boxes and scores in one picture."""
        xyxy, score = self._head.boxes(self._trunk.tensors(rgb, self._head.tensors), FLOOR)
        keep = nms(xyxy, score, SAME)
        return xyxy[keep], score[keep]


def seen(teacher: CenterFace | YuNet, rgb: NDArray[np.uint8], times: Iterable[float]) -> Found:
    """What a teacher sees at several sizes, in pixels of the picture."""
    parts = []
    for share in times:
        if SIDES[0] <= share * max(rgb.shape[:2]) <= SIDES[1]:
            way = cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR
            small = (
                rgb
                if share == 1
                else np.asarray(
                    cv2.resize(rgb, None, fx=share, fy=share, interpolation=way), np.uint8
                )
            )
            xyxy, score = teacher(small)
            shrink = np.tile(
                np.array(
                    [rgb.shape[1] / small.shape[1], rgb.shape[0] / small.shape[0]], np.float32
                ),
                2,
            )
            parts.append((xyxy * shrink, score))
    if not parts:
        return np.empty((0, 4), np.float32), np.empty(0, np.float32)
    xyxy, score = np.concatenate([x for x, _ in parts]), np.concatenate([s for _, s in parts])
    keep = nms(xyxy, score, SAME)
    return xyxy[keep], score[keep]


def paired(first: Found, second: Found) -> list[list[float]]:
    """Rows (x1, y1, x2, y2, score of the first, of the second), one for each object; 0 where one of
    them sees nothing."""
    (xyxy, score), (other, other_score) = first, second
    rows, free = [], np.ones(len(other), bool)
    for box, s in zip(xyxy, score, strict=True):
        overlap = iou(box[None], other)[0] * free if len(other) else np.zeros(0)
        best = int(overlap.argmax()) if len(overlap) and overlap.max() >= SAME else -1
        if best >= 0:
            free[best] = False
            box = (box + other[best]) / 2
        rows.append(
            [
                *np.round(box, 1).tolist(),
                round(float(s), 3),
                round(float(other_score[best]), 3) if best >= 0 else 0.0,
            ]
        )
    alone = zip(other[free], other_score[free], strict=True)
    return rows + [[*np.round(box, 1).tolist(), 0.0, round(float(s), 3)] for box, s in alone]


def main() -> None:
    """Goes over the pictures that have no line yet."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("pictures", type=Path)
    p.add_argument(
        "yunet", type=Path, help="onnx/yunet_n_dynamic.onnx of ShiqiYu/libfacedetection.train"
    )
    p.add_argument("--minutes", type=float, default=60)
    a = p.parse_args()
    until, target = time.monotonic() + 60 * a.minutes, a.pictures / "teachers.jsonl"
    done = (
        {json.loads(line)["file"] for line in target.read_text().splitlines()}
        if target.exists()
        else set()
    )
    files = [i["file"] for i in json.loads((a.pictures / "annotations.json").read_text())["images"]]
    random.Random(1).shuffle(
        files
    )  # what is done when the time is over shall hold some of everything
    first, second = CenterFace(), YuNet(a.yunet)
    with open(target, "a") as out:
        for n, file in enumerate(f for f in files if f not in done):
            if time.monotonic() > until:
                break
            bgr = cv2.imread(str(a.pictures / file))
            scale = min(1.0, LONGEST / max(bgr.shape[:2]))
            bgr = (
                cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                if scale < 1
                else bgr
            )
            rgb = np.ascontiguousarray(bgr[..., ::-1])
            rows = paired(seen(first, rgb, TIMES["centerface"]), seen(second, rgb, TIMES["yunet"]))
            out.write(
                json.dumps({"file": file, "size": [rgb.shape[1], rgb.shape[0]], "rows": rows})
                + "\n"
            )
            if n % 100 == 0:
                out.flush()
                print(n, file, flush=True)


if __name__ == "__main__":
    main()
