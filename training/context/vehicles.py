"""Notes where a public detector sees vehicles and persons in the training pictures.

    python -m training.context.vehicles YOLOX.onnx RUN --data FOLDER...

YOLOX.onnx is `model/yolox_nano.onnx` of Kazuhito00/YOLOX-ONNX-TFLite-Sample (Apache-2.0), 416x416.
It only teaches, and never becomes part of efface. RUN/vehicles.jsonl gets a line for each picture:
{"file", "persons", "vehicles"}, rows of x1, y1, x2, y2, score. The same command goes on
where it stopped.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import Boxes, nms

SIDE = 416
LEAST = 0.05
SAME = 0.55

PERSON = (5,)
VEHICLES = (6, 7, 8, 10, 11, 12)
"""Columns of the output: bicycle, car, motorcycle, bus, train and truck of COCO."""

CLOSER = 1.8
"""A second look, in tiles, shows the picture this many times as large as the first one."""

CUT = 4
"""Pixels: a box that ends so near an inner edge of a tile is cut off there."""

Found = tuple[Boxes, NDArray[np.float32]]


class Teacher:
    """YOLOX (Ge et al. 2021, arXiv 2107.08430) by ONNX Runtime."""

    def __init__(self, model: Path) -> None:
        import onnxruntime as ort

        settings = ort.SessionOptions()
        settings.intra_op_num_threads = 1
        self._session: Any = ort.InferenceSession(
            str(model), settings, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        cells = [(SIDE // step, step) for step in (8, 16, 32)]
        self._cell = np.concatenate([np.stack(np.meshgrid(*[np.arange(n)] * 2), 2).reshape(-1, 2)
                                     for n, _ in cells])  # fmt: skip
        self._step = np.concatenate([np.full((n * n, 1), step) for n, step in cells])

    def see(self, bgr: NDArray[np.uint8]) -> tuple[Found, Found]:
        """Persons and vehicles in a picture (h, w, 3)."""
        parts: list[list[Found]] = [[], []]
        for view, scale, corner in _views(bgr):
            for part, (xyxy, score) in zip(parts, self._look(view), strict=True):
                whole = ~_is_cut(xyxy, corner, np.array(bgr.shape[1::-1]) * scale)
                moved = (xyxy[whole] + np.tile(corner, 2)) / scale
                part.append((moved.astype(np.float32), score[whole]))
        limit = np.tile(np.array(bgr.shape[1::-1], np.float32), 2)
        joined = [tuple(np.concatenate(v) for v in zip(*part, strict=True)) for part in parts]
        kept = [(np.clip(b, 0, limit), s) for b, s in joined]
        first, second = ((b[k := nms(b, s, SAME)], s[k]) for b, s in kept)
        return first, second

    def _look(self, view: NDArray[np.uint8]) -> list[Found]:
        square = np.full((SIDE, SIDE, 3), 114, np.uint8)
        square[: view.shape[0], : view.shape[1]] = view
        tensor = np.ascontiguousarray(square.transpose(2, 0, 1)[None], np.float32)
        (out,) = self._session.run(None, {self._input: tensor})
        middle, half = (
            (out[0, :, :2] + self._cell) * self._step,
            np.exp(out[0, :, 2:4]) * self._step / 2,
        )
        xyxy = np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)
        scores = [out[0, :, 4] * out[0][:, list(c)].max(axis=1) for c in (PERSON, VEHICLES)]
        return [(xyxy[s > LEAST], s[s > LEAST].astype(np.float32)) for s in scores]


def _views(
    bgr: NDArray[np.uint8],
) -> Iterator[tuple[NDArray[np.uint8], float, NDArray[np.float64]]]:
    """The whole picture, and up to four tiles of a larger copy: pixels, scale, corner."""
    longest = max(bgr.shape[:2])
    whole = SIDE / longest
    yield _scaled(bgr, whole), whole, np.zeros(2)
    scale = min(2.0, CLOSER * whole)
    large = _scaled(bgr, scale)
    for y in sorted({0, max(0, large.shape[0] - SIDE)}):
        for x in sorted({0, max(0, large.shape[1] - SIDE)}):
            yield large[y : y + SIDE, x : x + SIDE], scale, np.array([x, y], np.float64)


def _scaled(bgr: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=how)[:, :], np.uint8)


def _is_cut(
    xyxy: Boxes, corner: NDArray[np.float64], size_wh: NDArray[np.float64]
) -> NDArray[np.bool_]:
    low = (corner > 0) & (xyxy[:, :2] < CUT)
    high = (corner + SIDE < size_wh - 1) & (xyxy[:, 2:] > SIDE - CUT)
    return np.asarray((low | high).any(axis=1), np.bool_)


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("model", type=Path)
    p.add_argument("run", type=Path)
    p.add_argument("--data", type=Path, nargs="+", required=True)
    a = p.parse_args()
    a.run.mkdir(parents=True, exist_ok=True)
    target, teacher = a.run / "vehicles.jsonl", Teacher(a.model)
    lines = target.read_text().splitlines() if target.exists() else []
    done = {json.loads(line)["file"] for line in lines}
    with target.open("a") as out:
        for path in pictures_of(a.data):
            bgr = cv2.imread(str(path))
            if path.name in done or bgr is None:
                continue
            found = (np.column_stack(f).round(3).tolist() for f in teacher.see(bgr))
            row = {"file": path.name, **dict(zip(("persons", "vehicles"), found, strict=True))}
            out.write(json.dumps(row) + "\n")
            out.flush()


def pictures_of(folders: list[Path]) -> Iterator[Path]:
    """Every picture that the folders' `annotations.json` name. Raises ValueError for a folder that
    is for measuring."""
    for folder in folders:
        if "-dev-" in folder.name:
            raise ValueError(f"{folder.name} is for measuring, never for training")
        for entry in json.loads((folder / "annotations.json").read_text())["images"]:
            yield folder / entry["file"]


if __name__ == "__main__":
    main()
