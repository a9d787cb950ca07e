"""How far the taught layers are from what they should say.

They shall say what the published network says of the clean crop, and more where a face is known,
and next to nothing where a thing is known to be none. So nothing is learned from the many faces of
which teachers and people say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

MOST_NONE = 0.03
"""Score that a thing that is no face may keep."""

WARM = 0.08
"""Cells that score, or shall score, so much, and their neighbours, count more."""

SOMETHING = 0.15
"""Score of the published network from which its boxes are what is learned."""

UNKNOWN = 0.3
"""Weight of cells of which nobody knows."""

FLOOR = -6.0
"""Heat below which it makes no difference how little it is."""

HEAT, LOGITS, SIZE, MIDDLE = 4.0, 0.5, 3.0, 1.0
"""Weights of the parts of the loss."""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """Maps as in `training.faces.maps.Maps`, (n, h, w) or (n, 2, h, w), and what the published
    network says of the clean crops."""

    raised: Tensor
    is_none: Tensor
    unknown: Tensor
    size: Tensor
    middle: Tensor
    has_box: Tensor
    said: Tensor
    said_size: Tensor
    said_middle: Tensor


def loss(heat: Tensor, size: Tensor, middle: Tensor, wanted: Wanted) -> list[Tensor]:
    """Return the parts of the loss: scores, scores before the sigmoid, sizes, middles."""
    heat, said = heat[:, 0], wanted.said[:, 0]
    want = torch.maximum(said, wanted.raised)
    want = torch.where(wanted.is_none > 0, want.clamp(max=MOST_NONE), want)
    boxes = said * (said > SOMETHING) * (wanted.is_none == 0) * (1 - wanted.has_box)
    return [
        *_scores(heat, want, 1 - (1 - UNKNOWN) * wanted.unknown),
        SIZE * (2 * _apart(size, wanted.said_size, boxes, 0.05)
                + _apart(size, wanted.size, wanted.has_box, 0.05)),
        MIDDLE * (_apart(middle, wanted.said_middle, boxes, 0.1)
                  + _apart(middle, wanted.middle, wanted.has_box, 0.1)),
    ]  # fmt: skip


def _scores(heat: Tensor, want: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Quality focal loss (Li et al. 2020, arXiv 2006.04388), and the distance before the
    sigmoid."""
    have = torch.sigmoid(heat)
    is_warm = ((want > WARM) | (have.detach() > WARM)).float()
    warm = F.max_pool2d(is_warm[:, None], 3, 1, 1)[:, 0]
    more = F.binary_cross_entropy_with_logits(heat, want, reduction="none")
    more = more - F.binary_cross_entropy(want, want, reduction="none")
    focal = more * ((have - want).abs().detach() + 0.05) * (1 + 3 * warm) * weight
    count = (want > 0.25).float().sum().clamp(min=30)
    goal = torch.logit(want.clamp(0.0025, 0.9975))
    apart = (heat.clamp(min=FLOOR) - goal) ** 2 * (0.02 + warm) * weight
    return HEAT * focal.sum() / count, LOGITS * apart.sum() / warm.sum().clamp(min=50)


def _apart(own: Tensor, wanted: Tensor, weight: Tensor, beta: float) -> Tensor:
    apart = F.smooth_l1_loss(own, wanted, reduction="none", beta=beta)
    return (apart * weight[:, None]).sum() / weight.sum().clamp(min=5)
