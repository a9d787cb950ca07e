"""How busy the processor is in each phase of one redaction, and how much memory it holds. Linux.

    python benchmarks/phases.py CLIP [--preset medium] [--json]

Redacts the clip in this process. A thread adds up, 20 times a second, what every thread has
computed and how long each waited for a core that other work had. What is left of the cores' time is
idle: nothing of efface wanted it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from efface.containers.admission import admit
from efface.events import Event
from efface.options import Options, WriteOptions
from efface.pipeline import one_source
from efface.pipeline.detector_session import DetectorSession

EVERY_S = 0.05


@dataclass(slots=True)
class Phase:
    """Seconds of a phase, seconds that its threads computed, and waited for a core; peak memory."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    waited_s: float = 0.0
    peak_mb: int = 0

    @property
    def idle_share(self) -> float:
        """Share of all cores' time that nothing of this process wanted."""
        return max(0.0, 1 - (self.cpu_s + self.waited_s) / (cores() * self.wall_s or 1))


def cores() -> int:
    return len(os.sched_getaffinity(0))


class Watch:
    """Adds up, in a thread, what this process does in each phase."""

    def __init__(self) -> None:
        self.phases: dict[str, Phase] = {}
        self.phase = "look"
        self._known: dict[str, tuple[int, int]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def listen(self, event: Event) -> None:
        """Take an event of the redaction: it names the phase."""
        self.phase = event.stage

    def _watch(self) -> None:
        last = time.monotonic()
        while not self._stop.wait(EVERY_S):
            now = time.monotonic()
            of = self.phases.setdefault(self.phase, Phase())
            cpu_s, waited_s = self._since()
            of.wall_s, of.cpu_s = of.wall_s + now - last, of.cpu_s + cpu_s
            of.waited_s, last = of.waited_s + waited_s, now
            of.peak_mb = max(of.peak_mb, resident_mb())

    def _since(self) -> tuple[float, float]:
        """Return seconds computed, and waited for a core, since the last call."""
        sums = [0, 0]
        for thread in Path("/proc/self/task").iterdir():
            try:
                ran, waited, _ = map(int, (thread / "schedstat").read_text().split())
            except OSError:  # it has ended
                continue
            before = self._known.get(thread.name, (0, 0))
            self._known[thread.name] = ran, waited
            sums = [sums[0] + ran - before[0], sums[1] + waited - before[1]]
        return sums[0] / 1e9, sums[1] / 1e9


def resident_mb() -> int:
    """Memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(next(x for x in status.splitlines() if x.startswith("VmRSS")).split()[1]) // 1024


def redacted(clip: Path, preset: str) -> tuple[dict[str, Phase], int]:
    """Redact the clip. Returns the phases, and the number of frames."""
    options = Options(write=WriteOptions(preset=preset))
    with DetectorSession(options) as session, tempfile.TemporaryDirectory() as folder:
        source = admit(clip)
        with Watch() as watch:
            plan = one_source.find(session, source, watch.listen)
            watch.phase = "render"
            one_source.render(session, source, plan, Path(folder) / "t.mp4", watch.listen)
    return watch.phases, len(plan.timeline)


def line(name: str, phase: Phase, frames: int) -> str:
    """For people."""
    return (
        f"  {name:8} {phase.wall_s / frames * 1e3:7.1f} ms a frame, CPU "
        f"{phase.cpu_s / frames * 1e3:6.1f}, waited {phase.waited_s / frames * 1e3:6.1f}, "
        f"idle {phase.idle_share:4.0%} of {cores()} cores, {phase.peak_mb} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--preset", default="medium")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    chosen = parser.parse_args()
    phases, frames = redacted(chosen.clip, chosen.preset)
    if chosen.json:
        facts = {n: asdict(p) | {"idle_share": round(p.idle_share, 3)} for n, p in phases.items()}
        print(json.dumps({"frames": frames, "phases": facts}))
        return
    for name, phase in phases.items():
        print(line(name, phase, frames))


if __name__ == "__main__":
    main()
