"""The work that a machine does for another one. The call brings all it needs; results go back as
messages, and readers match these by class.

Errors are messages too: a machine that could not read a file is not a lost machine.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from efface.containers.admission import AdmittedSource
from efface.detect.detector import DetectorInfo
from efface.detect.registry import for_search, open_detector
from efface.errors import ClusterUnusable, EffaceError, InputError, SourceUnreadable, Unforeseen
from efface.events import Event
from efface.media.decoder.source_opening import film_again
from efface.media.interfaces import SourceInfo
from efface.media.video.spans import Indivisible, Passage, frames_of
from efface.options import Options
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.naming import AnyJob
from efface.pipeline.perceive import Perceived, perceived, rate_of
from efface.pipeline.remote import opened_part
from efface.pipeline.remote_address import Location, RemoteAddress
from efface.pipeline.transfer import AnyTask, run_task
from efface.pipeline.worker_messages import Began, Done, Failed, Noted, Progress
from efface.pipeline.worker_process import TELL_EVERY_S
from efface.planning.plan import Plan
from efface.private_folders import sweep
from efface.streaming import frames_ahead, prefetched
from efface.version import VERSION

M = TypeVar("M")

SHARED = "Use a folder that all machines share under one path, or an address like s3://bucket/name."

Stamp = tuple[int, int] | None
"""Size and modification time of a file, by which another machine recognises it. None if not a local
file."""


def stamp_of(path: Location) -> Stamp:
    """Return the file's stamp. Raises SourceUnreadable."""
    if isinstance(path, RemoteAddress):
        return None
    try:
        found = path.stat()
    except OSError as e:
        raise SourceUnreadable(path, "a machine of the cluster does not see it", SHARED) from e
    return found.st_size, int(found.st_mtime)


def require_seen(path: Location, stamp: Stamp) -> None:
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
    """A span of a video to analyse. `info` describes the whole, as the caller found it; `source` is
    where it is."""

    source: Location
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


SpanMessage = SpanStart | Perceived | Whole | Failed
"""All messages about a span. Failed holds an EffaceError or Unforeseen."""


def look_at(part: Part) -> Iterator[SpanMessage]:
    """Analyse a span: yield SpanStart, then a Perceived for each frame. Or end with Whole or
    Failed."""
    try:
        require_alike(part.version)
        require_seen(part.source, part.stamp)
        yield from _looked_at(part)
    except Indivisible as e:
        yield Whole(str(e))
    except SourceUnreadable as e:
        yield Failed(e)
    except InputError as e:  # a reading from the start decides whether that is so
        yield Whole(f"a part of it cannot be read alone ({type(e).__name__})")
    except EffaceError as e:
        yield Failed(e)
    except Exception as e:
        yield Failed(unforeseen(e))


def _looked_at(part: Part) -> Iterator[SpanMessage]:
    with ExitStack() as closing:
        file = closing.enter_context(_remote_file(part.source))
        source = film_again(part.info, part.options.read, file)
        detector = closing.enter_context(open_detector(for_search(part.options.detect)))
        frames = closing.enter_context(
            prefetched(frames_of(source, part.passage), frames_ahead(part.info.size_wh))
        )
        overlap = [next(frames).unpack().checksum() for _ in part.passage.span.overlap]
        yield SpanStart(detector.infos, dict(detector.sure), tuple(overlap))
        yield from perceived(frames, (detector,), part.options.detect, rate_of(part.info))


def _remote_file(source: Location) -> AbstractContextManager[BinaryIO | None]:
    """Open a file of another machine; None stands for one of this machine."""
    return opened_part(source) if isinstance(source, RemoteAddress) else nullcontext()


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A job that one machine does completely. plan: an existing analysis. asks: do not analyse a
    video here, but ask for a plan."""

    job: AnyJob
    stamp: Stamp
    plan: Plan | None = None
    asks: bool = False


@dataclass(frozen=True, slots=True)
class WorkItems:
    """Jobs that one worker does in sequence."""

    work_items: Sequence[WorkItem]
    task: AnyTask
    options: Options
    version: str = VERSION


@dataclass(frozen=True, slots=True)
class PlanNeeded:
    """The work item is a video that several machines may analyse. It is not done yet."""


ItemSaid = Began | Progress | Noted | Done | Failed | PlanNeeded
"""All messages about a work item. Began comes first; Done, Failed or PlanNeeded comes last."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A message about the work item of that number."""

    number: int
    said: ItemSaid


class _PlanWanted(Exception):
    pass


@dataclass(slots=True)
class _PlanElsewhere:
    """The analysis by other machines. Fields as in WorkItem."""

    plan: Plan | None = None
    asks: bool = False

    def of(self, source: AdmittedSource) -> Plan | None:
        """Return the plan, or None if this machine makes it. Raises _PlanWanted."""
        if self.plan is None and self.asks and source.medium == "video":
            raise _PlanWanted
        return self.plan


def do(work_items: WorkItems) -> Iterator[Answer]:
    """Yield answers in the order of the items.

    An item without Done, Failed or PlanNeeded was lost.
    """
    yield from _told_by(partial(_do_all, work_items))


def _do_all(work_items: WorkItems, tell: Callable[[Answer], None]) -> None:
    elsewhere = _PlanElsewhere()
    with DetectorSession(work_items.options, known_plan=elsewhere.of) as session:
        for number, work_item in enumerate(work_items.work_items):
            elsewhere.plan, elsewhere.asks = work_item.plan, work_item.asks
            tell(Answer(number, Began()))
            tell(Answer(number, _done(work_item, work_items, session, _Teller(number, tell))))


def _done(
    work_item: WorkItem, work_items: WorkItems, session: DetectorSession, teller: _Teller
) -> Done | Failed | PlanNeeded:
    try:
        require_alike(work_items.version)
        require_seen(work_item.job.source, work_item.stamp)
        if isinstance(work_item.job.target, Path):
            sweep(work_item.job.target.parent)  # remove what a lost machine left
        return Done(run_task(work_items.task, session, work_item.job, teller.event, teller.note))
    except _PlanWanted:
        return PlanNeeded()
    except EffaceError as e:
        return Failed(e)
    except _Abandoned:
        raise
    except Exception as e:
        return Failed(unforeseen(e))


def unforeseen(error: Exception) -> Unforeseen:
    """Wrap an error outside efface's own classes for transfer."""
    return Unforeseen(type(error).__name__, str(error), "".join(traceback.format_exception(error)))


@dataclass(slots=True)
class _Teller:
    number: int
    tell: Callable[[Answer], None]
    last: float = field(default=0.0)

    def event(self, event: Event) -> None:
        now = time.monotonic()
        if now - self.last >= TELL_EVERY_S:
            self.last = now
            self.tell(Answer(self.number, Progress(event)))

    def note(self, content: object) -> None:
        self.tell(Answer(self.number, Noted(content)))


class _Abandoned(BaseException):
    """The listener is gone: the draft is removed on the way out."""


class _End:
    pass


def _told_by(work: Callable[[Callable[[M], None]], None]) -> Iterator[M]:
    """Yield what `work` reports, as it reports it, from a thread. Ends the work if the consumer
    stops."""
    said: queue.Queue[M | BaseException | _End] = queue.Queue()
    gone = threading.Event()

    def tell(what: M) -> None:
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
