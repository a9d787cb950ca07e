"""Writes the averaged weights of a run as ONNX, with batch normalisation folded in, and its
checksum.

python -m training.export RUN/last.pt src/efface/detect/models/plates.onnx --pin
src/efface/detect/plates.sha256
"""

from __future__ import annotations

import argparse
import hashlib
import io
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training.network import PlateNetwork
from training.trunk import TENSORS

OPSET = 17
INPUTS = ("stride4", "stride8")
OUTPUTS = ("heat", "sides")


class Exported(nn.Module):
    """The network as efface runs it: heat after the sigmoid."""

    def __init__(self, net: PlateNetwork) -> None:
        super().__init__()
        self.net = net

    def forward(self, stride4: Tensor, stride8: Tensor) -> tuple[Tensor, Tensor]:
        heat, sides = self.net(stride4, stride8)
        return torch.sigmoid(heat), sides


def asked(description: str | None) -> argparse.Namespace:
    """Return checkpoint, target and pin, as the command line names them."""
    p = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("checkpoint", type=Path)
    p.add_argument("target", type=Path)
    p.add_argument("--pin", type=Path, help="file for the SHA-256 of the target")
    return p.parse_args()


def write(data: bytes, step: int, a: argparse.Namespace) -> None:
    """Write the network, and its checksum if that is asked for."""
    a.target.write_bytes(data)
    checksum = hashlib.sha256(data).hexdigest()
    if a.pin:
        a.pin.write_text(f"{checksum}  {a.target.name}\n", "ascii")
    print(f"step {step}: {len(data) / 1e6:.1f} MB, SHA-256 {checksum}")


def main() -> None:
    """Command line."""
    a = asked(__doc__)
    net = PlateNetwork()
    write(exported(net), loaded(net, a.checkpoint), a)


def loaded(net: PlateNetwork, checkpoint: Path) -> int:
    """Give the network the averaged weights of a checkpoint, ready for export. Return the step."""
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    net.eval()
    if not any("running_mean" in name for name in saved["average"]):
        fold(net)  # it started from exported weights
    net.load_state_dict(saved["average"])
    return int(saved["step"])


def exported_weights(path: Path) -> dict[str, Tensor]:
    """Return the weights of an exported network by the names that they have in a folded one."""
    graph = onnx.load(path).graph
    arrays = {i.name.removeprefix("net."): onnx.numpy_helper.to_array(i) for i in graph.initializer}
    return {name: torch.tensor(array) for name, array in arrays.items()}


def exported(net: PlateNetwork) -> bytes:
    """The ONNX file. Batch, height and width are free."""
    fold(net)
    stream = io.BytesIO()
    free = {name: {0: "n", 2: f"h{name}", 3: f"w{name}"} for name in INPUTS}
    free |= {name: {0: "n", 2: "oh", 3: "ow"} for name in OUTPUTS}
    torch.onnx.export(
        Exported(net),
        (torch.zeros(1, 24, 32, 32), torch.zeros(1, 32, 16, 16)),
        stream,
        opset_version=OPSET,
        input_names=list(INPUTS),
        output_names=list(OUTPUTS),
        dynamic_axes=free,
        dynamo=False,
    )
    model = onnx.load_model_from_string(stream.getvalue())
    names = dict(zip(INPUTS, TENSORS, strict=True))  # the exporter takes no numbers for names
    for value in model.graph.input:
        value.name = names[value.name]
    for node in model.graph.node:
        node.doc_string = ""  # paths of the machine that exports
        for i, name in enumerate(node.input):
            node.input[i] = names.get(name, name)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def fold(module: nn.Module) -> None:
    """Folds each batch normalisation into the convolution before it."""
    for child in module.children():
        fold(child)
    if isinstance(module, nn.Sequential):
        for i in range(len(module) - 1):
            if isinstance(module[i], nn.Conv2d) and isinstance(module[i + 1], nn.BatchNorm2d):
                module[i] = fuse_conv_bn_eval(module[i], module[i + 1])
                module[i + 1] = nn.Identity()


if __name__ == "__main__":
    main()
