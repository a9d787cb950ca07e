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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

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
from training.sheets import PLACES, Place, write_sheets

LEAST_PX = 18.0
"""Height below which a place is not shown: a person could not tell either."""

LEAST = ((MEAN, 0.17), (BEST, 0.27), (YUNET, 0.55))
"""Scores of which one is needed to be shown."""


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
    write_sheets(a.out, places)
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


def keep(out: Path, seen: Path) -> None:
    """Adds what was said of the places on the sheets."""
    places: list[Place] = json.loads((out / "places.json").read_text())
    by_eye: dict[str, list[list[Any]]] = json.loads(seen.read_text()) if seen.exists() else {}
    for path in sorted(out.glob("s*.json")):
        said, first = json.loads(path.read_text()), PLACES * int(path.stem[1:])
        for n, (_, file, box) in enumerate(places[first : first + PLACES]):
            words = [word for word in ("face", "unclear") if n in said[word]]
            by_eye.setdefault(file, []).append([*box, words[0] if words else "none"])
    lines = ",\n".join(f" {json.dumps(f)}: {json.dumps(r)}" for f, r in sorted(by_eye.items()))
    seen.write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
