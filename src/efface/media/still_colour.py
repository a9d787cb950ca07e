"""Colour profiles: what an ICC profile says is applied to the samples, and the profile stays behind.

A profile may name the monitor, the scanner or the person that it was made for, so none is copied. Targets are sRGB,
which is what everyone assumes where nothing is said. RGB of 8 bits goes through Little CMS, RGB of more bits through the
profile's own matrix and curves; a profile that cannot be read, or has neither, counts as sRGB. Grey and CMYK samples
are kept as they are.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from efface.media.still_pixels import Array, strips

CLOSE = 3
"""Steps of 255. Profiles that move no colour by more are sRGB under another name, and samples stay untouched."""

_SRGB_TO_PCS = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
"""sRGB's primaries, adapted to D50 as profiles are."""


def to_srgb(samples: Array, depth: int, icc: bytes | None) -> None:
    """Converts the first three channels of an (h, w, 3 or 4) array to sRGB, in place."""
    if not icc:
        return
    convert = _by_lcms(icc) if depth == 8 else _by_matrix(icc, depth)
    if convert is None:
        return
    height, width = samples.shape[:2]
    for rows in strips(height, width):
        samples[rows, :, :3] = convert(np.ascontiguousarray(samples[rows, :, :3]))


def _by_lcms(icc: bytes) -> Callable[[NDArray[Any]], NDArray[Any]] | None:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if profile.profile.xcolor_space.strip() != "RGB":
            return None
        transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None

    def convert(part: NDArray[Any]) -> NDArray[Any]:
        turned = ImageCms.applyTransform(Image.fromarray(part), transform)
        return np.asarray(turned)

    return convert if _moves_colours(convert, 8) else None


def _by_matrix(icc: bytes, depth: int) -> Callable[[NDArray[Any]], NDArray[Any]] | None:
    try:
        tags = _tags(icc)
        matrix = np.linalg.inv(_SRGB_TO_PCS) @ np.stack([_xyz(tags[c + b"XYZ"]) for c in (b"r", b"g", b"b")], axis=1)
        peak = (1 << depth) - 1
        steps = np.linspace(0, 1, peak + 1)
        curves = [_curve(tags[c + b"TRC"], steps).astype(np.float32) for c in (b"r", b"g", b"b")]
    except (KeyError, ValueError, IndexError, struct.error, ArithmeticError):
        return None
    if not (np.isfinite(matrix).all() and all(np.isfinite(c).all() for c in curves)):
        return None

    def convert(part: NDArray[Any]) -> NDArray[Any]:
        linear = np.stack([curve[part[..., i]] for i, curve in enumerate(curves)], axis=-1)
        return np.asarray(np.rint(_encoded(linear @ matrix.T.astype(np.float32)) * peak), part.dtype)

    return convert if _moves_colours(convert, depth) else None


def _moves_colours(convert: Callable[[NDArray[Any]], NDArray[Any]], depth: int) -> bool:
    peak = (1 << depth) - 1
    steps = np.linspace(0, peak, 9).astype(np.uint8 if depth == 8 else np.uint16)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    moved = np.abs(convert(cube).astype(np.int32) - cube.astype(np.int32))
    return bool(moved.max() > CLOSE * peak / 255)


def _tags(icc: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", icc, 128)
    rows = [struct.unpack_from(">4sII", icc, 132 + 12 * i) for i in range(min(count, 100))]
    return {name: icc[at : at + size] for name, at, size in rows}


def _xyz(tag: bytes) -> NDArray[np.float64]:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The tone curve's value at each x, 0 to 1."""
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


def _encoded(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """sRGB's curve."""
    x = np.clip(linear, 0, 1)
    return np.asarray(np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** np.float32(1 / 2.4) - 0.055), np.float32)
