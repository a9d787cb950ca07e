"""Label Studio's JSON: tasks with regions of pictures (RectangleLabels) and of films
(VideoRectangle), as its guide "Label Studio JSON format of annotated tasks" has them.

Frames count from 1 there, and sides are per cent of the picture.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from efface.detections import KINDS
from efface.geometry import Size
from efface.planning.given_boxes import GivenBox, GivenBoxes, GivenSource, GivenTrack, Key
from efface.planning.plan import Plan
from efface.tracks import Track

FORMAT = "Label Studio"
MOST_BRACKETS = 5_000_000
"""Maximum number of lists and objects: each takes about 60 bytes of memory, but only two in a
hostile file."""

PLACELESS = frozenset(
    ("choices", "taxonomy", "textarea", "number", "datetime", "rating", "ranker", "pairwise",
     "labels", "timelinelabels", "relation")
)  # fmt: skip
"""Types of results that say nothing about a place."""


def label_studio(sources: Sequence[tuple[str, Plan]]) -> str:
    """Return tasks with predictions, one for each film, and one for each page of a photo.

    sources  file name (relative to the source folder) and plan of each.
    """
    tasks: list[dict[str, Any]] = []
    for name, plan in sources:
        if plan.medium == "photo":
            pages = range(len(plan.timeline))
            tasks += [_task("image", _named(name, p), _of_page(plan, p)) for p in pages]
        else:
            tasks.append(_task("video", name, _of_film(plan)))
    return json.dumps(tasks, indent=1) + "\n"


def _named(name: str, page: int) -> str:
    return name if page == 0 else f"{name}#{page + 1}"


def _task(kind: str, name: str, results: Iterator[dict[str, Any]]) -> dict[str, Any]:
    predictions = [{"model_version": "efface", "result": list(results)}]
    return {"data": {kind: name}, "predictions": predictions}


def _of_page(plan: Plan, page: int) -> Iterator[dict[str, Any]]:
    width, height = plan.size_at(page)
    for track in plan.revised.tracks:
        for row in np.flatnonzero(plan.erased_rows(track) & (track.frame == page)):
            sides = _percent(track, int(row), plan, page)
            yield {
                "id": str(track.id),
                "from_name": "label",
                "to_name": "image",
                "type": "rectanglelabels",
                "original_width": width,
                "original_height": height,
                "image_rotation": 0,
                "value": {**sides, "rotation": 0, "rectanglelabels": [KINDS[track.kind]]},
            }


def _of_film(plan: Plan) -> Iterator[dict[str, Any]]:
    seconds = plan.timeline.seconds
    n = len(seconds)
    for track in plan.revised.tracks:
        rows = np.flatnonzero(plan.erased_rows(track)).tolist()
        if not rows:
            continue
        keys = []
        for row, after in pairwise([*rows, -1]):
            frame = int(track.frame[row])
            keys.append(
                {
                    "frame": frame + 1,
                    "enabled": after >= 0 and int(track.frame[after]) == frame + 1,
                    "rotation": 0,
                    **_percent(track, row, plan, frame),
                    "time": round(float(seconds[frame]), 6),
                }
            )
        yield {
            "id": str(track.id),
            "from_name": "box",
            "to_name": "video",
            "type": "videorectangle",
            "value": {
                "framesCount": n,
                "duration": round(float(seconds[-1]), 6),
                "sequence": keys,
                "labels": [KINDS[track.kind]],
            },
        }


def _percent(track: Track, row: int, plan: Plan, frame: int) -> dict[str, float]:
    width, height = plan.size_at(frame)
    x1, y1, x2, y2 = (float(v) for v in track.xyxy[row])
    return {
        "x": 100 * x1 / width,
        "y": 100 * y1 / height,
        "width": 100 * (x2 - x1) / width,
        "height": 100 * (y2 - y1) / height,
    }


def read_label_studio(data: bytes, sha256: str) -> GivenBoxes:
    """Return what the file says. Raises ValueError for anything that is not such a file."""
    if data.count(b"[") + data.count(b"{") > MOST_BRACKETS:
        raise ValueError("it consists of more parts than any such file does")
    try:
        tasks = json.loads(data)
    except RecursionError as e:
        raise ValueError("its parts lie too deep in each other") from e
    if not isinstance(tasks, list) or not all(isinstance(t, dict) for t in tasks):
        raise ValueError("it is not a list of tasks, as Label Studio's JSON is")
    return GivenBoxes(FORMAT, sha256, tuple(s for task in tasks for s in _sources(task)))


def _sources(task: Mapping[str, Any]) -> Iterator[GivenSource]:
    names = _value(task, "data", dict)
    for kind in ("image", "video"):
        if isinstance(name := names.get(kind), str):
            results = list(_results(task))
            if kind == "image":
                yield from _pictures(name, results)
            else:
                tracks = tuple(_film_track(r) for r in results)
                yield GivenSource(name, tracks, None, _frames(results), is_share=True, is_film=True)


def _results(task: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the results with a place: of all annotations that people made, or else of the first
    prediction."""
    people = [a for a in _value(task, "annotations", list, []) if not a.get("was_cancelled")]
    for answer in people or _value(task, "predictions", list, [])[:1]:
        for result in _value(answer, "result", list):
            kind = _value(result, "type", str)
            if kind not in PLACELESS:
                yield result


def _pictures(name: str, results: Sequence[Mapping[str, Any]]) -> Iterator[GivenSource]:
    sizes = {(r.get("original_width"), r.get("original_height")) for r in results}
    if len(sizes) > 1:
        raise ValueError(f"it gives {name[:80]} several sizes")
    size_wh: Size | None = None
    for width, height in sizes:
        if type(width) is not int or type(height) is not int:
            raise ValueError(f"it does not say how large {name[:80]} is")
        size_wh = width, height
    tracks = tuple(
        GivenTrack(_label(r), (Key(0, _box(_value(r, "value", dict), _value(r, "type", str))),))
        for r in results
    )
    yield GivenSource(name, tracks, size_wh, is_share=True)


def _film_track(result: Mapping[str, Any]) -> GivenTrack:
    if (kind := _value(result, "type", str)) != "videorectangle":
        raise ValueError(f"it has a {kind[:40]} in a film, of which efface does not know the place")
    keys: list[Key] = []
    for key in _value(_value(result, "value", dict), "sequence", list):
        is_enabled = key.get("enabled", True) is not False
        box = _box(key, "rectangle") if is_enabled or "x" in key else None
        keys.append(Key(_value(key, "frame", int) - 1, box, is_enabled))
    return GivenTrack(_label(result), tuple(sorted(keys, key=lambda k: k.frame)))


def _frames(results: Sequence[Mapping[str, Any]]) -> int | None:
    """Return how many frames Label Studio counts. It counts by the rate that its project names, so
    another number than the film's means that its frames are others."""
    counts = {_value(r, "value", dict).get("framesCount") for r in results} - {None}
    if len(counts) > 1 or not all(type(c) is int for c in counts):
        raise ValueError("it does not say clearly how many frames the film has")
    return next(iter(counts), None)


def _label(result: Mapping[str, Any]) -> str:
    value = _value(result, "value", dict)
    named = value.get(_value(result, "type", str), value.get("labels", []))
    return str(named[0])[:80] if isinstance(named, list) and named else ""


def _box(value: Mapping[str, Any], kind: str) -> GivenBox:
    if kind in ("rectangle", "rectanglelabels"):
        x, y, width, height = (_number(value, n) for n in ("x", "y", "width", "height"))
        turn = _number(value, "rotation") if "rotation" in value else 0.0
        return GivenBox((x, y, x + width, y + height), turn)
    if kind in ("ellipse", "ellipselabels"):
        if value.get("rotation"):
            raise ValueError("it has a turned ellipse, which efface does not read")
        x, y, rx, ry = (_number(value, n) for n in ("x", "y", "radiusX", "radiusY"))
        return GivenBox((x - rx, y - ry, x + rx, y + ry))
    if kind in ("polygon", "polygonlabels"):
        points = _value(value, "points", list)
        xs, ys = ([float(p[i]) for p in points] for i in (0, 1))
        if not xs:
            raise ValueError("it has a polygon without points")
        return GivenBox((min(xs), min(ys), max(xs), max(ys)))
    raise ValueError(f"it has a {kind[:40]}, of which efface does not know the place")


def _number(value: Mapping[str, Any], name: str) -> float:
    number = value.get(name)
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise ValueError(f"{name!r} is missing, or not a number")
    return float(number)


def _value(holder: Any, name: str, kind: type, otherwise: Any = None) -> Any:
    found = holder.get(name, otherwise) if isinstance(holder, dict) else None
    if type(found) is not kind:
        raise ValueError(f"{name!r} is missing, or not what Label Studio writes there")
    return found
