"""Export plans in other formats: COCO for pictures, MOTChallenge for video.

Boxes are the erased areas, margin included, as in the plan itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from efface.detections import KINDS
from efface.planning.plan import Plan
from efface.tracks import Track


def coco(pictures: Sequence[tuple[str, Plan]]) -> str:
    """Return COCO detection JSON (cocodataset.org, "Data format"): images, categories, and
    annotations with a score.

    pictures  file name (relative to the source folder) and plan of each photo. Every page or frame
              of a
              file is an image of its own, with "page" counting from 1.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for name, plan in pictures:
        first = len(images) + 1
        for page in range(len(plan.timeline)):
            width, height = plan.size_at(page)
            images.append(
                {
                    "id": first + page,
                    "file_name": name,
                    "width": width,
                    "height": height,
                    "page": page + 1,
                }
            )
        for track, row in _erased(plan):
            x1, y1, x2, y2 = (int(v) for v in track.xyxy[row])
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": first + int(track.frame[row]),
                    "category_id": track.kind + 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": 0,
                    "score": round(float(track.score[row]), 2),
                }
            )
    categories = [{"id": i + 1, "name": name} for i, name in enumerate(KINDS)]
    return (
        json.dumps(
            {"images": images, "categories": categories, "annotations": annotations}, indent=1
        )
        + "\n"
    )


def mot(plan: Plan) -> Iterator[str]:
    """Yield MOTChallenge rows (arXiv 1603.00831): frame from 1, id, left, top, width, height,
    score, class from 1, visibility.

    The score is 0 if the object was not seen but covered; visibility is always 1, as efface does
    not estimate it.
    """
    moments = [(int(t.frame[row]), t.id, t, row) for t, row in _erased(plan)]
    for frame, track_id, track, row in sorted(moments, key=lambda m: m[:2]):
        x1, y1, x2, y2 = (int(v) for v in track.xyxy[row])
        score = float(track.score[row])
        box = f"{x1},{y1},{x2 - x1},{y2 - y1}"
        yield f"{frame + 1},{track_id},{box},{score:.2f},{track.kind + 1},1\n"


def _erased(plan: Plan) -> Iterator[tuple[Track, int]]:
    """Yield every erased box, after all edits. These formats cannot express frames that a person
    blacked out."""
    for track in plan.revised.tracks:
        yield from ((track, int(row)) for row in np.flatnonzero(plan.erased_rows(track)))
