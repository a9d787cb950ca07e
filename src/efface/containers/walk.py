"""Files part by part, up to the last byte, without any of the libraries that read and write them elsewhere in efface.

Two ask: the check of what efface wrote, which names every part that nothing allows, and `efface inspect`, which tells what a
stranger's file holds. A walker gives each part once, in the order of the file, and turns what makes no sense into a part as
well
(`BROKEN`), so that nothing is passed over in silence.
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
"""By the names that `containers.sniff` gives to formats."""


def walk(reader: Reader, name: str) -> Iterator[Part]:
    """Parts of a file of that format. A format without a walker raises KeyError."""
    parts = samples = 0
    for found in WALKS[name](reader):
        if is_sample(found):
            samples += 1
        else:
            parts += 1
        if parts > MOST_PARTS or samples > MOST_SAMPLES:
            yield Part((BROKEN,), found.at, 0, "it has too many parts")
            return
        yield found


def is_sample(found: Part) -> bool:
    """Whether the part is, or is about, one sample of a stream: such parts come by the hundred thousand."""
    return found.path[:2] in (("Segment", "Cluster"), ("AVI", "movi"), ("AVIX", "movi"), ("Segment", "Cues"))
