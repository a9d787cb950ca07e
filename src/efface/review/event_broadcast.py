"""Send every event to every open tab."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DEPTH = 1000
"""Maximum number of events that wait for a sleeping tab.

A tab that missed some loads the page again.
"""


class EventBroadcast:
    """Sends events from any thread to all tabs, and measures how long no tab has been open."""

    def __init__(self) -> None:
        self._tabs: set[asyncio.Queue[dict[str, Any]]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._empty_since: float | None = None
        self.is_over = self.had_tab = False

    def tell(self, event: dict[str, Any]) -> None:
        """Send the event to every tab."""
        with self._lock:
            loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._spread, event)

    def _spread(self, event: dict[str, Any]) -> None:
        for queue in self._tabs:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[dict[str, Any]]]:
        """Listen as a tab inside the block. Call this in the server's event loop."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(DEPTH)
        with self._lock:
            self._loop = asyncio.get_running_loop()
            self._empty_since = None
        self._tabs.add(queue)
        self.had_tab = True
        try:
            yield queue
        finally:
            self._tabs.discard(queue)
            if not self._tabs:
                self._empty_since = time.monotonic()

    def end(self) -> None:
        """Release every listener."""
        self.is_over = True
        self.tell({"event": "end"})

    def empty_for(self) -> float:
        """Return the seconds since the last tab was closed; 0 while a tab is open, and before the
        first one."""
        since = self._empty_since
        return time.monotonic() - since if since is not None and not self._tabs else 0.0
