"""The available detectors and kinds of objects.

Each is a line here and a module that is imported on use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from efface.detect.detector import Detector, Head
from efface.detect.fail_closed import Guarded
from efface.options import DetectOptions
from efface.processors import cores

LANES = 2
"""Number of frames of a video that are examined at the same time, given as many cores. A second
thread for the same frame makes a look 1.0 (320x180) to 1.65 times (1280x720) as fast, for 1.6 to
1.1 times the CPU seconds. The second lane takes 0.1 GB more for 720p and 0.25 for 1080p."""


def _face_head(options: DetectOptions, threads: int | None) -> Head:
    from efface.detect.faces import FaceHead

    return FaceHead(options)  # it uses only the shared network


def _plate_head(options: DetectOptions, threads: int | None) -> Head:
    from efface.detect.plates import PlateHead

    return PlateHead(options, threads)


def _person_head(options: DetectOptions, threads: int | None) -> Head:
    from efface.detect.persons import PersonHead

    return PersonHead(options, threads)


HEADS: dict[str, Callable[[DetectOptions, int | None], Head]] = {
    "face": _face_head,
    "plate": _plate_head,
    "person": _person_head,
}
"""Factories of heads, by the kind of object."""


def _pyramid(options: DetectOptions, *, threads: int | None = None) -> Detector:
    heads = [HEADS[kind] for kind in options.wanted if kind in HEADS]
    found: list[Detector] = []
    if heads:
        from efface.detect.pyramid import Pyramid
        from efface.detect.trunk import Trunk

        found.append(Pyramid(Trunk(options, threads), [head(options, threads) for head in heads]))
    if "text" in options.wanted:
        from efface.detect.text_lines import TextFinder

        found.append(TextFinder(options, threads))
    if "code" in options.wanted:
        from efface.detect.codes import CodeFinder

        found.append(CodeFinder(options))
    if len(found) == 1:
        return found[0]
    from efface.detect.several import Several

    return Several(found)


DETECTORS: dict[str, Callable[..., Detector]] = {"pyramid": _pyramid}
"""Factories of detectors, by name. There is one so far, for all kinds: heads of a shared network,
and beside it networks of their own and libraries. `threads` share one run of a network; default:
all cores."""


def for_search(options: DetectOptions) -> DetectOptions:
    """Return the options with the precision of a search, unless the user chose one. Checks look
    with floats, as these may see what rounding hid."""
    is_left_open = options.precision == "auto" and options.is_on_processor
    return replace(options, precision="int8") if is_left_open else options


@contextmanager
def open_detector(options: DetectOptions) -> Iterator[Guarded]:
    """Open the guarded detector. Raises ModelUnusable, DeviceMissing."""
    with Guarded(DETECTORS["pyramid"](options), options.timeout_s) as detector:
        yield detector


@contextmanager
def open_lanes(options: DetectOptions) -> Iterator[tuple[Guarded, ...]]:
    """Open several detectors for a video, as `open_detector` does; each examines one frame at a
    time. They share networks and cores."""
    options = for_search(options)
    lanes = min(LANES, cores()) if options.is_on_processor else 1
    inside = DETECTORS["pyramid"](options, threads=-(-cores() // lanes))
    with ExitStack() as closing:
        yield tuple(closing.enter_context(Guarded(inside, options.timeout_s)) for _ in range(lanes))


def quick_kinds(options: DetectOptions) -> DetectOptions:
    """Return the options for the kinds that can be looked for in every frame of a stream."""
    return replace(options, kinds=",".join(k for k in options.wanted if k in HEADS))


@contextmanager
def open_slow(options: DetectOptions) -> Iterator[dict[str, Guarded]]:
    """Open a detector for each wanted kind that is too slow for every frame of a stream.

    Raises ModelUnusable, DeviceMissing.
    """
    threads = -(-cores() // LANES)
    with ExitStack() as closing:
        yield {
            kind: closing.enter_context(
                Guarded(
                    DETECTORS["pyramid"](replace(options, kinds=kind), threads=threads),
                    options.timeout_s,
                )
            )
            for kind in options.wanted
            if kind not in HEADS
        }
