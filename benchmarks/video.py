"""How long `efface redact` takes for a video, next to a bare transcode with the same encoder settings.

    python benchmarks/video.py CLIP... [--preset medium] [--rounds 1]

Both run as processes of their own, in turn. Prints frames a second, the ratio of the two and peak memory, one row a clip.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from statistics import median

import av


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--preset", default="medium")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.bare:
        transcode(chosen.clips[0], chosen.bare, chosen.preset)
        return
    print(f"{'clip':34} {'frames':>6} {'efface/s':>9} {'bare/s':>8} {'ratio':>6} {'efface MB':>9} {'bare MB':>8}")
    for clip in chosen.clips:
        print(row(clip, chosen.preset, chosen.rounds), flush=True)


def row(clip: Path, preset: str, rounds: int) -> str:
    """Medians over the rounds, the two programs in turn."""
    runs: dict[str, list[tuple[float, int]]] = {"efface": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "t.mp4"
        commands = {
            "efface": ["-m", "efface", "redact", str(clip), "-o", str(target), "--preset", preset, "--overwrite"],
            "bare": [__file__, str(clip), "--preset", preset, "--bare", str(target)],
        }
        for _ in range(rounds):
            for name, command in commands.items():
                runs[name].append(timed([sys.executable, *command]))
        with av.open(str(target)) as made:
            frames = made.streams.video[0].frames
    (ours, our_mb), (bare, bare_mb) = (
        (median(s for s, _ in runs[n]), max(mb for _, mb in runs[n])) for n in ("efface", "bare")
    )
    return f"{clip.name:34} {frames:6} {frames / ours:9.1f} {frames / bare:8.1f} {ours / bare:6.1f} {our_mb:9} {bare_mb:8}"


def timed(command: list[str]) -> tuple[float, int]:
    """Seconds and peak memory in MB of one process, interpreter and imports included. Raises SystemExit when it fails."""
    began = time.monotonic()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 7):  # 7: done, and a person should look
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.monotonic() - began, usage.ru_maxrss // 1024


def transcode(source: Path, target: Path, preset: str) -> None:
    """Decode and encode, and nothing else."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        video = old.streams.video[0]
        video.thread_type = "AUTO"
        made = new.add_stream("libx264", rate=video.average_rate)
        made.width, made.height, made.pix_fmt = video.width, video.height, video.format.name
        made.codec_context.time_base = Fraction(video.time_base.numerator, video.time_base.denominator)
        made.codec_context.options = {"crf": "18", "preset": preset, "x264-params": "asm=avx2"}
        for frame in old.decode(video):
            frame.pict_type = 0
            new.mux(made.encode(frame))
        new.mux(made.encode(None))


if __name__ == "__main__":
    main()
