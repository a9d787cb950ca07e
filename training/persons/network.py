"""The plate network with maps of heads, persons and vehicles instead of plates."""

from __future__ import annotations

from copy import deepcopy

from torch import nn

from training.network import PlateNetwork
from training.persons.labels import KINDS


class PersonNetwork(PlateNetwork):
    """As PlateNetwork, with heat (n, 3, h/4, w/4) and sides (n, 12, h/4, w/4), in the order of
    KINDS."""

    def __init__(self) -> None:
        super().__init__()
        self.heat, self.sides = nn.Conv2d(32, len(KINDS), 1), nn.Conv2d(32, 4 * len(KINDS), 1)
        nn.init.constant_(self.heat.bias, -4.6)  # type: ignore[arg-type]
        nn.init.constant_(self.sides.bias, 2.8)  # type: ignore[arg-type]


def only(net: PersonNetwork, kind: int) -> PersonNetwork:
    """Return the network with the maps of this kind alone, for export."""
    made = deepcopy(net)
    made.heat = _rows_of(net.heat, [kind])
    made.sides = _rows_of(net.sides, [4 * kind + side for side in range(4)])
    return made.eval()


def _rows_of(layer: nn.Conv2d, rows: list[int]) -> nn.Conv2d:
    made = nn.Conv2d(layer.in_channels, len(rows), 1)
    made.weight.data = layer.weight.data[rows].clone()
    made.bias.data = layer.bias.data[rows].clone()  # type: ignore[union-attr]
    return made
