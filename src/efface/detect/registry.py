"""Which detectors there are. A detector is a line here and a module that is imported on use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from efface.detect.base import Detector
from efface.detect.guard import Guarded
from efface.options import DetectOptions


def _open_faces(options: DetectOptions) -> Detector:
    from efface.detect.faces import FaceDetector

    return FaceDetector(options)


DETECTORS: dict[str, Callable[[DetectOptions], Detector]] = {"face": _open_faces}
"""By the kind of object that it finds."""


@contextmanager
def open_detector(options: DetectOptions) -> Iterator[Guarded]:
    """The detector, guarded. Raises ModelUnusable, DeviceMissing."""
    with Guarded(DETECTORS["face"](options), options.timeout_s) as detector:
        yield detector
