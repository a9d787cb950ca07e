"""How the attacked pictures were made: by efface itself, file to file, and by the blur and mosaic
that other tools offer.

efface is given a plan with the box: the question is what its paint and its encoders let through,
not what its detector finds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import efface
from efface.detections import FACE, PLATE
from efface.files import sha256_of
from efface.frames import Layout, Picture
from efface.geometry import Box, grown, whole_pixels
from efface.options import Options, PaintOptions, WriteOptions
from efface.painting.masks import erased
from efface.painting.paint import paint
from efface.planning.plan import Plan
from efface.regions import BlockGrid, Region
from efface.timing import Timeline
from efface.tracks import Reason, Track

Rgb = NDArray[np.uint8]
"""(h, w, 3)."""

Filter = Callable[[Rgb, Box], Rgb]
"""A copy of the picture with the filter inside of the box."""

STYLES = ("smooth", "solid", "tiles")
SHAPE = PaintOptions().shape
JPEG = 88
"""Quality of source photographs; telephones use 85 to 95. Colour at half resolution."""

CRF = "23"
"""Of source videos, as from a telephone."""

TABLE = {"face": FACE, "plate": PLATE}


def blur(share: float) -> Filter:
    """Gaussian blur with a standard deviation of that share of the box's shorter side."""

    def apply(rgb: Rgb, box: Box) -> Rgb:
        sigma = share * min(box[2] - box[0], box[3] - box[1])
        return within(
            rgb,
            box,
            lambda part: cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE),
        )

    return apply


def box_blur(share: float) -> Filter:
    """Mean over a rectangle of that share of the box's width and height."""

    def apply(rgb: Rgb, box: Box) -> Rgb:
        size = (round(share * (box[2] - box[0])), round(share * (box[3] - box[1])))
        return within(rgb, box, lambda part: cv2.blur(part, size))

    return apply


def mosaic(tiles: int) -> Filter:
    """That many tiles along the box's shorter side, each the mean of what it hides."""

    def apply(rgb: Rgb, box: Box) -> Rgb:
        width, height = box[2] - box[0], box[3] - box[1]
        side = min(width, height) / tiles
        few = (max(round(width / side), 1), max(round(height / side), 1))

        def coarse(part: Rgb) -> NDArray[np.generic]:
            return cv2.resize(
                cv2.resize(part, few, interpolation=cv2.INTER_AREA),
                (width, height),
                interpolation=cv2.INTER_NEAREST,
            )

        return within(rgb, box, coarse)

    return apply


def within(rgb: Rgb, box: Box, change: Callable[[Rgb], NDArray[np.generic]]) -> Rgb:
    """A copy in which the box is changed; the change sees only the box, as in tools that cut the
    face out first."""
    x1, y1, x2, y2 = box
    new = rgb.copy()
    new[y1:y2, x1:x2] = change(rgb[y1:y2, x1:x2])
    return new


def untouched(rgb: Rgb, box: Box) -> Rgb:
    """The picture as it is: the control that shows what the attack can do."""
    return rgb


def with_margin(box: Box, size_wh: tuple[int, int], margin: float) -> Box:
    """The box as it stands in a plan."""
    x1, y1, x2, y2 = whole_pixels(grown(np.array([box], np.float32), margin), size_wh)[0].tolist()
    return x1, y1, x2, y2


def mask_of(box: Box, size_wh: tuple[int, int]) -> NDArray[np.bool_]:
    """(h, w) what efface erases for this box of a plan."""
    return erased([Region(box, 1)], SHAPE, size_wh).mask


def whole_blocks(box: Box, size_wh: tuple[int, int]) -> Box:
    """What efface erases of a JPEG with colour at half resolution, but for the pixel around it."""
    grid, sizes = BlockGrid((16, 16)), np.array(size_wh, np.int64)
    x1, y1, x2, y2 = grid.grown(np.array([box], np.int32), sizes)[0].tolist()
    return x1, y1, x2, y2


def painted(rgb: Rgb, boxes: Sequence[Box], style: str) -> Rgb:
    """What efface's painter makes of the picture, without files."""
    planes = tuple(np.ascontiguousarray(rgb[..., i]) for i in range(3))
    paint(
        Picture(planes, Layout("rgb", 8, ((0, 0),) * 3)),
        [Region(box, i) for i, box in enumerate(boxes, 1)],
        PaintOptions(style=style),
    )
    return np.stack(planes, -1)


class Publisher:
    """Whoever publishes: writes sources into a folder, has efface erase them, and shows what came
    out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def photo(
        self,
        rgb: Rgb,
        boxes: Sequence[Box],
        style: str,
        *,
        kind: str = "face",
        jpeg: bool = False,
        rim: str = "shape",
        how: str = "recode",
    ) -> Rgb:
        """The published photograph. PNG to PNG, or JPEG to JPEG, with --rim and --jpeg."""
        source, target = (
            self.folder / f"{name}.{'jpg' if jpeg else 'png'}" for name in ("source", "target")
        )
        Image.fromarray(rgb).save(source, **({"quality": JPEG} if jpeg else {"compress_level": 1}))
        height, width = rgb.shape[:2]
        moving = [np.array([box], np.float32) for box in boxes]
        plan = _plan(
            source,
            "photo",
            (width, height),
            Timeline(np.zeros(1, np.int64), Fraction(1)),
            moving,
            kind,
        )
        efface.render(source, plan, target, options=_options(style, rim, how))
        with Image.open(target) as made:
            return np.array(made.convert("RGB"))

    def video(
        self, frames: Sequence[Rgb], boxes: Sequence[Box], style: str, *, camera: bool
    ) -> Rgb:
        """(frames, h * 3 / 2, w) samples of the published film, H.264 at default settings.

        camera  the source is compressed as a telephone does it; otherwise it has no loss.
        """
        source, target = self.folder / "source.mkv", self.folder / "target.mkv"
        pts, base = _encode(frames, source, {"crf": CRF} if camera else {"qp": "0"})
        height, width = frames[0].shape[:2]
        plan = _plan(
            source,
            "video",
            (width, height),
            Timeline(pts, base),
            [np.array(boxes, np.float32)],
            "face",
        )
        efface.render(source, plan, target, options=_options(style))
        with av.open(str(target)) as made:
            return np.stack([f.to_ndarray(format="yuv420p") for f in made.decode(video=0)])


def _options(style: str, rim: str = "shape", how: str = "recode") -> Options:
    paint = PaintOptions(style=style, rim=rim)
    return Options(paint=paint, write=WriteOptions(overwrite=True, jpeg=how))


def _plan(
    source: Path,
    medium: str,
    size_wh: tuple[int, int],
    timeline: Timeline,
    moving: Sequence[NDArray[np.float32]],
    kind: str,
) -> Plan:
    n = len(timeline)
    tracks = tuple(
        Track(
            i,
            TABLE[kind],
            np.arange(n, dtype=np.int32),
            xyxy,
            np.full(n, Reason.DRAWN, np.uint8),
            np.ones(n, np.float32),
        )
        for i, xyxy in enumerate(moving, start=1)
    )
    return Plan(sha256_of(source), medium, (size_wh,), timeline, tracks)  # type: ignore[arg-type]


def _encode(
    frames: Sequence[Rgb], path: Path, how: dict[str, str]
) -> tuple[NDArray[np.int64], Fraction]:
    """Writes a film; PTS of its frames, and their time base."""
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.options = how | {
            "preset": "veryfast",
            "x264-params": "asm=avx2",
            "threads": "1",
        }
        for rgb in frames:
            # Each chroma sample from its own four pixels only: what is outside of a mask then stays
            # free of what is inside.
            film.mux(
                stream.encode(
                    av.VideoFrame.from_ndarray(
                        cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), format="yuv420p"
                    )
                )
            )
        film.mux(stream.encode(None))
    with av.open(str(path)) as film:
        pts = sorted(p.pts for p in film.demux(video=0) if p.pts is not None)
        base = film.streams.video[0].time_base
    return np.array(pts, np.int64), Fraction(base.numerator, base.denominator)
