"""Decoders behind walls, as programs have them, and files to decode."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from efface.media.decoder import decoder_process, server_process, source_opening
from efface.media.decoder.server_process import server
from efface.walls import raising

SABOTEUR = Path(__file__).parent / "saboteur.py"


@pytest.fixture
def walled(_decoders_in_this_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode behind walls."""
    if not server.prepare():
        pytest.skip("this system starts no process from which decoders could be forked")
    monkeypatch.setattr(source_opening, "HERE", False)


class DecodersInThreads:
    """Takes the server's place: each decoder is a thread here, which runs the same code without
    walls. So its lines are measured, and a debugger reaches them."""

    NO_PROCESS = 1 << 30
    """Numbers from here on belong to no process."""

    def __init__(self) -> None:
        self._threads: dict[int, threading.Thread] = {}

    def begin(self, handles: list[int]) -> int:
        number = self.NO_PROCESS + len(self._threads)
        own = [os.dup(handle) for handle in handles]
        self._threads[number] = threading.Thread(target=self._serve, args=own)
        self._threads[number].start()
        return number

    def end(self, number: int) -> int:
        return 0

    def close(self) -> None:
        for thread in self._threads.values():
            thread.join(10)
            assert not thread.is_alive()

    def _serve(self, pipe: int, memory: int, source: int | None = None) -> None:
        with suppress(EOFError, OSError):
            decoder_process.serve(pipe, memory, source, ["a folder of the installation"])
        for handle in (pipe, memory, source):
            if handle is not None:
                os.close(handle)


@pytest.fixture
def in_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[object, ...]]]:
    """Decode in threads of this process. Lists the walls that they asked for."""
    asked: list[tuple[object, ...]] = []

    def raise_walls(*walls: object, **more: object) -> raising.Standing:
        asked.append((*walls, more) if more else walls)
        return raising.Standing(raising.WALLS, ())

    threads = DecodersInThreads()
    with monkeypatch.context() as patch:
        patch.setattr(raising, "raise_walls", raise_walls)
        patch.setattr(raising, "limit", lambda memory, written: asked.append((memory, written)))
        patch.setattr(server, "begin", threads.begin)
        patch.setattr(server, "end", threads.end)
        patch.setattr(server, "prepare", lambda: True)
        patch.setattr(source_opening, "HERE", False)
        yield asked
        threads.close()


@pytest.fixture(scope="session", autouse=True)
def _no_server_left() -> Iterator[None]:
    yield
    server.close()


@pytest.fixture(scope="module")
def saboteur() -> Iterator[None]:
    """Decoders that do what the name of their file says."""
    with pytest.MonkeyPatch.context() as patch:
        yield from _sabotaged(patch, f"exec(open({str(SABOTEUR)!r}).read()); ")


@pytest.fixture
def unwalled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Decoders on a system without walls."""
    code = "from efface.walls import raising; raising.raise_walls = lambda *_: raising.NO_WALLS; "
    yield from _sabotaged(monkeypatch, code)


def _sabotaged(patch: pytest.MonkeyPatch, code: str) -> Iterator[None]:
    start = server_process.START.replace("main(int", code + "main(int")
    patch.setattr(server_process, "START", start)
    server.close()
    yield
    server.close()


FILMS = [
    ("a.mp4", "yuv420p", "libx264"),
    ("deep.mkv", "yuv420p10le", "ffv1"),
    ("packed.mov", "rgb24", "qtrle"),
    ("two.avi", "nv12", "rawvideo"),
    ("bits.avi", "monob", "png"),
    ("alpha.mkv", "yuva420p", "ffv1"),
]
"""Name, pixel format and codec of films that are to be the same wherever they are decoded."""


def picture(width: int = 61, height: int = 40) -> np.ndarray:
    """(h, w, 3) uint8 noise, the same each time."""
    return np.random.default_rng(7).integers(0, 255, (height, width, 3), np.uint8)


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(picture()).save(path)
    return path


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    write_film(path, "yuv420p", "libx264")
    return path


def write_film(path: Path, pixels: str, codec: str, frames: int = 5) -> None:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 98, 66, pixels
        for i in range(frames):
            rgb = np.roll(picture(98, 66), 7 * i, axis=1)
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = i, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
