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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from multiprocessing.connection import Connection, wait
from typing import Any

from efface.errors import CameraGivenUp, EffaceError, UsageError, WorkerDied
from efface.live.camera_messages import (
    CameraMessage,
    PipelineFailed,
    Remark,
    Report,
    SourceEnded,
)
from efface.live.camera_pipeline import CameraPipeline
from efface.live.left_visible_counter import COUNTED, said
from efface.live.loopback_server import serving
from efface.live.pipeline_state import Facts, Wanted
from efface.live.status import answers
from efface.media.decoder import source_opening
from efface.pipeline.worker_process import (
    Deadline,
    Restarts,
    WorkerProcess,
    how_it_ended,
    start_process,
)

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
    facts: Facts = field(default_factory=Facts)
    why: str = ""
    _past: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    _attempts: Restarts = field(init=False)
    _start_at: Deadline = field(default_factory=lambda: Deadline.after(0))
    _hung_at: Deadline = field(default_factory=lambda: Deadline.after(STARTING_S))
    _child: WorkerProcess | None = None
    _is_ended: bool = False

    def __post_init__(self) -> None:
        live = self.wanted.options.live
        self._attempts = Restarts(live.restarts, BUDGET_S, FIRST_PAUSE_S, live.retry_s)

    @property
    def is_over(self) -> bool:
        """Return whether the camera will not be started again."""
        return self.state in ("ended", "given up")

    @property
    def left_visible(self) -> dict[str, float]:
        """Return the counts of what left visible because it was seen too weakly, over all processes
        of this camera."""
        return {name: self._past[name] + getattr(self.facts, name) for name in COUNTED}

    @property
    def pid(self) -> int | None:
        """Return the ID of its process; None while it has no process."""
        return self._child.process.pid if self._child is not None else None

    def start(self, say: Say) -> None:
        """Start the process. If the system refuses, that counts as a failure of the camera."""
        name = f"efface-live-{self.wanted.name}"
        try:
            # Not a daemon: it may finish its segment while the supervisor ends.
            self._child = start_process(work, self.wanted, name=name, is_daemon=False)
        except WorkerDied as e:
            self._has_failed(e.why, say)
            return
        self._is_ended, self.state = False, "starting"
        self._hung_at = Deadline.after(STARTING_S)

    def waits_for(self) -> list[Connection | int]:
        """Return the handles that become ready when something happens."""
        child = self._child
        if child is None:
            return []
        return [child.process.sentinel, *([] if child.pipe.closed else [child.pipe])]

    def attend(self, say: Say) -> None:
        """Read what the process reports, and do what is due: kill it, count its failure, start it
        again."""
        self._listen(say)
        child = self._child
        if child is None:
            if not self.is_over and self._start_at.is_over:
                self.restarts += 1
                self.start(say)
            return
        if child.is_alive and self._hung_at.is_over:
            say(f"{self.wanted.name}: shows no life, and is killed")
            child.end(Deadline.after(0))
        if not child.is_alive:
            self._buried(child, say)

    def _listen(self, say: Say) -> None:
        with suppress(EOFError, OSError):
            while self._child is not None and self._child.pipe.poll():
                self._hear(self._child.pipe.recv(), say)

    def _hear(self, message: CameraMessage, say: Say) -> None:
        match message:
            case Remark(text):
                say(f"{self.wanted.name}: {text}")
            case PipelineFailed(why):
                self.why = why
            case SourceEnded():
                self._is_ended = True
            case Report(facts):
                self.facts, self.state = facts, facts.state
                self._hung_at = Deadline.after(self.wanted.options.live.hung_s)
                if self.state == "passing":
                    self._attempts.count_success()

    def _buried(self, child: WorkerProcess, say: Say) -> None:
        self._listen(say)
        exit_code = child.process.exitcode
        self._let_go(child)
        if self._is_ended:
            self.state = "ended"
            return
        self._past = self.left_visible
        self.facts = replace(self.facts)
        for name in COUNTED:
            setattr(self.facts, name, 0)
        why, self.why = self.why or how_it_ended(exit_code)[0], ""
        self._has_failed(why, say)

    def _has_failed(self, why: str, say: Say) -> None:
        if not self._attempts.count_failure():
            self.state, self.why = "given up", why
            say(f"{self.wanted.name}: given up: {why}")
            return
        self.state = "restarting"
        self._start_at = Deadline.after(self._attempts.pause_s)
        say(f"{self.wanted.name}: {why}; starting again")

    def _let_go(self, child: WorkerProcess) -> None:
        child.pipe.close()
        child.process.close()
        self._child = None

    def ask_to_end(self) -> None:
        """Ask the process to finish what it has begun."""
        if self._child is not None and self._child.is_alive:
            self._child.ask_to_end()

    def end(self, deadline: Deadline, say: Say) -> None:
        """Wait until that time at most, then kill the process. Finally report what left visible."""
        if self._child is not None:
            self._child.end(deadline)
            self._listen(say)
            self._let_go(self._child)
        may_cover_more = self.wanted.options.detect.sensitivity != MOST_SENSITIVE
        if text := said(self.left_visible, may_cover_more=may_cover_more):
            say(f"{self.wanted.name}: {text}")


class Supervisor:
    """Supervises all cameras of one run."""

    def __init__(self, cameras: Sequence[Wanted], say: Say) -> None:
        self.members = [Member(wanted) for wanted in cameras]
        self._say = say

    def run(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Run until every camera is over, or `stop` returns True. Raises CameraGivenUp."""
        try:
            for member in self.members:
                member.start(self._say)
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
        deadline = Deadline.after(FINISHING_S)
        for member in self.members:
            member.end(deadline, self._say)


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
            at = opened.enter_context(serving(port, answers(lambda: told(supervisor))))
        except OSError as e:
            raise UsageError(
                f"--health: port {port} cannot be used: {(e.strerror or 'error').lower()}."
            ) from e
        yield at


def told(supervisor: Supervisor) -> Mapping[str, Mapping[str, Any]]:
    """Return the facts of each camera by its name."""
    return {
        m.wanted.name: {**asdict(m.facts), **m.left_visible, **_of_the_process(m)}
        for m in supervisor.members
    }


def _of_the_process(member: Member) -> dict[str, Any]:
    return {"state": member.state, "restarts": member.restarts, "pid": member.pid or 0}


def work(pipe: Connection, wanted: Wanted) -> None:
    """Run the process of a camera.

    Exits with code 0 if it was asked to end or its file has ended, else with another code.
    """
    source_opening.prepare()  # it loads while the detector does
    lock = threading.Lock()

    def tell(message: CameraMessage) -> None:
        with lock, suppress(OSError, ValueError):
            pipe.send(message)

    with suppress(AttributeError):  # Windows has no process groups
        # a Ctrl-C in the terminal is for the supervisor, which asks its cameras to finish
        os.setpgrp()
    pipeline = CameraPipeline(wanted, lambda text: tell(Remark(text)))
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
            tell(SourceEnded())
    except EffaceError as e:
        tell(PipelineFailed(str(e)))
        code = e.exit_code
    except BaseException as e:
        # the supervisor starts it again; the message of an unexpected error might quote an address
        tell(PipelineFailed(f"unexpected: {type(e).__name__}"))
        code = 1
    tell(Report(replace(pipeline.facts)))
    os._exit(code)  # a reader may sit in a call that nothing interrupts


def _watch(pipeline: CameraPipeline, tell: Callable[[CameraMessage], None]) -> None:
    """Report on the pipeline while all of its threads are alive."""
    while True:
        now = time.monotonic()
        if all(now - beat < pipeline.patience_s[thread] for thread, beat in pipeline.beats.items()):
            tell(Report(replace(pipeline.facts)))
        time.sleep(BEAT_S)


def _follow(pipeline: CameraPipeline) -> None:
    """Stop the pipeline when the supervisor is gone: nothing could end this process any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        pipeline.stop.set()
        time.sleep(FINISHING_S)
        os._exit(1)
