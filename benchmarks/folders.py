"""How `efface redact` does with a folder of many small photos: files a second from beginning to
end, memory, and the report.

    python benchmarks/folders.py [--files 10000] [--jobs N] [--megapixels M --of PICTURE...] [--keep
    FOLDER]

Draws small photos (64 to 96 px, gradients and noise), or enlarges given pictures to M megapixels,
into a temporary folder and works on them twice as a process of its own: the second run finds all of
it done. Prints a row for each tenth of the files, the peak memory of all its processes together,
and how long the reports took after the last file. Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

EVERY_S = 1.0
"""Between two looks at the memory."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--megapixels", type=float)
    parser.add_argument("--of", type=Path, nargs="*", default=[], help="pictures to enlarge")
    parser.add_argument("--keep", type=Path, help="folder to work in, which stays")
    parser.add_argument("--verbose", action="store_true", help="show what efface says last")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = chosen.keep or Path(temporary)
        draw(home / "in", chosen.files, chosen.of, chosen.megapixels)
        for name in ("first run", "second run"):
            run(
                name,
                home,
                chosen.files,
                [] if chosen.jobs is None else ["--jobs", str(chosen.jobs)],
                verbose=chosen.verbose,
            )


def draw(folder: Path, count: int, pictures: Sequence[Path], megapixels: float | None) -> None:
    """The sources, always the same; those that are there already are left."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    for i in range(count):
        path = folder / f"{i % 100:02}" / f"{i:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        image = (
            enlarged(pictures[i % len(pictures)], megapixels or 12.0) if pictures else small(random)
        )
        if not path.exists():
            image.save(path, quality=90)


def small(random: np.random.Generator) -> Image.Image:
    width, height = random.integers(64, 97, 2)
    y, x = np.mgrid[0:height, 0:width]
    planes = np.stack(
        [x * random.uniform(0, 2), y * random.uniform(0, 2), x + y * random.uniform(-1, 1)], axis=-1
    )
    return Image.fromarray(
        (planes + random.normal(60, 8, planes.shape)).clip(0, 255).astype(np.uint8)
    )


def enlarged(path: Path, megapixels: float) -> Image.Image:
    with Image.open(path) as image:
        times = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
        return image.convert("RGB").resize(
            (round(image.width * times), round(image.height * times)), Image.Resampling.BICUBIC
        )


def run(name: str, home: Path, count: int, more: list[str], *, verbose: bool) -> None:
    """One run; prints what it took."""
    reports = [f"--report={home / f'report.{kind}'}" for kind in ("json", "html")]
    command = [
        sys.executable,
        "-m",
        "efface",
        "redact",
        str(home / "in"),
        "-o",
        str(home / "out"),
        *more,
        *reports,
    ]
    for path in home.glob("report.*"):
        path.unlink()
    began = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as process:
        watch = Watch(process.pid)
        assert process.stdout is not None
        last, at, files, steps = began, began, 0, []
        said: list[str] = []
        for line in process.stdout:
            said = [*said[-5:], line]
            watch.look()
            if line.startswith(f"{home / 'out'}{os.sep}"):
                files, at = files + 1, time.monotonic()
                if files % max(1, count // 10) == 0:
                    steps.append((files, (count // 10 or 1) / (at - last), watch.now_mb))
                    last = at
        tail = time.monotonic() - at
    print(
        f"{name}: {time.monotonic() - began:.1f} s, exit code {process.returncode}, peak "
        f"{watch.peak_mb} MB in all processes"
    )
    for files, rate, megabytes in steps:
        print(f"  up to file {files:6}: {rate:6.1f} a second, {megabytes:5} MB")
    if steps:
        sizes = " and ".join(
            f"{p.suffix[1:]} {p.stat().st_size / 1e6:.1f} MB" for p in sorted(home.glob("report.*"))
        )
        print(f"  after the last file: {tail:.1f} s, reports: {sizes}")
    if verbose:
        print("".join(said))


class Watch:
    """Memory of a process and all below it, shared pages counted once for each."""

    def __init__(self, pid: int) -> None:
        self._process, self._due = psutil.Process(pid), 0.0
        self.now_mb = self.peak_mb = 0

    def look(self) -> None:
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + EVERY_S
        self.now_mb = sum(self._sizes()) >> 20
        self.peak_mb = max(self.peak_mb, self.now_mb)

    def _sizes(self) -> Iterator[int]:
        for process in [self._process, *self._process.children(recursive=True)]:
            try:
                yield process.memory_info().rss
            except psutil.NoSuchProcess:
                continue


if __name__ == "__main__":
    main()
