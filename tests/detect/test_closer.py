"""A closer look: who is looked at again, what the new score is made of, and where the box ends
up."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from efface.detect.closer import looked_closer
from efface.detect.detector import Closer, Jury
from efface.detect.look import THOROUGH, Look
from efface.detect.pyramid import Pyramid
from efface.detections import FACE
from tests.detect.test_pyramid import CountingTrunk, OneBox, frame_of

RULE = Closer(sure=0.6, side=40, context=3.0, same=0.4, keeps=1.25, lifts=1.0, most=10)
RGB = np.zeros((200, 300, 3), np.uint8)


def found(*rows):
    rows = np.float32(rows).reshape(-1, 5)
    return rows[:, :4], rows[:, 4]


class Shown:
    """A look that finds one box in each piece, in its middle."""

    def __init__(self, score, share=1.0):
        self.score, self.share, self.pieces = score, share, []

    def __call__(self, rgb):
        self.pieces.append(rgb)
        height, width = rgb.shape[:2]
        half = RULE.side / 2 * self.share
        return found(
            [width / 2 - half, height / 2 - half, width / 2 + half, height / 2 + half, self.score]
        )


def test_the_score_is_the_average_of_before_and_of_two_pieces():
    look = Shown(0.5)
    (box,), score = looked_closer(found([100, 80, 120, 100, 0.3]), RGB, look, RULE, 0.25)
    assert score.tolist() == pytest.approx([1.25 * 0.4])
    assert box.tolist() == pytest.approx([100, 80, 120, 100])
    assert [p.shape for p in look.pieces] == [(120, 120, 3)] * 2


def test_what_nothing_is_seen_of_again_keeps_its_box_and_loses_score():
    (box,), score = looked_closer(
        found([100, 80, 120, 100, 0.3]), RGB, lambda rgb: found(), RULE, 0.25
    )
    assert box.tolist() == [100, 80, 120, 100]
    assert score.tolist() == pytest.approx([1.25 * 0.15])


def test_the_box_goes_half_way_to_what_fits_better():
    (box,), _ = looked_closer(
        found([100, 80, 120, 100, 0.3]), RGB, Shown(0.8, share=0.8), RULE, 0.25
    )
    assert box.tolist() == pytest.approx([101, 81, 119, 99])
    (box,), _ = looked_closer(
        found([100, 80, 120, 100, 0.3]), RGB, Shown(0.2, share=0.8), RULE, 0.25
    )
    assert box.tolist() == [100, 80, 120, 100]  # too weak to tell where it ends


def test_what_is_sure_is_left_alone_and_of_a_crowd_those_nearest_to_the_limit_are_looked_at():
    rows = [
        [20 * i, 50, 20 * i + 10, 60, score] for i, score in enumerate([0.7, 0.5, 0.26, 0.24, 0.13])
    ]
    look = Shown(1.0)
    _, score = looked_closer(found(*rows), RGB, look, replace(RULE, most=2), 0.25)
    assert len(look.pieces) == 4
    assert score[[0, 1, 4]].tolist() == pytest.approx([0.7, 0.5, 0.13])
    assert score[[2, 3]].tolist() == pytest.approx([0.6, 0.6])


def test_what_did_not_count_has_to_be_there_in_both_pieces():
    scores = itertools.cycle([0.9, 0.1])

    def once(rgb):
        return Shown(next(scores))(rgb)

    def after(score):
        return float(looked_closer(found([100, 80, 120, 100, score]), RGB, once, RULE, 0.25)[1][0])

    assert after(0.3) == pytest.approx(1.25 * (0.3 + 0.5) / 2)
    assert after(0.2) == pytest.approx((0.2 + 0.1) / 2)


def test_the_source_stays_as_it_is_and_large_things_are_made_small():
    before = found([10, 10, 190, 190, 0.3])
    look = Shown(0.5)
    looked_closer(before, RGB, look, RULE, 0.25)
    assert before[1].tolist() == pytest.approx([0.3])
    assert look.pieces[0].shape == (44, 67, 3)


def test_pieces_at_the_rim_and_beyond_it_are_what_is_there():
    for box in ([-10, -10, 20, 20], [290, 190, 310, 210], [400, 400, 420, 420], [5, 5, 5, 5]):
        _, score = looked_closer(found([*box, 0.3]), RGB, Shown(0.5), RULE, 0.25)
        assert np.isfinite(score).all()


def test_a_piece_in_a_mirror_is_turned_back():
    rgb = RGB.copy()
    rgb[:, :150] = 255

    def bright_half(piece):
        columns = np.flatnonzero(piece.mean(axis=(0, 2)) > 128)
        return found([columns[0], 40, columns[-1] + 1, 80, 0.9])

    (box,), score = looked_closer(
        found([130, 90, 150, 110, 0.3]), rgb, bright_half, replace(RULE, same=0.1), 0.25
    )
    assert score.tolist() == pytest.approx([RULE.sure])  # at most: where it ends is still in doubt
    assert box[2] == 150


def test_photos_are_looked_at_closer_and_frames_of_a_video_are_not():
    head = OneBox(FACE, ("a",), score=0.5, jury=Jury(3, 2.0, 0.3))
    head.rules = replace(head.rules, closer=RULE)
    trunk = CountingTrunk()
    made = Pyramid(trunk, [head])
    made.detect(frame_of((100, 100)), THOROUGH)
    assert len(trunk.asked) > 3
    trunk.asked.clear()
    made.detect(frame_of((100, 100)), Look())
    assert len(trunk.asked) == 1
