"""Describe tracks for sorting by picture: how surely each was seen, where to look at it, and
whether it stands still.

These facts cost time for each track, so the page asks for them only while it shows the pictures.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from efface.planning.plan import Plan
from efface.tracks import Reason, Track

STILL_SHARE = 0.5
"""Share of its size by which the middle of a track may wander while it counts as standing still.

A detector that fires on a lamp or a sign fires at one place; a person hardly stands that still.
"""


def summaries(plan: Plan) -> dict[str, Any]:
    """Return a summary of each track, erased or left visible, and the version of the plan."""
    now = plan.revised
    found = [summary(t, plan) for t in (*now.tracks, *now.left)]
    return {"version": len(plan.edits), "tracks": found}


def summary(track: Track, plan: Plan) -> dict[str, Any]:
    """Return the summary of one track.

    seen   number of frames in which the detector saw it.
    best   score of its best sighting.
    frame  the frame that shows it best; `box` is its box there.
    place  its middle box over time.
    still  it stays at that place.
    """
    row = int(np.argmax(track.score)) if track.score.any() else len(track) // 2
    # Sorting is quicker than np.median, and a plan may have thousands of tracks.
    x1, y1, x2, y2 = np.sort(track.xyxy, axis=0)[len(track) // 2].tolist()
    middles = (track.xyxy[:, :2] + track.xyxy[:, 2:]) / 2
    wander = float((middles.max(axis=0) - middles.min(axis=0)).max())
    return {
        "id": track.id,
        "seen": int((track.reason == Reason.SEEN).sum()),
        "best": round(float(track.score[row]), 2),
        "frame": int(track.frame[row]),
        "box": _whole(track.xyxy[row].tolist(), plan.size_at(int(track.frame[row]))),
        "place": [round(v) for v in (x1, y1, x2, y2)],
        "still": wander <= STILL_SHARE * max(x2 - x1, y2 - y1),
    }


def _whole(box: list[float], size_wh: tuple[int, int]) -> list[int]:
    """Return the box in whole pixels, at least one, inside the frame."""
    (x1, y1, x2, y2), (width, height) = box, size_wh
    left, top = min(max(int(x1), 0), width - 1), min(max(int(y1), 0), height - 1)
    right, bottom = min(int(np.ceil(x2)), width), min(int(np.ceil(y2)), height)
    return [left, top, max(right, left + 1), max(bottom, top + 1)]
