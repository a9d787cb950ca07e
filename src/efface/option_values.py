"""Values of options as people write them: a share as 40%, a colour by its name in CSS, a span of
time as 0:10-0:14, an area as 10,10,200,60@0:00-0:05.

The command line, the file of presets and that of cameras read the same spellings.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

NAMED_COLOURS = {
    "black": "#000000",
    "silver": "#c0c0c0",
    "gray": "#808080",
    "grey": "#808080",
    "white": "#ffffff",
    "maroon": "#800000",
    "red": "#ff0000",
    "purple": "#800080",
    "fuchsia": "#ff00ff",
    "green": "#008000",
    "lime": "#00ff00",
    "olive": "#808000",
    "yellow": "#ffff00",
    "navy": "#000080",
    "blue": "#0000ff",
    "teal": "#008080",
    "aqua": "#00ffff",
    "orange": "#ffa500",
}
"""The basic colours of CSS (CSS Color Module Level 4, section 6.1, and `grey`)."""


def share_of(text: str) -> float:
    """Return a number, or a percentage of the same: 40% is 0.4. Raises ValueError."""
    text = text.strip()
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def colour_of(text: str) -> str:
    """Return a colour as #rrggbb, from that, from #rgb, or from its name.

    Any other text stays as it is; the options say what is wrong with it.
    """
    text = text.strip().lower()
    if re.fullmatch("#[0-9a-f]{3}", text):
        text = "#" + "".join(2 * digit for digit in text[1:])
    return NAMED_COLOURS.get(text, text)


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A span of time in seconds from the first frame. `end_s` is infinite where no end was said."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class GivenArea:
    """An area of the picture that a person named.

    edges   left, top, right, bottom: pixels of the picture as it is shown, or shares of its width
            and height.
    shares  which of the edges are shares.
    span    when it counts; None: always.
    """

    edges: tuple[float, float, float, float]
    shares: tuple[bool, bool, bool, bool]
    span: TimeSpan | None = None


def span_of(text: str) -> TimeSpan:
    """Return a span of time: `0:10-0:14`, `1:02:03.5-1:02:10`, `12.5-14`, or `0:10-` up to the end.

    Raises ValueError, with the reason.
    """
    start, dash, end = text.strip().partition("-")
    if not dash:
        raise ValueError("a span of time is written START-END, as in 0:10-0:14")
    span = TimeSpan(_second_of(start), _second_of(end) if end.strip() else math.inf)
    if not span.start_s < span.end_s:
        raise ValueError("it ends before it begins")
    return span


SPEECH = "speech"
"""The word for every span in which somebody seems to speak."""


def muted_span(text: str) -> TimeSpan | None:
    """Return the span of --mute; None for `speech`. Raises ValueError, with the reason."""
    return None if text.strip() == SPEECH else span_of(text)


def _second_of(text: str) -> float:
    found = re.fullmatch(r"(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,6}(?:\.\d{1,6})?)", text.strip())
    if not found or (":" in text and float(found[3]) >= 60):
        raise ValueError(f"{text.strip()!r} is not a time like 1:02:03.5, 0:10 or 12.5")
    return 3600 * int(found[1] or 0) + 60 * int(found[2] or 0) + float(found[3])


def given_area(text: str) -> GivenArea:
    """Return an area: `10,10,200,60`, `0,0,100%,20%`, or with a span, `10,10,200,60@0:00-0:05`.

    Raises ValueError, with the reason.
    """
    numbers, at, when = text.strip().partition("@")
    parts = [n.strip() for n in numbers.split(",")]
    if len(parts) != 4 or not all(re.fullmatch(r"\d{1,6}(\.\d{1,6})?%?", n) for n in parts):
        raise ValueError("an area is four numbers, LEFT,TOP,RIGHT,BOTTOM, in pixels or per cent")
    left, top, right, bottom = (share_of(n) for n in parts)
    a, b, c, d = (n.endswith("%") for n in parts)
    if (a == c and not left < right) or (b == d and not top < bottom):
        raise ValueError("RIGHT must be more than LEFT, and BOTTOM more than TOP")
    return GivenArea((left, top, right, bottom), (a, b, c, d), span_of(when) if at else None)


def is_colour(text: str) -> bool:
    """Return whether this is #rrggbb."""
    return re.fullmatch("#[0-9a-f]{6}", text) is not None
