"""Writes the averaged weights of a checkpoint as ONNX, and pins their checksum.

python -m training.faces.export RUN/last.pt src/efface/detect/models/faces.onnx --pin
src/efface/detect/faces.sha256
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn

from training.faces.network import STRIDES, FaceNetwork

OPSET = 17


class Deployed(nn.Module):
    """RGB in, as efface reads it; scores from 0 to 1 out, and boxes as middle and half size in
    pixels of the input."""

    def __init__(self, net: FaceNetwork) -> None:
        super().__init__()
        self.net = net

    def forward(self, rgb: Tensor) -> list[Tensor]:
        """(1, 3, h, w) -> score (1, 1, h', w') and box (1, 4, h', w') for each stride."""
        made = []
        for score, box in self.net(rgb):
            made += [score.sigmoid().prod(dim=1, keepdim=True), box]
        return made


def deployed(net: FaceNetwork) -> Deployed:
    """The network with the order of colours turned: the weights of the first layer are, so it costs
    nothing."""
    with torch.no_grad():
        net.stem.conv1.weight.copy_(net.stem.conv1.weight.flip(1))
    return Deployed(net).eval()


def export(net: FaceNetwork, target: Path) -> None:
    """Writes the file."""
    names = [f"{part}_{stride}" for stride in STRIDES for part in ("score", "box")]
    axes = {"rgb": {2: "height", 3: "width"}} | {n: {2: f"h{n}", 3: f"w{n}"} for n in names}
    torch.onnx.export(
        deployed(net),
        (torch.zeros(1, 3, 64, 96),),
        str(target),
        input_names=["rgb"],
        output_names=names,
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )


def main() -> None:
    """See the module."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("checkpoint", type=Path)
    p.add_argument("target", type=Path)
    p.add_argument("--pin", type=Path)
    a = p.parse_args()
    net = FaceNetwork()
    net.load_state_dict(torch.load(a.checkpoint, map_location="cpu", weights_only=True)["average"])
    export(net, a.target)
    if a.pin:
        a.pin.write_text(f"{hashlib.sha256(a.target.read_bytes()).hexdigest()}  {a.target.name}\n")


if __name__ == "__main__":
    main()
