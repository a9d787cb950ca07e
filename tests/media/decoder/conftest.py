"""Decoders behind walls, as programs have them, and files to decode."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from efface.media.decoder import server_process, source_opening
from efface.media.decoder.server_process import server

SABOTEUR = Path(__file__).parent / "saboteur.py"


@pytest.fixture
def walled(_decoders_in_this_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode behind walls."""
    if not server.prepare():
        pytest.skip("this system starts no process from which decoders could be forked")
    monkeypatch.setattr(source_opening, "HERE", False)


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
