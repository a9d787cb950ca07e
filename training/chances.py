"""How often a sighting on a photo is right, by its score and height: what a person saw.

    python -m training.chances look OUT --data PICTURES DATA/plates-train-*      # resumable
    python -m training.chances sheets OUT
    python -m training.chances keep OUT
    python -m training.chances fit

`look` searches pictures. `sheets` takes sightings by chance, as many from each range of scores and
heights, and writes sheets of numbered places. Beside each sheet goes a file that says what was
seen: OUT/face/s00.json is {"face": [numbers], "unclear": [numbers]}, and OUT/plate/s00.json the
same with "plate"; all others are none. `keep` writes this into `chances-by-eye.json`, with how many
sightings each place stands for. `fit` makes `src/efface/planning/chances.json`.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detect.look import THOROUGH
from efface.detect.registry import DETECTORS, for_search
from efface.detections import FACE, KINDS, PLATE, Detections
from efface.frames import Frame, rgb_picture
from efface.geometry import Boxes, area, grown, overlap
from efface.options import CoverOptions, DetectOptions
from efface.planning.chances import HEIGHTS, SCORES
from efface.planning.left_visible import HIDDEN_SHARE, MIDDLE_SHARE
from training.pictures import opened
from training.sheets import PLACES, Place, write_sheets

SEEN = Path(__file__).with_name("chances-by-eye.json")
MADE = Path(__file__).parents[1] / "src/efface/planning/chances.json"

NETWORKS = "networks.json"
"""Name and SHA-256 of what looked: another network's scores mean something else."""

STRATA = (0, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.449, 0.451, 0.5, 0.6, 0.7, 0.8, 1.01)
SIZES = (0, 12, 16, 24, 32, 48, 96, 10_000)
"""Ranges of scores and heights."""

OF_EACH = {FACE: 12, PLATE: 8}
"""Places on sheets for each range."""

SMOOTH = 1.0
"""How much neighbouring heights, and neighbouring scores, pull on each other."""

STEPS, RATE = 4000, 0.1

Sighting = tuple[int, float, Place]
"""Kind, score, place."""


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("what", choices=("look", "sheets", "keep", "fit"))
    p.add_argument("out", type=Path, nargs="?")
    p.add_argument("--data", type=Path, nargs="*", default=[])
    p.add_argument("--count", type=int, default=1600)
    a = p.parse_args()
    if a.what == "look":
        look(a.out, a.data, a.count)
    elif a.what == "sheets":
        sheets(a.out)
    elif a.what == "keep":
        keep(a.out, SEEN)
    else:
        MADE.write_text(fitted(json.loads(SEEN.read_text())))


def look(out: Path, folders: Sequence[Path], count: int) -> None:
    """Search pictures taken by chance.

    Raises ValueError for a folder that is for measuring.
    """
    if any("-dev-" in folder.name for folder in folders):
        raise ValueError("that folder is for measuring")
    out.mkdir(parents=True, exist_ok=True)
    named = sorted(
        (str(folder), e["file"])
        for folder in folders
        for e in json.loads((folder / "annotations.json").read_text())["images"]
    )
    random.Random(7).shuffle(named)
    path = out / "sightings.jsonl"
    done = {tuple(json.loads(line)[:2]) for line in _lines(path)}
    detector = DETECTORS["pyramid"](for_search(DetectOptions(kinds="face,plate")))
    networks = {info.name: info.sha256 for info in detector.infos}
    _same_networks(out / NETWORKS, networks)
    with path.open("a") as file:
        for folder, name in (n for n in named[:count] if n not in done):
            frame = _frame(opened(Path(folder) / name)[0])
            rows = _rows(detector.detect(frame, THOROUGH), detector.sure)
            file.write(json.dumps([folder, name, rows]) + "\n")
            file.flush()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _frame(rgb: NDArray[np.uint8]) -> Frame:
    size_wh = (rgb.shape[1], rgb.shape[0])

    def at_size(wanted: tuple[int, int]) -> NDArray[np.uint8]:
        if wanted == size_wh:
            return rgb
        how = cv2.INTER_AREA if wanted[0] < size_wh[0] else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(rgb, wanted, interpolation=how), np.uint8)

    return Frame(0, 0, size_wh, at_size, lambda: rgb_picture(rgb))


def _rows(seen: Detections, sure: Mapping[int, float]) -> list[list[float]]:
    """Return kind, score and box of each sighting; weak ones only where nothing else is erased."""
    is_sure = seen.are_sure(sure)
    shown = seen.rows(is_sure | ~_are_hidden(seen.xyxy, seen.xyxy[is_sure]))
    return [
        [int(k), round(float(s), 4), *(round(float(v), 1) for v in box)]
        for k, s, box in zip(shown.kind, shown.score, shown.xyxy, strict=True)
    ]


def _are_hidden(boxes: Boxes, found: Boxes) -> NDArray[np.bool_]:
    middles = grown(boxes, (MIDDLE_SHARE - 1) / 2)
    inside = overlap(middles, grown(found, CoverOptions().margin)) / area(middles)[:, None]
    return np.asarray(inside.max(axis=1, initial=0) >= HIDDEN_SHARE)


def sheets(out: Path) -> None:
    """Write sheets of places, and how many sightings each stands for."""
    strata: dict[tuple[int, int, int], list[Sighting]] = defaultdict(list)
    for one in _sightings(out / "sightings.jsonl"):
        kind, score, (_, _, box) = one
        at = int(np.digitize(score, STRATA)), int(np.digitize(box[3] - box[1], SIZES))
        strata[kind, *at].append(one)
    choice = random.Random(3)
    for kind in (FACE, PLATE):
        asked: list[tuple[list[float], Place]] = []
        for (k, *_), found in sorted(strata.items()):
            taken = choice.sample(found, min(len(found), OF_EACH[kind])) if k == kind else []
            for _, score, place in taken:
                height, weight = place[2][3] - place[2][1], len(found) / len(taken)
                asked.append(([score, round(height, 1), round(weight, 2)], place))
        choice.shuffle(asked)  # who looks must not see how sure efface was
        folder = out / KINDS[kind]
        folder.mkdir(exist_ok=True)
        write_sheets(folder, [place for _, place in asked])
        (folder / "asked.json").write_text(json.dumps([row for row, _ in asked]))
        print(f"{KINDS[kind]}: {len(asked)} places")


def _same_networks(path: Path, networks: dict[str, str]) -> None:
    """Note what looks. A run that goes on must look with what it began with: ValueError else."""
    if not path.exists():
        path.write_text(json.dumps(networks))
    elif json.loads(path.read_text()) != networks:
        raise ValueError(f"{path.parent} was begun with other networks: count in a new folder")


def _sightings(path: Path) -> Iterator[Sighting]:
    for line in _lines(path):
        folder, file, rows = json.loads(line)
        yield from ((kind, score, (folder, file, box)) for kind, score, *box in rows)


def keep(out: Path, seen: Path) -> None:
    """Write what was said of the places on the sheets: {kind: [[score, height, sightings it stands
    for, "right", "wrong" or "unclear"], ...]}, and under "networks" what had looked."""
    by_eye: dict[str, list[list[Any]]] = {}
    for kind in (KINDS[FACE], KINDS[PLATE]):
        asked = json.loads((out / kind / "asked.json").read_text())
        rows = by_eye[kind] = []
        for path in sorted((out / kind).glob("s*.json")):
            said, first = json.loads(path.read_text()), PLACES * int(path.stem[1:])
            for n, row in enumerate(asked[first : first + PLACES]):
                is_right, is_unclear = n in said[kind], n in said["unclear"]
                rows.append([*row, "unclear" if is_unclear else "right" if is_right else "wrong"])
    networks = json.loads((out / NETWORKS).read_text())
    lines = [f' "networks": {json.dumps(networks)}']
    lines += [
        f' "{kind}": [\n' + ",\n".join(f"  {json.dumps(r)}" for r in rows) + "\n ]"
        for kind, rows in by_eye.items()
    ]
    seen.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def fitted(by_eye: Mapping[str, Any]) -> str:
    """Return the tables as JSON: {kind: [[chance for each of SCORES] for each of HEIGHTS]}.

    by_eye  as `keep` writes it.
    """
    tables = {kind: _table(by_eye[kind]) for kind in KINDS if kind in by_eye}
    return json.dumps(tables, indent=1) + "\n"


def _table(rows: Sequence[Sequence[Any]]) -> list[list[float]]:
    """Fit chances that never fall with the score, by weighted likelihood."""
    known = [r for r in rows if r[3] != "unclear"]
    score, height, weight = np.array([r[:3] for r in known], np.float64).T
    right = np.array([r[3] == "right" for r in known])
    mix = _mixing(np.log2(height), np.log2(HEIGHTS))[:, :, None] * _mixing(score, SCORES)[:, None]
    mix, weight = mix.reshape(len(known), -1), weight / weight.mean()
    x = np.tile(np.r_[-3.0, np.full(len(SCORES) - 1, 0.5)], (len(HEIGHTS), 1))
    mean, spread = np.zeros_like(x), np.zeros_like(x)
    for step in range(1, STEPS + 1):  # Adam (Kingma and Ba 2014, arXiv 1412.6980)
        z = _logits(x)
        away = weight * (_sigmoid(mix @ z.ravel()) - right)
        slope = _slope(x, (away @ mix).reshape(z.shape) + SMOOTH * _bends(z))
        mean, spread = 0.9 * mean + 0.1 * slope, 0.999 * spread + 0.001 * slope**2
        size = RATE * (1 - step / STEPS) * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        x = x - size * mean / (np.sqrt(spread) + 1e-8)
    return [[round(float(c), 3) for c in row] for row in _sigmoid(_logits(x))]


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-x)), np.float64)


def _logits(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a table that never falls along its rows, for any parameters of its shape."""
    return np.cumsum(np.concatenate([x[:, :1], np.logaddexp(0, x[:, 1:])], axis=1), axis=1)


def _slope(x: NDArray[np.float64], of_logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the slope by the parameters, from that by the logits."""
    later = np.cumsum(of_logits[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([later[:, :1], later[:, 1:] * _sigmoid(x[:, 1:])], axis=1)


def _bends(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the slope of: squared differences between heights, and a tenth of squared second
    differences between scores."""
    made = np.zeros_like(z)
    between = 2 * np.diff(z, axis=0)
    made[1:] += between
    made[:-1] -= between
    second = 0.2 * np.diff(z, 2, axis=1)
    made[:, :-2] += second
    made[:, 1:-1] -= 2 * second
    made[:, 2:] += second
    return made


def _mixing(values: NDArray[np.float64], knots: Sequence[float]) -> NDArray[np.float64]:
    """Return (n, knots) weights of the two knots around each value."""
    return np.stack([np.interp(values, knots, row) for row in np.eye(len(knots))], axis=1)


if __name__ == "__main__":
    main()
