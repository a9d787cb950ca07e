"""One review: its files, the work that runs on them, and the actions available to a person."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from efface.errors import EffaceError
from efface.options import Options
from efface.pipeline.naming import Job
from efface.review import apart
from efface.review.actions import Actions
from efface.review.file_registry import FileRegistry, Folder, State
from efface.review.running_work import Tell, WorkRunner, without_folders
from efface.review.settings_preview import telling_frame
from efface.review.sound_actions import SoundActions


class ReviewSession(Actions):
    """All files, and the actions on them. `scratch` is a private folder for the browser's files."""

    def __init__(self, jobs: Sequence[Job], options: Options, scratch: Path, tell: Tell) -> None:
        registry = FileRegistry(jobs, options)
        super().__init__(registry, WorkRunner(registry, tell), options, scratch, tell)
        self.folders = registry.folders
        self.sound = SoundActions(
            registry,
            self._works,
            lambda: self.options,
            lambda n, edits: self.change(n, None, edits),
        )
        self._order: list[int] = []

    def close(self) -> None:
        """Cancel all work, and release all files."""
        self._works.close()
        self._registry.close()

    def warm(self) -> None:
        """Start what pictures need, and open a single file early: hashing a large one takes a
        second, while a browser starts."""
        self._works.light.submit(self._registry.warm)
        if len(self.folders) == 1:
            # The request that opens the file meets the same error again.
            self._works.light.submit(lambda: self._opened_early(0))

    def _opened_early(self, number: int) -> None:
        with suppress(EffaceError):
            self.open(number)

    @property
    def is_paused(self) -> bool:
        """Return whether a person paused what waits."""
        return self._works.heavy.is_paused

    def pause(self, *, is_paused: bool) -> None:
        """Hold what runs, and begin no further file; or go on."""
        self._works.pause(is_paused=is_paused)

    @property
    def order(self) -> list[int]:
        """Return the numbers of all files, in the order that a person chose."""
        chosen = set(self._order)
        return [*self._order, *(n for n in range(len(self.folders)) if n not in chosen)]

    def set_order(self, order: Sequence[int]) -> None:
        """List files in this order, and do what waits in it. Raises ValueError."""
        if len(set(order)) != len(order) or not all(0 <= n < len(self.folders) for n in order):
            raise ValueError("an order names files of the list, each once")
        self._order = list(order)
        self._works.sort(self.order)

    def redact_all(self, asked: Sequence[tuple[int, bool]]) -> list[tuple[int, str]]:
        """Redact files in this order. Returns numbers and messages of those that cannot be begun.

        asked  number of each file, and whether its copy may be replaced.
        """
        refused = []
        for number, overwrite in asked:
            try:
                self.redact(number, overwrite=overwrite)
            except EffaceError as e:
                refused.append((number, without_folders(str(e), self.folders[number].job)))
        self._works.sort(self.order)
        return refused

    def cancel_all(self, numbers: Sequence[int]) -> None:
        """Stop looking and rendering of these files, and take back what waits, the last first."""
        for number in reversed(numbers):
            for kind in ("render", "look"):
                self._works.cancel(number, kind, tells=False)

    @property
    def is_busy(self) -> bool:
        """Return whether a rendering runs, which should not end with the last tab.

        What is paused would wait for ever.
        """
        return not self.is_paused and any(
            work.kind == "render" and work.is_going
            for folder in self.folders
            for work in folder.works.values()
        )

    def state(self, folder: Folder) -> State:
        """See `FileRegistry.state`."""
        return self._registry.state(folder)

    def add(self, job: Job) -> int:
        """See `FileRegistry.add`."""
        return self._registry.add(job)

    def set_options(self, options: Options) -> None:
        """Begin work with these options from now on; what is queued keeps its own."""
        self.options = options
        self._registry.set_options(options)

    def open(self, number: int) -> Folder:
        """See `FileRegistry.open`."""
        return self._registry.open(number)

    def preview(self, number: int, side: int) -> tuple[bytes, int]:
        """Return a JPEG of a telling frame as efface would erase it with the options of now, and
        how many areas are erased in it. Raises EffaceError."""
        folder = self.open(number)
        plan = None if folder.document is None else folder.document.plan
        source, pts = folder.job.source, [] if plan is None else plan.timeline.pts.tolist()
        found: tuple[bytes, int] = self._works.light.call(
            source, apart.previewed, source, self.options, telling_frame(plan), pts, side,
            tell=lambda event: None,
        )  # fmt: skip
        return found

    def thumbnail(self, number: int) -> bytes:
        """See `FileRegistry.thumbnail`."""
        return self._registry.thumbnail(self.folders[number])

    def cancel(self, number: int, kind: str) -> None:
        """See `WorkRunner.cancel`."""
        self._works.cancel(number, kind)
