"""The check on erased areas: it sees what was left, in many disguises, and does not cry over real
fills."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.checks import coverage, patch_shading, surviving_blur, surviving_detail
from efface.frames import Layout, Picture
from efface.options import PaintOptions
from efface.painting.paint import blackout, paint
from efface.regions import Region

RGB = Layout("rgb", 8, ((0, 0),) * 3)
YUV420 = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)), full_range=False)
YUV444_10 = Layout("yuv", 10, ((0, 0),) * 3, full_range=False)
RGBA = Layout("rgb", 8, ((0, 0),) * 4, has_alpha=True)

SOFT = ("noise4", "noise8", "noise16", "gradient")
RICH = ("noise0", "noise1", "noise2", "pink", "stripes", "checker")
LINES = ("sine", "upright", "half", "half upright", "line", "line upright")


def texture(rng, height, width, kind):
    """(h, w) float32 around 128: noise blurred by so many pixels, waves, edges."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(4, 60)
    across = x * np.cos(angle) + y * np.sin(angle)
    upright = x if rng.random() < 0.5 else y
    match kind.split():
        case ["pink"]:
            return (
                128
                + sum(texture(rng, height, width, f"noise{s}") - 128 for s in (1, 3, 9, 27)) / 2.5
            )
        case [name] if name.startswith("noise"):
            noise = rng.normal(0, 1, (height, width)).astype(np.float32)
            noise = cv2.GaussianBlur(noise, (0, 0), float(name[5:])) if name != "noise0" else noise
            return 128 + noise / noise.std() * 45
        case ["stripes"]:
            return 128 + 100 * np.sign(np.sin(across * 2 * np.pi / rng.uniform(4, 12)))
        case ["sine"]:
            return 128 + 100 * np.sin(across * 2 * np.pi / period)
        case ["upright"]:
            return 128 + 100 * np.sign(np.sin(upright * 2 * np.pi / period))
        case ["checker"]:
            side = rng.uniform(3, 8)
            return np.where((x // side + y // side) % 2, 210, 40).astype(np.float32)
        case ["gradient"]:
            return 255 * (across - across.min()) / (across.max() - across.min())
        case [name, *is_upright]:
            t = upright if is_upright else across
            edge = (
                t > t.mean() + rng.uniform(-20, 20)
                if name == "half"
                else abs(t - t.mean()) < rng.uniform(1, 6)
            )
            return np.where(edge, 220, 30).astype(np.float32)


def surviving(source, target, regions, **options):
    return coverage.surviving(source, target, regions, PaintOptions(**options))


def picture(rng, kind, layout, width, height):
    """Every plane has the texture, with a contrast of its own and some grain."""
    base = texture(rng, height, width, kind) - 128
    planes = []
    for i, (sx, sy) in enumerate(layout.shifts):
        plane = (128 + base * (1 if i == 0 else rng.uniform(-1, 1)))[:: 1 << sy, :: 1 << sx]
        plane = np.clip(plane + rng.normal(0, 1.5, plane.shape), 0, 255) * (layout.peak / 255)
        planes.append(plane.astype(np.uint8 if layout.depth == 8 else np.uint16))
    return Picture(tuple(planes), layout)


def changed(source, change):
    return Picture(tuple(change(p) for p in source.planes), source.layout)


def copied(source):
    return changed(source, np.copy)


def through_jpeg(plane, quality):
    return cv2.imdecode(
        cv2.imencode(".jpg", np.ascontiguousarray(plane), [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0
    )


def noisy(plane, rng):
    return np.clip(plane + rng.normal(0, 4, plane.shape), 0, 255).astype(np.uint8)


DISGUISES = {
    "untouched": lambda p, rng: p,
    "as JPEG at quality 50": lambda p, rng: through_jpeg(p, 50),
    "with coding noise": noisy,
    "blurred a little": lambda p, rng: cv2.GaussianBlur(p, (0, 0), 0.8),
    "darker": lambda p, rng: (p * 0.7).astype(np.uint8),
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES.keys())
@pytest.mark.parametrize("layout", [RGB, YUV420], ids=["rgb", "yuv420"])
@pytest.mark.parametrize("kind", ["noise2", "pink", "checker"])
def test_an_area_that_was_not_erased_is_found(kind, layout, disguise):
    rng = np.random.default_rng(3)
    for side in (36, 60, 90, 150):
        source = picture(rng, kind, layout, 180, 170)
        result = changed(source, lambda p: disguise(p, rng))
        box = (7, 9, 7 + side, 9 + side)
        assert surviving(source, result, [Region(box)]) == [box]


@pytest.mark.parametrize(
    "layout", [RGB, YUV420, YUV444_10, RGBA], ids=["rgb", "yuv420", "yuv444p10", "rgba"]
)
@pytest.mark.parametrize("kind", RICH)
def test_an_untouched_area_of_any_size_is_found(kind, layout):
    rng = np.random.default_rng(5)
    for _ in range(20):
        width, height = rng.integers(20, 120, 2)
        source = picture(rng, kind, layout, 140, 130)
        box = (3, 4, 3 + int(width), 4 + int(height))
        assert surviving(source, copied(source), [Region(box)]) == [box]


def test_only_the_areas_that_were_left_are_named():
    source = picture(np.random.default_rng(0), "noise1", RGB, 300, 200)
    result = copied(source)
    erased, left = Region((10, 10, 90, 90), 1), Region((150, 50, 250, 150), 2)
    paint(result, [erased], PaintOptions())
    assert surviving(source, result, [erased, left]) == [left.box]
    assert surviving(source, result, []) == []


@pytest.mark.parametrize("plane", [1, 2])
@pytest.mark.parametrize("layout", [YUV420, YUV444_10], ids=["yuv420", "yuv444p10"])
def test_detail_that_is_left_in_one_chroma_plane_is_found(layout, plane):
    source = picture(np.random.default_rng(1), "noise2", layout, 200, 200)
    result = copied(source)
    region = Region((40, 40, 160, 160))
    paint(result, [region], PaintOptions())
    result.planes[plane][...] = source.planes[plane]
    assert surviving(source, result, [region]) == [region.box]


@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_a_quarter_that_was_left_is_found(corner):
    source = picture(np.random.default_rng(2), "pink", RGB, 200, 200)
    result = copied(source)
    region = Region((40, 40, 160, 160))
    paint(result, [region], PaintOptions(shape="box"))
    x, y = (40 + 60 * c for c in corner)
    for before, after in zip(source.planes, result.planes, strict=True):
        after[y : y + 60, x : x + 60] = before[y : y + 60, x : x + 60]
    assert surviving(source, result, [region]) == [region.box]


@pytest.mark.parametrize("style", ["smooth", "solid", "tiles"])
@pytest.mark.parametrize("kind", [*SOFT, *RICH, *LINES])
def test_real_fills_raise_no_false_alarm(kind, style):
    """Boxes of any form, down to a few pixels, also over most of the picture; before and after
    JPEG."""
    rng = np.random.default_rng([ord(c) for c in kind + style])
    for i in range(8):
        (width, height), layout = rng.integers(40, 220, 2).tolist(), (RGB, YUV420)[i % 2]
        w, h = int(rng.integers(6, min(160, width) + 1)), int(rng.integers(6, min(160, height) + 1))
        x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        source, region = picture(rng, kind, layout, width, height), Region((x, y, x + w, y + h), i)
        for shape in ("rounded", "ellipse", "box"):
            result = copied(source)
            how = {"style": style, "shape": shape, "seed": i}
            paint(result, [region], PaintOptions(**how))
            assert surviving(source, result, [region], **how) == []
            assert (
                surviving(source, changed(result, lambda p: through_jpeg(p, 60)), [region], **how)
                == []
            )


def test_black_is_never_taken_for_the_source():
    source = picture(np.random.default_rng(0), "pink", RGB, 100, 100)
    result = copied(source)
    blackout(result)
    assert surviving(source, result, [Region((0, 0, 100, 100))]) == []


def test_a_target_with_a_row_and_a_column_more_is_compared_in_place():
    source = picture(np.random.default_rng(0), "noise1", YUV420, 101, 77)
    padded = Picture(
        tuple(
            np.pad(p, ((0, 1), (0, 1)), mode="edge")[: 78 >> s, : 102 >> s]
            for p, s in zip(source.planes, (0, 1, 1), strict=True)
        ),
        YUV420,
    )
    box = (51, 30, 101, 77)
    assert surviving(source, padded, [Region(box)]) == [box]


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (0, 0, 100, 1), (99, 99, 100, 100), (0, 0, 5, 5)])
def test_areas_of_a_few_pixels_tell_nothing_and_break_nothing(box):
    source = picture(np.random.default_rng(0), "noise0", YUV420, 100, 100)
    assert surviving(source, copied(source), [Region(box)]) == []


def blur(part, share):
    return cv2.GaussianBlur(part, (0, 0), share * min(part.shape))


def mosaic(part, tiles):
    few = cv2.resize(part, (tiles, tiles), interpolation=cv2.INTER_AREA)
    return cv2.resize(few, part.shape[::-1], interpolation=cv2.INTER_NEAREST)


@pytest.mark.parametrize(
    ("change", "amount"), [(blur, 0.03), (blur, 0.06), (mosaic, 16), (mosaic, 10)]
)
@pytest.mark.parametrize("side", [40, 120, 260, 520])
def test_a_blur_and_a_mosaic_are_found_in_areas_of_any_size(side, change, amount):
    source = picture(
        np.random.default_rng(side), f"noise{side // 12}", YUV420, side + 40, side + 40
    )
    target, window = copied(source), (slice(20, 20 + side), slice(20, 20 + side))
    target.planes[0][window] = change(np.ascontiguousarray(source.planes[0][window]), amount)
    target.planes[1][...] = target.planes[2][...] = 128
    box = (20, 20, 20 + side, 20 + side)
    assert surviving(source, target, [Region(box)]) == [box]


def like_its_fill(region, width, height):
    """A picture that shows, inside the region, something blurred that its fill comes close to by
    chance."""
    source = picture(np.random.default_rng(6), "noise16", YUV420, width, height)
    fill = copied(source)
    paint(fill, [region], PaintOptions(shape="box"))
    x1, y1, x2, y2 = region.box
    grain = np.random.default_rng(7).normal(0, 3, (y2 - y1, x2 - x1))
    inside = 128 + 1.4 * (fill.planes[0][y1:y2, x1:x2].astype(np.float32) - 128) + grain
    source.planes[0][y1:y2, x1:x2] = np.clip(inside, 0, 255)
    return source


def test_a_fill_that_resembles_what_it_covers_is_no_false_alarm(monkeypatch):
    """A bright head before a dark wall, and a bulge of light that spread from the collar below:
    once in 250 areas of photos."""
    region = Region((60, 50, 130, 140))
    source = like_its_fill(region, 200, 190)
    result = copied(source)
    paint(result, [region], PaintOptions(shape="box"))
    rim = surviving_blur._from_rim
    monkeypatch.setattr(
        surviving_blur, "_from_rim", lambda *a: rim(*a) * 0
    )  # the estimate of what the rim explains misses it
    assert surviving_blur.shows_blurred(source, result, region.box, [])
    for quality in (95, 75, 60):
        seen = changed(result, lambda p, quality=quality: through_jpeg(p, quality))
        assert surviving(source, seen, [region], shape="box") == []


@pytest.mark.parametrize("change", [lambda p: p, lambda p: mosaic(p, 12), lambda p: blur(p, 0.06)])
def test_a_painter_that_leaves_an_area_out_explains_nothing(monkeypatch, change):
    """The same painter made the target: its faults must not excuse themselves."""
    monkeypatch.setattr(coverage, "paint", lambda *a: None)
    source = picture(np.random.default_rng(9), "noise8", YUV420, 200, 190)
    target, window = copied(source), (slice(40, 150), slice(50, 160))
    target.planes[0][window] = change(np.ascontiguousarray(source.planes[0][window]))
    assert surviving(source, target, [Region((50, 40, 160, 150))]) == [(50, 40, 160, 150)]


def test_what_cannot_be_painted_again_stays_suspected():
    source = picture(np.random.default_rng(0), "noise1", RGB, 100, 100)
    palette = Picture((source.planes[0],), Layout("index", 8, ((0, 0),)))
    assert surviving(palette, copied(palette), [Region((10, 10, 90, 90))]) == [(10, 10, 90, 90)]


@pytest.mark.parametrize("style", ["smooth", "tiles"])
@pytest.mark.parametrize("kind", ["pink", "noise16", "half"])
def test_fills_of_large_areas_raise_no_false_alarm(kind, style):
    source = picture(np.random.default_rng(4), kind, YUV420, 560, 500)
    result, region = copied(source), Region((30, 40, 510, 470))
    paint(result, [region], PaintOptions(style=style))
    assert surviving(source, result, [region], style=style) == []
    assert (
        surviving(source, changed(result, lambda p: through_jpeg(p, 60)), [region], style=style)
        == []
    )


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(8, 40), st.integers(8, 40), st.integers(1, 3)),
    st.floats(1.0, 4.0),
    st.floats(0.3, 1.2),
    st.floats(0.0, 0.01),
    st.booleans(),
)
def test_what_is_too_faint_in_the_target_survives_from_no_source(
    seed, shape, contrast, kept, noise, is_quarter
):
    """The target is looked at first, and a source is only asked for where its detail could be found
    there."""
    rng = np.random.default_rng(seed)
    source = rng.normal(0, contrast * surviving_detail.TEXTURE, shape).astype(np.float32)
    share = np.zeros(shape, np.float32)
    rows, columns = (slice(0, n // 2 if is_quarter else n) for n in shape[:2])
    share[rows, columns, rng.integers(shape[2])] = kept
    target = source * share + rng.normal(0, noise, shape).astype(np.float32)
    assert not (surviving_detail._is_faint(target) and surviving_detail._is_there(source, target))


def test_that_bound_is_not_far_from_what_survives():
    detail = (
        np.random.default_rng(0)
        .normal(0, 1.05 * surviving_detail.TEXTURE, (40, 40, 1))
        .astype(np.float32)
    )
    assert surviving_detail._is_there(detail, 0.55 * detail)
    assert not surviving_detail._is_faint(0.55 * detail)
    assert surviving_detail._is_faint(0.4 * detail)


def halved(rgb):
    """As HEIC gives it back: colours repeated for two pixels."""
    luma, *chroma = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
    wh = rgb.shape[1], rgb.shape[0]
    half = wh[0] // 2, wh[1] // 2
    steps = [
        cv2.resize(
            cv2.resize(c, half, interpolation=cv2.INTER_AREA), wh, interpolation=cv2.INTER_NEAREST
        )
        for c in chroma
    ]
    return cv2.cvtColor(cv2.merge([luma, *steps]), cv2.COLOR_YCrCb2RGB)


def as_picture(rgb):
    return Picture(tuple(np.ascontiguousarray(rgb[..., i]) for i in range(3)), RGB)


def test_steps_of_halved_colours_on_a_steep_gradient_are_not_the_source():
    y, x = np.mgrid[:100, :30]
    shown = halved(
        np.stack([x * 255 // 29, y * 255 // 99, (x + y) * 255 // 128], axis=-1).astype(np.uint8)
    )
    regions = [Region((3, 12, 26, 88))]
    target = as_picture(shown)
    paint(target, regions, PaintOptions())
    coded = as_picture(halved(np.ascontiguousarray(np.stack(target.planes, axis=-1))))
    assert surviving(as_picture(shown), coded, regions) == []


def test_what_is_left_is_found_behind_halved_colours_too():
    rng = np.random.default_rng(4)
    grey = np.stack([texture(rng, 100, 60, "noise1")] * 3, axis=-1)
    shown = halved(np.clip(grey + np.array((0, 20, 40)), 0, 255).astype(np.uint8))
    regions = [Region((8, 12, 52, 88))]
    assert surviving(as_picture(shown), as_picture(shown), regions) == [r.box for r in regions]


@pytest.mark.parametrize("shrink", [2, 3])
@pytest.mark.parametrize("box", [(60, 50, 301, 250), (0, 0, 133, 90), (400, 300, 600, 500)])
def test_a_reduced_rim_explains_what_the_reduced_estimate_would(box, shrink):
    plane = np.random.default_rng(0).integers(0, 256, (500, 600)).astype(np.uint8)
    rows, columns = slice(box[1], box[3]), slice(box[0], box[2])
    whole = patch_shading.reduced(surviving_blur._from_rim(plane, rows, columns), shrink)
    made = surviving_blur._from_rim(plane, rows, columns, shrink)
    assert np.abs(made - whole).max() < 0.1
