"""The time line of a video: seconds of its frames, marks on it, and the density of erased areas."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from efface.planning.plan import Plan
from efface.report.report_model import Marks, Span
from efface.timing import timecode
from efface.tracks import Reason

STEPS = 500
"""Steps of a whole video on its time line. Marks that are nearer than one step are merged."""

BINS = 240
"""Columns of the density: as many as fit on a phone."""


class Times:
    """Seconds from the start of the video, rounded to milliseconds."""

    def __init__(self, plan: Plan) -> None:
        self._seconds = plan.timeline.seconds
        self.count = len(self._seconds)
        self._frame_s = float(np.median(np.diff(self._seconds))) if len(self._seconds) > 1 else 0.0

    def start_s(self, frame: int) -> float:
        return round(float(self._seconds[frame]), 3)

    def end_s(self, frame: int) -> float:
        last = frame + 1 >= len(self._seconds)
        return round(
            float(self._seconds[frame]) + self._frame_s
            if last
            else float(self._seconds[frame + 1]),
            3,
        )

    def span(self, first: int, last: int) -> Span:
        return Span(first, last, self.start_s(first), self.end_s(last))

    def marks(self, frames: Iterable[tuple[int, int]]) -> Marks:
        """Return where these frames, from first to last, lie on the time line."""
        told: list[tuple[float, float]] = []
        step = self.end_s(len(self._seconds) - 1) / STEPS if len(self._seconds) else 0.0
        for first, last in sorted(frames):
            start_s, end_s = self.start_s(first), self.end_s(last)
            if told and start_s <= told[-1][1] + step:
                told[-1] = told[-1][0], max(end_s, told[-1][1])
            else:
                told.append((start_s, end_s))
        return tuple(told)

    def steps(self) -> list[slice]:
        """Return the frames that are shown in each of up to BINS equal steps of the whole time."""
        count = min(BINS, len(self._seconds))
        edges = np.linspace(0, self.end_s(len(self._seconds) - 1), count + 1)
        first = np.maximum(np.searchsorted(self._seconds, edges[:-1] + 1e-6, side="right") - 1, 0)
        stop = np.maximum(np.searchsorted(self._seconds, edges[1:] - 1e-6), first + 1)
        return [slice(a, b) for a, b in zip(first.tolist(), stop.tolist(), strict=True)]


def density_of(plan: Plan, times: Times) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if plan.medium == "photo" or not len(plan.timeline):
        return (), ()
    steps, told = times.steps(), []
    for wanted in (tuple(Reason), (Reason.SEEN, Reason.DRAWN)):
        areas = np.zeros(len(plan.timeline), np.int64)
        for t in plan.tracks:
            if not t.keep:
                areas[t.frame[np.isin(t.reason, wanted)]] += 1
        told.append(tuple(int(areas[s].max()) for s in steps))
    return told[0], told[1]


def span_text(start_s: float, end_s: float) -> str:
    """Format the range for people."""
    return f"{timecode(start_s)} to {timecode(end_s)}"
