"""Run long work on the files under review, and report its progress and its end.

Each lane does one piece of work at a time, in a thread, and decodes in a process of its own. All
listeners receive the progress. Work can be cancelled.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

from efface.errors import EffaceError, Interrupted
from efface.events import Event, Listener
from efface.pipeline.naming import Job
from efface.review.document import Conflict
from efface.review.file_registry import FileRegistry, Work
from efface.review.lanes import Lane

Tell = Callable[[dict[str, Any]], None]

CANCELLED = "Cancelled. Nothing was written."

Do = Callable[[Work, Listener], None]
"""Does a piece of work. The listener raises Interrupted when the work is cancelled."""


class WorkRunner:
    """Starts work, cancels it, and reports on it.

    heavy  analysing, rendering and copies for the browser.
    light  following, while a person waits.
    sound  waveforms and speech: reading the sound of a long film takes a minute.
    """

    def __init__(self, registry: FileRegistry, tell: Tell) -> None:
        self._registry, self._tell = registry, tell
        self.heavy, self.light = Lane("efface-review-work"), Lane("efface-review-follow")
        self.sound = Lane("efface-review-sound")
        self._is_closing = threading.Event()

    def close(self) -> None:
        """Cancel all work, and wait until it has ended."""
        self._is_closing.set()
        lanes = self._lanes
        for lane in lanes:
            lane.stop()
        for lane in lanes:
            lane.close()

    @property
    def _lanes(self) -> tuple[Lane, ...]:
        return self.sound, self.light, self.heavy

    def cancel(self, number: int, kind: str, *, tells: bool = True) -> None:
        """Stop a piece of work at its next step, or take it back if it waits.

        tells  report what is taken back; otherwise the caller says that files have changed.
        """
        folder = self._registry.folders[number]
        work = folder.works.get(kind)
        if work is None:
            return
        work.is_cancelled.set()
        if any(lane.take_back(work) for lane in self._lanes):
            work.state, work.said = "cancelled", CANCELLED
            if tells:
                self._tell_end(number, work)

    def _tell_end(self, number: int, work: Work) -> None:
        state = self._registry.state(self._registry.folders[number])
        self._tell({"event": "work", "file": number, "work": work.plain(), "state": state})

    def pause(self, *, is_paused: bool) -> None:
        """Hold heavy work, and begin no further piece; or go on."""
        self.heavy.pause(is_paused=is_paused)

    def sort(self, order: Sequence[int]) -> None:
        """Do what waits in this order of files."""
        rank = {number: i for i, number in enumerate(order)}
        self.heavy.sort(lambda number: rank.get(number, len(rank)))

    def start(self, number: int, kind: str, do: Do, lane: Lane) -> Work:
        """Start the work, unless work of that kind already waits or runs.

        Returns the current work.
        """
        folder = self._registry.folders[number]
        with folder.lock:
            going = folder.works.get(kind)
            if going is not None and going.is_going:
                return going
            work = folder.works[kind] = Work(kind)
        lane.submit(lambda: self._run(number, work, do, lane), number, work)
        return work

    def _run(self, number: int, work: Work, do: Do, lane: Lane) -> None:
        folder = self._registry.folders[number]
        work.state = "running"
        self._tell({"event": "work", "file": number, "work": work.plain()})
        try:
            if work.is_cancelled.is_set():
                raise Interrupted
            do(work, self._listener(number, work, lane))
            work.state = "done"
        except Interrupted:
            work.state, work.said = "cancelled", CANCELLED
        except EffaceError as e:
            work.state, work.said = "failed", without_folders(str(e), folder.job)
        except Conflict:
            work.state, work.said = "failed", "The plan was changed meanwhile. Try it again."
        except Exception as e:  # a defect in efface; the page must not wait for ever
            work.state, work.said = "failed", f"Unexpected: {type(e).__name__}: {e}"
        self._tell_end(number, work)

    def _listener(self, number: int, work: Work, lane: Lane) -> Listener:
        """Return a listener that takes the progress of the work and reports each whole step.

        It waits while the lane is paused, and the work with it.
        """
        last = -1

        def is_over() -> bool:
            return work.is_cancelled.is_set() or self._is_closing.is_set()

        def listener(event: Event) -> None:
            nonlocal last
            work.stage, work.done, work.total = event.stage, event.done, event.total
            if lane.is_paused and not is_over():
                self._hold(number, work, lane, is_over)
            if is_over():
                raise Interrupted
            step = 100 * event.done // event.total if event.total else event.done // 5
            if step != last:
                last = step
                self._tell({"event": "work", "file": number, "work": work.plain()})

        return listener

    def _hold(self, number: int, work: Work, lane: Lane, is_over: Callable[[], bool]) -> None:
        work.held = True
        self._tell({"event": "work", "file": number, "work": work.plain()})
        lane.hold(is_over)
        work.held = False
        self._tell({"event": "work", "file": number, "work": work.plain()})


def without_folders(said: str, job: Job) -> str:
    """Return a message with names instead of paths: a card has no room, and the path of a dropped
    file is not one that its owner knows."""
    for folder in (job.source.parent, job.target.parent):
        said = said.replace(f"{folder}{os.sep}", "")
    return said
