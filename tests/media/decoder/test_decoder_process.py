"""What a decoder's process does, in a thread of this one, whose lines are measured."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from PIL import Image

from efface.containers.admission import admit
from efface.errors import InputError, UnsupportedSource, WorkerDied
from efface.media.decoder import decoder_process, source_opening
from efface.media.still.jpeg_coefficients import HasBlocks, blocks_of
from efface.options import ReadOptions
from efface.walls import seccomp

from .conftest import FILMS, picture, write_film
from .test_source_opening import told


@pytest.fixture
def here(_decoders_in_this_process, in_threads, monkeypatch):
    """here(path) fails unless a decoder tells the same as the libraries that it calls."""

    def check(path, options=None):
        with monkeypatch.context() as patch:
            patch.setattr(source_opening, "HERE", True)
            direct = told(path, options)
        asked = told(path, options)
        gc.collect()  # ends decoders of sources that could not be opened
        assert asked == direct
        return asked

    return check


def test_walls_come_before_the_file(here, in_threads, photo, monkeypatch):
    def opened(source, _options):
        assert [len(call) for call in in_threads] == [2, 2], "limits, then walls"
        raise UnsupportedSource(source.path, "seen")

    monkeypatch.setattr(decoder_process, "open_still", opened)
    with pytest.raises(UnsupportedSource, match="seen"):
        source_opening.open_source(admit(photo), ReadOptions())
    (memory, written), (readable, calls) = in_threads
    assert memory > 1 << 30
    assert written == 0
    assert readable[0] == "a folder of the installation"
    assert isinstance(readable[1], int), "the file is allowed by its descriptor"
    assert calls is seccomp.for_decoder


def test_photos(here, photo, tmp_path):
    parts = [Image.fromarray(picture()).rotate(angle) for angle in (10, 20)]
    parts[0].save(tmp_path / "a.gif", save_all=True, append_images=parts[1:], duration=[50, 70])
    large = parts[0].resize((400, 300))
    parts[0].save(tmp_path / "pages.tif", save_all=True, append_images=[large])
    for path in [photo, *sorted(tmp_path.iterdir())]:
        assert len(here(path)) > 10


def test_the_blocks_of_a_jpeg(in_threads, tmp_path, monkeypatch):
    pytest.importorskip("jpegio", reason="comes with the extra test")
    Image.fromarray(picture()).save(tmp_path / "a.jpg", subsampling=2)
    monkeypatch.setattr(source_opening, "HERE", False)
    source = source_opening.open_source(admit(tmp_path / "a.jpg"), ReadOptions())
    assert isinstance(source, HasBlocks)
    asked, direct = source.jpeg_blocks(), blocks_of(tmp_path / "a.jpg")
    assert asked.components == direct.components
    assert all(map(np.array_equal, asked.planes, direct.planes))
    Image.fromarray(picture()).save(tmp_path / "a.jpg", "PNG")
    with pytest.raises(InputError):
        source.jpeg_blocks()
    source.close()
    gc.collect()


@pytest.mark.parametrize(("name", "pixels", "codec"), FILMS)
def test_films(here, tmp_path, name, pixels, codec):
    write_film(tmp_path / name, pixels, codec)
    assert len(here(tmp_path / name)) > 30


def test_damage_and_limits(here, photo, film, tmp_path):
    cut = tmp_path / "cut.png"
    cut.write_bytes(photo.read_bytes()[:3000])
    for path, options in (
        (cut, None),
        (cut, ReadOptions(bad_frames="cover")),
        (film, ReadOptions(max_pixels=100)),
        (photo, ReadOptions(max_pixels=100)),
    ):
        here(path, options)


def test_a_film_from_the_middle(here, film):
    source = source_opening.open_source(admit(film), ReadOptions())
    direct = source_opening.film_again(source.info, ReadOptions(), film.open("rb"))
    with direct._file:
        again = source_opening.film_again(source.info, ReadOptions(), None)
        assert list(again.marks()) == list(direct.marks())
        assert again.stored_as() == direct.stored_as()
        assert [f.pts for f in again.decoded_from(80)] == [f.pts for f in direct.decoded_from(80)]
        behind = [f.unpack().checksum() for f in again.frames_from(0, 0, None)]
        assert behind == [f.unpack().checksum() for f in direct.frames_from(0, 0, None)]
    again.close()
    source.close()


def test_embedded_pictures(here, photo):
    raw = photo.read_bytes()
    assert np.array_equal(source_opening.embedded_pixels(raw), picture())
    assert source_opening.embedded_pixels(raw[:100]) is None
    assert source_opening.embedded_pixels(b"") is None


def test_any_other_fault_costs_the_file(here, photo, monkeypatch):
    def opened(*_):
        raise KeyError("a fault of ours")

    monkeypatch.setattr(decoder_process, "open_still", opened)
    with pytest.raises(WorkerDied, match=r"its decoder failed \(KeyError\)"):
        source_opening.open_source(admit(photo), ReadOptions())


@pytest.mark.parametrize(("error", "code"), [(EOFError(), 0), (UnsupportedSource("a", "b"), 1)])
def test_the_process_ends_with_its_pipe(monkeypatch, error, code):
    class Ended(BaseException):
        pass

    def ends(code):
        raise Ended(code)

    def served(*_):
        raise error

    monkeypatch.setattr(decoder_process, "serve", served)
    monkeypatch.setattr("os._exit", ends)
    with pytest.raises(Ended, match=str(code)):
        decoder_process.run(0, 0, None, [])
