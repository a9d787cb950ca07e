"""The report as JSON, for machines and archives.

`schema.json` beside this file says what may stand where.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from importlib import resources
from typing import Any

from efface.errors import printable
from efface.findings import Check, Finding
from efface.report import price_wording, wording
from efface.report.facts import MOST_FINDINGS
from efface.report.report_model import (
    Cost,
    Entry,
    Found,
    KindCost,
    Lane,
    Left,
    Media,
    Moment,
    Report,
    Span,
)
from efface.timing import timecode

FORMAT = "efface-report"
VERSION = 3

MANY = 100
"""Files from which on each is one line."""

FILES = "\x00files"
"""What stands for them while the rest is made into text.

No text of a report holds it, as all are printable.
"""


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) that every report obeys."""
    found: dict[str, Any] = json.loads(
        resources.files("efface.report").joinpath("schema.json").read_text("utf-8")
    )
    return found


def text(report: Report) -> str:
    """The content of the file."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """The content of the file, piece by piece. Where there are many files, each is one line: to
    indent them would take longer than all the rest, and nobody reads them by eye."""
    said, many = _said(report), len(report.entries) > MANY
    head, tail = json.dumps(
        said | {"files": FILES}, indent=1, ensure_ascii=False, allow_nan=False
    ).split(json.dumps(FILES))
    yield head + "["
    for i, e in enumerate(report.entries):
        text = json.dumps(
            _entry(e), indent=None if many else 1, ensure_ascii=False, allow_nan=False
        )
        yield ("," if i else "") + "\n  " + text.replace("\n", "\n  ")
    yield ("\n ]" if report.entries else "]") + tail + "\n"


def said(report: Report) -> dict[str, Any]:
    """The report as plain values.

    Times are seconds from the start of the film, and timecodes; frames count from 0.
    """
    return _said(report) | {"files": [_entry(e) for e in report.entries]}


def _said(report: Report) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "efface": report.version,
        "command": report.command,
        "made": report.made or None,
        "outcome": report.verdict.value,
        "exit_code": report.exit_code,
        "sentence": wording.headline(report),
        "next": list(wording.advice(report)),
        "counts": {"files": len(report.entries)} | {v.value: n for v, n in wording.counts(report)},
        "files": [],
        "software": dict(report.software),
        "not_promised": list(wording.LIMITS),
        "private": wording.PRIVATE,
    }


def _entry(e: Entry) -> dict[str, Any]:
    return {
        "number": e.number,
        "name": printable(e.name) or None,
        "target_name": printable(e.target_name) or None,
        "outcome": e.verdict.value,
        "exit_code": e.exit_code,
        "sentence": wording.sentence(e),
        "error": asdict(e.failure) if e.failure else None,
        "source": _media(e.media) if e.media else None,
        "plan": {"sha256": e.plan_sha256 or None} if e.found else None,
        "found": _found(e.found, e.media) if e.found else None,
        "target_sha256": e.target_sha256 or None,
        "done": asdict(e.done) if e.done else None,
        "checks": [_check(c) for c in e.verification.checks] if e.verification else None,
        "settings": [asdict(c) | {"changed": c.is_changed} for c in e.chosen],
        "detectors": [asdict(n) for n in e.networks],
    }


def _media(m: Media) -> dict[str, Any]:
    length = None if m.duration_s is None else timecode(m.duration_s)
    return {
        "sha256": m.sha256 or None,
        "medium": m.medium,
        "size": list(m.size_wh),
        "sizes": m.sizes,
        "frames": m.frames,
        "duration_s": m.duration_s,
        "duration": length,
    }


def _found(f: Found, media: Media | None) -> dict[str, Any]:
    return {
        "asked": list(f.asked),
        "tracks": f.tracks,
        "areas": f.areas,
        "kinds": [asdict(k) for k in f.kinds],
        "shots": f.shots,
        "cuts": [{"second": c, "timecode": timecode(c)} for c in f.cuts],
        "blacked_out": f.blacked_out,
        "blacked_out_where": [_span(g) for g in f.gaps],
        "density": {"areas": list(f.density), "seen": list(f.density_seen)},
        "marks": {name: [list(m) for m in marks] for name, marks in f.marks.items()},
        "drawn_tracks": [_lane(lane) for lane in f.lanes],
        "tracks_not_drawn": f.tracks - len(f.lanes),
        "risk_bound": f.bound,
        "moments": [_moment(m) for m in f.moments],
        "moments_in_all": f.doubts,
        "moments_worth_a_look": f.worth,
        "moments_above": f.above,
        "edits": f.edits,
        "kept_areas": f.kept_areas,
        "reasons": [
            {"track": e.track, "kind": e.kind, "frames": [e.first, e.last], "reason": e.reason}
            for e in f.exemptions
            if e.reason
        ],
        "written_in": None if f.written_in is None else list(f.written_in),
        "erased": _cost(f.cost)
        | {"sentence": price_wording.price(f.cost, f.costs, media) if media else ""},
        "erased_by_kind": [_kind_cost(c) for c in f.costs],
        "sought": [asdict(s) for s in f.sought],
        "left_visible": {
            "kinds": [asdict(k) for k in f.left],
            "stretches": [_left(s) for s in f.left_where],
            "sentence": wording.left_visible(f.left),
        },
    }


def _left(s: Left) -> dict[str, Any]:
    return _span(s.span) | {
        "track": s.track,
        "kind": s.kind,
        "best_score": s.best,
        "chance": s.chance,
        "listed": s.is_listed,
    }


def _cost(c: Cost) -> dict[str, Any]:
    return {
        "mean": c.mean, "worst": c.worst, "worst_frame": c.worst_frame, "worst_second": c.worst_s,
        "worst_timecode": timecode(c.worst_s),
    }  # fmt: skip


def _kind_cost(c: KindCost) -> dict[str, Any]:
    said = _cost(c.cost) | {
        "kind": c.kind,
        "best_score": c.best,
        "sure": c.is_sure,
        "doubtful": c.is_doubtful,
    }
    return said | {
        "kinds_without": c.instead or None,
        "sentence": price_wording.unsure_cost(c) if c.is_doubtful else "",
    }


def _span(s: Span) -> dict[str, Any]:
    return _when((s.first, s.last), s.start_s, s.end_s)


def _when(frames: tuple[int, int], start_s: float, end_s: float) -> dict[str, Any]:
    return {
        "frames": list(frames),
        "seconds": [start_s, end_s],
        "timecodes": [timecode(start_s), timecode(end_s)],
    }


def _lane(lane: Lane) -> dict[str, Any]:
    return {
        "track": lane.track,
        "kind": lane.kind,
        "kept": lane.is_kept,
        "seconds": [lane.start_s, lane.end_s],
        "timecodes": [timecode(lane.start_s), timecode(lane.end_s)],
        "areas": dict(lane.areas),
        "risk": lane.risk,
        "exact": lane.is_exact,
        "marks": [list(m) for m in lane.marks],
        "stretches": [[s.first, s.last, s.reason] for s in lane.stretches],
    }


def _moment(m: Moment) -> dict[str, Any]:
    return _when(m.frames, m.start_s, m.end_s) | {
        "track": m.track or None,
        "kind": m.kind or None,
        "risk": m.risk,
        "above": m.is_above,
        "causes": list(m.causes),
        "why": wording.causes(m),
        "box": list(m.box),
        "place": m.place,
    }


def _check(c: Check) -> dict[str, Any]:
    return {
        "name": c.name,
        "outcome": c.outcome.value,
        "why_not": c.why or None,
        "facts": {printable(name): _value(value) for name, value in c.facts.items()},
        "findings": [_finding(f) for f in c.findings[:MOST_FINDINGS]],
        "findings_in_all": len(c.findings),
    }


def _value(value: str | int | float) -> str | int | float:
    return printable(value) if isinstance(value, str) else value


def _finding(f: Finding) -> dict[str, Any]:
    return {
        "message": printable(f.message),
        "frame": f.frame,
        "second": None if f.time_s is None else round(f.time_s, 3),
        "timecode": None if f.time_s is None else timecode(f.time_s),
        "box": None if f.box is None else list(f.box),
        "score": f.score,
    }
