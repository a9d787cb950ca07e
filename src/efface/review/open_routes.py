"""The routes by which the page adds files. A review of named files does not have them."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from efface.review.opening import Opening
from efface.review.requests import asked_of
from efface.review.uploads import Upload

MOST_NAME = 4096
"""Maximum length of a dropped file's name, with its folders, in characters."""

WRITTEN_BYTES = 1 << 20
"""A piece is written whenever this much of it has come. The server never holds more of a file."""

MOST_CHOSEN = 1000
MOST_DEPTH = 100
"""Maximum number of files that are chosen at once, and of parts of a path."""


class OpenRoutes:
    """Answers the requests that add files."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening

    def routes(self) -> list[Route]:
        """Return the routes."""
        upload = "/api/uploads/{upload:int}"
        return [
            Route("/api/uploads", self.begin, methods=["POST"]),
            Route(upload, self.piece, methods=["PUT"]),
            Route(upload + "/end", self.end, methods=["POST"]),
            Route(upload + "/drop", self.drop, methods=["POST"]),
            Route("/api/folder", self.folder, methods=["POST"]),
            Route("/api/choose", self.choose, methods=["POST"]),
            Route("/api/recent", self.recent),
            Route("/api/recent", self.set_recent, methods=["POST"]),
            Route("/api/recent/open", self.open_recent, methods=["POST"]),
            Route("/api/copies", self.copies),
            Route("/api/copies", self.set_copies, methods=["POST"]),
        ]

    async def begin(self, request: Request) -> Response:
        """Prepare for a dropped file."""
        asked = await asked_of(request)
        name, size = asked.get("name"), asked.get("size")
        if not isinstance(name, str) or len(name) > MOST_NAME or type(size) is not int:
            raise ValueError("a dropped file has a name and a size")
        upload = await run_in_threadpool(self._opening.begin, name, size)
        return JSONResponse({"upload": upload.number, "name": str(upload.name)}, 201)

    async def piece(self, request: Request) -> Response:
        """Write a piece to the disk as it arrives."""
        upload, text = self._upload(request), request.query_params.get("offset", "")
        if not (text.isascii() and text.isdecimal() and len(text) < 20):
            raise ValueError("the offset is not a whole number")
        offset, gathered = int(text), bytearray()
        try:
            async for part in request.stream():
                gathered += part
                if len(gathered) >= WRITTEN_BYTES:
                    offset = await self._written(upload, offset, gathered)
        except ClientDisconnect:
            return Response(status_code=400)
        return JSONResponse({"written": await self._written(upload, offset, gathered)})

    async def _written(self, upload: Upload, offset: int, gathered: bytearray) -> int:
        """Write what was gathered, and forget it. Returns the new end of the file."""
        piece = bytes(gathered)
        gathered.clear()
        await run_in_threadpool(self._opening.uploads.append, upload, offset, piece)
        return offset + len(piece)

    async def end(self, request: Request) -> Response:
        """Add a file that has arrived whole."""
        number = await run_in_threadpool(self._opening.finish, self._upload(request))
        return JSONResponse({"file": number}, 201)

    async def drop(self, request: Request) -> Response:
        """Delete a file that is on its way."""
        await run_in_threadpool(self._opening.uploads.drop, self._upload(request))
        return JSONResponse({})

    def _upload(self, request: Request) -> Upload:
        try:
            return self._opening.uploads.find(request.path_params["upload"])
        except LookupError as e:
            raise HTTPException(404) from e

    async def folder(self, request: Request) -> Response:
        """List a folder below the user's home."""
        parts = _parts((await asked_of(request)).get("path"))
        try:
            return JSONResponse(await run_in_threadpool(self._opening.folders.listed, parts))
        except OSError as e:
            raise ValueError("the folder cannot be listed") from e

    async def choose(self, request: Request) -> Response:
        """Add files and folders below the user's home, in place."""
        asked = (await asked_of(request)).get("paths")
        if not isinstance(asked, list) or not 0 < len(asked) <= MOST_CHOSEN:
            raise ValueError("choose between one and a thousand files or folders")
        return JSONResponse(await run_in_threadpool(self._chosen, asked))

    def _chosen(self, asked: list[Any]) -> dict[str, Any]:
        opening = self._opening
        return opening.add_in_place([opening.folders.path(_parts(p)) for p in asked])

    async def recent(self, request: Request) -> Response:
        """Send the list of recent work, if there is one."""
        return JSONResponse(await run_in_threadpool(self._recent))

    def _recent(self) -> dict[str, Any]:
        recent = self._opening.recent
        where = self._opening.folders.shown(recent.path)
        return {"on": recent.is_on, "file": where, "items": recent.listed()}

    async def set_recent(self, request: Request) -> Response:
        """Keep a list of recent work, keep none, or clear it."""
        asked, recent = await asked_of(request), self._opening.recent
        if asked.get("clear") is True:
            await run_in_threadpool(recent.clear)
        elif isinstance(asked.get("on"), bool):
            await run_in_threadpool(lambda: recent.switch(is_on=asked["on"]))
        else:
            raise ValueError("say whether a list is kept")
        return JSONResponse(await run_in_threadpool(self._recent))

    async def open_recent(self, request: Request) -> Response:
        """Add a file or folder of the list, in place."""
        identity, opening = str((await asked_of(request)).get("id")), self._opening

        def opened() -> dict[str, Any]:
            return opening.add_in_place([opening.recent.find(identity)])

        return JSONResponse(await run_in_threadpool(opened))

    async def copies(self, request: Request) -> Response:
        """Say where copies go."""
        return JSONResponse(self._opening.chosen_copies())

    async def set_copies(self, request: Request) -> Response:
        """Choose a folder below the user's home for copies, or none, and what their names get."""
        asked = await asked_of(request)
        path = None if asked.get("path") is None else _parts(asked["path"])
        copies = await run_in_threadpool(self._opening.copies_of, path, asked.get("mark"))
        await run_in_threadpool(self._opening.set_copies, copies)
        return JSONResponse(self._opening.chosen_copies())


def _parts(path: Any) -> list[Any]:
    if not isinstance(path, list) or len(path) > MOST_DEPTH:
        raise ValueError("a path is a list of names")
    return path
