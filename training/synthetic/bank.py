"""A store of drawn plates and look-alikes: made once, in shards, then held in memory and handed out
by lot."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.draw import can_draw, draw_plate
from training.synthetic.formats import FORMATS, pick_format
from training.synthetic.lookalikes import draw_lookalike

Rgba = NDArray[np.uint8]
SHARD = 250
"""Pictures per file: small enough that a broken-off build loses little."""
WIDEST_PX = 320
"""Larger than nearly every plate in a training picture, and 10 000 pictures still fit in a
gigabyte."""
PROCESSES = 2


def build(folder: Path, count: int, seed: int) -> None:
    """Draws `count` plates and half as many look-alikes into `folder`.

    Shards that are there already are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [*_jobs(folder, "plates", count, seed), *_jobs(folder, "lookalikes", count // 2, seed)]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        for _ in pool.map(_draw_shard, jobs):
            pass


_Job = tuple[Path, str, int, int, int]


def _jobs(folder: Path, kind: str, count: int, seed: int) -> list[_Job]:
    starts = range(0, count, SHARD)
    wanted = [
        (folder / f"{kind}-{seed}-{i:04d}.npz", kind, seed, i, min(SHARD, count - s))
        for i, s in enumerate(starts)
    ]
    return [job for job in wanted if not job[0].exists()]


def _draw_shard(job: _Job) -> None:
    path, kind, seed, index, count = job
    cv2.setNumThreads(1)  # the processes are the parallel part
    rng = np.random.default_rng([seed, index, kind == "plates"])
    formats = tuple(f for f in FORMATS if can_draw(f))
    drawn: list[tuple[Rgba, bool]] = []
    for _ in range(count):
        if kind == "plates":
            fmt = pick_format(rng, formats)
            drawn.append((_shrunk(draw_plate(rng, fmt)), fmt.is_two_row))
        else:
            drawn.append((_shrunk(draw_lookalike(rng)), False))
    _save(path, drawn)


def _shrunk(rgba: Rgba) -> Rgba:
    height, width = rgba.shape[:2]
    scale = min(WIDEST_PX / max(width, height), 1.0)
    if scale == 1.0:
        return rgba
    return cv2.resize(
        rgba, (round(width * scale), max(round(height * scale), 1)), interpolation=cv2.INTER_AREA
    )


def _save(path: Path, drawn: list[tuple[Rgba, bool]]) -> None:
    # One flat array for all pixels: loading is a single read, and the pictures are views of it.
    draft = path.with_name(path.name + ".part")
    with draft.open("wb") as file:
        np.savez(file, pixels=np.concatenate([rgba.ravel() for rgba, _ in drawn]),
                 size_hw=np.array([rgba.shape[:2] for rgba, _ in drawn], np.int32),
                 is_two_row=np.array([two for _, two in drawn]))  # fmt: skip
    draft.rename(path)


class Bank:
    """Plates and look-alikes in memory.

    The arrays handed out are shared: copy before changing them.

    plates, lookalikes   lists of (h, w, 4) uint8 RGBA, at most `WIDEST_PX` wide or high.
    is_two_row           (n,) bool, per plate.
    """

    def __init__(self, folder: Path) -> None:
        self.plates, self.is_two_row = _load(sorted(folder.glob("plates-*.npz")))
        self.lookalikes, _ = _load(sorted(folder.glob("lookalikes-*.npz")))
        if not self.plates:
            raise FileNotFoundError(f"{folder} holds no plates: build the bank first")
        self._by_rows = {
            True: np.flatnonzero(self.is_two_row),
            False: np.flatnonzero(~self.is_two_row),
        }

    def random_plate(self, rng: np.random.Generator, two_row: bool | None = None) -> Rgba:
        """A plate by lot; `two_row` asks for one with two rows, or with one."""
        if two_row is None or not len(self._by_rows[two_row]):
            return self.plates[int(rng.integers(len(self.plates)))]
        return self.plates[int(rng.choice(self._by_rows[two_row]))]

    def random_lookalike(self, rng: np.random.Generator) -> Rgba:
        """A thing that is no plate, by lot."""
        return self.lookalikes[int(rng.integers(len(self.lookalikes)))]


def _load(paths: list[Path]) -> tuple[list[Rgba], NDArray[np.bool_]]:
    pictures: list[Rgba] = []
    rows: list[NDArray[np.bool_]] = [np.zeros(0, bool)]
    for path in paths:
        with np.load(path) as shard:
            pixels, sizes = shard["pixels"], shard["size_hw"]
            rows.append(shard["is_two_row"])
        ends = np.cumsum(sizes.astype(np.int64).prod(1) * 4)
        pictures += [
            pixels[end - 4 * h * w : end].reshape(h, w, 4)
            for end, (h, w) in zip(ends, sizes.tolist(), strict=True)
        ]
    return pictures, np.concatenate(rows)
