"""Make a labelled set of text and codes, drawn into drawn pictures: no data is needed.

Drawings are easier than the world: their rows tell that finding broke, not how well it does on
photographs. `degraded` makes them harder.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.bench.truth import STILLS_FILE
from efface.errors import UsageError

Grey = NDArray[np.uint8]
Drawing = Callable[[random.Random], Grey]

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SIZE_WH = (640, 480)
PAPER = 8
"""Light pixels of a drawing around what counts as the object."""

DARKEST, RANGE = 30, 200
"""Grey level of ink, and by how much paper is lighter."""


@dataclass(frozen=True, slots=True)
class Way:
    """How an object is drawn.

    side     pixels of its longer side.
    degrees  by which it is turned.
    tilt     degrees by which its right side is farther away than its left.
    blur     deviation of a Gaussian, in pixels; noise: in grey levels.
    """

    side: int = 120
    degrees: float = 0.0
    tilt: float = 0.0
    blur: float = 0.0
    noise: float = 3.0


WAYS = {
    "120 px": Way(),
    "60 px": Way(side=60),
    "400 px": Way(side=400),
    "turned by 30": Way(degrees=30),
    "turned by 73": Way(degrees=73),
    "tilted by 45": Way(side=140, tilt=45),
    "blurred, 1.5": Way(blur=1.5),
    "blurred, 3": Way(side=160, blur=3),
    "noise of 20": Way(noise=20),
}


def line(rng: random.Random) -> Grey:
    """Draw a line of text on paper."""
    said = "".join(rng.choices(SIGNS, k=rng.randint(5, 12)))
    face, size = cv2.FONT_HERSHEY_SIMPLEX, 2.0
    (width, height), _ = cv2.getTextSize(said, face, size, 4)
    made = np.full((height + 2 * PAPER + 4, width + 2 * PAPER), 255, np.uint8)
    cv2.putText(made, said, (PAPER, height + PAPER + 2), face, size, 0, 4, cv2.LINE_AA)
    return made


def qr(rng: random.Random) -> Grey:
    """Draw a QR code."""
    said = "".join(rng.choices(SIGNS, k=rng.randint(10, 40)))
    made = cv2.QRCodeEncoder.create().encode(said)
    inner = np.argwhere(np.asarray(made) < 128)
    (top, left), (bottom, right) = inner.min(axis=0), inner.max(axis=0) + 1
    code = np.asarray(made, np.uint8)[top:bottom, left:right]
    return np.pad(code, PAPER, constant_values=255)


LEFT_HAND = (
    "0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011",
    "0110111", "0001011",
)  # fmt: skip
"""Bars of the digits in the left half of an EAN-8. In the right half light and dark change."""


def bars(rng: random.Random) -> Grey:
    """Draw an EAN-8."""
    digits = [rng.randrange(10) for _ in range(7)]
    digits.append(-sum(d * (3 if i % 2 == 0 else 1) for i, d in enumerate(digits)) % 10)
    left = "".join(LEFT_HAND[d] for d in digits[:4])
    right = "".join("10"[int(b)] for d in digits[4:] for b in LEFT_HAND[d])
    row = np.array([int(b) for b in f"101{left}01010{right}101"], np.uint8)
    tall = np.repeat(255 * (1 - row[None]), int(len(row) * rng.uniform(0.4, 0.7)), axis=0)
    return np.pad(tall.astype(np.uint8), PAPER, constant_values=255)


OBJECTS: dict[str, dict[str, Drawing]] = {
    "text": {"line": line, "caption": line},
    "code": {"QR": qr, "bars": bars},
}
"""Drawings by kind and name. A caption has no paper: it is light, on the picture itself."""


def corners_of(made: Grey, way: Way, size_wh: Sequence[int], rng: random.Random) -> Any:
    """Return the (4, 2) corners of a drawing in the picture; None if it has no room."""
    height, width = made.shape
    scale = way.side / max(width, height)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    flat = (corners - (width / 2, height / 2)) * scale
    turn = np.radians(way.degrees)
    across = flat @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    away = across[:, 0] * np.sin(np.radians(way.tilt)) / (2.2 * way.side)
    seen = np.stack([across[:, 0] * np.cos(np.radians(way.tilt)), across[:, 1]], 1)
    seen = seen / (1 + away[:, None])
    room = np.array(size_wh) - (seen.max(0) - seen.min(0)) - 4
    if (room < 0).any():
        return None
    return seen + 2 - seen.min(0) + np.array([rng.uniform(0, float(r)) for r in room])


def placed(
    picture: NDArray[np.uint8], made: Grey, way: Way, rng: random.Random, *, on_paper: bool = True
) -> Grey | None:
    """Draw an object into the picture, and return its mask without the paper; None if it has no
    room."""
    height, width = made.shape
    small = picture.shape[1::-1]
    seen = corners_of(made, way, small, rng)
    if seen is None:
        return None
    large = cv2.resize(made, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    soft = max(0.3, 8 * max(width, height) / (3 * way.side) * 0.45)
    large = cv2.GaussianBlur(large, (0, 0), soft)
    corners = 8 * np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    way_in = cv2.getPerspectiveTransform(corners, (seen * 3).astype(np.float32))
    size = (small[0] * 3, small[1] * 3)

    def shrunk(whole: Any) -> NDArray[np.uint8]:
        warped = cv2.warpPerspective(whole, way_in, size)
        return np.asarray(cv2.resize(warped, small, interpolation=cv2.INTER_AREA), np.uint8)

    drawn, share = shrunk(large), shrunk(np.full_like(large, 255))[..., None] / 255
    ink = DARKEST + drawn[..., None].astype(np.float32) * (RANGE / 255)
    if not on_paper:
        share = share * (1 - drawn[..., None] / 255)
        ink = np.full_like(ink, DARKEST + RANGE)
    picture[...] = (picture * (1 - share) + ink * share).astype(np.uint8)
    inner = np.zeros_like(large)
    inner[8 * PAPER : -8 * PAPER, 8 * PAPER : -8 * PAPER] = 255
    return np.asarray(shrunk(inner) > 127, np.uint8)


def degraded(picture: NDArray[np.uint8], way: Way, rng: random.Random) -> NDArray[np.uint8]:
    """Blur the picture, add noise, and pass it through JPEG."""
    if way.blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), way.blur), np.uint8)
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0, way.noise, picture.shape)
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def ground(rng: random.Random) -> NDArray[np.uint8]:
    """Return a picture of soft patches and edges, in which nothing is written."""
    width, height = SIZE_WH
    noise = np.random.default_rng(rng.randrange(2**32))
    soft = noise.integers(30, 190, (height // 40, width // 40, 3)).astype(np.uint8)
    made = np.asarray(cv2.resize(soft, SIZE_WH, interpolation=cv2.INTER_CUBIC), np.uint8)
    for _ in range(12):
        x, y = rng.randrange(width), rng.randrange(height)
        shade = [rng.randrange(20, 200) for _ in range(3)]
        axes = (rng.randrange(20, 90), rng.randrange(20, 90))
        cv2.ellipse(made, (x, y), axes, rng.randrange(180), 0, 360, shade, cv2.FILLED, cv2.LINE_AA)
    return made


def make(folder: Path, kind: str, each: int, seed: int) -> None:
    """Write a labelled set of that kind: `each` pictures of every object in every way."""
    images = []
    for name, way, number in _wanted(kind, each):
        rng = random.Random(f"{seed} {kind} {name} {way} {number}")
        picture = ground(rng)
        drawing = OBJECTS[kind][name](rng)
        mask = placed(picture, drawing, WAYS[way], rng, on_paper=name != "caption")
        if mask is None:
            continue
        file = f"{name}-{way}-{number}.png".replace(" ", "-").replace(",", "")
        cv2.imwrite(str(folder / file), degraded(picture, WAYS[way], rng))
        x, y, w, h = cv2.boundingRect(mask)
        label = {"x": x, "y": y, "w": w, "h": h, "label": kind, "object": name, "way": way}
        images.append({"file": file, "width": SIZE_WH[0], "height": SIZE_WH[1], "boxes": [label]})
    (folder / STILLS_FILE).write_text(json.dumps({"images": images}), "utf-8")


def _wanted(kind: str, each: int) -> Iterator[tuple[str, str, int]]:
    for name in OBJECTS[kind]:
        for way in WAYS:
            for number in range(each):
                yield name, way, number


def chosen(kinds: Sequence[str]) -> list[str]:
    """Return which kinds to draw; all where none is named. Raises UsageError for others."""
    if unknown := set(kinds) - set(OBJECTS):
        raise UsageError(f"--only: {min(unknown)} is not one of {', '.join(OBJECTS)}.")
    return [k for k in OBJECTS if not kinds or k in kinds]
