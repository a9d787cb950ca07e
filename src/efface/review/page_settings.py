"""The settings that the page offers: which, in which groups and words, and the presets.

Each is an option of `efface.options`, which checks the values as it does for the command line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from efface.errors import UsageError
from efface.option_fields import Setting
from efface.options import Options, settings
from efface.presets import BUILT_IN, Preset


@dataclass(frozen=True, slots=True)
class Offered:
    """A setting in the page.

    key    branch and name of the option.
    words  a word for each of its values, in the order in which they are offered.
    range  lowest, highest and step of a slider of a share; empty for a choice.
    unit   what a number counts.
    """

    key: str
    label: str
    words: tuple[tuple[str, str], ...] = ()
    range: tuple[float, ...] = ()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Settings under a heading.

    note    what a person should know about all of them.
    is_open whether they are shown at first; the others are for few people.
    """

    title: str
    note: str
    settings: tuple[Offered, ...]
    is_open: bool = True


MOST_BUTTONS = 5
"""A choice of more values is a list that opens."""

NOT_YET = "Counts for files that efface has not looked at yet."

GROUPS = (
    Group(
        "What is erased",
        NOT_YET,
        (
            Offered(
                "detect.kinds",
                "Find",
                (
                    ("face", "Faces"),
                    ("plate", "Licence plates"),
                    ("text", "Text"),
                    ("code", "QR and bar codes"),
                    ("person", "Persons"),
                ),
            ),
            Offered(
                "cover.part",
                "Of a person",
                (("face", "The face"), ("head", "The whole head"), ("person", "The whole person")),
            ),
            Offered(
                "detect.sensitivity",
                "In doubt",
                (("low", "Leave visible"), ("normal", "Weigh up"), ("high", "Erase")),
            ),
            Offered("cover.margin", "Margin around faces", range=(0, 1, 0.05)),
            Offered("cover.plate_margin", "Margin around plates", range=(0, 1, 0.05)),
        ),
    ),
    Group(
        "How it looks",
        "",
        (
            Offered(
                "paint.style",
                "In its place",
                (("smooth", "Soft colours"), ("tiles", "Mosaic"), ("solid", "One colour")),
            ),
            Offered(
                "paint.shape",
                "Shape",
                (("rounded", "Rounded"), ("ellipse", "Oval"), ("box", "Box")),
            ),
            Offered(
                "paint.rim",
                "Areas of a JPEG end",
                (("blocks", "With whole blocks"), ("shape", "With the shape")),
            ),
            Offered("paint.colour", "Colour, if it is one"),
            Offered("paint.seed", "Pattern of the mosaic", unit="any number"),
        ),
    ),
    Group(
        "The copy",
        "",
        (
            Offered(
                "write.audio",
                "Sound of films",
                (
                    ("drop", "Remove"),
                    ("disguise", "Disguise voices, for ears only"),
                    ("keep", "Keep"),
                ),
            ),
            Offered(
                "verify.level",
                "Check before saving",
                (("quick", "A sample"), ("full", "Every frame"), ("off", "None")),
            ),
            Offered(
                "write.jpeg",
                "JPEG from JPEG",
                (("recode", "All of it anew"), ("exact", "Kept outside of areas")),
            ),
            Offered(
                "write.codec",
                "Format of films",
                (
                    ("auto", "Fits the film"),
                    ("h264", "H.264"),
                    ("hevc", "HEVC"),
                    ("av1", "AV1"),
                    ("vp9", "VP9"),
                ),
            ),
            Offered("write.crf", "Quality of films", unit="0 is best, 63 is smallest"),
            Offered(
                "write.preset",
                "Effort for small files",
                (
                    ("ultrafast", "Least: quick, large files"),
                    ("superfast", "Very little"),
                    ("veryfast", "Little"),
                    ("faster", "Rather little"),
                    ("fast", "A bit less"),
                    ("medium", "Medium"),
                    ("slow", "More"),
                    ("slower", "Much"),
                    ("veryslow", "Most: slow, small files"),
                ),
            ),
        ),
    ),
    Group(
        "Films: how long something stays erased",
        NOT_YET,
        (
            Offered("track.bridge_s", "Across a gap of up to", unit="seconds"),
            Offered("track.lead_in_s", "Before it was seen first", unit="seconds"),
            Offered("track.lead_out_s", "After it was seen last", unit="seconds"),
            Offered("track.hold_s", "Where it turns up or vanishes in the middle", unit="seconds"),
        ),
        is_open=False,
    ),
    Group(
        "Doubts, and damaged files",
        "",
        (
            Offered("risk.bound", "A moment needs a look from this risk on", range=(0, 1, 0.05)),
            Offered(
                "read.bad_frames",
                "Frames that cannot be read",
                (("fail", "Give up on the file"), ("cover", "Make them black")),
            ),
            Offered(
                "report.told",
                "A report also tells",
                (("names", "Names of files"), ("date", "When it was made")),
            ),
        ),
        is_open=False,
    ),
    Group(
        "Speed and hardware",
        NOT_YET,
        (
            Offered(
                "detect.detail",
                "How closely films are looked at",
                (("sparse", "Less: quicker"), ("paced", "Normally"), ("all", "Most: slow")),
            ),
            Offered(
                "detect.device",
                "Looks with",
                (
                    ("auto", "Processor"),
                    ("cpu", "Processor, always"),
                    ("cuda", "NVIDIA card"),
                    ("openvino", "Intel OpenVINO"),
                ),
            ),
            Offered(
                "detect.precision",
                "Numbers of the networks",
                (("auto", "As it fits"), ("int8", "8 bits: quick"), ("float32", "32 bits")),
            ),
            Offered("detect.timeout_s", "Give up on a frame after", unit="seconds"),
        ),
        is_open=False,
    ),
)

NOT_OFFERED = {
    "read.max_pixels": "guards this machine, and is raised for one file that a person trusts",
    "read.max_total_pixels": "the same",
    "write.overwrite": "decided for each copy: the card of a file asks",
    "write.discard_edits": "would throw a person's work away; the page undoes edits one by one",
    "cover.erase": "a place of one file; in the page a person draws a box",
    "cover.keep": "the same; in the page a person deletes or cuts a track",
    "write.mute": "spans of one film",
    "detect.text": "every text that was found can be deleted in the review",
    "sign.c2pa_sign": "names the owner of a key in every copy, which nobody should do by a click",
    "sign.c2pa_source_hash": "belongs to the signature",
    "read.walls": "the page always raises the walls that the system has",
}
"""Options of `efface redact` that the page does not offer, and why."""

VALUES_NOT_OFFERED = {"write.audio": {"mute": "needs the spans of --mute"}}
"""The same for single values."""


CARDS = {
    "readable-photo": (
        "A photo that must stay readable",
        "Erases faces and plates with soft colours, and as little else as it can.",
    ),
    "street-video": (
        "Street video",
        "Erases whole heads and plates, without sound. You review what is doubtful.",
    ),
    "no-review": (
        "Nobody reviews this",
        "Erases more than it must, in one colour, and checks every frame. Slower.",
    ),
}
"""Title and text of the card of each built-in preset, see `efface.presets`."""

_KNOWN: dict[str, Setting] = {f"{s.branch}.{s.name}": s for s in settings()}
_SETTABLE = {o.key: _KNOWN[o.key] for group in GROUPS for o in group.settings}
_SAID_BY_PRESETS = {f"{branch}.{name}" for p in BUILT_IN for branch, name in p.values}


def described(options: Options, own: Sequence[Preset] = (), wrong: str = "") -> dict[str, Any]:
    """Return the settings with their values, and the presets, for the page.

    own    a person's own presets.
    wrong  why they cannot be read.
    """
    return {
        "groups": [
            {
                "title": group.title,
                "note": group.note,
                "open": group.is_open,
                "settings": [_described(o) for o in group.settings],
            }
            for group in GROUPS
        ],
        "presets": [
            {"name": p.name, "title": title, "text": text, "values": _values(p.options())}
            for p in BUILT_IN
            for title, text in [CARDS[p.name]]
        ],
        "own": [{"name": p.name, "values": _values(p.options())} for p in own],
        "wrong": wrong,
        "values": _values(options),
    }


def _described(offered: Offered) -> dict[str, Any]:
    known = _SETTABLE[offered.key]
    return {
        "key": offered.key,
        "label": offered.label,
        "help": known.help,
        "kind": _control_of(offered, known),
        "words": offered.words,
        "range": offered.range,
        "unit": offered.unit,
        "optional": known.default is None,
    }


def _control_of(offered: Offered, known: Setting) -> str:
    """Return which control the page shows: many, range, choice, list, number or colour."""
    if known.items:
        return "many"
    if offered.range:
        return "range"
    if offered.words:
        return "list" if len(offered.words) > MOST_BUTTONS else "choice"
    return "number" if known.type in (int, float) else known.name


def _values(options: Options) -> dict[str, Any]:
    return {
        key: getattr(getattr(options, known.branch), known.name) for key, known in _SETTABLE.items()
    }


def to_save(options: Options) -> dict[str, Any]:
    """Return what a preset says that stands for these options: all that the built-in ones say, and
    what differs from the defaults. The machine's own settings are left out where they are usual."""
    usual, now = _values(Options()), _values(options)
    return {
        _SETTABLE[key].flag.removeprefix("--"): value
        for key, value in now.items()
        if value is not None and (key in _SAID_BY_PRESETS or value != usual[key])
    }


def changed(options: Options, values: Mapping[str, Any]) -> Options:
    """Return the options with these values, which the page sent.

    Raises UsageError for what is not offered, is of another type, or is out of range.
    """
    branches: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        if key not in _SETTABLE:
            raise UsageError(f"{key} is not a setting of the page.")
        known = _SETTABLE[key]
        if value is None and known.default is None:
            branches.setdefault(known.branch, {})[known.name] = None
            continue
        if type(value) is int and known.type is float:
            value = float(value)
        if type(value) is not known.type:
            raise UsageError(f"{known.flag}: this is not a value for it.")
        branches.setdefault(known.branch, {})[known.name] = value
    return dataclasses.replace(
        options,
        **{
            branch: dataclasses.replace(getattr(options, branch), **named)
            for branch, named in branches.items()
        },
    )
