"""How long efface takes for a video, next to a bare transcode with the same encoder settings, and
what takes its time.

    python benchmarks/speed.py [CLIP...] [--photos FOLDER] [--sizes 720p,1080p,4k] [--seconds 4]
                               [--preset medium,veryfast] [--rounds 1] [--deface PROGRAM] [--stages]
                               [--json OUT] [--against EARLIER]

Clips are given, or made from a folder of labelled pictures (as in `efface bench stills`): 720p,
1080p and 4K, a few faces and many, a camera on a stand and one in a hand. Every program runs as a
process of its own, all of them in turn. Prints frames a second, the ratio to the bare transcode in
time and in CPU seconds (which other work on the machine disturbs less), and peak memory. --stages
runs the parts of efface one after the other in one process, and prints CPU milliseconds a frame for
each; then it redacts once more, and prints the idle share of the cores in each phase (`phases.py`).

--against compares the stages with those of an earlier --json of the same clips and presets, and
fails where one rose by more than 15 %. Both are divided by what the bare transcode cost in the same
run, so that another machine, or other work on it, makes less of a difference.

deface (1.5.0 was compared) is installed apart from efface, `pip install deface onnxruntime` into an
environment of its own.
"""

from __future__ import annotations

import argparse
import compileall
import itertools
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import av
import cv2
import numpy as np

import efface
from efface import __version__
from efface.containers.admission import admit

RATE = 30
SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
FEW, MANY = (1, 3), (20, 60)
"""Labelled faces in the picture that a clip is made from, from and to."""

MOST_RISE, LEAST_RISE_MS = 0.15, 1.0
"""From which rise of a stage on --against fails: share, and CPU milliseconds a frame."""

FINE = (0, 7)
"""Exit codes of a run that wrote its target; 7: a person should look."""


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall seconds, CPU seconds, and peak memory in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument(
        "--photos", type=Path, help="Folder of labelled pictures to make clips from."
    )
    parser.add_argument("--sizes", default="720p,1080p", help="Of the clips that are made.")
    parser.add_argument("--seconds", type=float, default=4, help="Of the clips that are made.")
    parser.add_argument("--preset", default="medium,veryfast")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--options", default="", help="More options for efface redact.")
    parser.add_argument("--deface", help="The program deface. Without it only efface is run.")
    parser.add_argument("--stages", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--against", type=Path, help="A file that --json wrote; with --stages.")
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--parts", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.bare:
        transcode(chosen.clips[0], chosen.bare, chosen.preset)
    elif chosen.parts:
        print(json.dumps(parts(chosen.clips[0], chosen.preset)))
    else:
        compare(chosen)


def compare(chosen: argparse.Namespace) -> None:
    """Every clip with every preset, a row for each.

    efface is compiled before, as pip does when it installs it.
    """
    compileall.compile_dir(Path(efface.__file__).parent, quiet=1)
    rows = []
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        made = (
            clips_from(chosen.photos, chosen.sizes.split(","), chosen.seconds, Path(folder))
            if chosen.photos
            else iter(())
        )
        for clip in itertools.chain(chosen.clips, made):
            deface: list[Run] = []
            for preset in chosen.preset.split(","):
                rows.append(measured(clip, preset, chosen, Path(folder), deface))
                print(line(rows[-1]), flush=True)
    if chosen.json:
        said = {
            "efface": __version__,
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "rows": rows,
        }
        chosen.json.write_text(json.dumps(said, indent=1) + "\n")
    if chosen.against:
        worse = list(risen(json.loads(chosen.against.read_text())["rows"], rows))
        print("\n".join(worse) or f"no stage rose by more than {MOST_RISE:.0%}")
        raise SystemExit(bool(worse))


def risen(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each stage that costs more than before. A clip that is not in both is
    left out."""
    known = {(row["clip"], row["preset"]): row for row in before}
    for row in after:
        old = known.get((row["clip"], row["preset"]), {})
        was, now = old.get("stages_cpu_ms", {}), row.get("stages_cpu_ms", {})
        pace = row["bare_cpu_ms"] / old["bare_cpu_ms"] if "bare_cpu_ms" in old else 1.0
        for name in was.keys() & now.keys():
            least = max(was[name] * pace * (1 + MOST_RISE), was[name] * pace + LEAST_RISE_MS)
            if now[name] > least:
                yield (
                    f"{row['clip']} {row['preset']}: {name} rose from {was[name] * pace:.1f} to "
                    f"{now[name]:.1f} CPU ms a frame"
                )


HEAD = (
    f"{'clip':26} {'preset':9} {'frames':>6} {'bare/s':>7} {'efface/s':>8} {'ratio':>6} "
    f"{'CPU':>6} {'MB':>6} {'bare MB':>7} {'x deface':>8}"
)


def line(row: dict[str, Any]) -> str:
    """For people."""
    beside = f"{row['times_deface']:8.1f}" if "times_deface" in row else f"{'-':>8}"
    text = (
        f"{row['clip'][:26]:26} {row['preset']:9} {row['frames']:6} {row['bare_fps']:7.1f} "
        f"{row['efface_fps']:8.1f} {row['ratio']:6.2f} {row['cpu_ratio']:6.2f} {row['peak_mb']:6} "
        f"{row['bare_peak_mb']:7} {beside}"
    )
    if "stages_cpu_ms" in row:
        stages = ", ".join(f"{name} {ms:.0f}" for name, ms in row["stages_cpu_ms"].items())
        text += f"\n  {stages} (CPU ms a frame)"
    if "phases_idle" in row:
        idle = ", ".join(f"{name} {share:.0%}" for name, share in row["phases_idle"].items())
        text += f"\n  idle: {idle} of the cores' time"
    return text


def measured(
    clip: Path, preset: str, chosen: argparse.Namespace, folder: Path, deface: list[Run]
) -> dict[str, Any]:
    """One row. Medians over the rounds, all programs in turn.

    deface  its runs on this clip: it has no presets, so it is run once for all of them.
    """
    target = folder / "target.mp4"
    commands = {
        "bare": [sys.executable, __file__, str(clip), "--preset", preset, "--bare", str(target)],
        "efface": [
            *(
                sys.executable,
                "-m",
                "efface",
                "redact",
                str(clip),
                "-o",
                str(target),
                "--preset",
                preset,
                "--overwrite",
            ),
            *chosen.options.split(),
        ],
    }
    if chosen.deface and not deface:
        commands["deface"] = [chosen.deface, str(clip), "-o", str(folder / "deface.mp4")]
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(chosen.rounds):
        for name, command in commands.items():
            runs[name].append(timed(command))
    deface += runs.pop("deface", [])
    frames = count(target)
    wall = {name: median(r.wall_s for r in of) for name, of in runs.items()}
    cpu = {name: median(r.cpu_s for r in of) for name, of in runs.items()}
    row: dict[str, Any] = {
        "clip": clip.stem,
        "preset": preset,
        "frames": frames,
        "bare_fps": round(frames / wall["bare"], 2),
        "efface_fps": round(frames / wall["efface"], 2),
        "ratio": round(wall["efface"] / wall["bare"], 2),
        "cpu_ratio": round(cpu["efface"] / cpu["bare"], 2),
        "bare_cpu_ms": round(cpu["bare"] / frames * 1000, 1),
        "peak_mb": max(r.peak_mb for r in runs["efface"]),
        "bare_peak_mb": max(r.peak_mb for r in runs["bare"]),
    }
    if deface:
        theirs = median(r.wall_s for r in deface)
        row["times_deface"], row["deface_fps"] = (
            round(theirs / wall["efface"], 2),
            round(frames / theirs, 2),
        )
    if chosen.stages:
        row["stages_cpu_ms"] = staged(clip, preset)
        row |= phased(clip, preset)
    return row


def timed(command: list[str]) -> Run:
    """One process, interpreter and imports included. Raises SystemExit when it fails."""
    began = time.monotonic()
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) not in FINE:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Run(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)


def count(video: Path) -> int:
    """Frames of it."""
    with av.open(str(video)) as container:
        return container.streams.video[0].frames


def transcode(source: Path, target: Path, preset: str) -> None:
    """Decode and encode, and nothing else."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        video = old.streams.video[0]
        video.thread_type = "AUTO"
        made = new.add_stream("libx264", rate=video.average_rate)
        made.width, made.height, made.pix_fmt = video.width, video.height, video.format.name
        made.codec_context.time_base = Fraction(
            video.time_base.numerator, video.time_base.denominator
        )
        made.codec_context.options = {"crf": "18", "preset": preset, "x264-params": "asm=avx2"}
        made.codec_context.thread_type = "FRAME"  # as in the ffmpeg program; slices take longer
        for frame in old.decode(video):
            frame.pict_type = 0
            new.mux(made.encode(frame))
        new.mux(made.encode(None))


def staged(clip: Path, preset: str) -> dict[str, float]:
    """CPU milliseconds a frame for each part of efface, from a process of its own."""
    import subprocess

    command = [sys.executable, __file__, str(clip), "--preset", preset, "--parts"]
    said: dict[str, float] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    return said


def phased(clip: Path, preset: str) -> dict[str, Any]:
    """Idle share and peak memory of each phase, from a process of its own."""
    import subprocess

    program = Path(__file__).with_name("phases.py")
    command = [sys.executable, str(program), str(clip), "--preset", preset, "--json"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    phases = json.loads(said)["phases"]
    return {
        "phases_idle": {name: of["idle_share"] for name, of in phases.items()},
        "phases_peak_mb": {name: of["peak_mb"] for name, of in phases.items()},
    }


def parts(clip: Path, preset: str) -> dict[str, float]:
    """The parts one after the other, nothing at the same time, in CPU milliseconds a frame."""
    from efface.checks.frame_samples import SampleRecorder
    from efface.events import silent
    from efface.files import sha256_of
    from efface.media.decoder import source_opening
    from efface.media.video.encode import create_video
    from efface.options import Options, WriteOptions
    from efface.painting.paint import paint
    from efface.pipeline.analysis import joined
    from efface.pipeline.checking import Draft, prove
    from efface.pipeline.detector_session import DetectorSession
    from efface.pipeline.perceive import perceived, rate_of
    from efface.pipeline.sources import opened

    source_opening.HERE = True  # what other processes decode would not be counted
    options = Options(write=WriteOptions(preset=preset))
    spent: dict[str, float] = {}

    with (
        DetectorSession(options) as session,
        session.for_films() as detectors,
        opened(admit(clip), options.read) as source,
        tempfile.TemporaryDirectory() as folder,
    ):
        # One detector examines frames in the thread that decodes them: nothing is counted twice.
        decoded = clocked(spent, "decode", iter(source.frames()))
        looks = perceived(decoded, detectors[:1], options.detect, rate_of(source.info))
        began = cpu_s()
        seen = list(looks)
        spent["detect"] = cpu_s() - began - spent["decode"]
        frames = len(seen)
        began = cpu_s()
        plan = joined(iter(seen), source, sha256_of(clip), detectors[0], options)
        spent["track"] = cpu_s() - began
        target = Path(folder) / "t.mp4"
        sink = create_video(target, source.info, options.write, target=target)
        recorder, again = SampleRecorder(), {"decode": 0.0}
        began = cpu_s()
        for frame in clocked(again, "decode", iter(source.frames())):
            with timing(spent, "render"):
                picture, regions = frame.unpack(), plan.regions(frame.index)
            with timing(spent, "keep"):
                recorder.take(frame, picture, [r.box for r in regions])
            with timing(spent, "render"):
                paint(picture, regions, options.paint)
            sink.write(picture, frame.pts)
        sink.close()
        # The encoder has threads of its own.
        spent["encode"] = cpu_s() - began - again["decode"] - spent["render"] - spent["keep"]
        hashes = plan.source_sha256, sha256_of(target)
        began = cpu_s()
        with session.for_checks(keeps=False) as opening:
            draft = Draft(target, source, plan, *hashes, recorder.frames())
            prove(draft, target, options, opening, silent)
        spent["verify"] = cpu_s() - began
    return {name: round(s / frames * 1000, 1) for name, s in spent.items()}


@contextmanager
def timing(spent: dict[str, float], name: str) -> Iterator[None]:
    """Add what this thread computes in the block."""
    began = time.thread_time()
    yield
    spent[name] = spent.get(name, 0.0) + time.thread_time() - began


def clocked(spent: dict[str, float], name: str, items: Iterator[Any]) -> Iterator[Any]:
    """Yield the items, and add what this thread computes to make them."""
    while True:
        with timing(spent, name):
            item = next(items, None)
        if item is None:
            return
        yield item


def cpu_s() -> float:
    """CPU seconds of all threads so far."""
    return time.process_time()


def clips_from(photos: Path, sizes: list[str], seconds: float, folder: Path) -> Iterator[Path]:
    """Clips of each size: few faces and many, on a stand and in a hand."""
    from efface.bench.truth import load_stills

    stills = load_stills(photos)
    for size in sizes:
        for name, (low, high) in (("few", FEW), ("many", MANY)):
            still = next(s for s in stills if low <= int((s.labels.heights >= 24).sum()) <= high)
            for is_held in (False, True):
                path = folder / f"{size}-{name}-{'hand' if is_held else 'stand'}.mp4"
                film(
                    path,
                    cv2.imread(str(still.path)),
                    SIZES[size],
                    round(seconds * RATE),
                    shaken if is_held else steady,
                )
                yield path


def steady(i: int) -> tuple[float, float]:
    """Where a camera on a stand looks in frame i, in shares of the picture."""
    return 0.0, 0.0


def shaken(i: int) -> tuple[float, float]:
    """Where a camera in a hand looks: it sways, and pans slowly."""
    t = i / RATE
    return 0.02 * np.sin(5.1 * t) + 0.01 * t, 0.015 * np.sin(7.3 * t)


def film(
    path: Path,
    picture: Any,
    size_wh: tuple[int, int],
    frames: int,
    way: Callable[[int], tuple[float, float]],
) -> None:
    """An H.264 video of a picture, with the noise of a sensor."""
    random = np.random.default_rng(1)
    height, width = picture.shape[:2]
    zoom = 1.15 * max(size_wh[0] / width, size_wh[1] / height)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *size_wh, "yuv420p"
        stream.codec_context.options = {
            "crf": "23",
            "preset": "veryfast",
            "x264-params": "asm=avx2",
        }
        noise = random.normal(0, 3, (8, size_wh[1], size_wh[0], 1)).astype(np.int8)
        for i in range(frames):
            dx, dy = way(i)
            shift = [
                size_wh[k] / 2 - zoom * side / 2 - d * size_wh[k]
                for k, (side, d) in enumerate(((width, dx), (height, dy)))
            ]
            matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
            seen = cv2.warpAffine(
                picture, matrix, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
            )
            rough = np.clip(seen.astype(np.int16) + noise[i % len(noise)], 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rough, format="bgr24")))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
