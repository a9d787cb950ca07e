"""Puts CenterFace's early layers in front of the network that judges what surrounds a plate.

    python -m training.context.whole [RUN/context.onnx]

The trained network goes on from a tensor in the middle of the shared one. Whoever looks at a piece
needs nothing else of the shared network, so half of its layers would run for nothing. Both together
are one network for a piece of a picture: once with the early layers as floats, and once as integers.
Without a file, the trained layers are those of the network that is there already: do that after
`training.integers` and before `training.shorter`, when the shared network has changed.
"""  # noqa: E501

from __future__ import annotations

import argparse
from pathlib import Path

import onnx
from onnx import GraphProto, ModelProto, TensorProto
from onnx.compose import merge_models
from onnx.helper import make_opsetid, make_tensor_value_info
from onnx.utils import Extractor
from onnx.version_converter import convert_version

from efface.detect.plate_context import NAME, SIDE
from training.graph import store
from training.quantise import MODELS

INPUT = "413"
"""The shared network's map at stride 8, from which the trained layers go on."""

OPSET, IR = 17, 8
"""Those of the trained network. The early layers are brought to them."""


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("trained", type=Path, nargs="?", default=MODELS / f"{NAME}.onnx")
    a = p.parse_args()
    trained = trained_layers(onnx.load(a.trained))
    for ending in ("", "-int8"):
        model = whole(early_layers(onnx.load(MODELS / f"centerface{ending}.onnx")), trained)
        store(model, MODELS / f"{NAME}{ending}.onnx")


def trained_layers(model: ModelProto) -> ModelProto:
    """Return the layers that continue from INPUT."""
    outputs = [o.name for o in model.graph.output]
    return Extractor(model).extract_model([INPUT], outputs)


def early_layers(shared: ModelProto) -> ModelProto:
    """Return CenterFace's layers up to INPUT, for pieces (n, 3, SIDE, SIDE).

    Raises ValueError if they go over strips: a piece is too small for these to pay.
    """
    (picture,) = [i.name for i in shared.graph.input if i.name not in _stored(shared.graph)]
    early = Extractor(shared).extract_model([picture], [INPUT])
    if any(n.op_type == "Slice" for n in early.graph.node):
        raise ValueError("training.shorter was there before: make the shared network again")
    early.ir_version = IR  # from 4 on, weights need not be declared as inputs
    early = convert_version(early, OPSET)
    early.ir_version = IR
    del early.graph.input[:], early.graph.value_info[:]
    early.graph.input.append(
        make_tensor_value_info(picture, TensorProto.FLOAT, ["n", 3, SIDE, SIDE])
    )
    return early


def whole(early: ModelProto, trained: ModelProto) -> ModelProto:
    """Return one network of both."""
    trained.ir_version = IR
    model = merge_models(early, trained, [(INPUT, INPUT)], producer_name="efface")
    model.ir_version, model.graph.name = IR, NAME
    del model.opset_import[:]  # once for each of both
    model.opset_import.append(make_opsetid("", OPSET))
    del model.graph.value_info[:]
    model.graph.value_info.extend(trained.graph.input)  # for `trained_layers`, the next time
    return model


def _stored(graph: GraphProto) -> set[str]:
    return {i.name for i in graph.initializer}


if __name__ == "__main__":
    main()
