"""The settings that the page offers: which, in which groups and words, and three presets.

Each is an option of `efface.options`, which checks the values as it does for the command line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from efface.errors import UsageError
from efface.option_fields import Setting
from efface.options import Options, settings
from efface.presets import BUILT_IN


@dataclass(frozen=True, slots=True)
class Offered:
    """A setting in the page.

    key    branch and name of the option.
    words  a word for each of its values, in the order in which they are offered.
    range  lowest, highest and step of a slider; empty for a choice.
    """

    key: str
    label: str
    words: tuple[tuple[str, str], ...] = ()
    range: tuple[float, ...] = ()


GROUPS: tuple[tuple[str, str, tuple[Offered, ...]], ...] = (
    (
        "What is erased",
        "Counts for files that efface has not looked at yet.",
        (
            Offered(
                "detect.kinds",
                "Find",
                (("face", "Faces"), ("plate", "Licence plates"), ("text", "Text")),
            ),
            Offered(
                "cover.part", "Of a person", (("face", "The face"), ("head", "The whole head"))
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
    (
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
            Offered("paint.colour", "Colour, if it is one"),
        ),
    ),
    (
        "The copy",
        "",
        (
            Offered("write.audio", "Sound of films", (("drop", "Remove"), ("keep", "Keep"))),
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
            Offered(
                "verify.level",
                "Check before saving",
                (("quick", "A sample"), ("full", "Every frame"), ("off", "None")),
            ),
        ),
    ),
)


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
_OFFERED = {o.key: _KNOWN[o.key] for _, _, group in GROUPS for o in group}
_BY_PRESETS = {f"{branch}.{name}" for p in BUILT_IN for branch, name in p.values}
_SETTABLE = {key: known for key, known in _KNOWN.items() if key in _OFFERED or key in _BY_PRESETS}
"""What has a control on the page, and what a preset sets without one."""


def described(options: Options) -> dict[str, Any]:
    """Return the settings with their values, and the presets, for the page."""
    return {
        "groups": [
            {"title": title, "note": note, "settings": [_described(o, options) for o in group]}
            for title, note, group in GROUPS
        ],
        "presets": [
            {"name": p.name, "title": title, "text": text, "values": _values(p.options())}
            for p in BUILT_IN
            for title, text in [CARDS[p.name]]
        ],
        "values": _values(options),
    }


def _described(offered: Offered, options: Options) -> dict[str, Any]:
    known = _OFFERED[offered.key]
    return {
        "key": offered.key,
        "label": offered.label,
        "help": known.help,
        "kind": "many" if known.items else "range" if offered.range else known.name,
        "words": offered.words,
        "range": offered.range,
    }


def _values(options: Options) -> dict[str, Any]:
    return {
        key: getattr(getattr(options, known.branch), known.name) for key, known in _SETTABLE.items()
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
