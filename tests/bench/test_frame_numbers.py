"""A number that was drawn is read again, at the sizes that are streamed; anything else reads
None."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from efface.bench.frame_numbers import (
    BITS,
    LEFTS_PX,
    SIZE_WH,
    draw_number,
    is_placeholder,
    read_number,
)
from efface.live.placeholder import placeholder


def picture(number: int) -> np.ndarray:
    rgb = np.random.default_rng(number).integers(0, 256, (*reversed(SIZE_WH), 3), np.uint8)
    draw_number(rgb, number)
    return rgb


@pytest.mark.parametrize("number", [1, 2, 125, 4242, (1 << BITS) - 1])
@pytest.mark.parametrize("size_wh", [(1280, 720), (640, 360), (320, 180)])
def test_a_number_is_read_again(number: int, size_wh: tuple[int, int]) -> None:
    made = cv2.resize(picture(number), size_wh, interpolation=cv2.INTER_AREA)
    assert read_number(made) == number
    assert read_number(made.mean(axis=2)) == number


def test_one_edge_is_enough_and_none_is_too_few() -> None:
    made = picture(77)
    for left, expected in zip(LEFTS_PX, (77, None), strict=True):
        made[:, left : left + 32] = 120
        assert read_number(made) == expected


def test_the_placeholder_is_told_from_a_camera() -> None:
    y = placeholder(SIZE_WH, 0.0).planes[0]
    shown = np.repeat(y[..., None], 3, axis=2)
    assert is_placeholder(shown)
    assert read_number(shown) is None
    assert not is_placeholder(picture(5))
