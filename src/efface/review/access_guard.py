"""Guard the review server: only the browser that was given its address may talk to it.

The page of any other site, open in the same browser, can send requests to this machine. So each
request must name the right host (otherwise any name that resolves to this machine would do, as in
DNS rebinding). It must come from efface's own page. And it must carry a cookie that efface gives
only to the holder of the token in the opened address. The token works once.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from efface.loopback import LoopbackGuard

MOST_BODY = 16 << 20
"""Maximum size of a request, in bytes. A hand-drawn track of an hour has half of that."""

ENTRANCE = "/open/"

UPLOAD = re.compile("/api/uploads/[0-9]{1,9}")
"""Where pieces of dropped files are sent. They alone are bytes and not JSON.

A form cannot send this content type, and a script of another site has to ask first, which is
refused.
"""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)

HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
    "Cache-Control": "no-store",
}
"""Headers of every answer that has no stricter ones.

The browser must not write what it shows to its disk cache.
"""


class Guard:
    """Checks each request before the application sees it. `token` admits one browser, once."""

    def __init__(
        self, app: ASGIApp, port: int, admitted: Callable[[Any], object] = lambda client: None
    ) -> None:
        """`admitted` receives the address of each connection whose request was admitted."""
        self._app, self._port, self._admitted = app, port, admitted
        self._loopback = LoopbackGuard(port)
        self.token = secrets.token_urlsafe(32)
        self._is_used = False
        self._session = secrets.token_urlsafe(32)

    @property
    def url(self) -> str:
        """Return the address to open."""
        return f"{self._loopback.origin}{ENTRANCE}{self.token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # refuse web sockets by closing them
        refusal = self._refusal(scope)
        if refusal is None and scope["path"].startswith(ENTRANCE):
            refusal = self._entered(scope["path"].removeprefix(ENTRANCE))
        if refusal is not None:
            if refusal.status_code < 400:
                self._admitted(scope.get("client"))
            await refusal(scope, receive, _with_headers(send))
            return
        self._admitted(scope.get("client"))
        await self._app(scope, _bounded(receive), _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to a request that must be refused; None if it may pass."""
        headers, loopback = Headers(scope=scope), self._loopback
        if not loopback.is_own_host(headers.getlist("host")):
            return _refused(421, "This server answers under its own address only.")
        is_reading = scope["method"] in ("GET", "HEAD")
        if not loopback.is_own_origin(headers.getlist("origin"), is_reading=is_reading):
            return _refused(403, "The request comes from another page.")
        is_entrance = scope["path"].startswith(ENTRANCE)
        # A link in a mail or a chat is "cross-site". With the right token it may enter, and it may
        # do nothing else.
        is_from_here = loopback.is_own_site(
            headers.getlist("sec-fetch-site"), is_reading=is_reading
        )
        if not is_from_here and not (is_entrance and is_reading):
            return _refused(403, "The request comes from another site.")
        is_piece = scope["method"] == "PUT" and UPLOAD.fullmatch(scope["path"]) is not None
        kind = "application/octet-stream" if is_piece else "application/json"
        if not is_reading and headers.get("content-type", "").partition(";")[0].strip() != kind:
            return _refused(415, "Requests that change something are JSON.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:12]) > MOST_BODY:
            return _refused(413, "The request is too large.")
        if not is_entrance and not self._knows(headers):
            return _refused(
                403,
                "Open the address that efface printed. It works once; start efface review "
                "again for another.",
            )
        return None

    def _knows(self, headers: Headers) -> bool:
        jar = SimpleCookie()
        try:
            for line in headers.getlist("cookie"):
                jar.load(line[:8192])
        except CookieError:
            return False
        found = jar.get(self._cookie)
        return found is not None and hmac.compare_digest(
            found.value.encode(), self._session.encode()
        )

    @property
    def _cookie(self) -> str:
        return f"efface-{self._port}"  # browsers send cookies to every port of a host

    def _entered(self, token: str) -> Response:
        if self._is_used or not hmac.compare_digest(token.encode(), self.token.encode()):
            return _refused(403, "This address was used already, or never was one.")
        self._is_used = True
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, self._session, httponly=True, samesite="strict", path="/")
        return answer


def _refused(status: int, why: str) -> Response:
    return PlainTextResponse(why + "\n", status)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


class TooLarge(Exception):
    """The body of a request is too long."""


def _bounded(receive: Receive) -> Receive:
    """Stop reading a body that is too long, whatever its header said. Raises TooLarge."""
    read = 0

    async def receiving() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > MOST_BODY:
            raise TooLarge
        return message

    return receiving
