"""The routes by which the page reads and changes its settings."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from efface.errors import BadPresets
from efface.preset_file import delete_preset, save_preset
from efface.presets import own_presets
from efface.review import page_settings
from efface.review.requests import asked_of
from efface.review.running_work import Tell
from efface.review.session import ReviewSession

MOST_NAME = 1000
"""Maximum length of a name in a request, in characters. That of a preset is shorter."""

PREVIEW_SIDE = 960
"""Longer side of the picture on which settings are tried, in pixels."""


class SettingsRoutes:
    """Answers the requests about settings."""

    def __init__(self, session: ReviewSession, tell: Tell) -> None:
        self._session, self._tell = session, tell

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/settings", self.described),
            Route("/api/settings", self.change, methods=["POST"]),
            Route("/api/presets/save", self.save, methods=["POST"]),
            Route("/api/presets/delete", self.delete, methods=["POST"]),
            Route("/api/files/{file:int}/preview", self.preview),
        ]

    async def described(self, request: Request) -> Response:
        """Send the settings, their values and the presets."""
        return await self._described()

    async def _described(self) -> Response:
        return JSONResponse(await run_in_threadpool(self._now))

    def _now(self) -> dict[str, Any]:
        options = self._session.options
        try:
            return page_settings.described(options, own_presets())
        except BadPresets as e:
            return page_settings.described(options, wrong=str(e))

    async def change(self, request: Request) -> Response:
        """Change settings: for work that begins from now on, and for pictures."""
        values = (await asked_of(request)).get("values")
        if not isinstance(values, dict):
            raise ValueError("settings have values by name")
        options = page_settings.changed(self._session.options, values)
        await run_in_threadpool(self._session.set_options, options)
        self._tell({"event": "settings"})
        return await self._described()

    async def save(self, request: Request) -> Response:
        """Save the settings of now as a preset, in the file that the command line reads."""
        asked = await asked_of(request)
        values, overwrite = page_settings.to_save(self._session.options), asked.get("overwrite")
        await run_in_threadpool(save_preset, _name_in(asked), values, overwrite=overwrite is True)
        return await self._changed()

    async def delete(self, request: Request) -> Response:
        """Delete a person's own preset."""
        await run_in_threadpool(delete_preset, _name_in(await asked_of(request)))
        return await self._changed()

    async def _changed(self) -> Response:
        self._tell({"event": "settings"})
        return await self._described()

    async def preview(self, request: Request) -> Response:
        """Send a picture of a file as efface would erase it with the settings of now."""
        number: int = request.path_params["file"]
        if number >= len(self._session.folders):
            raise HTTPException(404)
        data, areas = await run_in_threadpool(self._session.preview, number, PREVIEW_SIDE)
        headers = {"x-areas": str(areas)}
        return Response(data, media_type="image/jpeg", headers=headers)


def _name_in(asked: dict[str, Any]) -> str:
    name = asked.get("name")
    if not isinstance(name, str) or len(name) > MOST_NAME:
        raise ValueError("a preset has a name")
    return name
