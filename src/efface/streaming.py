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
PIXELS_AHEAD = 1 << 25
"""33 million pixels: four frames of 4K, one of anything larger. Four large pages at a time would
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
    waiting: queue.Queue[T | _End[T]] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: T | _End[T]) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        error: BaseException | None = None
        source: Iterator[T] | None = None
        try:
            source = iter(items)
            for item in source:
                if not put(item):
                    break
        except BaseException as e:  # passed on to the reader
            error = e
        finally:
            close = getattr(source, "close", None)
            if close is not None:  # the thread that runs a generator must close it
                close()
        put(_End(error))

    def consume() -> Iterator[T]:
        while True:
            item = waiting.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item

    thread = threading.Thread(target=produce, name="efface-prefetch", daemon=True)
    thread.start()
    try:
        yield consume()
    finally:
        stop.set()
        thread.join()
