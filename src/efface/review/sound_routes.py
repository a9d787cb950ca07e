"""The routes of a film's sound."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from efface.review.requests import asked_of
from efface.review.session import ReviewSession


class SoundRoutes:
    """Answers the requests about the sound of the files of one session."""

    def __init__(self, session: ReviewSession) -> None:
        self._session = session

    def routes(self) -> list[Route]:
        """Return the routes."""
        file = "/api/files/{file:int}"
        return [
            Route(file + "/wave", self.wave),
            Route(file + "/audio", self.audio, methods=["POST"]),
        ]

    async def wave(self, request: Request) -> Response:
        """Send a byte for each stretch of sound, and in a header how many milliseconds that is;
        nothing while they are not known."""
        folder = await run_in_threadpool(self._session.open, self._number(request))
        if folder.wave is None:
            return Response(status_code=204)
        data, step_ms = folder.wave
        headers = {"x-step-ms": f"{step_ms:g}"}
        return Response(data, media_type="application/octet-stream", headers=headers)

    async def audio(self, request: Request) -> Response:
        """Set what becomes of the sound in the copy."""
        number, asked = self._number(request), await asked_of(request)
        await run_in_threadpool(self._session.sound.choose, number, str(asked.get("audio")))
        return JSONResponse({})

    def _number(self, request: Request) -> int:
        number: int = request.path_params["file"]
        if number >= len(self._session.folders):
            raise HTTPException(404)
        return number
