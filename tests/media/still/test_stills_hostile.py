"""Broken and hostile photos: a typed error or a marked black page, never anything else."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from efface.containers.admission import admit
from efface.errors import (
    DamagedSource,
    InputError,
    SourceUnreadable,
    TooManyPixels,
    UndecodableFrame,
    UnsupportedSource,
)
from efface.frames import Frame
from efface.media.still.image_reader import BREAKS_OFF
from efface.media.still.stills import open_still
from efface.options import ReadOptions

Scene = NDArray[np.uint8]
COVER = ReadOptions(bad_frames="cover", max_pixels=1_000_000)
FAIL = ReadOptions(max_pixels=1_000_000)


def saved(scene: Scene | Image.Image, name: str, **options: object) -> bytes:
    out = io.BytesIO()
    image = scene if isinstance(scene, Image.Image) else Image.fromarray(scene)
    image.save(out, name, **options)
    return out.getvalue()


def several(scene: Scene, name: str, **options: object) -> bytes:
    images = [Image.fromarray(np.roll(scene, 5 * i, 1)) for i in range(1, 4)]
    return saved(scene, name, save_all=True, append_images=images, **options)


def exif() -> bytes:
    found = Image.Exif()
    found[274] = 6
    found.get_ifd(0x8825)[29] = "2020:01:01"
    return found.tobytes()


def heif(scene: Scene) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_bytes(mode="RGB", size=(78, 53), data=scene.tobytes()).save(out, exif=exif())
    return out.getvalue()


def deep(scene: Scene, suffix: str) -> bytes:
    return bytes(cv2.imencode(suffix, scene.astype(np.uint16) * 257)[1].tobytes())


FORMATS: dict[str, Callable[[Scene], bytes]] = {
    "jpeg": lambda s: saved(s, "JPEG", exif=exif(), comment=b"x" * 30),
    "progressive": lambda s: saved(s, "JPEG", progressive=True),
    "png": lambda s: saved(s, "PNG", exif=exif()),
    "png16": lambda s: deep(s, ".png"),
    "apng": lambda s: several(s, "PNG", duration=50),
    "palette": lambda s: saved(Image.fromarray(s).quantize(16), "PNG"),
    "webp": lambda s: saved(s, "WEBP", exif=exif()),
    "lossless": lambda s: saved(s, "WEBP", lossless=True),
    "webps": lambda s: several(s, "WEBP", duration=50),
    "tiff": lambda s: several(s, "TIFF", compression="tiff_lzw"),
    "tiffraw": lambda s: saved(s, "TIFF", exif=exif()),
    "tiff16": lambda s: deep(s, ".tiff"),
    "gif": lambda s: several(s, "GIF", duration=50, comment=b"hello"),
    "heif": heif,
    "avif": lambda s: saved(s, "AVIF", exif=exif()),
    "avifs": lambda s: several(s, "AVIF", duration=50),
}


def outcome(path: Path, options: ReadOptions) -> list[Frame] | InputError:
    """What reading the file comes to.

    Anything but frames and typed errors of the input fails the test by itself.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            source = open_still(admit(path), options)
            frames = list(source.frames())
            for frame in frames:
                assert frame.look(frame.size_wh).shape == (frame.size_wh[1], frame.size_wh[0], 3)
                assert frame.unpack().size_wh == frame.size_wh
        except InputError as e:
            return e
    assert np.all(np.diff([f.pts for f in frames]) > 0)
    return frames


@pytest.mark.parametrize("name", FORMATS)
def test_mutations(tmp_path: Path, scene: Scene, name: str) -> None:
    whole, path, rng = FORMATS[name](scene), tmp_path / "a.bin", np.random.default_rng(11)
    path.write_bytes(whole)
    assert isinstance(outcome(path, FAIL), list)
    for turn in range(40):
        data = bytearray(whole)
        # Half of the mutations hit the header, where decoders are most easily led astray.
        reach = len(data) if turn % 2 else min(len(data), 200)
        for at in rng.integers(0, reach, rng.integers(1, 12)):
            data[at] = rng.integers(0, 256)
        path.write_bytes(bytes(data))
        outcome(path, FAIL)
        outcome(path, COVER)


READ_TO_THE_BREAK = ("gif", "apng")
"""Formats of which whole frames may be left before the break."""


@pytest.mark.parametrize("name", FORMATS)
def test_truncations(tmp_path: Path, scene: Scene, name: str) -> None:
    whole, path = FORMATS[name](scene), tmp_path / "a.bin"
    for share in (0.01, 0.05, 0.1, 0.3, 0.5, 0.8):
        path.write_bytes(whole[: max(1, int(len(whole) * share))])
        assert isinstance(outcome(path, FAIL), InputError) or name in READ_TO_THE_BREAK, share
        outcome(path, COVER)


@pytest.mark.parametrize("name", FORMATS)
def test_rubbish_behind_a_good_header(tmp_path: Path, scene: Scene, name: str) -> None:
    whole, path, rng = FORMATS[name](scene), tmp_path / "a.bin", np.random.default_rng(4)
    for keep in (12, 32, 64, 128):
        path.write_bytes(whole[:keep] + rng.bytes(4000))
        outcome(path, FAIL)
        outcome(path, COVER)


@pytest.mark.parametrize("name", ["jpeg", "progressive", "png", "png16", "palette"])
def test_half_a_picture_is_never_opened_without_a_word(
    tmp_path: Path, scene: Scene, name: str
) -> None:
    path, rng = tmp_path / "a.bin", np.random.default_rng(0)
    whole = FORMATS[name](rng.integers(0, 256, (90, 120, 3), np.uint8))
    for share in (0.6, 0.8, 0.95):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert isinstance(outcome(path, FAIL), InputError)
        source = open_still(admit(path), COVER)
        assert [f.is_bad for f in source.frames()] == [False]
        assert BREAKS_OFF in source.info.notes


@pytest.mark.parametrize("name", ["tiffraw", "webp", "heif", "avif"])
def test_half_a_picture_fails_or_is_covered_whole(tmp_path: Path, scene: Scene, name: str) -> None:
    path, noise = (
        tmp_path / "a.bin",
        np.random.default_rng(0).integers(0, 256, scene.shape, np.uint8),
    )
    whole = FORMATS[name](noise)
    path.write_bytes(whole[: int(len(whole) * 0.7)])
    assert isinstance(outcome(path, FAIL), UndecodableFrame | DamagedSource)
    covered = outcome(path, COVER)
    if isinstance(covered, list):
        assert [f.is_bad for f in covered] == [True]
        assert not covered[0].look(covered[0].size_wh).any()
        assert not any(plane.any() for plane in covered[0].unpack().planes)
    else:
        assert name in (
            "webp",
            "heif",
            "avif",
        )  # their decoders want the whole file before they tell its size


def test_a_bad_page_in_the_middle_is_named_or_covered(tmp_path: Path, scene: Scene) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for _ in range(3):
            tiff.write(scene, photometric="rgb", compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        at = tiff.pages[1].dataoffsets[0]  # type: ignore[union-attr]
    data = bytearray(path.read_bytes())
    data[at : at + 40] = b"\xff" * 40
    path.write_bytes(bytes(data))
    failed = outcome(path, FAIL)
    assert isinstance(failed, UndecodableFrame)
    assert failed.at == "page 2"
    covered = outcome(path, COVER)
    assert isinstance(covered, list)
    assert [f.is_bad for f in covered] == [False, True, False]
    assert np.array_equal(covered[2].look((78, 53)), scene)


def png_of(width: int, height: int, depth: int = 8, kind: int = 2) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(30_000, 30_000), (2_000_000_000, 2), (65_535, 65_535)])
def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_of(*size))
    with pytest.raises(TooManyPixels):
        open_still(admit(path), ReadOptions())


def test_bombs_of_other_kinds(tmp_path: Path, scene: Scene) -> None:
    jpeg = bytearray(saved(scene, "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    struct.pack_into(">HH", jpeg, frame + 5, 65500, 65500)
    gif = bytearray(saved(scene, "GIF"))
    struct.pack_into("<HH", gif, 6, 65535, 65535)
    webp = bytearray(several(scene, "WEBP"))
    webp[24:30] = b"\xff\x3f\x00\xff\x3f\x00"
    for data in (jpeg, gif, webp):
        (tmp_path / "a.bin").write_bytes(bytes(data))
        with pytest.raises(TooManyPixels):
            open_still(admit(tmp_path / "a.bin"), FAIL)


@pytest.mark.parametrize("size", [(0, 0), (0, 10), (10, 0)])
def test_pictures_without_pixels_are_damaged(
    tmp_path: Path, scene: Scene, size: tuple[int, int]
) -> None:
    gif = bytearray(saved(scene, "GIF"))
    struct.pack_into("<HH", gif, 6, *size)
    jpeg = bytearray(saved(scene, "JPEG"))
    struct.pack_into(">HH", jpeg, jpeg.index(b"\xff\xc0") + 5, *size)
    for data in (png_of(*size), bytes(jpeg)):
        (tmp_path / "a.bin").write_bytes(data)
        with pytest.raises(DamagedSource):
            list(open_still(admit(tmp_path / "a.bin"), FAIL).frames())
    (tmp_path / "a.gif").write_bytes(bytes(gif))
    outcome(tmp_path / "a.gif", FAIL)


def test_a_source_that_goes_away_is_unreadable(tmp_path: Path, scene: Scene) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(saved(scene, "PNG"))
    source = open_still(admit(path), FAIL)
    path.unlink()
    with pytest.raises(SourceUnreadable):
        list(source.frames())


def test_a_video_is_no_still(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(struct.pack(">I4s4s", 16, b"ftyp", b"isom") + b"\0" * 100)
    with pytest.raises(UnsupportedSource):
        open_still(admit(path), FAIL)


def test_two_decoders_must_agree_on_a_deep_picture(
    tmp_path: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(deep(scene, ".png"))
    other = deep(scene[::-1].copy(), ".png")
    decode = cv2.imdecode
    monkeypatch.setattr(
        cv2, "imdecode", lambda data, flags: decode(np.frombuffer(other, np.uint8), flags)
    )
    with pytest.raises(UnsupportedSource, match="disagree"):
        list(open_still(admit(path), FAIL).frames())


def test_running_out_of_memory_is_a_typed_error(
    tmp_path: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(self: object) -> None:
        raise MemoryError

    path = tmp_path / "a.png"
    path.write_bytes(saved(scene, "PNG"))
    source = open_still(admit(path), COVER)
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    with pytest.raises(UnsupportedSource, match="memory"):
        list(source.frames())
