"""Walk files part by part to the last byte, without the libraries that read and write them
elsewhere in efface.

Two callers use this. The check of a target reports every part that the allow-list does not name,
and `efface inspect` describes what a source file contains. A walker yields each part once, in file
order. It yields malformed structure as a `BROKEN` part too, so nothing is skipped silently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from efface.containers import boxes, ebml, gif, jpeg, mpegts, png, riff, tiff
from efface.containers.parts import BROKEN, MOST_PARTS, MOST_SAMPLES, Part, Reader

WALKS: dict[str, Callable[[Reader], Iterator[Part]]] = {
    "jpeg": jpeg.walk,
    "png": png.walk,
    "gif": gif.walk,
    "webp": riff.walk,
    "avi": riff.walk,
    "tiff": tiff.walk,
    "heif": boxes.walk,
    "avif": boxes.walk,
    "mp4": boxes.walk,
    "matroska": ebml.walk,
    "mpegts": mpegts.walk,
}
"""Walkers by the format names of `containers.sniff`."""


def walk(reader: Reader, name: str) -> Iterator[Part]:
    """Yield the parts of a file of that format. Raises KeyError for a format without a walker."""
    parts = samples = 0
    for found in WALKS[name](reader):
        if is_sample(found):
            samples += 1
        else:
            parts += 1
        if parts > MOST_PARTS or samples > MOST_SAMPLES:
            yield Part((BROKEN,), found.at, 0, "it has too many parts")
            return
        if found not in reader.skipped:
            yield found


def is_sample(found: Part) -> bool:
    """Return whether the part is one sample of a stream or describes one. A file may have hundreds
    of thousands."""
    return found.path[:2] in (
        ("Segment", "Cluster"),
        ("AVI", "movi"),
        ("AVIX", "movi"),
        ("Segment", "Cues"),
    )
