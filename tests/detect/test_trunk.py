"""The input of the shared network."""

import tracemalloc

import numpy as np

from efface.detect.trunk import Trunk, as_input
from efface.options import DetectOptions


class _Echo:
    """Stands in for the network: it keeps a copy of its input."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def run(self, names, given):
        (tensor,) = given.values()
        self.seen.append(tensor.copy())
        return [tensor for _ in names]


def _trunk() -> tuple[Trunk, _Echo]:
    trunk, echo = Trunk(DetectOptions()), _Echo()
    trunk._session = echo
    return trunk, echo


def test_the_input_is_the_tile_with_black_at_the_right_and_below():
    tile = np.random.default_rng(1).integers(1, 255, (40, 50, 3), np.uint8)
    made = as_input(tile, np.full((1, 3, 64, 64), np.nan, np.float32))
    assert (made[0, :, :40, :50] == tile.transpose(2, 0, 1)).all()
    assert not made[0, :, 40:].any()
    assert not made[0, :, :, 50:].any()


def test_a_small_tile_after_a_large_one_shows_nothing_of_it():
    trunk, echo = _trunk()
    trunk.tensors(np.full((96, 128, 3), 200, np.uint8), ["a"])
    trunk.tensors(np.full((33, 20, 3), 7, np.uint8), ["a"])
    large, small = echo.seen
    assert large.shape == (1, 3, 96, 128)
    assert (large == 200).all()
    assert small.shape == (1, 3, 64, 32)
    assert set(np.unique(small).tolist()) == {0, 7}
    assert (small[0, :, :33, :20] == 7).all()
    assert small.sum() == 7 * 3 * 33 * 20


def test_the_memory_of_the_input_is_used_again():
    trunk, _ = _trunk()
    tile = np.zeros((320, 320, 3), np.uint8)
    trunk._session = type("Silent", (), {"run": lambda self, names, given: [0] * len(names)})()
    trunk.tensors(tile, ["a"])
    tracemalloc.start()
    trunk.tensors(tile, ["a"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < tile.size
