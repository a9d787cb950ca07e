"""Declare an option once: its default, unit, help and bounds, checked when the options are
built."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from efface.errors import UsageError


def setting(
    default: Any,
    *,
    help: str,
    unit: str = "",
    choices: tuple[str, ...] = (),
    at_least: float | None = None,
    at_most: float | None = None,
    pattern: str = "",
    flag: str = "",
    items: tuple[str, ...] = (),
    parse: Callable[[str], object] | None = None,
) -> Any:
    """Make a dataclass field that carries what a flag, a page and a check need to know.

    choices  the value must be one of these.
    items    the value must be one or more of these, in any order, separated by commas.
    parse    reads each text of an option that may be given several times; it raises ValueError.
    """
    known = {
        "help": help,
        "unit": unit,
        "choices": choices,
        "at_least": at_least,
        "at_most": at_most,
    }
    return field(
        default=default,
        metadata={**known, "pattern": pattern, "flag": flag, "items": items, "parse": parse},
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """One option as the command line and the documentation see it."""

    branch: str
    name: str
    type: type
    default: Any
    help: str
    unit: str
    choices: tuple[str, ...]
    items: tuple[str, ...]
    flag: str

    @property
    def is_repeatable(self) -> bool:
        """Whether the option may be given several times; its value is then a tuple of texts."""
        return isinstance(self.default, tuple)


class Checked:
    """Checks each value when the options are built."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):  # type: ignore[arg-type]
            value, m = getattr(self, f.name), f.metadata
            flag = m["flag"] or f.name
            if value is None and f.default is None:
                continue
            if value is None:
                raise UsageError(f"{flag}: it needs a value.")
            if isinstance(f.default, tuple):
                _require_texts(value, m["parse"], flag)
            if m["choices"] and value not in m["choices"]:
                raise UsageError(f"{flag}: {value!r} is not one of {', '.join(m['choices'])}.")
            if m["items"]:
                _require_items(comma_separated(value), m["items"], flag)
            if m["pattern"] and not re.fullmatch(m["pattern"], str(value)):
                raise UsageError(f"{flag}: {value!r} does not look like {m['unit']}.")
            if isinstance(value, float) and not math.isfinite(
                value
            ):  # no clock can wait that long, and no plan can store it
                raise UsageError(f"{flag}: {value} is not a finite number.")
            low, high = m["at_least"], m["at_most"]
            if (low is not None and not value >= low) or (high is not None and not value <= high):
                bounds = f"at least {low}" if high is None else f"from {low} to {high}"
                raise UsageError(
                    f"{flag}: {value} is out of range; it must be {bounds} {m['unit']}".rstrip()
                    + "."
                )


def comma_separated(items: object) -> list[str]:
    return [name.strip() for name in str(items).split(",")]


def _require_items(named: list[str], known: tuple[str, ...], flag: str) -> None:
    for name in named:
        if name not in known:
            raise UsageError(
                f"{flag}: {name!r} is not one of {', '.join(known)}; separate several with commas."
            )
        if named.count(name) > 1:
            raise UsageError(f"{flag}: {name} is named twice.")


def _require_texts(value: object, parse: Callable[[str], object], flag: str) -> None:
    if not isinstance(value, tuple) or not all(isinstance(text, str) for text in value):
        raise UsageError(f"{flag}: it must be a tuple of texts, one for each time it is given.")
    for text in value:
        try:
            parse(text)
        except ValueError as e:
            raise UsageError(f"{flag}: {text!r}: {e}.") from e
