"""Lets one 8-bit network pass its integers on to the next, in place of floats.

    python -m training.integers

Run it when all three are made. The tensors from which plates and persons go on are integers inside
the shared network. It used to make floats of them, and the next network took these in layers of
floats. Now it gives them as they are, and those layers compute with integers, too: the same rounded
values go in, so only their weights are rounded (docs/decisions/081-integers-are-passed-on.md).
"""

from __future__ import annotations

import argparse

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, numpy_helper
from onnx.helper import make_node, make_tensor_value_info

from training.graph import Array, drop_unread, store
from training.quantise import MODELS, require_seven_bits
from training.trunk import TENSORS

PASSED_ON = ".8bit"
"""Ending of the name of a tensor of integers that one network gives and another takes."""

IN_FLOATS = "413"
"""The tensor that the shared network also gives as floats: `training.context` takes the layers up
to it for the network that judges what surrounds a plate, which goes on with floats."""

LARGEST = 63
"""Weights use seven bits, see `quantise`."""


def main() -> None:
    """Command line."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    names = ("centerface", "plates", "persons")
    trunk, *others = (onnx.load(MODELS / f"{name}-int8.onnx") for name in names)
    for other in others:
        take_integers(other, trunk)
    give_integers(trunk)
    for name, model in zip(names, (trunk, *others), strict=True):
        store(model, MODELS / f"{name}-int8.onnx")


def give_integers(trunk: ModelProto) -> None:
    """The shared network gives TENSORS as integers, (n, h, w, channels): that is their order inside
    it. Of the floats only IN_FLOATS stays."""
    graph = trunk.graph
    outputs = {o.name: o for o in graph.output}
    for tensor in TENSORS:
        graph.node.append(
            make_node(
                "Transpose",
                [f"{tensor}.scaled_QuantizeLinear_Output"],
                [tensor + PASSED_ON],
                f"Transpose_{tensor}",
                perm=(0, 2, 3, 1),
            )
        )
        graph.output.append(_of_integers(outputs[tensor]))
        if tensor != IN_FLOATS:
            graph.output.remove(outputs[tensor])
    drop_unread(graph)


def take_integers(network: ModelProto, trunk: ModelProto) -> None:
    """The network takes what `give_integers` makes the trunk give, and the layers that read it
    compute with integers."""
    graph, told = network.graph, _values(trunk.graph)
    inputs = {i.name: i for i in graph.input}
    first: list[NodeProto] = []
    for tensor in TENSORS:
        scale, zero = (
            np.asarray(told[f"{tensor}.scaled_{part}"]) for part in ("scale", "zero_point")
        )
        graph.input.append(_of_integers(inputs[tensor]))
        graph.input.remove(inputs[tensor])
        name = tensor + PASSED_ON
        graph.initializer.extend(
            [
                numpy_helper.from_array(scale, f"{name}.scale"),
                numpy_helper.from_array(zero, f"{name}.zero"),
            ]
        )
        upright = [name, f"{name}.upright"]
        first.append(make_node("Transpose", *([n] for n in upright), f"Transpose_{tensor}",
                               perm=(0, 3, 1, 2)))  # fmt: skip
        first.append(make_node("DequantizeLinear", [upright[1], f"{name}.scale", f"{name}.zero"],
                               [tensor], f"Dequantize_{tensor}"))  # fmt: skip
        times = np.asarray(told[f"{tensor}.scale"], np.float64).ravel()
        for layer in graph.node:
            if layer.op_type == "Conv" and layer.input[0] == tensor:
                first.extend(_rounded(graph, layer, times, float(scale)))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*first, *nodes])
    drop_unread(graph)
    require_seven_bits(graph)


def _rounded(graph: GraphProto, layer: NodeProto, times: Array, step: float) -> list[NodeProto]:
    """Round the layer's weights, for channels that are to be multiplied by `times` and come in
    steps of that size. Return the nodes that make floats of them again, as the format wants."""
    values = _values(graph)
    weights = values[layer.input[1]].astype(np.float64) * times[None, :, None, None]
    bias = values[layer.input[2]].astype(np.float64)
    steps = np.maximum(np.abs(weights).max((1, 2, 3)), 1e-12) / LARGEST
    made = []
    for place, kind, rounded, of_one in (
        (1, np.int8, weights / steps[:, None, None, None], steps),
        (2, np.int32, bias / (steps * step), steps * step),
    ):
        name = f"{layer.output[0]}.{place}"
        parts = {
            f"{name}.integers": np.round(rounded).astype(kind),
            f"{name}.steps": of_one.astype(np.float32),
            f"{name}.zeros": np.zeros(len(of_one), kind),
        }
        graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in parts.items())
        made.append(make_node("DequantizeLinear", list(parts), [name], f"Dequantize_{name}",
                              axis=0))  # fmt: skip
        layer.input[place] = name
    return made


def _of_integers(floats: ValueInfoProto) -> ValueInfoProto:
    """Return the declaration of the same tensor as integers, channels last."""
    sides = [d.dim_value or d.dim_param for d in floats.type.tensor_type.shape.dim]
    shape = [sides[0], *sides[2:], sides[1]]
    return make_tensor_value_info(floats.name + PASSED_ON, TensorProto.UINT8, shape)


def _values(graph: GraphProto) -> dict[str, Array]:
    return {i.name: numpy_helper.to_array(i) for i in graph.initializer}


if __name__ == "__main__":
    main()
