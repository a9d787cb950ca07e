"""Writes the network with taught later layers.

python -m training.faces.export RUN/last.pt FACES.onnx --pictures PICTURES [--share 0.5]

Between the published weights and the taught ones lie networks that remember the one and know the
other (Wortsman et al. 2022, arXiv 2109.01903): --share says how far the way goes. Then the level of
the scores is set, so that bars that were chosen for the published network mean the same: in
PICTURES both see as many things from the score on from which a face counts.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from onnx import ModelProto, numpy_helper

from training.faces.later import later, whole
from training.lean.calibrate import LEVEL, peaks, shift_between
from training.lean.network import Trainable
from training.quantise import Feed, of_people, session

SCORES, BIAS = "537", "head.pos_conv.bias"

PICTURES, SEED = 600, 4


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("checkpoint", type=Path)
    p.add_argument("target", type=Path)
    p.add_argument("--pictures", type=Path, nargs="+", required=True)
    p.add_argument("--share", type=float, default=0.5)
    a = p.parse_args()
    published = whole()
    net = Trainable(later(published))
    taught = torch.load(a.checkpoint, weights_only=True)["average"]
    net.load_state_dict({n: w.lerp(taught[n], a.share) for n, w in net.state_dict().items()})
    made = net.write_into(deepcopy(published))
    feeds = list(itertools.islice(of_people(a.pictures, SEED), PICTURES))
    shift, count = level_shift(published, made, feeds)
    print(f"{count} things seen: scores moved by {shift:.3f} before the sigmoid")
    a.target.write_bytes(moved(made, shift).SerializeToString(deterministic=True))


def level_shift(
    published: ModelProto, made: ModelProto, feeds: Sequence[Feed]
) -> tuple[float, int]:
    """Return the shift, before the sigmoid, with which both networks see as many faces that count,
    and how many these are."""
    first, second = (session(n.SerializeToString()) for n in (published, made))
    seen = [peaks(first.run([SCORES], feed)[0][0, 0]) for feed in feeds]
    own = [peaks(second.run([SCORES], feed)[0][0, 0]) for feed in feeds]
    return shift_between(seen, own, LEVEL["centerface"])


def moved(network: ModelProto, by: float) -> ModelProto:
    """Return the network with scores moved by so much, before the sigmoid."""
    for value in network.graph.initializer:
        if value.name == BIAS:
            bias = numpy_helper.to_array(value) + np.float32(by)
            value.CopyFrom(numpy_helper.from_array(bias, value.name))
    return network


if __name__ == "__main__":
    main()
