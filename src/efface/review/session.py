"""The files under review, and the work done on them: looking, following, rendering, a proxy for the browser.

Long work runs in threads, one piece at a time, and tells everybody who listens how far it is. It can be cancelled.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from efface.errors import EffaceError, Interrupted, WorkerDied
from efface.events import Event, Listener
from efface.files import require_source, sweep
from efface.findings import Outcome, Verification
from efface.geometry import Box, grown, whole_pixels
from efface.options import Options
from efface.pipeline.jobs import noted, write_plan
from efface.pipeline.naming import Job, names_of_plans
from efface.pipeline.rendering import Rendered
from efface.planning.plan import Plan
from efface.review import apart
from efface.review.apart import MOST_HELD, Apart, PicturesApart
from efface.review.document import Document
from efface.review.following import shot

State = Literal["new", "looking", "review", "accepted", "rendered"]

LARGER = 0.2
"""Share of its sides by which a box grows on every side where a doubtful moment is covered already, and somebody wants more."""

Tell = Callable[[dict[str, Any]], None]


@dataclass(slots=True, eq=False)
class Work:
    """One piece of long work.

    kind   "look", "follow", "render" or "proxy".
    state  "waiting", "running", "done", "failed" or "cancelled".
    said   what came of it, for people; of an error its message.
    """

    kind: str
    state: str = "waiting"
    stage: str = ""
    done: int = 0
    total: int | None = None
    said: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    is_cancelled: threading.Event = field(default_factory=threading.Event)

    def plain(self) -> dict[str, Any]:
        """For the page."""
        names = ("kind", "state", "stage", "done", "total", "said", "result")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True, eq=False)
class Folder:
    """One file of the session. document and pictures are there once it was looked at and opened."""

    job: Job
    document: Document | None = None
    pictures: PicturesApart | None = None
    works: dict[str, Work] = field(default_factory=dict)
    proxy: Path | None = None
    done: Rendered | None = None
    rendered_plan: Plan | None = None
    error: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def plan(self) -> Plan:
        """Raises LookupError while there is none."""
        if self.document is None:
            raise LookupError("it was not looked at yet")
        return self.document.plan


class ReviewSession:
    """All files. `scratch` is a private folder for what the browser needs."""

    def __init__(self, jobs: Sequence[Job], options: Options, scratch: Path, tell: Tell) -> None:
        self.folders = [Folder(job) for job in jobs]
        self.options, self._scratch, self._tell = options, scratch, tell
        self._heavy = ThreadPoolExecutor(1, "efface-review-work")
        self._light = ThreadPoolExecutor(1, "efface-review-follow")
        # Pictures are shown while a film is followed or rendered. Each process is started when something asks for it.
        self._shown, self._heavy_apart, self._light_apart = (Apart(f"efface-review-{n}") for n in ("show", "work", "follow"))
        self._is_closing = threading.Event()
        self._recent: list[Folder] = []
        self._recent_lock = threading.Lock()

    def close(self) -> None:
        """Cancels what goes on, and lets go of everything."""
        self._is_closing.set()
        processes = (self._shown, self._heavy_apart, self._light_apart)
        for pool, process in ((self._light, self._light_apart), (self._heavy, self._heavy_apart)):
            process.stop()
            pool.shutdown(wait=True, cancel_futures=True)
        for folder in self.folders:
            if folder.pictures is not None and not apart.APART:
                folder.pictures.close()
        for process in processes:
            process.close()
        for folder in self.folders:
            if folder.document is not None:
                folder.document.close()

    def warm(self) -> None:
        """Opens a single file before anybody asks: a large one is hashed for a second, in which a browser starts."""
        if len(self.folders) == 1:
            self._light.submit(self.open, 0)  # what goes wrong is met again by whoever asks

    @property
    def is_busy(self) -> bool:
        """Whether something is being rendered, which should not end with the last tab."""
        return any(w.kind == "render" and w.state in ("waiting", "running") for f in self.folders for w in f.works.values())

    # Files

    def state(self, folder: Folder) -> State:
        """How far it is."""
        work = folder.works.get("look")
        if folder.document is None and work is not None and work.state in ("waiting", "running"):
            return "looking"
        if folder.document is None:
            if _plan_beside(folder.job) is None:
                return "new"
            return "rendered" if _is_rendered(folder.job) else "review"
        is_same = folder.rendered_plan is not None and folder.rendered_plan.edits == folder.plan.edits
        if is_same or (folder.rendered_plan is None and _is_rendered(folder.job)):
            return "rendered"
        return "accepted" if folder.document.plan.revised.approved else "review"

    def open(self, number: int) -> Folder:
        """A file, its plan read where there is one. Raises EffaceError and IndexError."""
        if number < 0:
            raise IndexError(number)
        folder = self.folders[number]
        with folder.lock:
            if folder.document is None and (path := _plan_beside(folder.job)) is not None:
                require_source(folder.job.source)
                self._read(folder, path)
        if folder.pictures is not None:
            self._remember(folder)
        return folder

    def _remember(self, folder: Folder) -> None:
        """Keeps pictures of the few files that were asked for last."""
        with self._recent_lock:
            if folder in self._recent:
                self._recent.remove(folder)
            self._recent.append(folder)
            old = [self._recent.pop(0)] if len(self._recent) > MOST_HELD else []
        for other in old:
            if other.pictures is not None:
                other.pictures.forget()

    def _read(self, folder: Folder, path: Path) -> None:
        document = Document(folder.job.source, path)
        try:
            folder.pictures = PicturesApart(folder.job.source, document.plan, self.options, self._shown)
        except EffaceError:
            document.close()
            raise
        folder.document = document

    # Work

    def look(self, number: int) -> Work:
        """Finds what is in the file, and writes the plan."""
        folder = self.folders[number]

        def do(work: Work, listener: Listener) -> None:
            source = folder.job.source
            plan = self._heavy_apart.call(source, apart.found_in, source, self.options, tell=listener)
            write_plan(plan, folder.job.plan_path, folder.job.source, overwrite=False)
            with folder.lock:
                self._read(folder, folder.job.plan_path)

        return self._start(number, "look", do, self._heavy)

    def render(self, number: int, *, overwrite: bool) -> Work:
        """Renders, checks and publishes the target."""
        folder = self.open(number)
        options = replace(self.options, write=replace(self.options.write, overwrite=overwrite or self.options.write.overwrite))

        def do(work: Work, listener: Listener) -> None:
            document = folder.document
            if document is None:
                raise LookupError("it was not looked at yet")
            plan = document.plan
            try:
                done = self._heavy_apart.call(
                    folder.job.source, apart.rendered_by, folder.job, plan, options, tell=listener
                )  # fmt: skip
            except (WorkerDied, Interrupted):
                sweep(folder.job.target.parent)  # its draft
                raise
            folder.done, folder.rendered_plan = done, plan
            work.result = {"target": done.target.name, "regions": done.regions, "frames": done.frames} | checks(
                done.verification
            )
            try:
                document.note(noted(plan, done, options), done.target)
            except EffaceError as e:  # the target is there, and was checked: only the plan does not tell of it
                work.said = f"The copy was written and checked, but its plan does not tell of it: {getattr(e, 'why', '') or e}."

        return self._start(number, "render", do, self._heavy)

    def proxy(self, number: int) -> Work | None:
        """Makes a copy that the browser can play, unless it can play the source, or there is one."""
        folder = self.open(number)
        if folder.pictures is None or folder.plan.medium == "photo" or folder.proxy is not None:
            return None
        if folder.pictures.is_playable:
            folder.proxy = folder.job.source
            return None
        if (known := folder.works.get("proxy")) is not None and known.state in ("waiting", "running"):
            return known

        def do(work: Work, listener: Listener) -> None:
            path, seconds = self._scratch / f"{number}.mp4", folder.plan.timeline.seconds
            source = folder.job.source
            self._heavy_apart.call(source, apart.proxy_of, source, self.options, path, seconds, tell=listener)
            folder.proxy = path

        return self._start(number, "proxy", do, self._heavy)

    def follow(self, number: int, frame: int, box: Box, kind: str, track: int | None) -> Work:
        """Follows a box both ways and adds it as a new track, or to a track that is there already."""
        folder = self.open(number)

        def do(work: Work, listener: Listener) -> None:
            plan = folder.plan
            source = folder.job.source
            asked = (source, self.options, plan, frame, box)
            found = self._light_apart.call(source, apart.followed_around, *asked, tell=listener)
            boxes = {"first": found.first, "boxes": found.flat}
            edit = {"edit": "draw", "track": None, "kind": kind} if track is None else {"edit": "cover", "track": track}
            before = {t.id for t in folder.plan.revised.tracks}
            self.change(number, None, [edit | boxes])
            number_of = track or max({t.id for t in folder.plan.revised.tracks} - before, default=0)
            last = found.first + len(found.boxes) - 1
            work.result = {"track": number_of, "first": found.first, "last": last, "held": found.is_held}

        return self._start(number, "follow", do, self._light)

    def extend(self, number: int, track: int, first: int, last: int) -> Work:
        """Makes a track cover these frames: followed on from its ends, held where that fails, larger where it covers them."""
        folder = self.open(number)

        def do(work: Work, listener: Listener) -> None:
            plan = folder.plan
            every = (*plan.revised.tracks, *plan.revised.left)
            found = next((t for t in every if t.id == plan.revised.now(track)), None)
            if found is None:
                raise ValueError(f"track {track} is not there")
            edits: list[dict[str, Any]] = []
            for way, row, wanted in ((-1, 0, first), (1, -1, last)):
                edge = int(found.frame[row])
                start, stop = shot(plan, edge)
                goal = min(max(wanted, start), stop - 1)
                if (goal - edge) * way <= 0:
                    continue
                x1, y1, x2, y2 = (int(v) for v in found.xyxy[row])
                asked = (folder.job.source, self.options, plan, edge, (x1, y1, x2, y2), way)
                followed = self._light_apart.call(folder.job.source, apart.followed_on, *asked, tell=listener)
                near = list(followed.boxes if way > 0 else followed.boxes[::-1])[: abs(goal - edge)]
                near += [near[-1] if near else (x1, y1, x2, y2)] * (abs(goal - edge) - len(near))
                flat = [v for b in (near if way > 0 else near[::-1]) for v in b]
                edits.append({"edit": "cover", "track": found.id, "first": edge + 1 if way > 0 else goal, "boxes": flat})
            if not edits:
                edits = _enlarged(plan, found.id, first, last)
            self.change(number, None, edits)
            work.result = {"track": found.id, "first": first, "last": last}

        return self._start(number, "follow", do, self._light)

    def change(self, number: int, version: int | None, edits: Sequence[Any]) -> int:
        """Adds edits, and tells. Raises Conflict, ValueError, EffaceError, LookupError.

        version  that of the log that they are about; None where they only add boxes, whatever else was changed.
        """
        folder = self.open(number)
        if folder.document is None:
            raise LookupError("it was not looked at yet")
        folder.document.change(version, edits)
        self._tell({"event": "changed", "file": number, "version": folder.document.version, "state": self.state(folder)})
        return folder.document.version

    def cancel(self, number: int, kind: str) -> None:
        """Stops a piece of work at its next step."""
        work = self.folders[number].works.get(kind)
        if work is not None:
            work.is_cancelled.set()

    def _start(
        self, number: int, kind: str, do: Callable[[Work, Listener], None], pool: ThreadPoolExecutor
    ) -> Work:  # fmt: skip
        folder = self.folders[number]
        with folder.lock:
            going = folder.works.get(kind)
            if going is not None and going.state in ("waiting", "running"):
                return going
            work = folder.works[kind] = Work(kind)
        pool.submit(self._run, number, work, do)
        return work

    def _run(self, number: int, work: Work, do: Callable[[Work, Listener], None]) -> None:
        last = -1

        def listener(event: Event) -> None:
            nonlocal last
            if work.is_cancelled.is_set() or self._is_closing.is_set():
                raise Interrupted
            work.stage, work.done, work.total = event.stage, event.done, event.total
            step = 100 * event.done // event.total if event.total else event.done // 5
            if step != last:
                last = step
                self._tell({"event": "work", "file": number, "work": work.plain()})

        work.state = "running"
        self._tell({"event": "work", "file": number, "work": work.plain()})
        try:
            if work.is_cancelled.is_set():
                raise Interrupted
            do(work, listener)
            work.state = "done"
        except Interrupted:
            work.state, work.said = "cancelled", "Cancelled. Nothing was written."
        except EffaceError as e:
            work.state, work.said = "failed", str(e)
        except Exception as e:  # a fault of efface; the page must not wait for ever
            conflict = type(e).__name__ == "Conflict"
            why = "The plan was changed meanwhile. Try it again." if conflict else f"Unexpected: {type(e).__name__}: {e}"
            work.state, work.said = "failed", why
        state = self.state(self.folders[number])
        self._tell({"event": "work", "file": number, "work": work.plain(), "state": state})


def checks(verification: Verification) -> dict[str, Any]:
    """What was checked, for the page."""
    outcome = verification.outcome.value if any(c.outcome is not Outcome.SKIPPED for c in verification.checks) else "not looked"
    return {
        "outcome": outcome,
        "checks": [
            {
                "name": c.name, "outcome": c.outcome.value, "why": c.why,
                "findings": [{"message": f.message, "frame": f.frame, "box": f.box} for f in c.findings[:200]],
            }
            for c in verification.checks
        ],
    }  # fmt: skip


def _enlarged(plan: Plan, number: int, first: int, last: int) -> list[dict[str, Any]]:
    """Edits that make the boxes of a track larger in these frames. Runs of frames, as a track may have gaps."""
    track = next(t for t in (*plan.revised.tracks, *plan.revised.left) if t.id == number)
    rows = np.flatnonzero((track.frame >= first) & (track.frame <= last))
    if not len(rows):
        return []
    limit = np.array([plan.size_at(int(f)) for f in track.frame[rows]], np.int32)
    boxes = whole_pixels(grown(track.xyxy[rows], LARGER), limit)
    breaks = np.flatnonzero(np.diff(track.frame[rows]) != 1) + 1
    return [
        {"edit": "cover", "track": number, "first": int(track.frame[rows[run[0]]]), "boxes": boxes[run].ravel().tolist()}
        for run in np.split(np.arange(len(rows)), breaks)
    ]


def _plan_beside(job: Job) -> Path | None:
    return next((p for p in names_of_plans(job) if os.path.isfile(p)), None)


def _is_rendered(job: Job) -> bool:
    plan = _plan_beside(job)
    try:
        return plan is not None and job.target.stat().st_mtime_ns >= plan.stat().st_mtime_ns
    except OSError:
        return False
