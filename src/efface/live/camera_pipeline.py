"""The pipeline of one camera: everything between one source and its targets, in one process.

    reader: source, decode ─▶ queue ─▶ looker: whole frames ─▶ follower: parts of frames, lookahead
    ─▶ queue ─▶ writer: cover, encode ─▶ a queue and a thread for each target

Only the writer makes the pictures that leave. It makes them from frames that were examined, or it
draws the placeholder. An error that ends any thread ends the pipeline: the targets stop, and
`live.supervisor` starts the process again.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from av.video.frame import VideoFrame

from efface.detect.fail_closed import Guarded
from efface.detect.registry import open_lanes
from efface.detections import Detections
from efface.frames import Frame, Picture
from efface.geometry import Size
from efface.live.address import Address
from efface.live.detail_budget import DetailBudget
from efface.live.frame_queue import FrameQueue, QueuedFrame, State
from efface.live.h264_encoder import BASE, Encoder, Form
from efface.live.ingest import StreamEnded, StreamLost, Taken, taken
from efface.live.left_visible_counter import COUNTED, LeftVisible
from efface.live.lookahead import Lookahead
from efface.live.mjpeg import MjpegPreview
from efface.live.outputs import FIRST_PAUSE_S, Output, Sender
from efface.live.placeholder import placeholder
from efface.live.recordings import Hls, Recording
from efface.media.colour import swscale_matrix
from efface.media.pixel_formats import Pixels, spec_of
from efface.options import Options
from efface.painting.paint import paint
from efface.pipeline.perceive import SmallPictures

LOST_S = 1.0
"""When no frame has come for this long, beyond the delay, the placeholder shows that the source is
lost."""

CURTAIN_EVERY_S = 0.2
LOST_EVERY_S = 0.5
"""Seconds between two placeholder pictures: while frames come, and while none come."""

LATE_S = 0.1
"""Above this lateness of the output, the encoder needs the processor more than further looks do."""

EXTRA_UP_TO = 0.3
"""Share of the delay. A frame gets no further look if that would make it later than this."""

MOST_SEEN = 8
"""Frames that were examined as a whole and wait for the follower.

Further frames stay on the queue, which drops old ones.
"""

WAIT_S = 0.2


@dataclass(frozen=True, slots=True)
class Wanted:
    """One camera: its source and its targets."""

    name: str
    source: Address
    targets: tuple[Address, ...]
    options: Options


@dataclass(slots=True)
class Facts:
    """Counters and state of one pipeline.

    They hold numbers, and nothing that shows where anything was.
    """

    state: str = "starting"
    frames_in: int = 0
    frames_out: int = 0
    frames_passed: int = 0
    frames_missed: int = 0
    frames_refused: int = 0
    looks: int = 0
    looks_closer: int = 0
    detections: int = 0
    regions: int = 0
    connections: int = 0
    losses: int = 0
    left_faces: int = 0
    left_plates: int = 0
    left_sightings: int = 0
    left_s: float = 0.0
    curtain_s: float = 0.0
    delay_s: float = 0.0
    late_s: float = 0.0
    every: int = 1
    detail: str = ""
    held: int = 0
    waiting: int = 0
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)


class CameraPipeline:
    """Runs one camera, as the module describes.

    `run` returns when a source file has ended, or after `stop`.
    """

    def __init__(self, wanted: Wanted, say: Callable[[str], None]) -> None:
        self._wanted, self._say, self._options = wanted, say, wanted.options
        self.facts = Facts()
        self.visible = LeftVisible()
        self.stop = threading.Event()
        self.beats = dict.fromkeys(("reader", "looker", "follower", "writer"), time.monotonic())
        self._frame_queue = FrameQueue(self._options.live.delay_s)
        self._error: BaseException | None = None
        self._begun = time.monotonic()

    def run(self) -> None:
        """Run until the source ends or `stop` is set.

        Raises the error that ended the pipeline, if any.
        """
        with open_lanes(self._options.detect) as detectors, self._targets() as targets:
            reader, looker, writer = (
                _Reader(self, detectors[0]),
                _Looker(self, detectors),
                _Writer(self, targets),
            )
            works = (
                ("reader", reader.work),
                ("looker", looker.work),
                ("follower", looker.follow),
                ("writer", writer.work),
            )
            threads = [
                threading.Thread(
                    target=self._guarded, args=(work,), name=f"efface-live-{name}", daemon=True
                )
                for name, work in works
            ]
            for thread in threads:
                thread.start()
            # Do not wait for the reader: it may sit in a call for as long as a connection may be
            # silent.
            for thread in threads[1:]:
                thread.join()
        if self._error is not None:
            raise self._error

    @contextmanager
    def _targets(self) -> Iterator[list[Output | MjpegPreview]]:
        with ExitStack() as opened:
            made: list[Output | MjpegPreview] = []
            for address in self._wanted.targets:
                made.append(_target(address, self._options, self._say))
                opened.callback(made[-1].close)
            yield made

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as e:  # passed to the caller of `run`
            self._error = self._error or e
            self.stop.set()
            self._frame_queue.close()

    @property
    def patience_s(self) -> Mapping[str, float]:
        """Return how long each thread may be silent before it counts as hung, in seconds.

        Connecting may take twice the timeout of the stream.
        """
        live = self._options.live
        return dict.fromkeys(self.beats, live.hung_s) | {
            "reader": max(live.hung_s, 3 * live.timeout_s)
        }

    def now(self) -> float:
        """Return the seconds since the pipeline began. This is the clock of the output."""
        return time.monotonic() - self._begun

    def collected(self, targets: list[Output | MjpegPreview]) -> None:
        """Update the facts that change over time without an event."""
        frame_queue, facts = self._frame_queue, self.facts
        for name in COUNTED:
            setattr(facts, name, getattr(self.visible, name))
        facts.held, facts.waiting, facts.every, facts.frames_refused = (
            len(frame_queue),
            frame_queue.waiting,
            frame_queue.every,
            frame_queue.refused,
        )
        facts.targets = {
            str(t.address): {
                "up": t.counts.is_up, "sent": t.counts.sent, "dropped": t.counts.dropped, "failures": t.counts.failures,
                "queued": len(t),
            } for t in targets
        }  # fmt: skip


def _target(
    address: Address, options: Options, say: Callable[[str], None]
) -> Output | MjpegPreview:
    if address.scheme == "mjpeg":
        return MjpegPreview(address, say)
    if address.scheme == "file":
        kind = Hls if address.text.lower().endswith(".m3u8") else Recording
        return kind(address, options.live, say)
    return Sender(address, options.live, say)


class _Reader:
    """Connects, reconnects after each loss, and puts frames on the queue."""

    def __init__(self, line: CameraPipeline, detector: Guarded) -> None:
        self._line, self._sure = line, detector.sure
        self._key: object = None
        self._form: Form | None = None
        self._window: Lookahead | None = None
        self._anchor = (0.0, Fraction(0))
        self._last = -1.0

    def work(self) -> None:
        line, pause_s = self._line, FIRST_PAUSE_S
        while not line.stop.is_set():
            line.beats["reader"] = time.monotonic()
            before = line.facts.frames_in
            try:
                self._read()
            except StreamEnded:
                break
            except StreamLost as e:
                line.facts.losses += 1
                if line.facts.frames_in > before or line.facts.losses == 1:
                    what = (
                        "the source is lost"
                        if line.facts.connections
                        else "nothing comes from the source yet"
                    )
                    line._say(f"{what}: {e}; trying again")
            pause_s = (
                FIRST_PAUSE_S
                if line.facts.frames_in > before
                else min(2 * pause_s, line._options.live.retry_s)
            )
            line.stop.wait(pause_s)
        line._frame_queue.close()

    def _read(self) -> None:
        line, is_first = self._line, True
        for took in taken(line._wanted.source, line._options.live, line.stop):
            line.beats["reader"] = time.monotonic()
            if is_first:
                line.facts.connections += 1
                line._say("pictures come" if line.facts.connections == 1 else "pictures come again")
            self._take(took, is_new=is_first)
            is_first = False

    def _take(self, took: Taken, *, is_new: bool) -> None:
        line, frame = self._line, took.frame
        key = _key(frame)
        if (
            is_new
            or took.is_resumed
            or key != self._key
            or self._window is None
            or self._form is None
        ):
            if key != self._key or self._form is None:
                self._form = _form_of(took)
            self._key = key
            self._anchor = line.now(), took.second
            self._window = Lookahead(
                self._form.size_wh, line._options.track, line._options.cover, self._sure, line._options.live.delay_s,
                line.visible,
            )  # fmt: skip
        second = self._anchor[0] + float(took.second - self._anchor[1])
        second = max(
            second, self._last + float(BASE)
        )  # both clocks moved on, and this one must never move back
        self._last = second
        line.facts.frames_in += 1
        pixels = Pixels(frame, self._form.spec)
        made = Frame(
            line.facts.frames_in, 0, self._form.size_wh, pixels.look, pixels.unpack, aspect=float(self._form.aspect)
        )  # fmt: skip
        size = sum(p.buffer_size for p in frame.planes)
        line._frame_queue.put(
            QueuedFrame(made, self._window, second, time.monotonic(), size, form=self._form)
        )


def _key(frame: VideoFrame) -> object:
    """Return a key that differs between frames that need different handling."""
    return (
        frame.width,
        frame.height,
        frame.format.name,
        frame.rotation,
        frame.color_range,
        frame.colorspace,
    )


def _form_of(took: Taken) -> Form:
    # Call this only after a change: PyAV keeps a frame alive once its side data was read, and
    # memory would fill with frames.
    frame = took.frame
    spec = spec_of(frame, swscale_matrix(frame.colorspace, frame.height))
    aspect = 1 / took.aspect if spec.turn.swaps else took.aspect
    return Form(spec, took.rate, aspect, (frame.color_primaries, frame.color_trc, frame.colorspace))


class _Looker:
    """Examine frames on the queue: whole frames in one thread, parts of them in another if there is
    time.

    With one detector the first thread does both, and the other only waits for the end.
    """

    def __init__(self, line: CameraPipeline, detectors: Sequence[Guarded]) -> None:
        self._line, self._detector, self._closer = line, detectors[0], detectors[-1]
        self._is_alone = len(detectors) == 1
        self._glances: dict[Size, DetailBudget] = {}
        self._seen: queue.Queue[tuple[QueuedFrame, DetailBudget, Detections] | None] = queue.Queue()

    def work(self) -> None:
        """Examine each frame as a whole."""
        line = self._line
        try:
            while line._error is None:
                line.beats["looker"] = time.monotonic()
                if self._seen.qsize() >= MOST_SEEN:
                    time.sleep(
                        0.01
                    )  # a sleep, not a wait for the stop: after a stop the follower still has frames to finish
                    continue
                held = line._frame_queue.next_to_look(WAIT_S)
                if held is not None:
                    self._look(held)
                elif line._frame_queue.is_closed:
                    return
        finally:
            self._seen.put(None)

    def follow(self) -> None:
        """Examine parts of frames that were examined as a whole, and follow what they show, in
        order."""
        line = self._line
        while line._error is None:
            line.beats["follower"] = time.monotonic()
            with suppress(queue.Empty):
                if (seen := self._seen.get(timeout=WAIT_S)) is None:
                    return
                self._finish(*seen)

    def _look(self, held: QueuedFrame) -> None:
        glances = self._glances_for(held.frame)
        seen = glances.look(held.frame, self._line._frame_queue.every / float(held.form.rate))
        if self._is_alone:
            self._finish(held, glances, seen)
        else:
            self._seen.put((held, glances, seen))

    def _finish(self, held: QueuedFrame, glances: DetailBudget, seen: Detections) -> None:
        line, facts = self._line, self._line.facts
        while self._has_time(held, glances):
            before = glances.extras
            seen = glances.look_closer(held.frame, seen)
            facts.looks_closer += glances.extras - before
            if glances.is_round:
                break
        number = held.window.looked(held.second, SmallPictures.of(held.frame), seen)
        line._frame_queue.looked(held, number)
        facts.looks += 1
        facts.detections += int(seen.are_sure(self._detector.sure).sum())
        facts.late_s = time.monotonic() - held.arrived
        facts.detail = glances.detail

    def _has_time(self, held: QueuedFrame, glances: DetailBudget) -> bool:
        """Return whether nothing else waits for the processor, so that a closer look delays
        nothing."""
        line = self._line
        late_s = time.monotonic() - held.arrived + glances.extra_s
        is_calm = line._frame_queue.overdue_s < LATE_S and line._frame_queue.every == 1
        is_free = line._frame_queue.waiting + self._seen.qsize() == 0
        return is_calm and late_s < EXTRA_UP_TO * line._options.live.delay_s and is_free

    def _glances_for(self, frame: Frame) -> DetailBudget:
        if frame.size_wh not in self._glances:
            self._glances.clear()
            self._glances[frame.size_wh] = glances = DetailBudget(
                self._detector, self._closer, frame.size_wh
            )
            glances.warm(frame)
        return self._glances[frame.size_wh]


class _Writer:
    """Takes frames off the queue when they are due, covers them, and gives them to the targets."""

    def __init__(self, line: CameraPipeline, targets: list[Output | MjpegPreview]) -> None:
        self._line, self._targets = line, targets
        self._encoder: Encoder | None = None
        self._form: Form | None = None
        self._pts = -1
        self._curtain_at = float("-inf")
        self._frame_at = time.monotonic()

    def work(self) -> None:
        line = self._line
        while line._error is None:
            line.beats["writer"] = time.monotonic()
            held = line._frame_queue.next_to_leave(WAIT_S)
            if held is not None:
                self._leave(held)
            elif line._frame_queue.is_closed and not len(line._frame_queue):
                break
            else:
                self._go_without()
            line.collected(self._targets)

    def _leave(self, held: QueuedFrame) -> None:
        line, facts = self._line, self._line.facts
        self._form = held.form
        self._frame_at = time.monotonic()
        if held.state is State.LOOKED:
            regions = held.window.regions(held.number, held.second)
            picture = held.frame.unpack()
            paint(picture, regions, line._options.paint)
            self._send(held.form, picture, held.second)
            facts.frames_out += 1
            facts.regions += len(regions)
            facts.state = "passing"
            self._curtain_at = float("-inf")
        else:
            held.window.left(held.second)
            facts.frames_passed += held.state is State.PASSED
            facts.frames_missed += held.state is State.MISSED
            if held.state is State.MISSED:
                self._draw(held.second, CURTAIN_EVERY_S, "curtain")
        facts.delay_s = time.monotonic() - held.arrived

    def _go_without(self) -> None:
        """Draw the placeholder if no frame has left for too long: viewers must not take the last
        picture for a live one."""
        line = self._line
        if (
            self._form is not None
            and time.monotonic() - self._frame_at > LOST_S
            and not line.stop.is_set()
        ):
            self._draw(line.now() - line._options.live.delay_s, LOST_EVERY_S, "lost")

    def _draw(self, second: float, every_s: float, state: str) -> None:
        now = time.monotonic()
        since = now - self._curtain_at
        if since < every_s or self._form is None:
            return
        facts = self._line.facts
        # Threads wait a moment between two readings of the clock. A longer gap means that another
        # placeholder began.
        facts.curtain_s += since if since < 2 * every_s + WAIT_S else every_s
        facts.state = state
        self._curtain_at = now
        self._send(self._form, placeholder(self._form.size_wh, time.time()), second)

    def _send(self, form: Form, picture: Picture, second: float) -> None:
        if self._encoder is None or self._encoder.form != form:
            self._encoder = Encoder(form, self._line._options.live)
        self._pts = max(round(second / float(BASE)), self._pts + 1)
        for coded in self._encoder.encode(picture, self._pts):
            for target in self._targets:
                if isinstance(target, Output):
                    target.offer(form, coded)
        for target in self._targets:
            if isinstance(target, MjpegPreview):
                target.show(picture)
