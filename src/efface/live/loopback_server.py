"""A small HTTP server on the loopback address, for viewers on this machine. It answers only GET.

A page from another machine, open in a browser on this one, could request this server's content
under a name of its own (DNS rebinding). So the server answers only requests to a loopback address
in digits, or to localhost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from efface.loopback import HOST, LoopbackGuard

MOST_VISITORS = 16
"""Maximum number of visitors at the same time."""

PATIENCE_S = 10.0
"""Seconds that a visitor may take nothing before it is disconnected."""

GUARD = LoopbackGuard()

Answer = tuple[int, str, bytes | Iterator[bytes]]
"""Status, content type, and content."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, place: tuple[str, int], answer: Callable[[str], Answer | None]) -> None:
        self.answer = answer
        self.visitors = threading.BoundedSemaphore(MOST_VISITORS)
        super().__init__(place, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error: a visitor has left."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE_S
    server_version, sys_version = "efface", ""

    def do_GET(self) -> None:
        """Answer if the request is for this machine and its path has an answer."""
        if not GUARD.is_own_host([self.headers.get("Host", "")]):
            self.send_error(403)
            return
        if not self.server.visitors.acquire(blocking=False):
            self.send_error(503)
            return
        try:
            self._give(self.server.answer(self.path.partition("?")[0]))
        finally:
            self.server.visitors.release()

    def _give(self, answer: Answer | None) -> None:
        if answer is None:
            self.send_error(404)
            return
        status, kind, content = answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if isinstance(content, bytes):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):  # the visitor has left
            for part in [content] if isinstance(content, bytes) else content:
                self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: requests of visitors are private."""


@contextmanager
def serving(port: int, answer: Callable[[str], Answer | None], host: str = HOST) -> Iterator[int]:
    """Answer requests for paths on that port inside the block; 0 takes a free port.

    Yields the port. Raises OSError.
    """
    server = _Server((host, port), answer)
    thread = threading.Thread(
        target=server.serve_forever,
        kwargs={"poll_interval": 0.2},
        name="efface-live-door",
        daemon=True,
    )
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
