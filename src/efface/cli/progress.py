"""Progress on stderr: a bar with the time left on a terminal, nothing in a script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from efface.errors import printable
from efface.events import Event, Listener

WORDS = {"look": "looking", "render": "erasing", "check": "checking"}


class Display:
    """One line for the file in hand, and with several files one for all."""

    def __init__(self, console: Console, files: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._all: TaskID | None = self._progress.add_task("files", total=files) if files > 1 else None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The bars are on the screen inside the block, and gone after it."""
        with self._progress:
            yield

    def say(self, text: str) -> None:
        """A result, on stdout, above the bars."""
        self._progress.stop() if self._progress.console.is_terminal else None
        click.echo(text)
        self._progress.start() if self._progress.console.is_terminal else None

    @contextmanager
    def file(self, name: str) -> Iterator[Listener]:
        """A listener for one file."""
        tasks: dict[str, TaskID] = {}

        def listen(event: Event) -> None:
            if event.stage not in tasks:
                words = f"{printable(name)}: {WORDS.get(event.stage, event.stage)}"
                tasks[event.stage] = self._progress.add_task(words, total=event.total)
            self._progress.update(tasks[event.stage], completed=event.done, total=event.total)

        try:
            yield listen
        finally:
            for task in tasks.values():
                self._progress.remove_task(task)
            if self._all is not None:
                self._progress.advance(self._all)
