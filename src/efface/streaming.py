"""Read ahead in a thread, with a bound.

Decoding, detecting and encoding release the interpreter's lock, so the stages can work at the same
time.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


MOST_AHEAD = 4
PIXELS_AHEAD = 1 << 24
"""17 million pixels: two frames of 4K, one of anything larger. Four large pages at a time would
fill the memory."""


def frames_ahead(size_wh: tuple[int, int]) -> int:
    """Return how many frames of that size to work ahead."""
    return max(1, min(MOST_AHEAD, PIXELS_AHEAD // (size_wh[0] * size_wh[1])))


class _End(Generic[T]):
    """The last entry in the queue; carries the producer's exception, if any."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


@contextmanager
def prefetched(items: Iterable[T], depth: int) -> Iterator[Iterator[T]]:
    """Yield the same items, made up to `depth` ahead by a thread.

    The reader gets the thread's exception. The thread is joined on leaving.
    """
    ahead = _Ahead(items, depth)
    thread = threading.Thread(target=ahead.produce, name="efface-prefetch", daemon=True)
    thread.start()
    try:
        yield ahead.consume()
    finally:
        ahead.stop.set()
        thread.join()


class _Ahead(Generic[T]):
    """The items between the thread that makes them and their reader."""

    def __init__(self, items: Iterable[T], depth: int) -> None:
        self._items = items
        self._waiting: queue.Queue[T | _End[T]] = queue.Queue(depth)
        self.stop = threading.Event()

    def produce(self) -> None:
        """Put the items on the queue until `stop` is set, and then the end."""
        error: BaseException | None = None
        source: Iterator[T] | None = None
        try:
            source = iter(self._items)
            for item in source:
                if not self._put(item):
                    break
        except BaseException as e:  # passed on to the reader
            error = e
        finally:
            close = getattr(source, "close", None)
            if close is not None:  # the thread that runs a generator must close it
                close()
        self._put(_End(error))

    def consume(self) -> Iterator[T]:
        """Yield the items, and raise the producer's exception."""
        while True:
            item = self._waiting.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item

    def _put(self, item: T | _End[T]) -> bool:
        while not self.stop.is_set():
            try:
                self._waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False
