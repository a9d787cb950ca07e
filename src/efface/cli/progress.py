"""Shows progress on stderr: bars with the time left on a terminal, nothing in a script."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from efface.errors import printable
from efface.events import Event, Listener

WORDS = {"look": "looking", "render": "erasing", "check": "checking"}


class Display:
    """One bar for each file in progress, and one for all files if there are several.

    A single file has a bar for each stage.
    """

    def __init__(self, console: Console, files: int, *, is_quiet: bool = False) -> None:
        # Do not ask the console: many CI services set FORCE_COLOR, and then it takes a pipe for a
        # terminal.
        self._is_terminal = sys.stderr is not None and sys.stderr.isatty() and not is_quiet
        self._is_shown = False
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not self._is_terminal,
        )
        self._all: TaskID | None = (
            self._progress.add_task("files", total=files) if files > 1 else None
        )

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the bars inside the block, and remove them after it."""
        with self._progress:
            self._is_shown = self._is_terminal
            try:
                yield
            finally:
                self._is_shown = False

    def say(self, text: str) -> None:
        """Print a result on stdout, above the bars."""
        if self._is_shown:
            self._progress.stop()
        try:
            click.echo(text)
        except OSError:  # the reader of stdout is gone, or its disk is full; the work goes on
            sys.stdout = sys.stderr
            click.echo(text)
        if self._is_shown:
            self._progress.start()

    @contextmanager
    def file(self, name: str) -> Iterator[Listener]:
        """Yield a listener for the progress of one file."""
        tasks: dict[str, TaskID] = {}
        key, stage = "", ""

        def listen(event: Event) -> None:
            nonlocal key, stage
            if event.stage != stage:
                stage = event.stage
                words = f"{printable(name)}: {WORDS.get(stage, stage)}"
                key = stage if self._all is None else ""
                if key in tasks:
                    self._progress.reset(tasks[key], description=words, total=event.total)
                else:
                    tasks[key] = self._progress.add_task(words, total=event.total)
            self._progress.update(tasks[key], completed=event.done, total=event.total)

        try:
            yield listen
        finally:
            for task in tasks.values():
                self._progress.remove_task(task)
            if self._all is not None:
                self._progress.advance(self._all)
