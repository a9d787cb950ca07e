"""Gather the facts of a report once, so that page, JSON and terminal cannot disagree.

Nothing here names a file, a place or a date unless the user asked for it: files are numbered, and
identified by their hashes. The facts contain no pixels. Lists that grow with a video (tracks,
moments, findings) are bounded, and what was left out is counted.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib import metadata
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.detect.schedule import PACES, smallest_face
from efface.detections import FACE, FINDABLE, KINDS
from efface.errors import printable
from efface.findings import Outcome, Verification
from efface.geometry import Box, Size
from efface.options import PAINTED, settings
from efface.planning.doubt import WHOLE, Doubt
from efface.planning.erased_share import KindPrice, Share, price
from efface.planning.left_visible import KindLeft, by_kind, stretches
from efface.planning.plan import Plan
from efface.timing import timecode
from efface.tracks import Reason, Track
from efface.version import VERSION

MOST_LANES = 24
"""Maximum number of tracks of one video that are drawn. Nobody reads more than a screen of them;
the density shows the rest, and it is counted."""

MOST_STRETCHES = 240
"""Maximum number of stretches of one track. A track that flickers more is drawn in steps of several
frames."""

MOST_MOMENTS = 100
MOST_FINDINGS = 200
MOST_CUTS = 500
MOST_GAPS = 200
MOST_LEFT = 200
"""Maximum number listed of each for one file; the rest is counted."""

STEPS = 500
"""Steps of a whole video on its time line. Marks that are nearer than one step are merged."""

BINS = 240
"""Columns of the density: as many as fit on a phone."""

WORTH_SHARE = 0.5
"""Share of the bound from which a moment is listed. One far below it is not worth the reader's
time."""

LONGEST_TEXT = 200
"""Maximum characters of a text from a plan's file. Such files may be hostile."""

LIBRARIES = (
    "av",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "pillow",
    "pillow-heif",
    "scipy",
)
"""Libraries that decode, detect, paint and encode. Their versions are part of the record."""

MOST_SENSITIVE = "high"
"""Highest value of --sensitivity."""

NOT_TOLD = {"redact": ("report",), "render": ("report",), "verify": ("report", "paint", "write")}
"""Option branches that say nothing about what was erased, by command. When a copy is only checked,
nobody knows how it was painted."""


class Verdict(Enum):
    """The result for one file, and for all: the gravest of theirs."""

    CLEAN = "clean"
    REVIEW = "needs review"
    """The target exists, and a person should check the named moments."""
    NOT_VERIFIED = "not verified"
    """The target exists, but no check has examined it."""
    NOT_DONE = "not done"
    """The target does not exist, as an error came first."""
    NOT_CLEAN = "not clean"
    """A check found what should not be there."""

    @property
    def gravity(self) -> int:
        """Rank of the verdict; more is worse."""
        return list(Verdict).index(self)


@dataclass(frozen=True, slots=True)
class Media:
    """What is known of a source, or of the source that a plan was made for.

    size_wh    of the first frame; sizes is the number of different ones.
    sha256     empty if a plan's file states none.
    duration_s seconds from the start of the first frame to the end of the last; None for photos.
    """

    medium: str
    sha256: str
    size_wh: Size
    sizes: int
    frames: int
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Kind:
    """Everything of one kind that was found in a file.

    tracks    objects of a photo; in video stretches of objects, as efface does not recognise
              anybody.
    kept      of them, those that a person asked to keep visible.
    areas     erased areas in all frames together: seen, bridged, extended and drawn ones.
    """

    kind: str
    tracks: int
    kept: int
    areas: int
    seen: int
    bridged: int
    extended: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive frames, both ends included, that are covered for one reason (name of a `Reason`,
    lower case)."""

    first: int
    last: int
    start_s: float
    end_s: float
    reason: str


Marks = tuple[tuple[float, float], ...]
"""Start and end times, in seconds; in order, and at most about STEPS of them."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One track over time.

    is_exact   every frame stands in its stretch; otherwise several frames make a step, shown by its
               least certain reason.
    risk       that of its riskiest moment.
    marks      start and end times of moments to check, in seconds; near ones are merged.
    """

    track: int
    kind: str
    is_kept: bool
    start_s: float
    end_s: float
    areas: Mapping[str, int]
    stretches: tuple[Stretch, ...]
    is_exact: bool
    risk: float
    marks: Marks


@dataclass(frozen=True, slots=True)
class Cost:
    """The share of the picture that is erased, 0 to 1: on average, and in the worst frame or page,
    with its number and time."""

    mean: float
    worst: float
    worst_frame: int
    worst_s: float


@dataclass(frozen=True, slots=True)
class KindCost:
    """The share that one kind erases; an overlap of two kinds counts for both.

    best         score of its best sighting.
    is_sure      some sighting is surely one of its kind, or a person drew it.
    is_doubtful  it erases much, and is not sure.
    instead      the value of --kinds that leaves it out; empty if nothing else was looked for.
    """

    kind: str
    cost: Cost
    best: float
    is_sure: bool
    is_doubtful: bool
    instead: str


@dataclass(frozen=True, slots=True)
class Sought:
    """Heights, in whole pixels, below which objects of a kind were not looked for, and from which
    they were in every frame."""

    kind: str
    at_all: int
    always: int


@dataclass(frozen=True, slots=True)
class Moment:
    """Frames in which something may be visible. `place` is a ninth of the picture, in words.

    track  0 if it concerns the whole picture instead of a track; `kind` is empty then.
    """

    track: int
    kind: str
    frames: tuple[int, int]
    start_s: float
    end_s: float
    box: Box
    place: str
    causes: tuple[str, ...]
    risk: float
    is_above: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive frames, both ends included."""

    first: int
    last: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Left:
    """A track that is left visible, from its first sighting in a stretch to the last one. See
    `left_visible.Stretch`."""

    track: int
    kind: str
    span: Span
    best: float
    is_listed: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a plan holds.

    asked        kinds that were looked for.
    shots        1 and one more for every shot change; `cuts` are their times in seconds, the first
                 MOST_CUTS of them.
    blacked_out  number of frames that could not be decoded, `gaps` where they are, the first
                 MOST_GAPS of them.
    lanes        the tracks that are drawn, by time; `tracks` counts all.
    density      erased areas at a time, the most in each of up to BINS equal steps; `density_seen`
                 of them those in sight.
    moments      those worth checking, the riskiest first; `doubts` counts all, `worth` those worth
                 checking, `above` those
                 above the bound.
    marks        places on the time line of all moments worth checking, shot changes, blacked out
                 frames, and of what is left
                 visible; by the names "moments", "cuts", "blacked_out" and "left".
    edits        number of changes that a person made.
    cost         of all kinds together, and `costs` of each.
    sought       sizes that were too small to be looked for.
    left         what was seen too weakly to be erased, and is left visible; left_where lists where,
                 the first MOST_LEFT of it.
    may_cover_more  another --sensitivity would erase more.
    """

    asked: tuple[str, ...]
    kinds: tuple[Kind, ...]
    tracks: int
    areas: int
    shots: int
    cuts: tuple[float, ...]
    blacked_out: int
    gaps: tuple[Span, ...]
    lanes: tuple[Lane, ...]
    density: tuple[int, ...]
    density_seen: tuple[int, ...]
    moments: tuple[Moment, ...]
    doubts: int
    worth: int
    above: int
    bound: float
    marks: Mapping[str, Marks]
    edits: int
    cost: Cost
    costs: tuple[KindCost, ...]
    sought: tuple[Sought, ...]
    left: tuple[KindLeft, ...]
    left_where: tuple[Left, ...]
    may_cover_more: bool

    @property
    def risk(self) -> float:
        """Risk of the riskiest moment."""
        return self.moments[0].risk if self.moments else 0.0


@dataclass(frozen=True, slots=True)
class Done:
    """What was written: frames or pages, erased areas in them, frames that are black, sound
    streams."""

    frames: int
    areas: int
    blacked_out: int
    audio_kept: int
    audio_dropped: int


@dataclass(frozen=True, slots=True)
class Failure:
    """An error: name of its class, its message, and what to try. Neither contains a file's name
    unless names are reported."""

    kind: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A setting that took effect. Values as people write them; `None` becomes an empty text."""

    flag: str
    value: str
    default: str
    unit: str

    @property
    def is_changed(self) -> bool:
        """Whether it differs from the default."""
        return self.value != self.default


@dataclass(frozen=True, slots=True)
class Network:
    """A detector that was used."""

    name: str
    version: str
    sha256: str
    runtime: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything about one file. None means that it did not exist, or that the run did not get so
    far.

    number       1, 2, ... in the order of work.
    name         the source's name, relative to the requested folder, and the target's, if names are
                 reported.
    target_sha256 of the target; empty if there is no target.
    found        what the plan holds; also if the target was not written.
    """

    number: int
    verdict: Verdict
    exit_code: int
    name: str = ""
    target_name: str = ""
    failure: Failure | None = None
    media: Media | None = None
    plan_sha256: str = ""
    target_sha256: str = ""
    found: Found | None = None
    done: Done | None = None
    verification: Verification | None = None
    chosen: tuple[Chosen, ...] = ()
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole run. `made` is its time, in UTC to the minute, if requested."""

    command: str
    entries: tuple[Entry, ...]
    exit_code: int
    made: str = ""
    version: str = VERSION
    software: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict; NOT_DONE without any file."""
        return max(
            (e.verdict for e in self.entries), key=lambda v: v.gravity, default=Verdict.NOT_DONE
        )


def media_of(plan: Plan) -> Media:
    """Return what a plan knows of its source."""
    times = _Times(plan)
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
    areas, edits = plan.region_count, len(plan.edits)
    cost, costs = costs_of(plan)
    left, left_kinds = stretches(plan), by_kind(plan)
    plan = plan.settled()
    times = _Times(plan)
    density, seen = _density(plan, times)
    gaps = _runs(np.array(plan.bad, np.int64))
    worth = [d for d in plan.doubts if d.risk > bound * WORTH_SHARE]
    return Found(
        asked=_asked(plan),
        kinds=tuple(
            k
            for i, kind in enumerate(KINDS)
            if (k := _kind(kind, [t for t in plan.tracks if t.kind == i])).tracks
        ),
        tracks=len(plan.tracks),
        areas=areas,
        shots=len(plan.cuts) + 1,
        cuts=tuple(times.start_s(c) for c in plan.cuts[:MOST_CUTS]),
        blacked_out=len(plan.bad),
        gaps=tuple(times.span(first, last) for first, last in gaps[:MOST_GAPS]),
        lanes=()
        if plan.medium == "photo"
        else tuple(_lane(t, plan, times, bound) for t in _worth_drawing(plan)),
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
        left_where=tuple(
            Left(s.track, KINDS[s.kind], times.span(s.first, s.last), s.best, s.is_listed)
            for s in left[:MOST_LEFT]
        ),
        may_cover_more=_may_cover_more(plan),
    )


def costs_of(plan: Plan) -> tuple[Cost, tuple[KindCost, ...]]:
    """Return the share that the plan erases after all edits: all kinds together, and each."""
    paid, times = price(plan), _Times(plan)
    return _cost(paid.share, times), tuple(_kind_cost(k, _asked(plan), times) for k in paid.kinds)


def _cost(share: Share, times: _Times) -> Cost:
    return Cost(
        share.mean,
        share.worst,
        share.worst_frame,
        times.start_s(share.worst_frame) if times.count else 0.0,
    )


def _kind_cost(paid: KindPrice, asked: tuple[str, ...], times: _Times) -> KindCost:
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
    heights = smallest_face(plan.sizes[0], str(pace), is_photo=plan.medium == "photo")
    return (Sought(KINDS[FACE], *(ceil(h) for h in heights)),)


def _may_cover_more(plan: Plan) -> bool:
    asked = plan.options.get("detect")
    return not isinstance(asked, Mapping) or asked.get("sensitivity") != MOST_SENSITIVE


class _Times:
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


def _asked(plan: Plan) -> tuple[str, ...]:
    """Return the kinds that were looked for, from the plan's options. Plans older than that option
    have faces only."""
    asked = plan.options.get("detect")
    kinds = str(asked.get("kinds", "")).split(",") if isinstance(asked, Mapping) else []
    return tuple(k for k in FINDABLE if k in kinds) or FINDABLE[:1]


def _kind(kind: str, tracks: list[Track]) -> Kind:
    erased = [t.reason for t in tracks if not t.keep]
    counts = np.bincount(
        np.concatenate([np.empty(0, np.uint8), *erased]), minlength=len(Reason)
    ).tolist()
    return Kind(kind, len(tracks), len(tracks) - len(erased), sum(counts), *counts)


def _worth_drawing(plan: Plan) -> list[Track]:
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


def _lane(track: Track, plan: Plan, times: _Times, bound: float) -> Lane:
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


def _stretches(track: Track, times: _Times) -> tuple[tuple[Stretch, ...], bool]:
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


def _runs(numbers: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return (first, last) of each stretch of neighbouring numbers."""
    if not len(numbers):
        return []
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    return [(int(part[0]), int(part[-1])) for part in np.split(numbers, breaks)]


def _density(plan: Plan, times: _Times) -> tuple[tuple[int, ...], tuple[int, ...]]:
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


def _moment(doubt: Doubt, plan: Plan, times: _Times, bound: float) -> Moment:
    kind = next((KINDS[t.kind] for t in (*plan.tracks, *plan.left) if t.id == doubt.track), "")
    where = (
        "whole picture" if _is_whole(doubt, plan) else place(doubt.box, plan.size_at(doubt.first))
    )
    return Moment(
        doubt.track, kind, (doubt.first, doubt.last), times.start_s(doubt.first), times.start_s(doubt.last),
        doubt.box, where, doubt.causes, doubt.risk, doubt.risk > bound,
    )  # fmt: skip


def _is_whole(doubt: Doubt, plan: Plan) -> bool:
    """Return whether the doubt is about the whole picture."""
    return doubt.track == WHOLE and doubt.box == (0, 0, *plan.size_at(doubt.first))


def place(box: Box, size_wh: Size) -> str:
    """Name the ninth of the picture in which the middle of the box lies."""
    x, y = (min((box[i] + box[i + 2]) * 3 // (2 * size_wh[i]), 2) for i in (0, 1))
    across, down = ("left", "middle", "right")[x], ("top", "middle", "bottom")[y]
    return across if across == down else " ".join(w for w in (down, across) if w != "middle")


def networks_of(plan: Plan) -> tuple[Network, ...]:
    """Return the detectors that a plan names, at most 16."""
    told = [
        [_short(d.get(name, "")) for name in ("name", "version", "sha256", "runtime")]
        for d in plan.detectors[:16]
    ]
    return tuple(Network(*values) for values in told)


def chosen(
    command: str, asked: Mapping[str, Any], planned: Mapping[str, Any] | None = None
) -> tuple[Chosen, ...]:
    """Return the settings that took effect, changed ones first.

    asked    of this run, branch by branch, as `dataclasses.asdict(Options)` gives it.
    planned  of the run that made the plan, which decided what to look for, and how. A plan's file
             may hold anything.
    """
    told = []
    for s in settings():
        if s.branch in NOT_TOLD[command]:
            continue
        branch = (asked if planned is None or s.branch in PAINTED else planned).get(s.branch)
        if isinstance(branch, Mapping) and s.name in branch:
            told.append(Chosen(s.flag, _said(branch[s.name]), _said(s.default), s.unit))
    return tuple(sorted(told, key=lambda c: not c.is_changed))


def _said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else _short(value)


def _short(value: object) -> str:
    text = printable(value)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def verdict_of(found: Found | None, verification: Verification | None) -> Verdict:
    """Return the verdict for a file whose target exists."""
    outcomes = {c.outcome for c in verification.checks} if verification else set()
    if Outcome.NOT_CLEAN in outcomes:
        return Verdict.NOT_CLEAN
    if not outcomes - {Outcome.SKIPPED}:
        return Verdict.NOT_VERIFIED
    is_doubtful = found is not None and found.above > 0
    return Verdict.REVIEW if is_doubtful or Outcome.REVIEW in outcomes else Verdict.CLEAN


def failure_of(error: Exception, private: Collection[str]) -> Failure:
    """Describe an error for the report without file names.

    private  words of names and folders, as `words_of` gives them. A reason from the system or a
             decoder may quote some. Such a
             reason is left out: a short message is better than a leaked name.
    """
    kind = type(error).__name__
    lead = str(getattr(error, "lead", ""))
    why, at, hint = (
        _public(str(getattr(error, part, "") or ""), private) for part in ("why", "at", "hint")
    )
    message = f"It {lead}" if lead else _FIXED.get(kind, "An error that efface did not expect")
    message += f" at {at}" if at else ""
    message += f": {why}." if why else "."
    return Failure(kind, _short(message), _short(hint))


def words_of(text: str) -> set[str]:
    """Return the words in a name or path, in lower case."""
    return set(re.findall(r"[^\W_]+", text.casefold()))


def _public(text: str, private: Collection[str]) -> str:
    return "" if "/" in text or "\\" in text or not words_of(text).isdisjoint(private) else text


_FIXED = {
    "UndecodableFrame": "A frame cannot be decoded",
    "TooManyPixels": "It has more pixels than the limit",
    "UsageError": "The request contradicts itself",
    "ModelUnusable": "A model cannot be used",
    "DeviceMissing": "The device that was asked for is not available",
    "PartMissing": "A part of efface is missing",
    "DetectorFailed": "The detector failed",
    "WorkerDied": "The process that worked on it died",
    "OutOfMemory": "There was not enough memory for it",
    "ClusterUnusable": "The cluster cannot be used",
    "ProtocolMissing": "A protocol that it needs is not to be had on this machine",
    "CameraGivenUp": "A camera failed again and again, and was given up",
    "EncoderMissing": "The encoder is not part of this installation",
    "ExtraMissing": "A part of efface that is installed on request is missing",
    "VerificationFailed": "The finished draft did not pass its check and was deleted",
    "Interrupted": "It was not finished, as the run was interrupted",
}
"""Messages of errors that are built from other parts."""


def software() -> dict[str, str]:
    """Return the versions of the software in use, by name."""
    told = {"efface": VERSION, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            told[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # another build of the run-time replaces it
            continue
    return told


def span_text(start_s: float, end_s: float) -> str:
    """Format the range for people."""
    return f"{timecode(start_s)} to {timecode(end_s)}"
