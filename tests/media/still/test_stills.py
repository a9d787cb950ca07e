"""What goes in comes out: size, kind of samples, turning, timing; and what must not come out does
not."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageCms

from efface.containers.admission import admit
from efface.containers.sniff import format_of
from efface.errors import (
    SourceUnreadable,
    TargetUnsuitable,
    TooManyPixels,
    UnsupportedSource,
    WriteFailed,
)
from efface.frames import Layout, Picture
from efface.media.still.image_reader import Traits
from efface.media.still.still_encoders import encode_jpeg
from efface.media.still.stills import create_still, open_still
from efface.options import ReadOptions, WriteOptions

Pages = Callable[..., list[tuple[int, Picture]]]
Pass = Callable[..., Path]
Scene = NDArray[np.uint8]


def stacked(picture: Picture) -> NDArray[Any]:
    return np.stack(picture.planes, axis=-1)


def apart(a: Picture, b: Picture) -> int:
    return int(np.abs(stacked(a).astype(int) - stacked(b).astype(int)).max())


def with_alpha(scene: Scene) -> NDArray[np.uint8]:
    alpha = np.full(scene.shape[:2], 255, np.uint8)
    alpha[20:40, 20:40] = 0
    alpha[40:, :30] = 130
    return np.dstack([scene, alpha])


def wide(samples: NDArray[np.uint8], seed: int = 3) -> NDArray[np.uint16]:
    """The same with 16 bits, and noise in the low ones."""
    noise = np.random.default_rng(seed).integers(0, 256, samples.shape)
    return (samples.astype(np.uint16) << 8) + noise.astype(np.uint16)


def save_wide(path: Path, rgb: NDArray[np.uint16]) -> None:
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}
    assert cv2.imwrite(
        str(path), rgb if rgb.ndim == 2 else np.ascontiguousarray(rgb[..., order[rgb.shape[2]]])
    )


# Samples


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1"])
def test_lossless_formats_keep_every_sample(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, suffix: str, mode: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    image = (
        Image.fromarray(with_alpha(scene)).convert("RGB" if mode == "P" else "RGBA").convert(mode)
    )
    image.save(path, **({"lossless": True, "exact": True} if suffix == "webp" else {}))
    before, after = pages(path), pages(passed_through(path))
    assert len(before) == len(after) == 1
    assert before[0][1].layout == after[0][1].layout
    assert apart(before[0][1], after[0][1]) == 0
    with Image.open(passed_through(path)) as copy, Image.open(path) as source:
        assert copy.format == source.format
        opaque = np.asarray(source.convert("RGBA"))
        assert np.array_equal(
            np.asarray(copy.convert("RGBA"))[opaque[..., 3] > 0], opaque[opaque[..., 3] > 0]
        )


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_stay_sixteen_bits(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, suffix: str, channels: int
) -> None:
    path = tmp_path / f"a.{suffix}"
    samples = wide(
        scene[..., 0]
        if channels == 1
        else np.dstack([scene, np.full(scene.shape[:2], 200, np.uint8)])[..., :channels]
    )
    save_wide(path, samples)
    copy = passed_through(path)
    for _, picture in pages(path) + pages(copy):
        assert picture.layout.depth == 16
        assert np.array_equal(stacked(picture).squeeze(), samples)
    read = cv2.imread(str(copy), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read, cv2.imread(str(path), cv2.IMREAD_UNCHANGED))


def test_tiff_of_sixteen_bits_page_by_page_in_either_byte_order(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene
) -> None:
    first, second = wide(scene), wide(scene[:30, :50, 0], seed=9)
    for order, white_is in (("<", "miniswhite"), (">", "minisblack")):
        path = tmp_path / "a.tif"
        with tifffile.TiffWriter(path, byteorder=order) as tiff:
            tiff.write(first, photometric="rgb")
            tiff.write(second, photometric=white_is)
        for read in (pages(path), pages(passed_through(path))):
            assert np.array_equal(stacked(read[0][1]), first)
            assert np.array_equal(
                stacked(read[1][1])[..., 0], 65535 - second if white_is == "miniswhite" else second
            )
        assert np.array_equal(
            cv2.imread(str(tmp_path / "out.tif"), cv2.IMREAD_UNCHANGED)[..., ::-1], first
        )


@pytest.mark.parametrize("depth", [10, 12])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_heif_keeps_its_bits(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, depth: int, mode: str
) -> None:
    path = tmp_path / "a.heic"
    samples = wide(scene if mode == "RGB" else scene[..., 0])
    pillow_heif.from_bytes(mode=f"{mode};16", size=(78, 53), data=samples.tobytes()).save(
        path, quality=95, bit_depth=depth
    )
    before, after = pages(path)[0][1], pages(passed_through(path))[0][1]
    assert before.layout.depth == after.layout.depth == depth
    assert apart(before, after) < 0.15 * before.layout.peak
    assert np.abs(stacked(before).astype(int) - stacked(after)).mean() < 0.01 * before.layout.peak


@pytest.mark.parametrize("depth", [10, 12])
def test_avif_keeps_its_bits(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, depth: int
) -> None:
    path = tmp_path / "a.avif"
    samples = np.ascontiguousarray(wide(scene)[..., ::-1] >> (16 - depth))
    assert cv2.imwrite(
        str(path), samples, [cv2.IMWRITE_AVIF_DEPTH, depth, cv2.IMWRITE_AVIF_QUALITY, 95]
    )
    before, after = pages(path)[0][1], pages(passed_through(path))[0][1]
    assert before.layout.depth == after.layout.depth == depth
    assert np.abs(stacked(before).astype(int) - stacked(after)).mean() < 0.01 * before.layout.peak


@pytest.mark.parametrize("suffix", ["jpg", "webp", "heic", "avif"])
def test_lossy_formats_look_the_same(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "heic":
        pillow_heif.from_bytes(mode="RGB", size=(78, 53), data=scene.tobytes()).save(
            path, quality=90
        )
    else:
        Image.fromarray(scene).save(path, quality=90)
    copy = passed_through(path)
    assert format_of(copy) == format_of(path)
    before, after = pages(path)[0][1], pages(copy)[0][1]
    assert after.size_wh == (78, 53)
    assert np.abs(stacked(before).astype(int) - stacked(after)).mean() < 2


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("sampling", [0, 1, 2])
def test_jpeg_keeps_tables_subsampling_and_scan_order(
    tmp_path: Path, passed_through: Pass, scene: Scene, sampling: int, progressive: bool
) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(scene).save(path, quality=63, subsampling=sampling, progressive=progressive)
    with Image.open(path) as a, Image.open(passed_through(path)) as b:
        assert a.quantization == b.quantization  # type: ignore[attr-defined]
        assert a.layer == b.layer  # type: ignore[attr-defined]
        assert bool(b.info.get("progressive")) == progressive


def test_jpeg_of_noise_with_the_finest_tables_can_be_encoded(
    tmp_path: Path, pages: Pages, passed_through: Pass
) -> None:
    path, noise = (
        tmp_path / "a.jpg",
        np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8),
    )
    Image.fromarray(noise).save(path, qtables=[[1] * 64], subsampling=0)
    assert apart(pages(path)[0][1], pages(passed_through(path))[0][1]) < 8


def test_jpeg_that_no_buffer_holds_as_progressive_becomes_baseline() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    picture = Picture(tuple(noise[..., i] for i in range(3)), Layout("rgb", 8, ((0, 0),) * 3))
    data = encode_jpeg(picture, Traits(qtables=[[1] * 64], sampling=0, progressive=True))
    with Image.open(io.BytesIO(data)) as image:
        assert np.abs(np.asarray(image).astype(int) - noise).max() < 8


def test_cmyk_stays_cmyk_with_sane_colours(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene
) -> None:
    for suffix in ("jpg", "tif"):
        path = tmp_path / f"a.{suffix}"
        Image.fromarray(scene).convert("CMYK").save(path, quality=95)
        copy = passed_through(path)
        layout = pages(copy)[0][1].layout
        assert (layout.model, len(layout.shifts)) == ("cmyk", 4)
        look = next(open_still(admit(path), ReadOptions()).frames()).look((78, 53))
        with Image.open(copy) as image:
            assert image.mode == "CMYK"
            for seen in (np.asarray(image.convert("RGB")), look):
                assert np.abs(seen.astype(int) - scene).mean() < 4


def test_palettes_become_full_colour_and_gifs_get_a_new_one(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene
) -> None:
    paletted = Image.fromarray(scene).quantize(40)
    for suffix in ("png", "tif", "gif"):
        path = tmp_path / f"a.{suffix}"
        paletted.save(path)
        before, after = pages(path)[0][1], pages(passed_through(path))[0][1]
        assert before.layout.model == "rgb"
        assert np.array_equal(stacked(before), np.asarray(paletted.convert("RGB")))
        assert apart(before, after) == 0


def test_a_gif_of_more_than_256_colours_is_reduced_not_refused(
    tmp_path: Path, scene: Scene
) -> None:
    info = open_still(admit(_gif(tmp_path / "a.gif", scene)), ReadOptions()).info
    sink = create_still(tmp_path / "b.gif", info, WriteOptions())
    y, x = np.mgrid[0:53, 0:78]
    many = np.stack([x * 3, y * 4, x + y], axis=-1).astype(np.uint8)
    sink.write(Picture(tuple(many[..., i] for i in range(3)), Layout("rgb", 8, ((0, 0),) * 3)), 0)
    sink.close()
    with Image.open(tmp_path / "b.gif") as copy:
        assert np.abs(np.asarray(copy.convert("RGB")).astype(int) - many).mean() < 12


def _gif(path: Path, scene: Scene) -> Path:
    Image.fromarray(scene).save(path)
    return path


@pytest.mark.parametrize(("mode", "key"), [("RGB", (255, 255, 255)), ("L", 255), ("I;16", 65535)])
def test_a_colour_that_means_transparent_becomes_alpha(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, mode: str, key: Any
) -> None:
    path = tmp_path / "a.png"
    grey = scene[..., 2]
    image = {
        "RGB": Image.fromarray(scene),
        "L": Image.fromarray(grey),
        "I;16": Image.fromarray(grey.astype(np.uint16) * 257),
    }[mode]
    image.save(path, transparency=key)
    for read in (pages(path), pages(passed_through(path))):
        picture = read[0][1]
        assert picture.layout.has_alpha
        assert not picture.planes[-1][:12, :12].any()
        assert (picture.planes[-1][20:, 20:] == picture.layout.peak).all()


# Turning


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
def test_orientation_is_baked_in(
    tmp_path: Path, passed_through: Pass, scene: Scene, suffix: str, orientation: int
) -> None:
    path = tmp_path / f"a.{suffix}"
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(_stored(scene, orientation)).save(path, exif=exif, quality=95)
    source = open_still(admit(path), ReadOptions())
    assert source.info.size_wh == (78, 53)
    frame = next(source.frames())
    assert frame.size_wh == (78, 53)
    with Image.open(passed_through(path)) as image:
        assert image.getexif().get(274) is None
        for seen in (frame.look((78, 53)), np.asarray(image.convert("RGB"))):
            assert seen.shape == (53, 78, 3)
            assert np.abs(seen[4:8, 4:8].astype(int) - 255).max() < 40
            assert np.abs(seen[4:8, -8:-4].astype(int) - (255, 0, 0)).max() < 60
            assert np.abs(seen.astype(int) - scene).mean() < 4


def _stored(upright: Scene, orientation: int) -> Scene:
    """What a camera held that way would store; by Pillow's own turning, inverted."""
    way = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    return upright if way is None else np.asarray(Image.fromarray(upright).transpose(way))


@pytest.mark.parametrize("orientation", [3, 6, 7])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_turned_too(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, suffix: str, orientation: int
) -> None:
    path, samples = tmp_path / f"a.{suffix}", wide(scene)
    stored = _stored_wide(samples, orientation)
    if suffix == "tif":
        tifffile.imwrite(
            path, stored, photometric="rgb", extratags=[(274, "H", 1, orientation, True)]
        )
    else:
        save_wide(path, stored)
        path.write_bytes(_with_png_exif(path.read_bytes(), orientation))
    assert open_still(admit(path), ReadOptions()).info.size_wh == (78, 53)
    assert np.array_equal(stacked(pages(passed_through(path))[0][1]), samples)


def _stored_wide(samples: NDArray[np.uint16], orientation: int) -> NDArray[np.uint16]:
    halves = [
        _stored((samples >> shift).astype(np.uint8), orientation).astype(np.uint16) << shift
        for shift in (8, 0)
    ]
    return np.ascontiguousarray(halves[0] + halves[1])


def _with_png_exif(png: bytes, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    content = exif.tobytes()[6:]
    import struct
    import zlib

    chunk = (
        struct.pack(">I", len(content))
        + b"eXIf"
        + content
        + struct.pack(">I", zlib.crc32(b"eXIf" + content))
    )
    return png[:-12] + chunk + png[-12:]


def test_heif_is_turned_once(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene
) -> None:
    """The container turns it; EXIF says the same again and must not turn it twice."""
    path, exif = tmp_path / "a.heic", Image.Exif()
    exif[274] = 6
    stored = np.ascontiguousarray(_stored(scene, 6))
    heif = pillow_heif.from_bytes(mode="RGB", size=(53, 78), data=stored.tobytes())
    heif.save(path, quality=95, exif=exif.tobytes(), original_orientation=6)
    assert b"irot" in path.read_bytes()
    for read in (pages(path), pages(passed_through(path))):
        assert read[0][1].size_wh == (78, 53)
        assert np.abs(stacked(read[0][1]).astype(int) - scene).mean() < 4
    assert b"irot" not in (tmp_path / "out.heic").read_bytes()


# Alpha


def test_colours_under_full_transparency_are_wiped_everywhere(
    tmp_path: Path, passed_through: Pass, scene: Scene
) -> None:
    samples = with_alpha(scene)
    samples[20:40, 20:40, :3] = (250, 7, 99)
    for suffix in ("png", "tif", "webp"):
        path = tmp_path / f"a.{suffix}"
        Image.fromarray(samples).save(
            path, **({"lossless": True, "exact": True} if suffix == "webp" else {})
        )
        with Image.open(path) as source, Image.open(passed_through(path)) as copy:
            assert (np.asarray(source)[20:40, 20:40, 0] == 250).all()
            assert not np.asarray(copy)[20:40, 20:40].any()
            assert np.array_equal(np.asarray(copy)[:20], samples[:20])


def test_what_is_nearly_transparent_can_be_seen_by_a_detector(tmp_path: Path, scene: Scene) -> None:
    faint = np.dstack([scene, np.full(scene.shape[:2], 1, np.uint8)])
    faint[:26, :, :3], faint[26:, :, :3] = 250, 10
    Image.fromarray(faint).save(tmp_path / "a.png")
    look = next(open_still(admit(tmp_path / "a.png"), ReadOptions()).frames()).look((78, 53))
    assert int(look[:26].mean()) - int(look[26:].mean()) > 100


# Looking


@pytest.mark.parametrize("size", [(78, 53), (39, 26), (160, 110), (1, 1)])
def test_look_gives_rgb_of_the_size_asked_for(
    tmp_path: Path, scene: Scene, size: tuple[int, int]
) -> None:
    for name, image in {
        "a.png": Image.fromarray(scene),
        "g.png": Image.fromarray(scene[..., 0]),
        "p.png": Image.fromarray(scene).quantize(),
    }.items():
        image.save(tmp_path / name)
        frame = next(open_still(admit(tmp_path / name), ReadOptions()).frames())
        look = frame.look(size)
        assert (look.shape, look.dtype) == ((size[1], size[0], 3), np.uint8)
        assert not look.flags.writeable


def test_look_and_unpack_share_one_decoding_but_not_their_samples(
    tmp_path: Path, scene: Scene
) -> None:
    Image.fromarray(scene).save(tmp_path / "a.png")
    frame = next(open_still(admit(tmp_path / "a.png"), ReadOptions()).frames())
    assert frame.look((78, 53)) is frame.look((78, 53))
    frame.unpack().planes[0][:] = 0
    assert np.array_equal(frame.look((78, 53)), scene)
    assert np.array_equal(stacked(frame.unpack()), scene)


def test_frames_can_be_read_again(tmp_path: Path, scene: Scene) -> None:
    Image.fromarray(scene).save(tmp_path / "a.png")
    source = open_still(admit(tmp_path / "a.png"), ReadOptions())
    assert [len(list(source.frames())) for _ in range(2)] == [1, 1]


# Colour profiles


def _profile(name: str) -> bytes:
    """A matrix profile with Display P3's primaries (or sRGB's) and gamma 2.2, made here."""
    import struct

    columns = {
        "p3": [
            (0.51512, 0.24120, -0.00105),
            (0.29198, 0.69225, 0.04189),
            (0.15710, 0.06657, 0.78407),
        ],
        "srgb": [
            (0.43607, 0.22249, 0.01392),
            (0.38515, 0.71687, 0.09708),
            (0.14307, 0.06061, 0.71410),
        ],
    }[name]
    fixed = lambda v: struct.pack(">i", round(v * 65536))  # noqa: E731
    curve = b"para\0\0\0\0\0\x03\0\0" + b"".join(
        fixed(v) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    )
    white = b"XYZ \0\0\0\0" + b"".join(fixed(v) for v in (0.9642, 1.0, 0.8249))
    text = b"desc\0\0\0\0" + struct.pack(">I", 20) + b"NEEDLE-MONITOR-4711\0" + b"\0" * 79
    tags = [(b"desc", text), (b"cprt", b"text\0\0\0\0NEEDLE-OWNER\0"), (b"wtpt", white)]
    tags += [
        (c + b"XYZ", b"XYZ \0\0\0\0" + b"".join(map(fixed, xyz)))
        for c, xyz in zip((b"r", b"g", b"b"), columns, strict=True)
    ]
    tags += [(c + b"TRC", curve) for c in (b"r", b"g", b"b")]
    table, body, at = b"", b"", 132 + 12 * len(tags)
    for tag, content in tags:
        content += b"\0" * (-len(content) % 4)
        table += struct.pack(">4sII", tag, at + len(body), len(content))
        body += content
    white_point = b"".join(fixed(v) for v in (0.9642, 1.0, 0.8249))
    head = (
        b"\0\0\0\0lcms\x02\x40\0\0mntrRGB XYZ "
        + b"\0" * 12
        + b"acsp"
        + b"\0" * 28
        + white_point
        + b"\0" * 48
    )
    return (
        struct.pack(">I", at + len(body)) + head[4:] + struct.pack(">I", len(tags)) + table + body
    )


def test_a_wide_profile_is_applied_and_left_behind(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene
) -> None:
    icc = _profile("p3")
    soft = (scene // 3 + 80).astype(np.uint8)
    p3 = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    image = Image.fromarray(soft)
    want = np.asarray(ImageCms.profileToProfile(image, p3, ImageCms.createProfile("sRGB"))).astype(
        int
    )
    assert np.abs(want - soft).max() > 5
    image.save(tmp_path / "a.png", icc_profile=icc)
    save_wide(tmp_path / "w.png", soft.astype(np.uint16) * 257)
    _give_profile(tmp_path / "w.png", icc)
    Image.fromarray(soft).save(tmp_path / "a.tif", icc_profile=icc)
    for name in ("a.png", "w.png", "a.tif"):
        picture = pages(tmp_path / name)[0][1]
        seen = stacked(picture).astype(int) >> (picture.layout.depth - 8)
        assert np.abs(seen - want).max() <= 2, name
        copy = passed_through(tmp_path / name)
        assert b"NEEDLE" not in copy.read_bytes()
        with Image.open(copy) as written:
            assert "icc_profile" not in written.info
        assert apart(pages(copy)[0][1], picture) == 0


def _give_profile(path: Path, icc: bytes) -> None:
    import struct
    import zlib

    png, content = path.read_bytes(), b"x\0\0" + zlib.compress(icc)
    chunk = (
        struct.pack(">I", len(content))
        + b"iCCP"
        + content
        + struct.pack(">I", zlib.crc32(b"iCCP" + content))
    )
    path.write_bytes(png[:33] + chunk + png[33:])


def test_srgb_under_another_name_moves_no_sample(
    tmp_path: Path, pages: Pages, scene: Scene
) -> None:
    Image.fromarray(scene).save(tmp_path / "a.png", icc_profile=_profile("srgb"))
    save_wide(tmp_path / "w.png", wide(scene))
    _give_profile(tmp_path / "w.png", _profile("srgb"))
    assert np.array_equal(stacked(pages(tmp_path / "a.png")[0][1]), scene)
    assert np.array_equal(stacked(pages(tmp_path / "w.png")[0][1]), wide(scene))


@pytest.mark.parametrize("icc", [b"", b"rubbish", _profile("p3")[:150], b"\xff" * 4000])
def test_a_broken_profile_counts_as_srgb(
    tmp_path: Path, pages: Pages, scene: Scene, icc: bytes
) -> None:
    Image.fromarray(scene).save(tmp_path / "a.png", icc_profile=icc)
    save_wide(tmp_path / "w.png", wide(scene))
    _give_profile(tmp_path / "w.png", icc)
    assert np.array_equal(stacked(pages(tmp_path / "a.png")[0][1]), scene)
    assert np.array_equal(stacked(pages(tmp_path / "w.png")[0][1]), wide(scene))


def test_heif_keeps_standard_numbers_for_its_colours(
    tmp_path: Path, passed_through: Pass, scene: Scene
) -> None:
    path = tmp_path / "a.heic"
    heif = pillow_heif.from_bytes(mode="RGB;16", size=(78, 53), data=wide(scene).tobytes())
    heif.save(
        path,
        color_primaries=9,
        transfer_characteristics=16,
        matrix_coefficients=9,
        full_range_flag=1,
    )
    found = pillow_heif.open_heif(passed_through(path)).info["nclx_profile"]
    assert (found["color_primaries"], found["transfer_characteristics"]) == (9, 16)


# Animations and pages


def _frames(scene: Scene, *, alpha: bool = False) -> list[Image.Image]:
    base = (
        Image.fromarray(with_alpha(scene) if alpha else scene)
        .quantize(60)
        .convert("RGBA" if alpha else "RGB")
    )
    return [ImageChops.offset(base, 9 * i, 0) for i in range(4)]


DURATIONS = [40, 70, 120, 90]


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_animations_keep_frames_times_and_rounds(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene, suffix: str, alpha: bool
) -> None:
    path, images = tmp_path / f"a.{suffix}", _frames(scene, alpha=alpha)
    extra = {"lossless": True} if suffix == "webp" else {"disposal": 2} if suffix == "gif" else {}
    images[0].save(
        path, save_all=True, append_images=images[1:], duration=DURATIONS, loop=3, **extra
    )
    source = open_still(admit(path), ReadOptions())
    assert (source.info.medium, source.info.frame_count, source.time_base) == (
        "animation",
        4,
        Fraction(1, 1000),
    )
    copy = passed_through(path)
    before, after = pages(path), pages(copy)
    assert [pts for pts, _ in before] == [pts for pts, _ in after] == [0, 40, 110, 230]
    for (_, a), (_, b), image in zip(before, after, images, strict=True):
        assert apart(a, b) == 0
        rgba, want = stacked(a), np.asarray(image.convert("RGBA"))
        seen = want[..., 3] > (127 if suffix == "gif" else 0)
        slack = (
            3 if suffix == "gif" and alpha else 0
        )  # Pillow reduces the colours of the source anew
        assert np.abs(rgba[..., :3][seen].astype(int) - want[..., :3][seen]).mean() <= slack
    with Image.open(path) as a, Image.open(copy) as b:
        a.load(), b.load()  # type: ignore[attr-defined]
        assert (a.n_frames, a.info["loop"]) == (b.n_frames, b.info["loop"])  # type: ignore[attr-defined]
        assert (
            [_duration(a, i) for i in range(4)] == [_duration(b, i) for i in range(4)] == DURATIONS
        )


def _duration(image: Image.Image, frame: int) -> float:
    image.seek(frame)
    image.load()
    return float(image.info["duration"])


def test_avif_sequences(tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene) -> None:
    path, images = tmp_path / "a.avif", _frames(scene)
    images[0].save(path, save_all=True, append_images=images[1:], duration=DURATIONS, quality=90)
    copy = passed_through(path)
    before, after = pages(path), pages(copy)
    assert [pts for pts, _ in before] == [pts for pts, _ in after] == [0, 40, 110, 230]
    for (_, a), (_, b) in zip(before, after, strict=True):
        assert np.abs(stacked(a).astype(int) - stacked(b)).mean() < 4
    with Image.open(copy) as image:
        assert _duration(image, 3) == 90


def test_no_frame_of_an_animation_shows_through_another(
    tmp_path: Path, passed_through: Pass, scene: Scene
) -> None:
    """Sources may store only what changes; targets store whole frames, so that one erased frame
    hides nothing."""
    images = [Image.fromarray(scene) for _ in range(3)]
    images[1].putpixel((5, 5), (0, 0, 0))
    images[2].putpixel((70, 50), (9, 9, 9))
    for suffix in ("gif", "png", "webp"):
        path = tmp_path / f"a.{suffix}"
        images[0].save(path, save_all=True, append_images=images[1:], duration=50)
        source, target = open_still(admit(path), ReadOptions()), tmp_path / f"b.{suffix}"
        sink = create_still(target, source.info, WriteOptions())
        for frame in source.frames():
            picture = frame.unpack()
            for plane in picture.planes:
                plane[:] = 255 if frame.index else plane
            sink.write(picture, frame.pts)
        sink.close()
        with Image.open(target) as image:
            for index in (1, 2):
                image.seek(index)
                assert np.array_equal(np.asarray(image.convert("RGB")), np.full_like(scene, 255))


def test_a_frame_without_duration_stays_as_long_as_in_a_browser(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene
) -> None:
    path, images = tmp_path / "a.gif", _frames(scene)
    images[0].save(path, save_all=True, append_images=images[1:], duration=[0, 0, 30, 0])
    for read in (pages(path), pages(passed_through(path))):
        assert [pts for pts, _ in read] == [0, 100, 200, 230]


def test_the_picture_in_front_of_an_apng_is_dropped(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene
) -> None:
    path, images = tmp_path / "a.png", _frames(scene)
    Image.new("RGB", (78, 53), "#123456").save(
        path, save_all=True, append_images=images, default_image=True, duration=50
    )
    read = pages(passed_through(path))
    assert len(read) == 4
    assert np.array_equal(stacked(read[0][1])[..., :3], np.asarray(images[0]))


def test_tiff_pages_differ_in_size_and_kind(
    tmp_path: Path, pages: Pages, passed_through: Pass, scene: Scene
) -> None:
    path, image = tmp_path / "a.tif", Image.fromarray(scene)
    others = [
        image.convert("L").resize((31, 17)),
        image.convert("1"),
        image.convert("CMYK"),
        image.quantize(16),
        Image.fromarray(with_alpha(scene)),
    ]
    image.save(path, save_all=True, append_images=others, compression="tiff_lzw")
    source = open_still(admit(path), ReadOptions())
    assert (source.info.medium, source.info.frame_count, source.time_base) == (
        "photo",
        6,
        Fraction(1),
    )
    before, after = pages(path), pages(passed_through(path))
    assert [pts for pts, _ in after] == list(range(6))
    assert [p.layout.model for _, p in after] == ["rgb", "gray", "gray", "cmyk", "rgb", "rgb"]
    for (_, a), (_, b) in zip(before, after, strict=True):
        assert a.layout == b.layout
        assert apart(a, b) == 0
    with tifffile.TiffFile(tmp_path / "out.tif") as copy:
        assert [p.shape[:2] for p in copy.pages] == [(53, 78), (17, 31), *[(53, 78)] * 4]
    with Image.open(tmp_path / "out.tif") as first:
        assert np.array_equal(np.asarray(first), scene)


def test_previews_among_the_pages_of_a_tiff_are_dropped(
    tmp_path: Path, pages: Pages, scene: Scene
) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(scene, photometric="rgb")
        tiff.write(scene[::4, ::4], photometric="rgb", subfiletype=1)
    assert [p.size_wh for _, p in pages(tmp_path / "a.tif")] == [(78, 53)]


def test_raw_files_of_cameras_are_refused(tmp_path: Path, scene: Scene) -> None:
    tifffile.imwrite(
        tmp_path / "a.dng",
        scene,
        photometric="rgb",
        extratags=[(50706, "B", 4, bytes([1, 4, 0, 0]), True)],
    )
    with pytest.raises(UnsupportedSource, match="raw"):
        open_still(admit(tmp_path / "a.dng"), ReadOptions())


def test_floats_are_refused(tmp_path: Path, scene: Scene) -> None:
    tifffile.imwrite(tmp_path / "a.tif", scene[..., 0].astype(np.float32))
    with pytest.raises(UnsupportedSource):
        list(open_still(admit(tmp_path / "a.tif"), ReadOptions()).frames())


# Limits and sinks


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "webp", "tif", "avif", "heic"])
def test_the_limit_of_pixels_is_ours(tmp_path: Path, scene: Scene, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "heic":
        pillow_heif.from_bytes(mode="RGB", size=(78, 53), data=scene.tobytes()).save(path)
    else:
        Image.fromarray(scene).save(path)
    open_still(admit(path), ReadOptions(max_pixels=78 * 53))
    with pytest.raises(TooManyPixels) as caught:
        open_still(admit(path), ReadOptions(max_pixels=78 * 53 - 1))
    assert (caught.value.pixels, caught.value.limit) == (78 * 53, 78 * 53 - 1)


@pytest.mark.parametrize("suffix", ["tif", "webp", "gif"])
def test_a_limit_of_pillow_that_no_option_changes_does_not_count(
    tmp_path: Path, scene: Scene, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(scene).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert len(list(open_still(admit(path), ReadOptions()).frames())) == 1
    assert Image.MAX_IMAGE_PIXELS == 100
    with pytest.raises(TooManyPixels, match="--max-pixels"):
        open_still(admit(path), ReadOptions(max_pixels=scene.shape[0] * scene.shape[1] - 1))


def test_a_later_page_that_is_too_large_is_refused(tmp_path: Path, scene: Scene) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(scene[:10, :10], photometric="rgb")
        tiff.write(scene, photometric="rgb")
    source = open_still(admit(tmp_path / "a.tif"), ReadOptions(max_pixels=1000))
    with pytest.raises(TooManyPixels):
        list(source.frames())


def test_pillows_own_limit_does_not_stand_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scene: Scene
) -> None:
    Image.fromarray(np.tile(scene, (12, 12, 1))).save(tmp_path / "a.jpg")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300_000)
    assert len(list(open_still(admit(tmp_path / "a.jpg"), ReadOptions()).frames())) == 1


def test_sinks_refuse_what_the_format_cannot_hold(tmp_path: Path, scene: Scene) -> None:
    Image.fromarray(scene).save(tmp_path / "a.jpg")
    source = open_still(admit(tmp_path / "a.jpg"), ReadOptions())
    picture = next(source.frames()).unpack()
    sink = create_still(tmp_path / "b.jpg", source.info, WriteOptions())
    sink.write(picture, 0)
    with pytest.raises(TargetUnsuitable):
        sink.write(picture, 1)
    sink.abort()
    sink.abort()
    empty = create_still(tmp_path / "c.jpg", source.info, WriteOptions())
    with pytest.raises(WriteFailed):
        empty.close()
    deep = create_still(tmp_path / "d.jpg", source.info, WriteOptions())
    with pytest.raises(WriteFailed):
        deep.write(Picture((np.zeros((4, 4), np.uint16),), Layout("gray", 16)), 0)
    deep.abort()
    with pytest.raises(WriteFailed):
        create_still(tmp_path / "no" / "e.jpg", source.info, WriteOptions())


def test_a_full_disk_is_a_typed_error(
    tmp_path: Path, scene: Scene, passed_through: Callable[..., Path]
) -> None:
    for suffix in ("jpg", "png", "tif", "gif"):
        path = tmp_path / f"a.{suffix}"
        Image.fromarray(np.tile(scene, (4, 4, 1))).save(path)
        with pytest.raises(WriteFailed):
            passed_through(path, target=Path("/dev/full"))


def test_a_gif_of_greys_stays_one_frame_of_the_same_greys(tmp_path, passed_through):
    greys = np.add.outer(np.arange(40), np.arange(50)).astype(np.uint8)
    Image.fromarray(greys).save(tmp_path / "a.gif")
    with Image.open(passed_through(tmp_path / "a.gif")) as written:
        assert np.array_equal(np.asarray(written.convert("L")), greys)


@pytest.mark.parametrize("bits", [9, 10, 12, 16])
def test_samples_at_the_low_end_of_sixteen_bits_are_looked_at_in_full_brightness(tmp_path, bits):
    ramp = np.add.outer(np.arange(40), np.arange(50)) * ((1 << bits) - 1) // 88
    cv2.imwrite(str(tmp_path / "a.png"), ramp.astype(np.uint16))
    source = open_still(admit(tmp_path / "a.png"), ReadOptions())
    (frame,) = source.frames()
    assert frame.look(frame.size_wh).max() >= 254
    assert np.array_equal(frame.unpack().planes[0], ramp)  # what is written stays as it was
    source.close()


def test_the_page_of_a_photo_is_decoded_once_and_nobody_can_write_to_it(tmp_path):
    path = tmp_path / "one.png"
    Image.new("RGB", (40, 30), (10, 200, 30)).save(path)
    source = open_still(admit(path), ReadOptions())
    (first,) = source.frames()
    first.unpack().planes[0][:] = 0  # as the painter does
    path.unlink()
    (again,) = source.frames()
    assert again.unpack().planes[0].max() == 10
    assert (again.index, again.pts, again.size_wh, again.is_alone) == (0, 0, (40, 30), True)
    assert not again.look((40, 30)).flags.writeable
    source.close()
    with pytest.raises(SourceUnreadable):
        list(source.frames())
