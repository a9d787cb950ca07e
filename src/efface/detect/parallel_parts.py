"""Examine several parts of one picture at the same time.

Threads that share one run of a network wait for each other after every layer. Threads that examine
a part each do not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Part = TypeVar("Part")
Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Lanes:
    """Threads that examine parts of a picture.

    count  how many at the same time, the calling thread included.
    """

    count: int = 1

    def each(self, look: Callable[[Part], Seen], parts: Iterable[Part]) -> list[Seen]:
        """Return what `look` returns for each part, in order. Raises what it raises."""
        work = _Work(look, parts)
        # Daemon threads: a network that hangs must not keep the process alive.
        others = [
            threading.Thread(target=work.go, name="efface-lane", daemon=True)
            for _ in range(min(self.count, work.size) - 1)
        ]
        for thread in others:
            thread.start()
        work.go()
        for thread in others:
            thread.join()
        return work.results()


ALONE = Lanes()
"""The calling thread examines one part after the other."""


class _Work(Generic[Part, Seen]):
    """Parts that wait for a thread, and what was seen in the others."""

    def __init__(self, look: Callable[[Part], Seen], parts: Iterable[Part]) -> None:
        self._look = look
        self._waiting: SimpleQueue[tuple[int, Part]] = SimpleQueue()
        self._seen: dict[int, Seen] = {}
        self._error: BaseException | None = None
        self.size = 0
        for part in parts:
            self._waiting.put((self.size, part))
            self.size += 1

    def go(self) -> None:
        """Examine parts until none waits, or one failed."""
        while self._error is None:
            try:
                number, part = self._waiting.get_nowait()
            except Empty:
                return
            try:
                self._seen[number] = self._look(part)
            except BaseException as e:  # raised in the calling thread
                self._error = e

    def results(self) -> list[Seen]:
        """Return what was seen, in the order of the parts."""
        if self._error is not None:
            raise self._error
        return [self._seen[number] for number in range(self.size)]
