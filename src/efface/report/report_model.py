"""What a report holds: the facts of each file and of the run, as frozen values.

Nothing here names a file, a place or a date unless the user asked for it: files are numbered, and
identified by their hashes. The facts contain no pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from efface.findings import Verification
from efface.geometry import Box, Size
from efface.planning.left_visible import KindLeft
from efface.version import VERSION


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
    chance: float | None


@dataclass(frozen=True, slots=True)
class Exemption:
    """An erased track, and why it is erased, if a person said so. areas: the number of its boxes in
    frames or pages."""

    track: int
    kind: str
    first: int
    last: int
    start_s: float
    end_s: float
    areas: int
    reason: str


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
    written_in   around text that stands in the picture of the whole film and is not erased.
    kept_areas   areas that the command, or a person, keeps visible.
    exemptions   every erased track, with its reason if it has one.
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
    kept_areas: int = 0
    exemptions: tuple[Exemption, ...] = ()
    written_in: Box | None = None

    @property
    def risk(self) -> float:
        """Risk of the riskiest moment."""
        return self.moments[0].risk if self.moments else 0.0


@dataclass(frozen=True, slots=True)
class Done:
    """What was written: frames or pages, erased areas in them, frames that are black, sound
    streams.

    silent_spans  of the kept sound, how many spans of it are silent; silent_s how long they last.
    encoded_anew  the kept sound was decoded and encoded anew; otherwise it was copied.
    disguised     voices in it are disguised.
    """

    frames: int
    areas: int
    blacked_out: int
    audio_kept: int
    audio_dropped: int
    silent_spans: int = 0
    silent_s: float = 0.0
    encoded_anew: bool = False
    disguised: bool = False


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
