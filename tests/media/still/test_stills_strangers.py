"""Photos as strangers make them: without an end, with broken metadata, with colours by numbers, in
formats without a target."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

from efface.containers import picture_parts, spliced_parts
from efface.containers.admission import admit
from efface.containers.allowlist import unlisted_parts
from efface.containers.image_truncation import lacks_data
from efface.containers.sniff import format_of
from efface.errors import InputError, TooManyPixels, UndecodableFrame
from efface.frames import Picture
from efface.media.still.image_reader import BREAKS_OFF, DAMAGED
from efface.media.still.still_facts import of_file, orientation_of
from efface.media.still.stills import open_still
from efface.options import ReadOptions

Pages = Callable[..., list[tuple[int, Picture]]]
Pass = Callable[..., Path]
Scene = NDArray[np.uint8]


def stacked(picture: Picture) -> NDArray[Any]:
    return np.stack(picture.planes, axis=-1)


COVER = ReadOptions(bad_frames="cover")


def notes_of(path: Path, options: ReadOptions = ReadOptions()) -> list[str]:  # noqa: B008  frozen
    source = open_still(admit(path), options)
    list(source.frames())
    return source.info.notes


def jpeg(scene: Scene, **how: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(scene).resize((240, 160)).save(out, "JPEG", quality=85, **how)
    return out.getvalue()


# JPEG: is it whole?


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("tail", [b"", bytes(2000), b"\xff"])
def test_a_jpeg_without_its_end_mark_is_whole(
    tmp_path: Path, pages: Pages, scene: Scene, tail: bytes, progressive: bool
) -> None:
    data, path = jpeg(scene, progressive=progressive), tmp_path / "a.jpg"
    path.write_bytes(data)
    want = stacked(pages(path)[0][1])
    path.write_bytes(data[:-2] + tail)
    assert np.array_equal(stacked(pages(path)[0][1]), want)
    assert notes_of(path) == []


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_jpeg_that_breaks_off_is_refused_or_opened_as_far_as_it_goes(
    tmp_path: Path, scene: Scene, share: float
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, scene.shape, np.uint8)
    data, path = jpeg(noise), tmp_path / "a.jpg"
    path.write_bytes(data)
    whole = stacked(next(iter(open_still(admit(path), ReadOptions()).frames())).unpack())
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UndecodableFrame):
        notes_of(path)
    source = open_still(admit(path), COVER)
    (frame,) = source.frames()
    assert source.info.notes == [BREAKS_OFF]
    assert not frame.is_bad
    seen, there = stacked(frame.unpack()), int(160 * (share - 0.25))
    assert np.array_equal(seen[:there], whole[:there])
    missing = seen[int(160 * share) + 20 :].reshape(-1, 3)
    assert len(np.unique(missing, axis=0)) == (1 if share == 0.5 else 0)  # it has one colour


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_progressive_jpeg_that_breaks_off_is_refused_or_opened_and_says_so(
    tmp_path: Path, scene: Scene, share: float
) -> None:
    data, path = jpeg(scene, progressive=True), tmp_path / "a.jpg"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UndecodableFrame):
        notes_of(path)
    assert notes_of(path, COVER) == [BREAKS_OFF]


def test_a_jpeg_that_breaks_off_before_its_first_row_is_refused(
    tmp_path: Path, scene: Scene
) -> None:
    data, path = jpeg(scene), tmp_path / "a.jpg"
    at = data.index(b"\xff\xda")
    for end in (at, at + 8, at + 14):
        path.write_bytes(data[:end])
        with pytest.raises(UndecodableFrame):
            notes_of(path)


@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_png_that_breaks_off_is_refused_or_opened_as_far_as_it_goes(
    tmp_path: Path, scene: Scene, share: float
) -> None:
    path, noise = tmp_path / "a.png", np.random.default_rng(1).integers(0, 256, (60, 50, 3), "u1")
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UndecodableFrame):
        notes_of(path)
    source = open_still(admit(path), COVER)
    (frame,) = source.frames()
    seen, there = stacked(frame.unpack()), int(60 * share) - 2
    assert source.info.notes == [BREAKS_OFF]
    assert np.array_equal(seen[:there], noise[:there])
    assert not seen[there + 3 :].any()


@pytest.mark.parametrize("mode", ["RGB", "P", "L"])
def test_a_bmp_that_breaks_off_is_opened_as_far_as_it_goes(
    tmp_path: Path, scene: Scene, mode: str
) -> None:
    path, picture = tmp_path / "a.bmp", Image.fromarray(scene).convert(mode)
    picture.save(path)
    path.write_bytes(path.read_bytes()[: -(scene.shape[1] + 3) * (3 if mode == "RGB" else 1) * 20])
    source = open_still(admit(path), ReadOptions())
    (frame,) = source.frames()
    want = np.asarray(picture.convert("RGB"))
    seen = stacked(frame.unpack())
    assert source.info.notes == [BREAKS_OFF]
    assert np.array_equal(np.broadcast_to(seen, want.shape)[24:], want[24:])  # the lowest row first
    assert len(np.unique(seen[:18].reshape(-1, seen.shape[-1]), axis=0)) == 1


@pytest.mark.parametrize("end", [b"\0\1", b""])
def test_a_bmp_whose_compressed_rows_end_early_is_opened_and_called_damaged(
    tmp_path: Path, end: bytes
) -> None:
    path, rows = tmp_path / "a.bmp", b"\x14\x01\0\0" * 12 + end  # 12 of 30 rows of 20 pixels
    palette = bytes(4) + b"\x10\x20\x30\0" + bytes(254 * 4)
    head = struct.pack("<IiiHHIIiiII", 40, 20, 30, 1, 8, 1, len(rows), 0, 0, 256, 0)
    start = 14 + len(head) + len(palette)
    file = struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + head + palette + rows
    path.write_bytes(file)
    source = open_still(admit(path), ReadOptions())
    (frame,) = source.frames()
    seen = stacked(frame.unpack())
    assert source.info.notes == [DAMAGED]
    assert (seen[18:] == (0x30, 0x20, 0x10)).all()
    assert not seen[:18].any()


@pytest.mark.parametrize("progressive", [False, True])
def test_a_cut_jpeg_with_an_end_mark_is_opened_and_called_damaged(
    tmp_path: Path, scene: Scene, progressive: bool
) -> None:
    data, path = jpeg(scene, progressive=progressive), tmp_path / "a.jpg"
    path.write_bytes(data[: int(len(data) * 0.8)] + b"\xff\xd9")
    assert any("damaged" in note for note in notes_of(path))
    path.write_bytes(data)
    assert notes_of(path) == []


def test_data_that_the_decoder_leaves_unused_are_called_damage(
    tmp_path: Path, scene: Scene
) -> None:
    path, data = tmp_path / "a.jpg", jpeg(scene)
    path.write_bytes(data[:-2] + bytes(range(1, 200)) + b"\xff\xd9")
    assert any("damaged" in note for note in notes_of(path))


def test_further_pictures_of_a_jpeg_are_said_to_be_lost(tmp_path: Path, scene: Scene) -> None:
    path = tmp_path / "a.mpo"
    first, second = Image.fromarray(scene), Image.fromarray(scene[::-1].copy())
    first.save(path, "MPO", save_all=True, append_images=[second])
    data = path.read_bytes()
    assert notes_of(path) == []  # Pillow writes a type that says nothing
    at = data.index(b"\x02\xb0")
    start = data.index(b"MPF\0") + 4
    entries = start + struct.unpack_from("<I", data, at + 8)[0]
    told = bytearray(data)
    for n in range(2):
        struct.pack_into("<I", told, entries + 16 * n, 0x020002)
    path.write_bytes(told)
    assert notes_of(path) == ["it holds several pictures, and only the first was kept"]
    struct.pack_into("<I", told, entries + 16, 0x010001)  # a preview
    path.write_bytes(told)
    assert notes_of(path) == []


def test_an_arithmetic_jpeg_gets_its_end_mark() -> None:
    head = (
        b"\xff\xd8\xff\xc9\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"
        b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    )
    found = picture_parts.parts_of("jpeg", io.BytesIO(head + b"abc\xff\xd9"))
    assert found is not None
    assert (found.is_arithmetic, found.ending, found.stepped) == (True, spliced_parts.EOI, 0)


# Broken metadata


@pytest.mark.parametrize(
    "segment",
    [
        b"\xff\xe0\x00\x07JFIF\0", b"\xff\xee\x00\x07Adobe", (
                b"\xff\xed\x00\x20Photoshop "
                b"3.0\x008BIM\x04\x04"
            ) + bytes(12),
        b"\xff\xe1\x00\x0cExif\0\0II*\0", b"\xff\xe2\x00\x12ICC_PROFILE\0\x01\x09\0\0",
        b"\xff\xe2\x00\x0aMPF\0II*\0",
        b"\xff\xfe\x00\x05abc", b"\xff\xe1\x00\x02",
    ],
)  # fmt: skip
def test_broken_segments_of_a_jpeg_are_dropped(
    tmp_path: Path, passed_through: Pass, scene: Scene, segment: bytes
) -> None:
    data, path = jpeg(scene), tmp_path / "a.jpg"
    path.write_bytes(data[:2] + segment + data[2:])
    with Image.open(passed_through(path)) as copy:
        want = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        assert np.abs(np.asarray(copy).astype(int) - want).mean() < 2
    assert unlisted_parts(tmp_path / "out.jpg", "jpeg") == []


def png(samples: NDArray[Any], *chunks: tuple[bytes, bytes], spoil: bool = False) -> bytes:
    done, data = cv2.imencode(".png", samples[..., ::-1] if samples.ndim == 3 else samples)
    assert done
    raw = data.tobytes()
    added = b"".join(
        struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c) ^ spoil)
        for n, c in chunks
    )
    return raw[:33] + added + raw[33:]


@pytest.mark.parametrize(
    "chunk",
    [(b"pHYs", bytes(9)), (b"tEXt", b"no end"), (b"iTXt", b"\xff\xfe"), (b"gAMA", b"\0"),
    (b"eXIf", b"MM"),
     (b"iCCP", b"a\0\0xx"), (b"tIME", b""), (b"sBIT", bytes(40))],
)  # fmt: skip
@pytest.mark.parametrize("spoil", [False, True])
def test_broken_chunks_of_a_png_are_dropped(
    tmp_path: Path, pages: Pages, scene: Scene, chunk: tuple[bytes, bytes], spoil: bool
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(scene, chunk, spoil=spoil))
    assert np.array_equal(stacked(pages(path)[0][1]), scene)


def test_a_png_without_its_end_is_whole(tmp_path: Path, pages: Pages, scene: Scene) -> None:
    path = tmp_path / "a.png"
    data = png(scene)
    for cut in (12, 14, 16):  # the end, and the checksum of the picture before it
        path.write_bytes(data[:-cut])
        assert np.array_equal(stacked(pages(path)[0][1]), scene)
    assert notes_of(path) == []
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UndecodableFrame):
        pages(path)


def test_an_apng_out_of_sequence_keeps_its_picture_and_says_so(
    tmp_path: Path, pages: Pages, scene: Scene
) -> None:
    path, frames = tmp_path / "a.png", [Image.fromarray(scene), Image.fromarray(scene[::-1].copy())]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    assert open_still(admit(path), ReadOptions()).info.frame_count == 2
    data = bytearray(path.read_bytes())
    at = data.index(b"fdAT")
    data[at + 4 : at + 8] = struct.pack(">I", 7)
    size = struct.unpack(">I", data[at - 4 : at])[0]
    data[at + 4 + size : at + 8 + size] = struct.pack(">I", zlib.crc32(data[at : at + 4 + size]))
    path.write_bytes(data)
    assert len(pages(path)) == 1
    assert "its animation is damaged, and its picture alone was kept" in notes_of(path)


def test_a_webp_with_a_broken_end_is_opened(tmp_path: Path, pages: Pages, scene: Scene) -> None:
    path, out = tmp_path / "a.webp", io.BytesIO()
    Image.fromarray(scene).save(out, "WEBP", lossless=True, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    data = out.getvalue()
    cut = data[: data.index(b"EXIF") + 12]  # the chunk of EXIF reaches beyond the end
    path.write_bytes(cut)
    assert np.array_equal(stacked(pages(path)[0][1])[..., :3], scene)


@pytest.mark.parametrize("kind", [1, 3, 4])
def test_an_orientation_counts_whatever_type_it_has(kind: int) -> None:
    value = {1: b"\x06\0\0\0", 3: b"\x06\0\0\0", 4: b"\x06\0\0\0"}[kind]
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHI", 274, kind, 1) + value + bytes(4)
    assert orientation_of(exif) == 6


# Colours


def grey_profile(gamma: float) -> bytes:
    """An ICC profile of grey with one gamma; Pillow makes none."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))
    tags, table, body = [(b"wtpt", white), (b"kTRC", curve)], b"", b""
    for name, content in tags:
        table += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(content))
        body += content
    pcs = struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))
    head = b"lcms\x02\x40\0\0mntrGRAYXYZ " + bytes(12) + b"acsp" + bytes(28) + pcs + bytes(48)
    return (
        struct.pack(">I", 132 + len(table) + len(body))
        + head
        + struct.pack(">I", len(tags))
        + table
        + body
    )


def srgb(linear: NDArray[Any]) -> NDArray[Any]:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_grey_profile_is_applied(tmp_path: Path, pages: Pages, scene: Scene, depth: int) -> None:
    peak, path = 2**depth - 1, tmp_path / "a.png"
    grey = scene[..., 1].astype(np.uint16) * 257 if depth == 16 else scene[..., 1]
    Image.fromarray(grey).save(path, icc_profile=grey_profile(1.8))
    want = srgb((grey / peak) ** 1.8) * peak
    assert np.abs(want - grey).max() > 0.03 * peak
    assert np.abs(stacked(pages(path)[0][1])[..., 0] - want).max() <= 0.004 * peak


def table_profile() -> bytes:
    """An RGB profile with tables (A2B0) and no matrix, mft1 with two points a side: red and green
    change places."""
    corners = [(r, g, b) for r in (0, 1) for g in (0, 1) for b in (0, 1)]
    lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    table = b""
    for r, g, b in corners:
        image = Image.new("RGB", (1, 1), (g * 255, r * 255, b * 255))
        table += ImageCms.applyTransform(image, lab).tobytes()
    ramp = bytes(range(256)) * 3
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    a2b = b"mft1\0\0\0\0" + bytes((3, 3, 2, 0)) + identity + ramp + table + ramp
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))
    tags, index, body = [(b"wtpt", white), (b"A2B0", a2b)], b"", b""
    for name, content in tags:
        index += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    pcs = struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))
    head = b"lcms\x02\x40\0\0prtrRGB Lab " + bytes(12) + b"acsp" + bytes(28) + pcs + bytes(48)
    return (
        struct.pack(">I", 132 + len(index) + len(body))
        + head
        + struct.pack(">I", len(tags))
        + index
        + body
    )


def test_a_profile_of_tables_is_applied_to_sixteen_bits_as_to_eight(
    tmp_path: Path, pages: Pages, scene: Scene
) -> None:
    icc, path, wide = table_profile(), tmp_path / "a.tif", tmp_path / "w.tif"
    Image.fromarray(scene).save(path, icc_profile=icc)
    tifffile.imwrite(wide, scene.astype(np.uint16) * 257, photometric="rgb", iccprofile=icc)
    low, deep = stacked(pages(path)[0][1]).astype(float), stacked(pages(wide)[0][1])
    assert deep.dtype == np.uint16
    assert np.abs(low - scene).max() > 50
    assert np.abs(low - deep / 257).mean() < 1


def test_cmyk_with_a_profile_becomes_rgb_as_it_is_shown(
    tmp_path: Path, pages: Pages, passed_through: Pass
) -> None:
    icc, path = cmyk_profile(), tmp_path / "a.jpg"
    ink = np.zeros((32, 48, 4), np.uint8)
    ink[:, :24, 0], ink[:, 24:, 3] = 200, 120
    Image.fromarray(ink, "CMYK").save(path, quality=95, icc_profile=icc)
    assert pages(path)[0][1].layout.model == "rgb"
    with Image.open(passed_through(path)) as copy:
        assert (copy.mode, copy.info.get("icc_profile")) == ("RGB", None)


def cmyk_profile() -> bytes:
    """An ICC profile of CMYK, mft1 with two points a side: ink darkens."""
    table = bytearray()
    for n in range(16):
        inks = [n >> shift & 1 for shift in (3, 2, 1, 0)]
        table += bytes((max(0, 255 - 80 * sum(inks)), 128, 128))
    ramp = bytes(range(256))
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    a2b = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + ramp * 4 + bytes(table) + ramp * 3
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))
    tags, index, body = [(b"wtpt", white), (b"A2B0", a2b)], b"", b""
    for name, content in tags:
        index += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    pcs = struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))
    head = b"lcms\x02\x40\0\0prtrCMYKLab " + bytes(12) + b"acsp" + bytes(28) + pcs + bytes(48)
    return (
        struct.pack(">I", 132 + len(index) + len(body))
        + head
        + struct.pack(">I", len(tags))
        + index
        + body
    )


GAMMA_1, GAMMA_22 = struct.pack(">I", 100_000), struct.pack(">I", 45_455)
P3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


@pytest.mark.parametrize("depth", [8, 16])
def test_the_gamma_of_a_png_is_applied(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, depth: int
) -> None:
    peak, path = 2**depth - 1, tmp_path / "a.png"
    samples = scene.astype(np.uint16) * 257 if depth == 16 else scene
    path.write_bytes(png(samples, (b"gAMA", GAMMA_1)))
    want = (samples / peak) ** (1 / 2.2) * peak
    for read in (pages(path), pages(passed_through(path))):
        assert np.abs(stacked(read[0][1]) - want).max() <= 0.004 * peak


@pytest.mark.parametrize(
    "chunks",
    [[(b"gAMA", GAMMA_22)], [(b"cHRM", P3)], [(b"gAMA", GAMMA_1), (b"sRGB", b"\0")],
     [(b"cICP", b"\1\x0d\0\1"), (b"gAMA", GAMMA_1)]],
)  # fmt: skip
def test_numbers_that_mean_srgb_change_nothing(
    tmp_path: Path, pages: Pages, scene: Scene, chunks: Any
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(scene, *chunks))
    assert np.array_equal(stacked(pages(path)[0][1]), scene)


def test_primaries_and_gamma_of_a_png_are_applied_together(
    tmp_path: Path, pages: Pages, scene: Scene
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(scene, (b"gAMA", GAMMA_22), (b"cHRM", P3)))
    found = stacked(pages(path)[0][1]).astype(int)
    reds = found[:12, -12:].reshape(-1, 3)
    greys = found[:12, :12].reshape(-1, 3)
    assert (greys == 255).all(), "white stays white"
    assert np.abs(found - scene).max() > 5
    assert (reds[:, 0] == 255).all()


@pytest.mark.parametrize("numbers", [(12, 13), (9, 16), (9, 18)])
def test_a_png_keeps_the_numbers_of_its_colours(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, numbers: tuple[int, int]
) -> None:
    path, content = tmp_path / "a.png", bytes((*numbers, 0, 1))
    light = [(b"cLLI", bytes(range(8))), (b"mDCV", bytes(range(24)))]
    path.write_bytes(
        png(scene.astype(np.uint16) * 257, (b"cICP", content), *light, (b"gAMA", GAMMA_1))
    )
    copy = passed_through(path)
    for name, value in [(b"cICP", content), *light]:
        assert name + value in copy.read_bytes()
    assert b"gAMA" not in copy.read_bytes()
    assert np.array_equal(stacked(pages(path)[0][1]), stacked(pages(copy)[0][1]))
    assert unlisted_parts(copy, "png") == []


def test_a_longer_chunk_of_colour_numbers_is_a_stranger(tmp_path: Path, scene: Scene) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(scene, (b"cICP", b"\x0c\x0d\0\1 and a name")))
    assert unlisted_parts(path, "png") == ["chunk cICP"]


# Several pictures, planes, more bits


def test_all_pictures_of_a_heif_are_kept(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene
) -> None:
    path, book = tmp_path / "a.heic", pillow_heif.HeifFile()
    others = [scene, np.ascontiguousarray(scene[::-1]), np.ascontiguousarray(scene[:40, :60])]
    for samples in others:
        book.add_frombytes("RGB", (samples.shape[1], samples.shape[0]), samples.tobytes())
    book.save(path, quality=95, primary_index=1)
    copy = passed_through(path)
    for file in (path, copy):
        found = pages(file)
        assert [p.size_wh for _, p in found] == [(78, 53), (78, 53), (60, 40)]
        for (_, picture), want in zip(found, others, strict=True):
            assert np.abs(stacked(picture).astype(int) - want).mean() < 5
    assert pillow_heif.open_heif(copy).primary_index == 1
    assert unlisted_parts(copy, "heif") == []


def test_heif_with_the_brand_of_sequences_is_a_film(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x14ftypmsf1\0\0\0\0hevc" + bytes(40))
    assert format_of(tmp_path / "a.heic") == "mp4"


@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize(("order", "bigtiff"), [("<", False), (">", False), ("<", True)])
def test_sixteen_bits_in_planes_are_kept(
    tmp_path: Path,
    pages: Pages,
    passed_through: Pass,
    scene: Scene,
    compression: str | None,
    order: str,
    bigtiff: bool,
) -> None:
    samples = scene.astype(np.uint16) * 250 + 3
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path,
        np.moveaxis(samples, -1, 0),
        photometric="rgb",
        planarconfig="separate",
        byteorder=order,
        bigtiff=bigtiff,
        compression=compression,
        rowsperstrip=20,
    )
    for read in (pages(path), pages(passed_through(path))):
        assert np.array_equal(stacked(read[0][1]), samples)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_cmyk_of_sixteen_bits_is_kept(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, planar: Any
) -> None:
    samples = np.dstack([scene, scene[..., 0] // 2]).astype(np.uint16) * 255 + 9
    path = tmp_path / "a.tif"
    stored = samples if planar == "contig" else np.moveaxis(samples, -1, 0)
    tifffile.imwrite(
        path, np.ascontiguousarray(stored), photometric="separated", planarconfig=planar
    )
    for read in (pages(path), pages(passed_through(path))):
        assert read[0][1].layout.model == "cmyk"
        assert np.array_equal(stacked(read[0][1]), samples)


def test_bits_that_are_lost_are_said(
    tmp_path: Path, pages: Pages, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(scene.astype(np.uint16) * 257))
    monkeypatch.setattr(cv2, "imdecode", lambda data, flags: None)
    assert pages(path)[0][1].layout.depth == 8
    assert notes_of(path) == ["its samples have more than 8 bits and were written with 8"]


def test_an_avif_that_pillow_refuses_is_read_by_ffmpeg(
    tmp_path: Path,
    pages: Pages,
    passed_through: Pass,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "a.avif"
    rgba = np.dstack([scene, np.full(scene.shape[:2], 255, np.uint8)])
    rgba[:20, :20, 3] = 90
    Image.fromarray(rgba).save(path, quality=95)
    want = stacked(pages(path)[0][1]).astype(int)

    def refuse(file: Any) -> None:
        raise SyntaxError("BMFF parsing failed")

    monkeypatch.setitem(
        __import__("efface.media.still.pillow_image", fromlist=["PLUGINS"]).PLUGINS,
        "avif",
        refuse,
    )
    found = stacked(pages(path)[0][1]).astype(int)
    assert found.shape == want.shape
    assert np.abs(found - want).mean() < 2


# Formats that are read and not written


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.bmp", "bmp"),
        ("a.ppm", "ppm"),
        ("a.pgm", "ppm"),
        ("a.pbm", "ppm"),
        ("a.jp2", "jp2"),
        ("a.ico", "ico"),
    ],
)
def test_what_has_no_target_of_its_own_becomes_png(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, name: str, kind: str
) -> None:
    path = tmp_path / name
    image = Image.fromarray(scene)
    image = (
        image.convert("1") if name == "a.pbm" else image.convert("L") if name == "a.pgm" else image
    )
    image.save(path, **({"sizes": [(78, 53)]} if kind == "ico" else {}))
    assert format_of(path) == kind
    copy = passed_through(path, target=tmp_path / "out.png")
    assert format_of(copy) == "png"
    assert np.array_equal(
        np.asarray(image.convert("RGB")), np.asarray(Image.open(copy).convert("RGB"))
    )


# Work is bounded before anything is decoded


def test_a_gif_of_too_many_frames_is_refused_at_the_door(tmp_path: Path) -> None:
    frame = bytes.fromhex("21f90404000000002c0000000001000100000202440100")
    head = b"GIF89a" + struct.pack("<HHBBB", 200, 200, 0x80, 0, 0) + bytes(6)
    (tmp_path / "a.gif").write_bytes(head + frame * 50 + b";")
    limit = ReadOptions(max_total_pixels=12_000_000)
    with pytest.raises(TooManyPixels, match=r"50 pages or frames.*--max-total-pixels"):
        open_still(admit(tmp_path / "a.gif"), limit)
    assert open_still(admit(tmp_path / "a.gif"), ReadOptions()).info.frame_count == 50


def test_a_tiff_of_too_many_pages_is_refused_without_reading_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for _ in range(60):
            writer.write(np.zeros((8, 8), np.uint8))
    from PIL import TiffImagePlugin

    monkeypatch.setattr(
        TiffImagePlugin.TiffImageFile, "_open", lambda self: pytest.fail("it was opened")
    )
    with pytest.raises(TooManyPixels, match="60 pages"):
        open_still(admit(path), ReadOptions(max_total_pixels=14_000_000))


def test_pictures_of_over_two_hundred_megapixels_are_refused_by_default(tmp_path: Path) -> None:
    head = b"GIF89a" + struct.pack("<HHBBB", 16000, 16000, 0x80, 0, 0) + bytes(6)
    (tmp_path / "a.gif").write_bytes(head + b";")
    with pytest.raises(TooManyPixels, match="--max-pixels"):
        open_still(admit(tmp_path / "a.gif"), ReadOptions())


@pytest.mark.parametrize("peak", [65535, 1023])
def test_bits_of_a_ppm_are_kept_or_their_loss_is_said(
    tmp_path: Path, pages: Pages, scene: Scene, peak: int
) -> None:
    samples, path = scene.astype(np.uint32) * peak // 255, tmp_path / "a.ppm"
    path.write_bytes(b"P6\n# a comment\n78 53\n%d\n" % peak + samples.astype(">u2").tobytes())
    picture = pages(path)[0][1]
    if peak == 65535:
        assert np.array_equal(stacked(picture), samples)
    assert (picture.layout.depth, notes_of(path) == []) == (
        (16, True) if peak == 65535 else (8, False)
    )


def test_size_and_depth_of_jpeg_2000_are_known_before_decoding(
    tmp_path: Path, scene: Scene
) -> None:
    Image.fromarray(scene).save(tmp_path / "a.jp2")
    with open(tmp_path / "a.jp2", "rb") as f:
        found = of_file("jp2", f)
    assert (found.pixels, found.depth) == (78 * 53, 8)
    with pytest.raises(TooManyPixels):
        open_still(admit(tmp_path / "a.jp2"), ReadOptions(max_pixels=4000))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_transparent_grey_of_few_bits_is_transparent(
    tmp_path: Path, pages: Pages, bits: int
) -> None:
    top, path = (1 << bits) - 1, tmp_path / "a.png"
    line = b"\0" + bytes([top << (8 - bits)] + [0] * 3)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 32 // bits, 1, bits, 0, 0, 0, 0)),
        (b"tRNS", struct.pack(">H", top)),
    ]
    parts += [(b"IDAT", zlib.compress(line)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in parts
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    picture = pages(path)[0][1]
    assert picture.layout.has_alpha
    assert picture.planes[-1][0].tolist() == [0] + [255] * (32 // bits - 1)


# WebP, HEIF and AVIF: are their data all there?

DAMAGE = "its data are damaged, so parts of the picture may be wrong or missing"


def container(scene: Scene, name: str, **how: Any) -> bytes:
    pillow_heif.register_heif_opener()
    out, picture = io.BytesIO(), Image.fromarray(scene).resize((320, 240))
    picture.save(out, name, quality=90, **how)
    return out.getvalue()


@pytest.mark.parametrize("name", ["WEBP", "HEIF", "AVIF"])
def test_whole_containers_are_not_called_damaged(name: str, tmp_path: Path, scene: Scene) -> None:
    path = tmp_path / f"a.{name.lower()}"
    path.write_bytes(container(scene, name))
    assert DAMAGE not in notes_of(path)
    path.write_bytes(container(scene, name) + b"what follows is not part of it" * 9)
    assert DAMAGE not in notes_of(path)


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("name", ["WEBP", "HEIF", "AVIF"])
@pytest.mark.parametrize("kept", [0.6, 0.9, 0.98])
def test_containers_that_break_off_never_pass_without_a_word(
    kept: float, name: str, lossless: bool, tmp_path: Path, scene: Scene
) -> None:  # fmt: skip
    data, path = (
        container(scene, name, **({"lossless": lossless} if name == "WEBP" else {})),
        tmp_path / f"a.{name.lower()}",
    )
    path.write_bytes(data[: int(len(data) * kept)])
    with suppress(InputError):  # the decoder saw it
        assert DAMAGE in notes_of(path)


@pytest.mark.parametrize("lost", [3, 40, 400])
def test_units_that_do_not_add_up_are_damage(lost: int, tmp_path: Path, scene: Scene) -> None:
    data, path = bytearray(container(scene, "HEIF")), tmp_path / "a.heic"
    config = data.index(b"hvcC")
    assert data[config + 4 + 21] & 3 == 3, "sizes of four bytes"
    at = data.index(b"mdat") + 4
    size = int.from_bytes(data[at : at + 4])
    while at + 4 + size < len(data):  # to the last unit, the largest
        at += 4 + size
        size = int.from_bytes(data[at : at + 4])
    data[at : at + 4] = (size - lost).to_bytes(4)
    path.write_bytes(data)
    with open(path, "rb") as handle:
        assert lacks_data("heif", handle)


@pytest.mark.parametrize("lost", [3, 40, 400])
def test_av1_whose_units_do_not_add_up_is_damage(lost: int, tmp_path: Path, scene: Scene) -> None:
    data, path = container(scene, "AVIF"), tmp_path / "a.avif"
    with open(tmp_path / "whole.avif", "w+b") as handle:
        handle.write(data)
        assert not lacks_data("avif", handle)
    path.write_bytes(data[: len(data) // 2] + data[len(data) // 2 + lost :])
    with open(path, "rb") as handle:
        assert lacks_data("avif", handle)


def test_a_vp8_partition_beyond_its_chunk_is_damage(tmp_path: Path, scene: Scene) -> None:
    data, path = bytearray(container(scene, "WEBP")), tmp_path / "a.webp"
    at = data.index(b"VP8 ") + 8
    data[at : at + 3] = (int.from_bytes(data[at : at + 3], "little") | 0x7FFFF << 5).to_bytes(
        3, "little"
    )
    path.write_bytes(data)
    with open(path, "rb") as handle:
        assert lacks_data("webp", handle)


# BMP as Pillow does not read it


def bitmap(
    bits: int,
    rows: list[bytes],
    size_wh: tuple[int, int],
    palette: bytes = b"",
    masks: tuple[int, ...] = (),
) -> bytes:
    """A BMP of a plain header. rows: from the top, not padded."""
    body = b"".join(row + bytes(-len(row) % 4) for row in reversed(rows))
    tables = struct.pack(f"<{len(masks)}I", *masks) + palette
    compression = {0: 0, 3: 3, 4: 6}[len(masks)]
    head = struct.pack("<IiiHHIIiiII", 40, *size_wh, 1, bits, compression, len(body), 0, 0, 0, 0)
    return (
        b"BM"
        + struct.pack("<IHHI", 54 + len(tables) + len(body), 0, 0, 54 + len(tables))
        + head
        + tables
        + body
    )


@pytest.mark.parametrize(
    ("bits", "masks"),
    [(16, (0xF00, 0xF0, 0xF)), (16, (0xF00, 0xF0, 0xF, 0xF000)), (16, (0x7, 0x38, 0x7C0)),
    (32, (0x3FF, 0xFFC00, 0x3FF00000)),
     (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)), (32, (0x1F, 0x3E0, 0x7C00))],
)  # fmt: skip
def test_a_bmp_of_any_masks_is_read(
    bits: int, masks: tuple[int, ...], tmp_path: Path, pages: Pages, scene: Scene
) -> None:
    values = np.zeros(scene.shape[:2], np.uint32)
    for channel, mask in enumerate(masks):
        shift, levels = (mask & -mask).bit_length() - 1, mask >> ((mask & -mask).bit_length() - 1)
        wanted = scene[..., channel] if channel < 3 else np.full(scene.shape[:2], 255)
        values |= np.round(wanted / 255 * levels).astype(np.uint32) << np.uint32(shift)
    rows = [row.astype(f"<u{bits // 8}").tobytes() for row in values]
    path = tmp_path / "a.bmp"
    path.write_bytes(bitmap(bits, rows, scene.shape[1::-1], masks=masks))
    seen = stacked(pages(path)[0][1])
    coarsest = min(mask.bit_count() for mask in masks[:3])
    assert np.abs(seen[..., :3].astype(int) - scene).max() <= 255 / ((1 << coarsest) - 1) / 2 + 1
    deep = any(mask.bit_count() > 8 for mask in masks)
    assert ("its samples have more than 8 bits and were written with 8" in notes_of(path)) == deep


def test_a_bmp_of_two_bits_a_pixel_is_read(tmp_path: Path, pages: Pages) -> None:
    palette = bytes(
        [10, 20, 30, 0, 200, 100, 50, 0, 0, 255, 0, 0, 255, 255, 255, 0]
    )  # blue, green, red, nothing
    path = tmp_path / "a.bmp"
    path.write_bytes(bitmap(2, [b"\x1b\xc0", b"\xe4\x00"], (5, 2), palette))
    colours = np.array([[30, 20, 10], [50, 100, 200], [0, 255, 0], [255, 255, 255]])
    assert np.array_equal(
        stacked(pages(path)[0][1])[..., :3], colours[[[0, 1, 2, 3, 3], [3, 2, 1, 0, 0]]]
    )


@pytest.mark.parametrize("lost", [1, 4, 500])
def test_a_bmp_that_only_efface_reads_may_break_off(
    lost: int, tmp_path: Path, scene: Scene
) -> None:
    path, file = (
        tmp_path / "a.bmp",
        bitmap(16, [bytes(200)] * 40, (100, 40), masks=(7, 0x38, 0x7C0)),
    )
    path.write_bytes(file[:-lost])
    assert notes_of(path) == [BREAKS_OFF]
    path.write_bytes(file[: len(file) - 200 * 40 + 100])  # not one row is whole
    with pytest.raises(InputError):
        notes_of(path)
