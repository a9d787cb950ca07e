"""CenterFace's early layers, as they are: run by ONNX Runtime, never trained, so faces are found as
before.

Its later layers, from stride 8 on, are copied into the plate network, and trained there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from training.graph import drop_unread

TENSORS = ("387", "413")
"""What the plate network is given: 24 channels at stride 4, 32 channels at stride 8."""


class Trunk:
    """Pictures to the tensors of CenterFace that the plate network starts from."""

    def __init__(self, model: bytes, threads: int) -> None:
        import onnxruntime as ort

        settings = ort.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.log_severity_level = 3
        self._session: Any = ort.InferenceSession(
            _pruned(model), settings, providers=["CPUExecutionProvider"]
        )

    def features(self, rgb: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """One array for each of TENSORS, (n, channels, h / stride, w / stride).

        rgb  (n, h, w, 3); h and w are multiples of 32.
        """
        tensor = np.ascontiguousarray(rgb.transpose(0, 3, 1, 2), np.float32)
        return list(self._session.run(list(TENSORS), {self._session.get_inputs()[0].name: tensor}))


def _pruned(data: bytes) -> bytes:
    """The model up to TENSORS, and no further."""
    model = onnx.load_model_from_string(data)
    del model.graph.output[:]
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in TENSORS
    )
    drop_unread(model.graph)
    return bytes(model.SerializeToString())


def later_layers(data: bytes) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """(weights, bias) of CenterFace's convolutions after the last of TENSORS, in order, up to its
    stride-32 map."""
    graph = onnx.load_model_from_string(data).graph
    values = {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}
    names = [n.output[0] for n in graph.node]
    after = graph.node[names.index(TENSORS[-1]) + 1 : names.index("500")]
    return [(values[n.input[1]], values[n.input[2]]) for n in after if n.op_type == "Conv"]
