"""Decode apart from the server: native code may crash on files from strangers, so processes of
their own decode them.

If such a process dies, the current call fails with a sentence, and the next call starts another
process. The process runs functions of this module, so files from strangers reach decoders through
one place only.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import ceil, floor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from efface.containers.admission import admit
from efface.errors import EffaceError, Unforeseen, WorkerDied
from efface.events import Event
from efface.geometry import Box
from efface.options import Options
from efface.pipeline import changed_sound, one_source
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.naming import Job
from efface.pipeline.rendering import Rendered
from efface.pipeline.sources import opened
from efface.pipeline.worker_messages import Done, Failed, Progress
from efface.pipeline.worker_process import (
    END_S,
    TELL_EVERY_S,
    Deadline,
    WorkerProcess,
    end_with_parent,
    how_it_ended,
    start_process,
)
from efface.planning.plan import Plan
from efface.review import settings_preview
from efface.review.following import Followed, around, onwards
from efface.review.pictures import Pictures
from efface.signals import interruptible
from efface.sound_change import joined_spans
from efface.walls.raising import cut_off

if TYPE_CHECKING:
    from efface.media.video.sound_peaks import Peaks

APART = True
"""Tests that look inside set this to False."""

MOST_HELD = 6
"""Maximum number of files whose decoded frames stay in memory."""

GO_ON = True
"""The answer to progress. A process that has reported waits for it, so that work can be held."""

ASKED_S = 0.25
"""A process that waits to go on looks this often whether it is to end."""

Tell = Callable[[Event], None]


class Forgotten(Exception):
    """The process does not have that version of the plan, or no longer has it."""


class Apart:
    """One process, which handles one call at a time.

    Several threads may use it. The first call starts it.
    """

    def __init__(self, name: str) -> None:
        self._name, self._lock = name, threading.Lock()
        self._child: WorkerProcess | None = None

    def call(
        self,
        about: Path,
        function: Callable[..., Any],
        *arguments: Any,
        tell: Tell = lambda event: None,
    ) -> Any:
        """Return what the function returns for the arguments and `tell`.

        Raises what it raises, and WorkerDied.

        about  the source. An exception from `tell` ends the process, and with it the call. While
               `tell` waits, the process waits.
        """
        if not APART:
            return function(*arguments, tell)
        with self._lock:
            pipe = self._started(is_offline=not _uses_device(arguments))
            try:
                pipe.send((function, arguments))
                while isinstance(said := pipe.recv(), Progress):
                    tell(said.event)
                    pipe.send(GO_ON)
            except (EOFError, OSError) as e:
                raise WorkerDied(about.name, *how_it_ended(self._ended())) from e
            except BaseException:  # cancelled
                self.stop()
                self._ended()
                raise
        if isinstance(said, Failed):
            raise said.error
        return said.result

    def _started(self, *, is_offline: bool) -> Connection:
        if self._child is None or not self._child.is_alive:
            self._ended()
            self._child = start_process(_serve, is_offline, name=self._name, decodes=True)
        return self._child.pipe

    def _ended(self) -> int | None:
        """Remove the process and its pipe. Returns its exit code."""
        child, self._child = self._child, None
        if child is None:
            return None
        child.pipe.close()
        return child.end(Deadline.after(END_S))

    def stop(self) -> None:
        """Stop the current call, from any thread."""
        child = self._child
        if child is not None:
            child.ask_to_end()

    def close(self) -> None:
        """End the process."""
        self.stop()
        with self._lock:
            self._ended()


def _uses_device(arguments: tuple[Any, ...]) -> bool:
    """Return whether a detector may run on another device than the processor. Its driver may need
    more of the system."""
    return any(isinstance(a, Options) and not a.detect.is_on_processor for a in arguments)


class PicturesApart:
    """`Pictures`, decoded in another process."""

    def __init__(self, source: Path, plan: Plan, options: Options, apart: Apart) -> None:
        """Raises InputError, WorkerDied."""
        self._source, self._options, self._apart, self._plan = source, options, apart, plan
        self.is_playable: bool = self._ask(plan, can_be_played)
        self.has_sound: bool = self._ask(plan, holds_sound)

    def frame(self, index: int, side: int, plan: Plan, *, is_final: bool) -> bytes:
        """See `Pictures.frame`."""
        data: bytes = self._ask(plan if is_final else self._plan, frame_of, index, side, is_final)
        return data

    def near(self, index: int) -> tuple[bytes, int]:
        """See `Pictures.near`."""
        found: tuple[bytes, int] = self._ask(self._plan, near_to, index)
        return found

    def crop(self, index: int, box: Box) -> bytes:
        """See `Pictures.crop`."""
        data: bytes = self._ask(self._plan, crop_of, index, box)
        return data

    def _ask(self, plan: Plan, function: Callable[..., Any], *rest: Any) -> Any:
        # A plan may be large, and most calls concern the one that was sent before.
        key = str(self._source), len(plan.edits), str(plan.edits[-1:])
        try:
            return self._apart.call(self._source, function, key, None, *rest)
        except Forgotten:
            return self._apart.call(
                self._source, function, key, (self._source, plan, self._options), *rest
            )

    def set_options(self, options: Options) -> None:
        """Draw with other options from now on."""
        self._options = options
        self.forget()

    def close(self) -> None:
        """Release the file."""
        self.forget()

    def forget(self) -> None:
        """Free memory. Frames that are requested later are decoded again."""
        with suppress(EffaceError):
            self._apart.call(self._source, forget, str(self._source))


# The rest runs in the process

Key = tuple[str, int, str]
Sent = tuple[Path, Plan, Options] | None

_open: OrderedDict[str, Pictures] = OrderedDict()
_plans: dict[str, tuple[Key, Plan]] = {}
_guard = threading.Lock()


def _pictures(key: Key, sent: Sent) -> tuple[Pictures, Plan]:
    """Return the pictures and the plan. Raises Forgotten, InputError."""
    name = key[0]
    with _guard:
        if sent is not None:
            _plans[name] = key, sent[1]
            if name not in _open:
                _open[name] = Pictures(*sent)
        known = _plans.get(name)
        if name not in _open or known is None or known[0] != key:
            raise Forgotten
        _open.move_to_end(name)
        while len(_open) > MOST_HELD:
            _forget(next(iter(_open)))
        return _open[name], known[1]


def _forget(name: str) -> None:
    _plans.pop(name, None)
    if (pictures := _open.pop(name, None)) is not None:
        pictures.close()


def forget(name: str, tell: Tell) -> None:
    """Release a source."""
    with _guard:
        _forget(name)


def can_be_played(key: Key, sent: Sent, tell: Tell) -> bool:
    """Return whether browsers can play the source itself."""
    from efface.media.proxy import is_playable

    return is_playable(_pictures(key, sent)[0].source)


def holds_sound(key: Key, sent: Sent, tell: Tell) -> bool:
    """Return whether the source has a sound stream."""
    return _pictures(key, sent)[0].source.info.audio > 0


def frame_of(key: Key, sent: Sent, index: int, side: int, is_final: bool, tell: Tell) -> bytes:
    """See `Pictures.frame`."""
    pictures, plan = _pictures(key, sent)
    return pictures.frame(index, side, plan, is_final=is_final)


def near_to(key: Key, sent: Sent, index: int, tell: Tell) -> tuple[bytes, int]:
    """See `Pictures.near`."""
    return _pictures(key, sent)[0].near(index)


def crop_of(key: Key, sent: Sent, index: int, box: Box, tell: Tell) -> bytes:
    """See `Pictures.crop`."""
    return _pictures(key, sent)[0].crop(index, box)


def found_in(source: Path, options: Options, tell: Tell) -> Plan:
    """See `one_source.find`."""
    with DetectorSession(options) as session:
        return one_source.find(session, admit(source), tell)


def rendered_by(job: Job, plan: Plan, options: Options, tell: Tell) -> Rendered:
    """See `one_source.render`."""
    with DetectorSession(options) as session:
        return one_source.render(session, job.admit(), plan, job.target, tell)


def proxy_of(source: Path, options: Options, path: Path, seconds: Any, tell: Tell) -> None:
    """See `write_proxy`."""
    from efface.media.proxy import write_proxy

    with opened(admit(source), options.read) as media:
        write_proxy(media, path, seconds, lambda n: tell(Event("proxy", n, len(seconds))))


def followed_around(
    source: Path, options: Options, plan: Plan, frame: int, box: Any, tell: Tell
) -> Followed:
    """See `following.around`."""
    with opened(admit(source), options.read) as media:
        return around(media, plan, frame, box, lambda n: tell(Event("follow", n, None)))


def followed_on(
    source: Path, options: Options, plan: Plan, frame: int, box: Any, way: int, tell: Tell
) -> Followed:
    """See `following.onwards`."""
    with opened(admit(source), options.read) as media:
        return onwards(
            media,
            plan,
            frame,
            box,
            way,
            plan.medium == "photo",
            lambda n: tell(Event("follow", n, None)),
        )


def waveform_of(source: Path, options: Options, plan: Plan, tell: Tell) -> tuple[bytes, float]:
    """Return the peaks of a film's sound, and how many milliseconds each stands for. See
    `sound_peaks`."""
    from efface.media.video.sound_peaks import RATE, merged_peaks, step_for
    from efface.media.video.video_source import VideoSource

    length = changed_sound.duration_s(plan)
    step = step_for(length)
    with opened(admit(source), options.read) as media:
        assert isinstance(media, VideoSource)  # the page asks it of films only
        peaks = media.sound_peaks(changed_sound.start_s(plan), step)
        found = merged_peaks(_heeding(peaks, "wave", tell), ceil(length * RATE / step))
    return found.tobytes(), 1000 * step / RATE


def speech_in(source: Path, options: Options, plan: Plan, tell: Tell) -> list[int]:
    """Return where somebody seems to speak: starts and ends in milliseconds."""
    length_ms = ceil(1000 * changed_sound.duration_s(plan))
    with opened(admit(source), options.read) as media:
        spans = changed_sound.spoken(media.info, plan, lambda: tell(Event("speech", 0, None)))
    edges = ((floor(1000 * s.start_s), ceil(1000 * s.end_s)) for s in joined_spans(spans))
    return [v for a, b in edges if a < length_ms for v in (a, min(b, length_ms))]


def _heeding(peaks: Iterator[Peaks], stage: str, tell: Tell) -> Iterator[Peaks]:
    """Tell again and again that the work goes on: it may be cancelled."""
    for one in peaks:
        tell(Event(stage, 0, None))
        yield one


def previewed(
    source: Path, options: Options, index: int, pts: Any, side: int, tell: Tell
) -> tuple[bytes, int]:
    """See `settings_preview.preview`."""
    return settings_preview.preview(source, options, index, pts, side)


def thumbnail_of(source: Path, options: Options, tell: Tell) -> bytes:
    """See `settings_preview.thumbnail`."""
    return settings_preview.thumbnail(source, options)


def ready(tell: Tell) -> None:
    """Do nothing: the process has started."""


_stopped = threading.Event()


def _serve(pipe: Connection, is_offline: bool) -> NoReturn:
    """Serve calls until the process ends. is_offline: it needs no network."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if is_offline:
        cut_off()
    with (
        suppress(KeyboardInterrupt, EOFError, OSError),
        interruptible([signal.SIGTERM], _stopped, ignored_after=True),
    ):
        threading.Thread(target=end_with_parent, name="efface-watch", daemon=True).start()
        while not _stopped.is_set() and (asked := pipe.recv()) is not None:
            pipe.send(_answer(pipe, *asked))
    os._exit(0)


def _answer(
    pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> Done | Failed:
    last = 0.0

    def tell(event: Event) -> None:
        nonlocal last
        if _stopped.is_set():
            raise KeyboardInterrupt
        if time.monotonic() - last >= TELL_EVERY_S:
            pipe.send(Progress(event))
            _wait_for_answer(pipe)
            last = time.monotonic()

    try:
        return Done(function(*arguments, tell))
    except (EffaceError, Forgotten, IndexError, ValueError, LookupError) as e:
        return Failed(e)
    except Exception as e:
        return Failed(Unforeseen(type(e).__name__, str(e), traceback.format_exc()))


def _wait_for_answer(pipe: Connection) -> None:
    """Wait until the work may go on: a person may have paused it. Raises KeyboardInterrupt.

    Threads that do not get the signal wait here, too.
    """
    while not pipe.poll(ASKED_S):
        if _stopped.is_set():
            raise KeyboardInterrupt
    pipe.recv()
