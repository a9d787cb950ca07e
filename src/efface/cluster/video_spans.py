"""Analyse one video on many machines: each looks at a span, and this machine joins what they saw.

The plan is the same as if one machine had looked at the whole video. If a machine is lost, its span
goes to another one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Self

from efface.cluster.ray_calls import WAIT_S, Calls, Lost, attempts, lost_for_good
from efface.cluster.work import Part, SpanMessage, SpanStart, Whole, look_at, stamp_of
from efface.containers.admission import AdmittedSource, admit, unchanged
from efface.detect.detector import DetectorInfo
from efface.errors import ClusterUnusable
from efface.events import Event, Listener
from efface.media.video.spans import OVERLAP, Indivisible, Span, cut, indexed
from efface.media.video.video_source import VideoSource
from efface.options import Options
from efface.pipeline.analysis import joined
from efface.pipeline.naming import AnyJob
from efface.pipeline.perceive import Perceived
from efface.pipeline.remote import fetch
from efface.pipeline.remote_address import Location
from efface.pipeline.sources import opened
from efface.pipeline.transfer import AnyTask
from efface.pipeline.worker_messages import Failed
from efface.planning.plan import Plan
from efface.private_folders import scratch

SPANS_AHEAD = 2
"""Spans in flight for each processor of the cluster."""


@dataclass(frozen=True, slots=True)
class ClusterRun:
    """What a cluster does for one run.

    calls    to the cluster.
    task     what is done with each job.
    options  all of them.
    remark   receives sentences that a user may want to know.
    frames   approximate number of frames in a span.
    """

    calls: Calls
    task: AnyTask
    options: Options
    remark: Callable[[str], None]
    frames: int


def plan_in_spans(run: ClusterRun, job: AnyJob, listener: Listener) -> Plan | None:
    """Return the plan of the job's source, or None if one machine must read the whole video.

    Raises EffaceError, Unforeseen, Stopped.
    """
    try:
        with (
            _here(job.source) as here,
            opened(here, run.options.read) as source,
            unchanged(here),
        ):
            assert isinstance(source, VideoSource)
            sha256 = here.sha256()
            parts = _parts(run, job, source)
            if len(parts) < 2:
                return None
            return _joined(run, job, source, sha256, parts, listener)
    except Indivisible as e:
        run.remark(f"{job.name}: one machine looks at all of it, as {e}.")
        return None


def _parts(run: ClusterRun, job: AnyJob, source: VideoSource) -> list[Part]:
    if run.options.read.bad_frames == "cover":
        raise Indivisible(
            "what is damaged shows only to who reads from the start (--bad-frames cover)"
        )
    index, where = indexed(source), job.source
    # Workers start in folders of their own. Of a remote file they get no path, but a name.
    where = where.absolute() if isinstance(where, Path) else where
    info = replace(source.info, path=where if isinstance(where, Path) else Path(where.name))
    stamp = stamp_of(where)
    return [
        Part(where, info, stamp, index.passage(span), run.options)
        for span in cut(index, run.frames)
    ]


def _joined(
    run: ClusterRun,
    job: AnyJob,
    source: VideoSource,
    sha256: str,
    parts: list[Part],
    listener: Listener,
) -> Plan:
    sight, count = Sight(), parts[-1].passage.span.stop
    with _Spans(run, job.name, parts) as spans:
        seen = _seamless(spans.each(lambda arrived: listener(Event("look", arrived, count))), sight)
        first = next(seen)  # by now the detector is known
        return joined(chain([first], seen), source, sha256, sight, run.options)


@contextmanager
def _here(source: Location) -> Iterator[AdmittedSource]:
    """The source as a file of this machine."""
    if isinstance(source, Path):
        yield admit(source)
        return
    with scratch() as folder:
        fetch(source, folder / source.name)
        yield admit(folder / source.name)


@dataclass(slots=True)
class Sight:
    """The detector as the machines report it. All must have the same networks; what runs them may
    differ."""

    infos: tuple[DetectorInfo, ...] = ()
    sure: Mapping[int, float] = field(default_factory=dict)

    def hear(self, told: SpanStart) -> None:
        """Record what a machine reports. Raises ClusterUnusable."""
        if not self.infos:
            self.infos, self.sure = told.infos, told.sure
        if _networks(told.infos) != _networks(self.infos) or told.sure != self.sure:
            raise ClusterUnusable(
                "its machines have different networks", "Install the same efface on all of them."
            )


def _networks(infos: Sequence[DetectorInfo]) -> list[tuple[str, str, str]]:
    return [(i.name, i.version, i.sha256) for i in infos]


Seen = tuple[SpanStart, list[Perceived]]


class _Spans:
    """The spans of one video, each as soon as it and all before it have arrived. Some later spans
    are in progress."""

    def __init__(self, run: ClusterRun, name: str, parts: Sequence[Part]) -> None:
        self._run, self._name = run, name
        self._todo = iter(parts)
        self._ahead = SPANS_AHEAD * max(1, run.calls.slots)
        self._pool = ThreadPoolExecutor(self._ahead, thread_name_prefix="efface-span")
        self._over = threading.Event()
        self.arrived = 0
        """Approximate number of frames that have arrived, as several threads count."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown(cancel_futures=True)

    def each(self, tell: Callable[[int], None]) -> Iterator[Seen]:
        """Yield every span. `tell` is called now and then with the number of arrived frames. Raises
        what a span failed with."""
        waiting: deque[Future[Seen]] = deque()
        while True:
            while len(waiting) < self._ahead and (part := next(self._todo, None)) is not None:
                waiting.append(self._pool.submit(self._seen, part))
            if not waiting:
                return
            while not waiting[0].done():
                wait([waiting[0]], timeout=WAIT_S)
                tell(self.arrived)
            yield waiting.popleft().result()

    def _seen(self, part: Part) -> Seen:
        span, tries = part.passage.span, attempts()
        while True:
            try:
                seen = list(self._counted(self._run.calls.answers(look_at, part, self._over)))
                return require_all(seen, span)
            except Lost as e:
                if not tries.count_failure():
                    frames = f"frames {span.first + 1} to {span.stop}"
                    raise lost_for_good(self._name, frames, str(e)) from e

    def _counted(self, messages: Iterator[SpanMessage]) -> Iterator[SpanMessage]:
        for message in messages:
            self.arrived += isinstance(message, Perceived)
            yield message


def require_all(messages: Sequence[SpanMessage], span: Span) -> Seen:
    """Return the complete span. Raises Indivisible, EffaceError, Unforeseen if a machine reported
    one, and Lost if its answer was incomplete."""
    start: SpanStart | None = None
    seen: list[Perceived] = []
    for message in messages:
        match message:
            case Whole(why):
                raise Indivisible(why)
            case Failed(error):
                raise error
            case SpanStart():
                start = message
            case Perceived():
                seen.append(message)
    if start is None or [p.index for p in seen] != list(range(span.first, span.stop)):
        raise Lost("it did not say all")
    return start, seen


def _seamless(spans: Iterator[Seen], sight: Sight) -> Iterator[Perceived]:
    """Yield what was perceived of each frame. Raises Indivisible if two machines decoded the same
    frames differently."""
    last: deque[int] = deque(maxlen=OVERLAP)
    for told, seen in spans:
        sight.hear(told)
        if told.overlap != tuple(last)[-len(told.overlap) :] and told.overlap:
            raise Indivisible("decoding from the middle gives other pictures")
        for one in seen:
            last.append(one.checksum)
            yield one
