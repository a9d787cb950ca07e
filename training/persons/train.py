"""Trains the network for persons. The same command starts it, and starts it again where it stopped.

    python -m training.persons.train RUN --pictures PICTURES --notes RUN/vehicles.jsonl
        --faces PICTURES/teachers.jsonl --plates DATA/plates-train-* [--minutes 60]

RUN/last.pt holds everything to go on from, RUN/log.jsonl a line for every fifty steps. Heads and
vehicles are learned beside persons: they teach the layers below what belongs to a person.
"""

from __future__ import annotations

import argparse
import json
import time
from copy import deepcopy
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from training import network
from training.export import exported_weights, fold
from training.persons.labels import KINDS, PERSON, known
from training.persons.network import PersonNetwork
from training.persons.samples import Samples
from training.train import (
    LOG_EVERY,
    RATE,
    RATE_COPIED,
    SAVE_EVERY,
    STARTED,
    State,
    averaged,
    rate_at,
    save,
)
from training.trunk import later_layers


def main() -> None:
    """Trains until --steps are done or --minutes are over, whichever is first."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("run", type=Path)
    p.add_argument("--pictures", type=Path, required=True)
    p.add_argument("--notes", type=Path, required=True)
    p.add_argument("--faces", type=Path, required=True)
    p.add_argument("--plates", type=Path, nargs="*", default=[])
    p.add_argument("--model", type=Path, default=Path("src/efface/detect/models/centerface.onnx"))
    p.add_argument(
        "--start",
        type=Path,
        help="ONNX file of training.persons.export whose weights it starts from",
    )
    p.add_argument("--steps", type=int, default=6000, help="of the whole training")
    p.add_argument("--minutes", type=float, default=60, help="of this piece")
    a = p.parse_args()
    a.run.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)  # a forked worker waits for ever for threads that its parent had
    torch.set_num_threads(1)
    model = a.model.read_bytes()
    state = resumed(a.run / "last.pt", model, a.start)
    pictures = known(a.pictures, a.notes, a.faces, a.plates)
    print(f"{len(pictures)} pictures, from step {state.step} of {a.steps}", flush=True)
    samples = Samples(pictures, model, seed=1000 + state.step)
    loader = DataLoader(samples, batch_size=None, num_workers=1, prefetch_factor=3)
    train(state, loader, a.run, steps=a.steps, until=time.monotonic() + 60 * a.minutes)


def resumed(path: Path, model: bytes, start: Path | None = None) -> State:
    """The state at the last checkpoint, or a new one.

    start  an exported network to start from. Its batch normalisation is folded into the
           convolutions, and stays so.
    """
    torch.manual_seed(0)
    net = PersonNetwork()
    net.start_from(later_layers(model))
    if start is not None:
        start_from_persons(net, exported_weights(start))
    average = deepcopy(net).eval()
    new = [p for name, p in net.named_parameters() if not name.startswith("blocks.")]
    slower = 1.0 if start is None else STARTED
    groups = [
        {"params": new, "peak": RATE * slower},
        {"params": list(net.blocks.parameters()), "peak": RATE_COPIED * slower},
    ]
    state = State(net, average, torch.optim.AdamW(groups, lr=RATE, weight_decay=1e-4))
    if path.exists():
        saved = torch.load(path, weights_only=True)
        net.load_state_dict(saved["net"])
        average.load_state_dict(saved["average"])
        state.optimiser.load_state_dict(saved["optimiser"])
        state.step = saved["step"]
    return state


def start_from_persons(net: PersonNetwork, weights: dict[str, torch.Tensor]) -> None:
    """Take over exported weights. They have the maps of persons alone: those of heads and vehicles
    start anew."""
    fold(net.eval())
    for name, rows in (("heat", [PERSON]), ("sides", [4 * PERSON + side for side in range(4)])):
        for part in ("weight", "bias"):
            whole = net.state_dict()[f"{name}.{part}"].clone()
            whole[rows] = weights[f"{name}.{part}"]
            weights[f"{name}.{part}"] = whole
    net.load_state_dict(weights)


def train(state: State, loader: DataLoader, run: Path, *, steps: int, until: float) -> None:  # type: ignore[type-arg]
    """The loop."""
    sums, began = np.zeros(2 * len(KINDS)), time.monotonic()
    state.net.train().to(memory_format=torch.channels_last)
    for features, wanted in loader:
        if state.step >= steps or time.monotonic() > until:
            break
        for group in state.optimiser.param_groups:
            group["lr"] = group["peak"] * rate_at(state.step, steps)
        parts = losses(state.net, features, wanted)
        state.optimiser.zero_grad()
        torch.stack([of_heat + 2 * of_sides for of_heat, of_sides in parts]).sum().backward()
        nn.utils.clip_grad_norm_(state.net.parameters(), 10.0)
        state.optimiser.step()
        averaged(state)
        state.step += 1
        sums += [float(v.detach()) for part in parts for v in part]
        if state.step % LOG_EVERY == 0:
            line = {"step": state.step, "losses": (sums / LOG_EVERY).round(4).tolist(),
                    "seconds": round(time.monotonic() - began, 1)}  # fmt: skip
            with open(run / "log.jsonl", "a") as log:
                log.write(json.dumps(line) + "\n")
            sums, began = np.zeros(2 * len(KINDS)), time.monotonic()
        if state.step % SAVE_EVERY == 0:
            save(state, run / "last.pt")
    save(state, run / "last.pt")


def losses(
    net: nn.Module, features: list[torch.Tensor], wanted: list[list[torch.Tensor]]
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Losses of heat and of sides, for each of KINDS."""
    heat, sides = net(*features)
    return [
        network.loss(heat[:, k : k + 1], sides[:, 4 * k : 4 * k + 4], tuple(wanted[k]))  # type: ignore[arg-type]
        for k in KINDS
    ]


if __name__ == "__main__":
    main()
