"""Where a trained network sees plates that no label names: distant plates are often left out of the
labels.

    python -m training.mine NETWORK.onnx --data ../shared/data/plates-train-* --to FOLDER

Writes contact sheets with a number at each place, and `candidates.json`. A person looks, and says
with --accept 1,2,5-9 which are plates (and which --ignore); the rest stays what it was: no plate.
That makes `extra-boxes.json` for training.train --extra.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from efface.geometry import iou, nms
from training import pictures
from training.trunk import TENSORS, Trunk

SCORE = 0.3
"""From which a place is worth a look."""

ROW, TILE_WH = 8, (200, 120)
"""Places in a row of a sheet, and pixels of each."""

ROWS = 10


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("network", type=Path, nargs="?")
    p.add_argument("--data", type=Path, nargs="+", default=[])
    p.add_argument("--model", type=Path, default=Path("src/efface/detect/models/centerface.onnx"))
    p.add_argument("--to", type=Path, required=True)
    p.add_argument("--accept", default="")
    p.add_argument("--ignore", default="")
    a = p.parse_args()
    a.to.mkdir(parents=True, exist_ok=True)
    if a.network:
        find(a.network, a.model, a.data, a.to)
    else:
        decide(a.to, _numbers(a.accept), _numbers(a.ignore))


def find(network: Path, model: Path, folders: list[Path], to: Path) -> None:
    """Candidates and their sheets."""
    trunk = Trunk(model.read_bytes(), 1)
    session = ort.InferenceSession(network.read_bytes(), providers=["CPUExecutionProvider"])
    candidates, tiles = [], []
    for folder in folders:
        for entry in json.loads((folder / "annotations.json").read_text())["images"]:
            picture = pictures.labelled(folder / entry["file"], entry["boxes"], [])
            for box, score in unlabelled(picture, trunk, session):
                scale = entry["width"] / picture.rgb.shape[1]
                candidates.append(
                    [
                        Path(entry["file"]).name,
                        *(round(float(v) * scale, 1) for v in box),
                        round(float(score), 2),
                    ]
                )
                tiles.append(_tile(picture.rgb, box, len(tiles)))
    (to / "candidates.json").write_text(json.dumps(candidates))
    for i in range(0, len(tiles), ROW * ROWS):
        some = tiles[i : i + ROW * ROWS]
        some += [np.zeros_like(some[0])] * (-len(some) % ROW)
        sheet = np.concatenate(
            [np.concatenate(some[j : j + ROW], axis=1) for j in range(0, len(some), ROW)]
        )
        cv2.imwrite(str(to / f"sheet-{i // (ROW * ROWS):02d}.png"), sheet[..., ::-1])
    print(f"{len(candidates)} places")


def unlabelled(
    picture: pictures.Labelled, trunk: Trunk, session: ort.InferenceSession
) -> list[tuple[NDArray[np.float32], np.float32]]:
    """(box, score) of what the network sees in the picture's own size, and no label overlaps."""
    height, width = picture.rgb.shape[:2]
    canvas = np.zeros((1, -(-height // 32) * 32, -(-width // 32) * 32, 3), np.uint8)
    canvas[0, :height, :width] = picture.rgb
    heat, sides = (
        m[0]
        for m in session.run(
            ["heat", "sides"], dict(zip(TENSORS, trunk.features(canvas), strict=True))
        )
    )
    rows, columns = np.nonzero(heat[0] >= SCORE)
    x, y, (left, top, right, bottom) = (
        (columns + 0.5) * 4,
        (rows + 0.5) * 4,
        sides[:, rows, columns],
    )
    boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=1).astype(np.float32)
    score = heat[0, rows, columns]
    keep = nms(boxes, score, 0.3)
    boxes, score = boxes[keep], score[keep]
    is_new = ~(iou(boxes, picture.xyxy) > 0.1).any(axis=1)
    return list(zip(boxes[is_new], score[is_new], strict=True))


def _tile(rgb: NDArray[np.uint8], box: NDArray[np.float32], number: int) -> NDArray[np.uint8]:
    """The place, with as much around it again on every side, and its number."""
    wide, tall = TILE_WH
    reach = max(box[2] - box[0], (box[3] - box[1]) * wide / tall, 24) * 1.3
    scale = wide / (2 * reach)
    middle = (box[:2] + box[2:]) / 2
    matrix = np.array(
        [[scale, 0, wide / 2 - scale * middle[0]], [0, scale, tall / 2 - scale * middle[1]]]
    )
    tile = cv2.warpAffine(rgb, matrix, TILE_WH, flags=cv2.INTER_AREA)
    corners = (matrix[:, :2] @ box.reshape(2, 2).T + matrix[:, 2:]).T.astype(int)
    cv2.rectangle(tile, tuple(corners[0] - 2), tuple(corners[1] + 2), (255, 40, 40), 1)
    cv2.putText(
        tile, str(number), (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 0), 1, cv2.LINE_AA
    )
    return np.asarray(tile, np.uint8)


def decide(folder: Path, accepted: set[int], ignored: set[int]) -> None:
    """Prints the JSON of the places that a person named."""
    extra: dict[str, list[list[object]]] = {}
    for i, (name, x1, y1, x2, y2, _) in enumerate(
        json.loads((folder / "candidates.json").read_text())
    ):
        if i in accepted | ignored:
            extra.setdefault(name, []).append(
                [x1, y1, x2, y2, "plate" if i in accepted else "ignore"]
            )
    lines = ",\n".join(
        f" {json.dumps(name)}: {json.dumps(boxes)}" for name, boxes in sorted(extra.items())
    )
    print("{\n" + lines + "\n}")


def _numbers(text: str) -> set[int]:
    spans = [part.split("-") for part in text.split(",") if part]
    return {n for span in spans for n in range(int(span[0]), int(span[-1]) + 1)}


if __name__ == "__main__":
    main()
