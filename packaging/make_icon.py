"""Makes efface's icon: a head whose eyes are covered. The page and the desktop use the same one.

python packaging/make_icon.py             writes the page's icon and packaging/efface.svg
python packaging/make_icon.py --png FILE  draws it for a program of Windows or macOS, with Pillow
"""

from __future__ import annotations

import sys
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


def draw(target: Path) -> None:
    """Draw the same picture as a PNG of 512 pixels."""
    from PIL import Image, ImageDraw

    scale = 32  # drawn four times as large, so that the rims come out smooth
    size = 64 * scale
    picture = Image.new("RGB", (size, size), GROUND)
    shoulders = Image.new("L", (size, size), 0)
    box = [n * scale for n in (10, 45, 54, 83)]
    ImageDraw.Draw(shoulders).ellipse(box, fill=round(255 * 0.55))
    picture.paste(HEAD, mask=shoulders)
    pen = ImageDraw.Draw(picture)
    pen.ellipse([n * scale for n in (18, 11, 46, 45)], fill=HEAD)
    pen.rounded_rectangle([n * scale for n in (13, 20, 51, 33)], 4 * scale, fill=BAR)
    rounded = Image.new("L", (size, size), 0)
    ImageDraw.Draw(rounded).rounded_rectangle((0, 0, size - 1, size - 1), 15 * scale, fill=255)
    picture.putalpha(rounded)
    picture.resize((512, 512), Image.Resampling.LANCZOS).save(target)


def main() -> None:
    """Write the icon to each place."""
    if sys.argv[1:2] == ["--png"]:
        draw(Path(sys.argv[2]))
        return
    for target in TARGETS:
        target.write_text(icon(), encoding="utf-8")


if __name__ == "__main__":
    main()
