"""Decode samples of more than 8 bits, which Pillow does not give for colour pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from efface.media.still.still_pixels import Array


class Undecided(Exception):
    """No decoder gives samples of more than 8 bits."""


def samples_by_opencv(data: bytes) -> Array:
    with _silent_opencv():
        deep = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if deep is None or deep.dtype != np.uint16:
        raise Undecided
    deep = deep[..., None] if deep.ndim == 2 else deep
    return np.asarray(
        deep[..., [2, 1, 0, *range(3, deep.shape[2])]] if deep.shape[2] >= 3 else deep, np.uint16
    )


@contextmanager
def _silent_opencv() -> Iterator[None]:
    """Silence OpenCV.

    It reports harmless oddities of files on stderr, where a progress bar may be.
    """
    log = cv2.utils.logging
    before = log.setLogLevel(log.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        log.setLogLevel(before)
