"""Convert FFmpeg's many pixel formats to the few that efface paints on, and turn pictures upright.

Frames are delivered as gray, planar YUV (4:2:0, 4:2:2, 4:4:4) or planar RGB with 8, 10 or 12 bits.
Other formats are converted to the one of these that loses least: no bits up to 12, no chroma.
Opacity is dropped, since no video target keeps it, and fully transparent pixels become black.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from efface.frames import Layout, Picture
from efface.geometry import Size
from efface.media.colour import FULL, LIMITED, side_data
from efface.media.cropping import WHOLE, Crop

Plane = NDArray[np.uint8] | NDArray[np.uint16]

_SHIFTS = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}
_NEAREST = {
    (0, 0): "444",
    (1, 0): "422",
    (1, 1): "420",
    (0, 1): "444",
    (2, 0): "422",
    (2, 2): "420",
}
"""Chroma shifts (x, y) and the subsampling that keeps every chroma sample, or loses fewest."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How to turn a stored picture upright: first swap rows and columns, then mirror."""

    swaps: bool = False
    flip_x: bool = False
    flip_y: bool = False

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an upright view of the (h, w, ...) array."""
        if self.swaps:
            array = array.swapaxes(0, 1)
        return array[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]

    def size(self, size_wh: Size) -> Size:
        """Return the size after turning. Turning back needs the same swap."""
        return (size_wh[1], size_wh[0]) if self.swaps else size_wh


@dataclass(frozen=True, slots=True)
class Spec:
    """The format in which frames of one source are delivered.

    name    FFmpeg's name of the canonical pixel format.
    layout  the same in efface's words.
    size_wh of the upright frame.
    turn    from stored to upright.
    matrix  for conversions between YUV and RGB.
    angle   of the display matrix in degrees. The turn is made from it once; a frame with another
            angle is a change.
    crop    columns and rows that the container hides; they are removed before turning.
    """

    name: str
    layout: Layout
    size_wh: Size
    turn: Turn
    matrix: Colorspace
    angle: int = 0
    crop: Crop = WHOLE

    @property
    def stored_wh(self) -> Size:
        """Size before turning, including what the container hides."""
        width, height = self.turn.size(self.size_wh)
        return width + self.crop.columns, height + self.crop.rows

    def cropped(self, plane: NDArray[Any], shifts: tuple[int, int] = (0, 0)) -> NDArray[Any]:
        """Return a view of a stored plane without what the container hides. shifts: of its
        subsampling, across and down."""
        (width, height), (sx, sy) = self.turn.size(self.size_wh), shifts
        left, top = self.crop.left >> sx, self.crop.top >> sy
        return plane[top : top + -(-height >> sy), left : left + -(-width >> sx)]


def layout_named(name: str, *, full_range: bool) -> Layout:
    """Return the layout of a canonical pixel format."""
    depth = int(name[-4:-2]) if name.endswith("le") else 8
    if name.startswith("gbrp"):
        return Layout("rgb", depth, ((0, 0),) * 3, True)
    if name.startswith("gray"):
        return Layout("gray", depth, ((0, 0),), full_range)
    chroma = _SHIFTS[name[3:6]]
    return Layout("yuv", depth, ((0, 0), chroma, chroma), full_range)


def canonical(name: str) -> str:
    """Return the canonical format for frames of FFmpeg's format `name`."""
    known = av.VideoFormat(name, 64, 64)
    samples = [c for c in known.components if not c.is_alpha]
    deepest = 8 if known.has_palette else max(c.bits for c in samples)
    depth = "" if deepest <= 8 else "10le" if deepest <= 10 else "12le"
    if known.has_palette or known.is_rgb or known.is_bayer or name.startswith("xyz"):
        return "gbrp" + depth
    if len(samples) == 1:
        return "gray" + depth
    shift = (
        (64 // known.chroma_width(64)).bit_length() - 1,
        (64 // known.chroma_height(64)).bit_length() - 1,
    )
    return f"yuv{_NEAREST.get(shift, '444')}p{depth}"


def is_full_range(frame: av.VideoFrame) -> bool:
    """Return whether the frame's samples use the full range. YUV and gray that state no range are
    limited."""
    name = frame.format.name
    return (
        frame.color_range == FULL or name.startswith("yuvj") or canonical(name).startswith("gbrp")
    )


def turn_of(frame: av.VideoFrame) -> Turn:
    """Return the turn that the frame's display matrix states. Angles are rounded to the nearest
    quarter turn."""
    raw = side_data(frame, Type.DISPLAYMATRIX)
    if len(raw) < 36:
        # This also works if PyAV cannot list the side data at all; then at least the angle is
        # known.
        return {
            90: Turn(True, False, True),
            180: Turn(False, True, True),
            270: Turn(True, True, False),
        }.get(round(frame.rotation / 90) * 90 % 360, Turn())
    # Rows (a, b, u), (c, d, v), (x, y, w): a stored point (x, y) appears at (ax + cy, bx + dy).
    a, b, _, c, d, *_ = (int(v) for v in np.frombuffer(raw, np.int32)[:9])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Turn(True, c < 0, b < 0)
    return Turn(False, a < 0, d < 0)


def spec_of(frame: av.VideoFrame, matrix: Colorspace, crop: Crop = WHOLE) -> Spec:
    """Return how frames like this one will be delivered. crop: what the container hides."""
    turn, name = turn_of(frame), canonical(frame.format.name)
    if turn.swaps and name.startswith("yuv422"):
        name = name.replace(
            "422", "444"
        )  # turned, its chroma would be halved in height only; no other code knows that layout
    size_wh = turn.size((frame.width - crop.columns, frame.height - crop.rows))
    is_mirrored_oddly = (turn.flip_x and size_wh[0] % 2) or (turn.flip_y and size_wh[1] % 2)
    if is_mirrored_oddly or crop.left % 2 or crop.top % 2:
        # Otherwise the chroma sample of one luma column would end up at the wrong end, or beside
        # it, and masks would miss it.
        name = name.replace("yuv420", "yuv444").replace("yuv422", "yuv444")
    layout = layout_named(name, full_range=is_full_range(frame))
    return Spec(name, layout, size_wh, turn, matrix, frame.rotation, crop)


def _is_direct(name: str, wanted: str) -> bool:
    # These differ from the canonical formats only in their stated range, or by an opacity plane at
    # the end.
    return name.replace("yuvj", "yuv").replace("yuva", "yuv").replace("gbrap", "gbrp") == wanted


def plane_rows(plane: Any) -> NDArray[np.uint8]:
    """Return the rows of a plane as bytes, with their padding. It shares the plane's memory."""
    # PyAV's planes are buffers, which type checkers learn only from Python 3.12 on.
    return np.frombuffer(plane, np.uint8).reshape(plane.height, abs(plane.line_size))


def _plane(frame: av.VideoFrame, index: int) -> Plane:
    """Return a view of one plane of a planar frame.

    It keeps the frame alive and shares its memory.
    """
    plane = frame.planes[index]
    dtype = np.dtype("<u2") if frame.format.components[0].bits > 8 else np.dtype(np.uint8)
    rows = plane_rows(plane)
    if plane.line_size < 0:
        rows = rows[::-1]
    samples: Plane = rows[:, : plane.width * dtype.itemsize].view(dtype)
    return samples


def _planes(frame: av.VideoFrame, model: str) -> list[Plane]:
    order = (
        (2, 0, 1) if model == "rgb" else (0, 1, 2) if model == "yuv" else (0,)
    )  # FFmpeg stores G, B, R
    return [_plane(frame, i) for i in order]


def copied(frame: av.VideoFrame) -> av.VideoFrame:
    """Copy the samples to memory of their own, so that the decoder gets its memory back. Palettes
    are not copied."""
    if "pal" in frame.format.name:
        return frame
    copy = av.VideoFrame(frame.width, frame.height, frame.format.name)
    for into, plane in zip(copy.planes, frame.planes, strict=True):
        rows, own = plane_rows(plane), plane_rows(into)
        width = min(rows.shape[1], own.shape[1])
        own[:, :width] = (rows[::-1] if plane.line_size < 0 else rows)[:, :width]
    copy.color_range, copy.colorspace = frame.color_range, frame.colorspace
    copy.color_primaries, copy.color_trc = frame.color_primaries, frame.color_trc
    return copy


@dataclass(frozen=True, slots=True, eq=False)
class FramePicture(Picture):
    """A picture in the memory of an FFmpeg frame of its own: it can be encoded without a copy.

    frame  in a canonical format; what is written to the planes is written to it.
    """

    frame: av.VideoFrame


class Pixels:
    """The samples of one decoded frame, converted on demand. Safe to use from several threads."""

    _local = threading.local()

    def __init__(self, frame: av.VideoFrame, spec: Spec, *, full_range: bool | None = None) -> None:
        """full_range: whether the samples use every value, if the frame itself does not state it.

        A frame of another size is fitted into the spec's size.
        """
        self._is_full = is_full_range(frame) if full_range is None else full_range
        if (frame.width, frame.height) != spec.stored_wh:
            frame, self._is_full = _fitted(frame, spec, self._is_full), spec.layout.full_range
        self._frame, self._spec = frame, spec
        # PyAV edits the frame's colour tags while it converts, so two conversions at once would see
        # each other's.
        self._lock = threading.Lock()

    @property
    def frame(self) -> av.VideoFrame:
        """Return the frame, in the size of the spec."""
        return self._frame

    @property
    def is_full(self) -> bool:
        """Return whether the samples use the full range."""
        return self._is_full

    def unpack(self) -> Picture:
        """Return a copy of the samples, upright, in the canonical layout."""
        spec, frame = self._spec, self._frame
        if not _is_direct(frame.format.name, spec.name) or self._is_full != spec.layout.full_range:
            frame = self._converted(
                spec.stored_wh, spec.name, spec.layout.full_range, Interpolation.BICUBIC
            )
        # The decoder predicts later frames from these samples, so always return a copy.
        own = av.VideoFrame(*spec.size_wh, spec.name)
        picture = FramePicture(tuple(_planes(own, spec.layout.model)), spec.layout, own)
        for into, plane, shifts in zip(
            picture.planes, _planes(frame, spec.layout.model), spec.layout.shifts, strict=True
        ):
            np.copyto(into, spec.turn.of(spec.cropped(plane, shifts)))
        if any(c.is_alpha for c in self._frame.format.components):
            _wipe(picture, spec.turn.of(spec.cropped(self._opacity() == 0)), black(spec))
        return picture

    def _opacity(self) -> NDArray[Any]:
        """Return the opacity, (h, w) as stored; 0 for invisible pixels."""
        if self._frame.format.is_planar:
            return _plane(self._frame, len(self._frame.planes) - 1)
        rgba = self._converted(self._spec.stored_wh, "rgba", True, Interpolation.BILINEAR)
        return plane_rows(rgba.planes[0])[:, 3 : 4 * rgba.width : 4]

    def look(self, size_wh: Size) -> NDArray[np.uint8]:
        """Return (h, w, 3) RGB at that size, upright, read-only."""
        spec = self._spec
        if any(spec.crop):
            return self._cropped().look(size_wh)
        width, height = spec.turn.size(size_wh)
        shrinks = width < self._frame.width or height < self._frame.height
        scaler = Interpolation.AREA if shrinks else Interpolation.BILINEAR
        frame = self._converted((width, height), "rgb24", True, scaler)
        rows = plane_rows(frame.planes[0])
        upright = np.ascontiguousarray(spec.turn.of(rows[:, : width * 3].reshape(height, width, 3)))
        upright.flags.writeable = False
        return upright

    def _cropped(self) -> Pixels:
        """Return the pixels without what the container hides. swscale converts only whole
        frames."""
        spec = replace(self._spec, turn=Turn(), crop=WHOLE)
        return Pixels(packed(self.unpack(), spec.name), spec, full_range=spec.layout.full_range)

    def _converted(
        self, size_wh: Size, name: str, full_range: bool, scaler: Interpolation
    ) -> av.VideoFrame:
        with self._lock:
            return reformatted(
                self._frame, size_wh, name, self._spec.matrix, self._is_full, full_range, scaler
            )


def _wipe(picture: Picture, hidden: NDArray[np.bool_], blank: Picture) -> None:
    """Remove the colours of fully transparent pixels. No target is transparent, and these colours
    were never visible."""
    if not hidden.any():
        return
    height, width = hidden.shape
    for plane, empty, (sx, sy) in zip(
        picture.planes, blank.planes, picture.layout.shifts, strict=True
    ):
        rows, columns = -(-height >> sy), -(-width >> sx)
        whole = np.zeros((rows << sy, columns << sx), bool)
        whole[:height, :width] = hidden
        covered = whole.reshape(rows, 1 << sy, columns, 1 << sx).any(axis=(1, 3))
        plane[covered] = empty[covered]


def reformatted(
    frame: av.VideoFrame,
    size_wh: Size,
    name: str,
    matrix: Colorspace,
    full_in: bool,
    full_out: bool,
    scaler: Interpolation,
) -> av.VideoFrame:
    """Convert the frame to another size, pixel format or range with swscale. The matrix is that of
    the YUV side."""
    scalers: dict[tuple[str, Size], VideoReformatter] = Pixels._local.__dict__.setdefault(
        "scalers", {}
    )
    if len(scalers) > 8:  # each holds filter tables for one size
        scalers.clear()
    return scalers.setdefault((name, size_wh), VideoReformatter()).reformat(
        frame,
        *size_wh,
        name,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        interpolation=scaler,
        src_color_range=FULL if full_in else LIMITED,
        dst_color_range=FULL if full_out else LIMITED,
        threads=1,
    )


def _fitted(frame: av.VideoFrame, spec: Spec, full_range: bool) -> av.VideoFrame:
    """Scale the whole frame to fit into the spec's size, and pad with black. Stretched faces would
    be hard to find."""
    width, height = spec.stored_wh
    share = min(width / frame.width, height / frame.height)
    inner = max(1, round(frame.width * share)), max(1, round(frame.height * share))
    full_out = spec.layout.full_range
    plain = copied(
        frame
    )  # without its chroma location, which copies never have: both must give the same result
    small = reformatted(
        plain, inner, spec.name, spec.matrix, full_range, full_out, Interpolation.BICUBIC
    )
    whole = black(replace(spec, size_wh=(width, height), turn=Turn(), crop=WHOLE))
    for into, plane in zip(whole.planes, _planes(small, spec.layout.model), strict=True):
        into[: plane.shape[0], : plane.shape[1]] = plane
    return packed(whole, spec.name)


def packed(picture: Picture, name: str) -> av.VideoFrame:
    """Return a frame in the canonical format `name` with the picture's samples and nothing else.

    It shares the memory of a `FramePicture`, and is a copy of any other picture.
    """
    if isinstance(picture, FramePicture) and picture.frame.format.name == name:
        return picture.frame
    frame = av.VideoFrame(*picture.size_wh, name)
    for into, plane in zip(_planes(frame, picture.layout.model), picture.planes, strict=True):
        np.copyto(into, plane)
    return frame


def unpacked(frame: av.VideoFrame, layout: Layout) -> Picture:
    """Return the samples of a frame in a canonical format, as stored. The picture shares the
    frame's memory."""
    return Picture(tuple(_planes(frame, layout.model)), layout)


def black(spec: Spec) -> Picture:
    """Make a black picture in place of a frame that could not be decoded."""
    layout = spec.layout
    dark = 0 if layout.full_range else 16 << (layout.depth - 8)
    levels = (
        (dark,)
        if layout.model == "gray"
        else (0, 0, 0)
        if layout.model == "rgb"
        else (dark, *layout.neutral[1:3])
    )
    width, height = spec.size_wh
    dtype = np.dtype(np.uint8 if layout.depth <= 8 else np.uint16)
    shapes = [(-(-height >> sy), -(-width >> sx)) for sx, sy in layout.shifts]
    planes: Any = tuple(np.full(s, v, dtype) for s, v in zip(shapes, levels, strict=True))
    return Picture(planes, layout)


def even_sized(picture: Picture) -> Picture:
    """Repeat the last column and row if subsampled chroma requires an even size."""
    (width, height), chroma = picture.size_wh, picture.layout.shifts[-1]
    right, below = width % 2 * chroma[0], height % 2 * chroma[1]
    if not (right or below):
        return picture
    luma: Any = np.pad(picture.planes[0], ((0, below), (0, right)), mode="edge")
    # Chroma already covers the half sample.
    return Picture((luma, *picture.planes[1:]), picture.layout)
