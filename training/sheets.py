"""Sheets of numbered places in pictures, for a person to look at and to say what is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pictures import opened

ACROSS, DOWN, SIDE, TITLE = 10, 9, 112, 14
PLACES = ACROSS * DOWN
"""Number of places on a sheet."""

AROUND = 2.4
"""Side of what is shown, in sides of the box."""

Place = tuple[str, str, list[float]]
"""Folder, file, box."""


def write_sheets(out: Path, places: Sequence[Place]) -> None:
    """Write OUT/s00.png and so on."""
    for n in range(0, len(places), PLACES):
        sheet = _sheet(places[n : n + PLACES])
        cv2.imwrite(str(out / f"s{n // PLACES:02d}.png"), sheet[..., ::-1])


def _sheet(places: Sequence[Place]) -> NDArray[np.uint8]:
    tiles = [
        _tile(opened(Path(d) / f)[0], np.array(box), n) for n, (d, f, box) in enumerate(places)
    ]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % ACROSS)
    rows = [np.concatenate(tiles[n : n + ACROSS], 1) for n in range(0, len(tiles), ACROSS)]
    return np.concatenate(rows, 0)


def _tile(rgb: NDArray[np.uint8], box: NDArray[np.float64], number: int) -> NDArray[np.uint8]:
    scale = SIDE / (AROUND * float((box[2:] - box[:2]).max()))
    if scale < 1:
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        rgb, box, scale = np.asarray(small, np.uint8), box * scale, 1.0
    room = SIDE / 2 - scale * (box[:2] + box[2:]) / 2
    matrix = np.array([[scale, 0, room[0]], [0, scale, room[1]]])
    shown = cv2.warpAffine(rgb, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC)
    corners = (scale * box.reshape(2, 2) + room).astype(int)
    cv2.rectangle(shown, tuple(corners[0]), tuple(corners[1]), (80, 255, 80), 1)
    tile = np.full((SIDE + TITLE, SIDE, 3), 255, np.uint8)
    tile[TITLE:] = shown
    cv2.putText(tile, str(number), (2, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (200, 0, 0), 1)
    return tile
