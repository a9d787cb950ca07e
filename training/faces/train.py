"""Teaches CenterFace's later layers. The same command starts it, and goes on where it stopped.

    python -m training.faces.train RUN --data PICTURES DATA/plates-train-* [--minutes 60]

RUN is a folder: `last.pt` holds everything to go on from, `log.jsonl` a line for every fifty steps.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from training.faces.later import HEAT, MIDDLES, SIZES, later, whole
from training.faces.loss import loss
from training.faces.pictures import load
from training.faces.samples import Sample, Samples
from training.lean.train import EXACT_FROM, resumed
from training.train import LOG_EVERY, SAVE_EVERY, State, averaged, rate_at, save
from training.trunk import TENSORS

BATCH = 16

RATE = 1.5e-4
"""Largest step as a share of the mean size of a layer's weights."""


def main() -> None:
    """Trains until --steps are done or --minutes are over, whichever is first."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("run", type=Path)
    p.add_argument("--data", type=Path, nargs="+", required=True)
    p.add_argument("--steps", type=int, default=2600, help="of the whole training")
    p.add_argument("--minutes", type=float, default=60, help="of this piece")
    a = p.parse_args()
    a.run.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)  # a forked worker waits for ever for threads that its parent had
    torch.set_num_threads(1)
    torch.manual_seed(0)
    state = resumed(a.run / "last.pt", later(whole()), RATE)
    pictures = load(a.data)
    print(f"{len(pictures)} pictures, from step {state.step} of {a.steps}", flush=True)
    samples = Samples(pictures, BATCH, seed=1000 + state.step)
    loader = DataLoader(samples, batch_size=None, num_workers=1, prefetch_factor=4)
    train(state, loader, a.run, steps=a.steps, until=time.monotonic() + 60 * a.minutes)


def train(state: State, loader: Iterable[Sample], run: Path, *, steps: int, until: float) -> None:
    """The loop."""
    sums: list[list[float]] = []
    for tensors, wanted in loader:
        if state.step >= steps or time.monotonic() > until:
            break
        for group in state.optimiser.param_groups:
            group["lr"] = group["peak"] * rate_at(state.step, steps)
        given = [t.contiguous(memory_format=torch.channels_last) for t in tensors]
        is_rounded = state.step < EXACT_FROM * steps and torch.cpu._is_avx512_bf16_supported()
        with torch.autocast("cpu", torch.bfloat16, enabled=is_rounded):
            said = state.net(dict(zip(TENSORS, given, strict=True)), (HEAT, SIZES, MIDDLES))
        parts = loss(*(s.float() for s in said), wanted)
        state.optimiser.zero_grad()
        torch.stack(parts).sum().backward()
        nn.utils.clip_grad_norm_(state.net.parameters(), 10.0)
        state.optimiser.step()
        averaged(state)
        state.step += 1
        sums.append([float(p.detach()) for p in parts])
        if state.step % LOG_EVERY == 0:
            line = {"step": state.step, "losses": np.mean(sums, axis=0).round(4).tolist()}
            with open(run / "log.jsonl", "a") as log:
                log.write(json.dumps(line) + "\n")
            print(line, flush=True)
            sums = []
        if state.step % SAVE_EVERY == 0:
            save(state, run / "last.pt")
    save(state, run / "last.pt")


if __name__ == "__main__":
    main()
