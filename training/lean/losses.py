"""How far what a pruned network says is from what the whole one says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from training.trunk import TENSORS

WARM, AROUND = 0.1, 5
"""Cells around those that score WARM or more count more: there is, or nearly is, something."""

SOMETHING = 0.15
"""Score from which the box of a cell is compared."""

FLOOR = -6.0
"""Heat below which it makes no difference how little it is."""


@dataclass(frozen=True, slots=True)
class Told:
    """The tensors of a network that are compared.

    heat      before the sigmoid, (n, 1, h, w).
    boxes     what says where a box's sides are, with the weight of its loss.
    features  what other layers or networks go on from, with the weight of its loss.
    """

    heat: str
    boxes: tuple[tuple[str, float], ...]
    features: tuple[tuple[str, float], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.heat, *(n for n, _ in self.boxes), *(n for n, _ in self.features))


_HEAD = Told(
    "/net/heat/Conv_output_0",
    (("/net/sides/Conv_output_0", 10.0),),
    (
        ("/net/mix4/mix4.1/mix4.1.2/Relu_output_0", 1.0),
        ("/net/blocks.6/Add_output_0", 0.5),
        ("/net/blocks.9/Add_output_0", 0.5),
    ),
)

TOLD = {
    "centerface": Told(
        "536",
        (("538", 10.0), ("539", 4.0)),
        (("535", 1.0), ("387", 1.0), ("413", 1.0), ("500", 0.5)),
    ),
    "plates": _HEAD,
    "persons": _HEAD,
}


def loss(told: Told, said: list[Tensor], wanted: list[Tensor], alike: Tensor) -> list[Tensor]:
    """Return the parts of the loss. `alike` is 1 where both networks saw the same."""
    own, whole = (
        dict(zip(told.names, said, strict=True)),
        dict(zip(told.names, wanted, strict=True)),
    )
    chance = torch.sigmoid(whole[told.heat])
    warm = F.max_pool2d((chance > WARM).float(), AROUND, 1, AROUND // 2)
    parts = [_heat(own[told.heat], whole[told.heat], warm)]
    weight = (chance > SOMETHING).float() * chance
    for name, share in told.boxes:
        apart = F.smooth_l1_loss(own[name], whole[name], reduction="none", beta=0.05)
        parts.append(share * (apart * weight).sum() / weight.sum().clamp(min=5))
    for name, share in told.features:
        # What other networks make of a clean crop is nothing to learn of a spoiled one.
        kept = alike if name in TENSORS else torch.ones_like(alike)
        parts.append(share * _features(own[name], whole[name], warm, kept))
    return parts


def _heat(own: Tensor, whole: Tensor, warm: Tensor) -> Tensor:
    """Quality focal loss (Li et al. 2020, arXiv 2006.04388) towards the whole network's chance, and
    the distance before the sigmoid."""
    chance, have = torch.sigmoid(whole), torch.sigmoid(own)
    entropy: Callable[..., Tensor] = F.binary_cross_entropy_with_logits
    more = entropy(own, chance, reduction="none") - entropy(whole, chance, reduction="none")
    focal = (more * ((chance - have).abs() + 0.05) * (1 + 3 * warm)).sum()
    apart = (own.clamp(min=FLOOR) - whole.clamp(min=FLOOR)) ** 2 * (0.02 + warm)
    return focal / (warm.sum() / AROUND**2 + 4) + 0.5 * apart.sum() / warm.sum().clamp(min=50)


def _features(own: Tensor, whole: Tensor, warm: Tensor, alike: Tensor) -> Tensor:
    """Squared error as a share of each channel's variance."""
    apart = (own - whole) ** 2 / (whole.var((0, 2, 3), keepdim=True) + 1e-4)
    weight = (1 + 8 * F.adaptive_max_pool2d(warm, whole.shape[2:])) * alike[:, None, None, None]
    return (apart * weight).sum() / (weight.sum() * whole.shape[1] + 1)
