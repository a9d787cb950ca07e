"""A person's changes to a plan: an append-only log.

Detected tracks stay in the plan unchanged; tracks and regions follow from them and the log (see
`revise`). Entries are never removed from the log: an undo is an entry as well. In a plan each entry
is a plain mapping, `{"edit": "keep", "track": 3, "keep": true}`. Here it has a type, and anything
that is not exactly such an entry is refused.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

from efface.detections import KINDS
from efface.geometry import Box

MOST_EDITS = 200_000
"""More than anybody edits by hand. A hostile plan with more could keep efface busy."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of the log. Frames are numbers, ranges include both ends, boxes are whole pixels of
    the upright frame."""

    name: ClassVar[str] = ""

    def plain(self) -> dict[str, Any]:
        """Return the entry as it is stored in a plan."""
        values = ((f.name, getattr(self, f.name)) for f in dataclasses.fields(self))
        return {"edit": self.name} | {n: list(v) if isinstance(v, tuple) else v for n, v in values}


@dataclass(frozen=True, slots=True)
class Draw(Edit):
    """Adds a new track: its id, one of detections.KINDS, and a box for each frame from `first`,
    four numbers each."""

    name: ClassVar[str] = "draw"
    track: int
    kind: str
    first: int
    boxes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cover(Edit):
    """Sets boxes of a track, one for each frame from `first`, whether or not it had any there."""

    name: ClassVar[str] = "cover"
    track: int
    first: int
    boxes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place(Edit):
    """Sets the box of a track in one frame. The change fades out towards the ends of the range;
    where the track ends, it stays."""

    name: ClassVar[str] = "place"
    track: int
    frame: int
    box: Box
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Stretch(Edit):
    """Sets when a track begins and ends. Where it becomes longer, the outermost box stays."""

    name: ClassVar[str] = "stretch"
    track: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Join(Edit):
    """Makes `other` a part of `track`. Boxes between them are interpolated; if both have one, the
    box around both counts."""

    name: ClassVar[str] = "join"
    track: int
    other: int


@dataclass(frozen=True, slots=True)
class Split(Edit):
    """Makes the part of a track from `frame` on a track of its own, with the id `new`."""

    name: ClassVar[str] = "split"
    track: int
    frame: int
    new: int


@dataclass(frozen=True, slots=True)
class Delete(Edit):
    """Removes a track, or a kept area, that was a mistake."""

    name: ClassVar[str] = "delete"
    track: int


@dataclass(frozen=True, slots=True)
class DeleteTracks(Edit):
    """Removes several tracks or kept areas in one entry, so that one undo restores them all."""

    name: ClassVar[str] = "delete_tracks"
    tracks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Keep(Edit):
    """Sets whether a track stays visible. For a track left visible because it was seen weakly, this
    records a person's decision either way."""

    name: ClassVar[str] = "keep"
    track: int
    keep: bool


@dataclass(frozen=True, slots=True)
class KeepTracks(Edit):
    """Does the same as `Keep` for several tracks in one entry."""

    name: ClassVar[str] = "keep_tracks"
    tracks: tuple[int, ...]
    keep: bool


@dataclass(frozen=True, slots=True)
class Only(Edit):
    """Keeps these tracks visible and erases all others. Does not affect what was left visible
    because it was seen weakly."""

    name: ClassVar[str] = "only"
    tracks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Area(Edit):
    """Adds a fixed area for some frames: erased, as a track of its own, or kept from being erased.
    `track` is its id."""

    name: ClassVar[str] = "area"
    track: int
    first: int
    last: int
    box: Box
    keep: bool


@dataclass(frozen=True, slots=True)
class Black(Edit):
    """Sets whether whole frames are black."""

    name: ClassVar[str] = "black"
    first: int
    last: int
    black: bool


LONGEST_REASON = 120
"""Characters of a reason."""


def is_reason(text: str) -> bool:
    """Return whether a text can be a reason: short and printable."""
    return len(text) <= LONGEST_REASON and text.isprintable()


@dataclass(frozen=True, slots=True)
class Justify(Edit):
    """Sets why tracks are erased, in the words of an office (see `exemptions`); "" for no
    reason."""

    name: ClassVar[str] = "justify"
    tracks: tuple[int, ...]
    reason: str


LATEST_MS, MOST_SPANS = 10**9, 50_000
"""Latest end of a silent span, and the maximum number of spans in one entry."""


@dataclass(frozen=True, slots=True)
class Mute(Edit):
    """Sets which spans of the sound are silent: those in `off` are heard again, then those in `on`
    are silent. Each is a flat list of starts and ends in milliseconds from the first frame."""

    name: ClassVar[str] = "mute"
    off: tuple[int, ...]
    on: tuple[int, ...]


def are_spans(flat: tuple[int, ...]) -> bool:
    """Return whether a flat list names spans: starts and ends, each start before its end."""
    pairs = zip(flat[::2], flat[1::2], strict=False)
    is_even = len(flat) % 2 == 0 and len(flat) <= 2 * MOST_SPANS
    return is_even and all(0 <= start < end <= LATEST_MS for start, end in pairs)


@dataclass(frozen=True, slots=True)
class Accept(Edit):
    """Sets whether a person checked the doubts about that track in exactly that range."""

    name: ClassVar[str] = "accept"
    track: int
    first: int
    last: int
    accepted: bool


@dataclass(frozen=True, slots=True)
class Approve(Edit):
    """Sets whether a person approved the whole plan. Any other change revokes it."""

    name: ClassVar[str] = "approve"
    approved: bool


@dataclass(frozen=True, slots=True)
class Undo(Edit):
    """Reverts the last entry in force."""

    name: ClassVar[str] = "undo"


@dataclass(frozen=True, slots=True)
class Redo(Edit):
    """Restores the last reverted entry, unless another entry was added since."""

    name: ClassVar[str] = "redo"


TYPES: dict[str, type[Edit]] = {
    t.name: t
    for t in (
        Draw,
        Cover,
        Place,
        Stretch,
        Join,
        Split,
        Delete,
        DeleteTracks,
        Keep,
        KeepTracks,
        Only,
        Area,
        Black,
        Justify,
        Mute,
        Accept,
        Approve,
        Undo,
        Redo,
    )
}
"""Every kind of entry by its name."""

_HINTS = {
    name: {f.name: get_type_hints(t)[f.name] for f in dataclasses.fields(t)}
    for name, t in TYPES.items()
}


def edit_of(plain: Mapping[str, Any]) -> Edit:
    """Return the entry for a mapping. Raises ValueError if the mapping is not an entry."""
    if (
        not isinstance(plain, Mapping)
        or not isinstance(name := plain.get("edit"), str)
        or name not in TYPES
    ):
        raise ValueError("an edit of a kind that this efface does not know")
    hints = _HINTS[name]
    if set(plain) != {"edit", *hints}:
        raise ValueError(f"the edit {name!r} has other fields than it should")
    edit = TYPES[name](
        **{field: _value(plain[field], hint, f"{name}.{field}") for field, hint in hints.items()}
    )
    if isinstance(edit, Draw) and edit.kind not in KINDS:
        raise ValueError("an edit draws an unknown kind")
    if isinstance(edit, Justify) and not is_reason(edit.reason):
        raise ValueError("an edit gives a reason that is too long, or not printable")
    if isinstance(edit, Mute) and not (are_spans(edit.off) and are_spans(edit.on)):
        raise ValueError("an edit has silent spans that are not starts and ends in milliseconds")
    return edit


def _value(value: Any, hint: Any, where: str) -> Any:
    if get_origin(hint) is tuple:
        count = None if Ellipsis in get_args(hint) else len(get_args(hint))
        if (
            not isinstance(value, list | tuple)
            or any(type(v) is not int for v in value)
            or count not in (None, len(value))
        ):
            raise ValueError(f"{where} must be a list of {count or 'only'} whole numbers")
        return tuple(value)
    if type(value) is not hint:  # True is an int, and 1 is not a bool
        raise ValueError(
            f"{where} must be "
            f"{'a whole number' if hint is int else 'true or false' if hint is bool else 'text'}"
        )
    return value


@dataclass(frozen=True, slots=True)
class Log:
    """A log read to its end.

    in_force  entries that count, in order.
    undone    entries that `redo` would restore, the next one last.
    """

    in_force: tuple[Edit, ...]
    undone: tuple[Edit, ...]


def read(edits: Iterable[Mapping[str, Any]]) -> Log:
    """Return which entries of a log are in force. Raises ValueError for invalid entries, and for an
    undo or redo without anything to undo or redo."""
    done: list[Edit] = []
    undone: list[Edit] = []
    for count, plain in enumerate(edits):
        if count >= MOST_EDITS:
            raise ValueError(f"more than {MOST_EDITS} edits")
        match edit_of(plain):
            case Undo():
                if not done:
                    raise ValueError("an edit undoes, and there is nothing to undo")
                undone.append(done.pop())
            case Redo():
                if not undone:
                    raise ValueError("an edit redoes, and there is nothing to redo")
                done.append(undone.pop())
            case edit:
                done.append(edit)
                undone.clear()
    return Log(tuple(done), tuple(undone))
