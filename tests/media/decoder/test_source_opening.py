"""The same file decoded here and behind walls, and systems without walls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from efface.containers.admission import admit
from efface.errors import InputError, WallsMissing
from efface.media.decoder import source_opening
from efface.media.decoder.server_process import NoServer, server
from efface.media.decoder.walled_film import WalledFilm
from efface.media.decoder.walled_still import WalledStill
from efface.options import ReadOptions
from efface.walls.raising import NO_WALLS

from .conftest import FILMS, picture, write_film

SIZES = [(61, 40), (33, 20), (120, 90)]


def told(path: Path, options: ReadOptions | None = None) -> list[object]:
    """Everything that a source tells about a file."""
    said: list[object] = []
    try:
        source = source_opening.open_source(admit(path), options or ReadOptions())
        info = source.info
        said += [info.medium, info.format, info.frame_count, info.size_wh, info.audio]
        said += [repr(info.private), source.time_base]
        for frame in source.frames():
            said += [frame.index, frame.pts, frame.size_wh, frame.is_bad, frame.aspect]
            said += [frame.is_alone, frame.unpack().checksum()]
            said += [frame.look(size).tobytes() for size in SIZES]
        said += [*info.notes, repr(info.private)]
        again = [frame.unpack().checksum() for frame in source.frames()]
        said.append(again)
        source.close()
    except InputError as e:
        said.append(str(e))
    return said


@pytest.fixture
def same(walled, monkeypatch):
    """same(path) fails unless the file is the same here and behind walls."""

    def check(path: Path, options: ReadOptions | None = None) -> list[object]:
        behind = told(path, options)
        with monkeypatch.context() as patch:
            patch.setattr(source_opening, "HERE", True)
            here = told(path, options)
        assert len(behind) == len(here)
        assert behind == here
        return here

    return check


def test_photos_are_the_same(same, photo, tmp_path):
    image = Image.fromarray(picture())
    parts = [image.rotate(angle) for angle in (10, 20)]
    image.save(tmp_path / "a.gif", save_all=True, append_images=parts, duration=[50, 0, 70])
    image.save(tmp_path / "pages.tif", save_all=True, append_images=[image.resize((90, 80))])
    image.convert("CMYK").save(tmp_path / "c.jpg")
    image.convert("RGBA").save(tmp_path / "alpha.png")
    Image.fromarray(picture()[..., 0].astype(np.uint16) * 250).save(tmp_path / "deep.png")
    for path in [photo, *sorted(tmp_path.iterdir())]:
        assert len(same(path)) > 10


@pytest.mark.parametrize(("name", "pixels", "codec"), FILMS)
def test_films_are_the_same(same, tmp_path, name, pixels, codec):
    write_film(tmp_path / name, pixels, codec)
    assert len(same(tmp_path / name)) > 30


def test_a_path_may_start_from_the_current_folder(same, photo, film, monkeypatch):
    for path in (photo, film):
        monkeypatch.chdir(path.parent)
        assert len(same(Path(path.name))) > 10


def test_damage_is_the_same(same, photo, film, tmp_path):
    cut = tmp_path / "cut.png"
    cut.write_bytes(photo.read_bytes()[:3000])
    same(cut)
    same(cut, ReadOptions(bad_frames="cover"))
    broken = bytearray(film.read_bytes())
    broken[-3000:-2500] = bytes(500)
    (tmp_path / "broken.mkv").write_bytes(broken)
    same(tmp_path / "broken.mkv")
    same(tmp_path / "broken.mkv", ReadOptions(bad_frames="cover"))
    same(film, ReadOptions(max_pixels=100))
    same(photo, ReadOptions(max_pixels=100))


def test_a_source_knows_its_walls(walled, photo, film):
    for path, kind in ((photo, WalledStill), (film, WalledFilm)):
        source = source_opening.open_source(admit(path), ReadOptions())
        assert isinstance(source, kind)
        assert source.info.walls == source_opening.standing_walls()
        source.close()


def test_a_decoder_has_no_environment_but_what_its_libraries_heed(walled, photo, monkeypatch):
    monkeypatch.setenv("EFFACE_TEST_SECRET", "the name of a source")
    server.close()
    assert source_opening.prepare()
    # The kernel shows an environment only some time after it has started a program: a source is
    # opened first, as its decoder is forked from a server that runs.
    source_opening.open_source(admit(photo), ReadOptions()).close()
    assert server._process is not None
    pid = server._process.pid
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    names = {line.partition(b"=")[0] for line in environment if line}
    own = {b"LC_ALL", b"GLIBC_TUNABLES", b"LD_LIBRARY_PATH"}
    assert names <= own | {f"{n}_NUM_THREADS".encode() for n in ("OPENBLAS", "OMP", "MKL")}
    assert b"GLIBC_TUNABLES=glibc.malloc.hugetlb=1" in environment


def test_a_film_is_read_from_the_middle(walled, film, monkeypatch):
    source = source_opening.open_source(admit(film), ReadOptions())
    again = source_opening.film_again(source.info, ReadOptions(), None)
    with monkeypatch.context() as patch:
        patch.setattr(source_opening, "HERE", True)
        here = source_opening.film_again(source.info, ReadOptions(), None)
    assert not isinstance(here, WalledFilm)
    assert isinstance(again, WalledFilm)
    assert list(again.marks()) == list(here.marks())
    assert again.stored_as() == here.stored_as()
    first = [f.pts for f in again.decoded_from(80)]
    assert first == [f.pts for f in here.decoded_from(80)]
    behind = [f.unpack().checksum() for f in again.frames_from(0, 0, None)]
    assert behind == [f.unpack().checksum() for f in here.frames_from(0, 0, None)]


def test_embedded_pictures_are_the_same(walled, photo):
    raw = photo.read_bytes()
    assert np.array_equal(source_opening.embedded_pixels(raw), picture())
    assert source_opening.embedded_pixels(raw[:100]) is None
    assert source_opening.embedded_pixels(b"") is None


def test_without_walls_a_file_is_decoded_all_the_same(walled, unwalled, photo):
    source = source_opening.open_source(admit(photo), ReadOptions())
    assert source.info.walls == NO_WALLS
    assert len(list(source.frames())) == 1


@pytest.mark.parametrize("is_walled", [True, False])
def test_missing_walls_are_refused_on_request(walled, unwalled, monkeypatch, photo, is_walled):
    monkeypatch.setattr(source_opening, "HERE", not is_walled)
    with pytest.raises(WallsMissing, match="Landlock, seccomp is missing"):
        source_opening.open_source(admit(photo), ReadOptions(walls="require"))


def test_a_system_that_limits_shared_memory_decodes_here(walled, monkeypatch, photo, film):
    def limited(*_: object) -> None:
        raise OSError(27, "file too large")

    monkeypatch.setattr("efface.media.decoder.frame_slots.SlotReader.enlarge", limited)
    for path in (photo, film):
        source = source_opening.open_source(admit(path), ReadOptions())
        assert source.info.walls == NO_WALLS
        source.close()


def test_a_system_that_starts_no_process_decodes_here(walled, monkeypatch, photo, film):
    def refused(*_: object) -> None:
        raise NoServer("it is refused")

    monkeypatch.setattr(server, "begin", refused)
    monkeypatch.setattr(server, "prepare", lambda: False)
    for path in (photo, film):
        source = source_opening.open_source(admit(path), ReadOptions())
        assert source.info.walls == NO_WALLS
        assert next(iter(source.frames())).index == 0
    assert source_opening.standing_walls() == NO_WALLS
    assert not isinstance(source_opening.film_again(source.info, ReadOptions(), None), WalledFilm)
    assert source_opening.embedded_pixels(photo.read_bytes()) is not None
