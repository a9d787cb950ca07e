"""The plate network: CenterFace's later layers, trained on, and a neck and head of its own.

Single-stage, fully convolutional, anchor-free: a heat map of plates' centres and the distances to
their sides, at stride 4.
"""

from __future__ import annotations

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

BLOCKS = ((32, 192, 64, 2), *((64, 384, 64, 1),) * 3, (64, 384, 96, 1), *((96, 576, 96, 1),) * 2,
          (96, 576, 160, 2), *((160, 960, 160, 1),) * 2)  # fmt: skip
"""Inverted residuals of MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381): channels in, inside,
out, and stride."""

DEEP = 7
"""The first so many blocks end at stride 16."""

FARTHEST = 8.0
"""exp of this is 2,981 pixels: no side is farther, and no box is infinite."""


class Block(nn.Module):
    """One inverted residual, without batch normalisation:

    CenterFace's is folded into its convolutions already.
    """

    def __init__(self, inside: int, middle: int, outside: int, stride: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(inside, middle, 1)
        self.look = nn.Conv2d(middle, middle, 3, stride, 1, groups=middle)
        self.narrow = nn.Conv2d(middle, outside, 1)
        self.is_residual = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.narrow(F.relu(self.look(F.relu(self.widen(x)))))
        return x + y if self.is_residual else y


def mixed(inside: int, outside: int) -> nn.Sequential:
    """3x3 convolution, normalised."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, 1, 1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


def side(inside: int, outside: int) -> nn.Sequential:
    """1x1 convolution, normalised: brings a map of the backbone to the neck's width and range."""
    return nn.Sequential(nn.Conv2d(inside, outside, 1, bias=False), nn.BatchNorm2d(outside))


class PlateNetwork(nn.Module):
    """(n, 24, h/4, w/4) and (n, 32, h/8, w/8) to heat (n, 1, h/4, w/4), before the sigmoid, and
    sides (n, 4, h/4, w/4)."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(*b) for b in BLOCKS)
        self.side32, self.side16, self.side8, self.side4 = (
            side(160, 64),
            side(96, 64),
            side(32, 48),
            side(24, 32),
        )
        self.wide = nn.Sequential(
            nn.Conv2d(64, 64, 5, 1, 4, 2, groups=64, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
        )
        self.mix16, self.mix8 = mixed(64, 48), mixed(48, 32)
        self.mix4 = nn.Sequential(mixed(32, 32), mixed(32, 32))
        self.heat, self.sides = nn.Conv2d(32, 1, 1), nn.Conv2d(32, 4, 1)
        nn.init.constant_(
            self.heat.bias, -4.6
        )  # at first 1 % everywhere, or the empty cells drown the plates
        nn.init.constant_(self.sides.bias, 2.5)

    def forward(self, stride4: Tensor, stride8: Tensor) -> tuple[Tensor, Tensor]:
        x, deep = stride8, []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i + 1 in (DEEP, len(self.blocks)):
                deep.append(x)
        top = F.relu(self.side32(deep[1]))
        top = top + self.wide(top)
        top = self.mix16(F.relu(_doubled(top) + self.side16(deep[0])))
        top = self.mix8(F.relu(_doubled(top) + self.side8(stride8)))
        top = self.mix4(F.relu(_doubled(top) + self.side4(stride4)))
        return self.heat(top), torch.exp(self.sides(top).clamp(max=FARTHEST))

    def start_from(self, layers: list[tuple[NDArray, NDArray]]) -> None:
        """Copies CenterFace's later layers into the blocks."""
        own = [m for m in self.blocks.modules() if isinstance(m, nn.Conv2d)]
        for conv, (weight, bias) in zip(own, layers, strict=True):
            conv.weight.data = torch.tensor(weight)
            conv.bias.data = torch.tensor(bias)  # type: ignore[union-attr]


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def loss(
    heat: Tensor, sides: Tensor, want: tuple[Tensor, Tensor, Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """(focal loss of the heat map, as in CenterNet; generalised IoU of the boxes, arXiv
    1902.09630), a plate's share each."""
    want_heat, want_sides, weight, care = want
    heat = heat.float()
    p = torch.sigmoid(heat)
    is_centre = (want_heat == 1).float()
    hit = -F.logsigmoid(heat) * (1 - p) ** 2 * is_centre
    miss = -F.logsigmoid(-heat) * p**2 * (1 - want_heat) ** 4 * (1 - is_centre) * care
    count = is_centre.sum().clamp(min=1)
    return (hit.sum() + miss.sum()) / count, _giou_loss(sides.float(), want_sides, weight)


def _giou_loss(have: Tensor, want: Tensor, weight: Tensor) -> Tensor:
    where = weight[:, 0] > 0
    if not where.any():
        return have.sum() * 0
    a, b, w = have.permute(0, 2, 3, 1)[where], want.permute(0, 2, 3, 1)[where], weight[:, 0][where]
    low, high = torch.minimum(a, b), torch.maximum(a, b)
    shared = (low[:, 0] + low[:, 2]).clamp(min=0) * (low[:, 1] + low[:, 3]).clamp(min=0)
    union = (
        (a[:, 0] + a[:, 2]) * (a[:, 1] + a[:, 3])
        + (b[:, 0] + b[:, 2]) * (b[:, 1] + b[:, 3])
        - shared
    )
    hull = (high[:, 0] + high[:, 2]) * (high[:, 1] + high[:, 3])
    giou = shared / union.clamp(min=1e-6) - (hull - union) / hull.clamp(min=1e-6)
    return ((1 - giou) * w).sum() / w.sum()
