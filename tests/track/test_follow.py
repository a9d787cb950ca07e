"""Patches are followed by their pixels: on drawn pictures, where every place is known exactly."""

from __future__ import annotations

from itertools import islice, repeat

import cv2
import numpy as np
import pytest

from efface.track.follow import MOST_MISSED, SMALL_WH, followed, small_wh

SIZE_WH = (1280, 720)


def blobs(width, height, seed):
    """(height, width) uint8 with spots of many sizes."""
    rng = np.random.default_rng(seed)
    spots = (
        cv2.resize(rng.random((n, n), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        for n in (4, 9, 30)
    )
    return np.uint8(np.clip(sum(spots) * 80, 0, 255))


BEHIND, OBJECT = blobs(*SMALL_WH, seed=1), blobs(30, 40, seed=2)


def filmed(places, behind=BEHIND, thing=OBJECT):
    """Small pictures with the thing in front, whose box is each of the places (x1, y1, x2, y2),
    whole pixels."""
    for x1, y1, x2, y2 in places:
        picture = behind.copy()
        picture[y1:y2, x1:x2] = cv2.resize(thing, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
        yield picture


def walk(steps, dx, dy=0, start=(100, 100)):
    return [
        (start[0] + dx * i, start[1] + dy * i, start[0] + 30 + dx * i, start[1] + 40 + dy * i)
        for i in range(steps)
    ]


def full(place):
    """Pixels of the frame, which is twice as large."""
    return tuple(2.0 * v for v in place)


def away(found, places):
    """Largest distance of a side from where it is, in pixels of the small picture."""
    return np.abs(np.array([p.xyxy for p in found]) / 2 - np.array(places)).max()


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (3, 1), (-2, 3), (12, -1)])
def test_what_crosses_the_picture_is_followed(dx, dy):
    places = walk(30, dx, dy, start=(150, 150))
    found = list(followed(filmed(places), full(places[0]), SIZE_WH))
    assert len(found) == 29
    assert away(found, places[1:]) < 1.5
    assert min(p.trust for p in found) > 0.9


def test_backwards_is_the_same_with_the_pictures_the_other_way_round():
    places = walk(30, 4, 1)
    found = list(followed(reversed(list(filmed(places))), full(places[-1]), SIZE_WH))
    assert away(found, places[-2::-1]) < 1.5


def test_what_comes_nearer_grows():
    places = [(200 - 3 * i, 150 - 4 * i, 230 + 3 * i, 190 + 4 * i) for i in range(9)]
    found = list(followed(filmed(places), full(places[0]), SIZE_WH))
    assert away(found, places[1:]) < 2.5


def test_sides_that_shrank_by_different_factors_are_told_apart():
    places = walk(10, 3)
    (*_, last) = followed(
        filmed(places), [p * f for p, f in zip(places[0], (4, 3, 4, 3), strict=True)], (2560, 1080)
    )
    np.testing.assert_allclose(
        last.xyxy, [p * f for p, f in zip(places[-1], (4, 3, 4, 3), strict=True)], atol=4
    )


def test_over_blurred_pictures_it_is_found_again_and_meanwhile_the_box_grows():
    places = walk(12, 2)
    pictures = list(filmed(places))
    for i in (5, 6, 7):
        pictures[i] = np.full_like(BEHIND, 120)
    found = list(followed(pictures, full(places[0]), SIZE_WH))
    assert [p.trust > 0 for p in found] == [True] * 4 + [False] * 3 + [True] * 4
    widths = [p.xyxy[2] - p.xyxy[0] for p in found]
    assert widths[3] < widths[4] < widths[5] < widths[6]
    assert away(found[7:], places[8:]) < 2


def test_it_ends_with_a_shot_change_after_a_few_guesses():
    places = walk(20, 1)
    pictures = [*filmed(places), *repeat(blobs(*SMALL_WH, seed=7), 20)]
    found = list(followed(pictures, full(places[0]), SIZE_WH))
    assert len(found) == 19 + MOST_MISSED
    assert all(p.trust == 0 for p in found[19:])


def test_it_ends_when_something_else_comes_in_front():
    """A post as large as the thing stands in its way, and the thing stays behind it."""
    places = [*walk(10, 3), *repeat((127, 100, 157, 140), 20)]
    pictures = list(filmed(places))
    for picture in pictures[12:]:
        picture[60:200, 110:180] = blobs(70, 140, seed=9)
    found = list(followed(pictures, full(places[0]), SIZE_WH))
    assert len(found) == 11 + MOST_MISSED


def test_it_ends_where_the_patch_leaves_the_picture():
    """Its middle is outside of the picture then."""
    pictures = [np.roll(BEHIND, -8 * i, axis=1) for i in range(20)]
    found = list(followed(pictures, (160, 200, 220, 280), SIZE_WH))
    assert 9 <= len(found) <= 12 + MOST_MISSED
    assert all(p.trust == 0 for p in found[12:])


@pytest.mark.parametrize(
    "box", [(100, 100, 104, 104), (-400, 0, -300, 100), (0, 0, 0, 0), (5000, 5000, 5100, 5100)]
)
def test_what_is_tiny_or_outside_is_not_followed(box):
    assert list(followed([BEHIND] * 5, box, SIZE_WH)) == []


def test_what_is_all_one_colour_is_not_followed():
    assert list(followed([np.full_like(BEHIND, 90)] * 5, (100, 100, 200, 200), SIZE_WH)) == []


def test_pictures_are_asked_for_one_by_one():
    found = followed(repeat(BEHIND), (100, 100, 200, 200), SIZE_WH)
    assert len(list(islice(found, 50))) == 50


def test_pictures_of_another_size_end_it():
    assert len(list(followed([BEHIND, BEHIND, BEHIND[:100]], (100, 100, 200, 200), SIZE_WH))) == 1


def test_no_pictures_give_no_places():
    assert list(followed([], (0, 0, 50, 50), SIZE_WH)) == []


def test_a_box_that_fills_the_picture_is_followed_too():
    pictures = [np.roll(BEHIND, 2 * i, axis=1) for i in range(10)]
    (*_, last) = followed(pictures, (100, 50, 1100, 700), SIZE_WH)
    np.testing.assert_allclose(last.xyxy, (136, 50, 1136, 700), atol=6)


def test_it_ends_when_what_is_there_has_become_something_else_little_by_little():
    """Every step looks like the one before, and the last nothing like the first."""
    other = blobs(30, 40, seed=5)
    pictures = []
    for i in range(60):
        share = min(i / 40, 1)
        pictures += filmed(
            [(100, 100, 130, 140)], thing=np.uint8((1 - share) * OBJECT + share * other)
        )
    found = list(followed(pictures, (200, 200, 260, 280), SIZE_WH))
    assert 5 < len(found) < 45
    assert found[2].trust > 0.9


def test_it_is_not_found_where_most_of_it_changes_at_once():
    """A third of the points still agree."""
    changed = OBJECT.copy()
    changed[:26] = 255 - OBJECT[:26]
    (before, after) = followed(
        [*filmed([(100, 100, 130, 140)] * 2), *filmed([(100, 100, 130, 140)], thing=changed)],
        (200, 200, 260, 280),
        SIZE_WH,
    )
    assert before.trust > 0.9
    assert after.trust == 0


def test_a_small_picture_keeps_its_shape_and_is_never_enlarged():
    assert small_wh((1280, 720)) == SMALL_WH
    assert small_wh((720, 1280)) == SMALL_WH[::-1]
    assert small_wh((320, 240)) == (320, 240)
    width, height = small_wh((7680, 1080))
    assert width * height <= 1.01 * SMALL_WH[0] * SMALL_WH[1]
