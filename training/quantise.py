"""Makes the eight-bit networks from those of 32-bit floats, without training: each sum of a layer
is of integers then.

python -m training.quantise centerface --data DATA/plates-train-*
python -m training.quantise plates --data DATA/plates-train-*      (after the other: it is shown
                                                                   what that one makes)
python -m training.quantise persons --data PICTURES                (the same)

With --lean it makes those of the pruned networks, beside them (training/lean).

Three steps. Channels are scaled so that all of a layer need about the same range (cross-layer
equalisation, Nagel et al. 2019, arXiv 1906.04721; between what is seen and what weighs it, as in
SmoothQuant, Xiao et al. 2022, arXiv 2211.10438). Each tensor's range is taken from pictures. ONNX
Runtime's own tool writes the rest. Weights use seven bits of the eight: sums of two products then
fit into 16 bits, and processors with and without VNNI come to the same result.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, TensorProto, numpy_helper
from onnx.version_converter import convert_version
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from training.context.vehicles import pictures_of
from training.graph import Array, Graph, drop_unread, groups
from training.pictures import load

MODELS, LEAN = Path("src/efface/detect/models"), Path("training/lean/weights")

OPSET, IR = 13, 8
"""The first version that knows a scale for each channel."""

TOLD = {
    "centerface": ("537", "538", "539", "387", "413"),
    "plates": ("heat", "sides"),
    "persons": ("heat", "sides"),
}
"""Outputs that somebody reads.

CenterFace's landmarks are not among them, and the new file does not hold them.
"""

HEADS = ".heads"
"""Ending of the tensor that joined heads give."""

_OWN = (
    "/net/blocks.0/widen/Conv_output_0", "/net/side8/side8.0/Conv_output_0",
    "/net/side4/side4.0/Conv_output_0",
    "/net/heat/Conv_output_0", "/net/sides/Conv_output_0",
    "/net/mix4/mix4.1/mix4.1.2/Relu_output_0" + HEADS,
)  # fmt: skip
EXACT = {
    "centerface": ("363", "366", "536", "537", "538", "539", "535" + HEADS),
    "plates": _OWN,
    "persons": _OWN,
}
"""Layers that keep their floats, by their output: the first ones and the heads. So do those whose
results are added up: these are small differences of large numbers. All of them together cost no
time, and halve the error of the heat map."""

FLOATS, FLOATS_OF_LEAN = ("Mul",), ("Mul", "Split", "Sigmoid")
"""Kinds of nodes that keep their floats."""

MOST_OF_A_HEAD = 4
"""Channels of a map that says what is where. No other convolution gives so few."""

BETWEEN = 0.5
"""Share of a channel's range that goes into the weights behind it, where these mix channels. .3 to
.7 make no difference."""

LEAST = 0.1
"""No channel is enlarged to more than ten times the largest: what is hardly seen here may be large
elsewhere."""

PICTURES = 36
LONGEST = (640, 320, 960)
"""Longer sides that the pictures are shown in, in turn."""

CLEAR = 0.5
"""Score of a face, or a plate, in each of them: ranges chosen by any pictures make faces weaker, as
they hold hardly any."""

REACH = 1.1
"""Ranges are so much larger than what was seen. Ranges of least squared error, as is usual, cut off
what is rare, as faces and plates are: on held-back pictures plates then lost .03 of their score and
2 % of their size, and so .004 and .1 %."""

Feed = dict[str, NDArray[np.float32]]


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("name", choices=sorted(TOLD))
    p.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help="folders of pictures to choose ranges by",
    )
    p.add_argument("--lean", action="store_true", help="of the pruned network")
    a = p.parse_args()
    home = LEAN if a.lean else MODELS
    floats = (home / f"{a.name}.onnx").read_bytes()
    if a.name == "centerface":
        feeds = pictures(a.data, session(floats))
    else:
        trunk = session((home / "centerface-int8.onnx").read_bytes())
        feeds = features(a.name, a.data, trunk, session(floats))
    data = quantised(floats, TOLD[a.name], EXACT[a.name], feeds, is_lean=a.lean)
    target = home / f"{a.name}-int8.onnx"
    target.write_bytes(data)
    checksum = hashlib.sha256(data).hexdigest()
    if not a.lean:
        pin = MODELS.parent / f"{a.name}-int8.sha256"
        pin.write_text(f"{checksum}  models/{target.name}\n", "ascii")
    print(f"{len(data) / 1e6:.1f} MB, SHA-256 {checksum}")


def pictures(folders: Sequence[Path], trunk: ort.InferenceSession) -> list[Feed]:
    """Those with a clear face, as CenterFace takes them."""
    return _first(feed for feed in _all(folders) if np.max(trunk.run(["537"], feed)[0]) >= CLEAR)


def features(
    name: str, folders: Sequence[Path], trunk: ort.InferenceSession, network: ort.InferenceSession
) -> list[Feed]:
    """What the trunk makes of pictures with a clear plate or person, as the network for these takes
    it."""
    names = [i.name for i in network.get_inputs()]
    shown = _all(folders) if name == "plates" else of_people(folders)
    made = (dict(zip(names, trunk.run(names, feed), strict=True)) for feed in shown)
    return _first(feed for feed in made if np.max(network.run(["heat"], feed)[0]) >= CLEAR)


def _first(feeds: Iterator[Feed]) -> list[Feed]:
    return list(itertools.islice(feeds, PICTURES))


def _all(folders: Sequence[Path]) -> Iterator[Feed]:
    """In an order by chance that is always the same."""
    found = load(folders)
    for turn, i in enumerate(np.random.default_rng(1).permutation(len(found))):
        yield {"input.1": padded(found[i].rgb, LONGEST[turn % len(LONGEST)])}


def of_people(folders: Sequence[Path], seed: int = 1) -> Iterator[Feed]:
    """The same of every picture, whatever its labels."""
    found = list(pictures_of(list(folders)))
    for turn, i in enumerate(np.random.default_rng(seed).permutation(len(found))):
        bgr = cv2.imread(str(found[i]))
        yield {"input.1": padded(np.asarray(bgr[..., ::-1]), LONGEST[turn % len(LONGEST)])}


def padded(rgb: NDArray[np.uint8], longest: int) -> NDArray[np.float32]:
    scale = longest / max(rgb.shape[:2])
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    tensor = np.zeros((1, 3, -(-height // 32) * 32, -(-width // 32) * 32), np.float32)
    tensor[0, :, :height, :width] = small.transpose(2, 0, 1)
    return tensor


def quantised(
    data: bytes, told: Sequence[str], exact: Sequence[str], feeds: Sequence[Feed], *, is_lean: bool
) -> bytes:
    """The network in eight bits, as ONNX with pairs of QuantizeLinear and DequantizeLinear."""
    model = simplified(data, told)
    if is_lean:
        join_heads(model.graph)
    floats = FLOATS_OF_LEAN if is_lean else FLOATS
    equalise(Graph(model.graph), model, feeds)
    graph = Graph(model.graph)
    exact = {*exact, *(node.output[0] for makers, _, _ in graph.sums() for node in makers)}
    steps = ranges(model, [t for t in graph.makers if graph.is_rounded(t)], feeds)
    overrides = {t: [_override(step, zero)] for t, (step, zero) in steps.items()}
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, before)
        quantize_static(
            before,
            after,
            _Reader(feeds[:1]),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[
                n.name for n in graph.nodes if n.op_type in floats or n.output[0] in exact
            ],
            extra_options={"TensorQuantOverrides": overrides},
        )
        made = onnx.load(after)
    require_seven_bits(made.graph)
    return bytes(made.SerializeToString(deterministic=True))


def require_seven_bits(graph: GraphProto) -> None:
    """Raises ValueError where sums of two products could outgrow 16 bits:

    2 * 255 * 64 is below 32768.
    """
    for value in graph.initializer:
        if (
            value.data_type == TensorProto.INT8
            and np.abs(numpy_helper.to_array(value).astype(int)).max() > 64
        ):
            raise ValueError(f"{value.name} needs more than seven bits")


def _override(step: float, zero: int) -> dict[str, object]:
    """In place of what the tool would choose."""
    return {
        "quant_type": QuantType.QUInt8,
        "scale": np.array(step, np.float32),
        "zero_point": np.array(zero, np.uint8),
    }


class _Reader(CalibrationDataReader):
    """The tool wants pictures of its own; what it finds by them is overridden."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._feeds, None)


def simplified(data: bytes, told: Sequence[str]) -> ModelProto:
    """Only what leads to `told`, batch normalisations folded, each node with a name, in version
    OPSET."""
    model = onnx.load_model_from_string(data)
    if model.opset_import[0].version < OPSET:
        model = convert_version(model, OPSET)
    model.ir_version = max(IR, model.ir_version)
    graph = model.graph
    _fold(graph)
    inputs = [
        i for i in graph.input if i.name not in {v.name for v in graph.initializer}
    ]  # the converter adds them
    outputs = [o for o in graph.output if o.name in told]
    del graph.input[:], graph.output[:], graph.value_info[:]
    graph.input.extend(inputs)
    graph.output.extend(outputs)
    drop_unread(graph)
    for i, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{i}"
    return model


def _fold(graph: GraphProto) -> None:
    """Folds each batch normalisation into the transposed convolution before it, the only kind that
    CenterFace has left."""
    values = {i.name: i for i in graph.initializer}
    makers = {o: n for n in graph.node for o in n.output}
    for node in [n for n in graph.node if n.op_type == "BatchNormalization"]:
        before = makers[node.input[0]]
        gain, bias, mean, variance = (
            numpy_helper.to_array(values[k]).astype(np.float64) for k in node.input[1:5]
        )
        epsilon = next((a.f for a in node.attribute if a.name == "epsilon"), 1e-5)
        by = gain / np.sqrt(variance + epsilon)
        weights = numpy_helper.to_array(values[before.input[1]]) * by[None, :, None, None]
        values[before.input[1]].CopyFrom(
            numpy_helper.from_array(weights.astype(np.float32), before.input[1])
        )
        name = f"{before.output[0]}.bias"
        graph.initializer.append(
            numpy_helper.from_array((bias - mean * by).astype(np.float32), name)
        )
        before.input.append(name)
        before.output[0] = node.output[0]
        graph.node.remove(node)


def join_heads(graph: GraphProto) -> None:
    """Makes one convolution of the heads, which read the same tensor: each alone would be computed
    for as many channels as fit into a register, and has up to four."""
    values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    nodes = list(graph.node)
    heads = [n for n in nodes if n.op_type == "Conv" and len(values[n.input[1]]) <= MOST_OF_A_HEAD]
    for read in dict.fromkeys(n.input[0] for n in heads):
        these = [n for n in heads if n.input[0] == read]
        joined, names = read + HEADS, [f"{read}.{part}" for part in ("weights", "bias", "split")]
        parts = [np.concatenate([values[n.input[i]] for n in these]) for i in (1, 2)]
        counts = np.array([len(values[n.input[1]]) for n in these], np.int64)
        graph.initializer.extend(
            numpy_helper.from_array(np.asarray(a), n)
            for a, n in zip([*parts, counts], names, strict=True)
        )
        at = nodes.index(these[0])
        one = onnx.helper.make_node("Conv", [read, *names[:2]], [joined], f"Conv_{joined}")
        one.attribute.extend(these[0].attribute)
        told = [n.output[0] for n in these]
        split = onnx.helper.make_node("Split", [joined, names[2]], told, f"Split_{joined}", axis=1)
        nodes = [n for n in (*nodes[:at], one, split, *nodes[at:]) if n not in these]
    del graph.node[:]
    graph.node.extend(nodes)


def equalise(graph: Graph, model: ModelProto, feeds: Sequence[Feed]) -> None:
    """Scales channels so that one range fits them all."""
    between, sums = list(graph.between_two()), list(graph.sums())
    most = largest(
        model, [t for t, _, _ in between] + [t for *_, line in sums for t in line], feeds
    )
    for tensor, first, second in between:
        if (
            groups(second) > 1
        ):  # each channel has weights, and a range of weights, of its own: nothing is lost by this
            graph.scale([first], [second], _even(most[tensor]))
        else:
            graph.scale([first], [second], _shared(most[tensor], [graph.value(second.input[1])]))
    for makers, takers, line in sums:
        seen = np.max([most[t] for t in line], axis=0)
        by = _shared(seen, [graph.value(n.input[1]) for n in takers])
        graph.scale(makers, takers, by)
        for tensor in graph.outputs & set(line):
            tell_unscaled(model.graph, tensor, by)


def tell_unscaled(graph: GraphProto, tensor: str, by: Array) -> None:
    """What is told to others has its channels as they were."""
    inner, name = f"{tensor}.scaled", f"{tensor}.scale"
    for node in graph.node:
        for names in (node.input, node.output):
            for i, old in enumerate(names):
                names[i] = inner if old == tensor else old
    graph.initializer.append(
        numpy_helper.from_array(by.reshape(1, -1, 1, 1).astype(np.float32), name)
    )
    graph.node.append(onnx.helper.make_node("Mul", [inner, name], [tensor], f"Mul_{tensor}"))


def _shared(seen: Array, weights: Sequence[Array]) -> Array:
    heaviest = np.max([np.abs(w).max((0, 2, 3)) for w in weights], axis=0)
    return _even(np.maximum(seen, 1e-6) ** BETWEEN / np.maximum(heaviest, 1e-8) ** (1 - BETWEEN))


def _even(by: Array) -> Array:
    """Around 1.

    What is hardly seen here may be large elsewhere, so nothing is enlarged without bound.
    """
    by = np.maximum(by, by.max() * LEAST)
    return np.asarray(by / np.exp(np.log(by).mean()) if by.max() > 0 else np.ones_like(by))


def session(data: bytes) -> ort.InferenceSession:
    """On the processor."""
    settings = ort.SessionOptions()
    settings.log_severity_level = 3
    return ort.InferenceSession(data, settings, providers=["CPUExecutionProvider"])


def inside(
    model: ModelProto, tensors: Sequence[str], feeds: Sequence[Feed]
) -> Iterator[list[NDArray[np.float32]]]:
    """The named tensors, for each picture."""
    open_model = copy.deepcopy(model)
    told = {o.name for o in open_model.graph.output}
    more = [
        onnx.helper.make_tensor_value_info(t, TensorProto.FLOAT, None)
        for t in tensors
        if t not in told
    ]
    open_model.graph.output.extend(more)
    running = session(open_model.SerializeToString())
    for feed in feeds:
        yield running.run(list(tensors), feed)


def largest(model: ModelProto, tensors: Sequence[str], feeds: Sequence[Feed]) -> dict[str, Array]:
    """By tensor: the largest magnitude that each channel reaches."""
    found: dict[str, Array] = {}
    for values in inside(model, tensors, feeds):
        for tensor, value in zip(tensors, values, strict=True):
            reached = np.abs(value).max((0, 2, 3)).astype(np.float64)
            found[tensor] = np.maximum(found.get(tensor, reached), reached)
    return found


def ranges(
    model: ModelProto, tensors: Sequence[str], feeds: Sequence[Feed]
) -> dict[str, tuple[float, int]]:
    """By tensor: the size of one of 256 steps, and which of them stands for zero."""
    ends = dict.fromkeys(tensors, (0.0, 1e-06))
    for values in inside(model, tensors, feeds):
        for tensor, value in zip(tensors, values, strict=True):
            low, high = ends[tensor]
            ends[tensor] = min(low, float(value.min())), max(high, float(value.max()))
    return {
        t: (REACH * (high - low) / 255, round(-low / (high - low) * 255))
        for t, (low, high) in ends.items()
    }


if __name__ == "__main__":
    main()
