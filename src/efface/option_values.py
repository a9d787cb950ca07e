"""Values of options as people write them: a share as 40%, a colour by its name in CSS.

The command line and the file of presets read the same spellings.
"""

from __future__ import annotations

import re

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


def is_colour(text: str) -> bool:
    """Return whether this is #rrggbb."""
    return re.fullmatch("#[0-9a-f]{6}", text) is not None
