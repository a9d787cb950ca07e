"""Training pictures with what the teachers and people say of them: faces, things that are none, and
places of which nothing is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import iou, overlap

SEEN = Path(__file__).with_name("seen-by-eye.json")
"""What a person saw in places that the teachers doubt: {file: [[x1, y1, x2, y2, "face", "none" or
"unclear"], ...]}, in pixels as in `teachers.jsonl`."""

FACE, UNKNOWN, NONE = 1, 0, -1
SAID = {"face": FACE, "unclear": UNKNOWN, "none": NONE}

MEAN, BEST, YUNET = 4, 5, 6
"""Columns of the teachers' rows."""

SMALL = 28.0
"""Height in pixels below which a place is a face to nobody only if both see next to nothing: of
small faces in crowds a third score no more."""

LEAST_NONE = 0.15
"""A thing that is no face is taught only if its best view scores as much. Weaker ones would not be
erased anyway."""

LEAST_BOX = 0.15
"""CenterFace's score below which a box is YuNet's, which draws tighter ones."""

SAME, SAME_SEEN = 0.3, 0.6
"""IoU from which a labelled face and one that teachers see are the same, and from which a person
looked at the same place."""

NOWHERE = np.empty((0, 4), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """One picture and its faces.

    jpeg    the picture as it is stored: four thousand of them fit into memory.
    size_wh to which it is brought when it is opened.
    xyxy    (n, 4) float32, pixels, half-open.
    ignore  (n,) bool: neither a face nor none.
    loose   (n,) bool: there is a face, and its box is not known well.
    alike   (k, 4) float32: things that a network took for a face, and that are none.
    """

    jpeg: bytes
    size_wh: tuple[int, int]
    xyxy: NDArray[np.float32]
    ignore: NDArray[np.bool_]
    loose: NDArray[np.bool_]
    alike: NDArray[np.float32] = field(default_factory=lambda: NOWHERE)

    def rgb(self) -> NDArray[np.uint8]:
        """(h, w, 3)."""
        bgr = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if (bgr.shape[1], bgr.shape[0]) != self.size_wh:
            bgr = cv2.resize(bgr, self.size_wh, interpolation=cv2.INTER_AREA)
        return np.asarray(bgr[..., ::-1], np.uint8)


def load(folders: Sequence[Path], seen: Path = SEEN) -> list[Faces]:
    """Every picture of the folders of which the teachers have spoken.

    Raises ValueError for a folder that is for measuring.
    """
    by_eye = json.loads(seen.read_text())
    found = []
    for folder in folders:
        if "-dev-" in folder.name:
            raise ValueError(f"{folder.name} is for measuring, never for training")
        entries = json.loads((folder / "annotations.json").read_text())["images"]
        named = {e["file"]: e for e in entries}
        for line in (folder / "teachers.jsonl").read_text().splitlines():
            told = json.loads(line)
            entry = named.get(told["file"])
            if entry is not None:
                found.append(_faces(folder, entry, told, by_eye.get(told["file"], [])))
    return found


def judged(rows: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return (n,) FACE, NONE or UNKNOWN, by what the teachers score together."""
    mean, best, other = rows[:, MEAN], rows[:, BEST], rows[:, YUNET]
    is_face = (
        (mean >= 0.55)
        | ((mean >= 0.35) & (other >= 0.4))
        | ((mean >= 0.22) & (other >= 0.65))
        | ((best >= 0.35) & (other >= 0.8))
    )
    is_none = np.where(
        rows[:, 3] - rows[:, 1] < SMALL,
        (best < 0.1) & (other < 0.1),
        (mean < 0.12) & (best < 0.3) & (other < 0.25),
    )
    return np.where(is_face, FACE, np.where(is_none, NONE, UNKNOWN)).astype(np.int8)


def _faces(
    folder: Path, entry: dict[str, Any], told: dict[str, Any], by_eye: list[list[Any]]
) -> Faces:
    rows = np.array(told["rows"], np.float32).reshape(-1, 7)
    scale = told["size"][0] / entry["width"]
    named = labelled(entry, "face", scale)
    said = judged(rows)
    said[_are_among(rows[:, :4], named) & (said == UNKNOWN)] = FACE
    if has_all_heads(entry):  # what lies on none of them is no face
        said[~on_a_head(rows[:, :4], labelled(entry, "head", scale))] = NONE
    for x1, y1, x2, y2, word in by_eye:
        shared = iou(np.array([[x1, y1, x2, y2]], np.float32), rows[:, :4])[0]
        if len(shared) and shared.max() >= SAME_SEEN:
            said[shared.argmax()] = SAID[word]
    kept, alike = rows[said != NONE], rows[(said == NONE) & (rows[:, BEST] >= LEAST_NONE), :4]
    unseen = named[~_are_among(named, kept[:, :4])]
    xyxy = np.concatenate([kept[:, :4], unseen])
    return Faces(
        (folder / entry["file"]).read_bytes(),
        tuple(told["size"]),
        xyxy,
        np.concatenate([said[said != NONE] == UNKNOWN, np.zeros(len(unseen), bool)]),
        np.concatenate([kept[:, MEAN] < LEAST_BOX, np.ones(len(unseen), bool)]),
        alike[~_are_among(alike, xyxy)],
    )


def has_all_heads(entry: dict[str, Any]) -> bool:
    """Return whether every head in the picture is labelled."""
    return "head" in (entry.get("labels") or ()) and not entry.get("partial")


def labelled(entry: dict[str, Any], label: str, scale: float) -> NDArray[np.float32]:
    """Return the boxes of a kind, (n, 4), in pixels of the picture as the teachers saw it."""
    rows = [
        [b["x"], b["y"], b["x"] + b["w"], b["y"] + b["h"]]
        for b in entry["boxes"]
        if b.get("label") == label
    ]
    return np.array(rows, np.float32).reshape(-1, 4) * np.float32(scale)


def _are_among(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    if not len(others) or not len(boxes):
        return np.zeros(len(boxes), bool)
    return np.asarray((iou(boxes, others) >= SAME).any(axis=1), np.bool_)


def on_a_head(boxes: NDArray[np.float32], heads: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (n,) whether half of a box or more lies in one of the heads."""
    if not len(boxes) or not len(heads):
        return np.zeros(len(boxes), bool)
    inside = overlap(boxes, heads) / np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)[:, None]
    return np.asarray((inside >= 0.5).any(axis=1), np.bool_)
