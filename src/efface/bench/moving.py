"""Moving ground truth: clips of a few seconds from labelled stills, each with a camera movement and
one or two disturbances.

Clip i of a seed is always the same. Movements and disturbances take turns, so every kind comes up
equally often. The rest (which picture, which face is followed, how fast, how long) is drawn at
random. A picture repeats only when all others were used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from efface.bench import sprites
from efface.bench.camera_path import Path, Rgb, extent, still_path
from efface.bench.clips import RATE, Clip, Shot
from efface.bench.sprites import Sprite
from efface.bench.truth import StillTruth
from efface.errors import UsageError
from efface.geometry import Size

LEAST_PX = 24
"""Height in the labelled picture, and in the frame, from which a face is judged."""

SIZE_WH: Size = (640, 360)
SECONDS = 4.0
MOST_SCALE = 1.6
"""Maximum pixels of the frame for one of the picture. A larger scale shows nothing new."""

FOLLOWED_PX = (30.0, 110.0)
"""Range of the height in the frame of the face that the camera follows."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A labelled picture, and the face that the camera follows.

    target  row of the labels.
    """

    truth: StillTruth
    picture: Rgb
    target: int

    @property
    def box(self) -> NDArray[np.float64]:
        """(4,) box of the target, pixels of the picture."""
        return np.asarray(self.truth.labels.xyxy[self.target], np.float64)

    @property
    def centre(self) -> NDArray[np.float64]:
        """(2,) centre of the target."""
        return np.asarray((self.box[:2] + self.box[2:]) / 2)

    @property
    def face_wh(self) -> NDArray[np.float64]:
        """(2,) size of the target."""
        return np.asarray(self.box[2:] - self.box[:2])


Way = Callable[[Scene, Path, Size, Generator], Path]
Disturbance = Callable[[Scene, Shot, Size, Generator], Shot]

Read = Callable[[StillTruth], Rgb]
"""Returns the pixels of a labelled picture, (h, w, 3)."""


def clips(
    stills: Sequence[StillTruth], read: Read, count: int, *, seed: int, kinds: Sequence[str] = ()
) -> Iterator[Clip]:
    """Yield `count` clips, one after the other.

    kinds  of movements and disturbances, to use only these; all if empty. Raises UsageError for an
           unknown one.
    """
    ways, trouble = chosen(kinds)
    usable = [s for s in stills if len(judgeable(s))]
    if not usable:
        raise UsageError(
            f"No labelled face in these pictures is {LEAST_PX} px high or more, so no clip "
            "can be made."
        )
    order = np.random.default_rng(seed).permutation(len(usable))
    for i in range(count):
        still, other = (usable[order[k % len(order)]] for k in (i, i + count))
        yield _clip(i, [still, other], read, ways, trouble, seed)


def chosen(kinds: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of movements, and of disturbances. Raises UsageError."""
    unknown = [k for k in kinds if k not in (*WAYS, *DISTURBANCES)]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is not one of {', '.join((*WAYS, *DISTURBANCES))}.")
    ways = tuple(k for k in WAYS if k in kinds) if kinds else tuple(WAYS)
    return ways or ("pan",), tuple(k for k in DISTURBANCES if not kinds or k in kinds)


def judgeable(still: StillTruth) -> NDArray[np.intp]:
    """Return the rows of the labels that are judged."""
    return np.flatnonzero(~still.labels.ignore & (still.labels.heights >= LEAST_PX))


def _clip(
    number: int,
    stills: Sequence[StillTruth],
    read: Read,
    ways: Sequence[str],
    trouble: Sequence[str],
    seed: int,
) -> Clip:
    random = np.random.default_rng((seed, number))
    way = ways[number % len(ways)]
    # The second disturbance moves on by one with each round, so that in time all pairs occur.
    ours = _turns(trouble, number)
    frames = round(SECONDS * RATE)
    cut = int(random.integers(frames // 4, frames * 3 // 4)) if "cut" in ours else frames
    parts = [(stills[0], cut), (stills[1], frames - cut)]
    shots = tuple(_shot(still, read, n, way, ours, random) for still, n in parts if n)
    crf = int(random.integers(32, 39)) if "compression" in ours else 20
    pictures = [still.path.name for still, n in parts if n]
    about = {"made": RECIPE_VERSION, "pictures": pictures, "number": number, "set_seed": seed}
    return Clip(
        f"moving-{number:03}",
        shots,
        SIZE_WH,
        (way, *ours),
        crf,
        LEAST_PX,
        seed * 1000 + number,
        about,
    )


RECIPE_VERSION = 1
"""Increase this when the same seed makes other clips."""


def _turns(kinds: Sequence[str], number: int) -> tuple[str, ...]:
    """Return one or two of them: every third clip has only one."""
    n = len(kinds)
    if not n:
        return ()
    first = number % n
    second = (first + 1 + number // n) % n
    return tuple(
        dict.fromkeys((kinds[first],) if number % 3 == 0 else (kinds[first], kinds[second]))
    )


def _shot(
    still: StillTruth, read: Read, frames: int, way: str, ours: Sequence[str], random: Generator
) -> Shot:
    scene = Scene(still, read(still), int(random.choice(judgeable(still))))
    path = WAYS[way](scene, _base(scene, frames, SIZE_WH, random), SIZE_WH, random)
    judged = np.zeros(len(still.labels), bool)
    judged[judgeable(still)] = True
    ones = np.ones(frames)
    shot = Shot(
        scene.picture, still.labels.xyxy, judged, still.labels.attributes, path, ones, 1.5 * ones
    )
    for kind in ours:
        shot = DISTURBANCES[kind](scene, shot, SIZE_WH, random)
    return shot


# Camera movements


def _base(scene: Scene, frames: int, size_wh: Size, random: Generator) -> Path:
    """Make a hand-held view of the target and part of its surroundings."""
    height, width = scene.picture.shape[:2]
    fills = max(size_wh[0] / width, size_wh[1] / height) * 1.05
    wanted = float(np.exp(random.uniform(*np.log(FOLLOWED_PX)))) / scene.face_wh[1]
    scale = max(fills, min(wanted, MOST_SCALE))
    path = still_path(frames, (scene.centre[0], scene.centre[1]), scale)
    aside = random.uniform(-0.2, 0.2, 2) * size_wh / scale
    return _inside(
        replace(
            path, centre=path.centre + aside + _tremor(frames, random) * 0.004 * size_wh[0] / scale
        ),
        scene,
        size_wh,
    )


def _inside(path: Path, scene: Scene, size_wh: Size) -> Path:
    """Move the path's centre so that the view stays inside the picture, as far as it is large
    enough."""
    height, width = scene.picture.shape[:2]
    half = np.array(size_wh) / 2 / path.scale[:, None]
    low = np.minimum(half, np.array((width, height)) / 2)
    return replace(path, centre=np.clip(path.centre, low, np.array((width, height)) - low))


def _eased(frames: int) -> NDArray[np.float64]:
    """Return (n,) from 0 to 1, slow at both ends."""
    return np.asarray((1 - np.cos(np.pi * np.arange(frames) / max(1, frames - 1))) / 2)


def _tremor(frames: int, random: Generator, softness: float = 4.0) -> NDArray[np.float64]:
    """Return (n, 2) noise of a hand, with a standard deviation of about 1; larger softness is
    slower."""
    reach = round(3 * softness)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / softness) ** 2)
    noise = random.standard_normal((frames + 2 * reach, 2))
    soft = np.stack([np.convolve(noise[:, a], kernel, "valid") for a in (0, 1)], axis=1)
    return np.asarray(soft / np.sqrt((kernel**2).sum()))


def _pan(scene: Scene, path: Path, size_wh: Size, random: Generator) -> Path:
    view = np.array(size_wh) / path.scale[0]
    away = random.uniform(0.15, 0.45, 2) * view * random.choice((-1, 1), 2)
    return _inside(
        replace(path, centre=path.centre + (_eased(len(path))[:, None] - 0.5) * 2 * away),
        scene,
        size_wh,
    )


def _zoom(scene: Scene, path: Path, size_wh: Size, random: Generator) -> Path:
    nearer = np.exp(_eased(len(path)) * np.log(random.uniform(1.5, 2.6)))
    nearer = nearer[::-1] if random.random() < 0.5 else nearer
    towards = (scene.centre - path.centre) * ((nearer - nearer.min()) / np.ptp(nearer))[:, None]
    return _inside(
        replace(path, scale=path.scale * nearer, centre=path.centre + towards * 0.7), scene, size_wh
    )


def _rotate(scene: Scene, path: Path, size_wh: Size, random: Generator) -> Path:
    widest = np.deg2rad(random.uniform(20, 50)) * random.choice((-1, 1))
    return replace(
        path,
        angle=widest * np.sin(2 * np.pi * np.arange(len(path)) / RATE / random.uniform(2.5, 5)),
    )


def _shake(scene: Scene, path: Path, size_wh: Size, random: Generator) -> Path:
    by = random.uniform(0.012, 0.03) * size_wh[0] / path.scale[:, None]
    tilt = np.deg2rad(2.0) * _tremor(len(path), random, 2.0)[:, 0]
    return replace(
        path, centre=path.centre + by * _tremor(len(path), random, 1.5), angle=path.angle + tilt
    )


def _come_and_go(scene: Scene, path: Path, size_wh: Size, random: Generator) -> Path:
    """Let the target start outside the frame, come in, and leave again; others do so on the way."""
    t = np.arange(len(path)) / max(1, len(path) - 1)
    there = np.clip(np.minimum(t, 1 - t) / random.uniform(0.22, 0.35), 0, 1)
    direction = random.uniform(-np.pi, np.pi)
    view = np.array(size_wh) / path.scale[0]
    outside = np.array((np.cos(direction), np.sin(direction)))
    # Far enough that the face is outside, whichever side of the frame it leaves by.
    outside *= ((view / 2 + scene.face_wh * 0.6) / np.maximum(np.abs(outside), 1e-6)).min()
    side = np.where(t < 0.5, 1.0, random.choice((-1.0, 1.0)))
    away = side * (1 - (1 - np.cos(np.pi * there)) / 2)
    return replace(
        path,
        centre=scene.centre + (path.centre - path.centre.mean(axis=0)) + away[:, None] * outside,
    )


WAYS: dict[str, Way] = {
    "pan": _pan,
    "zoom": _zoom,
    "rotate": _rotate,
    "shake": _shake,
    "come-and-go": _come_and_go,
}


# Disturbances


def _swing(scene: Scene, shot: Shot, size_wh: Size, random: Generator) -> Shot:
    """Jerk the camera aside and back: for some frames everything is smeared."""
    path = shot.path
    n, out = len(path), int(random.integers(4, 9))
    stay = int(random.integers(3, 12))
    start = int(random.integers(3, max(4, n - 2 * out - stay - 2)))
    ramp = np.interp(
        np.arange(n), (start, start + out, start + out + stay, start + 2 * out + stay), (0, 1, 1, 0)
    )
    ramp = (1 - np.cos(np.pi * ramp)) / 2
    direction = random.uniform(-np.pi, np.pi)
    far = min(scene.face_wh.mean() * random.uniform(1.2, 3.5), size_wh[0] / path.scale.max() * 0.4)
    by = far * np.array((np.cos(direction), 0.5 * np.sin(direction)))
    # Towards the middle of the picture, where more is visible.
    towards = np.array(scene.picture.shape[1::-1]) / 2 - path.centre[start]
    by *= 1 if by @ towards >= 0 else -1
    shutter = np.where((ramp > 0) & (ramp < 1), 0.9, path.shutter)
    return replace(
        shot, path=replace(path, centre=path.centre + ramp[:, None] * by, shutter=shutter)
    )


def _exposure(scene: Scene, shot: Shot, size_wh: Size, random: Generator) -> Shot:
    """Make the picture dark or glaring, and normal again; in the dark, noise shows."""
    n = len(shot.path)
    level = random.uniform(0.2, 0.4) if random.random() < 0.6 else random.uniform(1.7, 2.4)
    ramp, stay = int(random.integers(2, 10)), int(random.integers(15, 50))
    start = int(random.integers(0, max(1, n - stay)))
    part = np.interp(
        np.arange(n),
        (start, start + ramp, start + ramp + stay, start + 2 * ramp + stay),
        (0, 1, 1, 0),
    )
    return replace(
        shot, gain=shot.gain * level**part, noise=shot.noise + (4 * part if level < 1 else 0)
    )


def _target_boxes(scene: Scene, shot: Shot, size_wh: Size) -> NDArray[np.float64]:
    """Return (n, 4) where the target is, frame by frame."""
    return np.array(
        [extent(scene.box, shot.path.matrix(i, size_wh)) for i in range(len(shot.path))]
    )


def _in_view(boxes: NDArray[np.float64], size_wh: Size, random: Generator) -> int:
    """Return a frame, not too near the ends, in which the target is in view, or the middle frame if
    the target is never in view."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = np.flatnonzero(((centre > 0) & (centre < size_wh)).all(axis=1))
    inside = inside[(inside >= len(boxes) // 6) & (inside < len(boxes) - len(boxes) // 6)]
    return int(random.choice(inside)) if len(inside) else len(boxes) // 2


def _passer_by(scene: Scene, shot: Shot, size_wh: Size, random: Generator) -> Shot:
    """Let a person walk past in front of the target, which is hidden, at least in part, for 3 to 20
    frames."""
    boxes = _target_boxes(scene, shot, size_wh)
    middle = _in_view(boxes, size_wh, random)
    x1, y1, x2, y2 = boxes[middle]
    width = max(24, round((x2 - x1) * random.uniform(1.8, 3.2)))
    top = y1 - (y2 - y1) * random.uniform(0.0, 0.5)
    height = max(width, round(size_wh[1] - top + 20))
    speed = (width * 0.6 + x2 - x1) / random.integers(3, 21) * random.choice((-1, 1))
    x = (x1 + x2 - width) / 2 + speed * (np.arange(len(boxes)) - middle)
    step = np.abs(np.sin(np.arange(len(boxes)) * 2 * np.pi / 14)) * (y2 - y1) * 0.04
    corner = np.stack([x, top + step], axis=1)
    corner[(x <= -width) | (x >= size_wh[0])] = np.nan
    return replace(
        shot, sprites=(*shot.sprites, Sprite(*sprites.person((width, height), random), corner))
    )


def _hand(scene: Scene, shot: Shot, size_wh: Size, random: Generator) -> Shot:
    """Raise a hand in front of the target, hold it, and lower it: 3 to 20 frames."""
    boxes = _target_boxes(scene, shot, size_wh)
    n, middle = len(boxes), _in_view(boxes, size_wh, random)
    hides = int(random.integers(3, 21))
    quick = int(random.integers(2, 6))
    ends = (
        middle - hides // 2 - quick,
        middle - hides // 2,
        middle - hides // 2 + hides,
        middle - hides // 2 + hides + quick,
    )
    up = np.interp(np.arange(n), ends, (0, 1, 1, 0))
    size = boxes[middle, 2:] - boxes[middle, :2]
    width = max(12, round(size[0] * random.uniform(1.1, 1.6)))
    high = width * 1.35
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    aside = random.uniform(-0.25, 0.25) * size
    below = (1 - (1 - np.cos(np.pi * up)) / 2) * (size[1] / 2 + high * 0.6)
    corner = centre + aside - (width / 2, high * 0.5) + np.stack([0 * below, below], axis=1)
    wh = (width, max(round(high * 1.3), round(size_wh[1] - corner[up > 0, 1].min() + 10)))
    corner[up == 0] = np.nan
    return replace(
        shot, sprites=(*shot.sprites, Sprite(*sprites.hand(wh, _skin(scene), random), corner))
    )


def _skin(scene: Scene) -> tuple[float, float, float]:
    """Return the usual colour in the middle of the target."""
    height, width = scene.picture.shape[:2]
    (x, y), (w, h) = scene.centre, scene.face_wh / 4
    rows = slice(max(0, int(y - h)), min(height, int(y + h) + 1))
    columns = slice(max(0, int(x - w)), min(width, int(x + w) + 1))
    red, green, blue = np.median(scene.picture[rows, columns].reshape(-1, 3), axis=0)
    return float(red), float(green), float(blue)


def _as_it_is(scene: Scene, shot: Shot, size_wh: Size, random: Generator) -> Shot:
    return shot  # the clip as a whole takes care of it


DISTURBANCES: dict[str, Disturbance] = {
    "motion-blur": _swing,
    "exposure": _exposure,
    "compression": _as_it_is,
    "passer-by": _passer_by,
    "hand": _hand,
    "cut": _as_it_is,
}
