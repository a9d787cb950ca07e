"""The detectors of a run: opened when the first source needs them, and kept for the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from threading import Lock
from typing import NamedTuple, Self

from efface.containers.admission import AdmittedSource
from efface.detect.detector import Detector
from efface.detect.look import THOROUGH
from efface.detect.registry import for_search, open_detector, open_lanes
from efface.detections import KINDS
from efface.errors import DetectorFailed, PartMissing
from efface.frames import Frame
from efface.free_memory import give_back_memory
from efface.media.interfaces import SourceInfo
from efface.options import DetectOptions, Options
from efface.planning.plan import Plan

MOST_CHECKERS = 2
"""Detectors of a second look that are kept for the next file: a cheaper one, and the one that
decides."""


class _Lanes(NamedTuple):
    """Detectors for a film, and what closes them."""

    detectors: Sequence[Detector]
    closing: ExitStack


class DetectorSession:
    """Owns the detectors of a run inside its block.

    options       all of them.
    wait_for_room is called with each source before it is examined, and may wait until there is
                  memory for it.
    known_plan    returns the plan of a source that was analysed elsewhere, or None.
    searches      whether this session searches all sources itself.
    """

    def __init__(
        self,
        options: Options,
        wait_for_room: Callable[[SourceInfo], None] = lambda info: None,
        known_plan: Callable[[AdmittedSource], Plan | None] | None = None,
    ) -> None:
        self.options, self.wait_for_room = options, wait_for_room
        self.searches = known_plan is None
        self.known_plan = known_plan or (lambda source: None)
        self._closing = ExitStack()
        self._lock = Lock()
        self._detector: Detector | None = None
        self._ahead: Future[_Lanes] | None = None
        self._film_infos: tuple[dict[str, str], ...] | None = None
        self._checking = ExitStack()
        self._checkers: dict[DetectOptions, Detector] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close_checker()
        self._close_detector()

    @contextmanager
    def opening_ahead(self, source: AdmittedSource) -> Iterator[None]:
        """Open what a search of that source needs in a thread, while the block opens the source:
        that takes as long, in another process. What the block does not use is closed."""
        with ThreadPoolExecutor(1, "efface-open") as apart:
            if source.medium == "photo":
                apart.submit(self._open_detector)  # a failure is met again where it is used
            else:
                self._close_detector()
                self._ahead = apart.submit(self._opened_lanes)
            try:
                yield
            finally:
                ahead, self._ahead = self._ahead, None
                with suppress(PartMissing):
                    if ahead is not None:
                        ahead.result().closing.close()

    @contextmanager
    def for_photos(self) -> Iterator[Detector]:
        """Provide the detector for photos. It stays open for the next photo."""
        try:
            yield self._open_detector()
        except DetectorFailed:  # it may still hang; the next file gets a new one
            self._close_detector()
            raise

    @contextmanager
    def for_films(self) -> Iterator[Sequence[Detector]]:
        """Provide the detectors for a film, and close them after the block.

        After 1080p a detector keeps 0.4 GB, which the encoder needs. So only photos keep theirs.
        """
        self._close_detector()
        ahead, self._ahead = self._ahead, None
        lanes = self._opened_lanes() if ahead is None else ahead.result()
        del ahead
        try:
            with lanes.closing:
                yield lanes.detectors
        finally:
            del lanes
            give_back_memory()

    @contextmanager
    def for_checks(self, *, keeps: bool) -> Iterator[Callable[[DetectOptions], Detector]]:
        """Provide what opens the detectors of the second look.

        They are separate from those of the search, and must not share their answers.

        keeps  leave them open for the next file.
        """
        try:
            yield self._open_checker
        except DetectorFailed:
            self._close_checker()
            raise
        finally:
            if not keeps or len(self._checkers) > MOST_CHECKERS:
                self._close_checker()

    def infos(self, medium: str) -> tuple[dict[str, str], ...]:
        """Return what is known of the detectors for that medium."""
        if medium == "photo":
            return tuple(asdict(info) for info in self._open_detector().infos)
        if self._film_infos is None:
            with open_detector(for_search(self.options.detect)) as detector:
                self._film_infos = tuple(asdict(info) for info in detector.infos)
        return self._film_infos

    def count(self, frame: Frame) -> dict[str, int]:
        """Return how many objects of each requested kind are surely in one picture.

        Raises PartMissing.
        """
        detector = self._open_detector()
        seen = detector.detect(frame, THOROUGH)
        kinds = seen.kind[seen.are_sure(detector.sure)]
        return {
            kind: int((kinds == KINDS.index(kind)).sum()) for kind in self.options.detect.wanted
        }

    def _open_detector(self) -> Detector:
        with self._lock:
            if self._detector is None:
                options = for_search(self.options.detect)
                self._detector = self._closing.enter_context(open_detector(options))
            return self._detector

    def _opened_lanes(self) -> _Lanes:
        with ExitStack() as closing:
            detectors = closing.enter_context(open_lanes(self.options.detect))
            return _Lanes(detectors, closing.pop_all())

    def _open_checker(self, options: DetectOptions) -> Detector:
        if options not in self._checkers:
            self._checkers[options] = self._checking.enter_context(open_detector(options))
        return self._checkers[options]

    def _close_checker(self) -> None:
        self._checkers.clear()
        self._checking.close()

    def _close_detector(self) -> None:
        self._detector = None
        self._closing.close()
