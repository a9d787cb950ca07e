"""What is known of each training picture: heads, persons and vehicles, and where nothing is known.

Labels come first. Where a set does not label persons, a public detector's notes stand for them
(`training.context.vehicles`): boxes that it sees well are persons, those that it sees weakly are
regions without loss. Heads are labelled, or computed from faces that two detectors agree on
(`training.faces.teach`).
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import Boxes, iou
from training.faces.pictures import BEST, YUNET

HEAD, PERSON, VEHICLE = KINDS = range(3)

SURE = {PERSON: 0.5, VEHICLE: 0.45}
WEAK = 0.12
"""Scores of the public detector from which a box is an object, and from which it may be one."""

FACE_SURE, FACE_WEAK = (0.45, 0.5), 0.25
"""Scores of CenterFace and YuNet from which a face is one, and from which it may be one."""

SAME_HEAD = 0.3
HELD_BACK = 25
"""One picture of so many is never trained on."""

STATION, VIEWS, HELD_VIEW = "edenhead", 4, 3
"""The set whose pictures come from few viewpoints: one of them is held back as a whole."""

NONE = np.empty((0, 4), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """One picture. For each of KINDS the boxes, (n, 4) pixels, and regions without loss, (m, 4)."""

    path: Path
    source: str
    boxes: tuple[Boxes, ...]
    unknown: tuple[Boxes, ...]


def known(
    pictures: Path, notes: Path, faces: Path, plates: list[Path], *, held_back: bool = False
) -> list[Known]:
    """Return every picture that may be trained on, or only those held back.

    pictures  folder with `annotations.json`, as shared/data/training.md describes it.
    notes     `vehicles.jsonl` of `training.context.vehicles`, for all folders.
    faces     `teachers.jsonl` of `training.faces.teach`.
    plates    folders of labelled plates: streets, where no person is labelled.
    """
    noted = {r["file"]: r for r in map(json.loads, notes.open())}
    faced = {r["file"]: r["rows"] for r in map(json.loads, faces.open())}
    entries = json.loads((pictures / "annotations.json").read_text())["images"]
    views = _views(pictures, [e["file"] for e in entries if e["source"] == STATION])
    found = []
    for entry in entries:
        name, is_station = entry["file"], entry["source"] == STATION
        is_held = (
            views[name] == HELD_VIEW if is_station else zlib.crc32(name.encode()) % HELD_BACK == 0
        )
        if is_held is held_back and (Path(name).name in noted or is_station):
            found.append(_of_people(pictures, entry, noted.get(Path(name).name), faced.get(name)))
    for folder in plates if not held_back else []:
        for entry in json.loads((folder / "annotations.json").read_text())["images"]:
            if note := noted.get(Path(entry["file"]).name):
                found.append(_of_streets(folder, entry, note))
    return found


def _of_people(pictures: Path, entry: dict[str, Any], note: Any, rows: Any) -> Known:
    boxes, unknown = _noted(note)
    heads, doubtful = _labelled(entry, "head"), NONE
    if entry["source"] == STATION:
        boxes[PERSON], unknown[PERSON] = _labelled(entry, "person"), NONE
    elif rows is None:
        doubtful = np.array([[0, 0, entry["width"], entry["height"]]], np.float32)
    else:
        told = np.array(rows, np.float32).reshape(-1, 7)
        is_face = (told[:, [BEST, YUNET]] >= FACE_SURE).all(axis=1)
        made = heads_of(told[is_face, :4])
        new = iou(made, heads).max(axis=1, initial=0) < SAME_HEAD
        heads = np.concatenate([heads, made[new]])
        may_be = ~is_face & (told[:, [BEST, YUNET]].max(axis=1) >= FACE_WEAK)
        doubtful = np.concatenate([heads_of(told[may_be, :4]), _tops(note)])
    boxes[HEAD], unknown[HEAD] = heads, doubtful
    return Known(pictures / entry["file"], entry["source"], tuple(boxes), tuple(unknown))


def _of_streets(folder: Path, entry: dict[str, Any], note: Any) -> Known:
    boxes, unknown = _noted(note)
    unknown[HEAD] = np.concatenate([NONE, _tops(note)])
    plates = np.array([_xyxy(b) for b in entry["boxes"]], np.float32).reshape(-1, 4)
    width, height = plates[:, 2:3] - plates[:, :1], plates[:, 3:] - plates[:, 1:2]
    # A plate is on a vehicle, seen or not.
    around = plates + np.concatenate([-3 * width, -8 * height, 3 * width, 5 * height], axis=1)
    unknown[VEHICLE] = np.concatenate([unknown[VEHICLE], around])
    return Known(folder / entry["file"], folder.name, tuple(boxes), tuple(unknown))


def _noted(note: Any) -> tuple[list[Boxes], list[Boxes]]:
    boxes, unknown = [NONE] * len(KINDS), [NONE] * len(KINDS)
    for kind, name in ((PERSON, "persons"), (VEHICLE, "vehicles")):
        rows = np.array(note[name] if note else [], np.float32).reshape(-1, 5)
        is_sure = rows[:, 4] >= SURE[kind]
        boxes[kind] = rows[is_sure, :4]
        unknown[kind] = rows[~is_sure & (rows[:, 4] >= WEAK), :4]
    return boxes, unknown


def _tops(note: Any) -> Boxes:
    """Where persons that the detector sees have their heads."""
    rows = np.array(note["persons"] if note else [], np.float32).reshape(-1, 5)
    tops = rows[rows[:, 4] >= WEAK, :4].copy()
    width, height = tops[:, 2] - tops[:, 0], tops[:, 3] - tops[:, 1]
    tops[:, 3] = np.minimum(tops[:, 3], tops[:, 1] + np.maximum(0.4 * height, 0.9 * width))
    return tops


def heads_of(faces: Boxes) -> Boxes:
    """Return the boxes of the heads of these faces, (n, 4), by the face's proportion."""
    sides = np.maximum(faces[:, 2:] - faces[:, :2], 1e-6)
    longer, proportion = sides.max(axis=1), sides[:, 0] / sides[:, 1]
    beside = np.interp(proportion, (0.6, 0.85), (0.55, 0.25)) * longer
    room = np.stack([-beside, -0.45 * longer, beside, 0.08 * longer], axis=1)
    return (faces + room).astype(np.float32)


def _labelled(entry: dict[str, Any], label: str) -> Boxes:
    rows = [_xyxy(b) for b in entry["boxes"] if b.get("label") == label]
    return np.array(rows, np.float32).reshape(-1, 4)


def _xyxy(b: dict[str, Any]) -> list[float]:
    return [b["x"], b["y"], b["x"] + b["w"], b["y"] + b["h"]]


def _views(pictures: Path, files: list[str]) -> dict[str, int]:
    """Number of the viewpoint of each picture: k-means of small grey copies, seeds fixed."""
    if not files:
        return {}
    small = [cv2.resize(cv2.imread(str(pictures / f), cv2.IMREAD_GRAYSCALE), (32, 18)).ravel()
             for f in files]  # fmt: skip
    rows: NDArray[np.float32] = np.stack(small).astype(np.float32)
    rows = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)
    stop, best = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 100, 1e-4), None
    for seed in range(5):
        cv2.setRNGSeed(seed)
        cost, label, _ = cv2.kmeans(rows, VIEWS, None, stop, 3, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
        if best is None or cost < best[0]:
            best = cost, label.ravel()
    assert best is not None
    return dict(zip(files, best[1].tolist(), strict=True))
