"""An ONNX graph whose weights can be read and changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, numpy_helper

Array = NDArray[np.float64]


class Graph:
    """Who makes a tensor, who takes it, and the weights, which can be changed."""

    def __init__(self, graph: GraphProto) -> None:
        self.nodes = list(graph.node)
        self.makers = {o: n for n in graph.node for o in n.output}
        self.takers: dict[str, list[NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self.takers.setdefault(name, []).append(node)
        self.outputs = {o.name for o in graph.output}
        self._values = {i.name: i for i in graph.initializer}

    def value(self, name: str) -> Array:
        """Weights, or a bias."""
        return np.asarray(numpy_helper.to_array(self._values[name]), np.float64)

    def put(self, name: str, value: Array) -> None:
        """In place of what was there."""
        self._values[name].CopyFrom(numpy_helper.from_array(value.astype(np.float32), name))

    def is_rounded(self, tensor: str) -> bool:
        """Whether integers shall stand for it. What goes into a ReLU is rounded behind it only."""
        maker, takers = self.makers[tensor], self.takers.get(tensor, [])
        if maker.op_type not in ("Conv", "Relu", "Add", "ConvTranspose", "Resize"):
            return False
        return not (len(takers) == 1 and takers[0].op_type == "Relu")

    def between_two(self) -> Iterator[tuple[str, NodeProto, NodeProto]]:
        """Tensors behind a convolution and a ReLU that nobody takes but one convolution; the first
        and the second."""
        for tensor, relu in self.makers.items():
            takers = self.takers.get(tensor, [])
            if relu.op_type != "Relu" or len(takers) != 1 or takers[0].op_type != "Conv":
                continue
            first = self.makers.get(relu.input[0])
            if (
                first is not None
                and first.op_type == "Conv"
                and len(self.takers[relu.input[0]]) == 1
            ):
                yield tensor, first, takers[0]

    def sums(self) -> Iterator[tuple[list[NodeProto], list[NodeProto], list[str]]]:
        """Convolutions without a ReLU whose results are added up, those that take these, and the
        tensors between; channels can only be scaled in all of them at once."""
        lines: list[set[str]] = []
        for node in self.nodes:
            if node.op_type == "Conv" and {
                t.op_type for t in self.takers.get(node.output[0], [])
            } & {"Conv", "Add"}:
                lines.append({node.output[0]})
            if node.op_type == "Add":
                joined = {*node.input, *node.output}.union(
                    *(line for line in lines if line & set(node.input))
                )
                lines = [line for line in lines if not line & joined] + [joined]
        for line in lines:
            makers = [self.makers[t] for t in sorted(line) if self.makers[t].op_type != "Add"]
            takers = [n for t in sorted(line) for n in self.takers.get(t, []) if n.op_type != "Add"]
            if {n.op_type for n in makers + takers} == {"Conv"}:
                yield makers, takers, sorted(line)

    def scale(self, makers: Sequence[NodeProto], takers: Sequence[NodeProto], by: Array) -> None:
        """Divides each channel between them, and multiplies the weights behind: the network says
        the same as before."""
        for node in makers:
            self.put(node.input[1], self.value(node.input[1]) / by[:, None, None, None])
            self.put(node.input[2], self.value(node.input[2]) / by)
        for node in takers:
            shape = (-1, 1, 1, 1) if groups(node) > 1 else (1, -1, 1, 1)
            self.put(node.input[1], self.value(node.input[1]) * by.reshape(shape))


def drop_unread(graph: GraphProto) -> None:
    """Remove nodes and weights that no output needs."""
    needed = {o.name for o in graph.output}
    kept = []
    for node in reversed(graph.node):
        if set(node.output) & needed:
            kept.append(node)
            needed |= set(node.input)
    values = [i for i in graph.initializer if i.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(values)


def store(model: ModelProto, target: Path) -> None:
    """Check the model and write it among efface's networks, with its pin beside their folder."""
    onnx.checker.check_model(model)
    data = model.SerializeToString(deterministic=True)
    target.write_bytes(data)
    checksum = hashlib.sha256(data).hexdigest()
    pin = target.parent.parent / f"{target.stem}.sha256"
    pin.write_text(f"{checksum}  models/{target.name}\n", "ascii")
    print(f"{target.stem}: {len(data) / 1e6:.1f} MB, SHA-256 {checksum}")


def groups(node: NodeProto) -> int:
    """1 where a convolution mixes all channels; as many as there are where it mixes none."""
    return next((int(a.i) for a in node.attribute if a.name == "group"), 1)
