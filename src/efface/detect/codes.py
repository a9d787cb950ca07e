"""QR codes, bar codes and their like. They are located, and nothing that they say is kept.

Two libraries, since each misses what the other finds. zxing-cpp finds codes of squares (QR, Data
Matrix, Aztec, PDF417, MaxiCode); it reads a code to make sure of it, and only the place is taken
from its answer, which is dropped at once. OpenCV locates bar codes without reading them, and takes
fences and striped shirts for some. So each of its finds is held against what bars are: many,
side by side, and each the same from its upper to its lower end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from efface.detect.detector import DetectorInfo
from efface.detect.joining import joined
from efface.detect.look import Area, Look
from efface.detect.tiling import TILE, UPSCALE_UP_TO, squared, tiles
from efface.detections import CODE, Detections
from efface.frames import Frame
from efface.geometry import Size
from efface.options import DetectOptions

NAME = "codes"
LIBRARY = "zxing-cpp"

SURE = {"low": 0.85, "normal": 0.7, "high": 0.55}
"""Score from which a code is covered, by sensitivity."""

FLOOR = 0.6
"""Share of that score down to which a sighting may continue a track."""

READ, DAMAGED, DOUBTFUL = 0.95, 0.8, 0.5
"""Scores: of a code that holds what it should; of one whose corners are there, and whose checksum
is wrong; and of a Data Matrix of that kind, since windows and ornaments have two edges, too: 12 in
200 pictures of people and streets, and no other kind of code had any."""

LEAST_SIDE_IN_FILMS = 1280
"""Longer side to which frames of films are reduced at most, whatever the look asks for: a code that
is half as large is seldom found, and the search is quick."""

TURNS = (30.0, 60.0)
"""Degrees by which a photo is also turned: PDF417 is only found when it is nearly upright."""

FILTERS = ((TILE, (0.004, 0.01, 0.02, 0.04, 0.08)), (512, (0.01, 0.03, 0.06, 0.08)))
"""Lower side to which OpenCV reduces a picture, and sizes of its filters as shares of it. The
second are its own, for large codes: of 216 bar codes they found 144, and the first ones 179."""

MOST_BARS = 20
"""Number of changes between light and dark from which stripes count as bars fully: the shortest
code has 22 bars."""

LEAST_CONTRAST = 12.0
"""Grey levels of deviation from which they count fully: 49 in 50 bar codes have 20 and more."""

CHANGES_FROM = 0.4
"""Share of that deviation that a stripe must differ from the mean."""

LIKE_THE_MIDDLE = 0.5
"""Correlation with the middle of a bar code down to which a row still belongs to it."""

STILL_STRIPED = 0.2
"""Share of the variance in its middle down to which columns still belong to it."""

SAME = 0.3

Corners = NDArray[np.float32]
"""(4, 2), the corners of a code."""


class CodeFinder:
    """See `detect.detector.Detector`."""

    def __init__(self, options: DetectOptions) -> None:
        version, sha256 = _library()
        runtime = f"{LIBRARY} {version}, opencv {cv2.__version__} cpu"
        self.infos: tuple[DetectorInfo, ...] = (DetectorInfo(NAME, version, sha256, runtime),)
        self.sure: Mapping[int, float] = {CODE: SURE[options.sensitivity]}

    def detect(self, frame: Frame, look: Look) -> Detections:
        """Return the codes in the frame, the best first."""
        area = Area.of(frame, look)
        floor = FLOOR * self.sure[CODE]
        boxes = [np.empty((0, 4), np.float32)]
        scores: list[float] = []
        for size_wh, degrees in _views(area, look):
            shrink = np.tile(np.array(area.size_wh) / np.array(size_wh), 2)
            grey = np.asarray(cv2.cvtColor(area.rgb(size_wh), cv2.COLOR_RGB2GRAY), np.uint8)
            for corners, sure in _codes(grey, degrees):
                if sure >= floor:
                    boxes.append((_box(corners)[None] * shrink).astype(np.float32))
                    scores.append(sure)
        xyxy, score = joined(np.concatenate(boxes), np.array(scores, np.float32), SAME, SAME)
        xyxy = area.in_frame(xyxy)
        return Detections(xyxy, score, np.full(len(score), CODE, np.uint8))


@cache
def _library() -> tuple[str, str]:
    """Return the library's version and the SHA-256 of its program: it has no weights."""
    folder = Path(zxingcpp.__file__).parent
    program = next(p for p in sorted(folder.iterdir()) if p.suffix in (".so", ".pyd"))
    return metadata.version(LIBRARY), hashlib.sha256(program.read_bytes()).hexdigest()


def _views(area: Area, look: Look) -> Iterator[tuple[Size, float]]:
    """Yield the sizes at which an area is examined, and by how much it is turned: frames of films
    once, photos also doubled and turned."""
    whole = squared(area.size_wh, area.aspect)
    longest, pixels = max(whole), whole[0] * whole[1]
    if not look.is_thorough:
        share = min(1.0, max(look.detail, LEAST_SIDE_IN_FILMS / longest))
        yield _scaled(whole, share), 0.0
        return
    yield whole, 0.0
    if pixels <= UPSCALE_UP_TO:
        yield _scaled(whole, 2.0), 0.0
    for degrees in TURNS:
        yield _scaled(whole, min(1.0, (UPSCALE_UP_TO / pixels) ** 0.5)), degrees


def _scaled(size_wh: Size, times: float) -> Size:
    return max(1, round(size_wh[0] * times)), max(1, round(size_wh[1] * times))


def _codes(grey: NDArray[np.uint8], degrees: float) -> Iterator[tuple[Corners, float]]:
    """Yield the corners and the score of each code in a picture. Bar codes are found at any
    angle, so a turned view is searched for the others only."""
    if degrees:
        turned, back = _turned(grey, degrees)
        for corners, score in _squares(turned):
            yield np.asarray(cv2.transform(corners[None], back)[0], np.float32), score
        return
    yield from _squares(grey)
    yield from _bars(grey)
    height, width = grey.shape
    if max(height, width) > TILE:
        for x1, y1, x2, y2 in tiles((width, height)):
            corner = np.array([x1, y1], np.float32)
            for corners, score in _bars(np.ascontiguousarray(grey[y1:y2, x1:x2])):
                yield corners + corner, score


def _turned(
    grey: NDArray[np.uint8], degrees: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the picture turned, with room for its corners, and the way back."""
    height, width = grey.shape
    forth = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    across, up = abs(float(forth[0, 0])), abs(float(forth[0, 1]))
    room = round(height * up + width * across), round(height * across + width * up)
    forth[0, 2] += (room[0] - width) / 2
    forth[1, 2] += (room[1] - height) / 2
    turned = cv2.warpAffine(grey, forth, room, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8), np.asarray(cv2.invertAffineTransform(forth), np.float64)


def _squares(grey: NDArray[np.uint8]) -> Iterator[tuple[Corners, float]]:
    """Yield codes made of squares. What they say is read in the library, and goes with its answer:
    only the kind, the place and whether it held together are looked at."""
    kinds = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.AllMatrix)
    for found in zxingcpp.read_barcodes(grey, formats=kinds, return_errors=True):
        at = found.position
        corners = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
        if found.valid:
            score = READ
        else:
            is_matrix = found.format == zxingcpp.BarcodeFormat.DataMatrix
            score = DOUBTFUL if is_matrix else DAMAGED
        yield np.array([(p.x, p.y) for p in corners], np.float32), score


def _bars(grey: NDArray[np.uint8]) -> Iterator[tuple[Corners, float]]:
    """Yield bar codes."""
    for most, scales in FILTERS:
        finder = cv2.barcode.BarcodeDetector()
        finder.setDownsamplingThreshold(most)
        finder.setDetectorScales(scales)
        _, found = finder.detectMulti(grey)
        for corners in () if found is None else np.asarray(found, np.float32).reshape(-1, 4, 2):
            if np.isfinite(corners).all():
                yield bar_code(grey, corners)


def bar_code(grey: NDArray[np.uint8], corners: Corners) -> tuple[Corners, float]:
    """Return the corners of a bar code that lies somewhere between these ones, and how much it
    looks like one, 0 to 1.

    OpenCV often finds a part of the bars only, and a strip of them is enough to read a code. So the
    corners are moved to where the bars end.
    """
    return max((_upright(grey, np.roll(corners, -n, 0)) for n in (0, 1)), key=lambda f: f[1])


def _upright(grey: NDArray[np.uint8], corners: Corners) -> tuple[Corners, float]:
    """Return the same, if the bars run from the first side of the corners to the third."""
    width, height = (float(np.linalg.norm(corners[i] - corners[i + 1])) for i in (0, 1))
    across, down = int(np.clip(2 * width, 8, 2 * TILE)), int(np.clip(height, 4, TILE))
    inside = [(across, down), (2 * across, down), (2 * across, 2 * down), (across, 2 * down)]
    way = cv2.getPerspectiveTransform(np.array(inside, np.float32), np.ascontiguousarray(corners))
    size_wh, how = (3 * across, 3 * down), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    piece = np.asarray(cv2.warpPerspective(grey, way, size_wh, flags=how), np.float32)
    piece = piece - cv2.blur(piece, (max(3, across // 6 | 1), 1))
    middle = piece[down + down // 4 : 2 * down - down // 4]
    score = _stripes(middle[:, across : 2 * across])
    left, right = _between(_is_striped(middle.mean(axis=0), across))
    top, bottom = _between(_is_alike(piece[:, left:right], middle[:, left:right].mean(axis=0)))
    ends = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    return np.asarray(cv2.perspectiveTransform(ends[None], way)[0], np.float32), score


def _is_striped(columns: NDArray[np.float32], across: int) -> NDArray[np.bool_]:
    """Return (n,) beside which columns light and dark change as they do in the middle."""
    room = max(3, across // 8 | 1)
    strong = cv2.blur((columns**2)[None], (room, 1))[0]
    return np.asarray(strong > STILL_STRIPED * np.median(strong[across : 2 * across]), np.bool_)


def _is_alike(piece: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (n,) which rows show the same bars as the middle of the piece."""
    lengths = np.linalg.norm(piece, axis=1) * float(np.linalg.norm(columns))
    return np.asarray(piece @ columns > LIKE_THE_MIDDLE * lengths, np.bool_)


def _between(goes_on: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the run around the middle third, which belongs to it in any case."""
    third = len(goes_on) // 3
    before = np.flatnonzero(~goes_on[:third])
    after = np.flatnonzero(~goes_on[2 * third :])
    first = int(before[-1]) + 1 if len(before) else 0
    return first, 2 * third + int(after[0]) if len(after) else len(goes_on)


def _stripes(middle: NDArray[np.float32]) -> float:
    """Return how much a piece consists of upright bars: the share of its variance that lies between
    its columns, less for few bars and for pale ones."""
    columns = middle.mean(axis=0)
    contrast = float(columns.std())
    if contrast < 1:
        return 0.0
    signs = np.sign(columns[np.abs(columns) > CHANGES_FROM * contrast])
    changes = int((np.diff(signs) != 0).sum())
    share = float(columns.var() / middle.var())
    few, pale = changes / MOST_BARS, contrast / LEAST_CONTRAST
    return min(1.0, share) * min(1.0, few) * min(1.0, pale)


def _box(corners: Corners) -> NDArray[np.float32]:
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])
