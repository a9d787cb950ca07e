"""How busy the processor is in each phase of one redaction, and how much memory it holds. Linux.

    python benchmarks/phases.py CLIP [--preset medium] [--json]

Redacts the clip in this process; others decode for it. 20 times a second, a thread adds up the time
that all threads computed, and the time that the cores were idle. Work of other programs counts as
busy. That threads wait for a core does not show that all cores are busy: they also wait while
another core is idle.
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
from efface.free_memory import use_few_heaps
from efface.media.decoder.server_process import server
from efface.options import Options, WriteOptions
from efface.pipeline import one_source
from efface.pipeline.detector_session import DetectorSession
from efface.processors import granted

EVERY_S = 0.05


@dataclass(slots=True)
class Phase:
    """Seconds of a phase, seconds that its threads and its decoders computed, and that cores were
    idle; peak memory of this process."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    idle_s: float = 0.0
    peak_mb: int = 0

    @property
    def idle_share(self) -> float:
        """Share of the cores' time in which they had nothing to do."""
        return self.idle_s / (granted() * self.wall_s or 1)


class Watch:
    """Adds up, in a thread, what this process does in each phase."""

    def __init__(self) -> None:
        self.phases: dict[str, Phase] = {}
        self.phase = "look"
        self._known: dict[str, int] = {}
        self._idle_s = idle_s()
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
            of.wall_s, last = of.wall_s + now - last, now
            of.cpu_s += self._computed_s()
            idle_before, self._idle_s = self._idle_s, idle_s()
            of.idle_s += self._idle_s - idle_before
            of.peak_mb = max(of.peak_mb, resident_mb())

    def _computed_s(self) -> float:
        """Return seconds that the threads computed since the last call, those of the decoders
        included."""
        computed = 0
        for thread in [t for of in (os.getpid(), *decoders()) for t in threads_of(of)]:
            try:
                ran = int((thread / "schedstat").read_text().split()[0])
            except OSError:  # it has ended
                continue
            computed += ran - self._known.get(thread.name, 0)
            self._known[thread.name] = ran
        return computed / 1e9


def decoders() -> list[int]:
    """The processes that decode for this one."""
    process = server._process
    if process is None:
        return []
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    try:
        return [int(child) for child in children.read_text().split()]
    except OSError:  # it has ended
        return []


def threads_of(process: int) -> list[Path]:
    """The threads of a process, as folders."""
    try:
        return list(Path(f"/proc/{process}/task").iterdir())
    except OSError:
        return []


def idle_s() -> float:
    """Seconds that the cores of this process have been idle since the system started."""
    mine = {f"cpu{n}" for n in os.sched_getaffinity(0)}
    lines = [x.split() for x in Path("/proc/stat").read_text().splitlines()]
    ticks = sum(int(x[4]) + int(x[5]) for x in lines if x[0] in mine)  # idle, waiting for a disk
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mb() -> int:
    """Memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(next(x for x in status.splitlines() if x.startswith("VmRSS")).split()[1]) // 1024


def redacted(clip: Path, preset: str) -> tuple[dict[str, Phase], int]:
    """Redact the clip. Returns the phases, and the number of frames."""
    options = Options(write=WriteOptions(preset=preset))
    use_few_heaps()  # as a working process does
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
        f"{phase.cpu_s / frames * 1e3:6.1f}, "
        f"idle {phase.idle_share:4.0%} of {granted()} cores, {phase.peak_mb} MB"
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
