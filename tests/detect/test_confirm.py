"""A closer look at what is in doubt in a film's frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from efface.detect.confirm import closer_looks
from efface.detect.detector import Confirm
from efface.geometry import iou

RULE = Confirm(sure=0.65, least_px=28, sides=(40, 60), context=3.2, same=0.35, every=3, most=2)


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def scores(*values):
    return np.array(values, np.float32)


def bright(rgb, box):
    """A look that takes a bright square for a face; its score says how wide it is, in hundredths of
    a pixel."""
    ys, xs = np.nonzero(rgb[..., 0] > 128)
    if not len(xs):
        return 0.0
    square = boxes((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))
    is_there = iou(box[None], square)[0, 0] >= RULE.same
    return float(square[0, 2] - square[0, 0]) / 100 if is_there else 0.0


def picture(x1, y1, x2, y2, size_wh=(400, 300)):
    rgb = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    rgb[y1:y2, x1:x2] = 255
    return rgb


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize(
    "box", [(100, 100, 130, 130), (60, 40, 260, 240), (0, 0, 50, 50), (350, 250, 400, 300)]
)
def test_a_piece_shows_the_object_at_the_size_whose_turn_it_is(box, turn):
    told = closer_looks((boxes(box), scores(0.3)), picture(*box), bright, RULE, turn)
    assert told[0] == pytest.approx((0.4, 0.6)[turn % 2], abs=0.025)


@pytest.mark.parametrize("side", [41, 60, 81, 133.3, 171, 240])
def test_each_pixel_of_a_smaller_piece_shows_its_place(side):
    """The picture's brightness is known everywhere; halving first must not move it."""
    y, x = np.mgrid[0:900, 0:1200]
    rgb = np.repeat((127 + 60 * np.sin(x / 29) + 60 * np.sin(y / 31))[..., None], 3, axis=2)
    box = boxes((500.4, 400.7, 500.4 + side, 400.7 + side))
    seen = []
    closer_looks(
        (box, scores(0.3)), rgb.astype(np.uint8), lambda *a: seen.append(a) or 0.0, RULE, 0
    )
    ((piece, _),) = seen
    times, length = 40 / side, piece.shape[0]
    corner = (box[0, :2] + box[0, 2:]) / 2 - length / times / 2
    at = [(np.arange(length) + 0.5) / times - 0.5 + c for c in corner]
    expected = 127 + 60 * np.sin(at[0] / 29) + 60 * np.sin(at[1][:, None] / 31)
    away = np.abs(piece[4:-4, 4:-4, 0] - expected[4:-4, 4:-4])
    assert away.mean() < 1.2


def test_what_lies_beside_the_object_is_not_the_object():
    told = closer_looks(
        (boxes((100, 100, 140, 140)), scores(0.3)), picture(150, 100, 190, 140), bright, RULE, 0
    )
    assert told[0] == 0


def test_every_second_pair_of_turns_is_seen_in_a_mirror():
    seen = []

    def look(rgb, _):
        seen.append(rgb[:, : rgb.shape[1] // 2].mean() > rgb[:, rgb.shape[1] // 2 :].mean())
        return 0.0

    for turn in range(5):
        closer_looks(
            (boxes((100, 100, 140, 140)), scores(0.3)), picture(60, 60, 110, 180), look, RULE, turn
        )
    assert seen == [True, False, False, True, True]


def test_only_what_is_in_doubt_and_large_enough_is_looked_at_the_largest_first():
    found = (
        boxes(
            (0, 0, 40, 40),
            (50, 0, 110, 60),
            (120, 0, 140, 20),
            (150, 0, 200, 50),
            (210, 0, 280, 70),
        ),
        scores(*[0.3] * 4, 0.9),
    )
    told = closer_looks(found, picture(0, 0, 1, 1), bright, RULE, 0)
    assert np.isfinite(told).tolist() == [False, True, False, True, False]


def test_a_box_outside_of_the_picture_is_looked_at_in_the_dark():
    told = closer_looks(
        (boxes((-80, -80, -20, -20), (500, 400, 560, 460)), scores(0.3, 0.3)),
        picture(0, 0, 400, 300),
        bright,
        RULE,
        0,
    )
    assert told.tolist() == [0, 0]


def test_a_box_that_fills_the_picture_has_nothing_around_it_to_be_looked_at():
    rule = replace(RULE, most_share=0.25)
    found = boxes((0, 0, 110, 60), (200, 0, 290, 60)), scores(0.3, 0.3)
    told = closer_looks(found, picture(0, 0, 400, 300), bright, rule, 0)
    assert np.isfinite(told).tolist() == [False, True]
