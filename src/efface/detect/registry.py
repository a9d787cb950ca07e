"""Which detectors there are, and which kinds of objects. Each is a line here and a module that is imported on use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from efface.detect.base import Detector, Head
from efface.detect.guard import Guarded
from efface.options import DetectOptions


def _face_head(options: DetectOptions) -> Head:
    from efface.detect.faces import FaceHead

    return FaceHead(options)


def _plate_head(options: DetectOptions) -> Head:
    from efface.detect.plates import PlateHead

    return PlateHead(options)


HEADS: dict[str, Callable[[DetectOptions], Head]] = {"face": _face_head, "plate": _plate_head}
"""By the kind of object that it finds."""


def _pyramid(options: DetectOptions) -> Detector:
    from efface.detect.pyramid import Pyramid
    from efface.detect.trunk import Trunk

    return Pyramid(Trunk(options.device), [HEADS[kind](options) for kind in options.wanted])


DETECTORS: dict[str, Callable[[DetectOptions], Detector]] = {"pyramid": _pyramid}
"""By name. There is one so far, for all kinds."""


@contextmanager
def open_detector(options: DetectOptions) -> Iterator[Guarded]:
    """The detector, guarded. Raises ModelUnusable, DeviceMissing."""
    with Guarded(DETECTORS["pyramid"](options), options.timeout_s) as detector:
        yield detector
