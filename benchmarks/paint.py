"""How long erasing takes: ms per frame for every style, on a few layouts, beside a plain copy of
the same frame.

python benchmarks/paint.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np

from efface.frames import Layout, Picture
from efface.options import PaintOptions
from efface.painting.paint import paint
from efface.regions import Region

YUV420 = ((0, 0), (1, 1), (1, 1))
LAYOUTS = {
    "yuv420 8 bit": Layout("yuv", 8, YUV420, full_range=False),
    "yuv420 10 bit": Layout("yuv", 10, YUV420, full_range=False),
    "yuv444 8 bit": Layout("yuv", 8, ((0, 0),) * 3, full_range=False),
    "rgb 8 bit": Layout("rgb", 8, ((0, 0),) * 3),
}
FACES = [
    Region((100 + 170 * i, 200 + 60 * (i % 3), 180 + 170 * i, 280 + 60 * (i % 3)), i)
    for i in range(10)
]
CROWD = [
    Region((70 * (i % 25) + 20, 50 * (i // 25) + 30, 70 * (i % 25) + 50, 50 * (i // 25) + 66), i)
    for i in range(500)
]
PORTRAIT = [Region((400, 100, 1200, 1000), 1)]
SCENES = {"10 faces of 80 px": FACES, "500 faces of 30 px": CROWD, "1 face of 800 px": PORTRAIT}


def noise(layout: Layout, width: int, height: int) -> Picture:
    """A picture whose every sample is its own."""
    random = np.random.default_rng(1)
    kind = np.uint8 if layout.depth <= 8 else np.uint16
    shapes = [(-(-height >> sy), -(-width >> sx)) for sx, sy in layout.shifts]
    return Picture(
        tuple(random.integers(0, layout.peak + 1, shape).astype(kind) for shape in shapes), layout
    )


def milliseconds(work: Callable[[], object], rounds: int = 15) -> float:
    """Median time of one call."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000


def main() -> None:
    """Prints the table."""
    cv2.setNumThreads(1)
    print("1920x1080, one thread; ms per frame (times a plain copy of the frame)")
    for name, layout in LAYOUTS.items():
        picture = noise(layout, 1920, 1080)
        copy = milliseconds(lambda p=picture: [plane.copy() for plane in p.planes])  # type: ignore[misc]
        print(f"{name}: copy {copy:.2f}")
        for scene, regions in SCENES.items():
            for style in ("smooth", "tiles", "solid"):
                options = PaintOptions(style=style)
                taken = milliseconds(lambda p=picture, r=regions, o=options: paint(p, r, o))  # type: ignore[misc]
                print(f"  {scene:20} {style:8} {taken:8.2f}  ({taken / copy:.1f}x)")


if __name__ == "__main__":
    main()
