"""Areas of a JPEG end where its blocks end, and `--jpeg exact` keeps all other blocks."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageOps

import efface
from efface.containers.admission import admit
from efface.detections import FACE
from efface.errors import DamagedSource, ExtraMissing
from efface.files import sha256_of
from efface.findings import Outcome
from efface.media.still import jpeg_coefficients
from efface.media.still.still_read import StillSource
from efface.options import Options, PaintOptions, ReadOptions, VerifyOptions, WriteOptions
from efface.pipeline.jpeg_blocks import grid_of, on_blocks
from efface.pipeline.sources import opened
from efface.planning.plan import Plan
from efface.planning.sidecar import load, save
from efface.regions import BlockGrid
from efface.timing import Timeline
from efface.tracks import Reason, Track

needs_jpegio = pytest.mark.skipif(
    "not __import__('importlib').util.find_spec('jpegio')", reason="comes with the extra test"
)

BOX = (70, 50, 101, 92)
SIZE = (160, 128)


def scene(size_wh, seed=1):
    """A soft, noisy picture."""
    width, height = size_wh
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(40, 215, (height // 8, width // 8, 3), np.uint8))
    fine = np.asarray(coarse.resize(size_wh, Image.Resampling.BICUBIC), np.int16)
    return np.clip(fine + random.integers(-6, 7, fine.shape), 0, 255).astype(np.uint8)


def photo(path, rgb, *, sampling=2, orientation=1, **more):
    """A JPEG as cameras write it."""
    exif = Image.Exif()
    exif[274], exif[271] = orientation, "NEEDLE"
    more = {"quality": 88, "subsampling": sampling, "exif": exif, "comment": b"NEEDLE"} | more
    Image.fromarray(rgb).save(path, "JPEG", **more)
    return path


def plan_of(source, size_wh, box=BOX):
    moment = np.zeros(1, np.int32), np.array([box], np.float32)
    track = Track(1, FACE, *moment, np.full(1, Reason.DRAWN, np.uint8), np.ones(1, np.float32))
    still = Timeline(np.zeros(1, np.int64), Fraction(1))
    return Plan(sha256_of(source), "photo", (size_wh,), still, (track,))


def options(jpeg="exact", rim="blocks", style="smooth"):
    return Options(
        paint=PaintOptions(rim=rim, style=style),
        write=WriteOptions(jpeg=jpeg, overwrite=True),
        verify=VerifyOptions(level="off"),
    )


def rendered(source, target, size_wh=SIZE, box=BOX, *, options=options()):  # noqa: B008  frozen
    return efface.render(source, plan_of(source, size_wh, box), target, options=options)


def rgb_of(path):
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"), np.int16)


def changed(source, target, most=0):
    """(left, top, right, bottom) around all pixels that differ by more than `most`."""
    rows, columns = np.nonzero(np.abs(rgb_of(source) - rgb_of(target)).max(-1) > most)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def blocks(path):
    return jpeg_coefficients.blocks_of(path)


@needs_jpegio
@pytest.mark.parametrize(
    ("sampling", "more", "erased"),
    [
        (0, {}, (64, 48, 104, 96)),
        (1, {}, (64, 48, 112, 96)),
        (2, {"progressive": True}, (64, 48, 112, 96)),
        (2, {"restart_marker_rows": 1}, (64, 48, 112, 96)),
    ],
)
def test_every_coefficient_outside_of_the_erased_blocks_is_kept(tmp_path, sampling, more, erased):
    source = photo(tmp_path / "a.jpg", scene(SIZE), sampling=sampling, **more)
    done = rendered(source, target := tmp_path / "b.jpg")
    before, after = blocks(source), blocks(target)
    assert before.components == after.components
    for component, old, new in zip(before.components, before.planes, after.planes, strict=True):
        scale = old.shape[1] / SIZE[0], old.shape[0] / SIZE[1]
        x1, y1, x2, y2 = (round(v * s) for v, s in zip(erased, scale * 2, strict=True))
        is_erased = np.zeros(old.shape, np.bool_)
        is_erased[y1:y2, x1:x2] = True
        assert (old == new)[~is_erased].all(), component
        assert (old != new)[is_erased].any()
    # Decoders smooth colours, so a pixel beside the blocks may change.
    ring = int(sampling > 0)
    left, top, right, bottom = changed(source, target)
    assert (left, top, right, bottom) <= (erased[2], erased[3], erased[2] + 1, erased[3] + 1)
    assert left >= erased[0] - ring
    assert top >= erased[1] - ring
    assert right <= erased[2] + ring
    assert bottom <= erased[3] + ring
    assert done.grid is not None


@needs_jpegio
@pytest.mark.parametrize("sampling", [0, 2])
@pytest.mark.parametrize("style", ["smooth", "tiles"])
def test_what_stood_in_the_erased_blocks_changes_no_byte_of_the_copy(tmp_path, sampling, style):
    copies = []
    for seed in (5, 6):
        rgb = scene(SIZE)
        rgb[48:96, 64:104] = scene((40, 48), seed)
        source = photo(tmp_path / f"{seed}.jpg", rgb, sampling=sampling)
        rendered(source, tmp_path / f"{seed}-c.jpg", options=options(style=style))
        copies.append((tmp_path / f"{seed}-c.jpg").read_bytes())
    assert copies[0] == copies[1]


@needs_jpegio
def test_nothing_but_numbers_comes_from_the_source(tmp_path):
    source = photo(tmp_path / "a.jpg", scene(SIZE), restart_marker_rows=1)
    rendered(source, target := tmp_path / "b.jpg")
    data = target.read_bytes()
    assert b"NEEDLE" in source.read_bytes()
    assert b"NEEDLE" not in data
    kinds = [data[i + 1] for i in range(len(data) - 1) if data[i] == 0xFF and data[i + 1] >= 0xC0]
    # SOI, JFIF, tables, frame, codes, scan, EOI: no APP1, no comment, no restart marker.
    assert set(kinds) == {0xD8, 0xE0, 0xDB, 0xC0, 0xC4, 0xDA, 0xD9}


def with_size(data, size_wh):
    """The same file, which says that its picture has another size."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + b"".join(n.to_bytes(2, "big") for n in size_wh[::-1]) + data[at + 4 :]


@needs_jpegio
def test_pixels_beyond_the_picture_are_not_kept(tmp_path):
    rgb, seen = scene(SIZE), (154, 125)
    rgb[:, seen[0] :], rgb[seen[1] :] = 0, 0
    data = photo(tmp_path / "a.jpg", rgb, sampling=0).read_bytes()
    source = tmp_path / "b.jpg"
    source.write_bytes(with_size(data, seen))  # as a crop of the header leaves them in the file
    rendered(source, target := tmp_path / "c.jpg", seen)
    whole = np.asarray(Image.open(io.BytesIO(with_size(target.read_bytes(), SIZE))))
    assert whole.shape[:2] == SIZE[::-1]
    assert whole[:120, seen[0] :].mean() > 80
    assert whole[seen[1] :, :150].mean() > 80
    assert changed(source, target)[2:] == seen


@needs_jpegio
@pytest.mark.parametrize("orientation", [2, 3, 4, 5, 6, 7, 8])
def test_a_picture_that_is_turned_keeps_its_blocks(tmp_path, orientation):
    source = photo(tmp_path / "a.jpg", scene((160, 128)), orientation=orientation)
    size_wh = SIZE if orientation < 5 else SIZE[::-1]
    rendered(source, target := tmp_path / "b.jpg", size_wh, (40, 50, 71, 92))
    with Image.open(target) as image:
        assert (image.size, dict(image.getexif())) == (size_wh, {})
    # Decoders round rows and columns in turn, so single pixels differ by a step or two.
    left, top, right, bottom = changed(source, target, most=6)
    assert (left, top, right, bottom) >= (31, 47, 32, 48)
    assert (right, bottom) <= (81, 97)
    before, after = blocks(source), blocks(target)
    assert [int(np.abs(p).sum() > 0) for p in before.planes] == [1, 1, 1]
    turned = [jpeg_coefficients.upright(p, orientation) for p in before.planes]
    assert all((a == b).mean() > 0.8 for a, b in zip(turned, after.planes, strict=True))


@needs_jpegio
@pytest.mark.parametrize(
    ("size_wh", "more", "why"),
    [
        ((150, 128), {"orientation": 3}, "size is not a multiple"),
        (SIZE, {"orientation": 6, "sampling": 1}, "resolution"),
        (SIZE, {"qtables": [[3] * 64, [5] * 64, [7] * 64]}, "quantisation"),
    ],
)
def test_where_blocks_cannot_be_kept_all_is_encoded_anew_and_a_note_says_so(
    tmp_path, size_wh, more, why
):
    rgb = scene(SIZE)[: size_wh[1], : size_wh[0]]
    source = photo(tmp_path / "a.jpg", rgb, **more)
    upright = size_wh[::-1] if more.get("orientation", 1) > 4 else size_wh
    asked = replace(options(), verify=VerifyOptions())
    done = rendered(source, target := tmp_path / "b.jpg", upright, (40, 50, 71, 92), options=asked)
    said = [f.message for c in done.verification.checks for f in c.findings]
    assert any("encoded anew" in m and why in m for m in said), said
    again = options(jpeg="recode")
    rendered(source, tmp_path / "c.jpg", upright, (40, 50, 71, 92), options=again)
    assert target.read_bytes() == (tmp_path / "c.jpg").read_bytes()


def of_another_picture(source, own):
    return blocks(photo(source.with_name("x.jpg"), scene(SIZE, 3)))


def out_of_range(source, own):
    return replace(own, planes=tuple(np.full_like(p, 30_000) for p in own.planes))


def unreadable(source, own):
    raise DamagedSource(source, "its structure makes no sense")


@needs_jpegio
@pytest.mark.parametrize("lie", [of_another_picture, out_of_range, unreadable])
def test_blocks_that_do_not_show_the_picture_are_not_taken(tmp_path, monkeypatch, lie):
    source = photo(tmp_path / "a.jpg", scene(SIZE))
    own = blocks(source)
    monkeypatch.setattr(StillSource, "jpeg_blocks", lambda self: lie(source, own))
    rendered(source, target := tmp_path / "b.jpg")
    rendered(source, tmp_path / "c.jpg", options=options(jpeg="recode"))
    assert target.read_bytes() == (tmp_path / "c.jpg").read_bytes()


def test_without_the_library_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jpegio", None)
    source = photo(tmp_path / "a.jpg", scene(SIZE))
    with pytest.raises(ExtraMissing, match="jpeg"):
        rendered(source, tmp_path / "b.jpg")
    assert not (tmp_path / "b.jpg").exists()
    rendered(source, tmp_path / "b.png")  # what becomes a PNG has no blocks


@pytest.mark.parametrize(
    ("rim", "jpeg", "erased"),
    [
        ("blocks", "recode", (63, 47, 113, 97)),
        ("shape", "recode", (70, 50, 101, 92)),
        pytest.param("shape", "exact", (64, 48, 112, 96), marks=needs_jpegio),
    ],
)
def test_plan_price_and_check_say_what_is_erased(tmp_path, rim, jpeg, erased):
    source = photo(tmp_path / "a.jpg", scene(SIZE))
    asked = replace(options(jpeg, rim), verify=VerifyOptions())
    done = rendered(source, target := tmp_path / "b.jpg", options=asked)
    assert done.verification.outcome is Outcome.CLEAN
    plan = replace(plan_of(source, SIZE), grid=done.grid)
    assert plan.regions(0)[0].box == erased
    save(plan, tmp_path / "p.json")
    assert load(tmp_path / "p.json").regions(0) == plan.regions(0)
    found = efface.verify(target, tmp_path / "p.json", source)
    assert found.outcome is Outcome.CLEAN
    untouched = efface.verify(source, tmp_path / "p.json", source)
    assert untouched.outcome is Outcome.NOT_CLEAN


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("sampling", [0, 1, 2])
def test_the_grid_is_that_of_the_upright_picture(tmp_path, orientation, sampling):
    """A step between two blocks of the file is at a line of the grid, wherever it was turned."""
    stored = (150, 101)
    side = (8, 8) if sampling == 0 else (16, 8) if sampling == 1 else (16, 16)
    rows, columns = np.arange(stored[1]) // side[1] % 2, np.arange(stored[0]) // side[0] % 2
    checks = np.where(rows[:, None] ^ columns, 200, 50).astype(np.uint8)
    source = photo(
        tmp_path / "a.jpg", np.dstack([checks] * 3), sampling=sampling, orientation=orientation
    )
    with opened(admit(source), ReadOptions()) as media:
        grid = grid_of(media.info, options())
        shown = next(iter(media.frames())).unpack().planes[0].astype(np.int16)
    for axis in (0, 1):
        steps = 1 + np.flatnonzero(np.abs(np.diff(shown, axis=axis)).min(1 - axis) > 100)
        start, width = grid.start_xy[1 - axis], grid.block_wh[1 - axis]
        assert len(steps) > 4
        assert set((steps - start) % width) == {0}
        assert set(np.diff(steps)) == {width}
    assert grid.reach == int(sampling > 0)


def test_other_files_have_no_grid(tmp_path):
    Image.fromarray(scene(SIZE)).save(tmp_path / "a.png")
    source = tmp_path / "a.png"
    with opened(admit(source), ReadOptions()) as media:
        assert grid_of(media.info, options()) is None
        plan = replace(plan_of(source, SIZE), grid=BlockGrid((8, 8)))
        assert on_blocks(plan, media.info, options()).grid is None
