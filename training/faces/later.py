"""CenterFace in two parts: early layers, which stay as they are, and later ones, which are taught.

Networks for plates and persons go on from the early layers.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto
from onnx.helper import make_graph, make_model, make_tensor_value_info

from training.graph import drop_unread
from training.quantise import MODELS, TOLD, session, simplified
from training.trunk import TENSORS

PUBLISHED = MODELS / "centerface.onnx"

HEAT, SIZES, MIDDLES = "536", "538", "539"
"""What is taught: the score before its sigmoid, the logarithm of a fourth of height and width, and
where in its cell a face's middle is (y, x)."""

CHANNELS = dict(zip(TENSORS, (24, 32), strict=True))

Array = NDArray[np.float32]


def whole() -> ModelProto:
    """The published network, without the layers for landmarks."""
    return simplified(PUBLISHED.read_bytes(), TOLD["centerface"])


def later(network: ModelProto) -> ModelProto:
    """What follows on TENSORS, as a network of its own."""
    names = [n.output[0] for n in network.graph.node]
    after = network.graph.node[names.index(TENSORS[-1]) + 1 :]
    given = [
        make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, f"h{name}", f"w{name}"])
        for name, channels in CHANNELS.items()
    ]
    graph = make_graph(
        after, "later", given, _told(HEAT, SIZES, MIDDLES), network.graph.initializer
    )
    made = make_model(graph, opset_imports=network.opset_import, ir_version=network.ir_version)
    drop_unread(made.graph)
    return made


class Early:
    """The published network, run by ONNX Runtime on one core."""

    def __init__(self) -> None:
        self._early = _session(whole(), *TENSORS)
        self._whole = _session(whole(), "537", SIZES, MIDDLES)

    def tensors(self, rgb: Array) -> list[Array]:
        """Return what later layers go on from, for crops (n, 3, h, w), 0 to 255."""
        return list(self._early.run(list(TENSORS), {"input.1": rgb}))

    def says(self, rgb: Array) -> list[Array]:
        """Return scores, sizes and middles that the published network gives."""
        return list(self._whole.run(["537", SIZES, MIDDLES], {"input.1": rgb}))


def _session(network: ModelProto, *names: str) -> ort.InferenceSession:
    del network.graph.output[:]
    network.graph.output.extend(_told(*names))
    drop_unread(network.graph)
    return session(network.SerializeToString())


def _told(*names: str) -> list[onnx.ValueInfoProto]:
    return [make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
