"""A self-test: every network examines a known picture as it is opened, and must give the same
result as when it was made.

A wrong number is still a number. Checksums protect the weights. But kernels that compute wrongly, a
driver or a broken processor would find no one and report no error. This holds above all for integer
networks, whose values are never NaN. The picture is drawn with whole numbers only, so it is the
same everywhere. The test compares sums of each tensor, with random signs: they differ by as much as
the tensors do as a whole (Johnson and Lindenstrauss), and sixteen numbers are enough to keep.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.errors import ModelUnusable

SIDE = 160
"""Side of the picture in pixels: a look takes a few milliseconds."""

SUMS = 16

REFERENCE = "self_test.json"
"""Made by training/self_test.py."""

TOLERANCE = {"float32": 0.0002, "int8": 0.02, "elsewhere": 0.03}
"""Share by which a tensor may differ: with 32-bit floats on a processor; with integers, whose
rounding differs between processors; and on other devices, which round to 10 bits on the way. The
order of additions alone makes 0.000002. 2 kB of weights in the wrong order make 0.0003 to 0.15, and
in integer networks 0.04 to 15."""

HINT = (
    "The processor, a driver or the run-time may be at fault: try --device cpu or --precision "
    "float32, and please report it."
)

Signs = NDArray[np.float32]


def picture() -> NDArray[np.uint8]:
    """Draw (160, 160, 3): shapes like a face and a plate, in front of stripes."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.int64)
    rgb = np.stack([60 + x // 2, 90 + y // 3, 40 + (x + y) // 4], axis=-1)
    rgb[(x // 5 + y // 7) % 4 == 0] += 30
    rgb[_disc(x, y, 60, 62, 34, 44)] = (206, 160, 132)
    rgb[_disc(x, y, 60, 30, 36, 20)] = (48, 34, 28)
    for centre in (46, 74):
        rgb[_disc(x, y, centre, 56, 7, 4)] = (240, 240, 236)
        rgb[_disc(x, y, centre, 56, 3, 4)] = (30, 22, 20)
    rgb[_disc(x, y, 60, 86, 13, 5)] = (150, 60, 60)
    rgb[112:140, 62:148] = (236, 236, 230)
    for letter in range(6):
        rgb[117:135, 68 + 13 * letter : 71 + 13 * letter + letter % 3 * 2] = (24, 24, 32)
    shown: NDArray[np.uint8] = np.clip(
        rgb + (x * 37 + y * 101 + x * y * 13)[..., None] % 9, 0, 255
    ).astype(np.uint8)
    return shown


def _disc(
    x: NDArray[np.int64], y: NDArray[np.int64], cx: int, cy: int, rx: int, ry: int
) -> NDArray[np.bool_]:
    return ((x - cx) * ry) ** 2 + ((y - cy) * rx) ** 2 <= (rx * ry) ** 2


def waves(channels: int, stride: int) -> NDArray[np.float32]:
    """Return (1, channels, h, w): made-up input from -8 to 8 for a network that continues from the
    middle of another."""
    heights = np.abs(_waves(channels, stride) - 128) - 64
    made: NDArray[np.float32] = (heights / np.float32(8)).astype(np.float32)[None]
    return made


def waves_of_integers(channels: int, stride: int) -> NDArray[np.uint8]:
    """Return (1, h, w, channels): the same for a network that continues from integers, 64 to
    192."""
    heights = 64 + np.abs(_waves(channels, stride) - 128)
    return np.ascontiguousarray(heights.transpose(1, 2, 0)[None], np.uint8)


def _waves(channels: int, stride: int) -> NDArray[np.int64]:
    c, y, x = np.mgrid[0:channels, 0 : SIDE // stride, 0 : SIDE // stride].astype(np.int64)
    heights: NDArray[np.int64] = (x * (1 + c % 5) * 7 + y * (1 + c % 7) * 5 + c * 29) % 256
    return heights


def tensors_of(name: str) -> list[str]:
    """Return the names of the tensors that are compared."""
    return list(_reference()[name])


def sums(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return (16,) sums of all values, each with its own signs."""
    flat = np.ascontiguousarray(values, np.float32).ravel()
    return (flat @ _signs(flat.size)).astype(np.float64)


@cache
def _signs(count: int) -> Signs:
    h = np.arange(1, count + 1, dtype=np.uint64)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):  # the end of MurmurHash3
        h = (h ^ (h >> np.uint64(33))) * np.uint64(factor)
    bits = (h[:, None] >> np.arange(40, 40 + SUMS, dtype=np.uint64)) & np.uint64(1)
    return bits.astype(np.float32) * 2 - 1


def require_right(name: str, made: Mapping[str, NDArray[Any]], device: str) -> None:
    """Raise ModelUnusable when a network's result for the known input differs from the one when it
    was made."""
    tolerance = TOLERANCE[
        "int8"
        if name.endswith("-int8")
        else "float32"
        if device in ("auto", "cpu")
        else "elsewhere"
    ]
    expected = _reference()[name]
    for tensor_name, values in made.items():
        away = difference(values, expected[tensor_name])
        if not away <= tolerance:  # a NaN fails as well
            why = (
                f"on a known picture its result is off by {away:.1%}, and up to "
                f"{tolerance:.2%} are usual"
            )
            raise ModelUnusable(name, f"it computes wrongly here: {why}", HINT)


def difference(values: NDArray[Any], expected: list[float]) -> float:
    """Return the approximate distance between the tensor and the one behind the expected sums, as a
    share of its size."""
    wanted = np.array(expected)
    return float(np.linalg.norm(sums(values) - wanted) / np.linalg.norm(wanted))


@cache
def _reference() -> dict[str, dict[str, list[float]]]:
    found: Any = json.loads((resources.files("efface.detect") / REFERENCE).read_text("ascii"))
    return dict(found)
