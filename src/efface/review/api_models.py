"""Describe a file to the page: its frames, tracks and doubtful moments, and the boxes of a range of
frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from efface.detections import KINDS
from efface.planning.doubt import Doubt
from efface.planning.edits import Area, Edit, read
from efface.planning.exemptions import reasons_of
from efface.planning.left_visible import by_kind, stretches
from efface.planning.plan import Plan
from efface.report import price_wording, wording
from efface.report.facts import costs_of, media_of
from efface.review import finished_copy
from efface.review.check_summary import checks
from efface.review.file_registry import Folder
from efface.review.session import ReviewSession
from efface.review.sound_actions import described_sound
from efface.tracks import Reason, Track

MOST_BOXES = 200_000
"""Maximum number of boxes in one answer."""

MOST_PRICED = 300_000
"""Up to this many erased areas, their share of the picture is counted again after each edit.

That takes half a second.
"""


MOST_PRICED_IN_LISTS = 20_000
"""The same for each file of a list. Such a film takes a thirtieth of a second."""


def listed(session: ReviewSession) -> list[dict[str, Any]]:
    """Return a short description of every file."""
    return [
        {
            "id": i,
            "name": f.job.name,
            "state": session.state(f),
            "error": f.error,
            "works": [w.plain() for w in f.works.values()],
            "bytes": _bytes_of(f),
            "done": f.has_own_copy,
            "target": f.job.target.name,
            "folder": shown_folder(f.job.target.parent),
        }
        | (_shortly(f, session.options.risk.bound) if f.document is not None else {})
        for i, f in enumerate(session.folders)
    ]


def _bytes_of(folder: Folder) -> int:
    """Return the size of the source; 0 if it is gone. It weighs the time that is left."""
    try:
        return folder.job.source.stat().st_size
    except OSError:
        return 0


def shown_folder(path: Path) -> str:
    """Return the folder as a person knows it: ~ is the home."""
    path = path.absolute()
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def share_of(folder: Folder) -> float | None:
    """Return which share of the picture the plan erases; None if counting it takes long."""
    plan = folder.plan
    if folder.share is None or folder.share[0] is not plan:
        if plan.region_count > MOST_PRICED_IN_LISTS:
            return None
        folder.share = plan, costs_of(plan)[0].mean
    return folder.share[1]


def _shortly(folder: Folder, bound: float) -> dict[str, Any]:
    plan = folder.plan
    open_ = [d for d in plan.doubts if not plan.is_settled(d)]
    return {
        "version": len(plan.edits),
        "share": share_of(folder),
        "approved": plan.revised.approved,
        "risky": sum(d.risk > bound for d in open_),
        "medium": plan.medium,
        "risk": max((d.risk for d in open_), default=0.0),
        "doubts": len(open_),
    }


def document(session: ReviewSession, number: int, folder: Folder) -> dict[str, Any]:
    """Return the description of a file, without its boxes."""
    known: dict[str, Any] = {
        "id": number,
        "name": folder.job.name,
        "state": session.state(folder),
        "error": folder.error,
    }
    known["works"] = [w.plain() for w in folder.works.values()]
    if folder.document is None:
        return known
    return (
        known
        | _of_plan(folder.plan)
        | {
            "reasons": list(session.reasons),
            "lost": folder.document.lost,
            "done": folder.has_own_copy,
            "target": folder.job.target.name,
            "folder": shown_folder(folder.job.target.parent),
            "video": folder.proxy is not None,
            "sound": _sounds(folder),
            **described_sound(folder, session.options.write),
            "playable": folder.plan.medium != "photo",
            "verification": _verification(folder),
            "result": finished_copy.described(session, folder),
        }
    )


def _of_plan(plan: Plan) -> dict[str, Any]:
    now, log, reasons = plan.revised, read(plan.edits), reasons_of(plan)
    areas = {e.track for e in log.in_force if isinstance(e, Area)}
    return {
        "version": len(plan.edits),  # of the plan described here: another tab may be changing it
        "medium": plan.medium,
        "sizes": [list(s) for s in plan.sizes],
        "seconds": [round(s, 4) for s in plan.timeline.seconds.tolist()],
        "cuts": list(plan.cuts),
        "bad": list(plan.bad),
        "tracks": [
            _track(t, plan) | {"is_area": t.id in areas, "reason": reasons.get(t.id, "")}
            for t in now.tracks
        ],
        "deleted": [_track(t, plan) for t in now.deleted],
        "areas": [
            {"id": a.id, "first": a.first, "last": a.last, "box": list(a.box)} for a in now.areas
        ],
        "black": _runs(np.flatnonzero(now.black)),
        "doubts": [_doubt(d, plan) for d in plan.doubts],
        **_left(plan),
        "approved": now.approved,
        "undo": _named(log.in_force),
        "redo": _named(log.undone),
        "undo_edit": _shortened(log.in_force),
        "redo_edit": _shortened(log.undone),
        "cost": _cost(plan),
    }


def _doubt(doubt: Doubt, plan: Plan) -> dict[str, Any]:
    now = plan.revised
    return {
        "track": now.now(doubt.track),
        "was": doubt.track,
        "first": doubt.first,
        "last": doubt.last,
        "box": list(doubt.box),
        "causes": list(doubt.causes),
        "risk": doubt.risk,
        "accepted": (doubt.track, doubt.first, doubt.last) in now.accepted,
        "settled": plan.is_settled(doubt),
    }


def _left(plan: Plan) -> dict[str, Any]:
    """Return what is left visible: its tracks, the ranges in which they are in sight, and its
    amount as a sentence."""
    found = stretches(plan)
    visible = {s.track for s in found}
    said = wording.left_visible(by_kind(plan))
    return {
        "left": [_track(t, plan) for t in plan.revised.left if t.id in visible],
        "left_where": [
            {
                "track": s.track,
                "first": s.first,
                "last": s.last,
                "best": s.best,
                "chance": s.chance,
                "listed": s.is_listed,
            }
            for s in found
        ],
        "left_said": f"{said}." if said else "",
    }


def _cost(plan: Plan) -> list[str]:
    """Return sentences that say how much is erased."""
    if plan.region_count > MOST_PRICED:
        return ["The film is long: the report on the copy says how much of the picture is erased."]
    cost, costs = costs_of(plan)
    said = price_wording.price(cost, costs, media_of(plan))
    return [
        f"{said}." if said else "Nothing is erased.",
        *(price_wording.unsure_cost(c) for c in costs if c.is_doubtful),
        *filter(None, [price_wording.whole_persons(costs)]),
    ]


def _sounds(folder: Folder) -> bool:
    """Return whether what the browser plays has sound: the source may, its light copy never has."""
    plays_source = folder.proxy is not None and folder.proxy == folder.job.source
    return plays_source and folder.pictures is not None and folder.pictures.has_sound


def _verification(folder: Folder) -> dict[str, Any] | None:
    return checks(folder.done.verification) if folder.done is not None else None


def _named(edits: tuple[Edit, ...]) -> str:
    return edits[-1].name if edits else ""


def _shortened(edits: tuple[Edit, ...]) -> dict[str, Any] | None:
    """Return the last entry without its boxes, so that the page can say what it was about."""
    return {k: v for k, v in edits[-1].plain().items() if k != "boxes"} if edits else None


def _track(track: Track, plan: Plan) -> dict[str, Any]:
    return {
        "id": track.id,
        "kind": KINDS[track.kind],
        "keep": track.keep,
        "first": int(track.frame[0]),
        "last": int(track.frame[-1]),
        "runs": _runs(track.frame),
        "seen": _runs(track.frame[track.reason == Reason.SEEN]),
        "drawn": _runs(track.frame[track.reason == Reason.DRAWN]),
        "keys": list(plan.revised.keys.get(track.id, ())),
    }


def _runs(frames: Any) -> list[list[int]]:
    """Return [first, last] of each run of consecutive frames."""
    if not len(frames):
        return []
    breaks = np.flatnonzero(np.diff(frames) != 1) + 1
    return [[int(r[0]), int(r[-1])] for r in np.split(np.asarray(frames), breaks)]


def boxes(plan: Plan, first: int, last: int) -> dict[str, Any]:
    """Return the boxes of all tracks in these frames, flat: [frame, track, x1, y1, x2, y2, erased].

    What is left visible counts as not erased.
    """
    rows: list[Any] = []
    left = {t.id for t in plan.revised.left}
    for track in (*plan.revised.tracks, *plan.revised.left):
        low, high = np.searchsorted(track.frame, [first, last + 1])
        if low == high:
            continue
        # A black frame is erased as a whole, whatever stays visible elsewhere.
        black = [plan.is_black(int(f)) for f in track.frame[low:high]]
        erased = (plan.erased_rows(track)[low:high] & (track.id not in left)) | np.array(
            black, np.bool_
        )
        part = np.column_stack(
            [
                track.frame[low:high],
                np.full(high - low, track.id),
                track.xyxy[low:high].astype(np.int64),
                erased,
            ]
        )
        rows.append(part)
    flat = (
        np.concatenate(rows).astype(np.int64)[:MOST_BOXES] if rows else np.empty((0, 7), np.int64)
    )
    return {"boxes": flat.ravel().tolist()}
