"""A network from its ONNX file, to be trained on and written back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from onnx import ModelProto, NodeProto, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F


class Trainable(nn.Module):
    """The nodes of an ONNX graph, one after the other. Raises ValueError for a kind of node that
    efface's networks do not have."""

    def __init__(self, model: ModelProto) -> None:
        super().__init__()
        values = {i.name: numpy_helper.to_array(i).copy() for i in model.graph.initializer}
        self.nodes = [_Step(node, values) for node in model.graph.node]
        used = {name for step in self.nodes for name in step.weights}
        self.weights = nn.ParameterDict(
            {_key(name): nn.Parameter(torch.tensor(values[name])) for name in sorted(used)}
        )

    def forward(self, given: dict[str, Tensor], names: Sequence[str]) -> list[Tensor]:
        """Return the named tensors."""
        known = dict(given)
        for step in self.nodes:
            known[step.output] = step.run(known, [self.weights[_key(n)] for n in step.weights])
        return [known[name] for name in names]

    def write_into(self, model: ModelProto) -> ModelProto:
        """Give the ONNX network these weights."""
        for value in model.graph.initializer:
            if _key(value.name) in self.weights:
                array = self.weights[_key(value.name)].detach().numpy().astype(np.float32)
                value.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), value.name))
        return model


class _Step:
    """One node."""

    def __init__(self, node: NodeProto, values: dict[str, np.ndarray]) -> None:
        if node.op_type not in _RUN:
            raise ValueError(f"{node.op_type} cannot be trained")
        self.kind, self.output = node.op_type, node.output[0]
        self.inputs = [i for i in node.input if i and i not in values]
        learns = node.op_type in ("Conv", "ConvTranspose")
        self.weights = [i for i in node.input if i in values] if learns else []
        self.settings = {a.name: list(a.ints) or a.i for a in node.attribute}

    def run(self, known: dict[str, Tensor], weights: list[nn.Parameter]) -> Tensor:
        shown = [known[i] for i in self.inputs if i in known]
        return _RUN[self.kind](shown, weights, self.settings)


def _conv(x, w, s):  # type: ignore[no-untyped-def]
    return F.conv2d(
        x[0], w[0], w[1], s["strides"], s["pads"][0], s.get("dilations", 1), s.get("group", 1)
    )


def _transposed(x, w, s):  # type: ignore[no-untyped-def]
    return F.conv_transpose2d(x[0], w[0], w[1], s["strides"], s["pads"][0], 0, s.get("group", 1))


_RUN = {
    "Conv": _conv,
    "ConvTranspose": _transposed,
    "Relu": lambda x, w, s: F.relu(x[0]),
    "Add": lambda x, w, s: x[0] + x[1],
    "Sigmoid": lambda x, w, s: torch.sigmoid(x[0]),
    "Resize": lambda x, w, s: F.interpolate(x[0], scale_factor=2.0, mode="nearest"),
    "Constant": lambda x, w, s: torch.zeros(()),
    "Clip": lambda x, w, s: x[0],
    "Exp": lambda x, w, s: torch.exp(x[0].clamp(max=8.0)),
}
"""Resize doubles in all of efface's networks; what its and Clip's constants say is known."""


def _key(name: str) -> str:
    return name.replace(".", "_").replace("/", "_")
