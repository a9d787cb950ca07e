"""Trains the network on the pieces, and writes RUN/context.onnx, for `training.context.whole`.

    python -m training.context.train RUN

Ten minutes on one core: the shared network's part of the work is done (`training.context.pieces`).
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.context.whole import INPUT

BATCH = (24, 16, 12, 12)
"""Of each batch: plates, look-alikes, other places on vehicles, other places."""

RATE, DECAY, WARM_UP, DROPOUT = 2e-3, 1e-3, 100, 0.3
MIRRORED = 0.5
"""Share of the batches that are mirrored. A mirrored map of features is nearly the map of the
mirrored piece."""


class Context(nn.Module):
    """(n, 32, 24, 24), the map at stride 8, to logits (n, 2): is it a plate, is it on a vehicle."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.BatchNorm2d(32)
        self.body = nn.Sequential(
            _layer(32, 48, 1), _layer(48, 64, 2), _layer(64, 96, 2), _layer(96, 96, 1)
        )
        self.hidden = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(DROPOUT),
            nn.Linear(96 * 36, 64),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
        )
        self.last = nn.Linear(64, 2)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.last(self.hidden(self.body(self.inner(x))))
        return made


class Exported(nn.Module):
    """The network as efface runs it: the mean of both logits, and the layer before, ahead of its
    ReLU, for the self-test: a ReLU would hide half of the weights."""

    def __init__(self, net: Context) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.net.hidden[:3](self.net.body(self.net.inner(x)))
        return self.net.last(self.net.hidden[3:](hidden)).mean(dim=1), hidden


def _layer(inside: int, outside: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("run", type=Path)
    p.add_argument("--steps", type=int, default=2500)
    a = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with np.load(a.run / "pieces.npz") as stored:
        features, labels = stored["features"], stored["labels"]
    net = trained(features, labels, a.steps)
    (a.run / "context.onnx").write_bytes(exported(net))


def trained(features: NDArray[np.float16], labels: NDArray[np.float32], steps: int) -> Context:
    """Train, and print how well the held-back pieces are told apart."""
    groups = np.select([labels[:, 0] == 1, labels[:, 0] == 0, labels[:, 1] == 1], [0, 1, 2], 3)
    held = labels[:, 2] > 0
    rows = [np.flatnonzero((groups == g) & ~held) for g in range(len(BATCH))]
    net, rng = Context(), np.random.default_rng(0)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    for step in range(steps):
        batch = np.concatenate(
            [r[rng.integers(len(r), size=n)] for r, n in zip(rows, BATCH, strict=True)]
        )
        x = torch.from_numpy(features[batch].astype(np.float32)) * torch.exp(
            0.1 * torch.randn(len(batch), 1, 1, 1)
        )
        x = x.flip(3) if rng.random() < MIRRORED else x
        want = torch.from_numpy(labels[batch, :2])
        known = torch.isfinite(want)
        loss = nn.functional.binary_cross_entropy_with_logits(net(x)[known], want[known])
        for group in optimiser.param_groups:
            group["lr"] = (
                RATE * min(1, (step + 1) / WARM_UP) * (1 + np.cos(np.pi * step / steps)) / 2
            )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if (step + 1) % 250 == 0:
            print(
                step + 1,
                float(loss.detach()),
                _areas(net, features[held], labels[held]),
                flush=True,
            )
    return net.eval()


@torch.no_grad()
def _areas(net: Context, features: NDArray[np.float16], labels: NDArray[np.float32]) -> list[float]:
    """Areas under the ROC curve for plates and for vehicles."""
    net.eval()
    parts = np.array_split(features, max(1, len(features) // 256))
    made = np.concatenate([net(torch.from_numpy(f.astype(np.float32))).numpy() for f in parts])
    net.train()
    return [round(area_under_curve(made[:, i], labels[:, i]), 4) for i in (0, 1)]


def area_under_curve(score: NDArray[np.float32], is_true: NDArray[np.float32]) -> float:
    """How often a true one scores above a false one; NaN labels are left out."""
    known = np.isfinite(is_true)
    rank = score[known].argsort().argsort() + 1
    positive = is_true[known] > 0
    n, m = int(positive.sum()), int((~positive).sum())
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * m))


def exported(net: Context) -> bytes:
    """The ONNX file, for any number of pieces."""
    stream = io.BytesIO()
    torch.onnx.export(
        Exported(net.eval()),
        (torch.zeros(1, 32, 24, 24),),
        stream,
        opset_version=17,
        input_names=["stride8"],
        output_names=["logit", "hidden"],
        dynamic_axes={name: {0: "n"} for name in ("stride8", "logit", "hidden")},
        dynamo=False,
    )
    model = onnx.load_model_from_string(stream.getvalue())
    model.graph.input[0].name = INPUT  # the exporter takes no numbers for names
    for node in model.graph.node:
        node.doc_string = ""  # paths of the machine that exports
        for i, name in enumerate(node.input):
            node.input[i] = INPUT if name == "stride8" else name
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
