"""A sheet with pictures before and after: what was erased, and the finished copy.

The left side is made of the finished copy, with what was erased crossed out. So a sheet shows
nothing that the copy does not show. Only if a person asks for it by name, the left side is the
original; such a sheet may be published no more than the original.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.containers.admission import admit
from efface.errors import PlanMismatch
from efface.files import require_target, writing
from efface.geometry import Box
from efface.media.preview import fitted
from efface.options import Options
from efface.pipeline.sources import opened
from efface.planning.plan import Plan
from efface.staged_files import staged

Left = Literal["outlines", "original"]

ROWS = 3
"""Maximum number of frames of a film, or of pages, on a sheet."""

SIDE, GAP, HEAD = 960, 12, 44
"""Longer side of a picture, distance between pictures, and height of the headings, in pixels."""

PAPER, INK, HATCH = (255, 255, 255), (22, 25, 28), (128, 128, 128)

TITLES = {
    "outlines": ("Erased here", "The copy"),
    "original": ("ORIGINAL - do not publish", "The copy"),
}


def write_comparison(
    path: Path, source: Path, target: Path, plan: Plan, left: Left, options: Options
) -> None:
    """Write a sheet as PNG. Raises InputError, OutputError, PlanMismatch.

    left  what stands on the left. The source is opened for "original" only.
    """
    overwrite = options.write.overwrite
    require_target(path, (source, target), overwrite=overwrite)
    picked = telling_frames(plan)
    right = list(_pictures(target, picked, options))
    if left == "original":
        before = list(_pictures(source, picked, options))
    else:
        before = [
            _crossed_out(p, _boxes(plan, i), plan.size_at(i))
            for i, p in zip(picked, right, strict=False)
        ]
    if len(right) != len(picked) or len(before) != len(picked):
        raise PlanMismatch(target, "it has fewer frames than the plan")
    with staged(path, overwrite=overwrite) as draft, writing(path):
        draft.write_bytes(_png(_sheet(before, right, TITLES[left])))


def telling_frames(plan: Plan) -> list[int]:
    """Return the frame that shows most of what is erased, from each part of a film of equal
    length."""
    count = len(plan.timeline)
    erased = np.zeros(count)
    for track in plan.revised.tracks:
        rows = plan.erased_rows(track)
        boxes = track.xyxy[rows]
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        np.add.at(erased, track.frame[rows], areas)
    parts = np.array_split(np.arange(count), min(ROWS, count))
    best = [int(part[np.argmax(erased[part])]) for part in parts]
    return [i for i in best if erased[i]] or [best[0]]


def _boxes(plan: Plan, index: int) -> list[Box]:
    if plan.is_black(index):
        return [(0, 0, *plan.size_at(index))]
    return [r.box for r in plan.regions(index)]


def _pictures(path: Path, wanted: Iterable[int], options: Options) -> Iterator[NDArray[np.uint8]]:
    """Yield these frames of a file, small. They are in rising order."""
    left = list(wanted)
    with opened(admit(path), options.read) as media:
        for frame in media.frames():
            if left and frame.index == left[0]:
                left.pop(0)
                yield np.array(frame.look(fitted(frame.size_wh, SIDE)))
            if not left:
                return


def _crossed_out(
    copy: NDArray[np.uint8], boxes: Iterable[Box], size_wh: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return the picture of the copy with a cross over everything that was erased."""
    made, scale = copy.copy(), copy.shape[1] / size_wh[0]
    for box in boxes:
        x1, y1, x2, y2 = (round(v * scale) for v in box)
        cv2.rectangle(made, (x1, y1), (x2, y2), HATCH, cv2.FILLED)
        for start, end in (((x1, y1), (x2, y2)), ((x1, y2), (x2, y1))):
            cv2.line(made, start, end, PAPER, 1, cv2.LINE_AA)
        cv2.rectangle(made, (x1, y1), (x2, y2), PAPER, 2)
    return made


def _sheet(
    before: list[NDArray[np.uint8]], after: list[NDArray[np.uint8]], titles: tuple[str, str]
) -> NDArray[np.uint8]:
    width = max(p.shape[1] for p in (*before, *after))
    heights = [max(b.shape[0], a.shape[0]) for b, a in zip(before, after, strict=True)]
    size = (HEAD + sum(heights) + GAP * len(heights), 2 * width + 3 * GAP, 3)
    sheet = np.full(size, PAPER[0], np.uint8)
    columns = (GAP, 2 * GAP + width)
    for x, title in zip(columns, titles, strict=True):
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(sheet, title, (x, HEAD - 15), font, 0.8, INK, 2, cv2.LINE_AA)
    y = HEAD
    for pair, height in zip(zip(before, after, strict=True), heights, strict=True):
        for x, picture in zip(columns, pair, strict=True):
            sheet[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
        y += height + GAP
    return sheet


def _png(rgb: NDArray[np.uint8]) -> bytes:
    """Encode the picture as a PNG file without any metadata."""
    done, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    if not done:
        raise ValueError(f"a picture of {rgb.shape} cannot be written as PNG")
    return data.tobytes()
