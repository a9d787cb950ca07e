"""Whether what surrounds a plate is a vehicle, by a small network of efface's own.

The network for plates sees lettering in a light rectangle: on shoes, shirts, masks and shop signs,
too. A plate is on a vehicle. So a doubtful plate is shown once more, small, in a piece of the
picture that is seven times as wide. This network continues from the middle of the shared one, as
the network for plates does. It says how likely the place in the middle of the piece is a plate on a
vehicle. It reads nothing. See docs/decisions/064-plates-are-on-vehicles.md.
"""

from __future__ import annotations

import numpy as np

from efface.detect.detector import DetectorInfo, Tensors, require_finite
from efface.detect.self_test import require_right, waves
from efface.detect.sessions import open_session
from efface.detect.weights import load_weights
from efface.options import DetectOptions

NAME = "plate-context"
VERSION = "1"

SIDE = 192
"""Side of the piece in pixels. The network takes no other."""

PLATE_PX = 27
"""Longer side of the plate in the piece."""

STEP = 8
"""Pixels of the piece for one cell of the tensor that is read."""


LEAST = 0.2
"""Below this chance, a box does not count as a plate. Of 252 labelled plates that a look finds, 2
stay below it. Of the false plates in pictures of people, four in five do."""


class PlateContext:
    """See `detect.detector.Judge`. Opening it raises ModelUnusable, DeviceMissing."""

    tensors: tuple[str, ...] = ("413",)
    least: float = LEAST

    def __init__(self, options: DetectOptions, threads: int | None = None) -> None:
        model, sha256 = load_weights(NAME)
        self._session, runtime = open_session(NAME, model, options.device, threads)
        self.info = DetectorInfo(NAME, VERSION, sha256, runtime)
        cells = SIDE // STEP
        made = np.ascontiguousarray(waves(32, 6)[:, :, :cells, :cells])
        logit, hidden = self._session.run(["logit", "hidden"], {"413": made})
        require_right(NAME, {"hidden": hidden, "logit": logit}, options.device)

    def chance(self, tensors: Tensors) -> float:
        """Return the chance, 0 to 1, that the piece shows a plate on a vehicle in its middle."""
        logit = self._session.run(["logit"], {"413": tensors["413"]})[0]
        require_finite("a chance", logit)
        return float(1 / (1 + np.exp(-np.float64(logit[0]))))
