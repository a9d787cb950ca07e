"""Training pictures with what the teachers and people say of them: faces, and places of which
nothing is known."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import iou, overlap
from training.pictures import LONGEST

FIRM = ((0.6, 0.0), (0.0, 0.8), (0.4, 0.4), (0.3, 0.6))
"""Scores of CenterFace and YuNet that together make a face, in any of these pairs."""

NOTHING, NOTHING_SMALL, SMALL = (0.3, 0.2), (0.1, 0.08), 28.0
"""Scores of CenterFace and YuNet below which what both see is no face: nine in ten of them are
none. What is lower than SMALL pixels has to be seen by less: of small faces in crowds a third
scores no more than that. What lies between is neither learned as a face nor as none."""

SAME = 0.3
"""IoU from which a labelled face and one that teachers see are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """One picture and its faces.

    jpeg    the picture as it is stored: four thousand of them fit into memory.
    size_wh to which it is brought when it is opened.
    xyxy    (n, 4) float32, pixels, half-open.
    ignore  (n,) bool: neither a face nor none.
    loose   (n,) bool: there is a face, and its box is not known well.
    """

    jpeg: bytes
    size_wh: tuple[int, int]
    xyxy: NDArray[np.float32]
    ignore: NDArray[np.bool_]
    loose: NDArray[np.bool_]

    def rgb(self) -> NDArray[np.uint8]:
        """(h, w, 3)."""
        bgr = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if (bgr.shape[1], bgr.shape[0]) != self.size_wh:
            bgr = cv2.resize(bgr, self.size_wh, interpolation=cv2.INTER_AREA)
        return np.asarray(bgr[..., ::-1], np.uint8)


def load(folder: Path) -> list[Faces]:
    """Every picture of the folder of which the teachers have spoken.

    Raises ValueError for a folder that is for measuring.
    """
    if "-dev-" in folder.name:
        raise ValueError(f"{folder.name} is for measuring, never for training")
    entries = {
        i["file"]: i for i in json.loads((folder / "annotations.json").read_text())["images"]
    }
    lines = (json.loads(line) for line in (folder / "teachers.jsonl").read_text().splitlines())
    return [
        _faces(folder, entries[told["file"]], told) for told in lines if told["file"] in entries
    ]


def _faces(folder: Path, entry: dict[str, Any], told: dict[str, Any]) -> Faces:
    rows = np.array(told["rows"], np.float32).reshape(-1, 6)
    limits = np.where(
        rows[:, [3]] - rows[:, [1]] < SMALL, np.array([NOTHING_SMALL]), np.array([NOTHING])
    )
    rows = rows[(rows[:, 4:6] >= limits).any(axis=1)]
    scale = min(1.0, LONGEST / max(entry["width"], entry["height"]))
    named = _labelled(entry, "face", scale)
    xyxy, is_firm = rows[:, :4], _are_firm(rows) | _are_named(rows[:, :4], named)
    if "head" in (entry["labels"] or ()) and not entry.get("partial"):
        # All heads are labelled here, so what lies on none of them is no face.
        on_head = _on_a_head(xyxy, _labelled(entry, "head", scale))
        xyxy, is_firm = xyxy[on_head], is_firm[on_head]
    unseen = named[~_are_named(named, xyxy)] if len(named) else named
    ignore, loose = (
        np.concatenate([~is_firm, np.zeros(len(unseen), bool)]),
        np.zeros(len(xyxy) + len(unseen), bool),
    )
    loose[len(xyxy) :] = True
    jpeg = (folder / entry["file"]).read_bytes()
    return Faces(jpeg, tuple(told["size"]), np.concatenate([xyxy, unseen]), ignore, loose)


def _labelled(entry: dict[str, Any], label: str, scale: float) -> NDArray[np.float32]:
    rows = [
        [b["x"], b["y"], b["x"] + b["w"], b["y"] + b["h"]]
        for b in entry["boxes"]
        if b["label"] == label
    ]
    return np.array(rows, np.float32).reshape(-1, 4) * np.float32(scale)


def _are_firm(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    first, second = rows[:, 4], rows[:, 5]
    return np.any([(first >= a) & (second >= b) for a, b in FIRM], axis=0)


def _are_named(boxes: NDArray[np.float32], named: NDArray[np.float32]) -> NDArray[np.bool_]:
    return (
        (iou(boxes, named) >= SAME).any(axis=1)
        if len(named) and len(boxes)
        else np.zeros(len(boxes), bool)
    )


def _on_a_head(boxes: NDArray[np.float32], heads: NDArray[np.float32]) -> NDArray[np.bool_]:
    if not len(boxes) or not len(heads):
        return np.zeros(len(boxes), bool)
    inside = overlap(boxes, heads) / np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)[:, None]
    return np.asarray((inside >= 0.5).any(axis=1), np.bool_)
