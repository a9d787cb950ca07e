"""Sets the level of a pruned network's scores, so that they are what they were before its numbers
were rounded.

python -m training.lean.calibrate centerface --pictures PICTURES
python -m training.lean.calibrate plates --pictures DATA/plates-train-*

The bias of its head is moved until it sees as many things as with floats. It cannot be compared
with the whole network by the same pictures: it was taught on them. Run it after training.quantise
--lean.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime import InferenceSession

from training.lean.prune import HEAT
from training.quantise import HEADS, LEAN, Feed, of_people, session

LEVEL = {"centerface": 0.25, "plates": 0.4, "persons": 0.5}
"""Scores from which sightings count, or nearly so."""

FAINT = 0.02
"""Score below which no peak matters, wherever the level is moved."""

PICTURES, SEED = 600, 2
"""Others than those by which channels and ranges were chosen."""

Heat = NDArray[np.float32]


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("name", choices=sorted(HEAT))
    p.add_argument("--pictures", type=Path, nargs="+", required=True)
    a = p.parse_args()
    shift, count = shift_of(a.name, a.pictures)
    path = LEAN / f"{a.name}-int8.onnx"
    path.write_bytes(shifted(path.read_bytes(), shift))
    print(f"{count} things seen: scores moved by {shift:.3f} before the sigmoid")


def shift_of(name: str, folders: Sequence[Path]) -> tuple[float, int]:
    """The shift with which both forms see as many things above LEVEL, and how many there are."""
    floats = _chain(name, "")
    rounded = _chain(name, "-int8")
    seen, own = [], []
    for feed in itertools.islice(of_people(folders, SEED), PICTURES):
        seen.append(peaks(_heat(floats, feed)))
        own.append(peaks(_heat(rounded, feed)))
    return shift_between(seen, own, LEVEL[name])


def shift_between(seen: Sequence[Heat], own: Sequence[Heat], level: float) -> tuple[float, int]:
    """Return the shift before the sigmoid after which as many of `own` reach the level as of
    `seen`, and how many these are."""
    count = int((np.concatenate(seen) >= level).sum())
    last = np.sort(np.concatenate(own))[-count]
    return _logit(np.float32(level)) - _logit(last), count


def peaks(heat: Heat) -> Heat:
    """Return the scores of cells that no neighbour exceeds."""
    return np.asarray(heat[(heat == cv2.dilate(heat, np.ones((3, 3)))) & (heat > FAINT)])


def _chain(name: str, form: str) -> list[InferenceSession]:
    names = ["centerface", *([name] if name != "centerface" else [])]
    return [session((LEAN / f"{n}{form}.onnx").read_bytes()) for n in names]


def _heat(chain: list[InferenceSession], feed: Feed) -> Heat:
    if len(chain) == 1:
        return np.asarray(chain[0].run([HEAT["centerface"]], feed)[0][0, 0])
    names = [i.name for i in chain[1].get_inputs()]
    made = dict(zip(names, chain[0].run(names, feed), strict=True))
    return np.asarray(chain[1].run(["heat"], made)[0][0, 0])


def _logit(chance: np.float32) -> float:
    return float(np.log(chance / (1 - chance)))


def shifted(data: bytes, by: float) -> bytes:
    """The network with scores moved by so much, before the sigmoid."""
    model = onnx.load_model_from_string(data)
    names = {n.output[0].removesuffix(HEADS) for n in model.graph.node
             if n.output and n.output[0].endswith(HEADS)}  # fmt: skip
    for value in model.graph.initializer:
        if value.name.removesuffix(".bias") in names and value.name.endswith(".bias"):
            bias = numpy_helper.to_array(value).copy()
            bias[0] += np.float32(by)  # the first head is that of the heat map
            value.CopyFrom(numpy_helper.from_array(bias, value.name))
    return bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
