"""Takes channels out of a network, and sets the weights behind them: it says nearly the same then.

    python -m training.lean.prune centerface LEAN/centerface.onnx --pictures PICTURES
    python -m training.lean.prune plates LEAN/plates.onnx --trunk LEAN/centerface.onnx
        --pictures DATA/plates-train-*

In each inverted residual (Sandler et al. 2018, arXiv 1801.04381) the channels between widening and
narrowing are taken out one by one: always the one whose loss costs least, when the weights of all
others are set anew by least squares. That is the optimal brain surgeon (Hassibi and Stork 1993) for
a linear layer, and what He, Zhang and Sun (2017, arXiv 1707.06168) do with whole channels. Blocks
are taken in order: what goes into one is what the pruned blocks before it give, and what it shall
give is what the whole network gave.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto
from onnxruntime import InferenceSession

from training.graph import Array, Graph, groups
from training.lean.channels import fewer
from training.quantise import MODELS, TOLD, Feed, of_people, session, simplified
from training.trunk import TENSORS

_LATER = (176, 336, 320, 304, 352, 448, 448, 448, 768, 704)
LEFT = {
    "centerface": (16, 80, 128, 128, 176, 176, *_LATER, 576),
    "plates": _LATER,
    "persons": _LATER,
}
"""Channels that stay between widening and narrowing, block by block: some nine tenths, of the last
ones three quarters. The first block keeps half of 32, as 9 of its channels are always zero, and a
register holds 16."""

HEAT = {"centerface": "537", "plates": "heat", "persons": "heat"}

PICTURES = 40
CLEAR = 0.4
"""Score of something in each of the pictures by which weights are set."""

WARM, AROUND, TIMES = 0.1, 9, 15.0
"""Cells above the score WARM, and AROUND so many cells, count so many TIMES more than others: what
a network says of walls and trees is of less use."""

MOST_CELLS = 12_000
"""Cells of a map that are looked at, by chance: enough for a thousand unknowns."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What the whole and the pruned network are shown, and where something is: (h, w) scores."""

    whole: Feed
    pruned: Feed
    heat: NDArray[np.float32]


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("name", choices=sorted(LEFT))
    p.add_argument("target", type=Path)
    p.add_argument("--pictures", type=Path, nargs="+", required=True)
    p.add_argument("--trunk", type=Path, help="the pruned shared network, for all but itself")
    a = p.parse_args()
    whole = simplified((MODELS / f"{a.name}.onnx").read_bytes(), TOLD[a.name])
    shown = examples(a.name, a.pictures, a.trunk)
    made = pruned(whole, dict(zip(narrowing(whole), LEFT[a.name], strict=True)), shown)
    a.target.write_bytes(made.SerializeToString(deterministic=True))


def examples(name: str, folders: Sequence[Path], trunk: Path | None) -> list[Example]:
    """Pictures in which the whole network sees something clearly."""
    network = session((MODELS / f"{name}.onnx").read_bytes())
    found: list[Example] = []
    for whole, lean in _feeds(name, folders, trunk):
        heat = network.run([HEAT[name]], whole)[0]
        if heat.max() >= CLEAR:
            found.append(Example(whole, lean, heat[0, 0]))
        if len(found) == PICTURES:
            break
    return found


def _feeds(name: str, folders: Sequence[Path], trunk: Path | None) -> Iterator[tuple[Feed, Feed]]:
    whole_trunk = session((MODELS / "centerface.onnx").read_bytes())
    lean_trunk = None if trunk is None else session(trunk.read_bytes())
    for feed in of_people(folders):
        if lean_trunk is None:
            yield feed, feed
        else:
            yield _shared(whole_trunk, feed), _shared(lean_trunk, feed)


def _shared(trunk: InferenceSession, feed: Feed) -> Feed:
    """What other networks go on from."""
    return dict(zip(TENSORS, trunk.run(list(TENSORS), feed), strict=True))


def narrowing(model: ModelProto) -> list[str]:
    """Outputs of the convolutions behind a depthwise one, in order."""
    graph = Graph(model.graph)
    return [n.output[0] for n in graph.nodes if _is_narrowing(graph, n)]


def _is_narrowing(graph: Graph, node: NodeProto) -> bool:
    if node.op_type != "Conv" or groups(node) > 1:
        return False
    if graph.value(node.input[1]).shape[2] != 1:
        return False
    relu = graph.makers.get(node.input[0])
    before = graph.makers.get(relu.input[0]) if relu is not None else None
    return (
        relu is not None and relu.op_type == "Relu"
        and before is not None and before.op_type == "Conv" and groups(before) > 1
    )  # fmt: skip


def pruned(model: ModelProto, left: dict[str, int], shown: Sequence[Example]) -> ModelProto:
    """Return the network with so many channels left before each of the named outputs."""
    made = copy.deepcopy(model)
    for name, count in left.items():
        _prune(made, model, name, count, shown)
    del made.graph.value_info[:]
    onnx.checker.check_model(made)
    return made


def _prune(
    made: ModelProto, whole: ModelProto, name: str, count: int, shown: Sequence[Example]
) -> None:
    graph = Graph(made.graph)
    narrow = graph.makers[name]
    inner, (wanted, beside) = narrow.input[0], _sum(graph, name)
    moments = _moments(made, whole, inner, wanted, beside, shown)
    stay, weights = fewer(*moments, count)
    graph.put(narrow.input[1], weights[:-1].T[:, :, None, None])
    graph.put(narrow.input[2], weights[-1])
    look = graph.makers[graph.makers[inner].input[0]]
    widen = graph.makers[graph.makers[look.input[0]].input[0]]
    for node in (look, widen):
        for value in node.input[1:3]:
            graph.put(value, graph.value(value)[stay])
    for attribute in look.attribute:
        if attribute.name == "group":
            attribute.i = count


def _sum(graph: Graph, name: str) -> tuple[str, str | None]:
    """The sum that an output is added into, and what it is added to; itself and None where there
    is no sum, or where the other comes later."""
    for taker in graph.takers.get(name, []):
        if taker.op_type == "Add":
            other = next(i for i in taker.input if i != name)
            order = [n.output[0] for n in graph.nodes]
            if order.index(other) < order.index(name):
                return taker.output[0], other
    return name, None


def _moments(
    made: ModelProto, whole: ModelProto, inner: str, wanted: str, beside: str | None,
    shown: Sequence[Example],
) -> tuple[Array, Array]:  # fmt: skip
    """Second moments of the channels with a constant 1, (c + 1, c + 1), and of these with what
    shall come out, (c + 1, o)."""
    names = [inner, *([beside] if beside else [])]
    pruned_session, whole_session = _opened(made, names), _opened(whole, [wanted])
    rng = np.random.default_rng(0)
    own, joint = 0.0, 0.0
    for example in shown:
        x, *rest = pruned_session.run(names, example.pruned)
        y = whole_session.run([wanted], example.whole)[0] - (rest[0] if rest else 0)
        weight = _weights(example.heat, x.shape[2:]).ravel()
        rows, goals = x[0].reshape(x.shape[1], -1), y[0].reshape(y.shape[1], -1)
        if rows.shape[1] > MOST_CELLS:
            some = rng.choice(rows.shape[1], MOST_CELLS, replace=False)
            rows, goals, weight = rows[:, some], goals[:, some], weight[some]
        rows = np.vstack([rows, np.ones((1, rows.shape[1]), np.float32)])
        weighted = rows * (weight / weight.sum())
        own = own + (weighted @ rows.T).astype(np.float64)
        joint = joint + (weighted @ goals.T).astype(np.float64)
    return np.asarray(own) / len(shown), np.asarray(joint) / len(shown)


def with_outputs(model: ModelProto, names: Sequence[str]) -> ModelProto:
    """The network, with these tensors among what it gives."""
    copied = copy.deepcopy(model)
    told = {o.name for o in copied.graph.output}
    for name in names:
        if name not in told:
            copied.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    return copied


def _opened(model: ModelProto, names: Sequence[str]) -> InferenceSession:
    return session(with_outputs(model, names).SerializeToString())


def _weights(heat: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    warm = cv2.dilate((heat > WARM).astype(np.float32), np.ones((AROUND, AROUND)))
    return np.asarray(
        1 + TIMES * cv2.resize(warm, (shape[1], shape[0]), interpolation=cv2.INTER_AREA), np.float32
    )


if __name__ == "__main__":
    main()
