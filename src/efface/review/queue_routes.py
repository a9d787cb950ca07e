"""The routes by which the page works on many files at once: their order, a pause, all of them."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from efface.review.requests import asked_of
from efface.review.running_work import Tell
from efface.review.session import ReviewSession


class QueueRoutes:
    """Answers the requests about all files."""

    def __init__(self, session: ReviewSession, tell: Tell) -> None:
        self._session, self._tell = session, tell

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/queue", self.arrange, methods=["POST"]),
            Route("/api/queue/redact", self.redact, methods=["POST"]),
            Route("/api/queue/cancel", self.cancel, methods=["POST"]),
        ]

    async def arrange(self, request: Request) -> Response:
        """Put the files into another order, pause what waits, or go on."""
        asked, session = await asked_of(request), self._session
        is_paused = asked.get("paused")
        if "order" in asked:
            await run_in_threadpool(session.set_order, self._numbers(asked["order"]))
        elif isinstance(is_paused, bool):
            await run_in_threadpool(lambda: session.pause(is_paused=is_paused))
        else:
            raise ValueError("an order is a list of files, and a pause is on or off")
        self._tell({"event": "files"})
        return JSONResponse({"order": session.order, "paused": session.is_paused})

    async def redact(self, request: Request) -> Response:
        """Find, erase and check these files, one after the other."""
        asked = await asked_of(request)
        numbers = self._numbers(asked.get("files"))
        replaced = set(self._numbers(asked.get("overwrite", [])))
        wanted = [(n, n in replaced) for n in numbers]
        refused = await run_in_threadpool(self._session.redact_all, wanted)
        self._tell({"event": "files"})
        return JSONResponse({"refused": [{"file": n, "why": why} for n, why in refused]}, 202)

    async def cancel(self, request: Request) -> Response:
        """Stop work on these files, and take back what waits."""
        numbers = self._numbers((await asked_of(request)).get("files"))
        await run_in_threadpool(self._session.cancel_all, numbers)
        self._tell({"event": "files"})
        return JSONResponse({})

    def _numbers(self, asked: Any) -> list[int]:
        """Return numbers of files, each once. Raises ValueError."""
        if not isinstance(asked, list) or not all(type(n) is int for n in asked):
            raise ValueError("files are named by their numbers")
        if len(set(asked)) != len(asked) or not all(
            0 <= n < len(self._session.folders) for n in asked
        ):
            raise ValueError("each number is that of a file, and comes once")
        return asked
