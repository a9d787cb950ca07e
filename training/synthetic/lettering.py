"""Text as masks: finds fonts by script on this system, and fits words into rectangles.

Plates squeeze their characters to the room there is, so a word is drawn once at a fixed size and
then resized.
"""

from __future__ import annotations

import os
import warnings
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.synthetic.formats import SCRIPTS

FONT_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
)
"""Where Linux keeps fonts."""
SIZE = 72
"""Font size that everything is drawn at before it is fitted.

Close to what a plate needs, so that edges stay crisp.
"""
SPARE = SIZE // 2
"""Room around a word, px: some scripts reach far above and below the line."""

Mask = NDArray[np.float32]


@cache
def _font_files() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in FONT_FOLDERS:
        for root, _, names in os.walk(folder):
            found.update(
                {
                    Path(n).stem: Path(root) / n
                    for n in names
                    if n.endswith((".ttf", ".ttc", ".otf"))
                }
            )
    return found


@cache
def fonts_for(script: str) -> tuple[Path, ...]:
    """Font files which hold the script; none, after one warning, where this system has none."""
    files = _font_files()
    found = tuple(files[name] for name in SCRIPTS[script].fonts if name in files)
    if not found:
        warnings.warn(f"no font for the script {script}: its plates are left out", stacklevel=2)
    return found


@lru_cache(maxsize=256)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


def pick_font(rng: np.random.Generator, script: str) -> Path:
    """One of the script's fonts, by lot."""
    found = fonts_for(script)
    if not found:
        raise LookupError(f"no font for the script {script}")
    return found[int(rng.integers(len(found)))]


def word_mask(tokens: list[str], path: Path, spacing: float = 0.05, stroke: int = 0) -> Mask:
    """The tokens side by side, cropped to their ink; (h, w) float32, 0 to 1.

    `spacing` in font sizes.

    Latin words come with their fonts' fallback: a font without digits still gets them from a Latin
    one.
    """
    fonts = [_font(path if _has(path, token) else _fallback(path), SIZE) for token in tokens]
    advances = [
        font.getlength(token) + spacing * SIZE for font, token in zip(fonts, tokens, strict=True)
    ]
    canvas = Image.new("L", (int(sum(advances)) + 2 * SPARE, SIZE * 2 + SPARE))
    pen, x = ImageDraw.Draw(canvas), float(SPARE)
    for font, token, advance in zip(fonts, tokens, advances, strict=True):
        pen.text((x, SIZE * 1.4), token, font=font, fill=255, anchor="ls", stroke_width=stroke)
        x += advance
    box = canvas.getbbox()
    cropped = canvas.crop(box) if box else canvas
    return np.asarray(cropped, np.float32) / 255


@lru_cache(maxsize=4096)
def _has(path: Path, token: str) -> bool:
    # A missing character is drawn as .notdef, whose mask is the same for all that are missing.
    font = _font(path, 24)
    return all(
        c.isspace() or bytes(font.getmask(c)) != _missing(path)
        for c in token
        if not c.isspace() and c not in "\u200d"
    )


@cache
def _missing(path: Path) -> bytes:
    return bytes(_font(path, 24).getmask("\U0010fffd"))


@cache
def _fallback(path: Path) -> Path:
    latin = fonts_for("latin")
    return latin[0] if latin else path


def fit(
    mask: Mask, size_wh: tuple[int, int], squeeze: tuple[float, float] = (0.5, 1.15)
) -> tuple[Mask, int, int]:
    """The mask resized to stand in a rectangle, and the offset (x, y) that centres it there.

    The height is filled first; the width may be squeezed or stretched within `squeeze` against the
    natural one.
    """
    (width, height), (h, w) = size_wh, mask.shape
    natural = w * height / h
    if natural * squeeze[0] > width:
        height, natural = max(int(height * width / (natural * squeeze[0])), 1), width / squeeze[0]
    new_w = int(min(max(width, natural * squeeze[0]), natural * squeeze[1], width))
    new_h = max(height, 1)
    resized = cv2.resize(
        mask,
        (max(new_w, 1), new_h),
        interpolation=cv2.INTER_AREA if new_h < h else cv2.INTER_LINEAR,
    )
    return resized, (size_wh[0] - resized.shape[1]) // 2, (size_wh[1] - resized.shape[0]) // 2


def stamp(target: Mask, mask: Mask, x: int, y: int) -> None:
    """Adds a mask to another at an offset, keeping the larger value.

    What falls outside is cut off.
    """
    x1, y1 = max(x, 0), max(y, 0)
    x2, y2 = min(x + mask.shape[1], target.shape[1]), min(y + mask.shape[0], target.shape[0])
    if x2 > x1 and y2 > y1:
        part = target[y1:y2, x1:x2]
        np.maximum(part, mask[y1 - y : y2 - y, x1 - x : x2 - x], out=part)


def stamp_text(target: Mask, text: str, path: Path, box_xywh: tuple[int, int, int, int],
               squeeze: tuple[float, float] = (0.6, 1.1)) -> None:  # fmt: skip
    """Whole words, shaped by the font, into a rectangle of a mask. Lines share the height."""
    x, y, w, h = box_xywh
    lines = text.split("\n")
    for i, line in enumerate(lines):
        room = h // len(lines)
        fitted, dx, dy = fit(word_mask([line], path), (max(w, 1), max(int(room * 0.8), 1)), squeeze)
        stamp(target, fitted, x + dx, y + i * room + dy + int(room * 0.1))
