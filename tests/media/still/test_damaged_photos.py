"""Photos whose data are damaged are read up to the damage, and called damaged."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from efface.containers.admission import admit
from efface.errors import UndecodableFrame
from efface.frames import Picture
from efface.media.still import av_reader
from efface.media.still.gif_webp_write import GifFile, gif_frame
from efface.media.still.image_reader import DAMAGED
from efface.media.still.stills import open_still
from efface.options import ReadOptions

Pages = Callable[..., list[tuple[int, Picture]]]
Scene = NDArray[np.uint8]

ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


def stacked(picture: Picture) -> NDArray[Any]:
    return np.stack(picture.planes, axis=-1)


def notes_of(path: Path) -> list[str]:
    source = open_still(admit(path), ReadOptions())
    list(source.frames())
    return source.info.notes


def chunk(name: bytes, content: bytes, *, spoil: bool = False) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content) ^ spoil)
    )


def png(
    size_wh: tuple[int, int], packed: bytes, *, is_interlaced: bool = False, spoil: bool = False
) -> bytes:
    """A PNG of RGB, 8 bits each, from compressed rows."""
    head = struct.pack(">IIBBBBB", *size_wh, 8, 2, 0, 0, is_interlaced)
    file = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), chunk(b"IDAT", packed, spoil=spoil)]
    return b"".join([*file, chunk(b"tEXt", b"a\0b"), chunk(b"IEND", b"")])


def rows_of(samples: Scene) -> bytes:
    """Rows as PNG has them, none filtered."""
    return b"".join(b"\0" + row.tobytes() for row in samples)


# PNG


def test_a_png_whose_checksum_is_wrong_is_called_damaged(
    tmp_path: Path, pages: Pages, scene: Scene
) -> None:
    path, packed = tmp_path / "a.png", zlib.compress(rows_of(scene))
    path.write_bytes(png((78, 53), packed))
    assert notes_of(path) == []
    path.write_bytes(png((78, 53), packed, spoil=True))
    assert notes_of(path) == [DAMAGED]
    assert np.array_equal(stacked(pages(path)[0][1]), scene)


@pytest.mark.parametrize("kind", ["filter", "block", "end"])
def test_a_png_is_read_up_to_the_damage(
    kind: str, tmp_path: Path, pages: Pages, scene: Scene
) -> None:
    raw, at = bytearray(rows_of(scene)), 30 * (1 + 78 * 3)
    if kind == "filter":
        raw[at] = 9
        packed = zlib.compress(bytes(raw))
    else:
        packer = zlib.compressobj()
        packed = packer.compress(bytes(raw[:at])) + packer.flush(zlib.Z_FULL_FLUSH)
        packed += b"\xff" * 50 if kind == "block" else b""
    path = tmp_path / "a.png"
    path.write_bytes(png((78, 53), packed))
    seen = stacked(pages(path)[0][1])
    assert np.array_equal(seen[:30], scene[:30])
    assert not seen[30:].any()
    assert notes_of(path) == [DAMAGED]


@pytest.mark.parametrize(
    ("passes", "across", "down"), [(1, 8, 8), (2, 4, 8), (3, 4, 4), (4, 2, 4), (5, 2, 2), (6, 1, 2)]
)
def test_pixels_of_passes_that_are_missing_are_those_beside_them(
    passes: int, across: int, down: int, tmp_path: Path, pages: Pages, scene: Scene
) -> None:
    raw = b"".join(rows_of(scene[y::dy, x::dx]) for x, y, dx, dy in ADAM7[:passes])
    path = tmp_path / "a.png"
    path.write_bytes(png((78, 53), zlib.compress(raw + b"\x09" * 999), is_interlaced=True))
    known = scene[::down, ::across]
    want = known.repeat(down, axis=0).repeat(across, axis=1)[:53, :78]
    assert np.array_equal(stacked(pages(path)[0][1]), want)
    assert notes_of(path) == [DAMAGED]


def test_a_png_without_one_good_row_is_refused(tmp_path: Path, scene: Scene) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png((78, 53), zlib.compress(b"\x09" + rows_of(scene)[1:])))
    with pytest.raises(UndecodableFrame):
        notes_of(path)


def test_a_second_header_of_a_png_counts_for_nothing(
    tmp_path: Path, pages: Pages, scene: Scene
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png((78, 53), zlib.compress(rows_of(scene)))[:-12] + chunk(b"IHDR", b""))
    assert np.array_equal(stacked(pages(path)[0][1]), scene)


# JPEG


def test_a_jpeg_at_which_decoders_give_up_keeps_its_rows_before_that(
    tmp_path: Path, pages: Pages, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NDArray[Any]:
        raise ValueError("no decoder")

    monkeypatch.setattr(av_reader, "mjpeg", refuse)
    out, path = io.BytesIO(), tmp_path / "a.jpg"
    big = Image.fromarray(scene).resize((780, 530))
    big.save(out, "JPEG", quality=95)
    data = out.getvalue()
    middle = len(data) * 2 // 3
    no_table = b"\xff\xc4\x00\x20" + b"\xff" * 30
    path.write_bytes(data[:middle] + no_table + data[middle:])
    seen = stacked(pages(path)[0][1]).astype(int)
    assert np.abs(seen[:200] - np.asarray(big)[:200]).mean() < 3
    assert notes_of(path) == [DAMAGED]
    at = data.index(b"\xff\xda")
    path.write_bytes(data[:at] + no_table + data[at:])
    with pytest.raises(UndecodableFrame):  # not one row
        notes_of(path)


# GIF


def gif(*frames: Scene, **how: Any) -> bytes:
    out = io.BytesIO()
    first, *others = (Image.fromarray(f) for f in frames)
    first.save(out, "GIF", save_all=True, append_images=others, duration=100, **how)
    return out.getvalue()


def starts_of_frames(data: bytes) -> list[int]:
    """Where the frames' control extensions stand."""
    mark = b"\x21\xf9\x04"
    found = [data.index(mark)]
    while (following := data.find(mark, found[-1] + 1)) >= 0:
        found.append(following)
    return found


def test_a_gif_that_breaks_off_keeps_its_frames_before_that(
    tmp_path: Path, pages: Pages, scene: Scene
) -> None:
    path, data = tmp_path / "a.gif", gif(scene, scene[::-1].copy(), scene[:, ::-1].copy())
    at = starts_of_frames(data)[2]
    for behind in (2, 10, 14):  # within the extension, the frame's head
        path.write_bytes(data[: at + behind])
        assert len(pages(path)) == 2
        assert notes_of(path) == [DAMAGED]


def test_a_damaged_frame_of_a_gif_is_read_up_to_the_damage(tmp_path: Path, pages: Pages) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (3, 60, 80, 3), np.uint8)
    path, data = tmp_path / "a.gif", bytearray(gif(*noise))
    path.write_bytes(data)
    whole = pages(path)
    assert notes_of(path) == []
    second, third = starts_of_frames(bytes(data))[1:]
    middle = second + (third - second) * 3 // 4
    data[middle : middle + 40] = b"\xff" * 40
    path.write_bytes(data)
    seen = pages(path)
    assert [pts for pts, _ in seen] == [0, 100, 200]
    assert np.array_equal(stacked(seen[1][1])[:10], stacked(whole[1][1])[:10])
    assert notes_of(path) == [DAMAGED]


def test_no_frame_of_a_gif_shows_through_a_clear_one(tmp_path: Path, pages: Pages) -> None:
    rgba = np.zeros((3, 6, 8, 4), np.uint8)
    rgba[:, :, :4] = (0, 0, 255, 255)
    rgba[1] = (0, 255, 0, 255)
    path = tmp_path / "a.gif"
    with open(path, "wb") as file:
        made = GifFile(file, (8, 6), None)
        for frame in rgba:
            made.add(gif_frame(frame), 10)
        made.finish()
    for (_, seen), wanted in zip(pages(path), rgba, strict=True):
        assert np.array_equal(stacked(seen)[..., 3], wanted[..., 3])
