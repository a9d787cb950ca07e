"""How much of the text and the codes in drawn pictures is covered, by how they were degraded.

    python -m benchmarks.text_and_codes FOLDER [--each 12] [--looks film,photo] [--kinds text,code]

FOLDER holds pictures, in which text and codes are drawn: photographs without any of their own. A
row is a kind of object and a way to degrade it. An object is covered if 90 % of it lies in what is
erased, with the margin of plates. The last rows count what is found in the pictures as they are.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from efface.bench.drawn import PAPER, SIGNS, WAYS, Grey, degraded, line, placed
from efface.detect.detector import Detector
from efface.detect.look import THOROUGH, Look
from efface.detect.registry import DETECTORS
from efface.detections import KINDS
from efface.frames import Frame
from efface.geometry import Size, grown, whole_pixels
from efface.options import CoverOptions, DetectOptions

LOOKS = {"film": Look(), "photo": THOROUGH}
FORMATS = {
    "QR": zxingcpp.BarcodeFormat.QRCode,
    "Data Matrix": zxingcpp.BarcodeFormat.DataMatrix,
    "Aztec": zxingcpp.BarcodeFormat.Aztec,
    "PDF417": zxingcpp.BarcodeFormat.PDF417,
}


def code(kind: str) -> Callable[[random.Random], Grey]:
    """Return what draws a code of squares, light around it."""

    def draw(rng: random.Random) -> Grey:
        said = "".join(rng.choices(SIGNS, k=rng.randint(10, 40)))
        made = zxingcpp.create_barcode(said, FORMATS[kind])
        image = zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False)
        return np.pad(np.array(image, np.uint8), PAPER, constant_values=255)

    return draw


def bars(rng: random.Random) -> Grey:
    """Draw a Code 128."""
    said = "".join(rng.choices(SIGNS, k=rng.randint(6, 14)))
    made = zxingcpp.create_barcode(said, zxingcpp.BarcodeFormat.Code128)
    image = np.array(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False))
    row = image[len(image) // 3].astype(np.uint8)
    tall = np.repeat(row[None], int(len(row) * rng.uniform(0.3, 0.7)), axis=0)
    return np.pad(tall, PAPER, constant_values=255)


OBJECTS: dict[str, dict[str, Callable[[random.Random], Grey]]] = {
    "text": {"line": line},
    "code": {kind: code(kind) for kind in FORMATS} | {"bars": bars},
}


def frame_of(picture: NDArray[np.uint8]) -> Frame:
    """Return a picture in OpenCV's order of colours as a frame."""
    rgb = np.ascontiguousarray(picture[..., ::-1])
    own = (rgb.shape[1], rgb.shape[0])

    def look(size_wh: Size) -> NDArray[np.uint8]:
        if size_wh == own:
            return rgb
        how = cv2.INTER_AREA if size_wh[0] < own[0] else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(rgb, size_wh, interpolation=how), np.uint8)

    return Frame(0, 0, own, look, lambda: None)  # type: ignore[arg-type,return-value]


def erased(detector: Detector, picture: NDArray[np.uint8], look: Look) -> list[list[int]]:
    """Return the boxes that would be erased."""
    seen = detector.detect(frame_of(picture), look)
    boxes = seen.xyxy[seen.are_sure(detector.sure)]
    wide = grown(boxes, CoverOptions().plate_margin)
    whole: list[list[int]] = whole_pixels(wide, (picture.shape[1], picture.shape[0])).tolist()
    return whole


def is_covered(there: Grey, boxes: list[list[int]]) -> bool:
    """Return whether 90 % of an object lies in the boxes."""
    left = there.copy()
    for x1, y1, x2, y2 in boxes:
        left[y1:y2, x1:x2] = 0
    return float(left.sum()) <= 0.1 * float(there.sum())


def rows(
    kind: str, pictures: list[Path], each: int, looks: list[str]
) -> Iterator[tuple[str, str, dict[str, int], int]]:
    """Yield object, way, how many were covered by each look, and how many there were."""
    detector = DETECTORS["pyramid"](DetectOptions(kinds=kind), threads=1)
    for name, draw in OBJECTS[kind].items():
        for way_name, way in WAYS.items():
            rng = random.Random(f"{name} {way_name}")
            hits, count = dict.fromkeys(looks, 0), 0
            for path in rng.sample(pictures, min(each, len(pictures))):
                picture = np.asarray(cv2.imread(str(path)), np.uint8)
                there = placed(picture, draw(rng), way, rng)
                if there is None:
                    continue
                shown, count = degraded(picture, way, rng), count + 1
                for look in looks:
                    hits[look] += is_covered(there, erased(detector, shown, LOOKS[look]))
            yield name, way_name, hits, count
    found = dict.fromkeys(looks, 0)
    some = random.Random(kind).sample(pictures, min(10 * each, len(pictures)))
    for path in some:
        picture = np.asarray(cv2.imread(str(path)), np.uint8)
        for look in looks:
            found[look] += len(erased(detector, picture, LOOKS[look]))
    yield "found in pictures as they are", "", found, len(some)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=12)
    parser.add_argument("--looks", default="film,photo")
    parser.add_argument("--kinds", default="text,code")
    asked = parser.parse_args()
    looks = [look for look in LOOKS if look in asked.looks.split(",")]
    pictures = sorted(p for p in asked.folder.rglob("*") if p.suffix in (".jpg", ".jpeg", ".png"))
    print("| object | way |", " | ".join(looks), "| of |")
    print("|---|---|", "---|" * (len(looks) + 1))
    for kind in (k for k in KINDS if k in asked.kinds.split(",")):
        for name, way, hits, count in rows(kind, pictures, asked.each, looks):
            numbers = " | ".join(str(hits[look]) for look in looks)
            print(f"| {name} | {way} | {numbers} | {count} |", flush=True)


if __name__ == "__main__":
    main()
