"""Remove shading from patches of a picture, and shrink them."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

SHADING_DEGREE = 2
"""Degree, along each side, of the polynomial that counts as shading."""


def reduced(patch: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    if scale == 1:
        return patch
    height, width = (n // scale for n in patch.shape[:2])
    smaller = np.asarray(
        cv2.resize(patch, (width, height), interpolation=cv2.INTER_AREA), np.float32
    )
    return smaller.reshape(
        height, width, *patch.shape[2:]
    )  # OpenCV drops the axis of a single plane


def without_shading(patch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (h, w) or (h, w, n) patch without shading: minus the polynomial surface nearest to
    each plane."""
    height, width, *planes = patch.shape
    rows = patch.reshape(height, -1)
    down, across = _polynomials(height), _polynomials(width, *planes)
    return np.asarray(rows - down @ (down.T @ rows @ across) @ across.T, np.float32).reshape(
        patch.shape
    )


@lru_cache(maxsize=16)
def projection(count: int) -> NDArray[np.float32]:
    """Return the (count, count) matrix that turns a column into the polynomial nearest to it."""
    columns = _polynomials(count)
    return columns @ columns.T


@lru_cache(maxsize=512)
def _polynomials(count: int, planes: int = 1) -> NDArray[np.float32]:
    """Return orthonormal float32 columns: the polynomials up to SHADING_DEGREE at `count` places,
    for each of the interleaved planes.

    (count * planes, (SHADING_DEGREE + 1) * planes)
    """
    powers = np.vander(np.linspace(-1, 1, count), SHADING_DEGREE + 1, increasing=True)
    return np.asarray(np.kron(np.linalg.qr(powers)[0], np.eye(planes)), np.float32)
