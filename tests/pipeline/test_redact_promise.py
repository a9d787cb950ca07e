"""Promise 2 through the whole pipeline: whatever the source shows under the mask, the target is the
same to the last byte.

Two sources that differ only inside the planned boxes are rendered by one plan, and the files are
compared.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import efface
from efface.files import sha256_of
from efface.options import PaintOptions, WriteOptions
from efface.planning.sidecar import save
from efface.tracks import Reason, Track

SIZE = WIDTH, HEIGHT = 74, 58
BOXES = ((9, 11, 40, 35), (60, 0, 74, 13), (0, 50, 21, 58), (33, 30, 36, 33))
"""Odd sides, three of the picture's edges, and two that overlap."""

FRAMES = 3
STYLES = ("smooth", "solid", "tiles")


def planned(source: Path) -> efface.Plan:
    """A plan for noise, in which nobody is found: the boxes are drawn, as by a person."""
    plan = efface.find(source)
    frames = np.arange(len(plan.timeline), dtype=np.int32)
    n = len(frames)
    drawn = tuple(
        Track(
            i,
            2,
            frames,
            np.tile(np.array(box, np.float32), (n, 1)),
            np.full(n, Reason.DRAWN, np.uint8),
            np.zeros(n, np.float32),
        )
        for i, box in enumerate(BOXES, 1)
    )
    return replace(plan, tracks=drawn)


def rendered(source: Path, plan: efface.Plan, name: str, options: efface.Options) -> bytes:
    target = source.with_name(name)
    efface.render(
        source,
        replace(plan, source_sha256=sha256_of(source), checksums=()),
        target,
        options=options,
    )
    return target.read_bytes()


def options_for(style: str) -> efface.Options:
    return efface.Options(paint=PaintOptions(style=style), write=WriteOptions(preset="ultrafast"))


# Video


def plane_shapes(pixels: str) -> list[tuple[int, int, tuple[int, int]]]:
    """Rows, columns and shifts of each plane."""
    shifts = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}.get(
        pixels[4:7] if pixels.startswith("yuvj") else pixels[3:6], (0, 0)
    )
    planes = [(0, 0)] + ([] if pixels.startswith("gray") else [shifts, shifts])
    return [(-(-HEIGHT >> sy), -(-WIDTH >> sx), (sx, sy)) for sx, sy in planes]


def depth_of(pixels: str) -> int:
    return int(pixels[-4:-2]) if pixels.endswith("le") else 8


def noise(pixels: str, seed: int) -> list[list[NDArray[np.uint16]]]:
    """Frames of planes, soft noise."""
    random, peak = np.random.default_rng(seed), (1 << depth_of(pixels)) - 1
    return [
        [random.integers(0, peak + 1, (h, w)).astype(np.uint16) for h, w, _ in plane_shapes(pixels)]
        for _ in range(FRAMES)
    ]


def inside(shape: tuple[int, int, tuple[int, int]]) -> NDArray[np.bool_]:
    """Samples of a plane that show any pixel of a box."""
    rows, columns, (sx, sy) = shape
    mask = np.zeros((rows, columns), bool)
    for x1, y1, x2, y2 in BOXES:
        mask[y1 >> sy : -(-y2 >> sy), x1 >> sx : -(-x2 >> sx)] = True
    return mask


def store(frames: list[list[NDArray[np.uint16]]], pixels: str, path: Path, *codec: str) -> Path:
    kind = "<u2" if depth_of(pixels) > 8 else "u1"
    raw = b"".join(plane.astype(kind).tobytes() for planes in frames for plane in planes)
    shape = ["-f", "rawvideo", "-pix_fmt", pixels, "-s", f"{WIDTH}x{HEIGHT}", "-r", "25", "-i", "-"]
    full = ["-color_range", "pc"] if pixels.startswith(("yuvj", "gbrp")) else []
    command = ["ffmpeg", "-v", "error", "-y", *shape, "-pix_fmt", pixels, *full, *codec, str(path)]
    subprocess.run(command, input=raw, check=True, capture_output=True)
    return path


FFV1 = ("-c:v", "ffv1")
VIDEOS = {
    **{f"{p}-{style}": (p, FFV1, style) for p in ("yuv420p", "yuv420p10le") for style in STYLES},
    **{
        p: (p, FFV1, "smooth")
        for p in (
            "yuv422p",
            "yuv444p",
            "yuv422p10le",
            "yuv444p10le",
            "yuv420p12le",
            "gray",
            "gray10le",
            "gbrp",
            "gbrp10le",
        )
    },
    "yuvj420p": ("yuvj420p", ("-c:v", "libx264", "-qp", "0"), "smooth"),
    "yuv420p-h264": ("yuv420p", ("-c:v", "libx264", "-qp", "0", "-bf", "2"), "tiles"),
    "yuv420p-rawvideo": ("yuv420p", ("-c:v", "rawvideo"), "smooth"),
}


@pytest.mark.parametrize("way", VIDEOS)
def test_videos(way, tmp_path):
    pixels, codec, style = VIDEOS[way]
    first, other = noise(pixels, 1), noise(pixels, 2)
    masks = [inside(shape) for shape in plane_shapes(pixels)]
    second = [
        [np.where(m, b, a) for a, b, m in zip(f, o, masks, strict=True)]
        for f, o in zip(first, other, strict=True)
    ]
    sources = [
        store(frames, pixels, tmp_path / f"{i}.mkv", *codec)
        for i, frames in enumerate((first, second))
    ]
    assert sources[0].read_bytes() != sources[1].read_bytes()
    plan = planned(sources[0])
    targets = [rendered(s, plan, f"{s.stem}.mp4", options_for(style)) for s in sources]
    assert targets[0] == targets[1]


def test_the_comparison_of_videos_notices_one_sample_outside(tmp_path):
    first = noise("yuv420p", 1)
    second = [[plane.copy() for plane in planes] for planes in first]
    second[2][0][45, 50] ^= 128
    sources = [
        store(frames, "yuv420p", tmp_path / f"{i}.mkv", *FFV1)
        for i, frames in enumerate((first, second))
    ]
    plan = planned(sources[0])
    targets = [rendered(s, plan, f"{s.stem}.mp4", options_for("smooth")) for s in sources]
    assert targets[0] != targets[1]


# Photos


def pixels_of(mode: str, seed: int) -> NDArray[np.generic]:
    bands = {"L": (), "P": (), "RGB": (3,), "RGBA": (4,), "I;16": ()}[mode]
    dtype = np.uint16 if mode == "I;16" else np.uint8
    return (
        np.random.default_rng(seed)
        .integers(0, np.iinfo(dtype).max + 1, (HEIGHT, WIDTH, *bands))
        .astype(dtype)
    )


PHOTOS = {
    "png": ("RGB", "a.png", {}),
    "png with alpha": ("RGBA", "a.png", {}),
    "png in gray": ("L", "a.png", {}),
    "png of 16 bits": ("I;16", "a.png", {}),
    "tiff": ("RGB", "a.tif", {"compression": "tiff_lzw"}),
    "tiff of two pages": ("RGB", "a.tif", {"pages": 2}),
    "webp": ("RGB", "a.webp", {"lossless": True, "exact": True}),
    "gif": ("P", "a.gif", {}),
    "gif that moves": ("L", "a.gif", {"pages": 3, "duration": 100}),
    "apng": ("RGB", "a.png", {"pages": 3, "duration": 100}),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("way", PHOTOS)
def test_photos(way, style, tmp_path):
    mode, name, how = PHOTOS[way]
    how = dict(how)
    pages = how.pop("pages", 1)
    mask = inside((HEIGHT, WIDTH, (0, 0)))
    sources = []
    for i in range(2):
        pictures = []
        for page in range(pages):
            base, other = pixels_of(mode, page), pixels_of(mode, 100 + page)
            where = mask if base.ndim == 2 else mask[..., None]
            pictures.append(Image.fromarray(np.where(where, other, base) if i else base))
            if mode == "P":
                pictures[-1].putpalette(
                    np.random.default_rng(0).permutation(256 * 3).astype(np.uint8).tobytes()
                )
        source = tmp_path / f"{i}{Path(name).suffix}"
        more = {"save_all": True, "append_images": pictures[1:]} if pages > 1 else {}
        pictures[0].save(source, **more, **how)
        sources.append(source)
    assert sources[0].read_bytes() != sources[1].read_bytes()
    plan = planned(sources[0])
    assert len(plan.timeline) == pages
    targets = [rendered(s, plan, f"out{s.name}", options_for(style)) for s in sources]
    assert targets[0] == targets[1]


def test_jpeg_whose_blocks_differ_only_under_the_mask(tmp_path):
    box = (16, 16, 48, 32)
    base, other = (
        np.random.default_rng(i).integers(0, 256, (64, 80, 3)).astype(np.uint8) for i in (1, 2)
    )
    second = base.copy()
    second[16:32, 16:48] = other[16:32, 16:48]
    sources = [tmp_path / "0.jpg", tmp_path / "1.jpg"]
    for source, pixels in zip(sources, (base, second), strict=True):
        Image.fromarray(pixels).save(source, quality=80, subsampling=2)
    found = efface.find(sources[0])
    one = np.zeros(1, np.int32)
    # A chroma sample of the block beside the mask is spread over its neighbours when it is
    # unpacked.
    grown = np.array([[box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2]], np.float32)
    track = Track(1, 2, one, grown, np.full(1, Reason.DRAWN, np.uint8), np.zeros(1, np.float32))
    plan = replace(found, tracks=(track,))
    targets = [rendered(s, plan, f"out{s.name}", options_for("smooth")) for s in sources]
    assert targets[0] == targets[1]


def test_where_a_transparent_picture_is_erased_it_is_opaque_and_holds_nothing(tmp_path):
    pixels = pixels_of("RGBA", 1)
    pixels[..., 3] = 255
    pixels[5:50, 5:45, 3] = 0  # a face under full transparency, half of it outside of the box
    source = tmp_path / "a.png"
    Image.fromarray(pixels).save(source)
    for style in STYLES:
        plan = planned(source)
        target = tmp_path / f"{style}.png"
        efface.render(source, plan, target, options=options_for(style))
        with Image.open(target) as picture:
            result = np.asarray(picture.convert("RGBA"))
        assert (result[inside((HEIGHT, WIDTH, (0, 0))), 3] == 255).all()
        assert (result[..., 3] == 0).any(), "what is not erased stays transparent"
        hidden = result[result[..., 3] == 0]
        assert (hidden == 0).all(), "and hides nothing"


# Edits


def test_what_a_person_changed_in_a_plan_on_the_disk_is_rendered(tmp_path):
    frames = [np.full((HEIGHT, WIDTH, 3), (200, 30, 30), np.uint8)] * FRAMES
    source = tmp_path / "a.mp4"
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", "25", "-i", "-"]
    subprocess.run(
        ["ffmpeg", "-v", "error", *raw, "-c:v", "libx264", "-pix_fmt", "yuv420p", source],
        input=b"".join(f.tobytes() for f in frames), check=True,
    )  # fmt: skip
    area = {
        "edit": "area",
        "track": 1,
        "first": 1,
        "last": 1,
        "box": [20, 20, 50, 40],
        "keep": False,
    }
    plan = replace(
        efface.find(source),
        tracks=(),
        doubts=(),
        edits=(area, {"edit": "black", "first": 2, "last": 2, "black": True}),
    )
    save(plan, tmp_path / "a.plan.json")
    options = efface.Options(
        paint=PaintOptions(style="solid", colour="#0000ff"), write=WriteOptions(preset="ultrafast")
    )
    efface.render(source, tmp_path / "a.plan.json", tmp_path / "b.mp4", options=options)
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        tmp_path / "b.mp4",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    ]
    out = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8)
    shown = out.reshape(-1, HEIGHT, WIDTH, 3)[:, [5, 30], [5, 35]].astype(int)
    red, blue, black = (200, 30, 30), (0, 0, 255), (0, 0, 0)
    assert np.abs(shown - [[red, red], [red, blue], [black, black]]).max() < 40
