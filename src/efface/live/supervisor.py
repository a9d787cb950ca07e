"""Supervise the cameras: one process for each camera, and one that watches over them.

A camera that crashes stops only its own targets. It is started again after a pause that grows. A
camera that does not respond is killed first. A camera that fails more often than the limit allows
is given up, and the others continue. All camera processes end with the supervisor, whatever ended
it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from efface.errors import CameraGivenUp, EffaceError, UsageError
from efface.live.camera_pipeline import CameraPipeline
from efface.live.left_visible_counter import COUNTED, said
from efface.live.loopback_server import serving
from efface.live.pipeline_state import Facts, Wanted
from efface.live.status import answers

BEAT_S = 0.5
"""Seconds between two reports of a camera to the supervisor."""

BUDGET_S = 3600.0
FIRST_PAUSE_S = 0.2
STARTING_S = 60.0
"""Maximum time for a process to load the detector."""

FINISHING_S = 25.0
"""Maximum time for cameras to send the frames they hold and to finish their segments."""

MOST_SENSITIVE = "high"
"""Highest value of --sensitivity."""

Say = Callable[[str], None]


@dataclass(slots=True)
class Member:
    """One camera as the supervisor sees it.

    state  the state of its pipeline, or "starting", "restarting", "ended", "given up".
    """

    wanted: Wanted
    state: str = "starting"
    restarts: int = 0
    facts: dict[str, Any] = field(default_factory=lambda: asdict(Facts()))
    heard: float = 0.0
    why: str = ""
    _past: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    _failures: deque[float] = field(default_factory=deque)
    _pause_s: float = FIRST_PAUSE_S
    _start_at: float = 0.0
    _process: Any = None
    _pipe: Connection | None = None
    _is_ended: bool = False

    @property
    def is_over(self) -> bool:
        """Return whether the camera will not be started again."""
        return self.state in ("ended", "given up")

    @property
    def left_visible(self) -> dict[str, float]:
        """Return the counts of what left visible because it was seen too weakly, over all processes
        of this camera."""
        return {name: self._past[name] + self.facts[name] for name in COUNTED}

    @property
    def pid(self) -> int | None:
        """Return the ID of its process; None while it has no process."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Starts the process."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        # Not a daemon: it may finish its segment while the supervisor ends.
        self._process = context.Process(
            target=work, args=(self.wanted, theirs), name=f"efface-live-{self.wanted.name}"
        )
        self._process.start()
        theirs.close()
        self._pipe, self._is_ended = ours, False
        self.state, self.heard = (
            "starting",
            time.monotonic() + STARTING_S - self.wanted.options.live.hung_s,
        )

    def waits_for(self) -> list[Any]:
        """Return the handles that become ready when something happens."""
        return (
            []
            if self._process is None
            else [self._process.sentinel, *([self._pipe] if self._pipe else [])]
        )

    def attend(self, say: Say) -> None:
        """Read what the process reports, and do what is due: kill it, count its failure, start it
        again."""
        now = time.monotonic()
        self._listen(say)
        if self._process is None:
            if not self.is_over and now >= self._start_at:
                self.restarts += 1
                self.start()
            return
        if self._process.exitcode is None and now - self.heard > self.wanted.options.live.hung_s:
            say(f"{self.wanted.name}: shows no life, and is killed")
            self._process.kill()
            self._process.join()
        if self._process.exitcode is not None:
            self._buried(self._process.exitcode, now, say)

    def _listen(self, say: Say) -> None:
        with suppress(EOFError, OSError):
            while self._pipe is not None and self._pipe.poll():
                kind, value = self._pipe.recv()
                if kind == "say":
                    say(f"{self.wanted.name}: {value}")
                elif kind == "failed":
                    self.why = value
                elif kind == "ended":
                    self._is_ended = True
                else:
                    self.facts, self.heard, self.state = value, time.monotonic(), value["state"]
                    if self.state == "passing":
                        self._pause_s = FIRST_PAUSE_S

    def _buried(self, exitcode: int, now: float, say: Say) -> None:
        self._listen(say)
        if self._pipe is not None:
            self._pipe.close()
        self._process.close()
        self._process, self._pipe = None, None
        if self._is_ended:
            self.state = "ended"
            return
        self._past = self.left_visible
        self.facts = {**self.facts, **dict.fromkeys(COUNTED, 0)}
        self._failures.append(now)
        while self._failures[0] < now - BUDGET_S:
            self._failures.popleft()
        why, self.why = self.why or _how(exitcode), ""
        if len(self._failures) > self.wanted.options.live.restarts:
            self.state, self.why = "given up", why
            say(f"{self.wanted.name}: given up: {why}")
            return
        self.state = "restarting"
        self._start_at = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, self.wanted.options.live.retry_s)
        say(f"{self.wanted.name}: {why}; starting again")

    def ask_to_end(self) -> None:
        """Ask the process to finish what it has begun."""
        if self._process is not None and self._process.exitcode is None:
            with suppress(OSError):
                self._process.terminate()

    def end(self, until: float, say: Say) -> None:
        """Wait until that time at most, then kill the process. Finally report what left visible."""
        if self._process is not None:
            self._process.join(max(0.0, until - time.monotonic()))
            if self._process.exitcode is None:
                self._process.kill()
                self._process.join()
            self._listen(say)
            if self._pipe is not None:
                self._pipe.close()
            self._process.close()
            self._process = None
        may_cover_more = self.wanted.options.detect.sensitivity != MOST_SENSITIVE
        if text := said(self.left_visible, may_cover_more=may_cover_more):
            say(f"{self.wanted.name}: {text}")


def _how(exitcode: int) -> str:
    if exitcode < 0:
        with suppress(ValueError):
            return f"its process was ended by {signal.Signals(-exitcode).name}"
    return f"its process ended with code {exitcode}"


class Supervisor:
    """Supervises all cameras of one run."""

    def __init__(self, cameras: Sequence[Wanted], say: Say) -> None:
        self.members = [Member(wanted) for wanted in cameras]
        self._say = say

    def run(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Run until every camera is over, or `stop` returns True. Raises CameraGivenUp."""
        try:
            for member in self.members:
                member.start()
            while not stop() and not all(m.is_over for m in self.members):
                wait([w for m in self.members for w in m.waits_for()], BEAT_S)
                for member in self.members:
                    member.attend(self._say)
        finally:
            self._end()
        for member in self.members:
            if member.state == "given up":
                raise CameraGivenUp(member.wanted.name, member.why)

    def _end(self) -> None:
        for member in self.members:
            member.ask_to_end()
        until = time.monotonic() + FINISHING_S
        for member in self.members:
            member.end(until, self._say)


@contextmanager
def health(supervisor: Supervisor, port: int | None) -> Iterator[int | None]:
    """Serve health and metrics on that loopback port inside the block; None serves nothing.

    Raises UsageError.
    """
    with ExitStack() as opened:
        if port is None:
            yield None
            return
        try:
            at = opened.enter_context(serving(port, answers(lambda: _told(supervisor))))
        except OSError as e:
            raise UsageError(
                f"--health: port {port} cannot be used: {(e.strerror or 'error').lower()}."
            ) from e
        yield at


def _told(supervisor: Supervisor) -> Mapping[str, Mapping[str, Any]]:
    return {
        m.wanted.name: {**m.facts, **m.left_visible, **_of_the_process(m)}
        for m in supervisor.members
    }


def _of_the_process(member: Member) -> dict[str, Any]:
    return {"state": member.state, "restarts": member.restarts, "pid": member.pid or 0}


def work(wanted: Wanted, pipe: Connection) -> None:
    """Run the process of a camera.

    Exits with code 0 if it was asked to end or its file has ended, else with another code.
    """
    lock = threading.Lock()

    def tell(kind: str, value: object) -> None:
        with lock, suppress(OSError, ValueError):
            pipe.send((kind, value))

    with suppress(AttributeError):  # Windows has no process groups
        # a Ctrl-C in the terminal is for the supervisor, which asks its cameras to finish
        os.setpgrp()
    pipeline = CameraPipeline(wanted, lambda text: tell("say", text))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: pipeline.stop.set())
    threading.Thread(
        target=_watch, args=(pipeline, tell), name="efface-live-beat", daemon=True
    ).start()
    threading.Thread(
        target=_follow, args=(pipeline,), name="efface-live-parent", daemon=True
    ).start()
    code = 0
    try:
        pipeline.run()
        if not pipeline.stop.is_set():
            tell("ended", None)
    except EffaceError as e:
        tell("failed", str(e))
        code = e.exit_code
    except BaseException as e:
        # the supervisor starts it again; the message of an unexpected error might quote an address
        tell("failed", f"unexpected: {type(e).__name__}")
        code = 1
    tell("facts", asdict(pipeline.facts))
    os._exit(code)  # a reader may sit in a call that nothing interrupts


def _watch(pipeline: CameraPipeline, tell: Callable[[str, object], None]) -> None:
    """Report on the pipeline while all of its threads are alive."""
    while True:
        now = time.monotonic()
        if all(now - beat < pipeline.patience_s[thread] for thread, beat in pipeline.beats.items()):
            tell("facts", asdict(pipeline.facts))
        time.sleep(BEAT_S)


def _follow(pipeline: CameraPipeline) -> None:
    """Stop the pipeline when the supervisor is gone: nothing could end this process any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        pipeline.stop.set()
        time.sleep(FINISHING_S)
        os._exit(1)
