"""The files under review: their list, their states, and their open plans and pictures."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from efface.errors import EffaceError
from efface.files import require_source
from efface.options import Options
from efface.pipeline.naming import Job
from efface.pipeline.rendering import Rendered
from efface.pipeline.storage import recorded
from efface.planning import sidecar
from efface.planning.plan import Plan
from efface.review import apart
from efface.review.apart import MOST_HELD, Apart, PicturesApart
from efface.review.current_copy import Records, Stamp, is_own_copy, stamp_of
from efface.review.document import Document

State = Literal["new", "looking", "review", "accepted", "rendered"]


@dataclass(slots=True, eq=False)
class Work:
    """One piece of long work.

    kind   "look", "follow", "render" or "proxy".
    state  "waiting", "running", "done", "failed" or "cancelled".
    said   the result as a sentence; for an error, its message.
    held   it runs, and waits because a person paused it.
    """

    kind: str
    state: str = "waiting"
    stage: str = ""
    done: int = 0
    total: int | None = None
    said: str = ""
    held: bool = False
    result: dict[str, Any] = field(default_factory=dict)
    is_cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def is_going(self) -> bool:
        """Return whether the work waits or runs."""
        return self.state in ("waiting", "running")

    def plain(self) -> dict[str, Any]:
        """Return the description for the page."""
        names = ("kind", "state", "stage", "done", "total", "said", "held", "result")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True, eq=False)
class Folder:
    """One file of the session. document and pictures exist once it was analysed and opened.

    share          the plan that was priced last, and which share of the picture it erases.
    rendered_plan  the plan that made the copy, if that is known.
    copy_stamp     of that copy, as efface knows it.
    done           what is known of that copy.
    wave           peaks of its sound, and the milliseconds that each stands for.
    audio          what a person chose for its sound; None: the options say it.
    """

    job: Job
    document: Document | None = None
    pictures: PicturesApart | None = None
    works: dict[str, Work] = field(default_factory=dict)
    proxy: Path | None = None
    done: Rendered | None = None
    wave: tuple[bytes, float] | None = None
    audio: str | None = None
    rendered_plan: Plan | None = None
    copy_stamp: Stamp | None = None
    share: tuple[Plan, float] | None = None
    error: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def plan(self) -> Plan:
        """Return the plan. Raises LookupError if the file has none yet."""
        if self.document is None:
            raise LookupError("it was not looked at yet")
        return self.document.plan

    @property
    def has_own_copy(self) -> bool:
        """Return whether the copy that is there is one that efface made from this plan, or from an
        earlier state of it."""
        stamp = self.copy_stamp
        return stamp is not None and stamp_of(self.job.target) == stamp

    @property
    def is_rendered(self) -> bool:
        """Return whether the open plan, as it is now, made the copy that is there."""
        made = self.rendered_plan
        return made is not None and made.edits == self.plan.edits and self.has_own_copy

    def note_copy(self, plan: Plan, done: Rendered) -> None:
        """Remember that this plan made the copy that is there."""
        self.rendered_plan, self.done = plan, done
        self.copy_stamp = stamp_of(self.job.target)

    def recognise_copy(self) -> None:
        """Learn from the open plan what it records of a copy, if that copy is there."""
        plan, target, stamp = self.plan, self.job.target, stamp_of(self.job.target)
        if plan.made is None or not is_own_copy(plan, target):
            return
        self.copy_stamp = stamp
        if plan.made.seal == sidecar.seal(plan):
            self.rendered_plan, self.done = plan, recorded(plan, target)


class FileRegistry:
    """All files, by their place in the list."""

    def __init__(self, jobs: Sequence[Job], options: Options) -> None:
        self.folders = [Folder(job) for job in jobs]
        self._options, self._records = options, Records()
        # Pictures are shown while efface follows or renders. The first request starts the process.
        self._shown = Apart("efface-review-show")
        self._recent: list[Folder] = []
        self._recent_lock = threading.Lock()
        self._adding = threading.Lock()

    def add(self, job: Job) -> int:
        """Add a file at the end of the list, so that the numbers of the others stay.

        Returns its number.
        """
        with self._adding:
            self.folders.append(Folder(job))
            return len(self.folders) - 1

    def set_options(self, options: Options) -> None:
        """Open files and draw pictures with these options from now on."""
        self._options = options
        for folder in self.folders:
            if folder.pictures is not None:
                folder.pictures.set_options(options)

    def close(self) -> None:
        """Release all files."""
        for folder in self.folders:
            if folder.pictures is not None and not apart.APART:
                folder.pictures.close()
        self._shown.close()
        for folder in self.folders:
            if folder.document is not None:
                folder.document.close()

    def state(self, folder: Folder) -> State:
        """Return the state of the file."""
        work = folder.works.get("look")
        if folder.document is None and work is not None and work.is_going:
            return "looking"
        if folder.document is None:
            if (path := self._records.plan_beside(folder.job)) is None:
                return "new"
            return "rendered" if self._records.tells_of_copy(folder.job, path) else "review"
        if folder.is_rendered:
            return "rendered"
        return "accepted" if folder.document.plan.revised.approved else "review"

    def open(self, number: int) -> Folder:
        """Open a file, and read its plan if it has one. Raises EffaceError and IndexError."""
        if number < 0:
            raise IndexError(number)
        folder = self.folders[number]
        with folder.lock:
            if (
                folder.document is None
                and (path := self._records.plan_beside(folder.job)) is not None
            ):
                require_source(folder.job.source)
                self.read(folder, path)
        if folder.pictures is not None:
            self._remember(folder)
        return folder

    def warm(self) -> None:
        """Start the process that decodes pictures. That takes a second, while a browser starts."""
        self._shown.call(Path(), apart.ready)

    def thumbnail(self, folder: Folder) -> bytes:
        """Return a small picture of a file as it is, also before it has a plan. Raises
        EffaceError."""
        source = folder.job.source
        made: bytes = self._shown.call(source, apart.thumbnail_of, source, self._options)
        return made

    def _remember(self, folder: Folder) -> None:
        """Keep the pictures of the few files that were requested last."""
        with self._recent_lock:
            if folder in self._recent:
                self._recent.remove(folder)
            self._recent.append(folder)
            old = [self._recent.pop(0)] if len(self._recent) > MOST_HELD else []
        for other in old:
            if other.pictures is not None:
                other.pictures.forget()

    def read(self, folder: Folder, path: Path) -> None:
        """Open the plan and the pictures of a file.

        The caller holds the lock of the file. Raises EffaceError.
        """
        document = Document(folder.job.source, path)
        try:
            folder.pictures = PicturesApart(
                folder.job.source, document.plan, self._options, self._shown
            )
        except EffaceError:
            document.close()
            raise
        folder.document = document
        folder.recognise_copy()
