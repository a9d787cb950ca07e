"""Pack the tables of a plan into a sidecar's JSON, and unpack them: tracks, sizes, doubts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.detections import KINDS
from efface.planning.doubt import Doubt
from efface.planning.plan import LeftBeyond, Plan
from efface.planning.revise import KeptArea
from efface.regions import BlockGrid
from efface.tracks import Reason, Track

MOST_FRAMES = 50_000_000
"""Twenty days at 30 frames a second."""


def whole_number(value: Any) -> int:
    # int() would take 0.7 for 0, and "false" is true. What a plan does not say clearly is not
    # guessed.
    if type(value) is not int:
        raise TypeError(f"{str(value)[:40]!r} stands where a whole number should be")
    return value


def packed_track(track: Track) -> dict[str, Any]:
    seen = track.reason == Reason.SEEN
    return {
        "id": track.id,
        "kind": KINDS[track.kind],
        "keep": track.keep,
        "runs": [[*run, Reason(r).name.lower()] for run, r in _reason_runs(track)],
        "boxes": track.xyxy.astype(np.int32).ravel().tolist(),
        "scores": [round(s * 100) for s in track.score[seen].tolist()],
    }


def packed_area(area: KeptArea) -> dict[str, Any]:
    return {"id": area.id, "frames": [area.first, area.last], "box": list(area.box)}


def unpacked_area(data: dict[str, Any]) -> KeptArea:
    first, last = (whole_number(n) for n in data["frames"])
    x1, y1, x2, y2 = (whole_number(n) for n in data["box"])
    return KeptArea(whole_number(data["id"]), first, last, (x1, y1, x2, y2))


def unpacked_grid(data: dict[str, Any]) -> BlockGrid:
    (width, height), (x, y) = (map(whole_number, data[n]) for n in ("block_wh", "start_xy"))
    return BlockGrid((width, height), (x, y), whole_number(data["reach"]))


def packed_doubts(doubts: list[Doubt]) -> dict[str, Any]:
    """Pack the doubts of one track, or of the whole picture; an empty dict without doubts, as for
    most tracks."""
    packed = [
        {
            "frames": [d.first, d.last],
            "risk": round(d.risk * 100),
            "causes": list(d.causes),
            "box": list(d.box),
        }
        for d in doubts
    ]
    return {"doubts": packed} if packed else {}


def unpacked_doubts(track: dict[str, Any]) -> Iterator[Doubt]:
    for data in track.get("doubts", []):  # plans older than residual risk have none
        first, last = (whole_number(n) for n in data["frames"])
        x1, y1, x2, y2 = (whole_number(n) for n in data["box"])
        causes = tuple(str(c) for c in data["causes"])
        yield Doubt(
            whole_number(track["id"]),
            first,
            last,
            (x1, y1, x2, y2),
            causes,
            whole_number(data["risk"]) / 100,
        )


def unpacked_beyond(data: dict[str, Any]) -> LeftBeyond:
    if type(seconds := data["seconds"]) not in (int, float):
        raise TypeError("how long something is left visible is not a number")
    return LeftBeyond(
        str(data["kind"]),
        whole_number(data["tracks"]),
        whole_number(data["stretches"]),
        float(seconds),
    )


def _reason_runs(track: Track) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield ((first frame, count), reason) of each stretch of consecutive frames with one
    reason."""
    breaks = (
        np.flatnonzero((np.diff(track.frame) != 1) | (np.diff(track.reason.astype(int)) != 0)) + 1
    )
    for rows in np.split(np.arange(len(track)), breaks):
        yield (int(track.frame[rows[0]]), len(rows)), int(track.reason[rows[0]])


def unpacked_track(data: dict[str, Any]) -> Track:
    if type(data["keep"]) is not bool:
        raise TypeError(f"track {whole_number(data['id'])}: keep is neither true nor false")
    firsts, counts = (
        [whole_number(first) for first, _, _ in data["runs"]],
        [whole_number(count) for _, count, _ in data["runs"]],
    )
    if (
        min(firsts) < 0
        or max(firsts) > MOST_FRAMES
        or min(counts) < 1
        or 4 * sum(counts) != len(data["boxes"])
    ):
        raise ValueError(
            f"track {whole_number(data['id'])}: its frames are not sensible, or their number and "
            "that of its boxes disagree"
        )
    frame = np.concatenate([np.arange(first, first + n) for (first, n, _) in data["runs"]]).astype(
        np.int32
    )
    why = np.concatenate(
        [np.full(n, Reason[name.upper()], np.uint8) for (_, n, name) in data["runs"]]
    )
    score = np.zeros(len(frame), np.float32)
    score[why == Reason.SEEN] = _scores(data["scores"], int((why == Reason.SEEN).sum()))
    with np.errstate(over="ignore"):  # infinity is refused by Track
        boxes = np.array(data["boxes"], np.float32).reshape(-1, 4)
    return Track(
        whole_number(data["id"]),
        KINDS.index(data["kind"]),
        frame,
        boxes,
        why,
        score,
        keep=data["keep"],
    )


def _scores(hundredths: list[int], count: int) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # infinity is refused below
        score = np.array(hundredths, np.float32) / 100
    if score.shape != (count,) or not ((score >= 0) & (score <= 1)).all():
        raise ValueError("the scores are not one for each sighting, from 0 to 100")
    return np.asarray(score, np.float32)


def packed_sizes(plan: Plan) -> list[list[int]]:
    return [list(size) for size in plan.sizes]


def number_runs(numbers: NDArray[np.int64]) -> list[list[int]]:
    """Return [first, step, count] of each stretch of equal steps."""
    runs: list[list[int]] = []
    for value in numbers.tolist():
        if runs and runs[-1][2] == 1:
            runs[-1][1] = value - runs[-1][0]
        if runs and value == runs[-1][0] + runs[-1][1] * runs[-1][2]:
            runs[-1][2] += 1
        else:
            runs.append([value, 0, 1])
    return runs


def unrolled_runs(runs: list[list[int]], most: int) -> NDArray[np.int64]:
    runs = [[whole_number(number) for number in run] for run in runs]
    if sum(count for _, _, count in runs) > most or any(count < 1 for _, _, count in runs):
        raise ValueError("the runs of frames are not sensible")
    parts = [first + step * np.arange(count, dtype=np.int64) for first, step, count in runs]
    return np.concatenate([np.empty(0, np.int64), *parts])
