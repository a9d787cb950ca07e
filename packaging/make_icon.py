"""Makes efface's icon: a head whose eyes are covered. The page and the desktop use the same one.

python packaging/make_icon.py    writes the page's icon and packaging/efface.svg
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
TARGETS = (HERE / "efface.svg", HERE.parent / "src" / "efface" / "review" / "page" / "icon.svg")

GROUND, HEAD, BAR = "#0b62c4", "#ffffff", "#0a2442"


def icon() -> str:
    """The picture, on a square of 64."""
    parts = (
        f'<rect width="64" height="64" rx="15" fill="{GROUND}"/>',
        f'<path d="M10 64c0-13 9-19 22-19s22 6 22 19z" fill="{HEAD}" opacity=".55"/>',
        f'<ellipse cx="32" cy="28" rx="14" ry="17" fill="{HEAD}"/>',
        f'<rect x="13" y="20" width="38" height="13" rx="4" fill="{BAR}"/>',
    )
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
    clip = '<clipPath id="c"><rect width="64" height="64" rx="15"/></clipPath>'
    return f'{head}{clip}<g clip-path="url(#c)">{"".join(parts)}</g></svg>\n'


def main() -> None:
    """Write the icon to each place."""
    for target in TARGETS:
        target.write_text(icon(), encoding="utf-8")


if __name__ == "__main__":
    main()
