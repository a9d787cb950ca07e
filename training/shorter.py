"""Writes the 8-bit networks in other operators that ONNX Runtime computes faster. What they compute
stays as it is.

    python -m training.shorter

Run it after `training.integers`, or again at any time: it changes what it has not changed yet.

- Twice the size by repeating each pixel (`Resize`) goes pixel by pixel in integers. Here rows and
  pixels are put side by side as they lie in memory, channels last.
- A transposed convolution of 2x2 with stride 2 has no kernel for integers. It is a convolution of
  1x1 to four times the channels, whose results are laid out as 2x2 pixels.
- Maps of few channels are convolutions of 1x1 in floats: each reads its tensor on its own, and
  makes 16 channels where one or two are wanted. Here all of a tensor are one matrix product.
- The first layers make the largest tensors, which leave the processor's cache before the next layer
  reads them. Here they go over strips of the picture, one after the other.

docs/decisions/084-operators-that-are-fast.md says what each saves.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, numpy_helper
from onnx.helper import get_attribute_value, make_node

from training.graph import drop_unread, store
from training.quantise import MODELS

STRIPS = 8
"""A picture's height is a multiple of 32, and four of its rows are one of the last tensor that is
made in strips: more strips would not come out even, nor would deeper layers."""

IN_STRIPS = (
    ("input.1", "377_QuantizeLinear_Output"),
    ("377_QuantizeLinear_Output", "385_QuantizeLinear_Output"),
)
"""From which tensor to which the shared network goes over strips: to a quarter of the picture's
size, and over the wide layers there. What follows is small enough."""

LAST, FIRST = (0, 2, 3, 1), (0, 3, 1, 2)
"""Orders of axes that put channels last, and first again. ONNX Runtime keeps integers with their
channels last, so it leaves these steps out."""


def main() -> None:
    """Command line."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    for name in ("centerface", "plates", "persons"):
        target = MODELS / f"{name}-int8.onnx"
        model = onnx.load(target)
        shorten(model.graph)
        if name == "centerface":
            lay_in_strips(model.graph)
        store(model, target)


def shorten(graph: GraphProto) -> None:
    """Change all that can be changed."""
    for node in [n for n in graph.node if n.op_type == "Resize"]:
        _Rewritten(graph, node.output[0]).double(node)
    for node in [n for n in graph.node if n.op_type == "ConvTranspose"]:
        _Rewritten(graph, node.output[0]).spread(node)
    for nodes in _maps(graph):
        _Rewritten(graph, f"{nodes[0].input[0]}.maps").multiply(nodes)
    drop_unread(graph)


def lay_in_strips(graph: GraphProto) -> None:
    """Let the layers of IN_STRIPS go over strips, unless they do."""
    for first, last in IN_STRIPS:
        layers = layers_between(graph, first, last)
        if layers[-1].op_type == "QuantizeLinear":
            _Rewritten(graph, last).cut(layers)
    drop_unread(graph)


def layers_between(graph: GraphProto, first: str, last: str) -> list[NodeProto]:
    """Return the nodes that make one tensor of another, in order."""
    makers = {o: n for n in graph.node for o in n.output}
    found: list[NodeProto] = []
    while last != first:
        found.insert(0, makers[last])
        last = makers[last].input[0]
    return found


def _maps(graph: GraphProto) -> list[list[NodeProto]]:
    """Return the convolutions of 1x1 with weights of floats and a result of floats, those of one
    tensor together."""
    stored = {i.name: i.dims for i in graph.initializer}
    rounded = {n.input[0] for n in graph.node if n.op_type == "QuantizeLinear"}
    found: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        if (
            node.op_type == "Conv"
            and list(stored.get(node.input[1], ()))[2:] == [1, 1]
            and node.output[0] not in rounded
        ):
            found.setdefault(node.input[0], []).append(node)
    return list(found.values())


class _Rewritten:
    """Writes other nodes for some of a graph; `name` begins the names of what is new."""

    def __init__(self, graph: GraphProto, name: str) -> None:
        self._graph, self._name = graph, name
        self._values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        self._makers = {o: n for n in graph.node for o in n.output}
        self._nodes: list[NodeProto] = []

    def double(self, resize: NodeProto) -> None:
        """Repeat rows and columns of integers."""
        before, after = self._makers[resize.input[0]], self._rounds(resize.output[0])
        if any(
            self._values[a] != self._values[b]
            for a, b in zip(before.input[1:], after.input[1:], strict=True)
        ):
            raise ValueError(f"{self._name} is not rounded as what it is made from")
        last = self._new("Transpose", [before.input[0]], perm=LAST)
        wide = self._new("Concat", [last, last], axis=3)
        lines = self._new("Reshape", [wide, self._numbers(0, 0, -1)])
        both = self._new("Concat", [lines, lines], axis=2)
        larger = self._new("Mul", [self._new("Shape", [last]), self._numbers(1, 2, 2, 1)])
        self._new("Transpose", [self._new("Reshape", [both, larger])], after.output, perm=FIRST)
        self._put_in_place_of([resize, after])

    def spread(self, transposed: NodeProto) -> None:
        """Let a convolution of 1x1 make all four pixels."""
        after = self._rounds(transposed.output[0])
        weights, bias = (self._makers[name] for name in transposed.input[1:])
        integers, *steps = (self._values[name] for name in weights.input)
        inside, outside, *sides = integers.shape
        if sides != [2, 2] or attribute(transposed, "strides") != [2, 2]:
            raise ValueError(f"{self._name} is no doubling of the size")
        four = integers.transpose(2, 3, 1, 0).reshape(4 * outside, inside, 1, 1)
        layers = (
            [four, *(np.tile(a, 4) for a in steps)],
            [np.tile(self._values[name], 4) for name in bias.input],
        )
        floats = [
            self._new("DequantizeLinear", [self._stored(a) for a in layer], axis=0)
            for layer in layers
        ]
        sums = self._new("Conv", [transposed.input[0], *floats], kernel_shape=[1, 1])
        rounded = self._new("QuantizeLinear", [sums, *after.input[1:]])
        last = self._new("Transpose", [rounded], perm=LAST)
        # (n, h, w, row, column x channel) to (n, h, row, w, column x channel)
        apart = self._new("Reshape", [last, self._numbers(0, 0, 0, 2, 2 * outside)])
        rows = self._new("Transpose", [apart], perm=(0, 1, 3, 2, 4))
        larger = self._new("Mul", [self._new("Shape", [last]), self._numbers(1, 2, 2, 1)])
        larger = self._new("Div", [larger, self._numbers(1, 1, 1, 4)])
        self._new("Transpose", [self._new("Reshape", [rows, larger])], after.output, perm=FIRST)
        self._put_in_place_of([transposed, after])

    def multiply(self, maps: Sequence[NodeProto]) -> None:
        """Let one matrix product make all maps of a tensor."""
        integers = self._makers[maps[0].input[0]].input[0]
        weights, bias = (np.concatenate([self._values[n.input[i]] for n in maps]) for i in (1, 2))
        outside, inside = weights.shape[:2]
        cells = self._new("Reshape", [maps[0].input[0], self._numbers(0, inside, -1)])
        product = self._new("MatMul", [self._stored(weights[:, :, 0, 0]), cells])
        sums = self._new("Add", [product, self._stored(bias[:, None])])
        height_width = self._new(
            "Slice", [self._new("Shape", [integers]), self._numbers(2), self._numbers(4)]
        )
        shape = self._new("Concat", [self._numbers(0, outside), height_width], axis=0)
        parts = [self._values[n.input[1]].shape[0] for n in maps]
        self._new(
            "Split",
            [self._new("Reshape", [sums, shape]), self._numbers(*parts)],
            [n.output[0] for n in maps],
            axis=1,
        )
        self._put_in_place_of(maps)

    def cut(self, layers: Sequence[NodeProto]) -> None:
        """Let the layers go over strips of rows."""
        before = layers[0].input[0]
        height = self._new("Slice", [self._new("Shape", [before]), *map(self._numbers, (2, 3))])
        part = self._new("Div", [height, self._numbers(STRIPS)])

        def row(end: _Row) -> str:
            rows = self._new("Mul", [part, self._numbers(end.parts)])
            return self._new("Add", [rows, self._numbers(end.rows)])

        strips = []
        for i in range(STRIPS):
            (first, after), pads = _needed(layers, i)
            made = self._new("Slice", [before, row(first), row(after), self._numbers(2)])
            for layer in layers:
                made = self._again(layer, made, pads.get(layer.output[0]))
            strips.append(self._new("Transpose", [made], perm=LAST))
        whole = self._new("Concat", strips, axis=1)
        self._new("Transpose", [whole], layers[-1].output, perm=FIRST)
        self._put_in_place_of(layers[-1:])  # others may read what the layers between make

    def _again(self, layer: NodeProto, tensor: str, pads: tuple[int, int] | None) -> str:
        """Write the layer for another tensor, with so many rows of zeros above and below."""
        attributes = {a.name: get_attribute_value(a) for a in layer.attribute}
        if pads is not None:
            _, left, _, right = attributes["pads"]
            attributes["pads"] = [pads[0], left, pads[1], right]
        return self._new(layer.op_type, [tensor, *layer.input[1:]], **attributes)

    def _rounds(self, tensor: str) -> NodeProto:
        """Return the node that makes integers of a tensor of floats."""
        (node,) = (n for n in self._graph.node if tensor in n.input)
        if node.op_type != "QuantizeLinear":
            raise ValueError(f"{tensor} is not rounded")
        return node

    def _new(
        self, kind: str, inputs: Sequence[str], outputs: Sequence[str] = (), **attributes: object
    ) -> str:
        name = f"{self._name}.{len(self._nodes)}"
        self._nodes.append(make_node(kind, inputs, outputs or [name], name, **attributes))
        return name

    def _stored(self, values: NDArray[Any]) -> str:
        name = f"{self._name}.stored{len(self._graph.initializer)}"
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _numbers(self, *values: int) -> str:
        return self._stored(np.array(values, np.int64))

    def _put_in_place_of(self, nodes: Sequence[NodeProto]) -> None:
        every = list(self._graph.node)
        first = min(every.index(n) for n in nodes)
        del self._graph.node[:]
        self._graph.node.extend(
            [*every[:first], *self._nodes, *(n for n in every[first:] if n not in nodes)]
        )


class _Row(NamedTuple):
    """A row of a tensor: that of so many strips, and so many rows more."""

    parts: int
    rows: int


def _needed(
    layers: Sequence[NodeProto], strip: int
) -> tuple[tuple[_Row, _Row], dict[str, tuple[int, int]]]:
    """Return the rows of the picture that a strip is made from, first and after the last, and the
    rows of zeros above and below for each convolution, by its output: only at the picture's
    edges."""
    first, after = _Row(strip, 0), _Row(strip + 1, 0)
    pads = {}
    for layer in reversed(layers):
        if layer.op_type != "Conv":
            continue
        (step, _), (length, _), (pad, *_) = (
            attribute(layer, name) for name in ("strides", "kernel_shape", "pads")
        )
        first = _Row(strip, first.rows * step - pad)
        after = _Row(strip + 1, (after.rows - 1) * step + length - pad)
        above = -first.rows if strip == 0 else 0
        below = max(after.rows, 0) if strip == STRIPS - 1 else 0
        first, after = _Row(strip, first.rows + above), _Row(strip + 1, after.rows - below)
        pads[layer.output[0]] = (above, below)
    return (first, after), pads


def attribute(node: NodeProto, name: str) -> list[int]:
    """Return the whole numbers of an attribute."""
    return next(list(a.ints) for a in node.attribute if a.name == name)


if __name__ == "__main__":
    main()
