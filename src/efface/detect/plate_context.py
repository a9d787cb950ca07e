"""Whether what surrounds a plate is a vehicle, by a small network of efface's own.

The network for plates sees lettering in a light rectangle: on shoes, shirts, masks and shop signs,
too. A plate is on a vehicle. So a doubtful plate is shown once more, small, in a piece of the
picture that is seven times as wide. This network holds the early layers of the shared one, and
continues from its middle, as the network for plates does. It says how likely the place in the
middle of the piece is a plate on a vehicle. It reads nothing. See
docs/decisions/064-plates-are-on-vehicles.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import DetectorInfo, require_finite
from efface.detect.self_test import picture, require_right
from efface.detect.sessions import open_session
from efface.detect.trunk import INPUTS, as_input
from efface.detect.weights import load_weights, of_precision
from efface.options import DetectOptions

NAME = "plate-context"
VERSION = "1"

SIDE = 192
"""Side of the piece in pixels. The network takes no other."""

PLATE_PX = 27
"""Longer side of the plate in the piece."""

LEAST = 0.2
"""Below this chance, a box does not count as a plate. Of 252 labelled plates that a look finds, 2
stay below it. Of the false plates in pictures of people, four in five do."""


class PlateContext:
    """See `detect.detector.Judge`. Opening it raises ModelUnusable, DeviceMissing."""

    least: float = LEAST

    def __init__(self, options: DetectOptions, threads: int | None = None) -> None:
        name = of_precision(NAME, options)
        model, sha256 = load_weights(name)
        self._session, runtime = open_session(name, model, options.device, threads)
        self._input: str = self._session.get_inputs()[0].name
        self.info = DetectorInfo(name, VERSION, sha256, runtime)
        known = np.zeros((SIDE, SIDE, 3), np.uint8)
        shown = picture()
        known[: shown.shape[0], : shown.shape[1]] = shown
        logit, hidden = self._run(known, "logit", "hidden")
        require_right(name, {"hidden": hidden, "logit": logit}, options.device)

    def chance(self, rgb: NDArray[np.uint8]) -> float:
        """Return the chance, 0 to 1, that the piece shows a plate on a vehicle in its middle."""
        (logit,) = self._run(rgb, "logit")
        require_finite("a chance", logit)
        return float(1 / (1 + np.exp(-np.float64(logit[0]))))

    def _run(self, rgb: NDArray[np.uint8], *names: str) -> list[NDArray[np.float32]]:
        shown = as_input(rgb, INPUTS.memory(rgb))
        return list(self._session.run(list(names), {self._input: shown}))
