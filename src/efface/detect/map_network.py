"""A network of efface's own that continues from the shared one, and says where objects are by two
maps.

It is anchor-free: one heat map of objects, one of distances to their sides.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import DetectorInfo, Found, Tensors, require_finite
from efface.detect.self_test import require_right, waves, waves_of_integers
from efface.detect.sessions import open_session
from efface.detect.trunk import STEP
from efface.detect.weights import load_weights, of_precision
from efface.options import DetectOptions

MAPS = ("heat", "sides")
"""Outputs: score, and distances in pixels from the cell's centre to the left, top, right and
bottom."""


class MapNetwork:
    """Opens the network of that name. Raises ModelUnusable, DeviceMissing."""

    def __init__(self, name: str, options: DetectOptions, threads: int | None = None) -> None:
        self._name = of_precision(name, options)
        model, self._sha256 = load_weights(self._name)
        self._session, self._runtime = open_session(self._name, model, options.device, threads)
        self.tensors: tuple[str, ...] = tuple(i.name for i in self._session.get_inputs())
        require_right(self._name, self._maps_of_waves(), options.device)

    def info(self, version: str) -> DetectorInfo:
        """Return what a plan records of the network."""
        return DetectorInfo(self._name, version, self._sha256, self._runtime)

    def boxes(self, tensors: Tensors, floor: float) -> Found:
        """Return the objects in one tile, with scores from `floor` on."""
        return boxes_from_maps(
            self._session.run(list(MAPS), {name: tensors[name] for name in self.tensors}), floor
        )

    def _maps_of_waves(self) -> Tensors:
        """Return the network's output for the input of its self-test."""
        made = {i.name: _waves(i.shape) for i in self._session.get_inputs()}
        return dict(zip(MAPS, self._session.run(list(MAPS), made), strict=True))


def _waves(shape: Sequence[str | int]) -> NDArray[np.float32] | NDArray[np.uint8]:
    """Return a made-up input of that shape, whose sides are named by their stride: (n, channels,
    hstride4, wstride4) for floats, and with the channels last for integers."""
    _, first, second, last = shape
    if isinstance(last, int):
        return waves_of_integers(last, int(str(first).removeprefix("hstride")))
    return waves(int(first), int(str(second).removeprefix("hstride")))


def boxes_from_maps(maps: Sequence[NDArray[np.float32]], floor: float) -> Found:
    """Return boxes in pixels of the input and their scores, for every peak of the heat map at or
    above `floor`."""
    heat, sides = (m[0] for m in maps)
    require_finite("the heat map", heat)
    require_finite("a box", sides)
    if sides.min(initial=0) < 0:
        raise ValueError("a side of a box lies beyond its centre")
    # A peak is at least as high as all eight neighbours. On a plateau every cell is a peak, and NMS
    # chooses.
    is_peak = (heat[0] >= floor) & (heat[0] >= cv2.dilate(heat[0], np.ones((3, 3), np.uint8)))
    rows, columns = np.divmod(np.flatnonzero(is_peak), heat.shape[2])
    left, top, right, bottom = sides[:, rows, columns]
    x, y = (columns + 0.5) * STEP, (rows + 0.5) * STEP
    xyxy = np.stack([x - left, y - top, x + right, y + bottom], axis=1)
    return xyxy.astype(np.float32), heat[0, rows, columns].astype(np.float32)
