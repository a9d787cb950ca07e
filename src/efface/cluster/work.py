"""The work that a machine does for another one. The call brings all it needs; results go back as
messages.

Errors are messages too: a machine that could not read a file is not a lost machine.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from efface.containers.admission import AdmittedSource
from efface.detect.detector import DetectorInfo
from efface.detect.registry import for_films, open_detector
from efface.errors import ClusterUnusable, EffaceError, InputError, SourceUnreadable, Unforeseen
from efface.events import Event, Listener
from efface.media.interfaces import SourceInfo
from efface.media.video.spans import Indivisible, Passage, frames_of
from efface.media.video.video_source import VideoSource
from efface.options import Options
from efface.pipeline.jobs import Workshop
from efface.pipeline.naming import Job
from efface.pipeline.perceive import perceived
from efface.pipeline.remote import is_remote, opened_part
from efface.pipeline.worker_pool import Task
from efface.pipeline.worker_process import TELL_EVERY_S
from efface.planning.plan import Plan
from efface.private_folders import sweep
from efface.streaming import frames_ahead, prefetched
from efface.version import VERSION

SHARED = "Use a folder that all machines share under one path, or an address like s3://bucket/name."

Stamp = tuple[int, int] | None
"""Size and modification time of a file, by which another machine recognises it. None if not a local
file."""


def stamp_of(path: Path) -> Stamp:
    """Return the file's stamp. Raises SourceUnreadable."""
    if is_remote(path):
        return None
    try:
        found = path.stat()
    except OSError as e:
        raise SourceUnreadable(path, "a machine of the cluster does not see it", SHARED) from e
    return found.st_size, int(found.st_mtime)


def require_seen(path: Path, stamp: Stamp) -> None:
    """Raise SourceUnreadable unless this machine sees the stamped file."""
    if stamp_of(path) != stamp:
        raise SourceUnreadable(
            path, "a machine of the cluster sees another file under this name", SHARED
        )


def require_alike(version: str) -> None:
    """Raise ClusterUnusable if this machine's efface differs from the caller's."""
    if version != VERSION:
        raise ClusterUnusable(
            f"a machine has efface {VERSION}, and this one {version}",
            "Install the same everywhere.",
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A span of a video to analyse. `info` describes the whole, as the caller found it."""

    info: SourceInfo
    stamp: Stamp
    passage: Passage
    options: Options
    version: str = VERSION


@dataclass(frozen=True, slots=True)
class SpanStart:
    """Sent before the results of a span.

    infos, sure  of the detector in use.
    overlap      checksums of the frames before the span, as they were decoded for it.
    """

    infos: tuple[DetectorInfo, ...]
    sure: Mapping[int, float]
    overlap: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """The video must be read whole; `why` says the reason."""

    why: str


def look_at(part: Part) -> Iterator[object]:
    """Analyse a span: yield SpanStart, then a Perceived for each frame. Or end with Whole, an
    EffaceError or Unforeseen."""
    try:
        require_alike(part.version)
        require_seen(part.info.path, part.stamp)
        yield from _looked_at(part)
    except Indivisible as e:
        yield Whole(str(e))
    except SourceUnreadable as e:
        yield e
    except InputError as e:  # a reading from the start decides whether that is so
        yield Whole(f"a part of it cannot be read alone ({type(e).__name__})")
    except EffaceError as e:
        yield e
    except Exception as e:
        yield unforeseen(e)


def _looked_at(part: Part) -> Iterator[object]:
    path = part.info.path
    with ExitStack() as closing:
        file = closing.enter_context(opened_part(path) if is_remote(path) else nullcontext())
        source = VideoSource(part.info, part.options.read, file)
        detector = closing.enter_context(open_detector(for_films(part.options.detect)))
        frames = closing.enter_context(
            prefetched(frames_of(source, part.passage), frames_ahead(part.info.size_wh))
        )
        overlap = [next(frames).unpack().checksum() for _ in part.passage.span.overlap]
        yield SpanStart(detector.infos, dict(detector.sure), tuple(overlap))
        yield from perceived(frames, (detector,), part.options.detect)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A job that one machine does completely. plan: an existing analysis. asks: do not analyse a
    video here, but ask for a plan."""

    job: Job
    stamp: Stamp
    plan: Plan | None = None
    asks: bool = False


@dataclass(frozen=True, slots=True)
class WorkItems:
    """Jobs that one worker does in sequence."""

    work_items: Sequence[WorkItem]
    task: Task
    options: Options
    version: str = VERSION


@dataclass(frozen=True, slots=True)
class Answer:
    """A message about a work item.

    what  the kind, as the classes of `messages` (a "note" is Noted, an "event" Progress), or
          "asks": a video that may be analysed in parts.
    """

    number: int
    what: Literal["began", "event", "note", "done", "failed", "asks"]
    content: Any = None


class _PlanWanted(Exception):
    pass


class _Informed(Workshop):
    """A workshop that gets the analysis of other machines. `asks` as in WorkItem."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.plan: Plan | None = None
        self.asks = False

    def find(self, source: AdmittedSource, listener: Listener) -> Plan:
        """The plan for a source."""
        if self.plan is not None:
            return self.plan
        if self.asks and source.medium == "video":
            raise _PlanWanted
        return super().find(source, listener)


def do(work_items: WorkItems) -> Iterator[object]:
    """Yield answers in the order of the items.

    An item without "done", "failed" or "asks" was lost.
    """
    yield from _told_by(lambda tell: _do_all(work_items, tell))


def _do_all(work_items: WorkItems, tell: Callable[[Answer], None]) -> None:
    with _Informed(work_items.options) as workshop:
        for number, work_item in enumerate(work_items.work_items):
            tell(Answer(number, "began"))
            tell(Answer(number, *_done(work_item, work_items, workshop, _Progress(number, tell))))


def _done(
    work_item: WorkItem, work_items: WorkItems, workshop: _Informed, progress: _Progress
) -> tuple[Literal["done", "failed", "asks"], object]:
    workshop.plan, workshop.asks = work_item.plan, work_item.asks
    try:
        require_alike(work_items.version)
        require_seen(work_item.job.source, work_item.stamp)
        if not is_remote(work_item.job.target):
            sweep(work_item.job.target.parent)  # remove what a lost machine left
        return "done", work_items.task(workshop, work_item.job, progress.event, progress.note)
    except _PlanWanted:
        return "asks", None
    except EffaceError as e:
        return "failed", e
    except _Abandoned:
        raise
    except Exception as e:
        return "failed", unforeseen(e)


def unforeseen(error: Exception) -> Unforeseen:
    """Wrap an error outside efface's own classes for transfer."""
    return Unforeseen(type(error).__name__, str(error), "".join(traceback.format_exception(error)))


@dataclass(slots=True)
class _Progress:
    number: int
    tell: Callable[[Answer], None]
    last: float = field(default=0.0)

    def event(self, event: Event) -> None:
        now = time.monotonic()
        if now - self.last >= TELL_EVERY_S:
            self.last = now
            self.tell(Answer(self.number, "event", event))

    def note(self, content: object) -> None:
        self.tell(Answer(self.number, "note", content))


class _Abandoned(BaseException):
    """The listener is gone: the draft is removed on the way out."""


class _End:
    pass


def _told_by(work: Callable[[Callable[[Any], None]], None]) -> Iterator[object]:
    """Yield what `work` reports, as it reports it, from a thread. Ends the work if the consumer
    stops."""
    said: queue.Queue[object] = queue.Queue()
    gone = threading.Event()

    def tell(what: object) -> None:
        if gone.is_set():
            raise _Abandoned
        said.put(what)

    def run() -> None:
        try:
            work(tell)
        except _Abandoned:
            pass
        except BaseException as e:  # passed on to the listener
            said.put(e)
        finally:
            said.put(_End())

    thread = threading.Thread(target=run, name="efface-work", daemon=True)
    thread.start()
    try:
        while not isinstance(what := said.get(), _End):
            if isinstance(what, BaseException):
                raise what
            yield what
    finally:
        gone.set()
        thread.join()
