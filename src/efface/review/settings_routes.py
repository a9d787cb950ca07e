"""The routes by which the page reads and changes its settings."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from efface.review import page_settings
from efface.review.app import asked_of
from efface.review.running_work import Tell
from efface.review.session import ReviewSession


class SettingsRoutes:
    """Answers the requests about settings."""

    def __init__(self, session: ReviewSession, tell: Tell) -> None:
        self._session, self._tell = session, tell

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/settings", self.described),
            Route("/api/settings", self.change, methods=["POST"]),
        ]

    async def described(self, request: Request) -> Response:
        """Send the settings, their values and the presets."""
        return JSONResponse(page_settings.described(self._session.options))

    async def change(self, request: Request) -> Response:
        """Change settings: for work that begins from now on, and for pictures."""
        values = (await asked_of(request)).get("values")
        if not isinstance(values, dict):
            raise ValueError("settings have values by name")
        options = page_settings.changed(self._session.options, values)
        await run_in_threadpool(self._session.set_options, options)
        self._tell({"event": "settings"})
        return JSONResponse(page_settings.described(options))
