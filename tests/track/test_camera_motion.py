"""The motion of the whole picture: measured on drawn pictures, and boxes that go along with it."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.track.camera_motion import FARTHEST_ZOOM, MOST_MISSED, STILL, Camera, Step, Views, after

SMALL_WH, SIZE_WH = (384, 216), (1280, 720)
CENTRE = 640 + 360j


def texture(seed=1):
    """(720, 1280, 3) uint8 blobs of many sizes."""
    rng = np.random.default_rng(seed)
    sum_ = sum(
        cv2.resize(rng.random((n, n * 16 // 9), np.float32), SIZE_WH, interpolation=cv2.INTER_CUBIC)
        for n in (9, 27, 81)
    )
    return np.repeat(np.uint8(np.clip(sum_ * 80, 0, 255))[..., None], 3, axis=2)


def around(centre, zoom, degrees, pan):
    """The step that zooms and rolls around a point, and pans."""
    turn = zoom * np.exp(1j * np.radians(degrees))
    return Step(complex(turn), complex(centre - turn * centre + pan))


def filmed(picture, step):
    matrix = np.float64(
        [
            [step.turn.real, -step.turn.imag, step.shift.real],
            [step.turn.imag, step.turn.real, step.shift.imag],
        ]
    )
    moved = cv2.warpAffine(
        picture, matrix, SIZE_WH, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT
    )
    return cv2.resize(moved, SMALL_WH, interpolation=cv2.INTER_AREA)


def measured(*pictures):
    """The view of each, or None."""
    camera = Camera()
    return [camera.view(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), SIZE_WH) for p in pictures]


@pytest.mark.parametrize(
    "step",
    [
        STILL,
        around(CENTRE, 1, 0, 9 - 6j),
        around(CENTRE, 1.03, 0, 0),
        around(CENTRE, 0.98, 2, 12 + 3j),
    ],
    ids=str,
)
def test_pan_zoom_and_roll_are_measured_to_half_a_pixel_in_the_middle(step):
    picture = texture()
    first, found = measured(filmed(picture, STILL), filmed(picture, step))
    assert first == STILL
    for x in (0, 1280, 720j, 1280 + 720j):
        assert abs(found.turn * x + found.shift - (step.turn * x + step.shift)) < 1.5
    assert abs(found.turn * CENTRE + found.shift - (step.turn * CENTRE + step.shift)) < 0.5


def test_something_that_crosses_the_picture_is_not_the_camera():
    picture, crossing = texture(), texture(2)[:300, :300]
    frames = []
    for x in (400, 440):
        frame = picture.copy()
        frame[200:500, x : x + 300] = crossing
        frames.append(filmed(frame, STILL))
    _, found = measured(*frames)
    assert abs(found.shift) < 1


@pytest.mark.parametrize(
    "other", [texture(2), np.zeros((720, 1280, 3), np.uint8)], ids=["another", "black"]
)
def test_what_cannot_be_told_is_not_told(other):
    small = cv2.resize(texture(), SMALL_WH)
    assert measured(small, cv2.resize(other, SMALL_WH))[1] is None
    assert measured(small[:100], small)[1] is None


def test_over_a_blurred_frame_the_camera_is_found_again():
    picture, jerk = texture(), around(CENTRE, 1, 0, 30 + 10j)
    grey = np.full((216, 384, 3), 128, np.uint8)
    views = measured(filmed(picture, STILL), grey, filmed(picture, jerk))
    assert views[1] is None
    assert abs(views[2].shift - jerk.shift) < 1.5
    assert Views.of(views).shift[1] == pytest.approx(views[2].shift / 2)


def test_another_scene_begins_anew_after_some_frames():
    other = texture(2)
    views = measured(
        filmed(texture(), STILL),
        *[filmed(other, STILL)] * (MOST_MISSED + 1),
        filmed(other, around(CENTRE, 1, 0, 20j)),
    )
    assert views[1:-2] == [None] * MOST_MISSED
    assert views[-2] == STILL
    assert abs(views[-1].shift - 20j) < 1.5


PART = st.floats(-200, 200)
STEPS = st.lists(
    st.builds(
        around,
        st.just(CENTRE),
        st.floats(0.9, 1.1),
        st.floats(-9, 9),
        st.builds(complex, PART, PART),
    ),
    max_size=20,
)


@settings(deadline=None)  # a busy machine is no error
@given(STEPS)
def test_boxes_go_along_there_and_back(steps):
    views = [STILL]
    for step in steps:
        views.append(after(views[-1], step))
    path = Views.of(views)
    frame, box = np.arange(len(views)), np.float32([[600, 300, 680, 340]])
    first, each = np.zeros(len(views), int), np.repeat(box, len(views), axis=0)
    there = path.seen_from(each, first, frame)
    np.testing.assert_allclose(path.seen_from(there, frame, first), each, atol=0.05)
    for i, step in enumerate(steps):
        (one,) = path.seen_from(there[[i]], frame[[i]], frame[[i + 1]])
        np.testing.assert_allclose(one, there[i + 1], atol=0.05)
        centre = complex(*(there[i, :2] + there[i, 2:]) / 2)
        assert complex(*(one[:2] + one[2:]) / 2) == pytest.approx(
            step.turn * centre + step.shift, abs=0.05
        )


def test_zoom_that_adds_up_over_hours_stays_a_number():
    view = STILL
    for _ in range(100_000):
        view = after(view, around(CENTRE, 1.01, 0.1, 2))
    assert abs(np.log(abs(view.turn))) <= FARTHEST_ZOOM
    assert np.isfinite(view.shift)


def test_views_that_are_not_known_at_all_are_those_of_a_fixed_camera():
    assert np.array_equal(Views.of([None, None]).turn, [1, 1])
    assert len(Views.of([]).shift) == 0


def test_a_fixed_camera_leaves_boxes_where_they_are():
    box = np.float32([[1, 2, 3, 4]])
    assert Views.fixed(9).seen_from(box, np.array([0]), np.array([8])).tolist() == box.tolist()


@pytest.mark.parametrize(("wide", "is_camera"), [(500, False), (1150, True)])
def test_what_fills_most_of_the_picture_is_taken_for_the_world_and_what_does_not_is_not(
    wide, is_camera
):
    """A bus before the lens: nothing tells it from a pan.

    `gaps` is tested with what follows from that.
    """
    picture, bus = texture(), texture(2)
    frames = []
    for x in (20, 50):
        frame = picture.copy()
        frame[:, x : x + wide] = bus[:, :wide]
        frames.append(filmed(frame, STILL))
    (_, found) = measured(*frames)
    assert found is not None
    assert abs(found.shift.real - (30 if is_camera else 0)) < 1.5


def test_when_no_motion_fills_half_of_the_picture_there_is_none():
    """Three strips that go three ways."""
    picture, frames = texture(), []
    for step in (0, 1):
        frame = picture.copy()
        for i, way in enumerate((-25, 0, 25)):
            rows = slice(240 * i, 240 * (i + 1))
            frame[rows] = np.roll(picture[rows], step * way, axis=1)
        frames.append(filmed(frame, STILL))
    assert measured(*frames)[1] is None


def test_a_pan_goes_on_where_what_it_follows_fills_most_of_the_picture():
    """Like a cart with riders in the middle of the picture: the background, a third of it, goes on
    as before."""
    picture, cart = texture(), texture(2)
    frames = []
    for step in range(4):
        frame = np.roll(picture, -24 * step, axis=1)
        if step > 1:  # it comes into the picture, and its parts move against each other
            for i, way in enumerate((6, -9)):
                rows = slice(240 * (i + 1), 240 * (i + 2))
                frame[rows] = np.roll(cart[rows], step * way, axis=1)
        frames.append(filmed(frame, STILL))
    steps = [b.shift - a.shift for a, b in itertools.pairwise(measured(*frames))]
    assert steps[0] == pytest.approx(-24, abs=1)
    assert steps[2] == pytest.approx(-24, abs=1)


def test_a_zoom_that_no_camera_makes_in_one_frame_is_none():
    picture = texture()
    small, large = filmed(picture, STILL), filmed(picture, around(CENTRE, 1.3, 0, 0))
    assert measured(small, large)[1] is None
