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
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from efface.detect.detector import Detector
from efface.detect.look import THOROUGH, Look
from efface.detect.registry import DETECTORS
from efface.detections import KINDS
from efface.frames import Frame
from efface.geometry import Size, grown, whole_pixels
from efface.options import CoverOptions, DetectOptions

Grey = NDArray[np.uint8]
LOOKS = {"film": Look(), "photo": THOROUGH}
FORMATS = {
    "QR": zxingcpp.BarcodeFormat.QRCode,
    "Data Matrix": zxingcpp.BarcodeFormat.DataMatrix,
    "Aztec": zxingcpp.BarcodeFormat.Aztec,
    "PDF417": zxingcpp.BarcodeFormat.PDF417,
}
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
PAPER = 8
"""Light pixels of a drawing around what counts as the object."""


@dataclass(frozen=True)
class Way:
    """How an object is drawn.

    side     pixels of its longer side.
    degrees  by which it is turned.
    tilt     degrees by which its right side is farther away than its left.
    blur     deviation of a Gaussian, in pixels; noise: in grey levels.
    """

    side: int = 120
    degrees: float = 0.0
    tilt: float = 0.0
    blur: float = 0.0
    noise: float = 3.0


WAYS = {
    "120 px": Way(),
    "60 px": Way(side=60),
    "400 px": Way(side=400),
    "turned by 30": Way(degrees=30),
    "turned by 73": Way(degrees=73),
    "tilted by 45": Way(side=140, tilt=45),
    "blurred, 1.5": Way(blur=1.5),
    "blurred, 3": Way(side=160, blur=3),
    "noise of 20": Way(noise=20),
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


def line(rng: random.Random) -> Grey:
    """Draw a line of text."""
    said = "".join(rng.choices(SIGNS, k=rng.randint(5, 12)))
    face, size = cv2.FONT_HERSHEY_SIMPLEX, 2.0
    (width, height), _ = cv2.getTextSize(said, face, size, 4)
    made = np.full((height + 2 * PAPER + 4, width + 2 * PAPER), 255, np.uint8)
    cv2.putText(made, said, (PAPER, height + PAPER + 2), face, size, 0, 4, cv2.LINE_AA)
    return made


OBJECTS: dict[str, dict[str, Callable[[random.Random], Grey]]] = {
    "text": {"line": line},
    "code": {kind: code(kind) for kind in FORMATS} | {"bars": bars},
}


def placed(picture: NDArray[np.uint8], made: Grey, way: Way, rng: random.Random) -> Grey | None:
    """Draw an object into the picture, and return its mask without the paper; None if it has no
    room."""
    height, width = made.shape
    scale = way.side / max(width, height)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    flat = (corners - (width / 2, height / 2)) * scale
    turn = np.radians(way.degrees)
    across = flat @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    away = across[:, 0] * np.sin(np.radians(way.tilt)) / (2.2 * way.side)
    seen = np.stack([across[:, 0] * np.cos(np.radians(way.tilt)), across[:, 1]], 1)
    seen = seen / (1 + away[:, None])
    room = np.array(picture.shape[1::-1]) - (seen.max(0) - seen.min(0)) - 4
    if (room < 0).any():
        return None
    seen += 2 - seen.min(0) + np.array([rng.uniform(0, float(r)) for r in room])
    large = cv2.resize(made, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    soft = max(0.3, 8 / (3 * scale) * 0.45)
    large = cv2.GaussianBlur(large, (0, 0), soft)
    way_in = cv2.getPerspectiveTransform(corners * 8, (seen * 3).astype(np.float32))
    size = (picture.shape[1] * 3, picture.shape[0] * 3)
    small = picture.shape[1::-1]
    drawn = cv2.resize(cv2.warpPerspective(large, way_in, size), small, interpolation=3)
    there = cv2.warpPerspective(np.full_like(large, 255), way_in, size)
    share = cv2.resize(there, small, interpolation=cv2.INTER_AREA)[..., None] / 255
    ink = 30 + drawn[..., None].astype(np.float32) * (200 / 255)
    picture[...] = (picture * (1 - share) + ink * share).astype(np.uint8)
    object_ = np.zeros_like(large)
    object_[8 * PAPER : -8 * PAPER, 8 * PAPER : -8 * PAPER] = 255
    inside = cv2.resize(cv2.warpPerspective(object_, way_in, size), small, interpolation=3)
    return np.asarray(inside > 127, np.uint8)


def degraded(picture: NDArray[np.uint8], way: Way, rng: random.Random) -> NDArray[np.uint8]:
    """Blur the picture, add noise, and pass it through JPEG."""
    if way.blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), way.blur), np.uint8)
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0, way.noise, picture.shape)
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


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
