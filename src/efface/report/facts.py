"""Gather the facts of a report once, so that page, JSON and terminal cannot disagree.

Nothing here names a file, a place or a date unless the user asked for it: files are numbered, and
identified by their hashes. The facts contain no pixels. Lists that grow with a video (tracks,
moments, findings) are bounded, and what was left out is counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import ceil

import numpy as np
from numpy.typing import NDArray

from efface.detect.schedule import PACES, USUAL_RATE, smallest_face
from efface.detections import FACE, FINDABLE, KINDS
from efface.geometry import Box, Size
from efface.planning.doubt import TEXT, WHOLE, Doubt
from efface.planning.erased_share import KindPrice, Share, price
from efface.planning.exemptions import reasons_of
from efface.planning.left_visible import Stretch, by_kind, stretches
from efface.planning.plan import Plan
from efface.report.report_model import (
    Cost,
    Exemption,
    Found,
    Kind,
    KindCost,
    Lane,
    Left,
    Media,
    Moment,
    Sought,
)
from efface.report.timeline import Times, density_of
from efface.report.track_lanes import WORTH_SHARE, lane_of, worth_drawing
from efface.tracks import Reason, Track

MOST_MOMENTS = 100
MOST_FINDINGS = 200
MOST_CUTS = 500
MOST_GAPS = 200
MOST_LEFT = 200
"""Maximum number listed of each for one file; the rest is counted."""

MOST_SENSITIVE = "high"
"""Highest value of --sensitivity."""


def media_of(plan: Plan) -> Media:
    """Return what a plan knows of its source."""
    times = Times(plan)
    length = (
        times.end_s(len(plan.timeline) - 1)
        if plan.medium != "photo" and len(plan.timeline)
        else None
    )
    sha256 = (
        plan.source_sha256 if re.fullmatch(r"[0-9a-f]{64}", plan.source_sha256, re.ASCII) else ""
    )
    size_wh = plan.sizes[0] if plan.sizes else (0, 0)
    return Media(
        plan.medium, sha256, size_wh, max(len(set(plan.sizes)), 1), len(plan.timeline), length
    )


def found_in(plan: Plan, bound: float) -> Found:
    """Return what the plan holds after all edits. `bound` is that of the risk."""
    areas, edits, exemptions = plan.region_count, len(plan.edits), _exemptions(plan)
    cost, costs = costs_of(plan)
    left, left_kinds, kept = stretches(plan), by_kind(plan), len(plan.revised.areas)
    density, seen = density_of(plan := plan.settled(), times := Times(plan))
    gaps = _runs(np.array(plan.bad, np.int64))
    worth = [d for d in plan.doubts if d.risk > bound * WORTH_SHARE]
    return Found(
        asked=_asked(plan),
        kinds=_kinds(plan),
        tracks=len(plan.tracks),
        areas=areas,
        shots=len(plan.cuts) + 1,
        cuts=tuple(times.start_s(c) for c in plan.cuts[:MOST_CUTS]),
        blacked_out=len(plan.bad),
        gaps=tuple(times.span(first, last) for first, last in gaps[:MOST_GAPS]),
        lanes=_lanes(plan, times, bound),
        density=density,
        density_seen=seen,
        moments=tuple(_moment(d, plan, times, bound) for d in worth[:MOST_MOMENTS]),
        doubts=len(plan.doubts),
        worth=len(worth),
        above=sum(d.risk > bound for d in plan.doubts),
        bound=bound,
        marks={
            "moments": times.marks([(d.first, d.last) for d in worth]),
            "cuts": times.marks([(c, c) for c in plan.cuts]),
            "blacked_out": times.marks(gaps),
            "left": times.marks([(s.first, s.last) for s in left]),
        },
        edits=edits,
        cost=cost,
        costs=costs,
        sought=_sought(plan),
        left=left_kinds,
        left_where=tuple(_left(s, times) for s in left[:MOST_LEFT]),
        may_cover_more=_may_cover_more(plan),
        kept_areas=kept,
        exemptions=exemptions,
        written_in=next((d.box for d in plan.doubts if TEXT in d.causes), None),
    )


def _exemptions(plan: Plan) -> tuple[Exemption, ...]:
    """Return every erased track, with its reason if a person gave one."""
    reasons, times = reasons_of(plan), Times(plan)
    found = []
    for track in plan.revised.tracks:
        frames = track.frame[plan.erased_rows(track)]
        if len(frames):
            first, last = int(frames[0]), int(frames[-1])
            span = times.span(first, last)
            why = reasons.get(track.id, "")
            about = (track.id, KINDS[track.kind], first, last, span.start_s, span.end_s)
            found.append(Exemption(*about, len(frames), why))
    return tuple(found)


def _lanes(plan: Plan, times: Times, bound: float) -> tuple[Lane, ...]:
    if plan.medium == "photo":
        return ()
    return tuple(lane_of(t, plan, times, bound) for t in worth_drawing(plan))


def _kinds(plan: Plan) -> tuple[Kind, ...]:
    found = (_kind(k, [t for t in plan.tracks if t.kind == i]) for i, k in enumerate(KINDS))
    return tuple(k for k in found if k.tracks)


def _left(stretch: Stretch, times: Times) -> Left:
    span = times.span(stretch.first, stretch.last)
    return Left(
        stretch.track, KINDS[stretch.kind], span, stretch.best, stretch.is_listed, stretch.chance
    )


def costs_of(plan: Plan) -> tuple[Cost, tuple[KindCost, ...]]:
    """Return the share that the plan erases after all edits: all kinds together, and each."""
    paid, times = price(plan), Times(plan)
    return _cost(paid.share, times), tuple(_kind_cost(k, _asked(plan), times) for k in paid.kinds)


def _cost(share: Share, times: Times) -> Cost:
    return Cost(
        share.mean,
        share.worst,
        share.worst_frame,
        times.start_s(share.worst_frame) if times.count else 0.0,
    )


def _kind_cost(paid: KindPrice, asked: tuple[str, ...], times: Times) -> KindCost:
    instead = ",".join(kind for kind in asked if kind != paid.kind) if paid.kind in asked else ""
    return KindCost(
        paid.kind, _cost(paid.share, times), paid.best, paid.is_sure, paid.is_doubtful, instead
    )


def _sought(plan: Plan) -> tuple[Sought, ...]:
    """Return the limits for faces, the kind that was measured, in the first frame or page; empty if
    the plan does not state its detection options."""
    asked = plan.options.get("detect")
    pace = asked.get("detail") if isinstance(asked, Mapping) else None
    if not plan.sizes or pace not in PACES or KINDS[FACE] not in _asked(plan):
        return ()
    is_photo = plan.medium == "photo"
    heights = smallest_face(plan.sizes[0], str(pace), is_photo=is_photo, rate=_rate(plan))
    return (Sought(KINDS[FACE], *(ceil(h) for h in heights)),)


def _rate(plan: Plan) -> float:
    """Return the frames per second."""
    seconds = plan.timeline.seconds
    return (len(seconds) - 1) / seconds[-1] if len(seconds) > 1 else USUAL_RATE


def _may_cover_more(plan: Plan) -> bool:
    asked = plan.options.get("detect")
    return not isinstance(asked, Mapping) or asked.get("sensitivity") != MOST_SENSITIVE


def _asked(plan: Plan) -> tuple[str, ...]:
    """Return the kinds that were looked for, from the plan's options. Plans older than that option
    have faces only. Nothing was looked for if the boxes came from another program."""
    asked = plan.options.get("detect")
    if isinstance(asked, Mapping) and asked.get("kinds") == "":
        return ()
    kinds = str(asked.get("kinds", "")).split(",") if isinstance(asked, Mapping) else []
    return tuple(k for k in FINDABLE if k in kinds) or FINDABLE[:1]


def _kind(kind: str, tracks: list[Track]) -> Kind:
    erased = [t.reason for t in tracks if not t.keep]
    counts = np.bincount(
        np.concatenate([np.empty(0, np.uint8), *erased]), minlength=len(Reason)
    ).tolist()
    return Kind(kind, len(tracks), len(tracks) - len(erased), sum(counts), *counts)


def _runs(numbers: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return (first, last) of each stretch of neighbouring numbers."""
    if not len(numbers):
        return []
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    return [(int(part[0]), int(part[-1])) for part in np.split(numbers, breaks)]


def _moment(doubt: Doubt, plan: Plan, times: Times, bound: float) -> Moment:
    kind = next((KINDS[t.kind] for t in (*plan.tracks, *plan.left) if t.id == doubt.track), "")
    where = (
        "whole picture" if _is_whole(doubt, plan) else place(doubt.box, plan.size_at(doubt.first))
    )
    return Moment(
        doubt.track,
        kind,
        (doubt.first, doubt.last),
        times.start_s(doubt.first),
        times.start_s(doubt.last),
        doubt.box,
        where,
        doubt.causes,
        doubt.risk,
        doubt.risk > bound,
    )


def _is_whole(doubt: Doubt, plan: Plan) -> bool:
    """Return whether the doubt is about the whole picture."""
    return doubt.track == WHOLE and doubt.box == (0, 0, *plan.size_at(doubt.first))


def place(box: Box, size_wh: Size) -> str:
    """Name the ninth of the picture in which the middle of the box lies."""
    x, y = (min((box[i] + box[i + 2]) * 3 // (2 * size_wh[i]), 2) for i in (0, 1))
    across, down = ("left", "middle", "right")[x], ("top", "middle", "bottom")[y]
    return across if across == down else " ".join(w for w in (down, across) if w != "middle")
