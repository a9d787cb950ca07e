"""Plates: drawn in one scene, photographed with noise, and read back by an attacker who knows font,
place and filter."""

from __future__ import annotations

import string
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks.attack.filters import Rgb, with_margin
from efface.geometry import Box
from efface.options import CoverOptions

SIZE = (320, 160)
PLATE: Box = (72, 56, 248, 100)
COVER = with_margin(PLATE, SIZE, CoverOptions().plate_margin)
"""What is erased, by default settings."""

NOISE = 4.0
"""Standard deviation of a sensor's noise, which the attacker does not know, in sample values."""


def words(count: int, random: np.random.Generator) -> list[str]:
    """Different plates: two letters, two digits, three letters."""
    letters, digits = list(string.ascii_uppercase), list(string.digits)
    found: dict[str, None] = {}
    while len(found) < count:
        parts = [random.choice(letters, 2), random.choice(digits, 2), random.choice(letters, 3)]
        found["{}{} {}".format(*("".join(p) for p in parts))] = None
    return list(found)


class Scene:
    """A car's rear, always the same but for the plate."""

    def __init__(self, font: Path) -> None:
        # The widest plate stays within the frame with this size: characters in the margin would be
        # another question.
        self.font = ImageFont.truetype(str(font), 23)
        random = np.random.default_rng(6)
        down = np.linspace(70, 130, SIZE[1])[:, None, None] * np.array([0.8, 0.9, 1.1])
        rgb = down + cv2.resize(
            random.normal(0, 10, (10, 20, 3)), SIZE, interpolation=cv2.INTER_CUBIC
        )
        self.empty = np.clip(rgb, 0, 255).astype(np.uint8)
        cv2.rectangle(self.empty, PLATE[:2], (PLATE[2] - 1, PLATE[3] - 1), (236, 236, 228), -1)
        cv2.rectangle(self.empty, PLATE[:2], (PLATE[2] - 1, PLATE[3] - 1), (20, 20, 20), 2)

    def of(self, word: str) -> Rgb:
        """The scene with that plate. All characters stand within the plate's frame."""
        image = Image.fromarray(self.empty)
        middle = ((PLATE[0] + PLATE[2]) / 2, (PLATE[1] + PLATE[3]) / 2)
        ImageDraw.Draw(image).text(middle, word, font=self.font, fill=(16, 16, 16), anchor="mm")
        return np.array(image)


def photographed(rgb: Rgb, random: np.random.Generator) -> Rgb:
    """With a sensor's noise inside the cover only, so that the attacker gets all else as it is."""
    noisy = rgb.astype(np.float64)
    x1, y1, x2, y2 = COVER
    noisy[y1:y2, x1:x2] += random.normal(0, NOISE, (y2 - y1, x2 - x1, 3))
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def luma(rgb: Rgb) -> NDArray[np.uint8]:
    """(values,) of the picture up to 16 pixels around the cover."""
    x1, y1, x2, y2 = COVER
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return np.asarray(grey[max(y1 - 16, 0) : y2 + 16, max(x1 - 16, 0) : x2 + 16]).ravel()
