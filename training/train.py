"""Trains the plate network. The same command starts it, and starts it again where it stopped.

    python -m training.train RUN --data ../shared/data/plates-train-* [--bank BANK] [--minutes 60]

RUN is a folder: `last.pt` holds everything to go on from, `log.jsonl` a line for every fifty steps.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch
from torch import nn
from torch.utils.data import DataLoader

from training import network, pictures
from training.export import exported_weights, fold
from training.samples import Samples
from training.trunk import later_layers

BATCH = 12
RATE, RATE_COPIED = 2e-3, 4e-4
"""Learning rates of new layers, and of those that come from CenterFace."""

STARTED = 0.3
"""Factor of both for a network that was trained before."""

WARM_UP = 300
"""Steps."""

KEEP = 0.998
"""Share of the averaged weights that stays in each step; the average is what is exported."""

SAVE_EVERY, LOG_EVERY = 250, 50


@dataclass(slots=True)
class State:
    """What a checkpoint holds."""

    net: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0


def main() -> None:
    """Trains until --steps are done or --minutes are over, whichever is first."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("run", type=Path)
    p.add_argument("--data", type=Path, nargs="+", required=True)
    p.add_argument(
        "--bank", type=Path, help="synthetic plates, made by python -m training.synthetic"
    )
    p.add_argument("--extra", type=Path, help="JSON of boxes that the labels leave out")
    p.add_argument("--model", type=Path, default=Path("src/efface/detect/models/centerface.onnx"))
    p.add_argument(
        "--start", type=Path, help="ONNX file of training.export whose weights it starts from"
    )
    p.add_argument(
        "--steps",
        type=int,
        default=12000,
        help="of the whole training; the learning rate falls to 0 at its end",
    )
    p.add_argument("--minutes", type=float, default=60, help="of this piece")
    p.add_argument("--workers", type=int, default=2)
    a = p.parse_args()
    a.run.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)  # a forked worker waits for ever for threads that its parent had
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = a.model.read_bytes()
    state = resumed(a.run / "last.pt", model, device, a.start)
    labelled = pictures.load(a.data, a.extra)
    print(f"{len(labelled)} pictures, from step {state.step} of {a.steps}, on {device}", flush=True)
    samples = Samples(labelled, model, a.bank, BATCH, seed=state.step)
    loader = DataLoader(samples, batch_size=None, num_workers=a.workers, prefetch_factor=3)
    train(
        state, loader, a.run, steps=a.steps, until=time.monotonic() + 60 * a.minutes, device=device
    )


def resumed(path: Path, model: bytes, device: str, start: Path | None = None) -> State:
    """The state at the last checkpoint, or a new one.

    start  an exported network to start from. Its batch normalisation is folded into the
           convolutions, and stays so.
    """
    net = network.PlateNetwork()
    net.start_from(later_layers(model))
    if start is not None:
        fold(net.eval())
        net.load_state_dict(exported_weights(start))
    net.to(device)
    average = deepcopy(net).eval()
    copied = list(net.blocks.parameters())
    new = [p for name, p in net.named_parameters() if not name.startswith("blocks.")]
    slower = 1.0 if start is None else STARTED
    groups = [
        {"params": new, "peak": RATE * slower},
        {"params": copied, "peak": RATE_COPIED * slower},
    ]
    state = State(net, average, torch.optim.AdamW(groups, lr=RATE, weight_decay=1e-4))
    if path.exists():
        saved = torch.load(path, map_location=device, weights_only=True)
        net.load_state_dict(saved["net"])
        average.load_state_dict(saved["average"])
        state.optimiser.load_state_dict(saved["optimiser"])
        state.step = saved["step"]
    return state


def save(state: State, path: Path) -> None:
    """Whole or not at all."""
    draft = path.with_suffix(".draft")
    parts = {"net": state.net, "average": state.average, "optimiser": state.optimiser}
    torch.save(
        {**{name: part.state_dict() for name, part in parts.items()}, "step": state.step}, draft
    )
    os.replace(draft, path)


def train(
    state: State, loader: DataLoader, run: Path, *, steps: int, until: float, device: str
) -> None:
    """The loop."""
    sums, began = [0.0, 0.0], time.monotonic()
    # Processors without such instructions only imitate them, many times slower than floats.
    has_bfloat16 = device == "cuda" or torch.cpu._is_avx512_bf16_supported()
    state.net.train().to(memory_format=torch.channels_last)  # a fifth faster on processors
    for features, wanted in loader:
        if state.step >= steps or time.monotonic() > until:
            break
        for group in state.optimiser.param_groups:
            group["lr"] = group["peak"] * rate_at(state.step, steps)
        with torch.autocast(device, torch.bfloat16, enabled=has_bfloat16):
            heat, sides = state.net(*(f.to(device) for f in features))
        of_heat, of_sides = network.loss(heat, sides, tuple(w.to(device) for w in wanted))
        state.optimiser.zero_grad()
        (of_heat + 2 * of_sides).backward()
        nn.utils.clip_grad_norm_(state.net.parameters(), 10.0)
        state.optimiser.step()
        averaged(state)
        state.step += 1
        sums = [sums[0] + float(of_heat.detach()), sums[1] + float(of_sides.detach())]
        if state.step % LOG_EVERY == 0:
            line = {"step": state.step, "heat": sums[0] / LOG_EVERY, "sides": sums[1] / LOG_EVERY,
                    "seconds": round(time.monotonic() - began, 1)}  # fmt: skip
            with open(run / "log.jsonl", "a") as log:
                log.write(json.dumps(line) + "\n")
            print(line, flush=True)
            sums, began = [0.0, 0.0], time.monotonic()
        if state.step % SAVE_EVERY == 0:
            save(state, run / "last.pt")
    save(state, run / "last.pt")


def rate_at(step: int, steps: int) -> float:
    """The share of the peak learning rate at this step: a short rise, and a cosine down to 0.02."""
    return min(1, (step + 1) / WARM_UP) * (0.02 + 0.98 * (1 + math.cos(math.pi * step / steps)) / 2)


@torch.no_grad()
def averaged(state: State, most: float = KEEP) -> None:
    """Moves the averaged weights towards the new ones, quickly at first."""
    keep = min(most, (1 + state.step) / (10 + state.step))
    new = state.net.state_dict()
    for name, old in state.average.state_dict().items():
        if old.is_floating_point():
            old.lerp_(new[name], 1 - keep)
        else:
            old.copy_(new[name])


if __name__ == "__main__":
    main()
