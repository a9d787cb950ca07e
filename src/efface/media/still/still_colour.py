"""Colour conversion: apply a profile or a PNG's colour numbers to the samples, and leave the
profile behind.

A profile may name the monitor, the scanner or the person for which it was made, so none is copied.
Targets are sRGB, which viewers assume by default. Little CMS converts 8-bit samples. Grey and RGB
with more bits use the profile's own curves and matrix. If the profile has tables instead, they use
a grid of colours converted by Little CMS, so the result is as exact as 8 bits. CMYK with a profile
becomes RGB, as viewers show it. An unreadable profile, or one for another kind of samples, is
ignored, as browsers do.

A PNG may state a gamma and primaries as numbers. They are applied as Chromium does: both together
describe the colours; gamma alone is a correction towards 2.2, unless it is that already; primaries
alone have no effect.
"""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from efface.media.still.still_pixels import Page, strips

CLOSE_STEPS = 3
"""Steps of 255. A profile that moves no colour by more counts as sRGB, and the samples stay
unchanged."""

GRID_COLOURS = 52
"""Colours on each side of the grid: every fifth of 256."""

USUAL_GAMMA, GAMMA_SLACK = 1 / 2.2, 0.05
"""The usual gamma of a PNG that states only its gamma, and the tolerance within which it means the
same, as in libpng."""

_SRGB_TO_PCS = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
"""sRGB's primaries, adapted to D50 as in profiles."""

_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)

Convert = Callable[[NDArray[Any]], NDArray[Any]]
"""Converts an (h, w, channels) array of colours to one of the same depth."""


@dataclass(frozen=True, slots=True)
class Colours:
    """What a file states about its colours: an ICC profile, or a PNG's gamma (as the encoding
    exponent) and primaries (white, red, green and blue, x and y of each)."""

    icc: bytes | None = None
    gamma: float | None = None
    chroma: tuple[float, ...] | None = None


def in_srgb(page: Page, colours: Colours) -> Page:
    """Convert the page's colours to sRGB: in place, or as a new page if CMYK becomes RGB."""
    convert = _conversion(page, colours)
    if convert is None:
        return page
    height, width = page.samples.shape[:2]
    count = page.samples.shape[2] - page.has_alpha
    is_ink = page.model == "cmyk"
    into = np.empty((height, width, 3), np.uint8) if is_ink else page.samples
    for rows in strips(height, width):
        part: NDArray[Any] = np.ascontiguousarray(page.samples[rows, :, :count])
        into[rows, :, : 3 if is_ink else count] = convert(
            np.right_shift(part, page.depth - 8).astype(np.uint8) if is_ink else part
        )
    return Page(into, "rgb") if is_ink else page


def _conversion(page: Page, colours: Colours) -> Convert | None:
    try:
        if colours.icc:
            return _by_profile(page, colours.icc)
        return _by_numbers(page, colours)
    except (
        ImageCms.PyCMSError,
        OSError,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        struct.error,
        ArithmeticError,
    ):
        return None  # an unreadable profile counts as absent


def _by_profile(page: Page, icc: bytes) -> Convert | None:
    space = icc[16:20].strip()
    if page.model == "cmyk":
        return _by_lcms(icc, "CMYK") if space == b"CMYK" and not page.has_alpha else None
    if page.model == "gray" and space == b"GRAY":
        return _moving(_by_steps(_grey_curve(icc, page.depth), page.depth), page)
    if space != b"RGB":
        return None
    if page.model == "gray":  # the neutral colours of the profile
        ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
        return _moving(
            _by_steps(
                _stretched(_by_lcms(icc, "RGB")(ramp)[0].mean(axis=-1), page.depth), page.depth
            ),
            page,
        )
    if page.depth == 8:
        return _moving(_by_lcms(icc, "RGB"), page)
    tags = _tags(icc)
    if any(name in tags for name in (b"A2B0", b"A2B1", b"A2B2")):
        return _moving(_by_grid(_by_lcms(icc, "RGB"), page.depth), page)
    curves = [_curve(tags[c + b"TRC"], _steps(page.depth)) for c in (b"r", b"g", b"b")]
    return _moving(
        _by_matrix(
            np.stack([_xyz(tags[c + b"XYZ"]) for c in (b"r", b"g", b"b")], axis=1),
            curves,
            page.depth,
        ),
        page,
    )


def _by_numbers(page: Page, colours: Colours) -> Convert | None:
    gamma = colours.gamma
    if gamma is None or page.model == "cmyk":
        return None
    steps = _steps(page.depth)
    if colours.chroma is None:
        if abs(gamma / USUAL_GAMMA - 1) < GAMMA_SLACK:
            return None
        return _by_steps(steps ** (USUAL_GAMMA / gamma), page.depth)
    curve = steps ** (1 / gamma)
    if page.model == "gray":
        return _moving(_by_steps(_encoded(curve), page.depth), page)
    return _moving(_by_matrix(_primaries(colours.chroma), [curve] * 3, page.depth), page)


def _steps(depth: int) -> NDArray[np.float64]:
    """Return every value that a sample can have, 0 to 1."""
    return np.linspace(0, 1, 1 << depth)


def _stretched(values: NDArray[Any], depth: int) -> NDArray[np.float64]:
    """Resample a curve of 256 values, 0 to 255, to that depth, 0 to 1."""
    return np.interp(_steps(depth), np.linspace(0, 1, len(values)), values / 255)


def _by_steps(curve: NDArray[Any], depth: int) -> Convert:
    """Convert with one curve for all channels: it gives the new value, 0 to 1, of every value."""
    if not np.isfinite(curve).all():
        raise ValueError("a curve without end")
    dtype = np.uint8 if depth == 8 else np.uint16
    table = np.rint(np.clip(curve, 0, 1) * ((1 << depth) - 1)).astype(dtype)
    return lambda part: table[np.minimum(part, len(table) - 1)]


def _grey_curve(icc: bytes, depth: int) -> NDArray[Any]:
    tags = _tags(icc)
    if b"kTRC" in tags and b"A2B0" not in tags:
        return _encoded(_curve(tags[b"kTRC"], _steps(depth)))
    ramp = np.arange(256, dtype=np.uint8)[None, :, None]
    return _stretched(_by_lcms(icc, "L")(ramp)[0].mean(axis=-1), depth)


def _by_lcms(icc: bytes, mode: str) -> Convert:
    """Convert from 8 bits in one of Pillow's modes to RGB."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    intent = ImageCms.Intent.PERCEPTUAL
    transform = ImageCms.buildTransform(
        profile, ImageCms.createProfile("sRGB"), mode, "RGB", intent
    )

    def convert(part: NDArray[Any]) -> NDArray[Any]:
        image = Image.fromarray(part[..., 0] if mode == "L" else part, mode)
        return np.asarray(ImageCms.applyTransform(image, transform))

    return convert


def _by_grid(convert: Convert, depth: int) -> Convert:
    """Convert samples of more than 8 bits by interpolating in a grid of converted colours."""
    side = np.rint(np.linspace(0, 255, GRID_COLOURS)).astype(np.uint8)
    cube = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(
        GRID_COLOURS, GRID_COLOURS * GRID_COLOURS, 3
    )
    grid = convert(np.ascontiguousarray(cube)).reshape(
        GRID_COLOURS, GRID_COLOURS, GRID_COLOURS, 3
    ).astype(np.float32) / np.float32(255)
    peak = (1 << depth) - 1

    def between(part: NDArray[Any]) -> NDArray[Any]:
        at: NDArray[np.float32] = part.reshape(-1, 3).astype(np.float32)
        at *= np.float32((GRID_COLOURS - 1) / peak)
        made = np.clip(interpolated(grid, at), 0, 1) * peak
        return np.asarray(np.rint(made), part.dtype).reshape(part.shape)

    return between


def interpolated(grid: NDArray[np.float32], at: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, 3) colours between the eight nearest ones of a grid, (side, side, side, 3).

    at  (n, 3) places in the grid. Those outside get the colour of the nearest place inside.
    """
    side, colours = len(grid), grid.reshape(-1, 3)
    at = np.ascontiguousarray(np.clip(at, 0, side - 1).T)
    low = np.minimum(at.astype(np.int32), side - 2)
    high = at - low
    shares = (1 - high, high)
    first = (low[0] * side + low[1]) * side + low[2]
    found = np.zeros((len(first), 3), np.float32)
    for red, green, blue in itertools.product((0, 1), repeat=3):
        share = shares[red][0] * shares[green][1] * shares[blue][2]
        found += share[:, None] * colours.take(first + ((red * side + green) * side + blue), axis=0)
    return found


def _by_matrix(to_pcs: NDArray[np.float64], curves: list[NDArray[Any]], depth: int) -> Convert:
    """Convert with a tone curve for each channel and a matrix to the D50 profile connection
    space."""
    matrix = np.linalg.inv(_SRGB_TO_PCS) @ to_pcs
    if not (np.isfinite(matrix).all() and all(np.isfinite(c).all() for c in curves)):
        raise ValueError("a matrix or a curve without end")
    low, peak = [c.astype(np.float32) for c in curves], (1 << depth) - 1

    def convert(part: NDArray[Any]) -> NDArray[Any]:
        bounded = np.minimum(part, peak)
        linear = np.stack([curve[bounded[..., i]] for i, curve in enumerate(low)], axis=-1)
        return np.asarray(
            np.rint(_encoded(linear @ matrix.T.astype(np.float32)) * peak), part.dtype
        )

    return convert


def _primaries(chroma: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the matrix from RGB to the D50 profile connection space, from the x and y of white,
    red, green and blue."""
    white, *colours = (
        np.array([x / y, 1.0, (1 - x - y) / y])
        for x, y in zip(chroma[::2], chroma[1::2], strict=True)
    )
    columns = np.stack(colours, axis=1)
    to_xyz = columns * np.linalg.solve(columns, white)
    adapt = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white)) @ _BRADFORD
    return np.asarray(adapt @ to_xyz)


def _moving(convert: Convert, page: Page) -> Convert | None:
    """Return the conversion if it changes colours, otherwise None."""
    peak = (1 << page.depth) - 1
    steps = np.linspace(0, peak, 9).astype(np.uint8 if page.depth == 8 else np.uint16)
    if page.model == "gray":
        cube = steps.reshape(1, 9, 1)
    else:
        cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    moved = np.abs(convert(cube).astype(np.int32) - cube.astype(np.int32))
    return convert if moved.max() > CLOSE_STEPS * peak / 255 else None


def _tags(icc: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", icc, 128)
    rows = [struct.unpack_from(">4sII", icc, 132 + 12 * i) for i in range(min(count, 100))]
    return {name: icc[at : at + size] for name, at, size in rows}


def _xyz(tag: bytes) -> NDArray[np.float64]:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the tone curve's value at each x, 0 to 1."""
    if tag[:4] == b"para":
        return _parametric(tag, x)
    if tag[:4] != b"curv":
        raise ValueError("a curve of an unknown kind")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return x
    points = np.frombuffer(tag, ">u2", count, 12)
    if count == 1:
        return np.asarray(x ** (points[0] / 256))
    return np.interp(x, np.linspace(0, 1, count), points / 65535)


def _parametric(tag: bytes, x: NDArray[np.float64]) -> NDArray[np.float64]:
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[kind]
    p = np.array(struct.unpack_from(f">{count}i", tag, 12)) / 65536
    if kind == 0:
        return np.asarray(x ** p[0])
    g, a, b = p[:3]
    bend = p[4] if kind >= 3 else -b / a
    slope = p[3] if kind >= 3 else 0.0
    above = p[5] if kind == 4 else p[3] if kind == 2 else 0.0
    below = p[6] if kind == 4 else above
    return np.where(x >= bend, np.maximum(a * x + b, 0) ** g + above, slope * x + below)


def _encoded(linear: NDArray[Any]) -> NDArray[np.float32]:
    """Apply sRGB's curve."""
    x = np.clip(linear, 0, 1)
    return np.asarray(
        np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** np.float32(1 / 2.4) - 0.055), np.float32
    )
