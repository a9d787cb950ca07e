"""A film on another machine: its bytes come through the process that has the network, and are
decoded behind walls."""

from __future__ import annotations

import io
import os
import socket
import struct
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from efface.containers.admission import admit
from efface.errors import InputError, SourceUnreadable, WorkerDied
from efface.media.decoder import source_opening
from efface.media.decoder.decoder_messages import read_all, write_all
from efface.media.decoder.file_channel import FileChannel, FileServer
from efface.media.decoder.source_opening import film_again, open_source
from efface.media.decoder.walled_film import WalledFilm
from efface.options import ReadOptions

from .conftest import write_film


@pytest.fixture
def ends():
    """The two ends of a channel to 100 bytes."""
    ours, theirs = socket.socketpair()
    server = FileServer(io.BytesIO(bytes(range(100))), 100, ours)
    with theirs:
        yield server, theirs.fileno()
    server.close()


def test_it_is_a_file(ends):
    file = FileChannel(ends[1], 100)
    assert file.readable()
    assert file.seekable()
    assert file.read(3) == bytes((0, 1, 2))
    assert (file.seek(-2, os.SEEK_END), file.tell()) == (98, 98)
    assert file.read() == bytes((98, 99))
    assert file.read(5) == b""
    assert file.seek(-1000, os.SEEK_CUR) == 0
    assert file.seek(500) == 500
    assert file.read(1) == b""
    file.seek(0)
    assert file.read() == bytes(range(100))


@pytest.mark.parametrize(("at", "count", "given"), [(99, 9, 1), (100, 1, 0), (1 << 63, 9, 0)])
def test_what_lies_beyond_the_file_is_not_there(ends, at, count, given):
    write_all(ends[1], struct.pack("<QI", at, count))
    assert struct.unpack("<I", read_all(ends[1], 4)) == (given,)


def test_an_endless_request_gets_a_part(monkeypatch):
    monkeypatch.setattr("efface.media.decoder.file_channel.MOST_BYTES", 10)
    ours, theirs = socket.socketpair()
    server = FileServer(io.BytesIO(bytes(100)), 100, ours)
    with theirs, closing(server):
        write_all(theirs.fileno(), struct.pack("<QI", 0, 0xFFFFFFFF))
        assert struct.unpack("<I", read_all(theirs.fileno(), 4)) == (10,)


class Lost(Exception):
    """What a store of files may raise."""


class Broken(io.BytesIO):
    """A file whose connection breaks after some bytes."""

    def __init__(self, data: bytes, good: int) -> None:
        super().__init__(data)
        self.left = good

    def read(self, size: int | None = -1) -> bytes:
        self.left -= size or 0
        if self.left < 0:
            raise Lost("the connection broke")
        return super().read(size)


def elsewhere(film: Path, data: io.BytesIO) -> WalledFilm:
    """The film as a machine sees it that has no such file, but an address."""
    info = open_source(admit(film), ReadOptions()).info
    found = film_again(replace(info, path=Path("of-another-machine.mkv")), ReadOptions(), data)
    assert isinstance(found, WalledFilm)
    return found


@pytest.fixture(params=["walled", "in_threads"])
def behind(request):
    request.getfixturevalue("_decoders_in_this_process")
    request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    write_film(path, "yuv420p", "ffv1", 30)
    assert path.stat().st_size > 200_000
    return path


def test_frames_are_the_same(behind, large, monkeypatch):
    film = elsewhere(large, io.BytesIO(large.read_bytes()))
    found = [f.unpack().checksum() for f in film.frames_from(0, 0, None)]
    again = [f.unpack().checksum() for f in film.frames()]
    monkeypatch.setattr(source_opening, "HERE", True)
    source = open_source(admit(large), ReadOptions())
    assert len(found) == 30
    assert found == again == [f.unpack().checksum() for f in source.frames()]


def test_a_lost_connection_is_told_as_the_store_tells_it(behind, large):
    film = elsewhere(large, Broken(large.read_bytes(), 150_000))
    with pytest.raises(Lost, match="the connection broke"):
        list(film.frames_from(0, 0, None))
    with pytest.raises((SourceUnreadable, Lost)):
        list(elsewhere(large, Broken(large.read_bytes(), 0)).frames())


@pytest.mark.parametrize("size", [0, 100])
def test_damage_is_told_with_the_same_sentence(behind, large, monkeypatch, size):
    def said() -> str:
        info = replace(open_source(admit(large), ReadOptions()).info, path=Path("film.mkv"))
        cut = io.BytesIO(large.read_bytes()[:size])
        with pytest.raises(InputError) as caught:
            list(film_again(info, ReadOptions(), cut).frames())
        return f"{type(caught.value)} {caught.value}"

    behind_walls = said()
    monkeypatch.setattr(source_opening, "HERE", True)
    assert behind_walls == said()


@pytest.mark.usefixtures("walled", "saboteur")
@pytest.mark.parametrize("attempt", ["reads", "writes", "connects", "forks"])
def test_walls_hold(large, tmp_path, attempt):
    if not source_opening.standing_walls().is_whole:
        pytest.skip("this system does not offer all walls")
    (tmp_path / "secret.txt").write_text("the name of a source")
    info = open_source(admit(large), ReadOptions()).info
    name = tmp_path / f"later_{attempt}-9.mkv"
    film = film_again(replace(info, path=name), ReadOptions(), io.BytesIO(large.read_bytes()))
    with pytest.raises(WorkerDied, match=r"its decoder failed \(PermissionError\)"):
        list(film.frames())
    assert not (tmp_path / "written").exists()
