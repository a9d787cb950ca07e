"""Does `efface live` keep its word?

Clips whose frames carry their number as blocks in the picture are sent through it, by UDP.

    python benchmarks/live.py make FOLDER CLIP.mp4 [--clips 12] [--seed 4]     1280x720, moving
    faces with known boxes
    python benchmarks/live.py pace CLIP.mp4 [--delay 1.0]                      one camera: delay,
    rate, leaks
    python benchmarks/live.py offline CLIP.mp4                                 leaks of `efface
    redact`, read the same way
    python benchmarks/live.py overload CLIP.mp4 [--cameras 4] [--hogs 2]       and whatever left was
    looked at
    python benchmarks/live.py kills CLIP.mp4 [--times 50] [--source rtsp]      source, server and
    worker are killed at random
    python benchmarks/live.py soak CLIP.mp4 [--minutes 60] [--source rtsp]     memory over time

--source rtsp serves CLIP by a GStreamer RTSP server, which kills ends by SIGKILL. The clip must be
longer than the run.

What is erased is painted in one loud colour, so that the pictures that arrive tell what was
covered, and no word of efface's is taken for it. To know what was looked at, the detector is
wrapped in the cameras' processes, and reads the number of each frame from the small picture that it
is shown.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import psutil

from efface.bench import moving
from efface.bench.clips import made, write_video
from efface.bench.frame_numbers import SIZE_WH, draw_number, is_placeholder, read_number
from efface.bench.score import COVERED_SHARE, LEAST_PX
from efface.bench.truth import load_stills
from efface.live import camera_pipeline, supervisor
from efface.live.address import source_address, target_address
from efface.live.pipeline_state import Wanted
from efface.live.supervisor import Supervisor
from efface.live_options import LiveOptions
from efface.options import CoverOptions, DetectOptions, Options, PaintOptions

LOUD = "#ff00ff"
RATE = 25
CLIP_FRAMES = 100
"""Of each of the clips that `make` puts one after the other."""
RTSP_SERVER = Path(__file__).parents[1] / "examples/rtsp_server.py"


# Clips


def make(folder: Path, clip: Path, count: int, seed: int) -> None:
    """Clips of `efface bench moving` in 1280x720, one after the other, numbered from 1; and where
    every face is."""
    moving.SIZE_WH = SIZE_WH
    read_rgb = lambda still: cv2.cvtColor(cv2.imread(str(still.path)), cv2.COLOR_BGR2RGB)  # noqa: E731
    boxes: dict[int, list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        truths = [
            made(c, Path(scratch))
            for c in moving.clips(load_stills(folder), read_rgb, count, seed=seed)
        ]

        def frames() -> Iterator[np.ndarray]:
            number = 0
            for truth in truths:
                first = number
                with av.open(str(truth.path)) as container:
                    for frame in container.decode(video=0):
                        number += 1
                        rgb = frame.to_ndarray(format="rgb24")
                        draw_number(rgb, number)
                        yield rgb
                for track in truth.tracks:
                    for at, box in zip(track.frame, track.xyxy, strict=True):
                        if not track.ignore and box[3] - box[1] >= LEAST_PX:
                            boxes.setdefault(first + int(at) + 1, []).append(
                                [round(float(v), 1) for v in box]
                            )

        write_video(clip.with_suffix(".raw.mp4"), frames(), SIZE_WH, crf=18, target=clip)
    # Cameras send a keyframe every second and no frames out of order.
    subprocess.run(
        [
            "ffmpeg",
            "-y",
            "-v",
            "error",
            "-i",
            clip.with_suffix(".raw.mp4"),
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            "18",
            "-g",
            str(RATE),
            "-bf",
            "0",
            clip,
        ],
        check=True,
    )
    clip.with_suffix(".raw.mp4").unlink()
    clip.with_suffix(".boxes.json").write_text(json.dumps(boxes))


# Senders and receivers


class Sender:
    """A camera: sends the clip by UDP at its own speed, again and again, and notes when each frame
    went."""

    def __init__(self, clip: Path, port: int, *, rounds: int = 1) -> None:
        self.sent: dict[int, float] = {}
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(clip, port, rounds), daemon=True)
        self._thread.start()

    def _run(self, clip: Path, port: int, rounds: int) -> None:
        with av.open(str(clip)) as source:
            stream = source.streams.video[0]
            packets = [bytes(p) for p in source.demux(stream) if p.size]
            packets = _annexb(packets, stream.codec_context.extradata)
        with av.open(
            f"udp://127.0.0.1:{port}?pkt_size=1316",
            "w",
            format="mpegts",
            container_options={"fflags": "flush_packets"},
        ) as out:
            made = out.add_mux_stream(
                "h264", rate=RATE, width=SIZE_WH[0], height=SIZE_WH[1], time_base=Fraction(1, 90000)
            )
            began = time.monotonic()
            for i in range(rounds * len(packets)):
                if self.stop.wait(max(0.0, began + i / RATE - time.monotonic())):
                    return
                packet = av.Packet(packets[i % len(packets)])
                packet.pts = packet.dts = i * 90000 // RATE
                packet.time_base, packet.stream = Fraction(1, 90000), made
                packet.is_keyframe = i % len(packets) % RATE == 0
                self.sent[i % len(packets) + 1] = time.monotonic()
                out.mux(packet)

    def wait(self) -> None:
        self._thread.join()

    def end(self) -> None:
        self.stop.set()
        self._thread.join()


class Served:
    """A camera behind an RTSP server, a process of its own: each client is served the clip from its
    beginning."""

    def __init__(self, clip: Path, port: int) -> None:
        command = ["/usr/bin/python3", str(RTSP_SERVER), str(clip), "--port", str(port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def camera(chosen: argparse.Namespace, port: int) -> Sender | Served:
    """Whatever --source says."""
    return (
        Served(chosen.clip, port)
        if chosen.source == "rtsp"
        else Sender(chosen.clip, port, rounds=10_000)
    )


def _annexb(packets: Sequence[bytes], extradata: bytes) -> list[bytes]:
    at, head = 6, b""
    for _ in range(2):  # SPS, then PPS after a byte that counts them
        size = int.from_bytes(extradata[at : at + 2])
        head += b"\0\0\0\1" + extradata[at + 2 : at + 2 + size]
        at += 2 + size + 1
    found = []
    for packet in packets:
        out, at = b"", 0
        while at < len(packet):
            size = int.from_bytes(packet[at : at + 4])
            out += b"\0\0\0\1" + packet[at + 4 : at + 4 + size]
            at += 4 + size
        found.append(head + out if any(packet[4] & 31 == t for t in (5, 6, 7)) else out)
    return found


@dataclass
class Seen:
    """A picture that arrived: its number, or None for the placeholder; when; and of each face of
    that frame the share covered."""

    number: int | None
    at: float
    pts: float


@dataclass
class Receiver:
    """Takes what `efface live` sends by UDP, and notes each picture."""

    port: int
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self.stop.is_set():
            with contextlib.suppress(av.error.FFmpegError, OSError):
                options = {
                    "fifo_size": "20000",
                    "overrun_nonfatal": "1",
                    "timeout": "2000000",
                    "probesize": "100000",
                }
                with av.open(
                    f"udp://127.0.0.1:{self.port}", format="mpegts", options=options, timeout=(3, 3)
                ) as source:
                    stream = source.streams.video[0]
                    stream.thread_type = "SLICE"
                    for frame in source.decode(stream):
                        luma = np.frombuffer(frame.planes[0], np.uint8).reshape(frame.height, -1)[
                            :, : frame.width
                        ]
                        self.seen.append(
                            Seen(read_number(luma), time.monotonic(), float(frame.time or 0))
                        )
                        if self.stop.is_set():
                            return

    def end(self) -> None:
        self.stop.set()
        self._thread.join(5)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# Cameras whose looks are written down

NOTES = "EFFACE_BENCH_NOTES"
SOURCES = {"udp": "udp://127.0.0.1:{}", "rtsp": "rtsp://127.0.0.1:{}/clip"}


def work(pipe: Any, wanted: Wanted) -> None:
    """The process of a camera, as `efface.live.supervisor` has it, with a detector that notes which
    frames it was shown."""
    notes = open(Path(os.environ[NOTES]) / f"{wanted.name}-{os.getpid()}.txt", "a", buffering=1)  # noqa: SIM115
    opened = camera_pipeline.open_lanes

    @contextlib.contextmanager
    def noting(options: DetectOptions) -> Iterator[Any]:
        with opened(options) as detectors:
            inside = detectors[0].detect  # the one that looks at all of each frame

            def detect(frame: Any, look: Any) -> Any:
                if look.window is None:  # all of a frame
                    width, height = (round(side * look.detail) for side in frame.size_wh)
                    notes.write(f"{read_number(frame.look((width, height)))}\n")
                return inside(frame, look)

            detectors[0].detect = detect
            yield detectors

    camera_pipeline.open_lanes = noting
    supervised_work(pipe, wanted)


supervised_work = supervisor.work


def looked_at(folder: Path, name: str) -> set[int]:
    """Numbers of all frames that the detector of that camera was shown."""
    found = "".join(p.read_text() for p in folder.glob(f"{name}-*.txt")).split()
    return {int(n) for n in found if n.isdigit()}


@contextlib.contextmanager
def supervised(
    folder: Path, ports: Sequence[tuple[int, int]], options: Options, source: str = "udp"
) -> Iterator[Supervisor]:
    """A supervisor in a thread of its own, a camera for each pair of ports. Each records, too."""
    os.environ[NOTES] = str(folder)
    supervisor.work = work
    wanted = [
        Wanted(
            f"c{i}",
            source_address(SOURCES[source].format(a)),
            (target_address(f"udp://127.0.0.1:{b}"), target_address(str(folder / f"c{i}.mkv"))),
            options,
        )
        for i, (a, b) in enumerate(ports)
    ]
    running = Supervisor(wanted, lambda line: print("   ", line, flush=True))
    stop = threading.Event()
    thread = threading.Thread(target=running.run, args=(stop.is_set,))
    thread.start()
    try:
        yield running
    finally:
        stop.set()
        thread.join()


def options_for(chosen: argparse.Namespace) -> Options:
    return Options(
        live=LiveOptions(
            delay_s=chosen.delay, restarts=10_000, timeout_s=chosen.timeout, retry_s=0.5
        ),
        paint=PaintOptions(style="solid", colour=LOUD, shape="box"),
        detect=DetectOptions(kinds=chosen.kinds),
        cover=CoverOptions(),
    )


def wait_until_up(running: Supervisor, least: str = "passing", patience_s: float = 60) -> None:
    until = time.monotonic() + patience_s
    while any(m.state != least for m in running.members):
        if time.monotonic() > until:
            raise SystemExit(f"cameras are {[m.state for m in running.members]}")
        time.sleep(0.05)


# Reading what came out


@dataclass
class Leaks:
    frames: int = 0
    placeholders: int = 0
    unread: int = 0
    boxes: int = 0
    leaks: int = 0
    erased: float = 0.0
    numbers: list[int] = field(default_factory=list)
    pts: list[float] = field(default_factory=list)
    by_clip: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        rate = self.leaks / self.boxes if self.boxes else 0
        return (
            f"{self.frames} frames, {self.unread} whose number is erased, {self.placeholders} "
            "placeholders; "
            f"leaks {self.leaks} of {self.boxes} boxes = {rate:.2%}, by clip {dict(self.by_clip)}; "
            f"erased {self.erased / max(1, self.frames):.1%} of the picture"
        )


def leaks_in(paths: Sequence[Path], boxes: dict[str, list[list[float]]]) -> Leaks:
    """Leaks in recordings, by what is painted in them."""
    found = Leaks()
    for path in paths:
        with av.open(str(path)) as source:
            for frame in source.decode(video=0):
                rgb = frame.to_ndarray(format="rgb24")
                number = read_number(rgb)
                if number is None:
                    found.placeholders += is_placeholder(rgb)
                    found.unread += not is_placeholder(rgb)
                    continue
                found.frames += 1
                found.numbers.append(number)
                found.pts.append(float(frame.time or 0))
                loud = (rgb[..., 0] > 170) & (rgb[..., 1] < 90) & (rgb[..., 2] > 170)
                found.erased += float(loud.mean())
                for x1, y1, x2, y2 in boxes.get(str(number), []):
                    part = loud[max(0, int(y1)) : int(y2) + 1, max(0, int(x1)) : int(x2) + 1]
                    found.boxes += 1
                    is_open = bool(part.size and part.mean() < COVERED_SHARE)
                    found.leaks += is_open
                    found.by_clip[(number - 1) // CLIP_FRAMES] += is_open
    return found


def recordings(folder: Path, name: str) -> list[Path]:
    return sorted(folder.glob(f"{name}-*.mkv"))


def delays(sender: Sender, receiver: Receiver) -> str:
    since, last = min(sender.sent.values(), default=0.0), max(sender.sent, default=0)
    # A demuxer gives a frame when the next one begins, so the last ones come when somebody's
    # patience ends.
    judged = [
        s
        for s in receiver.seen
        if s.number in sender.sent and s.at > since and s.number <= last - RATE // 2
    ]
    known = sorted(s.at - sender.sent[s.number] for s in judged)
    if not known:
        return "nothing arrived"
    picked = [known[min(len(known) - 1, int(len(known) * q))] for q in (0.5, 0.95, 0.99, 1.0)]
    return "end-to-end delay, s: median {:.2f}, 95 % {:.2f}, 99 % {:.2f}, worst {:.2f}".format(
        *picked
    )


def order(numbers: Sequence[int]) -> str:
    """What is out of order.

    Once the clip may begin anew: a sender for warming up goes before the one that is judged.
    """
    wrong = [(a, b) for a, b in itertools.pairwise(numbers) if b <= a]
    if anew := next((pair for pair in wrong if pair[1] <= RATE), None):
        wrong.remove(anew)
    return f"{len(numbers)} numbers, {len(wrong)} out of order {wrong[:3] or ''}"


# Runs


def pace(chosen: argparse.Namespace) -> None:
    boxes = json.loads(chosen.clip.with_suffix(".boxes.json").read_text())
    with tempfile.TemporaryDirectory() as name:
        folder, ports = Path(name), (free_port(), free_port())
        receiver = Receiver(ports[1])
        with supervised(folder, [ports], options_for(chosen)) as running:
            warm = Sender(chosen.clip, ports[0])
            wait_until_up(running)
            warm.end()
            time.sleep(
                chosen.timeout + 1
            )  # the old connection is lost, and a new one begins with frame 1
            process = psutil.Process(running.members[0].pid)
            before, cpu, began = (
                asdict(running.members[0].facts),
                sum(process.cpu_times()[:2]),
                time.monotonic(),
            )
            receiver.seen.clear()
            sender = Sender(chosen.clip, ports[0])
            sender.wait()
            time.sleep(chosen.delay + 1.2)
            after, took = asdict(running.members[0].facts), time.monotonic() - began
            cpu = (sum(process.cpu_times()[:2]) - cpu) / max(
                1, after["frames_in"] - before["frames_in"]
            )
        print(
            f"{took:.0f} s; {cpu * 1000:.0f} ms of processor a frame; load {os.getloadavg()[0]:.1f}"
        )
        told = (
            "frames_in",
            "frames_out",
            "frames_passed",
            "frames_missed",
            "looks",
            "looks_closer",
            "placeholder_s",
        )
        print({k: round(after[k] - before[k], 1) for k in told}, "detail", after["detail"])
        print(delays(sender, receiver))
        last = leaks_in(recordings(folder, "c0"), boxes)
        print(last)
        numbers = [s.number for s in receiver.seen if s.number is not None]
        seen = looked_at(folder, "c0")
        print(
            "recorded:",
            order(last.numbers),
            "received:",
            order(numbers),
            f"; not looked at: {len(set(numbers) - seen)}",
        )


def offline(chosen: argparse.Namespace) -> None:
    boxes = json.loads(chosen.clip.with_suffix(".boxes.json").read_text())
    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / "t.mkv"
        subprocess.run(
            [
                sys.executable,
                "-m",
                "efface",
                "redact",
                str(chosen.clip),
                "-o",
                str(target),
                "--style",
                "solid",
                "--colour",
                LOUD,
                "--shape",
                "box",
                "--kinds",
                chosen.kinds,
                "--verify",
                "off",
                "--preset",
                "veryfast",
                "--risk-bound",
                "1",
            ],
            check=True,
        )
        print(leaks_in([target], boxes))


def overload(chosen: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, ports = Path(name), [(free_port(), free_port()) for _ in range(chosen.cameras)]
        receivers = [Receiver(b) for _, b in ports]
        hogs = [
            subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(chosen.hogs)
        ]
        try:
            with supervised(folder, ports, options_for(chosen)) as running:
                senders = [Sender(chosen.clip, a, rounds=100) for a, _ in ports]
                time.sleep(chosen.seconds)
                for sender in senders:
                    sender.end()
                facts = [asdict(m.facts) for m in running.members]
        finally:
            for hog in hogs:
                hog.kill()
        for i, receiver in enumerate(receivers):
            receiver.end()
            numbers = [s.number for s in receiver.seen if s.number is not None]
            seen, told = looked_at(folder, f"c{i}"), facts[i]
            print(
                f"camera {i}: in {told['frames_in']}, out {told['frames_out']}, passed "
                f"{told['frames_passed']}, missed "
                f"{told['frames_missed']}, placeholder {told['placeholder_s']:.0f} s; arrived "
                f"{len(numbers)} numbered and "
                f"{len(receiver.seen) - len(numbers)} others; not looked at: "
                f"{len(set(numbers) - seen)}"
            )


def kills(chosen: argparse.Namespace) -> None:
    dice = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as name:
        folder, ports = Path(name), (free_port(), free_port())
        receiver = Receiver(ports[1])
        took: dict[str, list[float]] = {"worker": [], "source": [], "hang": []}
        with supervised(folder, [ports], options_for(chosen), chosen.source) as running:
            sender = camera(chosen, ports[0])
            wait_until_up(running)
            for i in range(chosen.times):
                time.sleep(dice.uniform(1.0, 4.0))
                what = ("worker", "source")[i % 2]
                if what == "worker":
                    killed = running.members[0].pid
                    os.kill(killed, dice.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV)))
                    back = time.monotonic()
                    # One that was asked to end lets the frames leave that it holds. They are no
                    # sign of recovery.
                    while running.members[0].pid in (killed, None):
                        time.sleep(0.01)
                else:
                    sender.end()
                    time.sleep(dice.uniform(0.2, 5.0))
                    back = time.monotonic()
                    sender = camera(chosen, ports[0])
                took[what].append(recovered(receiver, back, chosen.delay))
                print(f"  {i + 1:2} {what:7} {took[what][-1]:.1f} s", flush=True)
            sender.end()
        receiver.end()
        for what, times in took.items():
            if times:
                late = sum(t > 5 for t in times)
                said = (
                    f"{np.median(times):.1f} s (median), {max(times):.1f} s (worst), {late} > 5 s"
                )
                print(f"{what}: {len(times)} times, back after {said}")
        numbers = [s.number for s in receiver.seen if s.number is not None]
        print(
            f"{len(numbers)} numbered frames arrived; not looked at: "
            f"{len(set(numbers) - looked_at(folder, 'c0'))}"
        )
        boxes = json.loads(chosen.clip.with_suffix(".boxes.json").read_text())
        print("kept recordings:", leaks_in(recordings(folder, "c0"), boxes))


def recovered(receiver: Receiver, since: float, delay_s: float, patience_s: float = 60.0) -> float:
    """Seconds until a picture arrives that is no placeholder, and came in after that moment: it was
    held back for the delay."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        found = [s for s in receiver.seen[-60:] if s.number is not None and s.at > since + delay_s]
        if found and _goes_on(receiver, found[0].at):
            return found[0].at - since
        time.sleep(0.05)
    return patience_s


def _goes_on(receiver: Receiver, at: float) -> bool:
    """Three numbered pictures from then on: what a killed process had sent just before may arrive
    late."""
    return sum(s.number is not None and s.at >= at for s in receiver.seen[-100:]) >= 3


def soak(chosen: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, ports = Path(name), (free_port(), free_port())
        with supervised(folder, [ports], options_for(chosen), chosen.source) as running:
            sender = camera(chosen, ports[0])
            wait_until_up(running)
            began = time.monotonic()
            while time.monotonic() - began < chosen.minutes * 60:
                time.sleep(30)
                member = running.members[0]
                mb = psutil.Process(member.pid).memory_info().rss >> 20
                facts = member.facts
                print(
                    f"{(time.monotonic() - began) / 60:5.1f} min, {mb} MB, supervisor "
                    f"{psutil.Process().memory_info().rss >> 20} MB, "
                    f"in {facts.frames_in}, out {facts.frames_out}, placeholder "
                    f"{facts.placeholder_s:.0f} s, restarts {member.restarts}",
                    flush=True,
                )
                for old in recordings(folder, "c0")[:-1]:
                    old.unlink()
                for notes in folder.glob("*.txt"):
                    os.truncate(notes, 0)
            sender.end()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    runs = parser.add_subparsers(dest="run", required=True)
    made = runs.add_parser("make")
    made.add_argument("folder", type=Path)
    made.add_argument("clip", type=Path)
    made.add_argument("--clips", type=int, default=12)
    made.add_argument("--seed", type=int, default=4)
    for name in ("pace", "offline", "overload", "kills", "soak"):
        run = runs.add_parser(name)
        run.add_argument("clip", type=Path)
        run.add_argument("--delay", type=float, default=1.0)
        run.add_argument("--timeout", type=float, default=2.0)
        run.add_argument("--kinds", default="face,plate")
        run.add_argument("--source", choices=list(SOURCES), default="udp")
        run.add_argument("--cameras", type=int, default=4)
        run.add_argument("--hogs", type=int, default=2)
        run.add_argument("--seconds", type=float, default=60)
        run.add_argument("--times", type=int, default=50)
        run.add_argument("--seed", type=int, default=1)
        run.add_argument("--minutes", type=float, default=60)
    chosen = parser.parse_args()
    if chosen.run == "make":
        make(chosen.folder, chosen.clip, chosen.clips, chosen.seed)
    else:
        {"pace": pace, "offline": offline, "overload": overload, "kills": kills, "soak": soak}[
            chosen.run
        ](chosen)


if __name__ == "__main__":
    multiprocessing.freeze_support()
    main()
