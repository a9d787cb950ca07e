"""Tracks over time, as the report draws them: which are worth drawing, and their stretches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.detections import KINDS
from efface.planning.plan import Plan
from efface.report.report_model import Lane, Stretch
from efface.report.timeline import Times
from efface.tracks import Reason, Track

MOST_LANES = 24
"""Maximum number of tracks of one video that are drawn. Nobody reads more than a screen of them;
the density shows the rest, and it is counted."""

MOST_STRETCHES = 240
"""Maximum number of stretches of one track. A track that flickers more is drawn in steps of several
frames."""

WORTH_SHARE = 0.5
"""Share of the bound from which a moment is listed. One far below it is not worth the reader's
time."""


def worth_drawing(plan: Plan) -> list[Track]:
    """Return at most MOST_LANES tracks in the order of time: those kept visible, then the riskiest,
    then the longest."""
    risks = _risks(plan)
    first = sorted(plan.tracks, key=lambda t: (not t.keep, -risks.get(t.id, 0.0), -len(t), t.id))[
        :MOST_LANES
    ]
    return sorted(first, key=lambda t: (int(t.frame[0]), t.id))


def _risks(plan: Plan) -> dict[int, float]:
    risks: dict[int, float] = {}
    for d in plan.doubts:
        risks[d.track] = max(d.risk, risks.get(d.track, 0.0))
    return risks


def lane_of(track: Track, plan: Plan, times: Times, bound: float) -> Lane:
    stretches, is_exact = _stretches(track, times)
    counts = np.bincount(track.reason, minlength=len(Reason)).tolist()
    areas = {r.name.lower(): n for r, n in zip(Reason, counts, strict=True)}
    start_s, end_s = times.start_s(int(track.frame[0])), times.end_s(int(track.frame[-1]))
    doubts = [d for d in plan.doubts if d.track == track.id]
    risk = max((d.risk for d in doubts), default=0.0)
    marks = times.marks((d.first, d.last) for d in doubts if d.risk > bound * WORTH_SHARE)
    return Lane(
        track.id,
        KINDS[track.kind],
        track.keep,
        start_s,
        end_s,
        areas,
        stretches,
        is_exact,
        risk,
        marks,
    )


def _stretches(track: Track, times: Times) -> tuple[tuple[Stretch, ...], bool]:
    first, last, reason = _reason_runs(
        track.frame.astype(np.int64), track.frame.astype(np.int64), track.reason
    )
    is_exact = len(first) <= MOST_STRETCHES
    if not is_exact:
        step = -(-int(track.frame[-1] - track.frame[0] + 1) // MOST_STRETCHES)
        block = (track.frame - track.frame[0]) // step
        starts = np.flatnonzero(np.diff(block, prepend=-1))
        # BRIDGED and EXTENDED have higher numbers than SEEN, and DRAWN is the most certain.
        worst = np.maximum.reduceat(np.where(track.reason == Reason.DRAWN, 0, track.reason), starts)
        worst = np.where(
            np.minimum.reduceat(track.reason, starts) == Reason.DRAWN, Reason.DRAWN, worst
        )
        ends = np.append(starts[1:], len(track)) - 1
        first, last, reason = _reason_runs(
            track.frame[starts].astype(np.int64), track.frame[ends].astype(np.int64), worst
        )
    told = [
        Stretch(a, b, times.start_s(a), times.end_s(b), Reason(r).name.lower())
        for a, b, r in zip(first.tolist(), last.tolist(), reason.tolist(), strict=True)
    ]
    return tuple(told), is_exact


def _reason_runs(
    first: NDArray[np.int64], last: NDArray[np.int64], reason: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.integer[Any]]]:
    """Join neighbours of one reason with no frame between them."""
    breaks = np.flatnonzero((first[1:] != last[:-1] + 1) | (reason[1:] != reason[:-1])) + 1
    starts, ends = np.append(0, breaks), np.append(breaks, len(first)) - 1
    return first[starts], last[ends], reason[starts]
