"""Draws one licence plate as an RGBA picture: metal, paint, characters, frame, and what road and
weather did to it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic import wear
from training.synthetic.formats import BLACK, Band, Colour, Paint, PlateFormat, Strip, random_tokens
from training.synthetic.lettering import (
    Mask,
    fit,
    fonts_for,
    pick_font,
    stamp,
    stamp_text,
    word_mask,
)

ONE_ROW_PX, TWO_ROW_PX = 120, 200
"""Heights a plate is drawn at: two to three times what most pictures show."""
DEALER_TEXTS = (
    "AUTOHAUS MEYER",
    "TOYOTA OF DENVER",
    "www.carworld.com",
    "CITY MOTORS 555-0134",
    "GARAGE DU LAC",
    "AUTO CENTRO SUL",
    "HONDA",
    "بيع السيارات",
    "カーセンター",
    "PREMIUM CARS LTD",
)

Rgb = NDArray[np.float32]


@dataclass(slots=True)
class _Canvas:
    """A plate being drawn.

    `rgb` (h, w, 3) float32, 0 to 255; the free rectangle shrinks as bands and strips take room.
    """

    rgb: Rgb
    left: int
    top: int
    right: int
    bottom: int

    def ink(self, mask: Mask, colour: Colour | NDArray[np.float32]) -> None:
        """Paints a colour through a mask."""
        self.rgb += mask[..., None] * (np.asarray(colour, np.float32) - self.rgb)


def can_draw(fmt: PlateFormat) -> bool:
    """False where this system has no font for the script."""
    return bool(fonts_for(fmt.script))


def draw_plate(rng: np.random.Generator, fmt: PlateFormat) -> NDArray[np.uint8]:
    """A plate of the format, (h, w, 4) uint8 RGBA; alpha is the plate's rounded outline, thin frame
    included."""
    height = TWO_ROW_PX if fmt.is_two_row else ONE_ROW_PX
    width = max(round(height * fmt.size_mm[0] / fmt.size_mm[1]), 40)
    paint = fmt.paints[int(rng.integers(len(fmt.paints)))]
    canvas = _Canvas(_ground(rng, paint, width, height), 0, 0, width, height)
    is_blank = rng.random() < 0.01
    _border(rng, canvas, fmt, paint)
    for strip in fmt.strips:
        _strip(rng, canvas, strip, paint)
    if fmt.band is not None:
        _band(rng, canvas, fmt.band)
    if not is_blank:
        _characters(rng, canvas, fmt, paint)
    _fittings(rng, canvas, fmt)
    rgb = _framed(rng, canvas.rgb) if rng.random() < 0.28 else canvas.rgb
    rgb = wear.worn(rng, rgb)
    return np.dstack([np.clip(rgb, 0, 255).astype(np.uint8), _outline(rng, rgb.shape[:2])])


def _ground(rng: np.random.Generator, paint: Paint, width: int, height: int) -> Rgb:
    top = np.asarray(paint.ground, np.float32) + rng.normal(0, 7, 3)
    low = np.asarray(paint.fade, np.float32) if paint.fade is not None else top
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    shade = 1 + rng.uniform(-0.08, 0.08) * (ramp - 0.5)
    column = (top * (1 - ramp) + low * ramp) * shade
    return np.ascontiguousarray(np.broadcast_to(column, (height, width, 3)).astype(np.float32))


def _rounded(height: int, width: int, inset: float, radius: float, thickness: int = -1) -> Mask:
    # Drawn at twice the size: OpenCV's lines are antialiased, its filled shapes with corners are
    # not.
    mask = np.zeros((height * 2, width * 2), np.uint8)
    a, r = round(inset * 2), max(round(radius * 2), 1)
    x1, y1, x2, y2 = a, a, width * 2 - 1 - a, height * 2 - 1 - a
    for cx, cy in ((x1 + r, y1 + r), (x2 - r, y1 + r), (x1 + r, y2 - r), (x2 - r, y2 - r)):
        cv2.circle(mask, (cx, cy), r, 255, -1)
    cv2.rectangle(mask, (x1 + r, y1), (x2 - r, y2), 255, -1)
    cv2.rectangle(mask, (x1, y1 + r), (x2, y2 - r), 255, -1)
    solid = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return (
        solid
        if thickness < 0
        else solid - _rounded(height, width, inset + thickness, max(radius - thickness, 0.5))
    )


def _border(rng: np.random.Generator, canvas: _Canvas, fmt: PlateFormat, paint: Paint) -> None:
    height, width = canvas.rgb.shape[:2]
    margin = round(min(height, width) * 0.03)
    if fmt.border and rng.random() < 0.9:
        thickness = max(round(min(height, width) * rng.uniform(0.012, 0.03)), 1)
        inset = rng.uniform(0, 0.02) * min(height, width)
        canvas.ink(
            _rounded(height, width, inset, min(height, width) * rng.uniform(0.03, 0.09), thickness),
            paint.ink,
        )
        margin = round(inset + thickness + 2)
    canvas.left, canvas.top, canvas.right, canvas.bottom = (
        margin,
        margin,
        width - margin,
        height - margin,
    )


def _strip(rng: np.random.Generator, canvas: _Canvas, strip: Strip, paint: Paint) -> None:
    height, width = canvas.rgb.shape[:2]
    room = round(height * strip.height)
    y = 0 if strip.edge == "top" else height - room
    if strip.ground is not None:
        canvas.rgb[y : y + room] = strip.ground
    mask = np.zeros((height, width), np.float32)
    text = str(rng.choice(strip.texts))
    script = "arabic" if any("\u0600" <= c <= "\u06ff" for c in text) else "latin"
    if fonts_for(script):
        share = rng.uniform(0.45, 0.8)
        stamp_text(
            mask,
            text,
            pick_font(rng, script),
            (round(width * (1 - share) / 2), y, round(width * share), room),
        )
    canvas.ink(mask, strip.ink or paint.ink)
    canvas.top, canvas.bottom = (
        (max(canvas.top, y + room), canvas.bottom)
        if y == 0
        else (canvas.top, min(canvas.bottom, y))
    )


def _band(rng: np.random.Generator, canvas: _Canvas, band: Band) -> None:
    height, width = canvas.rgb.shape[:2]
    room = round(height * band.width)
    x = canvas.left // 2 if band.side == "left" else width - room - (width - canvas.right) // 2
    top, bottom = max(canvas.top - 2, 0), min(canvas.bottom + 2, height)
    canvas.rgb[top:bottom, x : x + room] = np.asarray(band.colour, np.float32) + rng.normal(0, 5, 3)
    mask = np.zeros((height, width), np.float32)
    script = "arabic" if any("\u0600" <= c <= "\u06ff" for c in band.text) else "latin"
    lines, free = band.text.count("\n") + 1, bottom - top
    tall = free * (0.9 if lines > 1 else 0.3)
    if band.text and fonts_for(script):
        stamp_text(
            mask,
            band.text,
            pick_font(rng, script),
            (x + room // 8, round(bottom - tall - free * 0.05), room * 3 // 4, round(tall)),
        )
    if band.stars:
        _stars(mask, (x + room / 2, top + free * 0.33), room * 0.3)
    canvas.ink(mask, band.ink)
    if band.side == "left":
        canvas.left = x + room
    else:
        # Plates with a region box at the right have a line before it.
        canvas.ink(_column(height, width, x, 2), BLACK)
        canvas.right = x


def _column(height: int, width: int, x: int, thickness: int) -> Mask:
    mask = np.zeros((height, width), np.float32)
    mask[:, x : x + thickness] = 1
    return mask


def _stars(mask: Mask, centre: tuple[float, float], radius: float) -> None:
    for angle in np.arange(12) * np.pi / 6:
        x, y = centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)
        cv2.circle(mask, (round(x * 8), round(y * 8)), 12, 1.0, -1, cv2.LINE_AA, 3)


def _characters(rng: np.random.Generator, canvas: _Canvas, fmt: PlateFormat, paint: Paint) -> None:
    height, width = canvas.rgb.shape[:2]
    mask = np.zeros((height, width), np.float32)
    rows = random_tokens(rng, fmt)
    shares = np.asarray(fmt.rows if len(fmt.rows) == len(rows) else (1.0,) * len(rows))
    edges = canvas.top + np.concatenate([[0], np.cumsum(shares / shares.sum())]) * (
        canvas.bottom - canvas.top
    )
    font = pick_font(rng, fmt.script)
    spacing, stroke, fill = (
        rng.uniform(0.02, 0.16),
        int(rng.integers(0, 3)),
        rng.uniform(0.66, 0.86),
    )
    side = round((canvas.right - canvas.left) * rng.uniform(0.02, 0.07))
    for tokens, top, bottom in zip(rows, edges[:-1], edges[1:], strict=True):
        word = word_mask(tokens, font, spacing, stroke)
        room = (canvas.right - canvas.left - 2 * side, round((bottom - top) * fill))
        fitted, dx, dy = fit(word, room, (0.5, 1.0 + rng.uniform(0, 0.25)))
        stamp(mask, fitted, canvas.left + side + dx, round((top + bottom) / 2 - room[1] / 2) + dy)
    if fmt.divider:
        mask[round(edges[1]) - 1 : round(edges[1]) + 2, canvas.left : canvas.right] = 1
    _embossed(rng, canvas, mask, paint.ink)


def _embossed(rng: np.random.Generator, canvas: _Canvas, mask: Mask, ink: Colour) -> None:
    """Paints the characters, with light and shadow at their edges as pressed metal has."""
    depth = rng.choice([0.0, 25.0, 60.0])
    if depth:
        soft = cv2.GaussianBlur(mask, (0, 0), 1.4)
        canvas.rgb += (depth * (soft - np.roll(soft, (2, 2), (0, 1))))[..., None]
    canvas.ink(
        mask * rng.uniform(0.85, 1.0),
        np.asarray(ink, np.float32) + rng.normal(0, 8, 3).astype(np.float32),
    )


def _fittings(rng: np.random.Generator, canvas: _Canvas, fmt: PlateFormat) -> None:
    """Bolts, and the round seals and stickers that many countries ask for."""
    height, width = canvas.rgb.shape[:2]
    if rng.random() < 0.55:
        y = (
            height * rng.uniform(0.08, 0.2)
            if fmt.strips or fmt.is_two_row
            else height * rng.uniform(0.1, 0.55)
        )
        for x in (width * rng.uniform(0.08, 0.3), width * rng.uniform(0.7, 0.92)):
            _disc(
                canvas.rgb,
                (x, y),
                height * rng.uniform(0.02, 0.04),
                np.full(3, rng.uniform(40, 210)),
            )
    if rng.random() < 0.15:
        colour = rng.uniform(30, 255, 3)
        _disc(
            canvas.rgb,
            (width * rng.uniform(0.1, 0.9), height * rng.uniform(0.15, 0.85)),
            height * rng.uniform(0.05, 0.1),
            colour,
        )


def _disc(
    rgb: Rgb, centre: tuple[float, float], radius: float, colour: NDArray[np.float64]
) -> None:
    at = (round(centre[0] * 8), round(centre[1] * 8))
    cv2.circle(
        rgb,
        (at[0] + 8, at[1] + 10),
        round(radius * 8),
        (colour * 0.45).tolist(),
        -1,
        cv2.LINE_AA,
        3,
    )
    cv2.circle(rgb, at, round(radius * 8), colour.tolist(), -1, cv2.LINE_AA, 3)


def _framed(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    """The plate in a thin plastic or chrome frame, with the dealer's name below it."""
    height, width = rgb.shape[:2]
    rim, foot = round(height * rng.uniform(0.03, 0.06)), round(height * rng.uniform(0.04, 0.16))
    colour = rng.uniform(15, 55, 3) if rng.random() < 0.8 else rng.uniform(140, 220) * np.ones(3)
    out = np.empty((height + rim + foot, width + 2 * rim, 3), np.float32)
    out[:] = colour
    out[rim : rim + height, rim : rim + width] = rgb
    if foot > height * 0.09 and rng.random() < 0.8:
        text = str(rng.choice(DEALER_TEXTS))
        script = (
            "arabic"
            if any("\u0600" <= c <= "\u06ff" for c in text)
            else "japanese"
            if not text.isascii()
            else "latin"
        )
        if fonts_for(script):
            mask = np.zeros(out.shape[:2], np.float32)
            stamp_text(
                mask, text, pick_font(rng, script), (width // 4, rim + height, width // 2, foot)
            )
            out += mask[..., None] * (rng.choice([225.0, 190.0]) - out)
    return out


def _outline(rng: np.random.Generator, size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = size_hw
    return (_rounded(height, width, 0, min(height, width) * rng.uniform(0.02, 0.1)) * 255).astype(
        np.uint8
    )
