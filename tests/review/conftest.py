"""A small film and photos with plans made by hand, and a server for them: no detector, so these
tests are quick."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import numpy as np
import pytest
from PIL import Image

from efface.containers.admission import admit
from efface.files import sha256_of
from efface.options import Options, VerifyOptions, WriteOptions, recorded
from efface.pipeline.naming import Job, jobs_for
from efface.pipeline.sources import opened
from efface.planning.doubt import Doubt
from efface.planning.plan import Plan
from efface.planning.sidecar import save
from efface.review.serve import Running, serving
from efface.timing import Timeline
from efface.tracks import Reason, Track

WIDTH, HEIGHT, FRAMES, RATE = 320, 180, 75, 25
OPTIONS = Options(write=WriteOptions(preset="ultrafast"), verify=VerifyOptions(level="off"))


def texture(width: int, height: int, seed: int) -> np.ndarray:
    """Soft noise: something to follow."""
    noise = np.random.default_rng(seed).integers(
        0, 256, (height // 6 + 2, width // 6 + 2, 3), np.uint8
    )
    return np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))


def place(frame: int) -> tuple[int, int]:
    """Where the patch that moves is in that frame."""
    return 40 + 2 * frame, 60 + frame // 3


def drawn(frame: int) -> np.ndarray:
    """A plain ground on which a patch of 40 by 40 moves."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    x, y = place(frame)
    picture[y : y + 40, x : x + 40] = texture(40, 40, 1)
    return picture


def encoded(path: Path, *arguments: str, frames: int = FRAMES) -> Path:
    """The film, written by the ffmpeg of the system."""
    raw = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{WIDTH}x{HEIGHT}",
        "-r",
        str(RATE),
        "-i",
        "-",
    ]
    data = b"".join(drawn(i).tobytes() for i in range(frames))
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *raw, *arguments, str(path)], input=data, check=True
    )
    return path


def track(
    number: int, first: int, last: int, box: tuple[int, int, int, int], kind: int = 0
) -> Track:
    """One that stays where it is."""
    n = last - first + 1
    reason = np.full(n, Reason.SEEN, np.uint8)
    reason[n // 2 : n // 2 + 5] = Reason.BRIDGED
    score = np.where(reason == Reason.SEEN, 0.8, 0).astype(np.float32)
    return Track(
        number,
        kind,
        np.arange(first, last + 1, dtype=np.int32),
        np.array([box] * n, np.float32),
        reason,
        score,
    )


def planned(
    source: Path,
    tracks: tuple[Track, ...],
    doubts: tuple[Doubt, ...] = (),
    left: tuple[Track, ...] = (),
    **more: Any,
) -> Plan:
    """A plan of the source, saved beside it."""
    with opened(admit(source), OPTIONS.read) as media:
        frames = [(f.pts, f.size_wh, f.unpack().checksum()) for f in media.frames()]
        timeline = Timeline(np.array([pts for pts, _, _ in frames], np.int64), media.time_base)
        checksums = tuple(c for _, _, c in frames) if media.info.medium == "video" else ()
        facts = (sha256_of(source), media.info.medium, (frames[0][1],), timeline)
        plan = Plan(*facts, tracks, checksums=checksums, doubts=doubts, left=left, **more)
    save(plan, jobs_for([source], None)[0].plan_path)
    return plan


TRACKS = (
    track(1, 5, 40, (10, 10, 50, 60)),
    track(2, 20, 70, (250, 100, 300, 130), 1),
    track(3, 30, 60, (150, 20, 190, 60)),
)
DOUBTS = (
    Doubt(1, 30, 55, (10, 10, 50, 60), ("ended",), 0.72),
    Doubt(2, 20, 24, (250, 100, 300, 130), ("weak",), 0.2),
)


@pytest.fixture(scope="session")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    encoded(folder / "film.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "2")
    encoded(
        folder / "deep.mkv",
        "-c:v",
        "libx265",
        "-pix_fmt",
        "yuv420p10le",
        "-x265-params",
        "log-level=error",
        frames=20,
    )
    return folder


@pytest.fixture
def film(_kept: Path, tmp_path: Path) -> Path:
    """film.mp4 with its plan."""
    path = tmp_path / "film.mp4"
    path.write_bytes((_kept / "film.mp4").read_bytes())
    planned(path, TRACKS, DOUBTS)
    return path


@pytest.fixture
def weak(_kept: Path, tmp_path: Path) -> Path:
    """film.mp4 with a plan that leaves tracks 4 and 5 visible; 4 is among its moments."""
    path = tmp_path / "film.mp4"
    path.write_bytes((_kept / "film.mp4").read_bytes())
    left = (track(4, 10, 30, (120, 100, 160, 150)), track(5, 50, 60, (20, 100, 60, 150), 1))
    planned(path, TRACKS, (*DOUBTS, Doubt(4, 12, 20, (125, 105, 155, 145), ("left",), 0.1)), left)
    return path


@pytest.fixture
def deep(_kept: Path, tmp_path: Path) -> Path:
    """HEVC of 10 bits in Matroska, which not every browser plays."""
    path = tmp_path / "deep.mkv"
    path.write_bytes((_kept / "deep.mkv").read_bytes())
    planned(path, (track(1, 0, 19, (10, 10, 50, 60)),))
    return path


@pytest.fixture
def loud(_kept: Path, tmp_path: Path) -> Path:
    """film.mp4 with a tone, and with its plan."""
    path = tmp_path / "film.mp4"
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=3"]
    copied = ["-c:v", "copy", "-c:a", "aac", "-shortest", str(path)]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", str(_kept / "film.mp4"), *tone, *copied], check=True
    )
    planned(path, TRACKS, DOUBTS)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Three photos with plans."""
    made = []
    for i in range(3):
        path = tmp_path / f"photo{i}.png"
        Image.fromarray(texture(240, 160, i)).save(path)
        planned(
            path,
            (
                Track(
                    1,
                    0,
                    np.array([0], np.int32),
                    np.array([[20, 20, 80, 90]], np.float32),
                    np.zeros(1, np.uint8),
                    np.array([0.7], np.float32),
                ),
            ),
        )
        made.append(path)
    return made


@pytest.fixture
def weak_photo(tmp_path: Path) -> Path:
    """A photo with a plan that erases one face, and leaves two possible ones visible."""
    path = tmp_path / "street.png"
    Image.fromarray(texture(240, 160, 9)).save(path)
    boxes = [(20, 20, 80, 90), (120, 20, 180, 90), (190, 100, 230, 150)]
    made = [track(i, 0, 0, box) for i, box in enumerate(boxes, start=1)]
    seen = [replace(t, reason=np.zeros(1, np.uint8)) for t in made]
    weak = [replace(t, score=np.array([0.2], np.float32)) for t in seen[1:]]
    sure = replace(seen[0], score=np.array([0.8], np.float32))
    planned(path, (sure,), left=tuple(weak), options=recorded(Options()))
    return path


@pytest.fixture(autouse=True)
def _together(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders work in this process, where tests can look inside; but not for those that are about
    processes apart."""
    if "apart" not in request.fixturenames:
        monkeypatch.setattr("efface.review.apart.APART", False)


@pytest.fixture
def apart() -> None:
    """As it is outside of tests."""


Serve = Callable[..., Running]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """serve(path, ...) starts a server for these files, which ends with the test."""
    with ExitStack() as closing:

        def start(*sources: Path, options: Options = OPTIONS) -> Running:
            jobs: list[Job] = [j for s in sources for j in jobs_for([s], None)]
            running = closing.enter_context(serving(jobs, options))
            running.start()
            return running

        yield start


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends what it is told to, headers and all, as a browser would not."""

    def __init__(self, running: Running) -> None:
        self.origin, _, path = running.url.partition("/open/")
        self.token, self.cookie = path, ""

    def enter(self) -> Answer:
        answer = self.ask("/open/" + self.token, cookie="")
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer

    def ask(
        self,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        cookie: str | None = None,
        method: str | None = None,
    ) -> Answer:
        data = (
            body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        )
        asked = Request(self.origin + path, data, method=method)
        known = {"cookie": self.cookie if cookie is None else cookie}
        if data is not None:
            known |= {
                "origin": self.origin,
                "content-type": "application/json",
                "sec-fetch-site": "same-origin",
            }
        for name, value in (known | (headers or {})).items():
            if value:
                asked.add_header(name, value)
        try:
            with build_opener(_Stay()).open(asked, timeout=30) as r:
                return Answer(r.status, {k.lower(): v for k, v in r.headers.items()}, r.read())
        except HTTPError as e:
            with e:
                return Answer(e.code, {k.lower(): v for k, v in e.headers.items()}, e.read())


@pytest.fixture
def client(film: Path, serve: Serve) -> Client:
    """A client with the cookie, for film.mp4."""
    made = Client(serve(film))
    assert made.enter().status == 303
    return made


@pytest.fixture(scope="session")
def kit() -> Any:
    """The functions of this file, for tests that cannot import it."""
    import sys

    return sys.modules[__name__]


# A real browser

CHROMIUM = next(
    (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, as far as it and Playwright are there."""
    playwright = pytest.importorskip("playwright.sync_api", reason="comes with the extra test")
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as p:
        found = p.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield found
        found.close()


@pytest.fixture
def tab(browser: Any, serve: Serve) -> Iterator[Any]:
    """A page whose every error fails the test.

    It is closed before its server ends: a page may ask at any time.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(20_000)
    wrong: list[str] = []
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on("console", lambda m: wrong.extend(wrong_in(m)))
    yield page
    context.close()
    assert not wrong


def wrong_in(message: Any) -> list[str]:
    """What the console says, and about which address: without that, a rare failure says nothing.

    Refused edits are part of tests, and so are servers that end.
    """
    if message.type != "error" or re.search("409|net::ERR_", message.text):
        return []
    return [f"{message.text} {message.location['url']}"]
