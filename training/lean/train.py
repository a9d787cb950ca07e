"""Teaches a pruned network to say what the whole one says. The same command starts it, and goes on
where it stopped.

    python -m training.lean.train centerface RUN LEAN/centerface.onnx --pictures PICTURES
    python -m training.lean.train plates RUN LEAN/plates.onnx --trunk LEAN/centerface.onnx
        --pictures PICTURES --plates DATA/plates-train-*

RUN/last.pt holds everything to go on from, RUN/average.onnx the network, RUN/log.jsonl a line for
every fifty steps. The teacher sees the same crop, or a better one: pictures need no labels, only
places to look at.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from onnx import compose
from torch import nn
from torch.utils.data import DataLoader

from training import pictures
from training.faces.pictures import Faces, load
from training.lean.losses import TOLD, Told, loss
from training.lean.network import Trainable
from training.lean.prune import with_outputs
from training.lean.samples import Sample, Samples, Teacher
from training.quantise import MODELS, session, simplified
from training.quantise import TOLD as OUTPUTS
from training.train import LOG_EVERY, SAVE_EVERY, State, averaged, rate_at
from training.train import save as checkpoint
from training.trunk import TENSORS

RATE = 4e-4
"""Largest step as a share of the mean size of a layer's weights: those of the first layer, which
takes 0 to 255, are a hundredth of others."""

EXACT_FROM = 0.85
"""Share of the steps after which sums are no longer rounded to bfloat16."""

KEEP = 0.999
"""Share of the averaged weights that stays in each step."""


def main() -> None:
    """Trains until --steps are done or --minutes are over, whichever is first."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("name", choices=sorted(TOLD))
    p.add_argument("run", type=Path)
    p.add_argument("start", type=Path, help="the pruned network")
    p.add_argument("--pictures", type=Path, required=True)
    p.add_argument("--plates", type=Path, nargs="*", default=[])
    p.add_argument("--trunk", type=Path, help="the pruned shared network, for all but itself")
    p.add_argument("--steps", type=int, default=10_000, help="of the whole training")
    p.add_argument("--minutes", type=float, default=60, help="of this piece")
    a = p.parse_args()
    a.run.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)  # a forked worker waits for ever for threads that its parent had
    torch.set_num_threads(1)
    torch.manual_seed(0)
    told = TOLD[a.name]
    state = resumed(a.run / "last.pt", onnx.load(a.start), RATE)
    shown = [*load([a.pictures]), *with_plates(a.plates)]
    print(f"{len(shown)} pictures, from step {state.step} of {a.steps}", flush=True)
    samples = Samples(shown, teacher(a.name, told), seed=1000 + state.step)
    loader = DataLoader(samples, batch_size=None, num_workers=1, prefetch_factor=4)
    until = time.monotonic() + 60 * a.minutes
    train(state, loader, a, told, until)


def with_plates(folders: Sequence[Path]) -> list[Faces]:
    """Pictures with the places of plates in place of faces."""
    return [_laid_around(p) for p in pictures.load(folders)] if folders else []


def _laid_around(picture: pictures.Labelled) -> Faces:
    jpeg = cv2.imencode(".jpg", picture.rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 97])[1]
    size = (picture.rgb.shape[1], picture.rgb.shape[0])
    return Faces(jpeg.tobytes(), size, picture.xyxy, picture.ignore, np.zeros_like(picture.ignore))


def teacher(name: str, told: Told) -> Teacher:
    """The whole network, from pictures on."""
    whole = simplified((MODELS / f"{name}.onnx").read_bytes(), OUTPUTS[name])
    if name != "centerface":
        trunk = simplified((MODELS / "centerface.onnx").read_bytes(), TENSORS)
        whole = joined(trunk, whole)
    return Teacher(with_outputs(whole, told.names).SerializeToString(), told.names)


def joined(trunk: onnx.ModelProto, head: onnx.ModelProto) -> onnx.ModelProto:
    """One network of both."""
    trunk, head = deepcopy(trunk), deepcopy(head)
    head.ir_version = trunk.ir_version
    for node in trunk.graph.node:
        node.name = f"trunk_{node.name}"
    del head.opset_import[:], trunk.graph.value_info[:], head.graph.value_info[:]
    head.opset_import.extend(trunk.opset_import)
    return compose.merge_models(trunk, head, [(name, name) for name in TENSORS])


def resumed(path: Path, start: onnx.ModelProto, rate: float) -> State:
    """The state at the last checkpoint, or a new one that begins with these weights.

    rate  largest step as a share of the mean size of a layer's weights.
    """
    net = Trainable(start).to(memory_format=torch.channels_last)
    groups = [{"params": [p], "peak": rate * _size(p)} for p in net.parameters()]
    state = State(net, deepcopy(net), torch.optim.Adam(groups, lr=rate, betas=(0.9, 0.99)))
    if path.exists():
        saved = torch.load(path, weights_only=True)
        net.load_state_dict(saved["net"])
        state.average.load_state_dict(saved["average"])
        state.optimiser.load_state_dict(saved["optimiser"])
        state.step = saved["step"]
    return state


def _size(weights: nn.Parameter) -> float:
    return float(weights.detach().square().mean().sqrt().clamp(min=1e-4))


def train(
    state: State, loader: Iterable[Sample], a: argparse.Namespace, told: Told, until: float
) -> None:
    """The loop."""
    trunk = session(a.trunk.read_bytes()) if a.trunk else None
    sums: list[list[float]] = []
    for crops, alike, wanted in loader:
        if state.step >= a.steps or time.monotonic() > until:
            break
        for group in state.optimiser.param_groups:
            group["lr"] = group["peak"] * rate_at(state.step, a.steps)
        is_rounded = state.step < EXACT_FROM * a.steps and torch.cpu._is_avx512_bf16_supported()
        with torch.autocast("cpu", torch.bfloat16, enabled=is_rounded):
            said = state.net(given(crops, trunk), told.names)
        parts = loss(told, [s.float() for s in said], wanted, alike)
        state.optimiser.zero_grad()
        torch.stack(parts).sum().backward()
        nn.utils.clip_grad_norm_(state.net.parameters(), 5.0)
        state.optimiser.step()
        averaged(state, KEEP)
        state.step += 1
        sums.append([float(p.detach()) for p in parts])
        if state.step % LOG_EVERY == 0:
            line = {"step": state.step, "losses": np.mean(sums, axis=0).round(4).tolist()}
            with open(a.run / "log.jsonl", "a") as log:
                log.write(json.dumps(line) + "\n")
            sums = []
        if state.step % SAVE_EVERY == 0:
            save(state, a)
    save(state, a)


def given(crops: torch.Tensor, trunk: object | None) -> dict[str, torch.Tensor]:
    """What the pruned network takes: crops, or what the pruned shared network makes of them."""
    floats = crops.float()
    if trunk is None:
        return {"input.1": floats.contiguous(memory_format=torch.channels_last)}
    made = trunk.run(list(TENSORS), {"input.1": floats.numpy()})  # type: ignore[attr-defined]
    return {n: torch.from_numpy(t) for n, t in zip(TENSORS, made, strict=True)}


def save(state: State, a: argparse.Namespace) -> None:
    """The checkpoint, and the averaged network."""
    checkpoint(state, a.run / "last.pt")
    assert isinstance(state.average, Trainable)
    made = state.average.write_into(onnx.load(a.start))
    (a.run / "average.onnx").write_bytes(made.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
