"""Labelled pictures, from a folder with an `annotations.json` to arrays in memory."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

LONGEST = 1024
"""Larger pictures are made smaller on the way in: a thousand of them fit into 2 GB."""

ALIKE = "alike"
"""Marks a hard negative in the `extra` file, beside "plate" and "ignore"."""

OTHER_LABELS = ("head", "person", "face", "nose")
"""What sets of people label beside plates."""

HELD_BACK = 12
"""One picture of so many is never trained on, and tells how training goes."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One picture and its plates.

    rgb     (h, w, 3) uint8.
    xyxy    (n, 4) float32, pixels, half-open.
    ignore  (n,) bool: neither a plate nor none; nothing is learned there.
    alike   (k, 4) float32: things without a plate that a network took for one (hard negatives).
    """

    rgb: NDArray[np.uint8]
    xyxy: NDArray[np.float32]
    ignore: NDArray[np.bool_]
    alike: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 4), np.float32))


def load(
    folders: Sequence[Path], extra: Path | None = None, *, held_back: bool = False
) -> list[Labelled]:
    """All pictures of these folders, or only those held back.

    extra  JSON {file name: [[x1, y1, x2, y2, "plate", "ignore" or "alike"], ...]}: what the labels
           of the folders leave out. Pictures without a plate count only if they stand in it.
    """
    more = json.loads(extra.read_text()) if extra else {}
    found = []
    for folder in folders:
        if "-dev-" in folder.name:
            raise ValueError(f"{folder.name} is for measuring, never for training")
        for entry in json.loads((folder / "annotations.json").read_text())["images"]:
            named = more.get(Path(entry["file"]).name, [])
            if not named and not any(is_plate(b) for b in entry["boxes"]):
                continue  # of pictures without a plate only those that a person looked at
            if (zlib.crc32(entry["file"].encode()) % HELD_BACK == 0) is held_back:
                found.append(labelled(folder / entry["file"], entry["boxes"], named))
    return found


def is_plate(box: dict[str, Any]) -> bool:
    """Return whether a row of an annotation is a plate (or ignored); sets of people label
    others."""
    return box.get("label", "plate") not in OTHER_LABELS


def labelled(path: Path, boxes: list[dict[str, Any]], more: list[list[float]]) -> Labelled:
    """One picture; `more` are rows of the `extra` file."""
    rgb, scale = opened(path)
    rows = [
        [b["x"], b["y"], b["x"] + b["w"], b["y"] + b["h"], bool(b["ignore"])]
        for b in boxes
        if is_plate(b)
    ]
    rows += [[*m[:4], m[4] == "ignore"] for m in more if m[4] != ALIKE]
    table = np.array(rows, np.float32).reshape(-1, 5)
    alike = np.array([m[:4] for m in more if m[4] == ALIKE], np.float32).reshape(-1, 4)
    return Labelled(
        rgb,
        table[:, :4] * np.float32(scale),
        table[:, 4] > 0,
        alike * np.float32(scale),
    )


def opened(path: Path) -> tuple[NDArray[np.uint8], float]:
    """Return the picture, (h, w, 3), of LONGEST pixels at most, and its scale, 1 or less.

    Raises ValueError if it cannot be read.
    """
    bgr = cv2.imread(str(path))
    if bgr is None:
        raise ValueError(f"{path.name} cannot be read")
    scale = min(1.0, LONGEST / max(bgr.shape[:2]))
    if scale < 1:
        bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(bgr[..., ::-1], np.uint8), scale
