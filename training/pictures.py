"""Labelled pictures, from a folder with an `annotations.json` to arrays in memory."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

LONGEST = 1024
"""Larger pictures are made smaller on the way in: a thousand of them fit into 2 GB."""

HELD_BACK = 12
"""One picture of so many is never trained on, and tells how training goes."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One picture and its plates.

    rgb     (h, w, 3) uint8.
    xyxy    (n, 4) float32, pixels, half-open.
    ignore  (n,) bool: neither a plate nor none; nothing is learned there.
    """

    rgb: NDArray[np.uint8]
    xyxy: NDArray[np.float32]
    ignore: NDArray[np.bool_]


def load(
    folders: Sequence[Path], extra: Path | None = None, *, held_back: bool = False
) -> list[Labelled]:
    """All pictures of these folders, or only those held back.

    extra  JSON {file name: [[x1, y1, x2, y2, "plate" or "ignore"], ...]}: what the labels of the
           folders leave out.
    """
    more = json.loads(extra.read_text()) if extra else {}
    found = []
    for folder in folders:
        if "-dev-" in folder.name:
            raise ValueError(f"{folder.name} is for measuring, never for training")
        for entry in json.loads((folder / "annotations.json").read_text())["images"]:
            if (zlib.crc32(entry["file"].encode()) % HELD_BACK == 0) is held_back:
                found.append(
                    labelled(
                        folder / entry["file"],
                        entry["boxes"],
                        more.get(Path(entry["file"]).name, []),
                    )
                )
    return found


def labelled(path: Path, boxes: list[dict[str, float]], more: list[list[float]]) -> Labelled:
    """One picture; `more` are rows of the `extra` file."""
    bgr = cv2.imread(str(path))
    if bgr is None:
        raise ValueError(f"{path.name} cannot be read")
    rows = [[b["x"], b["y"], b["x"] + b["w"], b["y"] + b["h"], bool(b["ignore"])] for b in boxes]
    rows += [[*m[:4], m[4] == "ignore"] for m in more]
    table = np.array(rows, np.float32).reshape(-1, 5)
    scale = min(1.0, LONGEST / max(bgr.shape[:2]))
    if scale < 1:
        bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return Labelled(
        np.ascontiguousarray(bgr[..., ::-1]), table[:, :4] * np.float32(scale), table[:, 4] > 0
    )
