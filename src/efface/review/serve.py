"""Start the review server, report its address, and end it with the last tab or with Ctrl-C."""

from __future__ import annotations

import math
import socket
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from efface.files import writing
from efface.loopback import HOST
from efface.options import Options
from efface.pipeline.naming import Job
from efface.private_folders import private_folder, scratch
from efface.review.access_guard import Guard
from efface.review.app import Routes
from efface.review.event_broadcast import EventBroadcast
from efface.review.open_routes import OpenRoutes
from efface.review.opening import Opening
from efface.review.session import ReviewSession
from efface.review.settings_routes import SettingsRoutes
from efface.review.user_folders import cache_folder

GRACE_S = 4.0
"""Seconds without a tab before the server ends. A page that reloads is gone for a moment."""

ENTERING_S = 0.2
CLOSING_S = 3
"""Seconds for unfinished answers when the server ends."""


HEADER_S = 5.0
"""Maximum time for a connection to send a request that is admitted. A browser sends it at once."""

MOST_UNAUTHENTICATED = 64
"""Maximum number of connections that have shown no cookie yet.

One more closes the oldest, so they keep no browser out.
"""


class _Unauthenticated:
    """Connections whose owner is unknown: other users of this machine can connect as well."""

    def __init__(self) -> None:
        self._open: dict[Any, _Connection] = {}

    def add(self, connection: _Connection) -> None:
        self._open[connection.client] = connection
        if len(self._open) > MOST_UNAUTHENTICATED:
            self._open.pop(next(iter(self._open))).drop()

    def forget(self, client: Any) -> bool:
        """Remove the connection. Returns whether it was unknown until now."""
        return self._open.pop(tuple(client) if client else None, None) is not None

    def holds(self, connection: _Connection) -> bool:
        return self._open.get(connection.client) is connection


class _Connection(H11Protocol):
    """A connection that is closed if it sends nothing, an incomplete request, or nothing that is
    admitted."""

    unauthenticated: _Unauthenticated

    def connection_made(self, transport: Any) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self.unauthenticated.add(self)
        self.loop.call_later(HEADER_S, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if self.unauthenticated.holds(self):
            self.unauthenticated.forget(self.client)
        super().connection_lost(exc)

    def _check(self) -> None:
        """Close an unknown connection.

        A known one may stay, but it may not send a request piece by piece.
        """
        if self.transport.is_closing():
            return
        if self.unauthenticated.holds(self):
            self.unauthenticated.forget(self.client)
            self.drop()
            return
        is_half_sent = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        if is_half_sent and self._was_half_sent:
            self.drop()
            return
        self._was_half_sent = is_half_sent
        self.loop.call_later(HEADER_S, self._check)

    _was_half_sent = False

    def drop(self) -> None:
        """Close the connection at once."""
        self.transport.abort()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command line."""
        yield


class Running:
    """A server that answers. `url` admits one browser, once."""

    def __init__(
        self,
        session: ReviewSession,
        broadcast: EventBroadcast,
        server: _Server,
        guard: Guard,
        listener: socket.socket,
    ) -> None:
        self.session, self.broadcast, self.url = session, broadcast, guard.url
        self._server = server
        self._thread = threading.Thread(
            target=server.run, args=([listener],), name="efface-review-server", daemon=True
        )

    def start(self) -> None:
        """Start the server and return at once.

        The socket is already open, so an early browser only waits for a moment.
        """
        self._thread.start()

    def wait(self, first_tab_s: float = math.inf) -> None:
        """Wait until the last tab is closed and no rendering runs any more.

        Also end if no browser has come within first_tab_s.
        """
        latest = time.monotonic() + first_tab_s
        while self._thread.is_alive():
            self._thread.join(ENTERING_S)
            if time.monotonic() > latest and not self.broadcast.had_tab:
                return
            if self.broadcast.empty_for() > GRACE_S and not self.session.is_busy:
                return

    def stop(self) -> None:
        """End the server."""
        self.broadcast.end()
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(2 * CLOSING_S)
            if self._thread.is_alive():
                self._server.force_exit = True
                self._thread.join()


@contextmanager
def serving(jobs: Sequence[Job], options: Options, home: Path | None = None) -> Iterator[Running]:
    """Provide a server for these files, on a free port of this machine.

    home  the page may add files: dropped ones, and any below this folder. None: it may not.

    Raises OSError if there is no free port.
    """
    broadcast = EventBroadcast()
    with (
        scratch() as folder,
        _uploads(home) as uploads,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener,
    ):
        listener.bind((HOST, 0))
        listener.listen(128)
        session = ReviewSession(jobs, options, folder, broadcast.tell)
        unauthenticated = _Unauthenticated()
        more = []
        if home is not None and uploads is not None:
            tell = broadcast.tell
            more = OpenRoutes(Opening(session, uploads, home, tell)).routes()
            more += SettingsRoutes(session, tell).routes()
        app = Routes(session, broadcast, more).app()
        guard = Guard(app, listener.getsockname()[1], unauthenticated.forget)
        connection = type("_KnownConnection", (_Connection,), {"unauthenticated": unauthenticated})
        config = uvicorn.Config(
            guard,
            log_level="critical",
            access_log=False,
            log_config=None,
            lifespan="off",
            server_header=False,
            ws="none",
            date_header=False,
            timeout_graceful_shutdown=CLOSING_S,
            timeout_keep_alive=30,
            http=connection,
            loop="asyncio",
        )
        running = Running(session, broadcast, _Server(config), guard, listener)
        try:
            yield running
        finally:
            try:
                running.stop()
            finally:
                session.close()


@contextmanager
def _uploads(home: Path | None) -> Iterator[Path | None]:
    """Provide a private folder for dropped files if the page takes any."""
    if home is None:
        yield None
        return
    cache = cache_folder()
    with writing(cache):
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with private_folder(cache / "dropped") as folder:
        yield folder


def review(
    jobs: Sequence[Job],
    options: Options,
    *,
    browser: bool,
    say: Callable[[str], None],
    home: Path | None = None,
    first_tab_s: float = math.inf,
    reasons: Sequence[str] = (),
) -> None:
    """Serve until the last tab is closed. `browser`: open the page in a browser.

    home         as in `serving`.
    first_tab_s  as in `Running.wait`.
    reasons      from which a person chooses why a track is erased.
    """
    _raise_limit()
    with serving(jobs, options, home) as running:
        running.session.reasons = tuple(reasons)
        running.start()
        running.session.warm()
        say(running.url)
        if browser:
            webbrowser.open(running.url)
        running.wait(first_tab_s)


def _raise_limit() -> None:
    """Raise the limit of open files.

    Each plan under review is an open, locked file, and the usual limit is a thousand.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
