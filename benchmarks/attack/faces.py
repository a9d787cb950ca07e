"""Faces: crops of labelled pictures, another photograph of each, and a scene in which they differ
by nothing but the face."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.attack.filters import Rgb, mask_of, with_margin
from efface.geometry import Box
from efface.options import CoverOptions

SIDE = 256
"""Pixels along the side of a crop."""

FACE: Box = (88, 70, 168, 170)
"""Where the face stands in every crop. All get one box: its size identifies nobody."""

COVER = with_margin(FACE, (SIDE, SIDE), CoverOptions().margin)
"""What is erased, by default settings."""

LEAST_PX = 80
"""Height of the smallest face that is taken; smaller ones help no attacker."""

FEATHER = 12
"""Pixels over which a face fades into the scene, inside of the mask."""


NOISE = 2.0
"""Standard deviation of a sensor's noise, in sample values: that of a good camera in good light."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One face.

    own     (SIDE, SIDE, 3) cut from its photograph, the labelled box scaled to the height of FACE.
    others  boxes of further faces in the crop, margin included.
    """

    own: Rgb
    others: tuple[Box, ...]


def persons(folders: Sequence[Path], most: int, is_good: Callable[[Rgb], bool]) -> list[Person]:
    """Clear faces, in turns from each folder. Raises SystemExit when there are too few to attack.

    is_good  the attacker could use this crop.
    """
    rows = [(p for p in _persons(folder) if is_good(p.own)) for folder in folders]
    found: list[Person] = []
    while rows and len(found) < most:
        for row in list(rows):
            person = next(row, None)
            if person is None:
                rows.remove(row)
            elif len(found) < most:
                found.append(person)
    if len(found) < 20:
        raise SystemExit(f"only {len(found)} faces of {LEAST_PX} px and more: too few to attack")
    return found


def _persons(folder: Path) -> Iterator[Person]:
    for image in json.loads((folder / "annotations.json").read_text())["images"]:
        faces = [b for b in image["boxes"] if b["label"] == "face"]
        clear = [b for b in faces if _is_clear(b)]
        if not clear:
            continue
        bgr = cv2.imread(str(_file(folder, image["file"])), cv2.IMREAD_COLOR)
        if bgr is None:
            raise SystemExit(f"{folder / image['file']} cannot be read")
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        cuts = (_cut(rgb, box, [b for b in faces if b is not box]) for box in clear)
        yield from (person for person in cuts if person is not None)


def _file(folder: Path, name: str) -> Path:
    return folder / name if (folder / name).exists() else folder / "images" / name


def _is_clear(box: dict[str, Any]) -> bool:
    is_bad = (
        box["ignore"]
        or box.get("blur", 0) > 0
        or box.get("occlusion", 0) > 0
        or box.get("pose", 0) > 0
    )
    return not is_bad and box["h"] >= LEAST_PX and 0.6 <= box["w"] / box["h"] <= 1.1


def _cut(rgb: NDArray[Any], box: dict[str, Any], others: Sequence[dict[str, Any]]) -> Person | None:
    """None where the covered area is not wholly in the picture, or more than an eighth of the crop
    is not."""
    scale = (FACE[3] - FACE[1]) / box["h"]
    shift = np.array([(FACE[0] + FACE[2]) / 2, (FACE[1] + FACE[3]) / 2]) - scale * np.array(
        [box["x"] + box["w"] / 2, box["y"] + box["h"] / 2]
    )
    height, width = rgb.shape[:2]
    low, high = shift, shift + scale * np.array([width, height])
    seen = np.minimum(high, SIDE) - np.maximum(low, 0)
    if (low > COVER[:2]).any() or (high < COVER[2:]).any() or seen.prod() < SIDE * SIDE * 7 / 8:
        return None
    if scale < 0.7:  # area sampling first, as the affine map below looks at four pixels only
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        own = cv2.warpAffine(
            small,
            np.array([[1, 0, shift[0]], [0, 1, shift[1]]]),
            (SIDE, SIDE),
            borderMode=cv2.BORDER_REPLICATE,
        )
    else:
        to = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        own = cv2.warpAffine(
            rgb, to, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return Person(np.asarray(own, np.uint8), tuple(_others(others, scale, shift)))


def _others(
    boxes: Sequence[dict[str, Any]], scale: float, shift: NDArray[np.float64]
) -> Iterator[Box]:
    for b in boxes:
        x, y = scale * b["x"] + shift[0], scale * b["y"] + shift[1]
        placed = (round(x), round(y), round(x + scale * b["w"]), round(y + scale * b["h"]))
        x1, y1, x2, y2 = with_margin(placed, (SIDE, SIDE), CoverOptions().margin)
        if x1 < x2 and y1 < y2:
            yield x1, y1, x2, y2


def again(person: Person, random: np.random.Generator) -> Rgb:
    """The same photograph once more, as somebody else has it: moved a little, of another size,
    brightness and compression."""
    angle, scale = random.uniform(-3, 3), random.uniform(0.94, 1.06)
    to = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), angle, scale)
    to[:, 2] += random.uniform(-3, 3, 2)
    moved = cv2.warpAffine(
        person.own, to, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    lit = 255 * (moved / 255) ** random.uniform(0.9, 1.1) * random.uniform(0.9, 1.1)
    lit += random.normal(0, 2, lit.shape)
    _, stored = cv2.imencode(
        ".jpg",
        np.clip(lit, 0, 255).astype(np.uint8)[..., ::-1],
        [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(60, 91))],
    )
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8)[..., ::-1].copy()


class Scene:
    """One drawn person in one drawn room.

    Faces are pasted under the mask only, so everybody is the same around it.

    within  only within this box: FACE, so that the margin that efface adds around it is the same
            for everybody, too, or another box that is erased.
    """

    def __init__(self, within: Box | None = None) -> None:
        self.empty = _drawn()
        mask = np.zeros((SIDE, SIDE), np.uint8)
        if within is not None:
            mask[within[1] : within[3], within[0] : within[2]] = 1
        else:
            mask[mask_of(COVER, (SIDE, SIDE))] = 1
        # From 2 pixels inside on, so that the colour of an outer pixel is free of the face when
        # colour is stored for 2 x 2.
        self.share = np.clip((cv2.distanceTransform(mask, cv2.DIST_L2, 5) - 2) / FEATHER, 0, 1)[
            ..., None
        ]

    def of(self, face: Rgb, noise: np.random.Generator | None = None) -> Rgb:
        """The scene with the middle of this crop in it; with a sensor's noise all over where a
        source of it is given."""
        rgb = self.empty + self.share * (face.astype(np.float64) - self.empty)
        if noise:
            rgb += noise.normal(0, NOISE, rgb.shape)
        return np.asarray(np.clip(np.round(rgb), 0, 255), np.uint8)


def _drawn() -> Rgb:
    random = np.random.default_rng(5)
    across, down = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE))
    rgb = np.stack([120 + 50 * across, 128 + 40 * down, 140 - 30 * across], -1)
    rgb += cv2.resize(
        random.normal(0, 14, (24, 24, 3)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC
    )
    rgb = np.clip(rgb, 0, 255).astype(np.uint8)
    cv2.ellipse(rgb, (128, 300), (120, 95), 0, 0, 360, (60, 70, 96), -1, cv2.LINE_AA)
    cv2.rectangle(rgb, (104, 170), (152, 225), (188, 150, 128), -1)
    cv2.ellipse(rgb, (128, 112), (72, 88), 0, 0, 360, (70, 54, 46), -1, cv2.LINE_AA)
    cv2.ellipse(rgb, (128, 124), (54, 74), 0, 0, 360, (196, 158, 136), -1, cv2.LINE_AA)
    return np.clip(rgb + random.normal(0, 2, rgb.shape), 0, 255).astype(np.uint8)


def panned(rgb: Rgb, count: int, step: int = 2) -> tuple[list[Rgb], list[Box]]:
    """Frames of a camera that moves aside, by an even number of pixels each, and where COVER is in
    them."""
    frames, boxes = [], []
    for i in range(count):
        at = step * (i - count // 2)
        frames.append(
            np.asarray(
                cv2.warpAffine(
                    rgb,
                    np.array([[1.0, 0, at], [0, 1, 0]]),
                    (SIDE, SIDE),
                    borderMode=cv2.BORDER_REPLICATE,
                ),
                np.uint8,
            )
        )
        boxes.append((COVER[0] + at, COVER[1], COVER[2] + at, COVER[3]))
    return frames, boxes
