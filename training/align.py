"""Fits the sizes that CenterFace gives in eight bits to those that it gives in floats.

    python -m training.align --pictures PICTURES

Run it after training.quantise. Rounding errors of single layers add up to a bias: large faces came
out 2 % too high and too wide. The last layer gives the logarithm of a size, and computes with
floats. So a straight line through what both forms say of the same faces (least squares) goes into
its weights, and costs no time.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper
from onnxruntime import InferenceSession

from training.graph import Array
from training.quantise import MODELS, Feed, of_people, session

HEAT, SIZES = "537", "538"

CLEAR = 0.25
"""Score from which a face counts."""

BETWEEN = 0.5, float(np.log(48))
"""Logarithms of a fourth of the size: faces of 7 to 192 pixels. What seems larger is mostly none.
"""

PICTURES, SEED = 500, 3
"""Others than those by which ranges were chosen."""


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--pictures", type=Path, nargs="+", required=True)
    a = p.parse_args()
    path = MODELS / "centerface-int8.onnx"
    rounded = onnx.load(path)
    shown = itertools.islice(of_people(a.pictures, SEED), PICTURES)
    lines = fitted(session((MODELS / "centerface.onnx").read_bytes()), rounded, shown)
    data = aligned(rounded, lines).SerializeToString(deterministic=True)
    path.write_bytes(data)
    checksum = hashlib.sha256(data).hexdigest()
    pin = MODELS.parent / "centerface-int8.sha256"
    pin.write_text(f"{checksum}  models/{path.name}\n", "ascii")
    print(f"slopes and intercepts {lines.round(4).tolist()}, SHA-256 {checksum}")


def fitted(floats: InferenceSession, rounded: ModelProto, feeds: Iterable[Feed]) -> Array:
    """Return (2, 2) slope and intercept for heights and for widths."""
    own = session(rounded.SerializeToString())
    exact, round_ones = [], []
    for feed in feeds:
        heat, sizes = floats.run([HEAT, SIZES], feed)
        rows, columns = faces(heat[0, 0], sizes[0, 0])
        exact.append(sizes[0, :, rows, columns])
        round_ones.append(own.run([SIZES], feed)[0][0, :, rows, columns])
    x, y = np.concatenate(round_ones), np.concatenate(exact)
    return np.array([np.polyfit(x[:, i], y[:, i], 1) for i in (0, 1)])


def faces(
    heat: NDArray[np.float32], heights: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of cells that no neighbour exceeds, with faces of sizes BETWEEN."""
    is_peak = (heat == cv2.dilate(heat, np.ones((3, 3)))) & (heat > CLEAR)
    rows, columns = np.nonzero(is_peak & (heights > BETWEEN[0]) & (heights < BETWEEN[1]))
    return rows, columns


def aligned(rounded: ModelProto, lines: Array) -> ModelProto:
    """Return the network with the lines in its last layer."""
    values = {i.name: i for i in rounded.graph.initializer}
    layer = next(n for n in rounded.graph.node if n.output[0] == SIZES)
    slopes, intercepts = lines.T
    for name, by, add in (
        (layer.input[1], slopes[:, None, None, None], 0.0),
        (layer.input[2], slopes, intercepts),
    ):
        made = numpy_helper.to_array(values[name]) * by + add
        values[name].CopyFrom(numpy_helper.from_array(made.astype(np.float32), name))
    return rounded


if __name__ == "__main__":
    main()
