"""How many shot changes are found, and how many are said where none is: on sequences made from
clips that have no cut.

python benchmarks/cuts.py FOLDER_OR_CLIP ...

Each clip is one shot. Two halves of a sequence are two clips, or two parts of one clip with two
seconds left out between them (a jump cut). Every sequence is shown plain, dark and noisy, grey, and
with little contrast. Sequences without a cut are the clips themselves, at one, two and three times
their speed, and with disturbances: flashes, steps of the exposure, somebody who walks past in front
of the lens, frames that were dropped, whip pans and fast zooms.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.track.shots import THUMB_WH, thumbnail, with_cuts

Frames = NDArray[np.uint8]
"""(n, h, w, 3)."""

SIZE_WH = (THUMB_WH[0] * 2, THUMB_WH[1] * 2)
"""Small, as thumbnails are made of the frames in the end."""

SHOT = 14
"""Frames on either side of a cut."""

LEFT_OUT_S = 2.0
MOST = 80
"""Frames of a clip that are read."""

CLIPS = (".mp4", ".mkv", ".avi", ".mov", ".webm")


def read(path: Path) -> tuple[Frames, float]:
    """The first frames of a clip, small, and how many there are in a second."""
    capture = cv2.VideoCapture(str(path))
    frames: list[NDArray[Any]] = []
    while len(frames) < MOST and (answer := capture.read())[0]:
        frames.append(cv2.resize(answer[1], SIZE_WH, interpolation=cv2.INTER_AREA)[..., ::-1])
    return np.stack(frames), capture.get(cv2.CAP_PROP_FPS) or 25.0


def _noisy(frames: NDArray[Any], sigma: float) -> Frames:
    # The sensor's noise. In so small a picture most of it has gone.
    noise = np.random.default_rng(1).normal(0, sigma, (7, *frames.shape[1:]))
    return np.clip(frames + noise[np.arange(len(frames)) % 7], 0, 255).astype(np.uint8)


def dark(frames: Frames) -> Frames:
    """A stage at night."""
    return _noisy(frames * 0.12, 1.0)


def grey(frames: Frames) -> Frames:
    """Black and white."""
    return np.repeat(frames.mean(axis=-1, keepdims=True), 3, axis=-1).astype(np.uint8)


def dark_grey(frames: Frames) -> Frames:
    """A camera at night."""
    return _noisy(grey(frames) * 0.2, 1.0)


def pale(frames: Frames) -> Frames:
    """Fog, or a film whose colours were all made alike."""
    return _noisy(110 + (frames - 110.0) * 0.35, 0.5)


LOOKS: dict[str, Callable[[Frames], Frames]] = {
    "plain": lambda frames: frames,
    "dark": dark,
    "grey": grey,
    "dark grey": dark_grey,
    "pale": pale,
}


def flashed(frames: Frames) -> Iterator[Frames]:
    """One to three frames of white light, or of none."""
    for length, level in ((1, 255.0), (2, 200.0), (3, 255.0), (1, 0.0), (3, 0.0)):
        made = frames[:40].copy()
        made[12 : 12 + length] = (made[12 : 12 + length] * 0.15 + level * 0.85).astype(np.uint8)
        yield made


def exposed(frames: Frames) -> Iterator[Frames]:
    """The light or the exposure changes within one to five frames, and stays so."""
    for frames_taken, gain in ((1, 2.2), (1, 0.45), (3, 1.8), (5, 0.4), (1, 0.2)):
        ramp = np.interp(np.arange(len(frames[:40])), (15, 15 + frames_taken), (0, 1))
        yield np.clip(frames[:40] * (gain**ramp)[:, None, None, None], 0, 255).astype(np.uint8)


def passed(frames: Frames) -> Iterator[Frames]:
    """Somebody walks past, near to the lens: dark, bright or patterned, and up to nine tenths of
    the picture wide."""
    random = np.random.default_rng(2)
    height, width = frames.shape[1:3]
    for wide, taken in ((0.4, 8), (0.9, 8), (0.9, 5), (0.7, 14), (0.6, 4)):
        made = frames[:40].copy()
        coat: NDArray[Any] = random.integers(20, 200, (9, 7, 3)) * 0.4 + random.integers(0, 120, 3)
        coat = cv2.GaussianBlur(
            cv2.resize(
                coat.astype(np.float32), (int(width * wide), height), interpolation=cv2.INTER_CUBIC
            ),
            (0, 0),
            2,
        )
        for i in range(taken + 1):
            x = round(-coat.shape[1] + (width + coat.shape[1]) * i / taken)
            left, right = max(x, 0), min(x + coat.shape[1], width)
            made[12 + i, :, left:right] = np.clip(coat[:, left - x : right - x], 0, 255)
        yield made


def dropped(frames: Frames) -> Iterator[Frames]:
    """A recorder that loses three to six frames now and then, and one that shows the last one for
    them."""
    for lost in (3, 6):
        keep = np.array([i for i in range(len(frames)) if i % 20 >= lost])
        yield frames[keep]
        held = np.arange(len(frames))
        held[held % 20 < lost] -= held[held % 20 < lost] % 20
        yield frames[np.maximum(held - 1, 0)]


def whipped(frames: Frames) -> Iterator[Frames]:
    """A pan over a wide picture, by 0.9 or 1.8 times the width of the view within four to ten
    frames, with its smear."""
    wide = np.concatenate([frames[0], frames[-1][:, ::-1], frames[0][:, ::-1]], axis=1)
    width = frames.shape[2]
    for taken, by in ((4, 0.9), (6, 0.9), (6, 1.8), (10, 1.8)):
        way = (1 - np.cos(np.pi * np.clip((np.arange(30) - 10) / taken, 0, 1))) / 2 * by * width
        smear = np.maximum(np.gradient(way).round().astype(int), 1)
        yield np.stack(
            [
                cv2.blur(wide, (int(s), 1))[:, int(x) : int(x) + width]
                for x, s in zip(way, smear, strict=True)
            ]
        )


def zoomed(frames: Frames) -> Iterator[Frames]:
    """Nearer or farther by a factor of two to three within five to ten frames."""
    size_wh = frames.shape[2], frames.shape[1]
    for taken, nearer in ((5, 2.0), (10, 3.0), (6, 0.4)):
        part = np.clip((np.arange(30) - 10) / taken, 0, 1)
        scales = nearer**part if nearer > 1 else nearer ** (part - 1)
        yield np.stack(
            [
                cv2.warpAffine(f, _about(size_wh, s), size_wh)
                for f, s in zip(frames[:30], scales, strict=False)
            ]
        )


def _about(size_wh: tuple[int, int], scale: float) -> NDArray[np.float64]:
    return np.asarray(cv2.getRotationMatrix2D((size_wh[0] / 2, size_wh[1] / 2), 0, float(scale)))


DISTURBANCES: dict[str, Callable[[Frames], Iterator[Frames]]] = {
    "as it is": lambda frames: iter([frames]),
    "2x": lambda frames: iter([frames[::2]]),
    "3x": lambda frames: iter([frames[::3]]),
    "flash": flashed,
    "exposure": exposed,
    "passer-by": passed,
    "dropped": dropped,
    "whip pan": whipped,
    "zoom": zoomed,
}


def cut_sequences(clips: list[tuple[Frames, float]]) -> Iterator[tuple[str, Frames, int]]:
    """What kind of cut, the frames, and the number of the first one after the cut."""
    for i, (first, rate) in enumerate(clips):
        for apart in (1, 2, 5):
            other = clips[(i + apart) % len(clips)][0]
            yield "other clip", np.concatenate([first[-SHOT:], other[:SHOT]]), len(first[-SHOT:])
        gap = round(LEFT_OUT_S * rate)
        if len(first) >= gap + 12:
            rest = (len(first) - gap) // 2
            yield (
                "jump",
                np.concatenate([first[:rest][-SHOT:], first[rest + gap :][:SHOT]]),
                min(rest, SHOT),
            )


def cuts_in(frames: Frames) -> list[int]:
    """Numbers of the frames with which a shot is said to begin."""
    thumbs = [thumbnail(f) for f in frames]
    return [i for i, is_cut in with_cuts(enumerate(thumbs)) if is_cut]


def main() -> None:
    """Prints the table."""
    cv2.setNumThreads(1)
    named = [
        p for a in map(Path, sys.argv[1:]) for p in (sorted(a.iterdir()) if a.is_dir() else [a])
    ]
    clips = [read(p) for p in named if p.suffix in CLIPS]
    found, said = defaultdict(lambda: [0, 0]), defaultdict(lambda: [0, 0])  # type: ignore[var-annotated]
    for look, made in LOOKS.items():
        for kind, frames, cut in cut_sequences(clips):
            found[look, kind][0] += cut in cuts_in(made(frames))
            found[look, kind][1] += 1
        for kind, disturbed in DISTURBANCES.items():
            for frames in (made(d) for whole, _ in clips for d in disturbed(whole)):
                said[look, kind][0] += len(cuts_in(frames))
                said[look, kind][1] += 1
    for (look, kind), (hits, of) in found.items():
        print(f"cut found     {look:10} {kind:12} {hits:4} of {of:4}  {hits / of:6.1%}")
    for (look, kind), (wrong, of) in said.items():
        print(f"false cuts    {look:10} {kind:12} {wrong:4} in {of:4} sequences")
    thumbs = [thumbnail(f) for f in clips[0][0][:60]] * 5
    start = time.perf_counter()
    list(with_cuts(enumerate(thumbs)))
    print(f"{(time.perf_counter() - start) / len(thumbs) * 1000:.3f} ms a frame")


if __name__ == "__main__":
    main()
