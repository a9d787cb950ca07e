"""Shows a person the places of which the teachers disagree, and keeps what the person says.

    python -m training.faces.doubts sheets OUT --data PICTURES DATA/plates-train-*
    python -m training.faces.doubts keep OUT

`sheets` writes OUT/s00.png and so on, up to 90 numbered places each. Beside each sheet goes a file
that says what was seen, s00.json: {"face": [numbers], "unclear": [numbers]}; all others are no
faces. `keep` adds these to `seen-by-eye.json`. Places that are in it already are not shown again.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.geometry import iou
from training.faces.pictures import (
    BEST,
    MEAN,
    SAME,
    SAME_SEEN,
    SEEN,
    UNKNOWN,
    YUNET,
    has_all_heads,
    judged,
    labelled,
    on_a_head,
)
from training.pictures import opened

LEAST_PX = 18.0
"""Height below which a place is not shown: a person could not tell either."""

LEAST = ((MEAN, 0.17), (BEST, 0.27), (YUNET, 0.55))
"""Scores of which one is needed to be shown."""

ACROSS, DOWN, SIDE, TITLE = 10, 9, 112, 14
AROUND = 2.4
"""Side of what is shown, in sides of the box."""

Place = tuple[str, str, list[float]]
"""Folder, file, box."""


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("what", choices=("sheets", "keep"))
    p.add_argument("out", type=Path)
    p.add_argument("--data", type=Path, nargs="*", default=[])
    a = p.parse_args()
    if a.what == "keep":
        keep(a.out, SEEN)
        return
    a.out.mkdir(parents=True, exist_ok=True)
    places = [place for folder in a.data for place in in_doubt(folder, SEEN)]
    random.Random(5).shuffle(places)
    (a.out / "places.json").write_text(json.dumps(places))
    for n in range(0, len(places), ACROSS * DOWN):
        sheet = _sheet(places[n : n + ACROSS * DOWN])
        cv2.imwrite(str(a.out / f"s{n // (ACROSS * DOWN):02d}.png"), sheet[..., ::-1])
    print(f"{len(places)} places")


def in_doubt(folder: Path, seen: Path) -> Iterator[Place]:
    """Places that nobody has judged."""
    by_eye = json.loads(seen.read_text()) if seen.exists() else {}
    entries = json.loads((folder / "annotations.json").read_text())["images"]
    named = {e["file"]: e for e in entries}
    for line in (folder / "teachers.jsonl").read_text().splitlines():
        told = json.loads(line)
        entry, rows = named[told["file"]], np.array(told["rows"], np.float32).reshape(-1, 7)
        is_shown = (judged(rows) == UNKNOWN) & (rows[:, 3] - rows[:, 1] >= LEAST_PX)
        is_shown &= np.any([rows[:, column] >= least for column, least in LEAST], axis=0)
        scale = told["size"][0] / entry["width"]
        known = labelled(entry, "face", scale)
        is_shown &= ~(iou(rows[:, :4], known) >= SAME).any(axis=1)
        if has_all_heads(entry):
            is_shown &= on_a_head(rows[:, :4], labelled(entry, "head", scale))
        judged_before = [r[:4] for r in by_eye.get(told["file"], [])]
        before = np.array(judged_before, np.float32).reshape(-1, 4)
        is_shown &= ~(iou(rows[:, :4], before) >= SAME_SEEN).any(axis=1)
        yield from (
            (str(folder), told["file"], [round(float(v), 1) for v in row[:4]])
            for row in rows[is_shown]
        )


def _sheet(places: Sequence[Place]) -> NDArray[np.uint8]:
    tiles = [
        _tile(opened(Path(d) / f)[0], np.array(box), n) for n, (d, f, box) in enumerate(places)
    ]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % ACROSS)
    rows = [np.concatenate(tiles[n : n + ACROSS], 1) for n in range(0, len(tiles), ACROSS)]
    return np.concatenate(rows, 0)


def _tile(rgb: NDArray[np.uint8], box: NDArray[np.float64], number: int) -> NDArray[np.uint8]:
    scale = SIDE / (AROUND * float((box[2:] - box[:2]).max()))
    if scale < 1:
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        rgb, box, scale = np.asarray(small, np.uint8), box * scale, 1.0
    room = SIDE / 2 - scale * (box[:2] + box[2:]) / 2
    matrix = np.array([[scale, 0, room[0]], [0, scale, room[1]]])
    shown = cv2.warpAffine(rgb, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC)
    corners = (scale * box.reshape(2, 2) + room).astype(int)
    cv2.rectangle(shown, tuple(corners[0]), tuple(corners[1]), (80, 255, 80), 1)
    tile = np.full((SIDE + TITLE, SIDE, 3), 255, np.uint8)
    tile[TITLE:] = shown
    cv2.putText(tile, str(number), (2, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (200, 0, 0), 1)
    return tile


def keep(out: Path, seen: Path) -> None:
    """Adds what was said of the places on the sheets."""
    places: list[Place] = json.loads((out / "places.json").read_text())
    by_eye: dict[str, list[list[Any]]] = json.loads(seen.read_text()) if seen.exists() else {}
    for path in sorted(out.glob("s*.json")):
        said, first = json.loads(path.read_text()), ACROSS * DOWN * int(path.stem[1:])
        for n, (_, file, box) in enumerate(places[first : first + ACROSS * DOWN]):
            words = [word for word in ("face", "unclear") if n in said[word]]
            by_eye.setdefault(file, []).append([*box, words[0] if words else "none"])
    lines = ",\n".join(f" {json.dumps(f)}: {json.dumps(r)}" for f, r in sorted(by_eye.items()))
    seen.write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
