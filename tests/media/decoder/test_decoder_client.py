"""Decoders that a file has taken over: each costs its file, and tells nothing."""

from __future__ import annotations

import resource
import shutil
import socket
from typing import Any

import pytest
from PIL import Image

from efface.containers.admission import admit
from efface.errors import UnsupportedSource, WorkerDied
from efface.media.decoder import decoder_client, source_opening
from efface.media.decoder.server_process import server
from efface.media.decoder.source_opening import embedded_pixels, open_source, standing_walls
from efface.media.still.jpeg_coefficients import HasBlocks
from efface.options import ReadOptions
from efface.walls.raising import address_space

pytestmark = pytest.mark.usefixtures("walled", "saboteur")

LIES_ABOUT_PHOTOS = (
    "huge", "negative", "other_format", "tables", "notes", "many_pages", "shape", "channels",
    "deep", "endless", "again", "garbage", "long", "pickle", "none",
)  # fmt: skip
LIES_ABOUT_FILMS = ("back", "small", "unknown", "resized", "layout", "clock")


def read(path, original):
    shutil.copy(original, path)
    source = open_source(admit(path), ReadOptions())
    try:
        return [frame.unpack().checksum() for frame in source.frames()]
    finally:
        source.close()


@pytest.fixture
def whole():
    walls = standing_walls()
    if not walls.is_whole:
        pytest.skip(f"this system does not offer {', '.join(walls.missing)}")


def test_a_decoder_that_does_nothing_wrong_answers(photo, film, tmp_path):
    assert len(read(tmp_path / "good.png", photo)) == 1
    assert len(read(tmp_path / "good.mkv", film)) == 5


@pytest.mark.parametrize("attempt", ["reads", "writes", "connects", "forks", "reads_memory"])
@pytest.mark.parametrize("medium", ["png", "mkv"])
def test_walls_hold(whole, photo, film, tmp_path, attempt, medium):
    (tmp_path / "secret.txt").write_text("the name of a source")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        name = f"{attempt}-{listener.getsockname()[1]}.{medium}"
        with pytest.raises(UnsupportedSource, match="PermissionError") as caught:
            read(tmp_path / name, photo if medium == "png" else film)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert caught.value.exit_code == 3
    assert not (tmp_path / "written").exists()


def test_a_decoder_that_starts_a_program_is_killed(whole, photo, tmp_path):
    with pytest.raises(WorkerDied, match="that its walls forbid") as caught:
        read(tmp_path / "executes.png", photo)
    assert caught.value.exit_code == 4


def test_a_crash_costs_the_file(photo, film, tmp_path):
    for name, original in (("crashes.png", photo), ("crashes.mkv", film)):
        with pytest.raises(WorkerDied, match=r"its decoder crashed \(SIGSEGV\)"):
            read(tmp_path / name, original)
    with pytest.raises(WorkerDied, match=r"ended by itself \(exit code 3\)"):
        read(tmp_path / "ends.png", photo)
    with pytest.raises(WorkerDied, match=r"its decoder failed \(KeyError\)"):
        read(tmp_path / "fails.png", photo)
    assert len(read(tmp_path / "good.png", photo)) == 1


def test_a_hang_costs_the_file(monkeypatch, photo, tmp_path):
    monkeypatch.setattr(decoder_client, "ANSWER_S", 1.0)
    with pytest.raises(WorkerDied, match="gave no answer for 1 s"):
        read(tmp_path / "hangs.png", photo)


def test_memory_is_bounded(photo, tmp_path):
    """A bomb that needs 16 GB, where a photo of the largest size may take 7."""
    with pytest.raises(UnsupportedSource, match="more memory than efface allows") as caught:
        read(tmp_path / "swallows_memory.png", photo)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("lie", LIES_ABOUT_PHOTOS)
def test_a_lie_about_a_photo_is_not_believed(photo, tmp_path, lie):
    with pytest.raises(WorkerDied, match="makes no sense"):
        read(tmp_path / f"{lie}.png", photo)


@pytest.mark.parametrize("lie", ["truth", "many_blocks", "no_blocks", "steps"])
def test_a_lie_about_blocks_is_not_believed(tmp_path, lie):
    pytest.importorskip("jpegio", reason="comes with the extra test")
    path = tmp_path / f"{lie}.jpg"
    Image.new("RGB", (70, 40)).save(path)
    source = open_source(admit(path), ReadOptions())
    assert isinstance(source, HasBlocks)
    if lie == "truth":
        assert [p.shape for p in source.jpeg_blocks().planes] == [(40, 72), (24, 40), (24, 40)]
    else:
        with pytest.raises(WorkerDied, match="makes no sense"):
            source.jpeg_blocks()
    source.close()


@pytest.mark.parametrize("lie", LIES_ABOUT_FILMS)
def test_a_lie_about_a_film_is_not_believed(film, tmp_path, lie):
    with pytest.raises(WorkerDied, match="makes no sense"):
        read(tmp_path / f"{lie}.mkv", film)


def test_a_server_that_was_killed_is_started_again(photo, tmp_path):
    assert len(read(tmp_path / "good.png", photo)) == 1
    assert server._process is not None
    server._process.kill()
    server._process.wait()
    assert len(read(tmp_path / "good.png", photo)) == 1
    assert embedded_pixels(photo.read_bytes()) is not None
    assert source_opening.prepare()


def test_a_small_photo_may_take_little_memory(photo):
    source: Any = open_source(admit(photo), ReadOptions())
    number = source._decoder._number
    left = resource.prlimit(number, resource.RLIMIT_AS)[0] - address_space(number)
    assert left < 3 << 30
    source.close()
