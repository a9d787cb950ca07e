"""What the walls around decoders cost: milliseconds of CPU and of time for each frame or photo.

    python benchmarks/walls.py FILE... [--rounds 5]

Each file is read whole, as a render does it (every frame is decoded and unpacked), in this process
and behind walls, in turn; the best round counts. CPU is that of this process and of all decoders.
The reading of a film begins with an opening, as in a run.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from efface.containers.admission import admit
from efface.media.decoder import source_opening
from efface.media.decoder.server_process import server
from efface.options import ReadOptions

TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    print(f"{'file':30} {'frames':>6} {'CPU ms here':>11} {'walled':>8} {'wall ms here':>12} "
          f"{'walled':>8}")  # fmt: skip
    for path in chosen.files:
        here, walled = [], []
        for _ in range(chosen.rounds):
            source_opening.HERE = True
            here.append(measured(partial(read, path)))
            source_opening.HERE = False
            source_opening.prepare()
            read(path)
            walled.append(measured(partial(read, path)))
        frames = here[0][0]
        cpu, wall = ([min(run[i] for run in of) / frames for of in (here, walled)] for i in (1, 2))
        print(f"{path.name[:30]:30} {frames:6} {cpu[0]:11.2f} {cpu[1]:8.2f} {wall[0]:12.2f} "
              f"{wall[1]:8.2f}", flush=True)  # fmt: skip


def read(path: Path) -> int:
    """Read a file whole, and return how many frames it has."""
    source = source_opening.open_source(admit(path), ReadOptions())
    count = sum(1 for frame in source.frames() if frame.unpack() is not None)
    source.close()
    return count


def measured(do: Callable[[], int]) -> tuple[int, float, float]:
    """Return what it returns, and milliseconds of CPU and of wall."""
    wall, cpu = time.perf_counter(), _cpu_s()
    count = do()
    return count, 1000 * (_cpu_s() - cpu), 1000 * (time.perf_counter() - wall)


def _cpu_s() -> float:
    process: Any = server._process
    decoders = 0.0
    if process is not None:
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        decoders = sum(int(n) for n in fields[11:15]) / TICKS
    return time.process_time() + decoders


if __name__ == "__main__":
    main()
