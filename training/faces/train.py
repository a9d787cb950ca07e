"""Trains the small face network. The same command starts it, and starts it again where it stopped.

    python -m training.faces.train RUN --data PICTURES --start yunet_n.pth [--minutes 60]

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

import torch
from torch import nn
from torch.utils.data import DataLoader

from training.faces.loss import loss
from training.faces.network import FaceNetwork
from training.faces.pictures import load
from training.faces.samples import Samples

BATCH = 16
RATE = 4e-4
PULL = 0.02
"""Weight of the squared distance to the published weights (L2-SP, Li et al. 2018, arXiv
1802.01483). What they know of crowds, which are few among these pictures, shall not be forgotten:
without it recall on WIDER FACE fell from .88 to .80."""
WARM_UP = 100
KEEP = 0.995
"""Share of the averaged weights that stays in each step; the average is what is exported."""

SAVE_EVERY, LOG_EVERY = 100, 50


@dataclass(slots=True)
class State:
    """What a checkpoint holds."""

    net: FaceNetwork
    average: FaceNetwork
    optimiser: torch.optim.Optimizer
    start: list[torch.Tensor]
    step: int = 0


def main() -> None:
    """Trains until --steps are done or --minutes are over, whichever is first."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("run", type=Path)
    p.add_argument("--data", type=Path, required=True)
    p.add_argument(
        "--start",
        type=Path,
        required=True,
        help="weights/yunet_n.pth of ShiqiYu/libfacedetection.train",
    )
    p.add_argument(
        "--steps",
        type=int,
        default=4000,
        help="of the whole training; the learning rate falls to 0 at its end",
    )
    p.add_argument("--minutes", type=float, default=60, help="of this piece")
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    a.run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(a.threads)
    state, pictures = resumed(a.run / "last.pt", a.start), load(a.data)
    print(f"{len(pictures)} pictures, from step {state.step} of {a.steps}", flush=True)
    loader = DataLoader(
        Samples(pictures, BATCH, seed=state.step), batch_size=None, num_workers=1, prefetch_factor=3
    )
    train(state, loader, a.run, steps=a.steps, until=time.monotonic() + 60 * a.minutes)


def resumed(path: Path, start: Path) -> State:
    """The state at the last checkpoint, or that of the published weights."""
    net = FaceNetwork()
    net.start_from(torch.load(start, map_location="cpu", weights_only=False)["state_dict"])
    net.to(memory_format=torch.channels_last)
    state = State(
        net,
        deepcopy(net).eval(),
        torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.0),
        [p.detach().clone() for p in net.parameters()],
    )
    if path.exists():
        saved = torch.load(path, map_location="cpu", weights_only=True)
        net.load_state_dict(saved["net"])
        state.average.load_state_dict(saved["average"])
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


def train(state: State, loader: DataLoader, run: Path, *, steps: int, until: float) -> None:
    """The loop.

    Batch norm keeps YuNet's statistics: batches are small, and spoiled pictures are only a part of
    the world.
    """
    sums, began = [0.0, 0.0], time.monotonic()
    state.net.eval()
    for pictures, faces in loader:
        if state.step >= steps or time.monotonic() > until:
            break
        rate = min(1, (state.step + 1) / WARM_UP) * (
            0.02 + 0.98 * (1 + math.cos(math.pi * state.step / steps)) / 2
        )
        for group in state.optimiser.param_groups:
            group["lr"] = RATE * rate
        with torch.autocast("cpu", torch.bfloat16):
            maps = state.net(pictures.float().to(memory_format=torch.channels_last))
        of_scores, of_boxes = loss(maps, faces)
        pulled = sum(
            (p - q).square().sum() for p, q in zip(state.net.parameters(), state.start, strict=True)
        )
        state.optimiser.zero_grad()
        (of_scores + of_boxes + PULL * pulled).backward()
        nn.utils.clip_grad_norm_(state.net.parameters(), 10.0)
        state.optimiser.step()
        averaged(state)
        state.step += 1
        sums = [sums[0] + float(of_scores.detach()), sums[1] + float(of_boxes.detach())]
        if state.step % LOG_EVERY == 0:
            line = {
                "step": state.step,
                "scores": round(sums[0] / LOG_EVERY, 4),
                "boxes": round(sums[1] / LOG_EVERY, 4),
                "seconds": round(time.monotonic() - began, 1),
            }
            with open(run / "log.jsonl", "a") as log:
                log.write(json.dumps(line) + "\n")
            print(line, flush=True)
            sums, began = [0.0, 0.0], time.monotonic()
        if state.step % SAVE_EVERY == 0:
            save(state, run / "last.pt")
    save(state, run / "last.pt")


@torch.no_grad()
def averaged(state: State) -> None:
    """Moves the averaged weights towards the new ones, quickly at first."""
    keep = min(KEEP, (1 + state.step) / (10 + state.step))
    new = state.net.state_dict()
    for name, old in state.average.state_dict().items():
        if old.is_floating_point():
            old.lerp_(new[name], 1 - keep)
        else:
            old.copy_(new[name])


if __name__ == "__main__":
    main()
