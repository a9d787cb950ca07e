"""A lane of work: one piece at a time, in a thread, which decodes in a process of its own.

What waits can be put into another order, taken back, and held while a person pauses. The piece that
runs holds, too, where it next reports its progress.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from efface.events import Listener
from efface.review.apart import Apart


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A piece of work that waits. `about` is the number of its file; -1 if it is about none."""

    run: Callable[[], object]
    about: int = -1
    token: object = None


class Lane:
    """A thread, and a process in which it decodes files. The first piece starts both."""

    def __init__(self, name: str) -> None:
        self._name, self._process = name, Apart(name)
        self._waiting: list[Waiting] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_over = self.is_paused = False

    def submit(self, run: Callable[[], object], about: int = -1, token: object = None) -> None:
        """Call the function in the thread, after everything that waits already.

        token  stands for the piece of work, see `take_back`.
        """
        with self._changed:
            if self._is_over:
                return
            self._waiting.append(Waiting(run, about, token))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def take_back(self, token: object) -> bool:
        """Remove a piece of work that waits. Returns False if it does not wait."""
        with self._changed:
            before = len(self._waiting)
            self._waiting = [w for w in self._waiting if w.token is not token]
            self._changed.notify_all()  # the piece that runs may have been cancelled while it holds
            return len(self._waiting) < before

    def sort(self, rank: Callable[[int], int]) -> None:
        """Order what waits by the rank of its file. Pieces of one file keep their order."""
        with self._changed:
            self._waiting.sort(key=lambda w: rank(w.about))

    def pause(self, *, is_paused: bool) -> None:
        """Begin no further piece, and hold the one that runs; or go on."""
        with self._changed:
            self.is_paused = is_paused
            self._changed.notify_all()

    def hold(self, is_over: Callable[[], bool]) -> None:
        """Wait in the piece that runs while the lane is paused.

        is_over  the piece was cancelled, and does not wait any longer.
        """
        with self._changed:
            while self.is_paused and not self._is_over and not is_over():
                self._changed.wait()

    def _work(self) -> None:
        while (piece := self._next()) is not None:
            with suppress(Exception):  # work reports its own errors; the next piece is not to blame
                piece.run()

    def _next(self) -> Waiting | None:
        with self._changed:
            while not self._is_over and (self.is_paused or not self._waiting):
                self._changed.wait()
            return None if self._is_over else self._waiting.pop(0)

    def call(
        self, about: Path, function: Callable[..., Any], *arguments: Any, tell: Listener
    ) -> Any:
        """See `Apart.call`."""
        return self._process.call(about, function, *arguments, tell=tell)

    def stop(self) -> None:
        """Stop the current work, and drop the work that waits."""
        with self._changed:
            self._is_over = True
            self._waiting.clear()
            self._changed.notify_all()
        self._process.stop()
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """End the process."""
        self._process.close()
