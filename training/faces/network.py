"""The small face network: the layers of YuNet (Wu, Peng, Yu 2023, "YuNet:

A Tiny Millisecond-level Face Detector").

It is anchor-free, with cells of 8, 16 and 32 pixels. Each cell says whether a face is there
(`score`), and where it ends (`box`). YuNet's landmarks are left out: nothing here describes a face.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (8, 16, 32)
WIDTH = 64
STAGES = ((16, 64), (64, 64), (64, 64), (64, 64), (64, 64))
"""Channels in and out of the stages after the first one. The last three feed the heads."""


class Separable(nn.Module):
    """A convolution of 1x1, then one of 3x3 within each channel; batch norm and ReLU unless it is
    the last one of a head."""

    def __init__(self, inside: int, out: int, *, is_last: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 1)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, groups=out)
        self.bn = nn.Identity() if is_last else nn.BatchNorm2d(out)
        self.is_last = is_last

    def forward(self, x: Tensor) -> Tensor:
        """(b, inside, h, w) -> (b, out, h, w)."""
        x = self.bn(self.conv2(self.conv1(x)))
        return x if self.is_last else functional.relu(x)


class Stem(nn.Module):
    """The first stage, which halves the picture."""

    def __init__(self, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, out, 3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = Separable(out, out)

    def forward(self, x: Tensor) -> Tensor:
        """(b, 3, h, w) -> (b, out, h / 2, w / 2)."""
        return self.conv2(functional.relu(self.bn1(self.conv1(x))))


class Stage(nn.Module):
    """Two separable convolutions."""

    def __init__(self, inside: int, out: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = Separable(inside, inside), Separable(inside, out)

    def forward(self, x: Tensor) -> Tensor:
        """(b, inside, h, w) -> (b, out, h, w)."""
        return self.conv2(self.conv1(x))


class FaceNetwork(nn.Module):
    """BGR of 0 to 255, (b, 3, h, w) with sides that are multiples of 32 -> for each stride (score
    logits (b, 2, h', w'), box (b, 4, h', w')). The score is the product of both sigmoids. A box is
    (x, y, log w, log h) in cells, from the cell's corner."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem(16)
        self.stages = nn.ModuleList(Stage(*channels) for channels in STAGES)
        self.lateral = nn.ModuleList(Separable(WIDTH, WIDTH) for _ in STRIDES)
        self.shared = nn.ModuleList(Separable(WIDTH, WIDTH) for _ in STRIDES)
        self.face = nn.ModuleList(Separable(WIDTH, 1, is_last=True) for _ in STRIDES)
        self.there = nn.ModuleList(Separable(WIDTH, 1, is_last=True) for _ in STRIDES)
        self.box = nn.ModuleList(Separable(WIDTH, 4, is_last=True) for _ in STRIDES)

    def forward(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """See the class."""
        x = functional.max_pool2d(self.stem(x), 2)
        x = self.stages[0](x)
        maps = []
        for i, stage in enumerate(self.stages[1:]):
            x = stage(x if i == 0 else functional.max_pool2d(x, 2))
            maps.append(x)
        maps = maps[1:]
        for i in (2, 1):
            maps[i] = self.lateral[i](maps[i])
            maps[i - 1] = maps[i - 1] + functional.interpolate(
                maps[i], scale_factor=2.0, mode="nearest"
            )
        maps[0] = self.lateral[0](maps[0])
        found = []
        for i, each in enumerate(maps):
            each = self.shared[i](each)
            found.append(
                (torch.cat([self.face[i](each), self.there[i](each)], 1), self.box[i](each))
            )
        return found

    def start_from(self, weights: Mapping[str, Tensor]) -> None:
        """Takes over YuNet's weights (`weights/yunet_n.pth` of ShiqiYu/libfacedetection.train)."""
        own = self.state_dict()
        taken = {name: weights[_of_yunet(name)] for name in own}
        self.load_state_dict(taken)


def _of_yunet(name: str) -> str:
    """YuNet's name of one of these weights."""
    part, rest = name.split(".", 1)
    number, _, tail = rest.partition(".")
    heads = {"face": "cls", "there": "obj", "box": "bbox"}
    if part == "stem":
        return f"backbone.model0.{rest}"
    if part == "stages":
        return f"backbone.model{int(number) + 1}.{tail}"
    if part == "lateral":
        return f"neck.lateral_convs.{number}.{tail}"
    if part == "shared":
        return f"bbox_head.multi_level_share_convs.{number}.0.{tail}"
    return f"bbox_head.multi_level_{heads[part]}.{number}.{tail}"
