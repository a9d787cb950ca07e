"""Stress clips: one clear face per clip, and one disturbance that makes detectors miss it for some
frames.

The faces are those that a still shows well: labelled as sharp, unoccluded, upright and lit if the
set has such labels, and high enough. The same faces go through every kind, and through `clean`,
which has no disturbance: leaks there are not due to the stress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from efface.bench import sprites
from efface.bench.camera_path import Rgb, still_path
from efface.bench.clips import Clip, Shot
from efface.bench.moving import SIZE_WH, Read
from efface.bench.score import LEAST_PX
from efface.bench.sprites import Sprite
from efface.bench.truth import StillTruth
from efface.errors import UsageError

LEAST_LABELLED_PX = 56
"""Minimum height of a usable face in the picture."""

CLEAR_LABELS = {"blur": 0, "occlusion": 0, "pose": 0, "illumination": 0}
"""Labels of a clear face, if the set has them."""

SHOWN_PX = 90.0
"""Height of the face in the frame."""

FRAMES = 50
DARK, DARK_NOISE = 0.12, 9.0
"""Values are multiplied by the first; then the sensor adds noise with the second as standard
deviation, out of 255."""

SMALLEST_PX = 16.0
LARGEST_SMALL_PX = 26.0

Stress = Callable[[Shot, NDArray[np.float64], Generator], Shot]
"""Makes the stressed shot from a quiet shot, the target's box (4,) in its picture, and a random
generator."""


def clips(
    stills: Sequence[StillTruth], read: Read, count: int, *, seed: int, kinds: Sequence[str] = ()
) -> Iterator[Clip]:
    """Yield `count` clips of each kind; of all kinds if none is named. Raises UsageError."""
    unknown = [k for k in kinds if k not in STRESSES]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is not one of {', '.join(STRESSES)}.")
    faces = [(s, int(row)) for s in stills for row in _clear_rows(s)[:1]]
    if not faces:
        raise UsageError(
            f"No labelled face in these pictures is clear and {LEAST_LABELLED_PX} px high, "
            "so no clip can be made."
        )
    order = np.random.default_rng(seed).permutation(len(faces))[:count]
    for kind in kinds or STRESSES:
        for number, at in enumerate(order):
            still, row = faces[at]
            yield _clip(kind, number, still, row, read(still), seed)


def _clear_rows(still: StillTruth) -> NDArray[np.intp]:
    """Return the rows of the labels that show a clear face, the highest first."""
    labels = still.labels
    clear = [
        all(a.get(name, value) == value for name, value in CLEAR_LABELS.items())
        for a in labels.attributes
    ]
    rows = np.flatnonzero(
        np.array(clear, bool) & ~labels.ignore & (labels.heights >= LEAST_LABELLED_PX)
    )
    return rows[np.argsort(-labels.heights[rows], kind="stable")]


def _clip(kind: str, number: int, still: StillTruth, row: int, picture: Rgb, seed: int) -> Clip:
    random = np.random.default_rng((seed, number))
    box = still.labels.xyxy[row].astype(np.float64)
    scale = SHOWN_PX / (box[3] - box[1])
    # Without some movement all frames would be identical: a detector that sees the first would see
    # them all.
    t = np.arange(FRAMES)[:, None]
    drift = np.sin(2 * np.pi * (t / 40 + random.uniform(0, 1, 2))) * 6 / scale
    path = still_path(FRAMES, (0.0, 0.0), scale)
    path = replace(path, centre=(box[:2] + box[2:]) / 2 + drift)
    judged = np.arange(len(still.labels)) == row
    ones = np.ones(FRAMES)
    quiet = Shot(
        picture, still.labels.xyxy, judged, still.labels.attributes, path, ones, 1.5 * ones
    )
    about = {
        "made": RECIPE_VERSION,
        "pictures": [still.path.name],
        "row": row,
        "number": number,
        "set_seed": seed,
    }
    return Clip(
        f"stress-{kind}-{number:02}",
        (STRESSES[kind](quiet, box, random),),
        SIZE_WH,
        (kind,),
        20,
        LEAST_PX,
        seed + number,
        about,
    )


RECIPE_VERSION = 1
"""Increase this when the same seed makes other clips."""


def _clean(shot: Shot, box: NDArray[np.float64], random: Generator) -> Shot:
    return shot


def _blur(shot: Shot, box: NDArray[np.float64], random: Generator) -> Shot:
    """Swing the camera to and fro, at most by half a face per frame."""
    path = shot.path
    t = np.arange(len(path))
    by = (box[2] - box[0]) * 1.4 * np.sin(2 * np.pi * t / 18)
    swung = path.centre + np.stack([by, 0.2 * by], axis=1)
    return replace(shot, path=replace(path, centre=swung, shutter=np.full(len(path), 0.8)))


def _bar(shot: Shot, box: NDArray[np.float64], random: Generator) -> Shot:
    """Move a post over the face from one side to the other and back. It is half as wide as the
    face."""
    n = len(shot.path)
    width = round((box[2] - box[0]) * shot.path.scale[0] * 0.55)
    way = (SHOWN_PX * 1.2 + width) * np.cos(2 * np.pi * np.arange(n) / n)
    corner = np.stack([SIZE_WH[0] / 2 - width / 2 + way, np.full(n, -2.0)], axis=1)
    return replace(shot, sprites=(Sprite(*sprites.bar((width, SIZE_WH[1] + 4), random), corner),))


def _roll(shot: Shot, box: NDArray[np.float64], random: Generator) -> Shot:
    """Turn the face in the picture from upright to upside down."""
    path = shot.path
    sign = random.choice((-1, 1))
    return replace(shot, path=replace(path, angle=sign * np.linspace(0, np.pi, len(path))))


def _dark(shot: Shot, box: NDArray[np.float64], random: Generator) -> Shot:
    return replace(shot, gain=shot.gain * DARK, noise=np.full(len(shot.path), DARK_NOISE))


def _masked(shot: Shot, box: NDArray[np.float64], random: Generator) -> Shot:
    """Draw a surgical mask and dark glasses on the face."""
    picture = shot.picture.copy()
    cloth = CLOTHS[int(random.integers(len(CLOTHS)))]
    _fill(picture, box, MASK, cloth)
    for fold in (0.66, 0.75, 0.84):
        shade = (int(cloth[0] * 0.85), int(cloth[1] * 0.85), int(cloth[2] * 0.85))
        ends = _on_face(box, 0.14, fold), _on_face(box, 0.86, fold)
        thickness = max(1, round((box[3] - box[1]) / 60))
        cv2.line(picture, *ends, shade, thickness, cv2.LINE_AA, 4)
    for x in (0.29, 0.71):
        axes = round((box[2] - box[0]) * 0.19 * 16), round((box[3] - box[1]) * 0.105 * 16)
        middle = _on_face(box, x, 0.40)
        cv2.ellipse(picture, middle, axes, 0, 0, 360, GLASSES, -1, cv2.LINE_AA, 4)
    _fill(picture, box, BRIDGE, GLASSES)
    return replace(shot, picture=picture)


CLOTHS = ((172, 205, 224), (235, 235, 232), (40, 42, 48))
"""Colours of masks."""

GLASSES = (14, 14, 16)
MASK = (
    (0.04, 0.55), (0.5, 0.47), (0.96, 0.55), (0.92, 0.78), (0.72, 0.99), (0.28, 0.99), (0.08, 0.78),
)  # fmt: skip
BRIDGE = ((0.02, 0.34), (0.98, 0.34), (0.98, 0.375), (0.02, 0.375))
"""Outlines, in shares of the face's box."""


def _on_face(box: NDArray[np.float64], x: float, y: float) -> tuple[int, int]:
    """Return a place in the box, in OpenCV's sixteenths of a pixel."""
    x1, y1, x2, y2 = box
    return round((x1 + x * (x2 - x1)) * 16), round((y1 + y * (y2 - y1)) * 16)


def _fill(
    picture: Rgb,
    box: NDArray[np.float64],
    outline: Sequence[tuple[float, float]],
    colour: tuple[int, int, int],
) -> None:
    points = np.array([_on_face(box, *p) for p in outline], np.int32)
    cv2.fillPoly(picture, [points], colour, cv2.LINE_AA, 4)


def _small(shot: Shot, box: NDArray[np.float64], random: Generator) -> Shot:
    """Make the face a few pixels high, and then smaller."""
    size = np.linspace(LARGEST_SMALL_PX, SMALLEST_PX, len(shot.path))
    return replace(shot, path=replace(shot.path, scale=size / (box[3] - box[1])))


def _leaving(shot: Shot, box: NDArray[np.float64], random: Generator) -> Shot:
    """Turn the camera away, until the face has left the frame, and back."""
    n = len(shot.path)
    out = np.sin(np.pi * np.arange(n) / (n - 1)) * (SIZE_WH[0] / 2 + SHOWN_PX) / shot.path.scale[0]
    away = np.stack([out * random.choice((-1, 1)), 0 * out], axis=1)
    return replace(shot, path=replace(shot.path, centre=shot.path.centre + away))


STRESSES: Mapping[str, Stress] = {
    "clean": _clean,
    "blur": _blur,
    "bar": _bar,
    "roll": _roll,
    "dark": _dark,
    "mask-and-glasses": _masked,
    "small": _small,
    "leaving": _leaving,
}
