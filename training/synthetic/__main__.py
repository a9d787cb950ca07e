"""Builds a bank from the command line:

`python -m training.synthetic FOLDER --count N --seed S [--sheet out.png]`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.bank import Bank, build
from training.synthetic.vehicles import vehicle_back

CELL_WH = (200, 110)
COLUMNS, ROWS = 8, 7


def main() -> None:
    """Reads the flags, builds, and draws the sheet that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m training.synthetic", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the bank is kept")
    parser.add_argument(
        "--count", type=int, default=4000, help="plates; look-alikes are half as many"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sheet", type=Path, help="also write a picture of examples here")
    flags = parser.parse_args()
    build(flags.folder, flags.count, flags.seed)
    if flags.sheet is not None:
        _write_sheet(Bank(flags.folder), flags.sheet, np.random.default_rng(flags.seed))


def _write_sheet(bank: Bank, path: Path, rng: np.random.Generator) -> None:
    """Plates, then look-alikes, then vehicles, below each other."""
    cells = COLUMNS * ROWS
    plates = [bank.random_plate(rng) for _ in range(cells)]
    others = [bank.random_lookalike(rng) for _ in range(cells)]
    vehicles = [vehicle_back(rng, bank.random_plate(rng))[0] for _ in range(cells)]
    sheet = np.vstack([contact_sheet(part) for part in (plates, others, vehicles)])
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def contact_sheet(pictures: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """RGBA pictures in a grid on grey, (h, w, 3) uint8."""
    width, height = CELL_WH
    rows = -(-len(pictures) // COLUMNS)
    sheet = np.full((rows * height, COLUMNS * width, 3), 120, np.uint8)
    for i, rgba in enumerate(pictures):
        scale = min((width - 6) / rgba.shape[1], (height - 6) / rgba.shape[0])
        small = cv2.resize(rgba, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        y, x = i // COLUMNS * height + 3, i % COLUMNS * width + 3
        spot, cover = sheet[y : y + small.shape[0], x : x + small.shape[1]], small[..., 3:] / 255
        spot[:] = (spot * (1 - cover) + small[..., :3] * cover).astype(np.uint8)
    return sheet


if __name__ == "__main__":
    main()
