"""The routes. Requests name files by their place in the list, never by a name or a path."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from efface.detections import KINDS
from efface.errors import EffaceError, printable
from efface.geometry import Box
from efface.planning.plan import Plan
from efface.review import api_models, finished_copy, show_in_folder, track_summary
from efface.review.access_guard import TooLarge
from efface.review.document import Conflict
from efface.review.event_broadcast import EventBroadcast
from efface.review.file_registry import Folder
from efface.review.queue_routes import QueueRoutes
from efface.review.requests import asked_of
from efface.review.running_work import without_folders
from efface.review.session import ReviewSession
from efface.review.session_report import REPORT_POLICY, report_of
from efface.review.settings_preview import THUMB_SIDE, telling_frame
from efface.review.sound_routes import SoundRoutes
from efface.version import VERSION

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PRELOADS = b"<!-- every script -->\n"
"""Stands in the page where efface names its scripts."""

EARLY = "early.js"
"""The script that runs before the others have arrived."""

ONE_RANGE = re.compile(rb"bytes=([0-9]+-[0-9]*|-[0-9]+)")
"""Range requests of players.

As RFC 9110 allows, efface ignores any other Range header and sends the whole file.
"""

BEAT_S = 2.0
"""After this long without an event, efface sends one. Sending also shows which tabs have gone."""


def page_files() -> dict[str, tuple[bytes, str]]:
    """Return content and type of the page's files by name.

    They are read once, so no request can name a path.
    """
    folder = files("efface.review") / "page"
    named = [p for p in folder.iterdir() if Path(p.name).suffix in TYPES]
    found = {p.name: (p.read_bytes(), TYPES[Path(p.name).suffix]) for p in named}
    page, kind = found["index.html"]
    # Scripts import each other: without this the browser learns of each one only from another.
    scripts = sorted(name for name in found if name.endswith(".js") and name != EARLY)
    links = "".join(f'<link rel="modulepreload" href="/static/{name}">\n' for name in scripts)
    return found | {"index.html": (page.replace(PRELOADS, links.encode()), kind)}


class Video(FileResponse):
    """Sends a file, or the one range of it that was requested."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name != b"range" or ONE_RANGE.fullmatch(value)
        ]
        await super().__call__({**scope, "headers": headers}, receive, send)


class Routes:
    """Answers the requests of one session."""

    def __init__(
        self, session: ReviewSession, broadcast: EventBroadcast, more: Sequence[Route] = ()
    ) -> None:
        """`more` are the routes by which files may be added; none where that is not offered."""
        self._session, self._broadcast, self._page = session, broadcast, page_files()
        self._more = more

    def app(self) -> Starlette:
        """Return the application, without its guard."""
        file = "/api/files/{file:int}"
        routes = [
            Route("/", self.index),
            Route("/static/{name}", self.static),
            Route("/api/files", self.listed),
            *QueueRoutes(self._session, self._broadcast.tell).routes(),
            *SoundRoutes(self._session).routes(),
            Route("/api/events", self.events),
            Route(file, self.document),
            Route(file + "/thumb", self.thumb),
            Route(file + "/boxes", self.boxes),
            Route(file + "/frame/{frame:int}", self.frame),
            Route(file + "/near/{frame:int}", self.near),
            Route(file + "/tracks", self.tracks),
            Route(file + "/crop/{frame:int}", self.crop),
            Route(file + "/video", self.video),
            Route(file + "/result", self.result),
            Route(file + "/show", self.show, methods=["POST"]),
            Route(file + "/report", self.report),
            Route(file + "/edits", self.edits, methods=["POST"]),
            Route(file + "/jobs/{kind}", self.work, methods=["POST"]),
            *self._more,
        ]
        return Starlette(routes=routes, exception_handlers={**ANSWERS, EffaceError: self.failed})

    async def failed(self, request: Request, error: Exception) -> Response:
        """Say what went wrong, with the name of the file instead of its path."""
        said, number = str(error), request.path_params.get("file")
        if isinstance(number, int) and number < len(self._session.folders):
            said = without_folders(said, self._session.folders[number].job)
        return JSONResponse({"error": said}, 422)

    async def index(self, request: Request) -> Response:
        """Send the page itself."""
        return self._asset("index.html")

    async def static(self, request: Request) -> Response:
        """Send one file of the page."""
        return self._asset(request.path_params["name"])

    def _asset(self, name: str) -> Response:
        if name not in self._page:
            raise HTTPException(404)
        content, kind = self._page[name]
        return Response(content, headers={"content-type": kind})

    async def listed(self, request: Request) -> Response:
        """Send the list of files."""
        found = await run_in_threadpool(api_models.listed, self._session)
        return JSONResponse(
            {
                "files": found,
                "efface": VERSION,
                "bound": self._session.options.risk.bound,
                "opens": bool(self._more),
                "order": self._session.order,
                "paused": self._session.is_paused,
            }
        )

    async def document(self, request: Request) -> Response:
        """Send one file's description, without boxes."""
        number = self._number(request)

        def said() -> dict[str, Any]:
            return api_models.document(self._session, number, self._session.open(number))

        return JSONResponse(await run_in_threadpool(said))

    async def thumb(self, request: Request) -> Response:
        """Send a small picture of a file, as it is or as it will look. What efface has not looked
        at is shown as it is."""
        number, is_final = self._number(request), request.query_params.get("final") == "1"
        data = await run_in_threadpool(self._thumb, number, is_final)
        return Response(data, media_type="image/jpeg")

    def _thumb(self, number: int, is_final: bool) -> bytes:
        folder = self._session.open(number)
        if folder.document is None or folder.pictures is None:
            return self._session.thumbnail(number)
        plan, side = folder.document.plan, THUMB_SIDE
        return folder.pictures.frame(telling_frame(plan), side, plan, is_final=is_final)

    async def boxes(self, request: Request) -> Response:
        """Send the boxes of a range of frames."""
        plan = (await self._ready(request)).plan
        first, last = (_whole(request.query_params.get(name, "")) for name in ("first", "last"))
        return JSONResponse(await run_in_threadpool(api_models.boxes, plan, first, last))

    async def frame(self, request: Request) -> Response:
        """Send exactly that frame: as it is, or as it will look."""
        folder, index = await self._ready(request), request.path_params["frame"]
        side, is_final = (
            _whole(request.query_params.get("side", "1280")),
            request.query_params.get("final") == "1",
        )
        if folder.pictures is None or index >= len(folder.plan.timeline):
            raise HTTPException(404)
        data = await run_in_threadpool(
            folder.pictures.frame, index, side, folder.plan, is_final=is_final
        )
        return Response(data, media_type="image/jpeg")

    async def near(self, request: Request) -> Response:
        """Send a frame close to that one, at once."""
        folder, index = await self._ready(request), request.path_params["frame"]
        if folder.pictures is None or index >= len(folder.plan.timeline):
            raise HTTPException(404)
        data, at = await run_in_threadpool(folder.pictures.near, index)
        return Response(data, media_type="image/jpeg", headers={"x-frame": str(at)})

    async def tracks(self, request: Request) -> Response:
        """Send what a person needs to sort tracks by their pictures."""
        plan = (await self._ready(request)).plan
        return JSONResponse(await run_in_threadpool(track_summary.summaries, plan))

    async def crop(self, request: Request) -> Response:
        """Send a small picture of one box of a frame. It is made for this answer only."""
        folder, index = await self._ready(request), request.path_params["frame"]
        if folder.pictures is None or index >= len(folder.plan.timeline):
            raise HTTPException(404)
        box = [_whole(v) for v in request.query_params.get("box", "").split(",")]
        inside = _inside(folder.plan, index, box)
        data = await run_in_threadpool(folder.pictures.crop, index, inside)
        return Response(data, media_type="image/jpeg")

    async def video(self, request: Request) -> Response:
        """Send what the browser plays: the source, or a light copy of it."""
        path = (await self._ready(request)).proxy
        if path is None:
            raise HTTPException(404)
        return Video(
            path, media_type="video/webm" if path.suffix.lower() == ".webm" else "video/mp4"
        )

    async def result(self, request: Request) -> Response:
        """Send the finished copy, or the one range of it that was requested."""
        folder = await self._ready(request)
        path = await run_in_threadpool(finished_copy.copy_of, folder)
        if path is None:
            raise HTTPException(404)
        return Video(path, media_type=finished_copy.media_type_of(path))

    async def show(self, request: Request) -> Response:
        """Show the finished copy in the file manager. The page names no path."""
        folder = await self._ready(request)
        path = await run_in_threadpool(finished_copy.copy_of, folder)
        if path is None:
            raise HTTPException(404)
        await run_in_threadpool(show_in_folder.show, path)
        return JSONResponse({})

    async def report(self, request: Request) -> Response:
        """Send the report on what was rendered."""
        folder = await self._ready(request)
        pieces = await run_in_threadpool(report_of, self._session, folder)
        if pieces is None:
            raise HTTPException(404)
        return Response(
            pieces, media_type="text/html", headers={"content-security-policy": REPORT_POLICY}
        )

    async def edits(self, request: Request) -> Response:
        """Add edits to the log. Answers 409 if another tab has changed the log meanwhile."""
        number, asked = self._number(request), await asked_of(request)
        version, edits = asked.get("version"), asked.get("edits")
        if (
            type(version) is not int
            or not isinstance(edits, list)
            or not all(isinstance(e, dict) for e in edits)
        ):
            raise ValueError("an edit needs the version that it is about")
        try:
            return JSONResponse(
                {"version": await run_in_threadpool(self._session.change, number, version, edits)}
            )
        except Conflict:
            now = self._session.open(number).plan.edits
            since = [str(e["edit"]) for e in now[max(version, 0) :]]
            return JSONResponse({"version": len(now), "since": since}, 409)

    async def work(self, request: Request) -> Response:
        """Start or cancel long work."""
        number, asked, kind = (
            self._number(request),
            await asked_of(request),
            request.path_params["kind"],
        )
        work = await run_in_threadpool(self._started, number, kind, asked)
        return JSONResponse({"work": work.plain() if work is not None else None}, 202)

    def _started(self, number: int, kind: str, asked: dict[str, Any]) -> Any:
        session = self._session
        match kind:
            case "look":
                return session.look(number)
            case "proxy":
                return session.proxy(number)
            case "wave":
                return session.sound.wave(number)
            case "speech":
                return session.sound.find_speech(number)
            case "render":
                return session.render(number, overwrite=asked.get("overwrite") is True)
            case "redact":
                return session.redact(number, overwrite=asked.get("overwrite") is True)
            case "cancel":
                return session.cancel(number, str(asked.get("kind")))
            case "follow":
                track, kind_of = asked.get("track"), asked.get("kind", "drawn")
                if kind_of not in KINDS or (track is not None and type(track) is not int):
                    raise ValueError("what is to be followed is unknown")
                return session.follow(number, *self._spot(number, asked), kind_of, track)
            case "extend":
                first, last = _int(asked, "first"), _int(asked, "last")
                return session.extend(number, _int(asked, "track"), first, last)
        raise HTTPException(404)

    def _spot(self, number: int, asked: dict[str, Any]) -> tuple[int, Box]:
        """Return a frame and a box in it, both checked."""
        plan, frame = self._session.open(number).plan, _int(asked, "frame")
        if not 0 <= frame < len(plan.timeline):
            raise ValueError("there is no such frame")
        return frame, _inside(plan, frame, asked.get("box"))

    async def events(self, request: Request) -> Response:
        """Send events as they happen, while the tab is open."""

        async def said() -> AsyncIterator[str]:
            with self._broadcast.listening() as heard:
                yield "retry: 500\n\n"
                while not self._broadcast.is_over:
                    try:
                        event = await asyncio.wait_for(heard.get(), BEAT_S)
                        yield f"data: {json.dumps(event)}\n\n"
                    except TimeoutError:
                        yield ": still here\n\n"

        return StreamingResponse(said(), media_type="text/event-stream")

    def _number(self, request: Request) -> int:
        number: int = request.path_params["file"]
        if number >= len(self._session.folders):
            raise HTTPException(404)
        return number

    async def _ready(self, request: Request) -> Folder:
        folder = await run_in_threadpool(self._session.open, self._number(request))
        if folder.document is None:
            raise HTTPException(404)
        return folder


def _int(asked: dict[str, Any], name: str) -> int:
    value = asked.get(name)
    if type(value) is not int:
        raise ValueError(f"{name} must be a whole number")
    return value


def _inside(plan: Plan, frame: int, box: Any) -> Box:
    """Return a box from a request, checked against its frame."""
    if not isinstance(box, list) or len(box) != 4 or any(type(v) is not int for v in box):
        raise ValueError("a box is four whole numbers")
    x1, y1, x2, y2 = box
    width, height = plan.size_at(frame)
    if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
        raise ValueError("the box is empty, or not inside the frame")
    return x1, y1, x2, y2


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError("the number in the address is not a whole number")
    return int(text)


def _invalid(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": printable(error)}, 400)


def _unexpected(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"unexpected: {type(error).__name__}"}, 500)


def _too_large(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "the request is too large"}, 413, headers={"connection": "close"})


ANSWERS: dict[Any, Callable[[Request, Exception], Response]] = {
    Exception: _unexpected,
    ValueError: _invalid,
    TooLarge: _too_large,
}
