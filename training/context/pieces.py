"""Pieces of pictures around plates, look-alikes and arbitrary places, as features, with labels.

    python -m training.context.pieces RUN --data FOLDER... --alike training/look-alikes.json

RUN holds `vehicles.jsonl`, see `training.context.vehicles`. RUN/pieces.npz gets `features`
(n, 32, 24, 24) float16: the shared network's map at stride 8, of a piece of 192x192 with the place
in its middle, and `labels` (n, 3) float32: is it a plate, is it on a vehicle (NaN where nobody
knows), is it held back from training.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from efface.detect.plate_context import PLATE_PX, SIDE
from efface.detect.trunk import Trunk
from efface.options import DetectOptions
from training.augment import photographed
from training.context.vehicles import pictures_of
from training.context.whole import INPUT

HELD_BACK = 25
"""One picture of so many."""

ANYWHERE = 3
"""Places of each picture that are neither plates nor look-alikes."""

ON, OFF = 0.4, 0.1
"""A place is on a vehicle if the teacher's best box around it scores this much, and on none below
the second; between them nothing is learned."""

WIDER = 1.5
"""A vehicle is at least this many times as wide as its plate."""

LEAST_PX = 8
FLOATS = 0.3
"""Share of the pieces that the network of floats sees; the one of integers sees the others."""

Place = tuple[NDArray[np.float64], float]
"""A box, and whether it is a plate: 1, 0, or NaN."""


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("run", type=Path)
    p.add_argument("--data", type=Path, nargs="+", required=True)
    p.add_argument("--alike", type=Path, required=True)
    a = p.parse_args()
    cv2.setNumThreads(1)
    seen = {r["file"]: r for r in map(json.loads, (a.run / "vehicles.jsonl").open())}
    told = labelled_plates(a.data, json.loads(a.alike.read_text()))
    trunks = [Trunk(DetectOptions(kinds="plate", precision=k), 1) for k in ("int8", "float32")]
    features, labels = [], []
    for path in pictures_of(a.data):
        rng = np.random.default_rng(zlib.crc32(path.name.encode()))
        bgr = cv2.imread(str(path))
        if bgr is None:
            continue
        rgb = np.ascontiguousarray(bgr[..., ::-1])
        vehicles = _rows(seen.get(path.name), "vehicles")
        for box, is_plate in _places(rng, rgb, told.get(path.name, []), seen.get(path.name)):
            shown = photographed(rng, piece(rng, rgb, box))
            trunk = trunks[int(rng.random() < FLOATS)]
            features.append(trunk.tensors(shown, [INPUT])[INPUT][0].astype(np.float16))
            on = 1.0 if is_plate == 1 else _on_a_vehicle(box, vehicles)
            labels.append((is_plate, on, zlib.crc32(path.name.encode()) % HELD_BACK == 0))
    np.savez(a.run / "pieces.npz", features=np.stack(features), labels=np.array(labels, np.float32))
    print(f"{len(labels)} pieces")


def labelled_plates(
    folders: list[Path], alike: dict[str, list[list[float | str]]]
) -> dict[str, list[Place]]:
    """Plates by the folders' labels, and plates and look-alikes that a person told apart, by the
    pictures' names."""
    told: dict[str, list[Place]] = {}
    for folder in folders:
        for entry in json.loads((folder / "annotations.json").read_text())["images"]:
            for b in entry["boxes"]:
                if b.get("label", "plate") == "plate" and not b.get("ignore"):
                    box = np.array([b["x"], b["y"], b["x"] + b["w"], b["y"] + b["h"]], np.float64)
                    told.setdefault(Path(entry["file"]).name, []).append((box, 1.0))
    for name, rows in alike.items():
        for *xyxy, kind in rows:
            place = (np.array(xyxy, np.float64), float(kind == "plate"))
            told.setdefault(name, []).append(place)
    return told


def _places(
    rng: Generator, rgb: NDArray[np.uint8], told: list[Place], seen: dict | None
) -> Iterator[Place]:  # type: ignore[type-arg]
    twice = 2 if len(told) < 4 else 1
    for box, is_plate in told:
        for _ in range(twice if is_plate == 1 else 1):
            if box[2] - box[0] >= LEAST_PX:
                yield box, is_plate
    if seen is None:
        return
    people, vehicles = (_rows(seen, k) for k in ("persons", "vehicles"))
    for _ in range(ANYWHERE):
        yield _anywhere(rng, rgb.shape[1::-1], _sure(people), _sure(vehicles)), np.nan


def _anywhere(
    rng: Generator, size_wh: tuple[int, ...], people: NDArray, vehicles: NDArray
) -> NDArray[np.float64]:  # type: ignore[type-arg]
    """A box shaped like a plate: on a person, on a vehicle, or anywhere."""
    which = rng.random()
    on = people if which < 0.4 else vehicles if which < 0.75 else vehicles[:0]
    if len(on):
        x1, y1, x2, y2 = on[rng.integers(len(on)), :4]
        width, middle = (
            (x2 - x1) * rng.uniform(0.12, 0.5),
            (rng.uniform(x1, x2), rng.uniform(y1, y2)),
        )
    else:
        width = float(np.exp(rng.uniform(np.log(12), np.log(150))))
        middle = (rng.uniform(0, size_wh[0]), rng.uniform(0, size_wh[1]))
    half = np.array([max(width, 10.0), max(width, 10.0) / rng.uniform(1.3, 4.5)]) / 2
    return np.concatenate([middle - half, middle + half])


def piece(rng: Generator, rgb: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3): the place in the middle, about PLATE_PX long, turned a little, stretched,
    half of them mirrored; black outside of the picture."""
    times = PLATE_PX * np.exp(rng.normal(0, 0.12)) / max((box[2:] - box[:2]).max(), 1.0)
    angle = np.radians(rng.normal(0, 5))
    c, s = np.cos(angle), np.sin(angle)
    linear = np.array([[c, -s], [s, c]]) @ np.diag(times * np.exp(rng.normal(0, 0.08, 2)))
    linear[:, 0] *= rng.choice([-1, 1])
    middle = (box[:2] + box[2:]) / 2 + rng.normal(0, 0.12, 2) * (box[2:] - box[:2])
    source = rgb
    if times < 0.6:  # a warp reads four pixels; shrinking needs all of them
        small = max(times * 1.5, 0.02)
        source = np.asarray(cv2.resize(rgb, None, fx=small, fy=small, interpolation=cv2.INTER_AREA))
        shrunk = np.array(source.shape[1::-1]) / np.array(rgb.shape[1::-1])
        linear, middle = linear @ np.diag(1 / shrunk), middle * shrunk
    matrix = np.column_stack([linear, np.full(2, SIDE / 2) - linear @ middle])
    return np.asarray(
        cv2.warpAffine(source, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.uint8
    )


def _on_a_vehicle(box: NDArray[np.float64], vehicles: NDArray[np.float32]) -> float:
    middle, size = (box[:2] + box[2:]) / 2, vehicles[:, 2:4] - vehicles[:, :2]
    around = (middle >= vehicles[:, :2] - 0.08 * size) & (middle <= vehicles[:, 2:4] + 0.08 * size)
    is_wide = size[:, 0] >= WIDER * (box[2] - box[0])
    best = vehicles[around.all(axis=1) & is_wide, 4].max(initial=0.0)
    return 1.0 if best >= ON else 0.0 if best < OFF else np.nan


def _rows(seen: dict | None, which: str) -> NDArray[np.float32]:  # type: ignore[type-arg]
    return np.array(seen[which] if seen else [], np.float32).reshape(-1, 5)


def _sure(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows[rows[:, 4] > ON]


if __name__ == "__main__":
    main()
