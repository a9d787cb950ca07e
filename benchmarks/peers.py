"""How much other tools leave legible in the stress clips, beside efface, in one run.

    efface bench stress FOLDER --keep CLIPS
    python benchmarks/peers.py CLIPS --deface path/to/deface [--json OUT]

deface (1.5.0 was compared) is installed apart from efface, `pip install deface onnxruntime` into an
environment of its own: it is never a part of efface. Both tools get their defaults for finding, and
a bright colour in place of their filter, so that what they cover can be judged from the pixels of
their output, one way for all. Of a labelled face that share is legible which does not have the
colour; from LEGIBLE on, the face leaks in that frame.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from efface.bench.score import LEAST_PX, LEGIBLE, longest_row
from efface.bench.truth import VideoTruth, load_video
from efface.geometry import pixel_window

MAGENTA = (255, 0, 255)
LOUD, QUIET = 150, 110
"""Red and blue of what has the colour are above the one, green is below the other; encoding softens
both a little."""

Command = Callable[[Path, Path], list[str]]


@dataclass(slots=True)
class Found:
    """What one tool left in the clips of one kind."""

    boxes: int = 0
    leaks: int = 0
    longest: int = 0
    frames: int = 0
    seconds: float = field(default=0.0)


def main() -> None:
    """Runs every tool on every clip, and prints a table: share of leaks, and in brackets the
    longest in frames."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path)
    parser.add_argument("--deface", help="The program deface. Without it only efface is run.")
    parser.add_argument("--only", default="", help="Kinds of clips, with commas between.")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        tools = {"efface": efface} | (
            {"deface": deface(chosen.deface, Path(scratch))} if chosen.deface else {}
        )
        found: dict[str, dict[str, Found]] = {}
        for truth, kind in stress_clips(chosen.clips, chosen.only):
            for name, command in tools.items():
                score = found.setdefault(kind, {}).setdefault(name, Found())
                one(truth, command, Path(scratch) / f"{name}.mp4", score)
                print(
                    f"{truth.path.stem} {name}: {score.leaks} leaks of {score.boxes} so far",
                    file=sys.stderr,
                    flush=True,
                )
    print(table(found, list(tools)))
    if chosen.json:
        chosen.json.write_text(
            json.dumps(
                {k: {n: numbers(f) for n, f in v.items()} for k, v in found.items()}, indent=1
            )
            + "\n"
        )


def stress_clips(folder: Path, only: str) -> Iterator[tuple[VideoTruth, str]]:
    """The kept clips, and what each is about."""
    for path in sorted(folder.glob("stress-*.faces.json")):
        truth = load_video(path)
        kind = str(truth.about["kinds"][0])
        if not only or kind in only.split(","):
            yield truth, kind


def efface(source: Path, target: Path) -> list[str]:
    """The command for efface, in this Python."""
    look = [
        "--kinds",
        "face",
        "--style",
        "solid",
        "--colour",
        "#ff00ff",
        "--shape",
        "box",
        "--overwrite",
    ]
    return [sys.executable, "-m", "efface", "redact", str(source), "-o", str(target), *look]


def deface(program: str, scratch: Path) -> Command:
    """The command for deface, which takes its colour from a picture."""
    colour = scratch / "colour.png"
    cv2.imwrite(str(colour), np.full((64, 64, 3), MAGENTA[::-1], np.uint8))
    return lambda source, target: [
        program, str(source), "-o", str(target), "--replacewith", "img", "--replaceimg", str(colour)
    ]  # fmt: skip


def one(truth: VideoTruth, command: Command, target: Path, score: Found) -> None:
    """Runs a tool on a clip, and judges what it made. Raises SystemExit when the tool fails."""
    began = time.monotonic()
    done = subprocess.run(command(truth.path, target), capture_output=True, text=True, check=False)
    if done.returncode or not target.exists():
        raise SystemExit(f"failed: {' '.join(command(truth.path, target))}\n{done.stderr[-2000:]}")
    score.seconds += time.monotonic() - began
    score.frames += truth.frames
    made = list(frames(target))
    if len(made) != truth.frames:
        raise SystemExit(f"{target.name}: {len(made)} frames for {truth.frames}")
    for track in (t for t in truth.tracks if not t.ignore):
        judged = [
            (f, box)
            for f, box in zip(track.frame, track.xyxy, strict=True)
            if box[3] - box[1] >= LEAST_PX
        ]
        leaks = [legible(made[f], box, truth.size_wh) >= LEGIBLE for f, box in judged]
        score.boxes += len(leaks)
        score.leaks += sum(leaks)
        score.longest = max(score.longest, longest_row(leaks))
    target.unlink()


def frames(path: Path) -> Iterator[NDArray[np.uint8]]:
    """(h, w, 3) RGB."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def legible(
    frame: NDArray[np.uint8], box_xyxy: NDArray[np.float32], size_wh: tuple[int, int]
) -> float:
    """Share of the box that does not have the colour. deface rounds sizes to 16 pixels, so the
    frame is brought back first."""
    if frame.shape[1::-1] != size_wh:
        frame = np.asarray(cv2.resize(frame, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    red, green, blue = frame[pixel_window(box_xyxy.tolist(), size_wh)].reshape(-1, 3).T
    return 1 - float(((red > LOUD) & (blue > LOUD) & (green < QUIET)).mean())


def table(found: dict[str, dict[str, Found]], tools: list[str]) -> str:
    """One row for each kind, and the speed of each tool below, starting and encoding included."""
    rows = [f"{'':18}" + "".join(f"{t:>18}" for t in tools)]
    for kind, by_tool in found.items():
        rows.append(f"{kind:18}" + "".join(f"{_cell(by_tool[t]):>18}" for t in tools))
    speeds = [
        sum(v[t].frames for v in found.values()) / sum(v[t].seconds for v in found.values())
        for t in tools
    ]
    return "\n".join([*rows, f"{'frames/s':18}" + "".join(f"{s:>18.1f}" for s in speeds)])


def _cell(score: Found) -> str:
    return f"{score.leaks / max(1, score.boxes):.1%} ({score.longest})"


def numbers(score: Found) -> dict[str, Any]:
    """For JSON."""
    return {
        "boxes": score.boxes,
        "leaks": score.leaks,
        "leak_rate": round(score.leaks / max(1, score.boxes), 4),
        "longest_leak_frames": score.longest,
        "frames_per_second": round(score.frames / score.seconds, 2),
    }


if __name__ == "__main__":
    main()
