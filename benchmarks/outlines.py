"""How much of the persons that somebody outlined by eye is covered, by the shape of the cover.

    python -m benchmarks.outlines OUTLINES.json PLANS

PLANS is a folder with a plan for each video, NAME.mp4.plan.json, made by `efface find NAME.mp4
--cover person -o`. OUTLINES.json: {"frames": [{"video", "frame", "size": [w, h], "persons":
[polygon, ...], "ignore": [polygon, ...]}]}; a polygon is a list of [x, y] in pixels. What lies in
"ignore" are people without an outline: far ones, posters, dense groups.

A row is a shape of the persons' cover. All else that the plan erases, heads above all, keeps its
own. `plain` is the plan's box as it is, `rounded` what efface paints, a superellipse lies inside
the box, and with cut corners the upper ones are missing. A margin below .1 makes the plan's box
smaller by the rest: the share is that of the box without its margin.

90 %, 97 %  share of outlined persons of which that much is covered.
head        share of them whose upper seventh is covered to 90 %.
erased      share of the picture, mean of all frames; outside: of it, what is on nobody.

Below the table: how many boxes a plan has for one outlined person, and how many lie inside of
another person's box.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detections import PERSON
from efface.geometry import Box, Size
from efface.painting.masks import Mask, erased
from efface.planning import sidecar
from efface.planning.build import PERSON_MARGIN
from efface.regions import Region

Shape = Callable[[Box, Size], Mask]

HEAD = 7
"""The uppermost of so many parts of a person's height is the head, of those who stand."""

INSIDE, SMALLER = 0.8, 0.6
"""A box is nested if this share of it lies in another, and it has at most this share of its
area."""


@dataclass(frozen=True, slots=True)
class Outlined:
    """One frame: what its plan erases, persons apart, and what somebody outlined."""

    size_wh: Size
    persons: list[Box]
    rest: list[Box]
    outlines: list[Mask]
    people: Mask


def drawn(polygons: list[Any], size_wh: Size) -> Mask:
    """Return the mask of all polygons together."""
    mask = np.zeros(size_wh[::-1], np.uint8)
    for polygon in polygons:
        corners = np.round(np.array(polygon)).astype(np.int32)
        cv2.fillPoly(mask, [corners], (1,))
    return np.asarray(mask, np.bool_)


def read(outlines: Path, plans: Path) -> Iterator[Outlined]:
    """Yield every outlined frame with what its plan erases there."""
    frames = json.loads(outlines.read_text())["frames"]
    loaded = {v: sidecar.load(plans / f"{v}.plan.json") for v in {f["video"] for f in frames}}
    for frame in frames:
        plan, size = loaded[frame["video"]], (frame["size"][0], frame["size"][1])
        ids = {t.id for t in plan.tracks if t.kind == PERSON}
        regions = plan.regions(frame["frame"])
        yield Outlined(
            size,
            [r.box for r in regions if r.track in ids],
            [r.box for r in regions if r.track not in ids],
            [drawn([p], size) for p in frame["persons"]],
            drawn(frame["persons"] + frame["ignore"], size),
        )


def rounded(box: Box, size_wh: Size) -> Mask:
    """As efface paints it."""
    return erased([Region(box)], "rounded", size_wh).mask


def plain(box: Box, size_wh: Size) -> Mask:
    """The box as it is."""
    return erased([Region(box)], "box", size_wh).mask


def superellipse(exponent: float) -> Shape:
    """Return the superellipse that touches the four sides."""

    def mask(box: Box, size_wh: Size) -> Mask:
        x1, y1, x2, y2 = box
        y, x = np.mgrid[y1:y2, x1:x2] + 0.5
        across, down = (2 * x - x1 - x2) / (x2 - x1), (2 * y - y1 - y2) / (y2 - y1)
        whole = np.zeros(size_wh[::-1], np.bool_)
        whole[y1:y2, x1:x2] = np.abs(across) ** exponent + np.abs(down) ** exponent <= 1
        return whole

    return mask


def cut(share: float, depth: float) -> Shape:
    """Return the box without its upper corners, beside the head: triangles of that share of its
    width, and of its height. A corner at the rim of the picture stays."""

    def mask(box: Box, size_wh: Size) -> Mask:
        x1, y1, x2, y2 = box
        aside, below = share * (x2 - x1), depth * (y2 - y1)
        left = (0.0, 0.0) if min(x1, y1) <= 0 else (aside, below)
        right = (0.0, 0.0) if y1 <= 0 or x2 >= size_wh[0] else (aside, below)
        polygon = [(x1 + left[0], y1), (x2 - right[0], y1), (x2, y1 + right[1]), (x2, y2),
                   (x1, y2), (x1, y1 + left[1])]  # fmt: skip
        return drawn([polygon], size_wh)

    return mask


def less(margin: float, shape: Shape) -> Shape:
    """Return the shape in a box of that margin. Sides at the rim of the picture stay."""

    def mask(box: Box, size_wh: Size) -> Mask:
        x1, y1, x2, y2 = box
        gone = (PERSON_MARGIN - margin) / (1 + 2 * PERSON_MARGIN)
        x, y = gone * (x2 - x1), gone * (y2 - y1)
        smaller = (
            x1 if x1 <= 0 else int(np.floor(x1 + x)),
            y1 if y1 <= 0 else int(np.floor(y1 + y)),
            x2 if x2 >= size_wh[0] else int(np.ceil(x2 - x)),
            y2 if y2 >= size_wh[1] else int(np.ceil(y2 - y)),
        )
        return shape(smaller, size_wh)

    return mask


SHAPES: dict[str, Shape] = {
    "rounded, margin .1 (efface)": rounded,
    "plain, .1": plain,
    "superellipse of 6, .1": superellipse(6),
    "superellipse of 4, .1": superellipse(4),
    "superellipse of 3, .1": superellipse(3),
    "superellipse of 2, .1": superellipse(2),
    "upper corners cut by .15 and .2, .1": cut(0.15, 0.2),
    "upper corners cut by .3 and .3, .1": cut(0.3, 0.3),
    "rounded, .05": less(0.05, rounded),
    "plain, .05": less(0.05, plain),
    "superellipse of 4, .05": less(0.05, superellipse(4)),
    "rounded, 0": less(0, rounded),
    "plain, 0": less(0, plain),
}


def measured(frames: list[Outlined], shape: Shape) -> NDArray[np.float64]:
    """Return the five numbers of a row."""
    body: list[float] = []
    head: list[float] = []
    areas: list[tuple[float, float]] = []
    for one in frames:
        mask = erased([Region(b) for b in one.rest], "rounded", one.size_wh).mask.copy()
        for box in one.persons:
            mask |= shape(box, one.size_wh)
        areas.append((float(mask.mean()), float((mask & ~one.people).mean())))
        for outline in one.outlines:
            rows = np.flatnonzero(outline.any(axis=1))
            upper = outline.copy()
            upper[rows[0] + max(len(rows) // HEAD, 1) :] = False
            body.append(float(mask[outline].mean()))
            head.append(float(mask[upper].mean()))
    whole = np.array(body)
    shares = [(whole >= 0.9).mean(), (whole >= 0.97).mean(), (np.array(head) >= 0.9).mean()]
    return np.array([*shares, *np.mean(areas, axis=0)], np.float64)


def nested(frames: list[Outlined]) -> tuple[int, int, int]:
    """Return how many boxes of persons there are, how many of them are nested, and how many of
    these hold 70 % of some outline."""
    boxes, inside, whole = 0, 0, 0
    for one in frames:
        boxes += len(one.persons)
        for box in one.persons:
            if not any(_is_within(box, other) for other in one.persons if other is not box):
                continue
            x1, y1, x2, y2 = box
            inside += 1
            whole += any(o[y1:y2, x1:x2].sum() >= 0.7 * o.sum() for o in one.outlines)
    return boxes, inside, whole


def _is_within(box: Box, other: Box) -> bool:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    area, around = ((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other))
    return max(width, 0) * max(height, 0) >= INSIDE * area and area <= SMALLER * around


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("outlines", type=Path)
    parser.add_argument("plans", type=Path)
    asked = parser.parse_args()
    frames = list(read(asked.outlines, asked.plans))
    persons = sum(len(f.outlines) for f in frames)
    print(f"{persons} persons in {len(frames)} frames\n")
    print("| cover | 90 % | 97 % | head | erased | outside | less area |")
    print("|---|---|---|---|---|---|---|")
    first = None
    for name, shape in SHAPES.items():
        row = measured(frames, shape)
        first = row[3] if first is None else first
        numbers = " | ".join(f"{v:.3f}" for v in row)
        print(f"| {name} | {numbers} | {1 - row[3] / first:.3f} |", flush=True)
    boxes, inside, whole = nested(frames)
    print(f"\n{boxes} boxes; {inside} inside of another, {whole} of them with an outlined person")


if __name__ == "__main__":
    main()
